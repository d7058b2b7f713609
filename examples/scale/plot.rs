//! Lines in doubly logarithmic panels, as a scalable picture that reads well on light and on dark pages.

use std::fmt::Write as _;

/// One line of a panel, with its name at the end.
pub struct Series {
    pub name: String,
    /// Both coordinates above 0, ascending.
    pub points: Vec<(f64, f64)>,
}

/// One pair of axes.
pub struct Panel<'a> {
    pub title: &'a str,
    pub series: Vec<Series>,
}

const PANEL: (f64, f64) = (400.0, 340.0);
/// Left, top, right and bottom of what lies inside a panel.
const INSIDE: (f64, f64, f64, f64) = (52.0, 66.0, 316.0, 290.0);
const COLOURS: [&str; 3] = ["a", "b", "c"];
const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-size: 13px; font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .3 }
.guide { stroke: #8c959f; stroke-dasharray: 3 4 }
.line { fill: none; stroke-width: 2 }
line.a, path.a { stroke: #0969da } circle.a, text.a { fill: #0969da }
line.b, path.b { stroke: #bc4c00 } circle.b, text.b { fill: #bc4c00 }
line.c, path.c { stroke: #1a7f37 } circle.c, text.c { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 }
path.a { stroke: #58a6ff } circle.a, text.a { fill: #58a6ff }
path.b { stroke: #f0883e } circle.b, text.b { fill: #f0883e }
path.c { stroke: #3fb950 } circle.c, text.c { fill: #3fb950 }
}";

/// The whole picture.
pub fn svg(title: &str, panels: &[Panel<'_>]) -> String {
    let (width, height) = (PANEL.0 * panels.len() as f64, PANEL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<style>\n{STYLE}\n</style>\n\
         <text class=\"title\" x=\"{}\" y=\"24\">{title}</text>\n",
        INSIDE.0
    );
    for (at, panel) in panels.iter().enumerate() {
        let _ = writeln!(out, "<g transform=\"translate({} 0)\">", PANEL.0 * at as f64);
        draw(panel, &mut out);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn draw(panel: &Panel<'_>, out: &mut String) {
    let (left, top, right, bottom) = INSIDE;
    let all = || panel.series.iter().flat_map(|series| series.points.iter().copied());
    let across = Axis::over(all().map(|point| point.0), left, right);
    let up = Axis::over(all().map(|point| point.1), bottom, top);
    let _ = writeln!(out, "<text x=\"{left}\" y=\"{}\">{}</text>", top - 14.0, panel.title);
    for tick in up.ticks() {
        let y = up.at(tick);
        let _ =
            writeln!(out, "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 8.0,
            y + 4.0,
            short(tick)
        );
    }
    for tick in across.ticks() {
        let x = across.at(tick);
        let _ =
            writeln!(out, "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>");
        let y = bottom + 18.0;
        let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", short(tick));
    }
    let (middle, below) = ((left + right) / 2.0, bottom + 38.0);
    let _ = writeln!(out, "<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">interactions</text>");
    for (series, class) in panel.series.iter().zip(COLOURS.iter().cycle()) {
        guide(series, &across, &up, out);
        line(series, class, &across, &up, out);
    }
}

/// Where the line would run if everything grew as the data do, through its last point.
fn guide(series: &Series, across: &Axis, up: &Axis, out: &mut String) {
    let (Some(&(x, _)), Some(&(to_x, to_y))) = (series.points.first(), series.points.last()) else { return };
    // Where the guide leaves the panel below.
    let x = x.max(to_x * up.low / to_y);
    let y = to_y * x / to_x;
    let _ = writeln!(
        out,
        "<line class=\"guide\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        across.at(x),
        up.at(y),
        across.at(to_x),
        up.at(to_y)
    );
}

fn line(series: &Series, class: &str, across: &Axis, up: &Axis, out: &mut String) {
    let places: Vec<_> = series.points.iter().map(|&(x, y)| (across.at(x), up.at(y))).collect();
    let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let _ = writeln!(out, "<path class=\"line {class}\" d=\"M{}\"/>", path.join(" L"));
    for (x, y) in &places {
        let _ = writeln!(out, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
    }
    if let Some((x, y)) = places.last() {
        let (x, y, name) = (x + 8.0, y + 4.0, &series.name);
        let _ = writeln!(out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{name}</text>");
    }
}

/// A logarithmic axis from whole 1s or 3s to whole 1s or 3s.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) =
            values.fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        let steps = steps();
        // A size that misses its round number by the luck of the draw stays at it.
        let low = steps.iter().copied().rfind(|&step| step <= low * 1.1).unwrap_or(low);
        let high = steps.iter().copied().find(|&step| step >= high / 1.1).unwrap_or(high);
        Self { low, high, from, to }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value / self.low).ln() / (self.high / self.low).ln();
        self.from + part * (self.to - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        steps().into_iter().filter(|&step| step >= self.low && step <= self.high)
    }
}

/// ..., 0.1, 0.3, 1, 3, 10, ...
fn steps() -> Vec<f64> {
    (-6..12).flat_map(|power| [1.0, 3.0].map(|digit| digit * 10f64.powi(power))).collect()
}

/// 0.3, 30, 3M
fn short(number: f64) -> String {
    match number {
        _ if number >= 1e6 => format!("{:.0}M", number / 1e6),
        _ if number >= 1.0 => format!("{number:.0}"),
        _ => format!("{number:.3}").trim_end_matches('0').to_owned(),
    }
}
