"""What is printed: one block per row of the comparison, one line per contestant, then who won."""

import statistics
from dataclasses import dataclass, field

from .race import Contestant

# Fits on several threads differ in the fourth decimal from run to run.
TOLERANCE = 1e-4


@dataclass
class Row:
    """One question and the contestants who answer it. `compare` names the times that are compared;
    with a `goal` a time counts only where the RMSE is reached."""

    title: str
    contestants: list[Contestant]
    compare: list[str] = field(default_factory=lambda: ["fit_seconds"])
    goal: float | None = None

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


HEAD = ("", "settings", "threads", "epochs", "fit s: median [min .. max]", "s per 100k predictions", "RMSE")
WIDTHS = (14, 44, 8, 7, 28, 28, 8)


def show(row: Row) -> str:
    lines = ["", row.title, _line(HEAD)]
    lines += [_contestant(contestant) for contestant in row.contestants]
    lines += [f"  {verdict}" for verdict in row.verdicts()]
    return "\n".join(lines)


def _contestant(contestant: Contestant) -> str:
    start = (contestant.who, contestant.settings, str(contestant.threads))
    if contestant.failure is not None:
        return _line(start) + contestant.failure
    epochs, rmse = contestant.median("epochs"), contestant.median("rmse")
    return _line(
        (
            *start,
            "-" if epochs is None else f"{epochs:.0f}",
            _spread(contestant.numbers("fit_seconds")),
            _spread(contestant.numbers("predict_seconds_per_100k")),
            "-" if rmse is None else f"{rmse:.4f}",
        )
    )


def _spread(numbers: list[float]) -> str:
    if not numbers:
        return "-"
    return f"{statistics.median(numbers):.3f} [{min(numbers):.3f} .. {max(numbers):.3f}]"


def _line(cells: tuple[str, ...]) -> str:
    return "  " + "".join(f"{cell:<{width}} " for cell, width in zip(cells, WIDTHS))
