//! One incident: written, pulled, checked, scanned, and compared with the truth.
//!
//! The truth's long lists are read as streams, and of the events of misuse only their places are kept, four
//! bytes each: a play at full scale has 182 million of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sever_engine::{CheckSetup, ScanOutcome, narrow};
use sever_lake::{Detail, Filter, Pivot, ReachAnswer, ReachQuery, reach_where};
use sever_model::port::Events;
use sever_model::{
    EventKind, EventSource, EventTime, Finding, Fingerprint, Inventory, Outcome, Span, Stage, SubjectRegister, Symbols,
    Thing, WallTime,
};
use sever_replay::usual::{Request, Usual};
use sever_replay::{Expected, Incident, MisuseIndex, Narrowed, Play, Truth};

use sever_store::{Basis, RunKind};

use crate::cli::Global;
use crate::cli::demo::Args;
use crate::cli::demo::closing::{Closing, INCIDENTS};
use crate::cli::demo::review::Review;
use crate::cli::output::Output;
use crate::cli::site::{Keep, Moment, Site, lake_failure};
use crate::hint::Failure;
use crate::progress::{Meter, Unit};

/// What was said of one incident, beside the truth.
pub(super) struct Told {
    pub incident: &'static Incident,
    pub truth: Truth,
    /// What was said by the end of the day of departure, before any misuse.
    pub standing: Vec<Finding>,
    /// When all of it that must be said could be.
    pub standing_at: Option<EventTime>,
    /// The first confirmed finding that is about misuse.
    pub first: Option<Finding>,
    /// Misuse until then.
    pub misuse_before: u64,
    /// People whose data was lost until then.
    pub people_before: u64,
    /// Things that misuse had destroyed until then.
    pub things_before: u64,
    /// Detectors that spoke rightly.
    pub detectors: BTreeSet<String>,
    /// Distinct people by `reach`: at least, and at most where that is known.
    pub people: Option<(u64, Option<u64>)>,
    /// How the lower bound's people compare with those of the truth.
    pub people_are: Option<PeopleAre>,
    /// What rights that go after 90 days without use would have left of it; nothing where no source
    /// tells of rights.
    pub narrowed: Option<Narrowed>,
    /// Findings that the truth does not hold.
    pub wrong: Vec<Finding>,
    /// Findings that must be said and were not.
    pub missed: Vec<String>,
    /// What the ranked lists held, day by day.
    pub review: Review,
    /// Uses that the ledger holds back or cannot judge, of all uses.
    pub held_back: (u64, u64),
    /// What usual monitoring says first that points at misuse.
    pub usual_at: Option<EventTime>,
    /// How many alerts it raised in all.
    pub usual_alerts: usize,
    /// The departure as it is cut, and what then comes of the same misuse; where it is public which
    /// doors were left open.
    pub closing: Option<Closing>,
}

/// How the people that `reach` names for sure compare with those of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PeopleAre {
    /// The very same.
    Exact,
    /// All of them are among those of the truth, and some are missing.
    Fewer,
    /// Somebody is among them whose data was not touched.
    Wrong,
}

/// What was seen of the events themselves while they were scanned.
struct Watched {
    usual: Usual,
    /// When misuse destroyed a thing.
    destroyed: Vec<EventTime>,
}

