//! `bench slow`: what the ranked lists find, at a fixed number of rows a day, and what they say wrongly.
//!
//! Runs the built binary as a user would: each seed plays the incidents in which no set tells the misuse
//! from work, or in which it is spread over months ([`PLAYS`]), over their hard quiet background (campaigns,
//! quarterly reports, support peaks, nightly jobs). A reviewer reads the rows of each day's lists, at most
//! ten a list; a thing is found on the first day on which it is a row after the misuse began (in the shop's
//! play the harvest, for five requests are no volume). Recall is the share of all guilty things, over all
//! seeds, found within so many days of that: a bribed agent who begins in March counts from December like
//! the first.
//!
//! It has no bar: there is no published figure to compare with. `sever` must be built in the same profile.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::Format;

/// What to play.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Share of the incidents' real numbers
    #[arg(long, default_value_t = 0.001)]
    scale: f64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

const PLAYS: [&str; 3] = ["coinbase", "coupang", "desjardins"];
/// Days within which recall is told.
const DAYS: [f64; 5] = [7.0, 30.0, 60.0, 90.0, 180.0];

/// What the lists showed of a play, over all seeds.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Listed {
    play: String,
    seeds: u64,
    benign_events: u64,
    misuse_events: u64,
    /// Things that are guilty, and those of them that were ever a row.
    guilty: u64,
    found: u64,
    /// Share found within so many days.
    recall: BTreeMap<String, f64>,
    /// Days until half of those found were.
    days_median: Option<f64>,
    rows_right: u64,
    rows_false: u64,
    rows_a_day_max: u64,
    false_per_million: f64,
    /// What the false rows were about.
    false_by_thing: BTreeMap<String, u64>,
    /// Findings that are told as sure, and false.
    false_findings: u64,
}

/// A row of `sever demo --format json`, as far as it is read here.
#[derive(Deserialize)]
struct Played {
    benign_events: u64,
    misuse_events: u64,
    false_findings: u64,
    review: Review,
}

#[derive(Deserialize)]
struct Review {
    rows_right: u64,
    rows_false: u64,
    rows_a_day_max: u64,
    guilty: Vec<Guilty>,
    false_by_thing: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Guilty {
    after_days: Option<f64>,
}

/// Plays, and counts.
pub(crate) fn listed(args: &Args) -> Result<Vec<Listed>> {
    let sever = std::env::current_exe().context("cannot find this program")?.with_file_name("sever");
    ensure!(sever.is_file(), "{} is not there: build `sever` in the same profile first", sever.display());
    let mut all = Vec::new();
    for play in PLAYS {
        let mut listed = Listed { play: play.to_owned(), ..Listed::default() };
        let mut after: Vec<f64> = Vec::new();
        for seed in (args.first_seed..).take(args.seeds as usize) {
            let folder = tempfile::tempdir().context("no folder")?;
            let mut command = Command::new(&sever);
            command.args(["demo", play, "--format", "json", "--seed", &seed.to_string()]);
            command.args(["--scale", &args.scale.to_string()]).current_dir(folder.path()).env("TMPDIR", folder.path());
            // Says where the servers' packages are; to `sever` itself it would be a misspelt setting.
            let output = command.env_remove("SEVER_TEST_NODE").output().context("cannot run sever")?;
            // A play that is not as it should be is what is to be counted, and no failure.
            let rows: Vec<Played> = serde_json::from_slice(&output.stdout)
                .with_context(|| format!("`sever demo {play}` said: {}", String::from_utf8_lossy(&output.stderr)))?;
            rows.into_iter().for_each(|row| listed.take(row, &mut after));
        }
        listed.sum(after);
        all.push(listed);
    }
    Ok(all)
}

impl Listed {
    fn take(&mut self, row: Played, after: &mut Vec<f64>) {
        self.seeds += 1;
        self.benign_events += row.benign_events;
        self.misuse_events += row.misuse_events;
        self.false_findings += row.false_findings;
        self.rows_right += row.review.rows_right;
        self.rows_false += row.review.rows_false;
        self.rows_a_day_max = self.rows_a_day_max.max(row.review.rows_a_day_max);
        self.guilty += row.review.guilty.len() as u64;
        after.extend(row.review.guilty.iter().filter_map(|it| it.after_days));
        for (thing, count) in row.review.false_by_thing {
            *self.false_by_thing.entry(thing).or_default() += count;
        }
    }

    fn sum(&mut self, mut after: Vec<f64>) {
        after.sort_unstable_by(f64::total_cmp);
        self.found = after.len() as u64;
        self.days_median = after.get(after.len() / 2).copied();
        let all = self.guilty.max(1) as f64;
        let within = |days: f64| after.iter().filter(|it| **it <= days).count() as f64 / all;
        self.recall = DAYS.iter().map(|days| (format!("{days:03}"), within(*days))).collect();
        self.false_per_million = self.rows_false as f64 * 1e6 / self.benign_events.max(1) as f64;
    }
}

/// The same as a table, with the false rows below.
pub(crate) fn table(listed: &[Listed]) -> String {
    let mut text = format!("{:12} {:>5} {:>13} {:>9}", "play", "seeds", "benign events", "misuse");
    for days in DAYS {
        text.push_str(&format!(" {:>6}", format!("{days} d")));
    }
    text.push_str(&format!(
        " {:>9} {:>7} {:>6} {:>6} {:>11} {:>10}\n",
        "found", "median", "right", "false", "per million", "rows a day"
    ));
    for it in listed {
        text.push_str(&format!("{:12} {:>5} {:>13} {:>9}", it.play, it.seeds, it.benign_events, it.misuse_events));
        for share in it.recall.values() {
            text.push_str(&format!(" {:>4.0} %", share * 100.0));
        }
        let median = it.days_median.map_or_else(|| "-".to_owned(), |days| format!("{days:.1} d"));
        text.push_str(&format!(
            " {:>9} {:>7} {:>6} {:>6} {:>11.2} {:>10}\n",
            format!("{} of {}", it.found, it.guilty),
            median,
            it.rows_right,
            it.rows_false,
            it.false_per_million,
            format!("≤ {}", it.rows_a_day_max),
        ));
    }
    text.push_str("\nfalse rows, by what they are about\n");
    for it in listed {
        for (thing, count) in &it.false_by_thing {
            text.push_str(&format!("{:12} {count:>5}  {thing}\n", it.play));
        }
    }
    text.push_str("recall: share of guilty keys, issuers and people that were a row within so many days\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_is_of_all_that_is_guilty_and_rows_are_summed_over_seeds() {
        let mut listed = Listed::default();
        let mut after = Vec::new();
        for seed in 0..2 {
            let json = format!(
                r#"{{"benign_events": 500000, "misuse_events": 9, "false_findings": 0, "review": {{"rows_right": 3,
                    "rows_false": 2, "rows_a_day_max": {seed}, "false_by_thing": {{"slow-reach client x": 2}},
                    "guilty": [{{"name": "a", "after_days": {}}}, {{"name": "b", "after_days": null}}]}}}}"#,
                seed * 40 + 1
            );
            listed.take(serde_json::from_str(&json).expect("a row of the demo"), &mut after);
        }
        listed.sum(after);
        assert_eq!((listed.guilty, listed.found, listed.rows_false, listed.rows_a_day_max), (4, 2, 4, 1));
        assert_eq!(listed.recall.values().copied().collect::<Vec<_>>(), [0.25, 0.25, 0.5, 0.5, 0.5]);
        assert!((listed.false_per_million - 4.0).abs() < 1e-9);
        assert_eq!(listed.false_by_thing["slow-reach client x"], 4);
    }
}
