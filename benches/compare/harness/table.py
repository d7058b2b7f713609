"""What is printed: one block per row of the comparison, one line per contestant, then who won."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from .race import Contestant

# Fits on several threads differ in the fourth decimal from run to run.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Column:
    """One column: its head, how wide it is, what stands in it."""

    head: str
    width: int
    cell: Callable[[Contestant], str]


def spread(numbers: list[float], scale: float = 1.0) -> str:
    if not numbers:
        return "-"
    low, middle, high = (scale * number for number in (min(numbers), statistics.median(numbers), max(numbers)))
    return f"{middle:.3f} [{low:.3f} .. {high:.3f}]"


def number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


WHO = (
    Column("", 14, lambda c: c.who),
    Column("settings", 44, lambda c: c.settings),
    Column("threads", 8, lambda c: str(c.threads)),
)
RATINGS = (
    *WHO,
    Column("epochs", 7, lambda c: number(c.median("epochs"), 0)),
    Column("fit s: median [min .. max]", 28, lambda c: spread(c.numbers("fit_seconds"))),
    Column("s per 100k predictions", 28, lambda c: spread(c.numbers("predict_seconds_per_100k"))),
    Column("RMSE", 8, lambda c: number(c.median("rmse"), 4)),
)


@dataclass
class Row:
    """One question and the contestants who answer it. `compare` names the times that are compared;
    with a `goal` a time counts only where the RMSE is reached."""

    title: str
    contestants: list[Contestant]
    compare: list[str] = field(default_factory=lambda: ["fit_seconds"])
    goal: float | None = None
    columns: tuple[Column, ...] = RATINGS

    @property
    def complete(self) -> bool:
        return all(contestant.failure is None for contestant in self.contestants)

    def reached(self, contestant: Contestant) -> bool:
        rmse = contestant.median("rmse")
        return self.goal is None or (rmse is not None and rmse <= self.goal + TOLERANCE)

    def verdicts(self) -> list[str]:
        """Each of ours against each of the others."""
        able = [contestant for contestant in self.contestants if contestant.failure is None]
        ours = [contestant for contestant in able if contestant.is_ours]
        others = [contestant for contestant in able if not contestant.is_ours]
        return [line for a in ours for b in others for line in self._verdicts(a, b)]

    def _verdicts(self, a: Contestant, b: Contestant) -> list[str]:
        pair = f"{a.settings} ({a.threads} threads) against {b.who} ({b.threads})"
        if not self.reached(a):
            return [f"LOST  {pair}: RMSE {self.goal:.4f} is not reached"]
        if not self.reached(b):
            return [f"won   {pair}, which does not reach RMSE {self.goal:.4f}"]
        lines = [_faster(pair, key, a.median(key), b.median(key)) for key in self.compare]
        return lines if self.goal is not None else [*lines, _closer(pair, a.median("rmse"), b.median("rmse"))]

    def as_json(self) -> dict:
        return {
            "row": self.title,
            "goal": self.goal,
            "contestants": [contestant.as_json() for contestant in self.contestants],
            "verdicts": self.verdicts(),
        }


def _faster(pair: str, key: str, ours: float, theirs: float) -> str:
    if ours <= theirs:
        return f"won   {pair}: {key} {theirs / ours:.2f} times faster"
    return f"LOST  {pair}: {key} {ours / theirs:.2f} times slower"


def _closer(pair: str, ours: float, theirs: float) -> str:
    word = "level" if abs(ours - theirs) < TOLERANCE else "won  " if ours < theirs else "LOST "
    return f"{word} {pair}: RMSE {ours - theirs:+.4f}"


def show(row: Row) -> str:
    columns = row.columns
    lines = ["", row.title, _line(columns, [column.head for column in columns])]
    lines += [_contestant(columns, contestant) for contestant in row.contestants]
    lines += [f"  {verdict}" for verdict in row.verdicts()]
    return "\n".join(lines)


def _contestant(columns: tuple[Column, ...], contestant: Contestant) -> str:
    if contestant.failure is not None:
        return _line(columns, [column.cell(contestant) for column in WHO]) + contestant.failure
    return _line(columns, [column.cell(contestant) for column in columns])


def _line(columns: tuple[Column, ...], cells: list[str]) -> str:
    return "  " + "".join(f"{cell:<{column.width}} " for column, cell in zip(columns, cells))