/// Plays an incident into `dir` and judges it.
pub(super) fn play(
    incident: &'static Incident,
    args: &Args,
    global: &Global,
    dir: &Path,
    out: &mut Output,
) -> Result<Told, Failure> {
    let play = Play {
        scale: args.scale,
        seed: args.seed,
        variant: args.variant.clone(),
        unknown_share: args.unknown_share,
        progress: Some(progress()),
    };
    let truth = incident.play(&play, dir).map_err(replay_failure)?;
    drop(play);

    let mut site = Site::at(&dir.join("severance.toml"), global)?;
    // A dated listing is known from its day; an undated one was there from the beginning.
    let begin = truth.departed_at.minus(Span::days(400));
    let end = truth.last_misuse_at.plus(Span::days(60));
    site.sync(&|at| WallTime::from_micros(if at > end { begin } else { at }.micros()))?;
    agree(&mut site, &truth)?;
    let register = site.register(out)?;
    let register = register.as_ref().map(|register| register as &dyn SubjectRegister);

    let standing = standing(&site, register, &truth)?;
    let known = Moment { as_of: end, known_at: WallTime::from_micros(end.micros()) };
    let inventory = site.inventory(&known)?;
    let index = MisuseIndex::load(dir).map_err(replay_failure)?;
    let closing = INCIDENTS.contains(&incident.id).then(|| Closing::of(&site, &truth, &inventory));
    let mut closing = closing.transpose()?;
    let kept = std::mem::replace(&mut site.limits.evidence_max, ROWS_KEPT);
    let (mut outcome, watched) = scan(&mut site, &inventory, register, &index, closing.as_mut())?;
    let review = Review::of(&truth, &outcome.findings);
    site.limits.evidence_max = kept;
    let first = first_confirmed(&outcome, &truth, &index).or_else(|| review.first.clone());
    outcome.findings.iter_mut().for_each(|finding| finding.evidence.truncate(kept));
    // So that `sever findings` has something to show in a play that is kept.
    site.save_findings(RunKind::Scan, vec![incident.id.to_owned()], &outcome.findings)?;

    let until = first.as_ref().map_or(EventTime::MAX, |finding| finding.known_at);
    let (wrong, mut missed) = compare(&truth, standing.iter().chain(&outcome.findings));
    missed.extend(review.missed.iter().cloned());
    let reach = reach(&site, &outcome, &truth, register)?;
    let met = People::meet(dir, reach.as_ref(), until, &site)?;
    let mut misuse_before = 0;
    Truth::each_misuse(dir, &mut |row| misuse_before += u64::from(row.at <= until)).map_err(replay_failure)?;
    let narrowed = narrowed(&site, &inventory, &outcome, &truth, register)?;
    let detectors = standing.iter().chain(&outcome.findings);
    let detectors = detectors.filter(|finding| truth.ranks(&finding.detector, &finding.things));
    Ok(Told {
        incident,
        standing_at: standing_at(&truth, &standing),
        detectors: detectors.map(|finding| finding.detector.clone()).collect(),
        first,
        misuse_before,
        people_before: met.before,
        things_before: watched.destroyed.iter().filter(|at| **at <= until).count() as u64,
        people: reach.as_ref().map(|reach| (reach.lower, reach.upper)),
        people_are: reach.map(|reach| met.compared(reach.people.len() as u64)),
        narrowed,
        held_back: held_back(&outcome),
        usual_at: watched.usual.first_at_misuse().map(|alert| alert.at),
        usual_alerts: watched.usual.alerts().len(),
        closing,
        standing,
        wrong,
        missed,
        review,
        truth,
    })
}

/// Rows of a ranked list kept of one finding while a play is judged: one a week for two years.
const ROWS_KEPT: usize = 128;

/// Shows how far the writing of a play is.
fn progress() -> sever_replay::Progress {
    const PARTS: u64 = 1_000;
    let meter = Mutex::new((Meter::stderr(), String::new(), 0_u64));
    Arc::new(move |what, share| {
        // A listener that has failed before shows nothing more.
        let Ok(mut held) = meter.lock() else { return };
        let (meter, stage, shown) = &mut *held;
        if stage != what {
            what.clone_into(stage);
            *shown = 0;
            meter.begin(what, Some(PARTS), Unit::Items);
        }
        let done = (share * PARTS as f64) as u64;
        meter.advance(done.saturating_sub(*shown));
        *shown = done.max(*shown);
    })
}

/// Records the legal basis that such a company would have needed for ranking its people.
fn agree(site: &mut Site, truth: &Truth) -> Result<(), Failure> {
    let profiles = |id: &str| sever_detect::registry::Registered::named(id).is_some_and(|it| it.meta.profiles_people);
    let ranked: BTreeSet<&str> = truth.ranked.iter().map(|expected| expected.detector.as_str()).collect();
    for detector in ranked.into_iter().filter(|id| profiles(id)) {
        let basis = Basis {
            detector: detector.to_owned(),
            basis: "works agreement (of the play)".to_owned(),
            who: "demo".to_owned(),
            at: crate::clock::now(),
            until: None,
        };
        site.store_mut(async |store| store.set_basis(&basis).await)?;
    }
    Ok(())
}

/// Those whose data misuse touched, beside those whom `reach` names.
struct People {
    /// Touched until the first finding.
    before: u64,
    touched: u64,
    /// Of those touched, whom `reach` names.
    named: u64,
}

impl People {
    fn meet(dir: &Path, reach: Option<&ReachAnswer>, until: EventTime, site: &Site) -> Result<People, Failure> {
        let mut met = People { before: 0, touched: 0, named: 0 };
        let key = site.key();
        let mut said: Vec<Fingerprint> =
            reach.map_or_else(Vec::new, |answer| answer.people.iter().map(|(who, _)| *who).collect());
        said.sort_unstable();
        Truth::each_person(dir, &mut |person| {
            met.before += u64::from(person.first_at <= until);
            met.touched += 1;
            met.named += u64::from(said.binary_search(&key.fingerprint(person.id.as_bytes())).is_ok());
        })
        .map_err(replay_failure)?;
        Ok(met)
    }

