//! The picture of growth: a panel for each table of the section, microseconds against what grows, both
//! on logarithmic axes.

use std::fmt::Write as _;

use crate::results::Table;

const PANEL_WIDTH: f64 = 300.0;
const PANEL_HEIGHT: f64 = 230.0;
const MARGIN_LEFT: f64 = 52.0;
const MARGIN_RIGHT: f64 = 18.0;
const MARGIN_TOP: f64 = 30.0;
const MARGIN_BOTTOM: f64 = 40.0;
const LEGEND_HEIGHT: f64 = 26.0;
const COLOURS: [&str; 4] = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad"];

/// One line: its name, and points of what grows and microseconds.
type Series = (String, Vec<(f64, f64)>);

/// Draws them side by side.
pub fn draw(tables: &[Table]) -> String {
    let width = PANEL_WIDTH * tables.len() as f64;
    let height = PANEL_HEIGHT + LEGEND_HEIGHT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"10\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    let names: Vec<String> =
        tables.iter().flat_map(series).map(|(name, _)| name).fold(Vec::new(), |mut names, name| {
            if !names.contains(&name) {
                names.push(name);
            }
            names
        });
    for (place, table) in tables.iter().enumerate() {
        panel(&mut svg, PANEL_WIDTH * place as f64, table, &names);
    }
    legend(&mut svg, &names);
    svg + "</svg>\n"
}

fn series(table: &Table) -> Vec<Series> {
    let places: Vec<f64> = table.columns.iter().skip(1).filter_map(|text| text.parse().ok()).collect();
    let line = |row: &Vec<String>| {
        let points = places.iter().zip(row.iter().skip(1));
        let points = points.filter_map(|(place, cell)| Some((*place, cell.parse().ok()?))).collect();
        (row.first().cloned().unwrap_or_default(), points)
    };
    table.rows.iter().map(line).collect()
}

/// One axis: from and to, as decimal logarithms, and where they come to lie.
#[derive(Clone, Copy)]
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// Whole decades around these values.
    fn decades(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min).max(0.1).log10().floor();
        let high = values.fold(0.0, f64::max).max(1.0).log10().ceil();
        Self { low, high: high.max(low + 1.0), from, to }
    }

    fn at(self, value: f64) -> f64 {
        let share = (value.max(0.1).log10() - self.low) / (self.high - self.low);
        self.from + share * (self.to - self.from)
    }

    /// The powers of ten within.
    fn ticks(self) -> impl Iterator<Item = f64> {
        (self.low as i32..=self.high as i32).map(|power| 10_f64.powi(power))
    }
}

/// Zero months can't be shown on a logarithmic axis; everything there is shown one further.
fn shown(place: f64, is_shifted: bool) -> f64 {
    if is_shifted { place + 1.0 } else { place }
}

fn panel(svg: &mut String, left: f64, table: &Table, names: &[String]) {
    let all = series(table);
    let is_shifted = all.iter().flat_map(|(_, points)| points).any(|(place, _)| *place == 0.0);
    let xs = all.iter().flat_map(|(_, points)| points).map(|(place, _)| shown(*place, is_shifted));
    let ys = all.iter().flat_map(|(_, points)| points).map(|(_, micros)| *micros);
    let x = Axis::decades(xs.clone(), left + MARGIN_LEFT, left + PANEL_WIDTH - MARGIN_RIGHT);
    let y = Axis::decades(ys, PANEL_HEIGHT - MARGIN_BOTTOM, MARGIN_TOP);
    for micros in y.ticks() {
        line(svg, (x.from, y.at(micros)), (x.to, y.at(micros)), "#dddddd");
        text(svg, (x.from - 6.0, y.at(micros) + 3.0), "end", &number(micros));
    }
    let mut places: Vec<f64> = all.iter().flat_map(|(_, points)| points).map(|(place, _)| *place).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    for place in places {
        let at = x.at(shown(place, is_shifted));
        line(svg, (at, y.from), (at, y.to), "#eeeeee");
        text(svg, (at, y.from + 14.0), "middle", &number(place));
    }
    line(svg, (x.from, y.from), (x.to, y.from), "#333333");
    line(svg, (x.from, y.from), (x.from, y.to), "#333333");
    text(svg, ((x.from + x.to) / 2.0, y.from + 30.0), "middle", &table.title);
    text(svg, (x.from, MARGIN_TOP - 12.0), "start", "µs each");
    for (name, points) in &all {
        let points = points.iter().map(|(place, micros)| (x.at(shown(*place, is_shifted)), y.at(*micros)));
        curve(svg, &points.collect::<Vec<_>>(), colour(names, name));
    }
}

fn legend(svg: &mut String, names: &[String]) {
    for (place, name) in names.iter().enumerate() {
        let (left, top) = (MARGIN_LEFT + 190.0 * place as f64, PANEL_HEIGHT + 14.0);
        line(svg, (left, top - 3.0), (left + 18.0, top - 3.0), colour(names, name));
        text(svg, (left + 24.0, top), "start", name);
    }
}

fn colour(names: &[String], name: &str) -> &'static str {
    let place = names.iter().position(|other| other == name).unwrap_or_default();
    COLOURS[place % COLOURS.len()]
}

fn curve(svg: &mut String, points: &[(f64, f64)], colour: &str) {
    let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    put(
        svg,
        &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>",
            path.join(" ")
        ),
    );
    for (x, y) in points {
        put(svg, &format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\" fill=\"{colour}\"/>"));
    }
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    put(
        svg,
        &format!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"/>",
            from.0, from.1, to.0, to.1
        ),
    );
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    put(
        svg,
        &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"#333333\">{words}</text>",
            at.0, at.1
        ),
    );
}

fn put(svg: &mut String, element: &str) {
    let _writing_to_a_string_succeeds = writeln!(svg, "{element}");
}

/// `1800000` as `1.8 M`.
fn number(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{} M", value / 1e6),
        value if value >= 1e3 => format!("{} k", value / 1e3),
        value => format!("{value}"),
    }
}
