"""The row `ials`: factors from events without ratings.

The peers' settings were chosen on a validation part of the training events (seed 1, 64 factors, see
`likes.py`); the sizes 128 and 256 were looked at with the neighbours of what was best at 64. Ours has the
settings of irspack, whose objective it shares.
"""

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import install, likes
from .plan import DATA, Plan, on, words
from .race import OURS, Contestant, Failed, run_in_turn
from .split import Split
from .table import WHO, Column, Row, number, spread

# After which the factors are judged, as far as a fit goes.
EPOCHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16)
# Quality is the mean over fits from so many random starts: one start differs from another by up to 0.002.
SEEDS = (1, 2, 3)
# Test users whose lists make a curve; the last epoch is judged on all.
JUDGED = 3_000
# NDCG@20: closer than this counts as the same quality.
SAME = 1e-3


@dataclass(frozen=True)
class DataSet:
    """Where events come from, and the settings that suit them."""

    title: str
    files: tuple[str, ...]
    # After so many quality no longer grows, for all.
    epochs: int
    make: Callable[[Path, Path, int], Split]
    # Of the objective of Rendle et al. (2021): ours and irspack's.
    ials: dict[str, float]
    # Of Hu, Koren and Volinsky's: implicit's.
    hkv: dict[str, float]
    # Seconds per iteration that the C++ program of google-research needed on another machine with two
    # cores, by (name, factors); it is in no package registry, so it is not measured here.
    given: dict[tuple[str, int], tuple[float, ...]] = field(default_factory=dict)


def _generated(_data: Path, folder: Path, seed: int) -> Split:
    start = install.ours("generate")
    if isinstance(start, install.Missing):
        raise SystemExit(f"the driver `generate` of this checkout does not build: {start.reason}")
    return likes.generated(start.command, folder, seed)


SETS = {
    "gowalla": DataSet(
        "Gowalla",
        ("gowalla/train.txt", "gowalla/test.txt"),
        8,
        likes.gowalla,
        {"unobserved": 0.02, "regularization": 0.003, "nu": 1},
        {"alpha": 40, "regularization": 1},
        {
            ("ials", 64): (1.08,),
            ("ials", 128): (3.17,),
            ("ials++", 128): (2.04,),
        },
    ),
    "ml-1m": DataSet(
        "ML-1M >= 4",
        ("ml-1m/ratings.dat",),
        16,
        likes.ml_1m,
        {"unobserved": 0.2, "regularization": 0.01, "nu": 1},
        {"alpha": 10, "regularization": 100},
        {("ials", 64): (0.22,), ("ials", 256): (1.86,), ("ials++", 256): (0.85, 1.04)},
    ),
    "generated": DataSet(
        "generated",
        (),
        16,
        _generated,
        {"unobserved": 0.05, "regularization": 0.02, "nu": 1},
        {"alpha": 20, "regularization": 400},
    ),
}


def files(sets: list[str]) -> set[str]:
    """What of the data folder the sets need."""
    return {name for each in sets for name in SETS[each].files}


@dataclass
class Entry:
    """One way to fit: timed for so many iterations, which is enough because all take about the same time: but for ours,
    whose fourth takes an order of rows on top and whose later ones are a little shorter for it. The median is told."""

    who: str
    settings: str
    start: install.Ready | install.Missing
    exact: bool
    timed: int
    words: list[str]
    # Whether the quality is judged, rather than that of a sibling which ends where this one ends.
    judged: bool = True
    # How many of them a fit has that is judged, where that is not the same for all.
    epochs: int = 0
    # What the judge says: epoch and quality, and the quality at the end on all users.
    curve: list[dict] = field(default_factory=list)
    last: dict = field(default_factory=dict)
    failure: str | None = None

    def contestant(self, split: Split, threads: int) -> Contestant:
        arguments = [*words(split=split.path, threads=threads, epochs=self.timed), *self.words]
        beside = {"exact": self.exact, "curve": self.curve, "last": self.last}
        return Contestant(self.who, self.settings, threads, self.start, arguments, self.failure, beside=beside)