    fn compared(&self, said: u64) -> PeopleAre {
        match said == self.named {
            true if said == self.touched => PeopleAre::Exact,
            true => PeopleAre::Fewer,
            false => PeopleAre::Wrong,
        }
    }
}

/// What could be said by the end of the day of departure, by what was known then.
fn standing(site: &Site, register: Option<&dyn SubjectRegister>, truth: &Truth) -> Result<Vec<Finding>, Failure> {
    let at = truth.departure_day_end;
    let moment = Moment { as_of: at, known_at: WallTime::from_micros(at.micros()) };
    let inventory = site.inventory(&moment)?;
    let setup = CheckSetup {
        inventory: &inventory,
        register,
        classes: site.classes(&[]),
        detectors: site.detectors()?,
        key: site.key(),
        limits: site.limits.clone(),
    };
    Ok(sever_engine::check(setup, at).0)
}

/// Scans the play's logs; usual monitoring looks at the same events, and they come to the doors that were
/// cut.
fn scan(
    site: &mut Site,
    inventory: &Inventory,
    register: Option<&dyn SubjectRegister>,
    index: &MisuseIndex,
    mut closing: Option<&mut Closing>,
) -> Result<(ScanOutcome, Watched), Failure> {
    let mut watched = Watched { usual: Usual::new(), destroyed: Vec::new() };
    let inputs = site.logs()?;
    let sources: Vec<EventSource> = inputs.iter().map(|input| input.source.clone()).collect();
    let mut watch = |events: &Events<'_>, symbols: &Symbols| {
        let Some(source) = sources.get(events.source) else { return };
        for row in events.range() {
            if matches!(events.batch.kind(row), EventKind::Issued | EventKind::Heartbeat) {
                continue;
            }
            let names = events.batch.names(row);
            let actor = symbols.text(names.actor);
            let misuse = index.contains(source.id.as_str(), events.batch.offset(row));
            if let Some(closing) = closing.as_deref_mut() {
                closing.meet(source, events.batch, row, symbols, misuse);
            }
            if misuse && destroys(symbols.text(names.action)) && events.batch.outcome(row) == Outcome::Answered {
                watched.destroyed.push(events.batch.time(row));
            }
            watched.usual.observe(&Request {
                time: events.batch.time(row),
                source_ip: events.batch.source_ip(row),
                actor: if actor.is_empty() { events.batch.token_subject(row) } else { actor },
                endpoint: events.batch.resource(row),
                subjects: events.batch.subject_total(row),
                misuse,
            });
        }
    };
    let outcome = site.scan(inputs, inventory, register, Some(&mut watch), Keep::Uses)?;
    Ok((outcome, watched))
}

/// Whether what was done is the destruction of a thing: the words of the plays' own logs.
fn destroys(action: &str) -> bool {
    action.starts_with("delete")
}

/// When everything that must stand on the day of departure could be said.
fn standing_at(truth: &Truth, standing: &[Finding]) -> Option<EventTime> {
    let must = truth.standing.iter().filter(|expected| expected.must);
    let said = |expected: &Expected| {
        let rightly = standing.iter().filter(|finding| expected.matches(&finding.detector, &finding.things));
        rightly.map(|finding| finding.known_at).min()
    };
    must.map(said).collect::<Option<Vec<EventTime>>>()?.into_iter().max()
}

/// The first confirmed finding about misuse: one that the truth holds, told by events of misuse.
fn first_confirmed(outcome: &ScanOutcome, truth: &Truth, misuse: &MisuseIndex) -> Option<Finding> {
    let about = outcome.findings.iter().filter(|finding| {
        finding.stage == Stage::Confirmed
            && finding.last >= truth.first_misuse_at
            && finding.known_at >= truth.first_misuse_at
            && finding
                .evidence
                .iter()
                .any(|evidence| evidence.offset.is_some_and(|offset| misuse.contains(evidence.source.as_str(), offset)))
            && truth.holds(&finding.detector, &finding.things)
    });
    about.min_by_key(|finding| finding.known_at).cloned()
}

/// Findings that the truth does not hold, and those it holds that were not said.
fn compare<'a>(truth: &Truth, said: impl Iterator<Item = &'a Finding>) -> (Vec<Finding>, Vec<String>) {
    let said: Vec<&Finding> = said.filter(|finding| finding.stage == Stage::Confirmed).collect();
    let mut wrong: Vec<Finding> = Vec::new();
    for finding in &said {
        if !truth.holds(&finding.detector, &finding.things) && !wrong.iter().any(|known| known.id == finding.id) {
            wrong.push((*finding).clone());
        }
    }
    let must = truth.expected.iter().filter(|expected| expected.must);
    let missed = must.filter(|expected| !said.iter().any(|f| expected.matches(&f.detector, &f.things)));
    (wrong, missed.map(|expected| format!("{} {}", expected.detector, expected.thing)).collect())
}

