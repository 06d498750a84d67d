//! A small world for judging: rows from fixture lines, and a transcript of all that is said.
//!
//! A fixture is lines of JSON: `{"class": …}`, one record, or `{"many": n, "every": secs, "row": …}`.
//! Times are `HH:MM:SS` of one day, or seconds from the record's own time (`"+3600"`). Records come in
//! the order of `arrives`, which is `at` where absent. Ids that begin with `bg` are background and
//! left out of transcripts.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Deserialize;
use sever_model::port::{Detector, Events, Settled, Surplus, View};
use sever_model::{
    Audience, Batch, ClaimSet, Class, Confidence, Coverage, CoverageBy, EventKind, EventSource, EventTime, Finding,
    FindingSet, FingerprintKey, Inventory, Join, Judgement, Limits, Meta, Outcome, Row, Severity, SourceId, Span,
    Stage, Symbols, Tables, Unjudgeable, WallTime,
};

use crate::registry::{Registered, Settings};
use crate::{Pipeline, SettledSink, Setup};

pub(crate) const KEY: FingerprintKey = FingerprintKey::new(*b"0123456789abcdef");
pub(crate) const ISSUER: &str = "https://id.example";

/// One record.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Spec {
    pub log: String,
    pub at: String,
    pub arrives: String,
    pub kind: Option<EventKind>,
    pub id: String,
    pub session: String,
    pub iss: Option<String>,
    #[serde(rename = "type")]
    pub token_type: String,
    pub kid: Option<String>,
    pub sub: Option<String>,
    pub iat: String,
    pub exp: String,
    pub node: String,
    pub seq: Option<u64>,
    pub outcome: Option<Outcome>,
    pub idle_since: String,
    pub polls: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ClassSpec {
    name: Option<String>,
    issuer: Option<String>,
    token_type: String,
    used_in: Option<Vec<SourceId>>,
    not_logged: bool,
    join: Option<Join>,
    bound: Option<ClaimSet>,
    lifetime: Option<i64>,
    settle: Option<i64>,
    coverage: Option<CoverageBy>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Class { class: ClassSpec },
    Limits { waiting_max: usize },
    Many { many: u64, every: f64, row: Spec },
    One(Spec),
}

/// A record in its place.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub source: usize,
    pub spec: Spec,
    pub time: EventTime,
    pub kind: EventKind,
}

/// What is judged, and by which classes.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub classes: Vec<Class>,
    pub logs: Vec<SourceId>,
    pub rows: Vec<Placed>,
    pub limits: Limits,
}

impl World {
    /// The usual class, and no record.
    pub(crate) fn empty() -> World {
        let logs = ["issuer", "gateway"].map(SourceId::from).to_vec();
        World { classes: vec![class(ClassSpec::default())], logs, rows: Vec::new(), limits: Limits::default() }
    }

