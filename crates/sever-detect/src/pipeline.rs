//! Resolve, judge, detect: the way of every event.
//!
//! ```text
//! run of rows ─► resolve ─► judge ─┬─ said at once ───► sink
//!                                  │                    detectors.observe, run by run
//!                                  └─ news: provisional, confirmed, retracted
//!                                                  └──► detectors.settle, sink
//! ```
//!
//! Detectors see rows and news in one order, whatever the cutting into runs: before news is told,
//! they are shown all rows up to the one that caused it.
//!
//! **What a use sounds like.** A use whose judgement is final at once is in [`Events::judged`] and
//! goes to the sink. Any other is told by `settle`: `(J, Provisional)` when it would be forged; then
//! `(J, Confirmed)`, or `(J, Retracted)` followed by `(K, Confirmed)` where it turned out to be K.
//! In a retraction the judgement is the one that is taken back. The sink hears only what is final:
//! `(K, Confirmed)` once per use, `(J, Provisional)` for what could not be confirmed, and, where a
//! late issuance corrects a confirmed word, `(J, Retracted)` and then `(K, Confirmed)`.

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, Resolved, Settled, Surplus, View};
use sever_model::{
    Batch, Class, EventSource, EventTime, Finding, FindingSet, FingerprintKey, Inventory, Judgement, Knock, Limits,
    SavedFindings, SourceId, Stage, SubjectRegister, Symbols,
};

use crate::Report;
use crate::judge::{self, Hearers, Judge, Told, WINDOW};
use crate::knocks::{self, Knocks, OwnProbes};
use crate::resolve::Resolver;

/// What a pipeline is built from.
pub struct Setup {
    /// The classes of token.
    pub classes: Vec<Class>,
    /// The files of all logs, by the number that events carry.
    pub sources: Vec<EventSource>,
    /// The run's limits.
    pub limits: Limits,
    /// The key that identifiers are fingerprinted under, which is that of the run's [`Symbols`].
    pub key: FingerprintKey,
    /// The detectors to run.
    pub detectors: Vec<Box<dyn Detector>>,
}

/// Takes every use of a token once its judgement is final for now, and again if it is retracted.
pub trait SettledSink {
    /// Takes one use.
    fn settled(&mut self, settled: &Settled<'_>, symbols: &Symbols);

    /// Takes an event that presents no token, but an account: a sign-in, a report, a deletion.
    fn unjudged(&mut self, _source: usize, _batch: &Batch, _row: usize, _resolved: Resolved, _symbols: &Symbols) {}
}

/// Resolves, judges and detects.
pub struct Pipeline {
    classes: Vec<Class>,
    sources: Vec<EventSource>,
    limits: Limits,
    resolver: Resolver,
    judge: Judge,
    detectors: Vec<Box<dyn Detector>>,
    findings: FindingSet,
    /// Our own probes, which are nobody's use of anything.
    knocks: Knocks,
    /// Scratch: what the rows of the run at hand stand for, and what was said of them at once.
    resolved: Vec<Resolved>,
    judged: Vec<Option<Judgement>>,
}

/// A pipeline's state, but for its findings and its rows at hand, of which there are none between runs.
#[derive(Serialize, Deserialize)]
struct Saved {
    judge: judge::Saved,
    detectors: Vec<(String, serde_json::Value)>,
    #[serde(default)]
    knocks: knocks::Saved,
}

/// What detectors and the sink are told with.
struct Ears<'a> {
    view: View<'a>,
    detectors: &'a mut [Box<dyn Detector>],
    findings: &'a mut FindingSet,
    sink: &'a mut dyn SettledSink,
}

impl Pipeline {
    /// An empty one.
    pub fn new(setup: Setup) -> Pipeline {
        let Setup { classes, sources, limits, key, detectors } = setup;
        Pipeline {
            resolver: Resolver::new(&sources),
            judge: Judge::new(&classes, &sources, &limits, key),
            findings: FindingSet::new(&limits),
            classes,
            sources,
            limits,
            detectors,
            knocks: Knocks::default(),
            resolved: Vec::new(),
            judged: Vec::new(),
        }
    }

