"""The row `scan`: from vectors to lists."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import fitting, install
from .plan import DATA, Plan, on, words
from .race import OURS, Contestant, Failed, run_in_turn
from .split import Split
from .table import WHO, Column, Row, number, spread

ITEMS = 100_000
QUERIES = 1_000
SIZES = (64, 128)
# How many items a list has.
DEPTH = 10
# Lists that are held against double precision, for each contestant.
CHECKED = 1_000
# The factors with which all users of a data set get their lists.
FITTED = 64


def scan(plan: Plan) -> Iterator[Row]:
    """Exact top 10 of given vectors, then lists for all users of a data set."""
    for factors in SIZES:
        yield from _vectors(plan, factors)
    for name in plan.sets:
        data = fitting.SETS[name]
        yield from _everybody(plan, data, data.make(plan.data, DATA, plan.seed))


def _vectors(plan: Plan, factors: int) -> Iterator[Row]:
    starts = [
        (OURS, "Scanner", install.ours("scan")),
        ("faiss", "IndexFlatIP", install.python_peer("faiss")),
        ("numpy", "product, argpartition", install.python_peer("numpy")),
    ]
    title = f"top {DEPTH} of {ITEMS:,} items, {factors} factors"
    with tempfile.TemporaryDirectory(dir=_folder()) as folder:
        making = words(out=folder, items=ITEMS, queries=QUERIES, factors=factors, seed=plan.seed)
        failure = _prepare(install.judge("vectors"), making)
        for threads in plan.threads:
            contestants = []
            for at, (who, settings, start) in enumerate(starts):
                asking = words(vectors=folder, factors=factors, threads=threads, n=DEPTH, answers=Path(folder) / f"{at}")
                contestants.append(Contestant(who, settings, threads, start, asking, failure))
            run_in_turn(contestants, plan.repeats)
            _check(contestants, words(vectors=folder, factors=factors, n=DEPTH, queries=CHECKED))
            yield ScanRow(f"{title}, {on(threads)}", contestants, SECONDS, columns=VECTORS)


def _everybody(plan: Plan, data: fitting.DataSet, split: Split) -> Iterator[Row]:
    """implicit's factors for both, so that the lists can be compared."""
    implicit = install.python_peer("implicit")
    starts = [
        (OURS, "Scanner", install.ours("recommend")),
        ("implicit", "recommend", install.python_peer("implicit", "implicit_recommend_peer")),
    ]
    with tempfile.TemporaryDirectory(dir=_folder()) as folder:
        fit = words(split=split.path, threads=max(plan.threads), factors=FITTED, epochs=8, export=folder, export_at=8)
        failure = _prepare(implicit, [*fit, *words(**data.hkv)])
        if failure is None:
            for exported, name in (("users", "queries"), ("items", "items")):
                (Path(folder) / f"{exported}-8.f32").rename(Path(folder) / f"{name}.f32")
        for threads in plan.threads:
            contestants = []
            for at, (who, settings, start) in enumerate(starts):
                asking = words(split=split.path, vectors=folder, factors=FITTED, threads=threads, n=DEPTH)
                asking += words(answers=Path(folder) / f"{at}")
                contestants.append(Contestant(who, settings, threads, start, asking, failure))
            run_in_turn(contestants, plan.repeats)
            _check(contestants, words(vectors=folder, factors=FITTED, n=DEPTH, queries=CHECKED, split=split.path))
            title = f"{data.title}, {FITTED} factors: top {DEPTH} for all {split.n_users:,} users, without what they touched"
            yield ScanRow(f"{title}, {on(threads)}", contestants, ["users_per_second"], columns=USERS)


def _folder() -> Path:
    DATA.mkdir(parents=True, exist_ok=True)
    return DATA


def _prepare(start: install.Ready | install.Missing, arguments: list[str]) -> str | None:
    if isinstance(start, install.Missing):
        return f"nothing to read: {start.reason}"
    try:
        Contestant("", "", 0, start, arguments).ask()
    except Failed as failed:
        return f"nothing to read: {failed}"
    return None


def _check(contestants: list[Contestant], asking: list[str]) -> None:
    """The lists of the last run against double precision: a wrong one puts the contestant out."""
    judge = install.judge("agree")
    for contestant in contestants:
        if contestant.failure is not None:
            continue
        if isinstance(judge, install.Missing):
            contestant.failure = f"no judge: {judge.reason}"
            continue
        answers = contestant.arguments[contestant.arguments.index("--answers") + 1]
        try:
            found = Contestant("", "", 0, judge, [*asking, "--answers", answers]).ask()
        except Failed as failed:
            contestant.failure = f"failed: {failed}"
            continue
        contestant.beside = found
        if found["wrong"] and contestant.is_ours:
            contestant.failure = f"failed: {found['wrong']} of {found['lists']} lists are wrong"


@dataclass
class ScanRow(Row):
    """A row without goal or error: times, or lists per second."""

    def verdicts(self) -> list[str]:
        able = [contestant for contestant in self.contestants if contestant.failure is None]
        ours = next((contestant for contestant in able if contestant.is_ours), None)
        if ours is None:
            return []
        peers = [peer for peer in able if peer is not ours]
        return [_verdict(key, ratio(key, ours, peer), peer) for peer in peers for key in self.compare]


def ratio(key: str, ours: Contestant, peer: Contestant) -> float:
    """How many times as fast as the peer."""
    mine, theirs = ours.median(key), peer.median(key)
    return theirs / mine if key in SECONDS else mine / theirs


def _verdict(key: str, times: float, peer: Contestant) -> str:
    return f"{'won  ' if times >= 1 else 'LOST '} {key}: {times:.2f} times as fast as {peer.who} {peer.settings}"


SECONDS = ["batch_seconds", "single_seconds"]
WRONG = Column("wrong lists", 12, lambda c: f"{c.beside['wrong']} of {c.beside['lists']}" if c.beside else "-")
VECTORS = (
    *WHO,
    Column(f"ms, {QUERIES:,} users: median [min .. max]", 40, lambda c: spread(c.numbers("batch_seconds"), 1e3)),
    Column("ms, one user: median [min .. max]", 36, lambda c: spread(c.numbers("single_seconds"), 1e3)),
    WRONG,
)
USERS = (
    *WHO,
    Column("users a second: median", 24, lambda c: number(c.median("users_per_second"), 0)),
    WRONG,
)