    /// The world of a fixture.
    pub(crate) fn parse(text: &str) -> World {
        let mut world = World { classes: Vec::new(), ..World::empty() };
        let mut placed = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with("//")) {
            let parsed = serde_json::from_str(line).unwrap_or_else(|error| panic!("line {}: {error}", number + 1));
            match parsed {
                Line::Class { class: spec } => world.classes.push(class(spec)),
                Line::Limits { waiting_max } => world.limits.pending_max = waiting_max,
                Line::One(spec) => placed.push(world.place(spec, Span::ZERO)),
                Line::Many { many, every, row } => {
                    for at in 0..many {
                        let mut spec = row.clone();
                        spec.id = spec.id.replace("{}", &at.to_string());
                        spec.session = spec.session.replace("{}", &at.to_string());
                        spec.seq = spec.seq.map(|seq| seq + at);
                        placed.push(world.place(spec, Span::from_micros((every * 1e6) as i64 * at as i64)));
                    }
                }
            }
        }
        if world.classes.is_empty() {
            world.classes.push(class(ClassSpec::default()));
        }
        placed.sort_by_key(|(arrives, _)| *arrives);
        world.rows = placed.into_iter().map(|(_, row)| row).collect();
        world
    }

    /// The usual class, and these records in the order that they arrive in.
    pub(crate) fn of(specs: Vec<Spec>) -> World {
        let mut world = World::empty();
        let mut placed: Vec<_> = specs.into_iter().map(|spec| world.place(spec, Span::ZERO)).collect();
        placed.sort_by_key(|(arrives, _)| *arrives);
        world.rows = placed.into_iter().map(|(_, row)| row).collect();
        world
    }

    /// Adds a record at the end.
    pub(crate) fn push(&mut self, spec: Spec) {
        let (_, row) = self.place(spec, Span::ZERO);
        self.rows.push(row);
    }

    fn place(&mut self, spec: Spec, moved: Span) -> (EventTime, Placed) {
        let log = SourceId::from(spec.log.as_str());
        let source = self.logs.iter().position(|known| *known == log).unwrap_or_else(|| {
            self.logs.push(log);
            self.logs.len() - 1
        });
        let time = clock(&spec.at).plus(moved);
        let arrives = if spec.arrives.is_empty() { time } else { clock(&spec.arrives).plus(moved) };
        let usual = if spec.log == "issuer" { EventKind::Issued } else { EventKind::Used };
        let kind = spec.kind.unwrap_or(usual);
        (arrives, Placed { source, spec, time, kind })
    }

    fn pipeline(&self, ears: &Ears) -> Pipeline {
        let sources = self.logs.iter().map(|log| EventSource::of(log.clone(), None)).collect();
        let (classes, limits) = (self.classes.clone(), self.limits.clone());
        let mut detectors: Vec<Box<dyn Detector>> = vec![Box::new(ears.clone())];
        detectors.extend(ears.real.map(|real| (real.make)(&Settings::default())));
        Pipeline::new(Setup { classes, sources, limits, key: KEY, detectors })
    }

    /// Judges everything, cut into runs after the rows that `cut` picks, and saved and loaded where
    /// `save` says so; gives the transcript and the report.
    pub(crate) fn judge(
        &self,
        cut: impl Fn(usize) -> bool,
        save: impl Fn(usize) -> bool,
    ) -> (Vec<String>, crate::Report) {
        let ears = Ears::default();
        let (_, report) = self.run(&ears, cut, save);
        (ears.said.take(), report)
    }

    /// What a detector finds.
    pub(crate) fn find(&self, registered: &'static Registered) -> Vec<Finding> {
        let ears = Ears { real: Some(registered), ..Ears::default() };
        self.run(&ears, |_| false, |_| false).0.into_findings().into_sorted().0
    }

    fn run(&self, ears: &Ears, cut: impl Fn(usize) -> bool, save: impl Fn(usize) -> bool) -> (Pipeline, crate::Report) {
        let inventory =
            Inventory::new(Tables::default(), EventTime::MIN, WallTime::from_micros(0), Coverage { lines: Vec::new() });
        let mut symbols = Symbols::new(KEY, 10_000);
        let mut pipeline = self.pipeline(ears);
        let mut sink = ears.clone();
        let mut batch = Batch::new();
        for (at, row) in self.rows.iter().enumerate() {
            push(row, at, &mut batch, &mut symbols);
            let next = self.rows.get(at + 1);
            if cut(at) || next.is_none_or(|next| next.source != row.source) || save(at) {
                pipeline.observe(row.source, &batch, (0, batch.len()), &inventory, None, &symbols, &mut sink);
                batch.clear();
            }
            if save(at) {
                let text = pipeline.save(&symbols).unwrap().to_string();
                symbols = Symbols::new(KEY, 10_000);
                pipeline = self.pipeline(ears);
                pipeline.load(serde_json::from_str(&text).unwrap(), &mut symbols).unwrap();
            }
        }
        pipeline.end(&inventory, None, &symbols, &mut sink);
        let report = pipeline.report();
        (pipeline, report)
    }
}

