//! `check`: judge the standing state, every invariant, as of one instant.

use sever_detect::{Pipeline, Setup};
use sever_model::port::Detector;
use sever_model::{Class, EventTime, Finding, FingerprintKey, Inventory, Limits, SubjectRegister, Symbols};

/// What a check needs.
pub struct CheckSetup<'a> {
    /// The inventory, as known at the moment asked about.
    pub inventory: &'a Inventory,
    /// Who is a customer, where there is a register.
    pub register: Option<&'a dyn SubjectRegister>,
    /// The classes of token.
    pub classes: Vec<Class>,
    /// The detectors to run.
    pub detectors: Vec<Box<dyn Detector>>,
    /// The key that identifiers are fingerprinted under.
    pub key: FingerprintKey,
    /// The run's limits.
    pub limits: Limits,
}

/// Judges the standing state as of `at`: the findings, gravest first, and how many did not fit.
pub fn check(setup: CheckSetup<'_>, at: EventTime) -> (Vec<Finding>, u64) {
    let symbols = Symbols::new(setup.key, setup.limits.symbols_max);
    let mut pipeline = Pipeline::new(Setup {
        classes: setup.classes,
        sources: Vec::new(),
        limits: setup.limits,
        key: setup.key,
        detectors: setup.detectors,
    });
    pipeline.stand(at, setup.inventory, setup.register, &symbols);
    pipeline.into_findings().into_sorted()
}
