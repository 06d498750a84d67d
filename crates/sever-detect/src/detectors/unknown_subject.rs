//! `unknown-subject`: a token names somebody who was never given out, or was deleted before.
//!
//! Fires when a use names a token subject that the register never gave out, had not given out yet,
//! or had deleted, and the register is complete past the use. Stays quiet for subjects that are no
//! customers (the client itself, an account of ours), for what was created or deleted within the
//! clock skew, for tokens that may have been issued before the deletion, and where the issuer
//! itself is shown to have issued the token to that subject: then the register is at fault.
//! Until an issuer has named one subject that the register knows, it may serve other people
//! altogether, and what it names is a possibility only.
//! Bounded by: one entry per issuer, [`Limits::detector_entries_max`](sever_model::Limits) at most;
//! later issuers are treated as ones that have named nobody known.

use std::collections::BTreeSet;

use sever_model::port::{Detector, Events, View};
use sever_model::{
    Audience, ClaimSet, Confidence, EventKind, EventTime, FindingSet, Judgement, Lookup, Meta, Outcome, Raise,
    Severity, Span, Stage, SubjectRegister, Sym, Symbols, Thing, ThingKind,
};

use super::{custody, say};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "unknown-subject",
    title: "a token names a subject that does not exist",
    speaks_when: "a use names a subject that the register never gave out, or had deleted before",
    quiet_when: "the subject is the client itself or an account of ours, it was created or deleted within the clock \
                 skew, the token may be older than the deletion, the issuer is shown to have issued it to that \
                 subject, or the register is not complete past the use",
    severity: Severity::Critical,
    confidence: Confidence::Certain,
    audience: Audience::Responder,
    attack: &["T1606.001", "T1606.002", "T1087"],
    remediation: "find out who could have read the signing key with `sever who`, rotate it, and have the issuer log \
                  what it issues, so that each token can be judged",
    bounded_by: "one entry per issuer that has named a known subject; issuers past the limit stay unproven",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered { meta: &META, make: |_| Box::new(UnknownSubject::default()) };

#[derive(Default)]
struct UnknownSubject {
    /// Issuers that have named somebody whom the register knows.
    proven: BTreeSet<String>,
    /// The one proven last, so that a run of one issuer's uses costs no lookup.
    proven_last: Option<Sym>,
}

/// What is wrong with a subject.
#[derive(Clone, Copy)]
enum Wrong {
    Never,
    NotYet(EventTime),
    Deleted(EventTime),
}

impl Detector for UnknownSubject {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        let Some(register) = view.register.filter(|register| !register.is_empty()) else { return };
        for row in events.range() {
            if events.batch.kind(row) == EventKind::Used && !events.batch.token_subject(row).is_empty() {
                self.look(events, row, register, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.proven)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.proven = serde_json::from_value(state)?;
        self.proven_last = None;
        Ok(())
    }
}

impl UnknownSubject {
    fn look(
        &mut self,
        events: &Events<'_>,
        row: usize,
        register: &dyn SubjectRegister,
        view: &View<'_>,
        out: &mut FindingSet,
    ) {
        let batch = events.batch;
        let (time, subject, issuer) = (batch.time(row), batch.token_subject(row), batch.names(row).issuer);
        let wrong = match register.lookup(subject) {
            Lookup::Never => Wrong::Never,
            Lookup::Known { created, .. } if created > time.plus(view.limits.skew) => Wrong::NotYet(created),
            Lookup::Known { deleted: Some(deleted), .. } if time > deleted.plus(grace(events, row, deleted, view)) => {
                Wrong::Deleted(deleted)
            }
            Lookup::Known { .. } => return self.prove(issuer, view),
        };
        if register.complete_until() > time && !excused(events, row, subject, view) {
            self.raise(events, row, wrong, view, out);
        }
    }

    fn prove(&mut self, issuer: Sym, view: &View<'_>) {
        if self.proven_last == Some(issuer) {
            return;
        }
        let text = view.symbols.text(issuer);
        if self.proven.len() < view.limits.detector_entries_max && !self.proven.contains(text) {
            self.proven.insert(text.to_owned());
        }
        self.proven_last = Some(issuer);
    }