fn push(placed: &Placed, offset: usize, batch: &mut Batch, symbols: &mut Symbols) {
    let spec = &placed.spec;
    let mut row = Row::new(placed.time, placed.kind, offset as u64);
    let relative = |text: &str| match text.parse::<f64>() {
        _ if text.is_empty() => None,
        Ok(secs) => Some(placed.time.plus(Span::from_micros((secs * 1e6) as i64))),
        Err(_) => Some(clock(text)),
    };
    let heartbeat = placed.kind == EventKind::Heartbeat;
    row.issuer = spec.iss.as_deref().unwrap_or(ISSUER);
    row.token_type = &spec.token_type;
    row.key_id = spec.kid.as_deref().unwrap_or(if heartbeat { "" } else { "k1" });
    row.token_subject = spec.sub.as_deref().unwrap_or(if heartbeat { "" } else { "alice" });
    (row.credential, row.session, row.node) = (&spec.id, &spec.session, &spec.node);
    (row.issued_at, row.expires_at) = (relative(&spec.iat), relative(&spec.exp));
    (row.idle_since, row.subject_count) = (relative(&spec.idle_since), spec.polls);
    row.sequence = spec.seq;
    row.outcome = spec.outcome.unwrap_or(Outcome::Answered);
    batch.push(&row, symbols);
}

/// `HH:MM:SS` of the first of June 2025; hours may go past 24.
fn clock(text: &str) -> EventTime {
    let day = EventTime::parse("2025-06-01T00:00:00Z").unwrap();
    let parts: Vec<f64> =
        text.split(':').map(|part| part.parse().unwrap_or_else(|_| panic!("time `{text}`"))).collect();
    let [hours, minutes, secs] = parts[..] else { panic!("time `{text}`") };
    day.plus(Span::from_micros(((hours * 3_600.0 + minutes * 60.0 + secs) * 1e6) as i64))
}

/// The time of day, hours going on past 24.
pub(crate) fn told(at: EventTime) -> String {
    let micros = at.since(EventTime::parse("2025-06-01T00:00:00Z").unwrap()).micros();
    let secs = micros.div_euclid(1_000_000);
    let fraction = match micros.rem_euclid(1_000_000) {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    format!("{:02}:{:02}:{:02}{fraction}", secs / 3_600, secs / 60 % 60, secs % 60)
}

fn class(spec: ClassSpec) -> Class {
    let usual = ClaimSet::KEY_ID.with(ClaimSet::SUBJECT).with(ClaimSet::ISSUED_AT).with(ClaimSet::EXPIRES_AT);
    Class {
        issuer: spec.issuer.unwrap_or_else(|| ISSUER.to_owned()),
        name: spec.name.unwrap_or_else(|| "access".to_owned()),
        issued_in: (!spec.not_logged).then(|| SourceId::from("issuer")),
        used_in: spec.used_in.unwrap_or_else(|| vec![SourceId::from("gateway")]),
        token_type: spec.token_type,
        audiences: Vec::new(),
        key_ids: Vec::new(),
        join: spec.join.unwrap_or(Join::Jti),
        bound: spec.bound.unwrap_or(usual),
        lifetime_max: Span::secs(spec.lifetime.unwrap_or(3_600)),
        settle: Span::secs(spec.settle.unwrap_or(120)),
        coverage: spec.coverage.unwrap_or(CoverageBy::Sequence),
    }
}

/// Writes down all that is said, to detectors and to the sink, in order.
#[derive(Clone, Default)]
pub(crate) struct Ears {
    said: Rc<RefCell<Vec<String>>>,
    /// A detector to run beside.
    real: Option<&'static Registered>,
}

static META: Meta = Meta {
    id: "ears",
    title: "",
    speaks_when: "",
    quiet_when: "",
    severity: Severity::Info,
    confidence: Confidence::Certain,
    audience: Audience::Engineer,
    attack: &[],
    remediation: "",
    bounded_by: "the test",
    profiles_people: false,
};

impl Ears {
    fn write(&self, to: &str, settled: &Settled<'_>) {
        let id = settled.batch.credential(settled.row);
        let id = if id.is_empty() { settled.batch.session(settled.row) } else { id };
        let stage = match settled.stage {
            Stage::Provisional => "provisional",
            Stage::Confirmed => "confirmed",
            Stage::Retracted => "retracted",
        };
        let (used, at) = (told(settled.batch.time(settled.row)), told(settled.at));
        self.said.borrow_mut().push(format!("{at} {to} {stage}: {id} used {used} {}", settled.judgement));
    }
}

impl SettledSink for Ears {
    fn settled(&mut self, settled: &Settled<'_>, _: &Symbols) {
        self.write("sink    ", settled);
    }
}

impl Detector for Ears {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, _: &View<'_>, _: &mut FindingSet) {
        for row in events.range() {
            let judged = events.judged(row).map_or_else(|| "later".to_owned(), |judgement| judgement.to_string());
            let at = told(events.batch.time(row));
            let seen = format!("{at} observed: {} {judged}", events.batch.credential(row));
            self.said.borrow_mut().push(seen);
        }
    }

    fn settle(&mut self, settled: &Settled<'_>, _: &View<'_>, _: &mut FindingSet) {
        self.write("detector", settled);
    }

    fn surplus(&mut self, surplus: &Surplus<'_>, _: &View<'_>, _: &mut FindingSet) {
        let Surplus { at, now, before, claimants, lost, .. } = *surplus;
        let one = surplus.record.map_or("", |(_, batch, row)| batch.credential(row));
        let told = format!("{} detector surplus: {now} (was {before}): {claimants} claim {lost}; {one}", told(at));
        self.said.borrow_mut().push(told);
    }

    fn save(&self, _: &Symbols) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn load(&mut self, _: serde_json::Value, _: &mut Symbols) -> Result<(), serde_json::Error> {
        Ok(())
    }
}