    /// The same, with our own tries of doors known: their traces are counted, and shown to nobody.
    #[must_use]
    pub fn knowing(self, knocks: Vec<Knock>) -> Pipeline {
        Pipeline { knocks: Knocks::new(knocks), ..self }
    }

    /// What of the logs was our own tries of doors.
    pub fn own_probes(&self) -> OwnProbes {
        self.knocks.seen()
    }

    /// Takes one more file of a log, by the next number. The log must be among those of the pipeline's
    /// first sources: what is judged of it was settled then.
    pub fn add_source(&mut self, source: EventSource) {
        self.resolver.add(&source);
        self.judge.add(&source);
        self.sources.push(source);
    }

    /// Takes a run of events of one file, in the merged order of all.
    #[allow(clippy::too_many_arguments)] // the engine's inner loop: a struct would only name them twice
    pub fn observe(
        &mut self,
        source: usize,
        batch: &Batch,
        rows: (usize, usize),
        inventory: &Inventory,
        register: Option<&dyn SubjectRegister>,
        symbols: &Symbols,
        sink: &mut dyn SettledSink,
    ) {
        let Pipeline { classes, sources, limits, resolver, judge, detectors, findings, knocks, resolved, judged } =
            self;
        let view = View { inventory, register, classes, symbols, sources, limits };
        let mut ears = Ears { view, detectors, findings, sink };
        resolver.prepare(inventory);
        resolved.clear();
        judged.clear();
        let mut shown = rows.0;
        for row in rows.0..rows.1.min(batch.len()) {
            if (row - rows.0).is_multiple_of(WINDOW) {
                judge.look_ahead(source, batch, row..rows.1.min(batch.len()).min(row + WINDOW), symbols);
            }
            let names = resolver.resolve(source, batch, row, inventory, symbols);
            if knocks.account_for(source, batch, row, names, &ears.view) {
                ears.show(source, batch, (shown, row), resolved, judged);
                shown = row + 1;
                resolved.clear();
                judged.clear();
                continue;
            }
            let said = judge.take(source, batch, row, symbols);
            resolved.push(names);
            judged.push(said.map(|said| said.judgement));
            if said.is_none() && judge.is_no_use(batch, row) {
                ears.sink.unjudged(source, batch, row, names, symbols);
            }
            if let Some(said) = said {
                let (judgement, class, at) = (said.judgement, said.class, batch.time(row));
                let stage = Stage::Confirmed;
                let settled = Settled { source, batch, row, resolved: names, judgement, stage, was: None, at, class };
                ears.sink.settled(&settled, symbols);
            }
            if judge.has_news() {
                ears.show(source, batch, (shown, row + 1), resolved, judged);
                shown = row + 1;
                resolved.clear();
                judged.clear();
                judge.tell_surplus(batch, &mut |surplus| ears.tell_surplus(surplus));
                judge.tell(batch, &mut |told| ears.tell(told, resolver, inventory, symbols));
            }
        }
        ears.show(source, batch, (shown, rows.1.min(batch.len())), resolved, judged);
    }

    /// The logs are at their end: what still waits is handed over as it is.
    pub fn end(
        &mut self,
        inventory: &Inventory,
        register: Option<&dyn SubjectRegister>,
        symbols: &Symbols,
        sink: &mut dyn SettledSink,
    ) {
        let Pipeline { classes, sources, limits, resolver, judge, detectors, findings, .. } = self;
        let view = View { inventory, register, classes, symbols, sources, limits };
        let mut ears = Ears { view, detectors, findings, sink };
        resolver.prepare(inventory);
        judge.end(symbols);
        judge.tell(&Batch::new(), &mut |told| ears.tell(told, resolver, inventory, symbols));
    }

    /// Lets the detectors look at the standing state.
    pub fn stand(
        &mut self,
        at: EventTime,
        inventory: &Inventory,
        register: Option<&dyn SubjectRegister>,
        symbols: &Symbols,
    ) {
        let (classes, sources, limits) = (&self.classes, &self.sources, &self.limits);
        let view = View { inventory, register, classes, symbols, sources, limits };
        for detector in &mut self.detectors {
            detector.stand(at, &view, &mut self.findings);
        }
    }