/// The reach of what the findings accuse: forged uses of the key, or the account from the end of
/// access on. Nothing where no people's data is in the incident.
fn reach(
    site: &Site,
    outcome: &ScanOutcome,
    truth: &Truth,
    register: Option<&dyn SubjectRegister>,
) -> Result<Option<ReachAnswer>, Failure> {
    let Some(query) = asked(outcome, truth) else { return Ok(None) };
    site.reach(&query, register).map(Some)
}

/// What is asked of the lake: about what the findings accuse.
fn asked(outcome: &ScanOutcome, truth: &Truth) -> Option<ReachQuery> {
    if truth.people_count == 0 {
        return None;
    }
    let accuses = |detector: &str| {
        let mut confirmed = outcome.findings.iter().filter(|finding| finding.stage == Stage::Confirmed);
        confirmed.find(|finding| finding.detector == detector).and_then(|finding| finding.things.first())
    };
    let native = |thing: &Thing| thing.id.split_once('/').map_or(thing.id.as_str(), |(_, native)| native).to_owned();
    let of = |thing: (Pivot, String), from: Option<EventTime>, judged: Option<&str>| ReachQuery {
        filter: Filter { thing: Some(thing), from, to: None },
        judged: judged.map(str::to_owned),
        detail: Detail { split: false, listed: true },
        also: Vec::new(),
    };
    if let (None, Some(key)) = (accuses("token-never-issued"), accuses("key-out-of-life")) {
        return Some(of((Pivot::Key, native(key)), None, None));
    }
    match (accuses("token-never-issued"), accuses("use-after-departure")) {
        (Some(key), _) => Some(of((Pivot::Key, native(key)), None, Some("forged"))),
        (None, Some(account)) => Some(of((Pivot::Account, account.id.clone()), Some(truth.departed_at), None)),
        (None, None) => None,
    }
}

/// Days without use after which a right would have gone.
pub(super) const UNUSED_DAYS: u32 = 90;

/// What would have been left of the reach, and of those who could read the misused key on the last
/// day, had each right gone that nobody had exercised for so long.
fn narrowed(
    site: &Site,
    inventory: &Inventory,
    outcome: &ScanOutcome,
    truth: &Truth,
    register: Option<&dyn SubjectRegister>,
) -> Result<Option<Narrowed>, Failure> {
    let Some(query) = asked(outcome, truth).filter(|_| !inventory.grants().is_empty()) else { return Ok(None) };
    let narrow = narrow(inventory, &site.lake_dir(), Span::days(i64::from(UNUSED_DAYS)), truth.last_misuse_at)
        .map_err(|error| Failure::new(error.to_string()))?;
    let mut counts = |row: &sever_lake::UseRow<'_>| !narrow.refuses(row);
    let answer = reach_where(&site.lake_dir(), &query, register, &site.people()?, &mut counts).map_err(lake_failure)?;
    let key = query.filter.thing.filter(|(pivot, _)| *pivot == Pivot::Key);
    let key = key.and_then(|(_, key)| inventory.credential_named(&key));
    let last_day = truth.departed_at.minus(Span::days(1));
    let readers = key.and_then(|key| narrow.narrow.readers(key, last_day));
    Ok(Some(Narrowed {
        people: answer.lower,
        readers: readers.map(|readers| (readers.all as u64, readers.left as u64)),
    }))
}

/// Uses that wait or cannot be judged, and all uses.
fn held_back(outcome: &ScanOutcome) -> (u64, u64) {
    let mut held = 0;
    let mut all = 0;
    for class in &outcome.report.classes {
        let unjudgeable: u64 = class.uses_unjudgeable.iter().map(|(_, count)| count).sum();
        held += unjudgeable + class.held_back;
        all += unjudgeable + class.held_back + class.uses_issued + class.uses_mismatch;
        all += class.uses_never_issued + class.uses_expired;
    }
    (held, all)
}

