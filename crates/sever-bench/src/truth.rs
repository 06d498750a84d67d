//! `bench truth`: what is said that is not true, and what is true that is not said.
//!
//! Runs the built binary as a user would. Each seed plays every incident (`sever demo`), whose truth lists
//! every claim that is true in it; what is said beside is a false finding, what must be said and is not a
//! miss. Then a company lives a day on real servers, where they are installed, and the same is asked of
//! what those servers wrote. All of it is counted by detector.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sever_testkit::{RealCompany, Shown};

use crate::Format;

/// What to play.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// How many of them on real servers too (default: all)
    #[arg(long)]
    real_seeds: Option<u64>,
    /// Share of the incidents' real numbers
    #[arg(long, default_value_t = 0.001)]
    scale: f64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// What the company on real servers is called.
const REAL: &str = "real servers";

/// What was said of a play, over all seeds.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Told {
    /// The incident, [`REAL`], or `all`.
    play: String,
    seeds: u64,
    benign_events: u64,
    misuse_events: u64,
    /// Findings that are not true.
    false_findings: u64,
    /// Findings that must be said, and those of them that were.
    expected: u64,
    said: u64,
    /// False findings per million benign events, and at most so many with 95 % confidence.
    false_per_million: f64,
    false_per_million_max: f64,
    detectors: BTreeMap<String, Count>,
}

/// What one detector said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Count {
    /// Of what it had to say.
    expected: u64,
    said: u64,
    /// What is not true.
    #[serde(rename = "false")]
    wrong: u64,
}

/// A row of `sever demo --format json`, as far as it is read here.
#[derive(Deserialize)]
struct Played {
    incident: String,
    benign_events: u64,
    misuse_events: u64,
    by_detector: BTreeMap<String, Count>,
}

/// Plays all, and counts: each play, and all of them together.
pub(crate) fn told(args: &Args) -> Result<Vec<Told>> {
    let sever = std::env::current_exe().context("cannot find this program")?.with_file_name("sever");
    ensure!(sever.is_file(), "{} is not there: build `sever` in the same profile first", sever.display());
    let mut told: Vec<Told> = Vec::new();
    for seed in (args.first_seed..).take(args.seeds as usize) {
        for play in played(&sever, seed, args.scale)? {
            add(&mut told, &play.incident, (play.benign_events, play.misuse_events), &play.by_detector);
        }
    }
    for seed in (args.first_seed..).take(args.real_seeds.unwrap_or(args.seeds) as usize) {
        let begun = Instant::now();
        // The one place where the company on real servers is asked for; nothing where they are not
        // installed, which it reports.
        let Some(company) = RealCompany::run(seed)? else { break };
        let (events, detectors) = lived(&company, &sever, seed)?;
        add(&mut told, REAL, events, &detectors);
        let (said, secs) = (detectors.values().map(|count| count.said).sum::<u64>(), begun.elapsed().as_secs());
        writeln!(std::io::stderr(), "seed {seed} on real servers: {} events, {said} said, {secs} s", events.0)
            .context("cannot say how far it is")?;
    }
    let mut all = Told { play: "all".to_owned(), ..Told::default() };
    for play in &told {
        all.take((play.benign_events, play.misuse_events), &play.detectors);
    }
    all.seeds = args.seeds;
    told.push(all);
    Ok(told)
}

fn add(told: &mut Vec<Told>, play: &str, events: (u64, u64), detectors: &BTreeMap<String, Count>) {
    let known = told.iter().position(|told| told.play == play);
    let at = known.unwrap_or_else(|| {
        told.push(Told { play: play.to_owned(), ..Told::default() });
        told.len() - 1
    });
    if let Some(told) = told.get_mut(at) {
        told.seeds += 1;
        told.take(events, detectors);
    }
}

impl Told {
    fn take(&mut self, (benign, misuse): (u64, u64), detectors: &BTreeMap<String, Count>) {
        self.benign_events += benign;
        self.misuse_events += misuse;
        for (detector, count) in detectors {
            let sum = self.detectors.entry(detector.clone()).or_default();
            for (sum, more) in
                [(&mut sum.expected, count.expected), (&mut sum.said, count.said), (&mut sum.wrong, count.wrong)]
            {
                *sum += more;
            }
            self.expected += count.expected;
            self.said += count.said;
            self.false_findings += count.wrong;
        }
        let millions = self.benign_events as f64 / 1e6;
        self.false_per_million = self.false_findings as f64 / millions;
        self.false_per_million_max = at_most(self.false_findings) / millions;
    }
}

