//! What a reviewer who reads the ranked lists sees, day by day, beside the truth.
//!
//! The lists are those of the detectors that rank ([`RANKING`]): each tells at most so many rows a day, and
//! each row is one piece of evidence of a finding. A row is right where the truth holds it and the misuse
//! has begun; any other is a false row, whatever its rank.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sever_model::{EventTime, Finding, Span, Stage, Thing};
use sever_replay::{Expected, Truth};

/// The detectors whose findings are rows of a daily list.
const RANKING: [&str; 3] = ["endpoint-mix", "slow-reach", "slow-reach-person"];

/// The rows of all lists of a play.
#[derive(Default)]
pub(super) struct Review {
    /// The first right row.
    pub first: Option<Finding>,
    /// What must have been on a list in time and was not.
    pub missed: Vec<String>,
    /// Right and false rows.
    right: u64,
    wrong: u64,
    /// The most rows of one day, over all lists.
    most_a_day: u64,
    /// For each thing that the truth ranks, when it first was.
    guilty: Vec<(String, Option<EventTime>)>,
    /// False rows by detector and thing.
    wrongly: BTreeMap<String, u64>,
    /// Since when it could be.
    from: Option<EventTime>,
}

impl Review {
    pub(super) fn of(truth: &Truth, findings: &[Finding]) -> Review {
        let from = truth.ranked_from.unwrap_or(truth.first_misuse_at);
        let mut review = Review { from: Some(from), ..Review::default() };
        let ranking: Vec<&Finding> = findings
            .iter()
            .filter(|it| RANKING.contains(&it.detector.as_str()) && it.stage != Stage::Retracted)
            .collect();
        let mut days: BTreeMap<i64, u64> = BTreeMap::new();
        let mut first: Option<(EventTime, &Finding)> = None;
        for finding in &ranking {
            let rightly = truth.ranks(&finding.detector, &finding.things);
            for row in &finding.evidence {
                *days.entry(row.at.day()).or_default() += 1;
                if rightly && row.at.day() >= from.day() {
                    review.right += 1;
                    if first.is_none_or(|(at, _)| row.at < at) {
                        first = Some((row.at, finding));
                    }
                } else {
                    review.wrong += 1;
                    *review.wrongly.entry(named(&finding.detector, &finding.things)).or_default() += 1;
                }
            }
        }
        review.most_a_day = days.into_values().max().unwrap_or(0);
        // A row is told as its day ends.
        review.first = first.map(|(at, finding)| Finding {
            known_at: EventTime::from_secs((at.day() + 1) * 86_400),
            ..finding.clone()
        });
        for expected in &truth.ranked {
            let rows = ranking.iter().filter(|it| expected.matches(&it.detector, &it.things));
            let rows = rows.flat_map(|it| &it.evidence).map(|row| row.at);
            let at = rows.filter(|at| at.day() >= from.day()).min();
            review.guilty.push((name(expected), at));
        }
        for expected in truth.ranked.iter().filter(|it| it.must) {
            let name = name(expected);
            let limit = from.plus(truth.ranked_within);
            let in_time = review.guilty.iter().any(|(it, at)| *it == name && at.is_some_and(|at| at <= limit));
            if !in_time {
                review.missed.push(format!("{name}: not ranked within {}", truth.ranked_within));
            }
        }
        review
    }

    /// The lists in a few words.
    pub(super) fn words(&self) -> String {
        match self.right + self.wrong {
            0 => "no rows".to_owned(),
            _ => format!("{} rows right, {} false, at most {} a day", self.right, self.wrong, self.most_a_day),
        }
    }

    pub(super) fn json(&self) -> Value {
        let after = |at: EventTime| self.from.map(|from| at.since(from).max(Span::ZERO).micros() as f64 / 86.4e9);
        let guilty = self.guilty.iter().map(|(name, at)| json!({ "name": name, "after_days": at.and_then(after) }));
        json!({
            "rows_right": self.right,
            "rows_false": self.wrong,
            "rows_a_day_max": self.most_a_day,
            "guilty": guilty.collect::<Vec<_>>(),
            "false_by_thing": self.wrongly,
        })
    }
}

fn name(expected: &Expected) -> String {
    format!("{} {}", expected.detector, expected.thing)
}

fn named(detector: &str, things: &[Thing]) -> String {
    format!("{detector} {}", things.first().map(ToString::to_string).unwrap_or_default())
}
