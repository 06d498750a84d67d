//! Progress of long work: rate, share done, time left; to stderr, on a terminal only.
//!
//! Where stderr is no terminal nothing is written at all, so that logs of a scheduled run hold no
//! control characters. Drawing is limited to ten times a second, whatever the rate of calls.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes read.
    Bytes,
    /// Things done.
    Items,
}

/// A line of progress that is drawn over until the work is done.
#[derive(Debug)]
pub struct Meter {
    bar: ProgressBar,
}

/// Draws per second at most.
const DRAWS_PER_SEC: u8 = 10;

impl Meter {
    /// On stderr if that is a terminal, else silent.
    pub fn stderr() -> Meter {
        match std::io::stderr().is_terminal() {
            true => Meter::on(ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SEC)),
            false => Meter::silent(),
        }
    }

    /// Nowhere: for `--quiet` and for tests.
    pub fn silent() -> Meter {
        Meter::on(ProgressDrawTarget::hidden())
    }

    fn on(target: ProgressDrawTarget) -> Meter {
        Meter { bar: ProgressBar::with_draw_target(None, target) }
    }

    /// A stage begins: its name and, where known, how much there is of it.
    pub fn begin(&mut self, stage: &str, total: Option<u64>, unit: Unit) {
        // First the style: every other call may draw.
        // The templates are constants: one that does not parse leaves the plain style, and a test fails.
        if let Ok(style) = ProgressStyle::with_template(template(total.is_some(), unit)) {
            self.bar.set_style(style.progress_chars("━╸ "));
        }
        self.bar.set_message(stage.to_owned());
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.reset();
    }

    /// Shows some words, where nothing is counted.
    pub fn say(&mut self, words: &str) {
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            self.bar.set_style(style);
        }
        self.bar.set_message(words.to_owned());
        self.bar.tick();
    }

    /// So much more of it is done.
    pub fn advance(&mut self, done: u64) {
        self.bar.inc(done);
    }

    /// How much of the stage is done.
    pub fn done(&self) -> u64 {
        self.bar.position()
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

const fn template(known: bool, unit: Unit) -> &'static str {
    match (known, unit) {
        (true, Unit::Bytes) => {
            "{msg} {bar:24} {percent:>3} %  {bytes} of {total_bytes}  {binary_bytes_per_sec}  {eta} left"
        }
        (true, Unit::Items) => "{msg} {bar:24} {percent:>3} %  {human_pos} of {human_len}  {eta} left",
        (false, Unit::Bytes) => "{msg} {spinner} {bytes}  {binary_bytes_per_sec}",
        (false, Unit::Items) => "{msg} {spinner} {human_pos}",
    }
}

impl sever_engine::Progress for Meter {
    fn begin(&mut self, stage: &str, total: Option<u64>, unit: sever_engine::Unit) {
        let unit = match unit {
            sever_engine::Unit::Bytes => Unit::Bytes,
            sever_engine::Unit::Items => Unit::Items,
        };
        Meter::begin(self, stage, total, unit);
    }

    fn advance(&mut self, done: u64) {
        Meter::advance(self, done);
    }
}

#[cfg(test)]
mod tests;
