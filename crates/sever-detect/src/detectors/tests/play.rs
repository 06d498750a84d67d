//! Plays a fixture to one detector, cut up and interrupted in any way.

use sever_model::port::{Events, Resolved, Settled, View};
use sever_model::{Batch, Finding, FindingSet, FingerprintKey, Row, Span, SubjectRegister, Symbols};

use super::case::EventLine;
use super::world::{Step, World};
use crate::registry::Registered;
use crate::resolve::Resolver;

/// Decides, before each step, whether a run ends there and whether the detector is saved and a new
/// one takes up its state.
pub(super) trait Cuts {
    fn cut(&mut self) -> bool;
    fn save(&mut self) -> bool;
}

/// Nothing is cut.
pub(super) struct Whole;

impl Cuts for Whole {
    fn cut(&mut self) -> bool {
        false
    }
    fn save(&mut self) -> bool {
        false
    }
}

/// Everything is cut, and saved each time.
pub(super) struct Each;

impl Cuts for Each {
    fn cut(&mut self) -> bool {
        true
    }
    fn save(&mut self) -> bool {
        true
    }
}

/// Cut by chance, the same for the same seed.
///
/// Source: xorshift64 (Marsaglia, 2003).
pub(super) struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

impl Cuts for Chance {
    fn cut(&mut self) -> bool {
        self.next().is_multiple_of(3)
    }
    fn save(&mut self) -> bool {
        self.next().is_multiple_of(7)
    }
}

/// What a detector finds in a world.
pub(super) fn play(registered: &Registered, world: &World, cuts: &mut dyn Cuts) -> Vec<Finding> {
    let key = FingerprintKey::new([7; 16]);
    let mut symbols = Symbols::new(key, world.limits.symbols_max);
    let mut resolver = Resolver::new(&world.sources);
    let mut detector = (registered.make)(&world.settings);
    let mut findings = FindingSet::new(&world.limits);
    let mut step = 0;
    while let Some(next) = world.steps.get(step) {
        if cuts.save() {
            let state = detector.save(&symbols);
            // Through text, as a checkpoint goes.
            let state = serde_json::from_str(&state.to_string()).expect("a saved state is JSON");
            // A new run numbers its symbols anew.
            symbols = Symbols::new(key, world.limits.symbols_max);
            symbols.intern("some other run's first name");
            resolver = Resolver::new(&world.sources);
            detector = (registered.make)(&world.settings);
            detector.load(state, &mut symbols).expect("it takes up what it saved");
        }
        let register = world.register.as_ref().map(|register| register as &dyn SubjectRegister);
        let view = |symbols| View {
            inventory: &world.inventory,
            register,
            classes: &world.classes,
            symbols,
            sources: &world.sources,
            limits: &world.limits,
        };
        resolver.prepare(&world.inventory);
        match next {
            Step::Stand(at) => {
                detector.stand(*at, &view(&symbols), &mut findings);
                step += 1;
            }
            Step::Settle(settle) => {
                let (at, event) = labelled(world, &settle.label);
                let mut batch = Batch::new();
                push(&mut batch, event, at, &mut symbols);
                let source = source_of(world, event);
                let settled = Settled {
                    source,
                    batch: &batch,
                    row: 0,
                    resolved: resolver.resolve(source, &batch, 0, &world.inventory, &symbols),
                    judgement: settle.judgement,
                    stage: settle.stage,
                    was: settle.was,
                    at: settle.at,
                    class: (!world.classes.is_empty()).then_some(0),
                };
                detector.settle(&settled, &view(&symbols), &mut findings);
                step += 1;
            }
            Step::Event(first) => {
                let source = source_of(world, first);
                let mut batch = Batch::new();
                // A run seldom begins where its batch does.
                push(&mut batch, first, step, &mut symbols);
                let from = batch.len();
                let mut judged = Vec::new();
                while let Some(Step::Event(event)) = world.steps.get(step)
                    && source_of(world, event) == source
                    && (judged.is_empty() || !cuts.cut())
                {
                    push(&mut batch, event, step, &mut symbols);
                    judged.push(event.judged);
                    step += 1;
                }
                let resolved: Vec<Resolved> = (from..batch.len())
                    .map(|row| resolver.resolve(source, &batch, row, &world.inventory, &symbols))
                    .collect();
                let rows = (from, batch.len());
                let events = Events { source, batch: &batch, rows, resolved: &resolved, judged: &judged };
                detector.observe(&events, &view(&symbols), &mut findings);
            }
        }
    }
    findings.into_sorted().0
}

fn source_of(world: &World, event: &EventLine) -> usize {
    let named = world.sources.iter().position(|source| source.log.as_str() == event.log);
    named.unwrap_or_else(|| panic!("no log is called `{}`", event.log))
}

fn labelled<'a>(world: &'a World, label: &str) -> (usize, &'a EventLine) {
    let mut events = world.steps.iter().enumerate().filter_map(|(at, step)| match step {
        Step::Event(event) => Some((at, &**event)),
        _ => None,
    });
    events.find(|(_, event)| event.label == label).unwrap_or_else(|| panic!("no event has the label `{label}`"))
}

fn push(batch: &mut Batch, event: &EventLine, offset: usize, symbols: &mut Symbols) {
    let subjects: Vec<&str> = event.subjects.iter().map(String::as_str).collect();
    let mut row = Row::new(event.time, event.kind, event.record.unwrap_or(offset as u64 * 100));
    row.outcome = event.outcome;
    row.actor = &event.actor;
    row.account = &event.account;
    row.action = &event.action;
    row.issuer = &event.issuer;
    row.token_type = &event.token_type;
    row.audience = &event.audience;
    row.client = &event.client;
    row.key_id = &event.key_id;
    row.credential = &event.credential;
    row.token_subject = &event.token_subject;
    row.session = &event.session;
    row.node = &event.node;
    row.sequence = event.sequence.map(|number| number + if event.counts_up { event.nth as u64 } else { 0 });
    row.issued_at = event.issued_at;
    row.expires_at = event.lives_secs.and_then(|secs| Some(event.issued_at?.plus(Span::secs(secs))));
    row.data_subjects = &subjects;
    row.subject_count = event.subject_count;
    row.resource = &event.resource;
    row.source_ip = &event.ip;
    row.user_agent = &event.agent;
    batch.push(&row, symbols);
}