    /// What the judge saw and held back.
    pub fn report(&self) -> Report {
        self.judge.report()
    }

    /// The findings so far.
    pub fn findings(&self) -> &FindingSet {
        &self.findings
    }

    /// The findings that were raised or taken back since this was last asked; see
    /// [`FindingSet::take_touched`].
    pub fn take_touched(&mut self) -> Vec<(u32, Finding)> {
        self.findings.take_touched()
    }

    /// Goes on with findings that were saved beside the state.
    pub fn load_findings(&mut self, saved: SavedFindings) {
        self.findings = FindingSet::load(saved, &self.limits);
    }

    /// The findings.
    pub fn into_findings(self) -> FindingSet {
        self.findings
    }

    /// The state of judge and detectors, with symbols written as text. Findings are the caller's.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which would be a defect.
    pub fn save(&self, symbols: &Symbols) -> Result<serde_json::Value, serde_json::Error> {
        let source = |at: usize| self.sources.get(at).map_or_else(|| SourceId::from(""), |source| source.id.clone());
        let detectors = self.detectors.iter().map(|detector| (detector.meta().id.to_owned(), detector.save(symbols)));
        let (judge, knocks) = (self.judge.save(symbols, source), self.knocks.save());
        serde_json::to_value(Saved { judge, detectors: detectors.collect(), knocks })
    }

    /// Takes up a saved state, in a pipeline of the same classes that has seen nothing yet.
    ///
    /// # Errors
    /// When the state is not one that it wrote, or is of other classes.
    pub fn load(&mut self, state: serde_json::Value, symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        let Saved { judge, detectors, knocks } = serde_json::from_value(state)?;
        self.knocks.load(knocks);
        let sources = &self.sources;
        let source = |id: &SourceId| sources.iter().position(|source| source.id == *id);
        self.judge.load(judge, symbols, source).map_err(serde::de::Error::custom)?;
        self.resolver.forget();
        for (id, state) in detectors {
            // One that is turned off now leaves its state behind.
            if let Some(detector) = self.detectors.iter_mut().find(|detector| detector.meta().id == id) {
                detector.load(state, symbols)?;
            }
        }
        Ok(())
    }
}

impl Ears<'_> {
    /// Shows the detectors a run of rows.
    fn show(
        &mut self,
        source: usize,
        batch: &Batch,
        rows: (usize, usize),
        resolved: &[Resolved],
        judged: &[Option<Judgement>],
    ) {
        if rows.0 >= rows.1 {
            return;
        }
        let events = Events { source, batch, rows, resolved, judged };
        for detector in &mut *self.detectors {
            detector.observe(&events, &self.view, self.findings);
        }
    }

    /// Tells that more, or fewer, tokens claim a gap than it lost records.
    fn tell_surplus(&mut self, surplus: &Surplus<'_>) {
        for detector in &mut *self.detectors {
            detector.surplus(surplus, &self.view, self.findings);
        }
    }

    /// Tells one thing that was settled, to those who are to hear it.
    fn tell(&mut self, told: &Told<'_>, resolver: &mut Resolver, inventory: &Inventory, symbols: &Symbols) {
        let Told { source, batch, row, class, judgement, stage, at, hearers } = *told;
        // Resolved anew: the row may have waited through a change of the inventory.
        let resolved = resolver.resolve(source, batch, row, inventory, symbols);
        // What only detectors are to forget, only they had heard: it was provisional.
        let heard = if hearers == Hearers::Detectors { Stage::Provisional } else { Stage::Confirmed };
        let was = (stage == Stage::Retracted).then_some(heard);
        let settled = Settled { source, batch, row, resolved, judgement, stage, was, at, class: Some(class) };
        if hearers != Hearers::Sink {
            for detector in &mut *self.detectors {
                detector.settle(&settled, &self.view, self.findings);
            }
        }
        if hearers != Hearers::Detectors {
            self.sink.settled(&settled, symbols);
        }
    }
}
