//! `scan`: judge history.
//!
//! Several logs are read side by side and merged by event time, row by row, so that the judge sees
//! what happened in the order it happened, whatever the order or the cutting of the files. The
//! order is a function of the records alone: two scans of the same logs say the same.
//!
//! Memory: one decoded chunk per file that is open at once; a file is opened when the merge reaches
//! its first record.

pub(crate) mod cursor;
pub(crate) mod lake;
pub(crate) mod merge;

use std::io;

use sever_decode::{Accounting, Format, Mapping};
use sever_detect::{OwnProbes, Pipeline, Report, Setup};
use sever_lake::LakeWriter;
use sever_model::port::{Detector, Events};
use sever_model::{
    Class, EventSource, EventTime, Finding, FingerprintKey, Inventory, Knock, Limits, SubjectRegister, Symbols,
};

use crate::{EngineError, Progress, Unit};

/// Opens one file of a log from its beginning.
pub type Open = Box<dyn Fn() -> io::Result<Box<dyn io::Read>>>;

/// Sees every run of events before it is judged.
pub type Watch<'a> = &'a mut dyn FnMut(&Events<'_>, &Symbols);

/// One file of a log.
pub struct LogInput {
    /// Where its events come from.
    pub source: EventSource,
    /// The format it is written in.
    pub format: &'static Format,
    /// The mapping, for mapped formats.
    pub mapping: Option<Mapping>,
    /// Its size on disk, for telling progress.
    pub bytes: u64,
    /// Opens it.
    pub open: Open,
}

impl LogInput {
    /// Where its events come from, with the format it is read as.
    pub fn read_as(&self) -> EventSource {
        EventSource { format: Some(self.format.id.to_owned()), ..self.source.clone() }
    }
}

/// What a scan needs.
pub struct ScanSetup<'a> {
    /// The files of all logs.
    pub inputs: Vec<LogInput>,
    /// Who works here, what they hold, and when.
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
    /// Our own tries of doors, whose traces in the logs are nobody's use of anything.
    pub knocks: Vec<Knock>,
    /// Where judged uses are kept, if they are.
    pub lake: Option<LakeWriter>,
    /// Sees every run of events before it is judged; for comparisons.
    pub watch: Option<Watch<'a>>,
}

/// What a scan gave.
#[derive(Debug)]
pub struct ScanOutcome {
    /// The findings, gravest first.
    pub findings: Vec<Finding>,
    /// Findings that did not fit.
    pub findings_dropped: u64,
    /// What the judge saw and held back, per class.
    pub report: Report,
    /// What became of each file's bytes.
    pub logs: Vec<LogReport>,
    /// Distinct recurring names that did not fit in the run's table.
    pub symbols_overflowed: u64,
    /// What of the logs was our own tries of doors.
    pub own_probes: OwnProbes,
    /// Judged uses written to the lake.
    pub lake_rows: u64,
}

/// What became of one file.
#[derive(Debug, Clone)]
pub struct LogReport {
    /// Which.
    pub source: EventSource,
    /// Its bytes, events and rejects.
    pub accounting: Accounting,
    /// Its first event.
    pub first: Option<EventTime>,
    /// Its last event.
    pub last: Option<EventTime>,
    /// Why its reading stopped early, if it did.
    pub broken: Option<String>,
}

/// Judges the logs.
///
/// # Errors
/// When a file cannot be opened at all, a mapping does not fit, or the lake cannot be written. What
/// breaks off half-way is reported in its [`LogReport`], and the rest goes on.
pub fn scan(setup: ScanSetup<'_>, progress: &mut dyn Progress) -> Result<ScanOutcome, EngineError> {
    let sources: Vec<EventSource> = setup.inputs.iter().map(LogInput::read_as).collect();
    let mut symbols = Symbols::new(setup.key, setup.limits.symbols_max);
    let pipeline = Pipeline::new(Setup {
        classes: setup.classes,
        sources: sources.clone(),
        limits: setup.limits.clone(),
        key: setup.key,
        detectors: setup.detectors,
    })
    .knowing(setup.knocks);
    progress.begin("scan", Some(setup.inputs.iter().map(|input| input.bytes).sum()), Unit::Bytes);
    let identities = match setup.lake {
        Some(_) => lake::identities(&setup.inputs, &setup.key),
        None => Vec::new(),
    };
    let mut merge = merge::Merge::new(setup.inputs, &setup.limits, &mut symbols)?;
    let mut judging = Judging { pipeline, inventory: setup.inventory, register: setup.register, watch: setup.watch };
    let mut sink = lake::Sink::new(setup.lake, setup.inventory, sources);
    while let Some(run) = merge.next(&mut symbols, progress)? {
        judging.observe(&run, &symbols, &mut sink);
    }
    let last = merge.reports().iter().filter_map(|log| log.last).max();
    let Judging { mut pipeline, inventory, register, .. } = judging;
    pipeline.end(inventory, register, &symbols, &mut sink);
    if let Some(last) = last {
        pipeline.stand(last, inventory, register, &symbols);
    }
    let (report, own_probes) = (pipeline.report(), pipeline.own_probes());
    let (findings, findings_dropped) = pipeline.into_findings().into_sorted();
    let logs = merge.into_reports();
    let lake_rows = sink.finish(&logs, identities)?;
    let symbols_overflowed = symbols.overflowed();
    Ok(ScanOutcome { findings, findings_dropped, report, logs, symbols_overflowed, own_probes, lake_rows })
}

/// The judge with all it looks at.
struct Judging<'a> {
    pipeline: Pipeline,
    inventory: &'a Inventory,
    register: Option<&'a dyn SubjectRegister>,
    watch: Option<Watch<'a>>,
}

impl Judging<'_> {
    fn observe(&mut self, run: &merge::Run<'_>, symbols: &Symbols, sink: &mut lake::Sink<'_>) {
        if let Some(watch) = &mut self.watch {
            watch(
                &Events { source: run.source, batch: run.batch, rows: run.rows, resolved: &[], judged: &[] },
                symbols,
            );
        }
        self.pipeline.observe(run.source, run.batch, run.rows, self.inventory, self.register, symbols, sink);
    }
}

#[cfg(test)]
mod tests;