/// The transcript without the background, and the report, as a fixture's expectation has them.
pub(crate) fn expectation(said: &[String], report: &crate::Report) -> String {
    let mut text = String::new();
    for line in said.iter().filter(|line| !line.contains(": bg") && !line.contains("observed")) {
        text.push_str(&format!("{line}\n"));
    }
    for class in &report.classes {
        text.push_str(&format!(
            "\n{}: {} issued ({} late, {} duplicate, {} conflicting)\n",
            class.name, class.issued, class.issued_late, class.duplicates, class.conflicts
        ));
        let unjudgeable = |reason: &(Unjudgeable, u64)| format!(", {} {}", reason.1, Judgement::Unjudgeable(reason.0));
        let answered = match class.uses_expired_answered {
            0 => String::new(),
            answered => format!(" ({answered} answered)"),
        };
        text.push_str(&format!(
            "uses: {} issued, {} mismatch, {} never issued, {} expired{answered}{}; {} held back, {} retracted, {} met late\n",
            class.uses_issued,
            class.uses_mismatch,
            class.uses_never_issued,
            class.uses_expired,
            class.uses_unjudgeable.iter().map(unjudgeable).collect::<String>(),
            class.held_back,
            class.retracted,
            class.met_late,
        ));
        let share = class.coverage_share.map_or(String::new(), |(share, proven)| {
            format!(" = {:.1} %, {:.1} % proven", share * 100.0, proven * 100.0)
        });
        let known = |at: Option<EventTime>| at.map_or("never".to_owned(), told);
        text.push_str(&format!(
            "coverage: {} of {}{share}; known {} to {}{}{}\n",
            class.coverage_seen,
            class.coverage_due,
            known(class.epoch),
            known(class.watermark),
            if class.silent { ", silent since" } else { "" },
            if class.never_meets { ", never meets" } else { "" },
        ));
        for gap in &class.gaps {
            let lost = gap.lost.map_or("unknown".to_owned(), |lost| lost.to_string());
            let claimants = gap.claimants.map_or(String::new(), |claimants| format!(", {claimants} claim it"));
            let span = format!("{} to {}", told(gap.from), told(gap.to));
            text.push_str(&format!("gap: {:?} {span}, lost {lost}{claimants}\n", gap.kind));
        }
    }
    for (issuer, count) in &report.not_covered {
        text.push_str(&format!("not covered: {issuer} {count}\n"));
    }
    text
}