/// The mean below which so few would be seen in 5 of 100 cases only (Poisson, one-sided, exact): 3 for
/// none.
fn at_most(count: u64) -> f64 {
    let so_few = |mean: f64| {
        let mut term = (-mean).exp();
        let mut sum = term;
        for at in 1..=count {
            term *= mean / at as f64;
            sum += term;
        }
        sum
    };
    let (mut low, mut high) = (count as f64, count as f64 * 2.0 + 10.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if so_few(middle) > 0.05 { low = middle } else { high = middle }
    }
    high
}

fn played(sever: &Path, seed: u64, scale: f64) -> Result<Vec<Played>> {
    let folder = tempfile::tempdir().context("no folder")?;
    let mut command = Command::new(sever);
    // Says where the servers' packages are; to `sever` itself it would be a misspelt setting.
    command.env_remove("SEVER_TEST_NODE");
    command.args(["demo", "--format", "json", "--seed", &seed.to_string(), "--scale", &scale.to_string()]);
    let output =
        command.current_dir(folder.path()).env("TMPDIR", folder.path()).output().context("cannot run sever")?;
    // A play that is not as it should be is what is to be counted, and no failure.
    let rows = serde_json::from_slice(&output.stdout);
    rows.with_context(|| format!("`sever demo` said: {}", String::from_utf8_lossy(&output.stderr)))
}

/// What is said of a company's day: its benign events and those of misuse, and the findings by detector.
/// What is wrong is also said at once, for the servers' files go with the company.
fn lived(company: &RealCompany, sever: &Path, seed: u64) -> Result<((u64, u64), BTreeMap<String, Count>)> {
    let analyst = company.analyst(sever);
    analyst.begin()?;
    let found = analyst.findings("scan")?;
    let mut unexplained = found.accused;
    let mut detectors: BTreeMap<String, Count> = BTreeMap::new();
    let mut wrong = String::new();
    for (detector, accused) in company.truth().accused(&[Shown::ByExports, Shown::ByLogs]) {
        let count = detectors.entry(detector.clone()).or_default();
        count.expected += 1;
        match unexplained.iter().position(|it| (&it.0, &it.1) == (&detector, &accused)) {
            Some(at) => {
                unexplained.swap_remove(at);
                count.said += 1;
            }
            None => wrong.push_str(&format!("seed {seed}: missed {detector} {accused}\n")),
        }
    }
    for (detector, accused) in unexplained {
        wrong.push_str(&format!("seed {seed}: false {detector} {accused}\n"));
        detectors.entry(detector).or_default().wrong += 1;
    }
    if !wrong.is_empty() {
        write!(std::io::stderr(), "{wrong}{}", found.words).context("cannot say what is wrong")?;
    }
    let events = found.events.with_context(|| format!("no count of events: {}", found.words))?;
    // The leaver's other acts are few, and are left among the benign.
    let misuse = company.truth().forged.len() as u64;
    Ok(((events.saturating_sub(misuse), misuse), detectors))
}

/// What was told as a table, and by detector below.
pub(crate) fn table(told: &[Told]) -> String {
    let mut text = format!(
        "{:14} {:>5} {:>13} {:>7} {:>13} {:>9} {:>8}  {}\n",
        "play", "seeds", "benign events", "false", "per million", "at most", "misuse", "said of what must be said"
    );
    for play in told {
        text.push_str(&format!(
            "{:14} {:>5} {:>13} {:>7} {:>13.3} {:>9.3} {:>8}  {} of {}\n",
            play.play,
            play.seeds,
            play.benign_events,
            play.false_findings,
            play.false_per_million,
            play.false_per_million_max,
            play.misuse_events,
            play.said,
            play.expected,
        ));
    }
    text.push_str(&format!("\n{:14} {:27} {:>7} {:>13}  {}\n", "play", "detector", "false", "per million", "said"));
    for play in told {
        for (detector, count) in &play.detectors {
            text.push_str(&format!(
                "{:14} {:27} {:>7} {:>13.3}  {} of {}\n",
                play.play,
                detector,
                count.wrong,
                count.wrong as f64 / play.benign_events as f64 * 1e6,
                count.said,
                count.expected,
            ));
        }
    }
    text.push_str("`at most`: with 95 % confidence\n");
    text
}

#[cfg(test)]
mod tests;
