"""The row `bayes`: Bayesian factorization with everything that is known, RMSE against seconds.

Everybody gets the same: ratings, times, implicit sets from training pairs both ways, and the tables of
`attributes.py`; what a library has no place for it does without (SMURFF: time and biases). Settings are the
libraries' defaults but for the number of factors and SMURFF's noise, whose other choices end higher.
"""

import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import attributes, install, split
from .plan import DATA, Plan, on, words
from .race import OURS, Contestant, Failed
from .table import WHO, Column, Row, number, spread

# How stars come about: ratings as they are, or classes of a hidden number.
NOISES = ("gaussian", "ordered-probit")
# Who has no more than one meets each of ours.
ONE_THREAD = ("myfm",)


@dataclass(frozen=True)
class Case:
    """What to fit, and how large."""

    title: str
    files: tuple[str, ...]
    factors: int
    # Seconds at which the curves are read.
    marks: tuple[int, ...]
    split: Callable[[Plan], split.Split]
    tables: Callable[..., attributes.Tables]


CASES = {
    "ml-100k": Case(
        "ML-100K u1",
        tuple(f"ml-100k/{name}" for name in ("u1.base", "u1.test", "u.data", "u.user", "u.item")),
        10,
        (1, 2, 5, 10, 20, 50),
        lambda plan: split.official(plan.data / "ml-100k" / "u1.base", plan.data / "ml-100k" / "u1.test", DATA),
        attributes.ml_100k,
    ),
    "ml-1m": Case(
        "ML-1M 90/10",
        tuple(f"ml-1m/{name}" for name in ("ratings.dat", "users.dat", "movies.dat", "movie_attributes.tsv")),
        32,
        (5, 10, 20, 50, 100, 200),
        lambda plan: plan.ratings,
        attributes.ml_1m,
    ),
}


def files(cases: list[str]) -> set[str]:
    """What of the data folder the cases need."""
    return {name for each in cases for name in CASES[each].files}


def bayes(plan: Plan) -> Iterator["CurveRow"]:
    """One run of everybody: a run has hundreds of iterations, and takes minutes."""
    mine = install.ours("bayesian-mf")
    myfm, smurff = install.python_peer("myfm", "myfm_bayes_peer"), install.python_peer("smurff")
    for name in plan.cases:
        case = CASES[name]
        tables = case.tables(plan.data, DATA)
        given = words(split=case.split(plan).path, users=tables.users, items=tables.items)
        given += words(factors=case.factors, samples=plan.samples, seconds=plan.seconds)
        contestants = []

        def enter(who: str, model: str, noise: str, start: install.Ready | install.Missing, threads: int) -> None:
            told = [*given, *words(threads=threads, noise=noise)]
            beside = {"noise": noise}
            contestants.append(Contestant(who, f"{model}, {noise}", threads, start, told, beside=beside))

        for noise in NOISES:
            for threads in plan.threads:
                enter(OURS, "BayesianMf", noise, mine, threads)
            enter("myfm", "Gibbs", noise, myfm, 1)
        for threads in plan.threads:
            enter("smurff", "Macau", "gaussian", smurff, threads)
        for contestant in contestants:
            _run(contestant)
        title = f"{case.title}, {case.factors} factors, at most {plan.samples} samples or {plan.seconds} s, one run each"
        yield CurveRow(title, contestants, columns=_columns(case), marks=case.marks)


def _run(contestant: Contestant) -> None:
    """The curve goes beside the run, whose numbers are those of which there are medians."""
    if contestant.failure is not None:
        return
    try:
        run = contestant.ask()
    except Failed as failed:
        contestant.failure = f"failed: {failed}"
        return
    contestant.beside["curve"] = run.pop("curve")
    contestant.runs.append(run)
    if not contestant.beside["curve"]:
        contestant.failure = "failed: no sample was measured"