    fn raise(&self, events: &Events<'_>, row: usize, wrong: Wrong, view: &View<'_>, out: &mut FindingSet) {
        let batch = events.batch;
        let (time, names) = (batch.time(row), batch.names(row));
        let issuer = view.symbols.text(names.issuer);
        let proven = self.proven.contains(issuer);
        let refused = batch.outcome(row) == Outcome::Refused;
        let key = events.resolved(row).key;
        let accused = match key.and_then(|ix| view.inventory.credential(ix)) {
            Some(entry) => Thing::new(ThingKind::Credential, entry.it.id.as_str()),
            // A made-up key id is the forger's to choose: it gets no finding of its own.
            None => Thing::new(ThingKind::Issuer, issuer),
        };
        let severity = match (proven, batch.outcome(row)) {
            (false, _) => Severity::Low,
            (true, Outcome::Refused) => Severity::High,
            (true, _) => Severity::Critical,
        };
        let mut evidence = say::record(view, events.source, batch, row);
        evidence.shows = format!("names subject `{}`: {}; {}", batch.token_subject(row), shows(wrong), evidence.shows);
        out.raise(&Raise {
            meta: &META,
            accused: accused.clone(),
            variant: if refused { "refused" } else { "" },
            severity,
            confidence: if proven { Confidence::Certain } else { Confidence::Possible },
            stage: Stage::Confirmed,
            was: None,
            at: time,
            known_at: time,
            evidence,
            tell: &|| {
                let of = match accused.kind {
                    ThingKind::Credential => format!("key `{}`", accused.id),
                    _ => format!("issuer `{issuer}`"),
                };
                let done = if refused { "refused use" } else { "use" };
                let who = custody::clause(view, key, time);
                let title = match accused.kind {
                    ThingKind::Credential => {
                        format!("{of}: {{count:{done}}} of tokens that name subjects who do not exist; {who}")
                    }
                    _ => format!("{of}: {{count:{done}}} of tokens that name subjects who do not exist"),
                };
                let inputs = vec![
                    say::input("register", shows(wrong)),
                    say::input("register complete until", view.register.map_or(EventTime::MIN, |r| r.complete_until())),
                    say::input("issuer has named known subjects", if proven { "yes" } else { "not yet" }),
                ];
                let issuer = Thing::new(ThingKind::Issuer, issuer);
                let others = if issuer == accused || issuer.id.is_empty() { Vec::new() } else { vec![issuer] };
                (title, others, inputs)
            },
        });
    }
}

/// How long after its deletion a subject may rightly be named: the skew, and where the token may be
/// older than the deletion, the longest life of its issuer's tokens.
fn grace(events: &Events<'_>, row: usize, deleted: EventTime, view: &View<'_>) -> Span {
    let skew = view.limits.skew;
    if events.batch.issued_at(row).is_some_and(|issued| issued > deleted.plus(skew)) {
        return skew;
    }
    let issuer = view.symbols.text(events.batch.names(row).issuer);
    let lives = view.classes.iter().filter(|class| class.issuer == issuer).map(|class| class.lifetime_max);
    Span::from_micros(lives.max().unwrap_or_default().micros().saturating_add(skew.micros()))
}

/// Whether it is known why the register does not hold the subject.
fn excused(events: &Events<'_>, row: usize, subject: &str, view: &View<'_>) -> bool {
    let batch = events.batch;
    if matches!(events.judged(row), Some(Judgement::Issued(claims)) if claims.holds(ClaimSet::SUBJECT)) {
        return true;
    }
    let client = view.symbols.text(batch.names(row).client);
    let system = view.sources.get(events.source).and_then(|source| source.system.as_ref());
    client == subject || view.inventory.account_named(system.map(|system| system.as_str()), subject).is_some()
}

fn shows(wrong: Wrong) -> String {
    match wrong {
        Wrong::Never => "never given out".to_owned(),
        Wrong::NotYet(created) => format!("not given out before {created}"),
        Wrong::Deleted(deleted) => format!("deleted {deleted}"),
    }
}