def ials(plan: Plan) -> "Iterator[LikesRow]":
    """Seconds per iteration, quality, and time to the quality of each peer."""
    judge = install.judge("judge")
    for name in plan.sets:
        data = SETS[name]
        split = data.make(plan.data, DATA, plan.seed)
        for factors in plan.factors:
            entries = _entries(data, factors)
            for entry in entries:
                _judge(entry, data.epochs, split, max(plan.threads), judge)
            for threads in plan.threads:
                contestants = [entry.contestant(split, threads) for entry in entries]
                run_in_turn(contestants, plan.repeats)
                title = f"{data.title}, {factors} factors, {on(threads)}"
                given = {who: seconds for (who, size), seconds in data.given.items() if (size, threads) == (factors, 2)}
                yield LikesRow(title, contestants, ["iteration_seconds"], columns=COLUMNS, given=given)


def _entries(data: DataSet, factors: int) -> list[Entry]:
    native, wheel, implicit = install.irspack_native(), install.python_peer("irspack"), install.python_peer("implicit")
    same = ["--factors", str(factors), *words(**data.ials)]
    hkv = ["--factors", str(factors), *words(**data.hkv)]
    few = 2 if factors <= 128 else 1
    # Beyond that the slow ones take minutes for it.
    small = factors <= 64

    def irspack(
        settings: str, start: install.Ready | install.Missing, solver: str, exact: bool, timed: int, judged: bool
    ) -> Entry:
        return Entry("irspack", settings, start, exact, timed, [*same, "--solver", solver], judged)

    return [
        Entry(OURS, "Ials, exact", install.ours("ials"), True, 8, same),
        irspack("CG, compiled for this machine", native, "cg", False, 5, True),
        irspack("CG, wheel", wheel, "cg", False, 5, small or isinstance(native, install.Missing)),
        irspack("iALS++, compiled for this machine", native, "ialspp", False, few, small),
        irspack("Cholesky, compiled for this machine", native, "cholesky", True, few, small),
        Entry("implicit", "CG", implicit, False, 4, [*hkv, "--solver", "cg"]),
        Entry("implicit", "Cholesky", implicit, True, few, [*hkv, "--solver", "cholesky"], small),
    ]


def quality(plan: Plan) -> "Iterator[LikesRow]":
    """The best lists of Gowalla: what they take us, and what a peer reaches with as many factors.

    Our settings are those of the README; the peer's are those of them that its objective has."""
    judge = install.judge("judge")
    data = SETS["gowalla"]
    split = data.make(plan.data, DATA, plan.seed)
    best = {"factors": 1024, "regularization": 0.005, "unobserved": 0.012, "nu": 1}
    mine = words(**best, activity_exponent=0.3, popularity_discount=0.25)
    theirs = words(**best, solver="cg")
    entries = [
        Entry(OURS, "Ials, exact", install.ours("ials"), True, 5, mine, epochs=5),
        Entry("irspack", "CG, compiled for this machine", install.irspack_native(), False, 1, theirs, epochs=6),
    ]
    for entry in entries:
        _judge(entry, entry.epochs, split, max(plan.threads), judge, SEEDS[:1])
    contestants = [entry.contestant(split, max(plan.threads)) for entry in entries]
    run_in_turn(contestants, plan.repeats)
    title = f"{data.title}, best lists, 1024 factors, {on(max(plan.threads))}"
    yield LikesRow(title, contestants, ["iteration_seconds"], columns=COLUMNS)


