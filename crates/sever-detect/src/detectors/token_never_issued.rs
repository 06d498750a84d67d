//! `token-never-issued`: a token is used that its issuer never made.
//!
//! Fires when the ledger says of a use that nobody issued its token (`NeverIssued`), or issued its
//! id with other claims (`Mismatch`): provisional at once, confirmed when the issuer's log has
//! settled, taken back when a late issuance explains it. Stays quiet for what cannot be judged: the
//! judge counts that, with the reason. Where more distinct tokens may be from a gap in the issuer's log
//! than it lost records, that is one finding about the issuer: at least the surplus was never issued, and
//! no single token is accused. A refused use does not show that the key signed anything, so
//! that it is a finding of its own, and a lesser one.
//! Bounded by: [`UNKNOWN_KEYS_MAX`] key ids that no inventory or class knows, for whoever makes up
//! tokens chooses those; past that they are told by their issuer. The first ones seen stay.

use std::collections::BTreeSet;

use sever_model::port::{Detector, Settled, Surplus, View};
use sever_model::{
    Audience, Class, Confidence, CoverageBy, CredentialIx, EventTime, Evidence, FindingSet, Judgement, Meta, Outcome,
    Raise, Severity, Stage, Symbols, Thing, ThingKind,
};

use super::{custody, say};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "token-never-issued",
    title: "a token is used that its issuer never made",
    speaks_when: "a use is judged never issued, or issued with other claims, where the issuer's coverage is proven; or \
                  more tokens claim a gap in the issuer's log than it lost records, which accuses none of them",
    quiet_when: "the issuance is late but comes within the settle window, the token may be from before the ledger, \
                 or the issuer's log has a gap: such uses are counted as unjudgeable, with the reason",
    severity: Severity::Critical,
    confidence: Confidence::Certain,
    audience: Audience::Responder,
    attack: &["T1606.001", "T1606.002", "T1552.004"],
    remediation: "rotate the signing key and prove that every verifier refuses the old one; find out who could have \
                  read it with `sever who`, and whose data was touched with `sever reach`",
    bounded_by: "1,000 key ids that neither the inventory nor a class knows; the first ones seen stay, later ones are \
                 told by their issuer",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered { meta: &META, make: |_| Box::new(TokenNeverIssued::default()) };

/// Unknown key ids that get a finding of their own.
const UNKNOWN_KEYS_MAX: usize = 1_000;

#[derive(Default)]
struct TokenNeverIssued {
    /// Key ids that nobody knows, by issuer.
    unknown_keys: BTreeSet<(String, String)>,
}

/// One forged use, however we came to hear of it.
struct Forged<'a> {
    judgement: Judgement,
    class: Option<&'a Class>,
    issuer: &'a str,
    key_id: &'a str,
    key: Option<CredentialIx>,
    outcome: Outcome,
    stage: Stage,
    was: Option<Stage>,
    at: EventTime,
    known_at: EventTime,
    evidence: Evidence,
}

impl Detector for TokenNeverIssued {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn settle(&mut self, settled: &Settled<'_>, view: &View<'_>, out: &mut FindingSet) {
        if !settled.judgement.forged() {
            return;
        }
        let (batch, row) = (settled.batch, settled.row);
        let names = batch.names(row);
        let class = settled.class.and_then(|at| view.classes.get(at));
        let forged = Forged {
            judgement: settled.judgement,
            class,
            issuer: class.map_or_else(|| view.symbols.text(names.issuer), |class| &class.issuer),
            key_id: view.symbols.text(names.key_id),
            key: settled.resolved.key,
            outcome: batch.outcome(row),
            stage: settled.stage,
            was: settled.was,
            at: batch.time(row),
            known_at: settled.at,
            evidence: say::record(view, settled.source, batch, row),
        };
        self.raise(&forged, view, out);
    }

    fn surplus(&mut self, surplus: &Surplus<'_>, view: &View<'_>, out: &mut FindingSet) {
        let Some(class) = view.classes.get(surplus.class) else { return };
        let more = surplus.now > surplus.before;
        let (log, issuer) = (class.issued_in.clone(), class.issuer.as_str());
        let numbers = format!("{} tokens that claim a gap of {} records", surplus.claimants, surplus.lost);
        let lost = say::fact(&log.unwrap_or_else(|| issuer.into()), surplus.from, numbers.as_str());
        let evidence = match surplus.record.filter(|_| more) {
            Some((source, batch, row)) => {
                let record = say::record(view, source, batch, row);
                Evidence { shows: format!("{}; one of the {numbers}", record.shows), ..record }
            }
            None => lost,
        };
        let raise = Raise {
            meta: &META,
            accused: Thing::new(ThingKind::Issuer, issuer),
            variant: &format!("gap-surplus\0{}", class.name),
            severity: Severity::Critical,
            confidence: Confidence::Certain,
            stage: if more { Stage::Confirmed } else { Stage::Retracted },
            was: (!more).then_some(Stage::Confirmed),
            at: evidence.at,
            known_at: surplus.at,
            evidence,
            tell: &|| (surplus_title(issuer), Vec::new(), surplus_inputs(surplus, class)),
        };
        // One event of the finding is one token too many.
        (0..surplus.now.abs_diff(surplus.before)).for_each(|_| out.raise(&raise));
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.unknown_keys)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.unknown_keys = serde_json::from_value(state)?;
        Ok(())
    }
}

