//! The picture of an answer: a bar a day, and how many people it had become by then.
//!
//! Plain SVG 1.1 without scripts, fonts or anything to fetch: it opens in a browser, a document and a
//! ticket. Its title and description say in words what it shows. The same answer is the same bytes.

use std::fmt::Write as _;

use sever_model::Frozen;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 360.0;
/// The plot: left, top, right, bottom.
const PLOT: [f64; 4] = [80.0, 48.0, 880.0, 300.0];
/// Lines of the scale.
const LINES: u64 = 4;

/// The picture of a frozen answer under a title.
pub fn picture(title: &str, frozen: &Frozen) -> String {
    let days = span(frozen);
    let total = days.last().map_or(0, |day| day.so_far);
    let most = days.iter().map(|day| day.people).max().unwrap_or(0);
    let [left, top, right, bottom] = PLOT;
    let mut svg = String::new();
    let mut line = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    line(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"title description\">"
    ));
    line(format!("<title id=\"title\">{}</title>", escaped(title)));
    line(format!("<desc id=\"description\">{}</desc>", escaped(&described(frozen, &days, total, most))));
    line(STYLE.to_owned());
    line(format!("<text class=\"head\" x=\"{left}\" y=\"24\">{}</text>", escaped(title)));
    for at in 0..=LINES {
        let y = bottom - (bottom - top) * at as f64 / LINES as f64;
        line(format!("<line class=\"rule\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>"));
        let (of_total, of_day) = (total * at / LINES, most * at / LINES);
        line(format!("<text class=\"left\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", left - 8.0, y + 4.0, grouped(of_total)));
        line(format!("<text class=\"right\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", right + 8.0, y + 4.0, grouped(of_day)));
    }
    let wide = (right - left) / days.len().max(1) as f64;
    let height = |count: u64, of: u64| (bottom - top) * count as f64 / of.max(1) as f64;
    for (at, day) in days.iter().enumerate().filter(|(_, day)| day.people > 0) {
        let (x, tall) = (left + wide * at as f64, height(day.people, most));
        line(format!(
            "<rect class=\"bar\" x=\"{x:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{tall:.2}\"><title>{}: {}</title></rect>",
            bottom - tall,
            (wide * 0.8).max(0.4),
            day.day,
            grouped(day.people)
        ));
    }
    let mut points = format!("{left:.2},{bottom:.2}");
    for (at, day) in days.iter().enumerate() {
        let point = (left + wide * (at as f64 + 0.5), bottom - height(day.so_far, total));
        // Writing to a string never fails.
        write!(points, " {:.2},{:.2}", point.0, point.1).unwrap_or_default();
    }
    line(format!("<polyline class=\"curve\" points=\"{points}\"/>"));
    if let (Some(first), Some(last)) = (days.first(), days.last()) {
        line(format!("<text class=\"foot\" x=\"{left}\" y=\"{:.1}\">{}</text>", bottom + 20.0, first.day));
        line(format!("<text class=\"left\" x=\"{right}\" y=\"{:.1}\">{}</text>", bottom + 20.0, last.day));
    }
    line(format!(
        "<text class=\"foot\" x=\"{left}\" y=\"{:.1}\">line, left scale: people so far; bars, right scale: people of the \
         day (UTC); frozen answer {}</text>",
        bottom + 44.0,
        super::frozen::short(&frozen.digest)
    ));
    line("</svg>".to_owned());
    svg
}

const STYLE: &str = "<style>text{font:12px sans-serif;fill:#333}.head{font-size:16px;font-weight:bold}\
                     .left{text-anchor:end}.rule{stroke:#ccc}.bar{fill:#7a9cc6}.curve{fill:none;stroke:#8b1a1a;\
                     stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#ddd}.rule{stroke:#555}\
                     .curve{stroke:#ff8a80}}</style>";

/// A day of the picture.
struct Day {
    day: String,
    people: u64,
    so_far: u64,
}

/// Every day from the first to the last, those without anybody too.
fn span(frozen: &Frozen) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    let mut so_far = 0;
    for by in &frozen.by_day {
        // A day that does not read as one has no neighbours to fill up to.
        if let (Some(before), Some(at)) = (days.last().and_then(|day| number(&day.day)), number(&by.day)) {
            days.extend(((before + 1)..at).map(|day| Day { day: super::date(day), people: 0, so_far }));
        }
        so_far += by.new;
        days.push(Day { day: by.day.clone(), people: by.people, so_far });
    }
    days
}

fn number(day: &str) -> Option<i64> {
    sever_model::EventTime::parse(day).ok().map(sever_model::EventTime::day)
}

fn described(frozen: &Frozen, days: &[Day], total: u64, most: u64) -> String {
    let figures = &frozen.figures;
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return "No day has a request.".to_owned() };
    let busiest = days.iter().find(|day| day.people == most).map_or("", |day| day.day.as_str());
    let at_most = figures.at_most.map_or_else(|| "an unknown number".to_owned(), grouped);
    format!(
        "From {} to {}, {} people were touched for sure, at most {at_most}. The day with most people was {busiest}, with {}.",
        first.day,
        last.day,
        grouped(total),
        grouped(most)
    )
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text as XML has it; what no XML may hold is left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars().filter(|char| !char.is_control()) {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            char => safe.push(char),
        }
    }
    safe
}

#[cfg(test)]
mod tests;
