"""`--plot FILE`: the curves of the row `bayes`, RMSE over seconds, as a picture that reads well on light and on
dark pages. A panel for each data set; seconds are logarithmic."""

import math

from .bayes import CurveRow
from .race import Contestant

WIDTH, HEIGHT = 620, 380
# Left, top, right and bottom of what lies inside a panel; names stand to the right of it.
LEFT, TOP, RIGHT, BOTTOM = 56, 66, 400, 330
# So much above the best anybody reaches is shown: what is before it is the start.
SHOWN = 0.04
NAMES_APART = 15
COLOURS = ("#0969da", "#54aeff", "#8250df", "#c297ff", "#bc4c00", "#fb8f44", "#1a7f37", "#4ac26b")
STYLE = """text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-size: 13px; font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .3 }
path { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } }"""


def svg(rows: list[CurveRow]) -> str:
    """The whole picture; rows in which nobody has a curve are left out."""
    rows = [row for row in rows if row.able]
    panels = [f'<g transform="translate(0 {HEIGHT * at})">\n{_panel(row)}\n</g>' for at, row in enumerate(rows)]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT * len(rows)}" width="{WIDTH}" height="{HEIGHT * len(rows)}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="RMSE over seconds">'
    return "\n".join([head, f"<style>\n{STYLE}\n</style>", *panels, "</svg>", ""])


def _panel(row: CurveRow) -> str:
    curves = [contestant.beside["curve"] for contestant in row.able]
    low = min(point["rmse"] for curve in curves for point in curve)
    high = low + SHOWN
    shown = [[point for point in curve if point["rmse"] <= high] for curve in curves]
    times = [point["seconds"] for curve in shown for point in curve]
    first, last = math.log10(min(times)), math.log10(max(times))

    def x(seconds: float) -> float:
        return LEFT + (math.log10(seconds) - first) / max(last - first, 1e-9) * (RIGHT - LEFT)

    def y(rmse: float) -> float:
        return BOTTOM - (rmse - low) / (high - low) * (BOTTOM - TOP)

    lines = [_text(LEFT, 24, row.title, "start", "title"), _text(LEFT, TOP - 14, "test RMSE", "start")]
    for hundredth in range(math.ceil(low * 100), math.floor(high * 100) + 1):
        lines.append(_grid(LEFT, y(hundredth / 100), RIGHT, y(hundredth / 100)))
        lines.append(_text(LEFT - 8, y(hundredth / 100) + 4, f"{hundredth / 100:.2f}", "end"))
    for power in range(math.floor(first), math.ceil(last) + 1):
        for tick in (10.0**power, 3 * 10.0**power):
            if first <= math.log10(tick) <= last:
                lines.append(_grid(x(tick), TOP, x(tick), BOTTOM))
                lines.append(_text(x(tick), BOTTOM + 18, f"{tick:g}", "middle"))
    lines.append(_text((LEFT + RIGHT) / 2, BOTTOM + 36, "seconds of sampling", "middle"))
    ends = sorted((y(curve[-1]["rmse"]), at) for at, curve in enumerate(shown) if curve)
    place = -math.inf
    for height, at_row in ends:
        place = max(place + NAMES_APART, height + 4)
        colour = COLOURS[at_row % len(COLOURS)]
        points = " L".join(f"{x(point['seconds']):.1f} {y(point['rmse']):.1f}" for point in shown[at_row])
        lines.append(f'<path stroke="{colour}" d="M{points}"/>')
        lines.append(_text(RIGHT + 10, place, _name(row.able[at_row]), "start", colour=colour))
    return "\n".join(lines)


def _name(contestant: Contestant) -> str:
    return f"{contestant.who}, {contestant.beside['noise']}, {contestant.threads}"


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "", colour: str = "") -> str:
    extra = (f' class="{kind}"' if kind else "") + (f' style="fill: {colour}"' if colour else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{text}</text>'