impl TokenNeverIssued {
    fn raise(&mut self, forged: &Forged<'_>, view: &View<'_>, out: &mut FindingSet) {
        let refused = forged.outcome == Outcome::Refused;
        let known = forged.key.is_some() || forged.class.is_some_and(|class| names_key(class, forged.key_id));
        let accused = self.accuse(forged, known, view);
        let class = forged.class.map_or("", |class| class.name.as_str());
        let variant = format!(
            "{}\0{class}\0{}\0{}",
            forged.issuer,
            forged.judgement.word(),
            if refused { "refused" } else { "used" }
        );
        let (severity, confidence) = match (forged.outcome, known) {
            (Outcome::Answered, _) => (Severity::Critical, Confidence::Certain),
            (Outcome::Unknown, _) => (Severity::Critical, Confidence::Likely),
            (Outcome::Refused, true) => (Severity::High, Confidence::Likely),
            // Anybody can send a token that claims a made-up key and have it refused.
            (Outcome::Refused, false) => (Severity::Low, Confidence::Likely),
        };
        out.raise(&Raise {
            meta: &META,
            accused: accused.clone(),
            variant: &variant,
            severity,
            confidence,
            stage: forged.stage,
            was: forged.was,
            at: forged.at,
            known_at: forged.known_at,
            evidence: forged.evidence.clone(),
            tell: &|| (title(forged, &accused, view), others(forged, &accused), inputs(forged, refused)),
        });
    }

    /// The key, where it is known or there is room for one more unknown; else the issuer.
    fn accuse(&mut self, forged: &Forged<'_>, known: bool, view: &View<'_>) -> Thing {
        if let Some(entry) = forged.key.and_then(|ix| view.inventory.credential(ix)) {
            return Thing::new(ThingKind::Credential, entry.it.id.as_str());
        }
        let room_max = UNKNOWN_KEYS_MAX.min(view.limits.detector_entries_max);
        let unknown = (forged.issuer.to_owned(), forged.key_id.to_owned());
        let room = known
            || self.unknown_keys.contains(&unknown)
            || (forged.outcome != Outcome::Refused && self.unknown_keys.len() < room_max);
        if forged.key_id.is_empty() || !room {
            return Thing::new(ThingKind::Issuer, forged.issuer);
        }
        if !known {
            self.unknown_keys.insert(unknown);
        }
        Thing::new(ThingKind::Credential, forged.key_id)
    }
}

fn names_key(class: &Class, key_id: &str) -> bool {
    class.key_ids.iter().any(|id| id == key_id)
}

fn title(forged: &Forged<'_>, accused: &Thing, view: &View<'_>) -> String {
    let issuer = if forged.issuer.is_empty() { "its issuer" } else { &format!("`{}`", forged.issuer) };
    let wrong = match forged.judgement {
        Judgement::Mismatch(claims) => format!("whose ids {issuer} issued with another {claims}"),
        _ => format!("that {issuer} never issued"),
    };
    let subject = match accused.kind {
        ThingKind::Credential => format!("key `{}`", accused.id),
        _ => "keys that nobody knows".to_owned(),
    };
    if forged.outcome == Outcome::Refused {
        return format!("{{count:refused use}} of tokens that name {subject} and {wrong}");
    }
    let who = custody::clause(view, forged.key, forged.at);
    format!("{subject} signed {{count:use}} of tokens {wrong}; {who}")
}

fn surplus_title(issuer: &str) -> String {
    format!(
        "at least {{count}} of the tokens that claim a gap in the log of `{issuer}` were never issued: \
         more claim it than it lost records"
    )
}

fn surplus_inputs(surplus: &Surplus<'_>, class: &Class) -> say::Inputs {
    vec![
        say::input("class", &class.name),
        say::input("gap", format!("{} to {}", surplus.from, surplus.to)),
        say::input("records lost when first said", surplus.lost),
        say::input("tokens that claimed it then", surplus.claimants),
    ]
}

fn others(forged: &Forged<'_>, accused: &Thing) -> Vec<Thing> {
    let issuer = Thing::new(ThingKind::Issuer, forged.issuer);
    if forged.issuer.is_empty() || issuer == *accused { Vec::new() } else { vec![issuer] }
}

fn inputs(forged: &Forged<'_>, refused: bool) -> say::Inputs {
    let coverage = match forged.class.map(|class| class.coverage) {
        Some(CoverageBy::Sequence) => "measured by sequence numbers",
        Some(CoverageBy::Heartbeat) => "measured by heartbeats",
        Some(CoverageBy::Declared) => "coverage declared, not measured",
        Some(CoverageBy::Unknown) | None => "unknown",
    };
    let mut inputs = vec![say::input("judgement", forged.judgement), say::input("issuer coverage", coverage)];
    if let Some(class) = forged.class {
        inputs.push(say::input("class", &class.name));
        inputs.push(say::input("settle window", class.settle));
    }
    if refused {
        inputs.push(say::input("outcome", "refused: it is not shown that the key signed it"));
    }
    inputs
}
