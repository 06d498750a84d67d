//! The picture is XML whatever is in it, and the same for the same answer.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;
use sever_model::{FROZEN_VERSION, Figures, FrozenDay, Inputs, Question, WallTime};

use super::*;

fn frozen(days: &[(&str, u64, u64)]) -> Frozen {
    let day = |(day, people, new): &(&str, u64, u64)| FrozenDay {
        day: (*day).to_owned(),
        requests: *people,
        people: *people,
        new: *new,
    };
    Frozen {
        version: FROZEN_VERSION,
        at: WallTime::from_secs(0),
        question: Question::default(),
        figures: Figures { at_least: 1_234, at_most: None, ..Figures::default() },
        steps: Vec::new(),
        by_day: days.iter().map(day).collect(),
        by_field: BTreeMap::new(),
        by_endpoint: BTreeMap::new(),
        coverage: Vec::new(),
        inputs: Inputs::default(),
        digest: String::new(),
    }
    .sealed()
}

/// How often each element is there; the whole must be well-formed.
fn elements(svg: &str) -> BTreeMap<String, usize> {
    let mut reader = Reader::from_str(svg);
    let mut count = BTreeMap::new();
    let mut open = 0;
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                open += 1;
                *count.entry(String::from_utf8_lossy(start.name().as_ref()).into_owned()).or_default() += 1;
            }
            Event::Empty(start) => {
                *count.entry(String::from_utf8_lossy(start.name().as_ref()).into_owned()).or_default() += 1;
            }
            Event::End(_) => open -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open, 0);
    count
}

#[test]
fn it_is_xml_with_a_title_a_description_a_bar_a_day_and_no_script() {
    let answer = frozen(&[("2025-11-01", 1_000, 1_000), ("2025-11-04", 400, 234)]);
    let svg = picture("reach of key <kid> & \"co\"\u{0}", &answer);
    let count = elements(&svg);
    assert_eq!((count["desc"], count["rect"], count["polyline"], count["title"]), (1, 2, 1, 3));
    assert!(!count.contains_key("script"));
    assert!(svg.contains("reach of key &lt;kid&gt; &amp; &quot;co&quot;</title>"), "{svg}");
    assert!(svg.contains("From 2025-11-01 to 2025-11-04, 1,234 people"), "{svg}");
    assert_eq!(svg, picture("reach of key <kid> & \"co\"\u{0}", &answer));
    // Days without anybody have their place.
    let points = svg.lines().find(|line| line.starts_with("<polyline")).expect("a curve");
    assert_eq!(points.matches(',').count(), 5);
}

#[test]
fn an_answer_without_days_is_a_picture_too() {
    elements(&picture("nothing", &frozen(&[])));
}

#[test]
fn numbers_are_grouped() {
    assert_eq!([0, 999, 1_000, 33_673_817].map(grouped), ["0", "999", "1,000", "33,673,817"]);
}