fn replay_failure(error: sever_replay::ReplayError) -> Failure {
    let hint = error.hint();
    let failure = Failure::usage(error.to_string());
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

impl Told {
    /// How long after the first misuse that could be told the first confirmed finding came.
    pub fn delay(&self) -> Option<Span> {
        let from = self.truth.first_tellable_at.max(self.truth.told_at);
        self.first.as_ref().map(|finding| finding.known_at.since(from))
    }

    /// Whether the people are told as well as the logs allow: exactly where they are whole, else at
    /// least and at most, and nobody who was not touched among those told for sure.
    pub fn people_as_they_should_be(&self) -> bool {
        let truth = self.truth.people_count;
        match (self.people, self.people_are) {
            (Some((lower, upper)), Some(PeopleAre::Exact)) if self.truth.whole => {
                lower == truth && upper == Some(truth)
            }
            (Some((lower, upper)), Some(PeopleAre::Exact | PeopleAre::Fewer)) if !self.truth.whole => {
                lower <= truth && upper.is_none_or(|upper| truth <= upper)
            }
            // Who is employed also looks at people for whom it is right.
            (None, None) => truth == 0 || self.truth.insider,
            _ => false,
        }
    }

    /// Whether everything that must be said was, nothing wrong was, in time, the people are told, and what
    /// was cut is closed.
    pub fn as_it_should_be(&self) -> bool {
        let within = self.truth.settle.plus(Span::secs(5)).max(self.truth.ranked_within);
        let in_time = self.delay().is_some_and(|delay| delay <= within);
        let silent = self.truth.misuse_events == 0;
        let standing = self.truth.standing.iter().filter(|expected| expected.must);
        let stood = standing
            .clone()
            .all(|expected| self.standing.iter().any(|finding| expected.matches(&finding.detector, &finding.things)));
        let people = self.people_as_they_should_be();
        // Where issuances are late or lost, the people are told between bounds only, and so are these.
        let narrowed = !self.truth.whole || self.narrowed == self.truth.narrowed;
        let closed = self.closing.as_ref().is_none_or(Closing::is_as_it_should_be);
        let said = self.missed.is_empty() && self.wrong.is_empty() && (in_time || silent) && stood;
        said && people && narrowed && closed
    }

    /// What each detector had to say, said of that, and said beside the truth.
    fn by_detector(&self) -> Value {
        let mut counts: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
        for expected in self.truth.expected.iter().filter(|expected| expected.must) {
            let named = format!("{} {}", expected.detector, expected.thing);
            let [must, said, _] = counts.entry(&expected.detector).or_default();
            *must += 1;
            *said += u64::from(!self.missed.contains(&named));
        }
        for wrong in &self.wrong {
            let [_, _, beside] = counts.entry(&wrong.detector).or_default();
            *beside += 1;
        }
        let row = |[expected, said, wrong]: [u64; 3]| json!({ "expected": expected, "said": said, "false": wrong });
        counts.into_iter().map(|(detector, count)| (detector.to_owned(), row(count))).collect()
    }

    /// The row as scripts read it.
    pub fn json(&self) -> Value {
        json!({
            "incident": self.incident.id,
            "variant": self.truth.variant,
            "standing_finding_at": self.standing_at,
            "departed_at": self.truth.departed_at,
            "told_at": self.truth.told_at,
            "first_misuse_at": self.truth.first_misuse_at,
            "first_confirmed_finding_at": self.first.as_ref().map(|finding| finding.known_at),
            "delay_secs": self.delay().map(|delay| delay.micros() as f64 / 1e6),
            "misuse_events": self.truth.misuse_events,
            "misuse_events_before_finding": self.misuse_before,
            "detectors": self.detectors,
            "people_truth": self.truth.people_count,
            "people_lower": self.people.map(|(lower, _)| lower),
            "people_upper": self.people.and_then(|(_, upper)| upper),
            "people_exact": self.people_are.map(|are| are == PeopleAre::Exact),
            "logs_whole": self.truth.whole,
            "people_with_unused_rights_gone": self.narrowed.map(|narrowed| narrowed.people),
            "key_readers": self.narrowed.and_then(|narrowed| narrowed.readers).map(|(all, _)| all),
            "key_readers_with_unused_rights_gone":
                self.narrowed.and_then(|narrowed| narrowed.readers).map(|(_, left)| left),
            "people_before_finding": self.people_before,
            "things_lost_before_finding": self.things_before,
            "things_lost": self.truth.things_lost,
            "things_total": self.truth.things_total,
            "false_findings": self.wrong.len(),
            "missed_findings": self.missed,
            "by_detector": self.by_detector(),
            "review": self.review.json(),
            "benign_events": self.truth.benign_events,
            "held_back_uses": self.held_back.0,
            "uses": self.held_back.1,
            "usual_monitoring_at": self.usual_at,
            "usual_monitoring_alerts": self.usual_alerts,
            "closing": self.closing.as_ref().map(Closing::json),
            "generated": true,
        })
    }
}
