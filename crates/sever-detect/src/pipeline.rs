//! Resolve, judge, detect: the way of every event.

use sever_model::port::{Detector, Settled};
use sever_model::{
    Batch, Class, EventSource, EventTime, FindingSet, FingerprintKey, Inventory, Limits, SubjectRegister, Symbols,
};

use crate::Report;

/// What a pipeline is built from.
pub struct Setup {
    /// The classes of token.
    pub classes: Vec<Class>,
    /// The files of all logs, by the number that events carry.
    pub sources: Vec<EventSource>,
    /// The run's limits.
    pub limits: Limits,
    /// The key that identifiers are fingerprinted under.
    pub key: FingerprintKey,
    /// The detectors to run.
    pub detectors: Vec<Box<dyn Detector>>,
}

/// Takes every use of a token once its judgement is final for now, and again if it is retracted.
pub trait SettledSink {
    /// Takes one use.
    fn settled(&mut self, settled: &Settled<'_>, symbols: &Symbols);
}

/// Resolves, judges and detects.
pub struct Pipeline {
    findings: FindingSet,
}

impl Pipeline {
    /// An empty one.
    pub fn new(setup: Setup) -> Pipeline {
        Pipeline { findings: FindingSet::new(&setup.limits) }
    }

    /// Takes a run of events of one file.
    #[allow(clippy::too_many_arguments)] // the engine's inner loop: a struct would only name them twice
    pub fn observe(
        &mut self,
        _source: usize,
        _batch: &Batch,
        _rows: (usize, usize),
        _inventory: &Inventory,
        _register: Option<&dyn SubjectRegister>,
        _symbols: &Symbols,
        _sink: &mut dyn SettledSink,
    ) {
    }

    /// The logs are at their end: what still waits is handed over as it is.
    pub fn end(
        &mut self,
        _inventory: &Inventory,
        _register: Option<&dyn SubjectRegister>,
        _symbols: &Symbols,
        _sink: &mut dyn SettledSink,
    ) {
    }

    /// Lets the detectors look at the standing state.
    pub fn stand(
        &mut self,
        _at: EventTime,
        _inventory: &Inventory,
        _register: Option<&dyn SubjectRegister>,
        _symbols: &Symbols,
    ) {
    }

    /// What the judge saw and held back.
    pub fn report(&self) -> Report {
        Report::default()
    }

    /// The findings so far.
    pub fn findings(&self) -> &FindingSet {
        &self.findings
    }

    /// The findings.
    pub fn into_findings(self) -> FindingSet {
        self.findings
    }

    /// The state, with symbols written as text.
    pub fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Takes up a saved state.
    ///
    /// # Errors
    /// When the state is not one that it wrote.
    pub fn load(&mut self, _state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        Ok(())
    }
}