@dataclass
class CurveRow(Row):
    """A row in which whole curves are compared."""

    # Seconds at which they are read.
    marks: tuple[int, ...] = ()

    @property
    def able(self) -> list[Contestant]:
        return [contestant for contestant in self.contestants if contestant.failure is None]

    def verdicts(self) -> list[str]:
        pairs = [(a, b) for a in self.able if a.is_ours for b in self.able if not b.is_ours and _meet(a, b)]
        return [line for a, b in pairs for line in _verdicts(a, b)]

    def summary(self) -> list[tuple[str, ...]]:
        """A line for each, below `summary.CURVE_HEAD`."""
        return [(self.title, *self._summary(contestant)) for contestant in self.able]

    def _summary(self, contestant: Contestant) -> tuple[str, ...]:
        curve = contestant.beside["curve"]
        way = [f"{rmse:.4f} at {mark} s" for mark in self.marks if (rmse := at_mark(curve, mark)) is not None]
        each = f"{contestant.median('iteration_seconds'):.3f}"
        return f"{contestant.who} {contestant.settings}", str(contestant.threads), each, ", ".join(way), _last(contestant)


def _meet(ours: Contestant, peer: Contestant) -> bool:
    """With the same noise, and the same threads where the peer has a choice."""
    same = ours.beside["noise"] == peer.beside["noise"]
    return same and (peer.who in ONE_THREAD or peer.threads == ours.threads)


def _verdicts(ours: Contestant, peer: Contestant) -> Iterator[str]:
    pair = f"{_name(ours)} against {_name(peer)}"
    times = peer.median("iteration_seconds") / ours.median("iteration_seconds")
    yield f"{_won(times >= 1)} {pair}: a sample {times:.2f} times as fast"
    mine, theirs = ours.beside["curve"], peer.beside["curve"]
    # How far their curve lies above ours, at each of its points.
    gaps = [(point["rmse"] - at(mine, point["seconds"]), point["seconds"]) for point in theirs]
    above = [seconds for gap, seconds in gaps if gap < 0]
    least, moment = min(gaps)
    if above:
        yield f"LOST  {pair}: above its curve at {len(above)} of {len(gaps)} points, by {-least:.4f} at {moment:.1f} s"
    else:
        yield f"won   {pair}: below its curve at all {len(gaps)} points, by {least:.4f} at least, at {moment:.1f} s"
    yield _to_the_end(pair, mine, theirs)


def _to_the_end(pair: str, mine: list[dict], theirs: list[dict]) -> str:
    end = theirs[-1]
    reached = next((point["seconds"] for point in mine if point["rmse"] <= end["rmse"]), None)
    if reached is None:
        return f"LOST  {pair}: RMSE {end['rmse']:.4f}, its last, is not reached"
    line = f"RMSE {end['rmse']:.4f}, its last, after {reached:.1f} s, its own {end['seconds']:.1f} s"
    return f"{_won(reached <= end['seconds'])} {pair}: {line}: {end['seconds'] / reached:.1f} times as fast"


def at(curve: list[dict], seconds: float) -> float:
    """The RMSE of what there is at that time; infinite before the first sample."""
    place = bisect.bisect_right(curve, seconds, key=lambda point: point["seconds"])
    return curve[place - 1]["rmse"] if place else float("inf")


def _name(contestant: Contestant) -> str:
    return f"{contestant.who} {contestant.settings}, {on(contestant.threads)}"


def _won(better: bool) -> str:
    return "won  " if better else "LOST "


def at_mark(curve: list[dict], seconds: int) -> float | None:
    """None before the first sample and beyond the end of the run."""
    there = curve[0]["seconds"] <= seconds <= curve[-1]["seconds"]
    return at(curve, seconds) if there else None


def _mark(seconds: int) -> Column:
    return Column(f"{seconds} s", 7, lambda c: number(at_mark(c.beside["curve"], seconds), 4))


def _last(contestant: Contestant) -> str:
    end = contestant.beside["curve"][-1]
    return f"{end['rmse']:.4f} after {end['seconds']:.0f} s"


def _columns(case: Case) -> tuple[Column, ...]:
    return (
        *WHO,
        Column("samples", 8, lambda c: str(len(c.beside["curve"]))),
        Column("s a sample: median [min .. max]", 32, lambda c: spread(c.numbers("iteration_seconds"))),
        *map(_mark, case.marks),
        Column("in the end", 20, _last),
    )