def _judge(
    entry: Entry,
    n_epochs: int,
    split: Split,
    threads: int,
    judge: install.Ready | install.Missing,
    seeds: tuple[int, ...] = SEEDS,
) -> None:
    """Fits whose factors are exported after some epochs and judged."""
    if isinstance(entry.start, install.Missing) or not entry.judged:
        return
    if isinstance(judge, install.Missing):
        entry.failure = f"no judge: {judge.reason}"
        return
    epochs = ",".join(str(epoch) for epoch in EPOCHS if epoch <= n_epochs)
    curves, ends = [], []
    for seed in seeds:
        with tempfile.TemporaryDirectory(dir=DATA) as folder:
            fit = words(split=split.path, threads=threads, epochs=n_epochs, seed=seed, export=folder, export_at=epochs)
            ask = words(split=split.path, factors=folder)
            try:
                _run(entry.start, [*fit, *entry.words])
                curves.append(_run(judge, [*ask, *words(epochs=epochs, users=JUDGED)])["curve"])
                ends.append(_run(judge, [*ask, *words(epochs=n_epochs)])["curve"][0])
            except Failed as failed:
                entry.failure = f"failed: {failed}"
                return
    entry.curve = [_mean(points) for points in zip(*curves)]
    entry.last = _mean(ends)


def _mean(points: Iterable[dict]) -> dict:
    """Of what the judge said of fits from different starts."""
    points = list(points)
    return {key: sum(point[key] for point in points) / len(points) for key in points[0]}


def _run(start: install.Ready, arguments: list[str]) -> dict:
    return Contestant("", "", 0, start, arguments).ask()


@dataclass
class LikesRow(Row):
    """A row in which each peer sets the quality that is to be reached."""

    # Seconds that somebody needed elsewhere.
    given: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def verdicts(self) -> list[str]:
        able = [contestant for contestant in self.contestants if contestant.failure is None]
        ours = next((contestant for contestant in able if contestant.is_ours), None)
        lines = [_elsewhere(ours, who, seconds) for who, seconds in self.given.items()]
        if ours is None:
            return lines
        return [line for peer in able if peer is not ours for line in _verdicts(ours, peer)] + lines


def _verdicts(ours: Contestant, peer: Contestant) -> Iterator[str]:
    name = f"{peer.who} {peer.settings}"
    ratio = peer.median("iteration_seconds") / ours.median("iteration_seconds")
    yield f"{_won(ratio)} an iteration {ratio:.2f} times as fast as {name}"
    race = to_quality(ours, peer)
    if race is None:
        return
    mine, theirs, goal = race
    what = f"NDCG@20 {goal:.4f}, the best of {name}"
    if math.isinf(mine):
        yield f"LOST  {what}, is not reached"
    else:
        yield f"{_won(theirs / mine)} {what}, after {mine:.2f} s, its own {theirs:.2f} s: {theirs / mine:.2f} times as fast"


def _elsewhere(ours: Contestant | None, who: str, seconds: tuple[float, ...]) -> str:
    told = " to ".join(map(str, seconds))
    line = f"given an iteration of google-research {who}: {told} s on another machine, not measured here"
    if ours is None:
        return line
    return f"{line}; ours here is {min(seconds) / ours.median('iteration_seconds'):.2f} times as fast"


def _won(ratio: float) -> str:
    return "won  " if ratio >= 1 else "LOST "


def to_quality(ours: Contestant, peer: Contestant) -> tuple[float, float, float] | None:
    """Our seconds and the peer's to the best quality of the peer; none where nobody judged the peer."""
    if not peer.beside["curve"] or not ours.beside["curve"]:
        return None
    goal = max(point["ndcg"] for point in peer.beside["curve"])
    return _until(ours, goal), _until(peer, goal), goal


def _until(contestant: Contestant, goal: float) -> float:
    """What comes before the first iteration, and as many iterations as the quality takes."""
    each = contestant.median("iteration_seconds")
    before = contestant.median("fit_seconds") - each * contestant.median("epochs")
    epochs = (point["epoch"] for point in contestant.beside["curve"] if point["ndcg"] >= goal - SAME)
    return max(before, 0) + each * next(epochs, math.inf)


COLUMNS = (
    *WHO,
    Column("s an iteration: median [min .. max]", 36, lambda c: spread(c.numbers("iteration_seconds"))),
    Column("Recall@20", 10, lambda c: number(c.beside["last"].get("recall"), 4)),
    Column("NDCG@20", 8, lambda c: number(c.beside["last"].get("ndcg"), 4)),
    Column("peak MiB", 9, lambda c: number(c.median("peak_mib"), 0)),
    Column("grown by", 9, lambda c: number(c.median("grown_mib"), 0)),
)
