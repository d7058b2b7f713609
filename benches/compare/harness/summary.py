"""The short table at the end, to be pasted: what was won and what was lost, in Markdown."""

import math

from .bayes import CurveRow
from .fitting import LikesRow, to_quality
from .race import Contestant
from .scanning import SECONDS, ScanRow, ratio
from .table import Row

FIT_HEAD = ("data", "ours: s an iteration", "fastest approximate peer", "fastest exact peer", "to the same NDCG@20: ours / peer", "NDCG@20: ours / peers' best")
CURVE_HEAD = ("data", "who", "threads", "s a sample", "RMSE on the way", "in the end")
SCAN_HEAD = ("what", "ours", "fastest peer", "ours is faster by")


def markdown(about: dict[str, str], rows: list[Row]) -> str:
    fits = [_fit(row) for row in rows if isinstance(row, LikesRow)]
    curves = [line for row in rows if isinstance(row, CurveRow) for line in row.summary()]
    scans = [line for row in rows if isinstance(row, ScanRow) for line in _scan(row)]
    tables = ((FIT_HEAD, fits), (CURVE_HEAD, curves), (SCAN_HEAD, scans))
    parts = [_table(head, lines) for head, lines in tables if lines]
    if not parts:
        return ""
    where = f"{about['date']}; {about['processor']}; foldin {about['foldin']}, {about['rustc']}; {about['versions']}."
    return "\n" + "\n".join([*parts, f"{where} Load before and after: {about['load']}, {about['load at the end']}.", ""])


def _fit(row: LikesRow) -> tuple[str, ...]:
    able = [contestant for contestant in row.contestants if contestant.failure is None]
    ours = next((contestant for contestant in able if contestant.is_ours), None)
    peers = [contestant for contestant in able if not contestant.is_ours]
    if ours is None:
        return (row.title, "-", *(_alone(peers, exact) for exact in (False, True)), "-", f"- / {_quality(peers)}")
    mine = f"{ours.median('iteration_seconds'):.3f}"
    against = [_fastest(ours, peers, exact) for exact in (False, True)]
    return (row.title, mine, *against, _race(ours, peers), f"{_quality([ours])} / {_quality(peers)}")


def _fastest(ours: Contestant, peers: list[Contestant], exact: bool) -> str:
    alone = _alone(peers, exact)
    if alone == "-":
        return alone
    seconds = min(peer.median("iteration_seconds") for peer in peers if peer.beside["exact"] is exact)
    return f"{alone}: {_times(seconds / ours.median('iteration_seconds'))}"


def _alone(peers: list[Contestant], exact: bool) -> str:
    kind = [peer for peer in peers if peer.beside["exact"] is exact]
    if not kind:
        return "-"
    best = min(kind, key=lambda peer: peer.median("iteration_seconds"))
    return f"{best.who} {best.settings} {best.median('iteration_seconds'):.3f}"


def _race(ours: Contestant, peers: list[Contestant]) -> str:
    """Against the peer that gains most, or loses least, on us."""
    races = [(peer, race) for peer in peers if (race := to_quality(ours, peer)) is not None]
    if not races:
        return "-"
    peer, (mine, theirs, goal) = min(races, key=lambda entry: entry[1][1] / entry[1][0])
    name = f"{peer.who} {peer.settings}"
    if math.isinf(mine):
        return f"{goal:.4f} of {name} not reached: **lost**"
    return f"{mine:.2f} s / {theirs:.2f} s ({name}): {_times(theirs / mine)}"


def _quality(contestants: list[Contestant]) -> str:
    found = [contestant.beside["last"]["ndcg"] for contestant in contestants if contestant.beside["last"]]
    return f"{max(found):.4f}" if found else "-"


def _scan(row: ScanRow) -> list[tuple[str, ...]]:
    able = [contestant for contestant in row.contestants if contestant.failure is None]
    ours = next((contestant for contestant in able if contestant.is_ours), None)
    peers = [contestant for contestant in able if not contestant.is_ours]
    return [_measure(row, key, ours, peers) for key in row.compare if peers]


def _measure(row: ScanRow, key: str, ours: Contestant | None, peers: list[Contestant]) -> tuple[str, ...]:
    fastest = (min if key in SECONDS else max)(peers, key=lambda peer: peer.median(key))
    what = {"batch_seconds": ", a batch", "single_seconds": ", one user"}.get(key, "")
    theirs = f"{fastest.who} {fastest.settings} {_amount(key, fastest)}"
    if ours is None:
        return (row.title + what, "-", theirs, "-")
    return (row.title + what, _amount(key, ours), theirs, _times(ratio(key, ours, fastest)))


def _amount(key: str, contestant: Contestant) -> str:
    value = contestant.median(key)
    return f"{value * 1e3:.2f} ms" if key in SECONDS else f"{value:,.0f} users/s"


def _times(times: float) -> str:
    return f"{times:.1f}x" if times >= 1 else f"{times:.2f}x, **lost**"


def _table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    cells = [head, tuple("---" for _ in head), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells) + "\n"
