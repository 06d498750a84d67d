//! What ran, what failed, what did not run.

/// The counts of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    passed: u64,
    failures: u64,
    failed: Vec<(String, String)>,
    skipped: Vec<(String, String)>,
    ignored: u64,
}

impl Tally {
    /// A check of a suite that held.
    pub(crate) fn passed(&mut self) {
        self.passed += 1;
    }

    /// A check that did not, with what it showed.
    pub(crate) fn failed(&mut self, what: &str, why: &str) {
        self.failures += 1;
        self.failed.push((what.to_owned(), why.to_owned()));
    }

    /// A suite that could not run. One that was counted as passed by its runner, because a test
    /// cannot say that it was skipped, is taken back by [`Tally::take_back`].
    pub(crate) fn skipped(&mut self, suite: &str, why: &str) {
        self.skipped.push((suite.to_owned(), why.to_owned()));
    }

    /// Takes back a pass that was none.
    pub(crate) fn take_back(&mut self) {
        self.passed = self.passed.saturating_sub(1);
    }

    /// How many have failed so far.
    pub(crate) fn failures(&self) -> u64 {
        self.failures
    }

    /// Whether nothing failed and something ran.
    pub(crate) fn good(&self) -> bool {
        self.failures == 0 && self.passed > 0
    }

    /// Reads a line of `cargo test` or `cargo nextest`; counts it if it sums something up.
    pub(crate) fn read(&mut self, line: &str) {
        let line = line.trim();
        let nextest = line.strip_prefix("Summary [").and_then(|rest| rest.split_once(" run: "));
        let counts = match (line.strip_prefix("test result: "), nextest) {
            (Some(rest), _) => rest.split_once(". ").map_or("", |(_, counts)| counts),
            (None, Some((_, counts))) => counts,
            (None, None) => return,
        };
        for count in counts.split([',', ';']) {
            let mut words = count.split_whitespace();
            let number = words.next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
            match (words.next(), words.next()) {
                (Some("passed"), _) => self.passed += number,
                (Some("failed"), _) | (Some("timed"), Some("out")) | (Some("exec"), Some("failed")) => {
                    self.failures += number;
                }
                (Some("ignored" | "skipped"), _) => self.ignored += number,
                _ => {}
            }
        }
    }

    /// Says it all, the counts last; whether everything ran.
    pub(crate) fn report(&self, say: &mut dyn FnMut(&str)) -> bool {
        for (what, why) in &self.failed {
            say(&format!("FAILED {what}: {why}"));
        }
        for (suite, why) in &self.skipped {
            say(&format!("SKIPPED {suite}: {why}"));
        }
        let skipped = self.skipped.len() as u64 + self.ignored;
        let complete = skipped == 0;
        if !complete {
            say("INCOMPLETE: what was skipped was not tried");
        }
        say(&format!("{} passed, {} failed, {skipped} skipped", self.passed, self.failures));
        complete
    }
}
