//! How a long job tells how far it is, without knowing about terminals.

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes read.
    Bytes,
    /// Things done.
    Items,
}

/// Told by a verb as it goes.
pub trait Progress {
    /// A stage begins: its name and, where known, how much there is of it.
    fn begin(&mut self, stage: &str, total: Option<u64>, unit: Unit);
    /// So much more of it is done.
    fn advance(&mut self, done: u64);
}

/// Tells nobody.
#[derive(Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&mut self, _stage: &str, _total: Option<u64>, _unit: Unit) {}
    fn advance(&mut self, _done: u64) {}
}
