//! `token-out-of-shape`: a token is unlike its issuer's own in lifetime, claims or the form of its id.
//!
//! For where no issuance log exists, and beside one: what a forger does not know he gets wrong. Three
//! features are compared, each for itself, per issuer, class and key: the form of the token's id
//! (`uuid-4`, `hex-32`, `base64url-22`), its lifetime, and which claims its uses carry. Where the
//! issuer's log tells what it mints, a form or lifetime that it has never minted is out of shape. Else
//! the settled majority of uses is the measure: a value seen first after so many uses, that stays
//! rare among those that follow. Each value is one finding, ranked low.
//!
//! Stays quiet while a feature is not settled or has many values (lifetimes that end with a session),
//! for a value that soon becomes common or comes with many clients at once (a roll-over), and
//! for single uses. It says nothing of whether a token was issued.
//! Bounded by: one entry per issuer, class and key, at most
//! [`Limits::detector_entries_max`](sever_model::Limits) over [`VALUES_MAX`] of them, since each may
//! hold so many values of each feature.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    Audience, Batch, Confidence, EventKind, EventTime, Evidence, FindingSet, Meta, Outcome, Raise, Severity, Span,
    Stage, Symbols, Thing, ThingKind,
};

use super::bounded::Bounded;
use super::say;
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "token-out-of-shape",
    title: "a token is unlike its issuer's own",
    speaks_when: "tokens of an issuer are used whose lifetime, claims or id form its log never mints or, without such a \
                  log, its settled majority does not have",
    quiet_when: "the feature is not settled or has many values, the new value soon becomes common or comes with many \
                 clients at once, or only a single use has it",
    severity: Severity::Low,
    confidence: Confidence::Possible,
    audience: Audience::Reviewer,
    attack: &["T1606.001", "T1606.002"],
    remediation: "ask the issuer's owner whether a new version makes such tokens; if not, treat its signing key as \
                  known to somebody, and have the issuer log what it issues, so that each token can be judged",
    bounded_by: "one entry per issuer, class and key, with at most 16 values of each of three features; when full, the \
                 eighth least recent are forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| {
        Box::new(TokenOutOfShape { settings: settings.token_out_of_shape.clone(), groups: Groups::default() })
    },
};

/// Values of one feature that are kept; one with more is not settled.
const VALUES_MAX: usize = 16;
/// Clients of a value that are kept.
const CLIENTS_MAX: usize = 16;

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Tokens of a group from which on a feature is settled.
    pub settled_min: u64,
    /// Uses that follow a value's first before it is known to be rare.
    pub followed_min: u64,
    /// A share of the uses that follow up to which a value is rare.
    pub rare_share: f64,
    /// So many uses must have a value before it is told.
    pub uses_min: u64,
    /// A value that comes with so many clients is a roll-over.
    pub clients_max: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { settled_min: 1_000, followed_min: 500, rare_share: 0.05, uses_min: 3, clients_max: 5 }
    }
}

struct TokenOutOfShape {
    settings: Settings,
    groups: Groups,
}

/// The tokens that are alike in issuer, class and key.
#[derive(Default, Serialize, Deserialize)]
struct Groups {
    /// As they are minted.
    minted: Bounded<[Feature; FEATURES.len()]>,
    /// As they are used, by the verifier's log besides.
    used: Bounded<[Feature; FEATURES.len()]>,
}

/// The features, as findings name them.
const FEATURES: [&str; 3] = ["id form", "lifetime", "claims"];
/// The claims that uses carry depend on the verifier's log, so that only uses are compared.
const CLAIMS: usize = 2;

/// How the values of one feature are spread.
#[derive(Default, Serialize, Deserialize)]
struct Feature {
    all: u64,
    values: BTreeMap<String, Value>,
    /// Whether there were more values than are kept.
    many: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Value {
    count: u64,
    /// How many there were of all when it first came; `None` for one of the settled majority.
    after: Option<u64>,
    clients: BTreeSet<String>,
    /// Uses that are not told yet: only the first, and how many.
    first: Option<Evidence>,
    untold: u64,
}

/// How a value came out.
enum Came {
    Usual,
    Waits,
    Rare { since: Evidence, uses: u64 },
}

impl Detector for TokenOutOfShape {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        for row in events.range() {
            let batch = events.batch;
            let kind = batch.kind(row);
            if matches!(kind, EventKind::Issued | EventKind::Used) && !batch.names(row).issuer.is_none() {
                self.look(events, row, kind == EventKind::Issued, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.groups)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.groups = serde_json::from_value(state)?;
        Ok(())
    }
}

impl TokenOutOfShape {
    fn look(&mut self, events: &Events<'_>, row: usize, minted: bool, view: &View<'_>, out: &mut FindingSet) {
        let (batch, names) = (events.batch, events.batch.names(row));
        let text = |sym| view.symbols.text(sym);
        // A refused token says what somebody made up, and nothing of what the issuer makes.
        if batch.outcome(row) == Outcome::Refused {
            return;
        }
        let mut key = format!("{}\0{}\0{}", text(names.issuer), text(names.token_type), text(names.key_id));
        // Two maps, and each entry may hold so many values.
        let groups_max = (view.limits.detector_entries_max / VALUES_MAX / 2).max(1);
        let (time, shape) = (batch.time(row), shape(batch, row, view));
        if minted {
            let group = self.groups.minted.touch(&key, time, groups_max);
            for (feature, value) in group.iter_mut().zip(shape) {
                value.into_iter().for_each(|value| feature.mint(&value));
            }
            return;
        }
        let log = self.groups.minted.get(&key);
        let log =
            |at: usize| log.and_then(|log| log.get(at)).filter(|it| at != CLAIMS && it.is_settled(&self.settings));
        let known: Vec<Option<bool>> = shape
            .iter()
            .enumerate()
            .map(|(at, value)| Some(log(at)?.values.contains_key(value.as_deref().unwrap_or_default())))
            .collect();
        key.push('\0');
        key.push_str(view.sources.get(events.source).map_or("", |source| source.log.as_str()));
        let group = self.groups.used.touch(&key, time, groups_max);
        let evidence = || say::record(view, events.source, batch, row);
        for (at, ((feature, value), known)) in group.iter_mut().zip(shape).zip(known).enumerate() {
            let Some(value) = value else { continue };
            let came = feature.came(&value, text(names.client), known, &self.settings, evidence);
            if let Came::Rare { since, uses } = came {
                let told = Told { feature: at, value: &value, minted: known.is_some(), since, uses };
                raise(&told, feature, events, row, view, out);
            }
        }
    }
}

impl Feature {
    fn mint(&mut self, value: &str) {
        self.all = self.all.saturating_add(1);
        if !self.values.contains_key(value) {
            if self.values.len() >= VALUES_MAX {
                self.many = true;
                return;
            }
            self.values.insert(value.to_owned(), Value::default());
        }
        if let Some(known) = self.values.get_mut(value) {
            known.count = known.count.saturating_add(1);
        }
    }

    fn is_settled(&self, settings: &Settings) -> bool {
        self.all >= settings.settled_min && !self.many
    }

    /// Counts one use with a value, and says whether the value is out of shape. `known` is what the
    /// issuer's own log says of it, where there is one.
    fn came(
        &mut self,
        value: &str,
        client: &str,
        known: Option<bool>,
        settings: &Settings,
        evidence: impl Fn() -> Evidence,
    ) -> Came {
        let settled = self.is_settled(settings);
        let before = self.all;
        self.mint(value);
        let Some(it) = self.values.get_mut(value) else { return Came::Usual };
        if it.count == 1 && (settled || known == Some(false)) {
            it.after = Some(before);
        }
        let Some(after) = it.after.filter(|_| known != Some(true)) else { return Came::Usual };
        if self.many && known.is_none() {
            return Came::Usual;
        }
        it.untold = it.untold.saturating_add(1);
        if it.first.is_none() {
            it.first = Some(evidence());
        }
        if it.clients.len() < CLIENTS_MAX && !it.clients.contains(client) {
            it.clients.insert(client.to_owned());
        }
        let followed = self.all.saturating_sub(after);
        if it.count < settings.uses_min || (known.is_none() && followed < settings.followed_min) {
            return Came::Waits;
        }
        let common = it.count as f64 > settings.rare_share * followed as f64;
        if known.is_none() && (common || it.clients.len() > settings.clients_max as usize) {
            // It has become one of the issuer's own.
            (it.after, it.first, it.untold) = (None, None, 0);
            return Came::Usual;
        }
        let since = it.first.take().unwrap_or_else(evidence);
        Came::Rare { since, uses: std::mem::take(&mut it.untold) }
    }

    /// The commonest value.
    fn usual(&self) -> &str {
        self.values.iter().max_by_key(|(_, value)| value.count).map_or("", |(value, _)| value.as_str())
    }
}

/// A token's features, each where its record says enough.
fn shape(batch: &Batch, row: usize, view: &View<'_>) -> [Option<String>; FEATURES.len()] {
    let names = batch.names(row);
    let credential = batch.credential(row);
    let form = (!credential.is_empty()).then(|| form(credential));
    let lifetime = batch.issued_at(row).zip(batch.expires_at(row));
    let lifetime = lifetime.map(|(from, to)| Span::secs(to.since(from).as_secs()).to_string());
    let has = |sym| !view.symbols.text(sym).is_empty();
    let claims = [
        ("audience", has(names.audience)),
        ("client", has(names.client)),
        ("session", !batch.session(row).is_empty()),
        ("subject", !batch.token_subject(row).is_empty()),
        ("issued at", batch.issued_at(row).is_some()),
        ("expiry", batch.expires_at(row).is_some()),
        ("id", !credential.is_empty()),
    ];
    let claims: Vec<&str> = claims.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect();
    [form, lifetime, Some(claims.join(", "))]
}

/// The form of an id: its alphabet and length, and for a UUID its version.
///
/// Source: RFC 9562 §4 (the version is the first digit of the third group).
fn form(id: &str) -> String {
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if groups == [8, 4, 4, 4, 12] && hex(id) {
        return format!("uuid-{}", id.get(14..15).unwrap_or("?").to_ascii_lowercase());
    }
    let all = |fits: fn(&u8) -> bool| id.as_bytes().iter().all(fits);
    let alphabet = if all(u8::is_ascii_digit) {
        "digits"
    } else if all(u8::is_ascii_hexdigit) {
        "hex"
    } else if all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        "base64url"
    } else {
        "text"
    };
    // Numbers that count up grow longer by and by.
    if alphabet == "digits" { alphabet.to_owned() } else { format!("{alphabet}-{}", id.len()) }
}

/// One value, as it is told.
struct Told<'a> {
    feature: usize,
    value: &'a str,
    /// Whether the issuer's own log is the measure.
    minted: bool,
    since: Evidence,
    uses: u64,
}

fn raise(told: &Told<'_>, seen: &Feature, events: &Events<'_>, row: usize, view: &View<'_>, out: &mut FindingSet) {
    let (batch, names) = (events.batch, events.batch.names(row));
    let now: EventTime = batch.time(row);
    let issuer = view.symbols.text(names.issuer);
    let name = FEATURES.get(told.feature).copied().unwrap_or_default();
    let key = events.resolved(row).key.and_then(|ix| view.inventory.credential(ix));
    let usual = seen.usual();
    let mut evidence = told.since.clone();
    for nth in 0..told.uses {
        if nth == 1 {
            evidence = say::record(view, events.source, batch, row);
        }
        out.raise(&Raise {
            meta: &META,
            accused: Thing::new(ThingKind::Issuer, issuer),
            variant: &format!("{name}\0{}", told.value),
            severity: Severity::Low,
            confidence: if told.minted { Confidence::Likely } else { Confidence::Possible },
            stage: Stage::Confirmed,
            was: None,
            at: if nth == 0 { told.since.at } else { now },
            known_at: now,
            evidence: evidence.clone(),
            tell: &|| {
                let value = if told.value.is_empty() { "none" } else { told.value };
                let title = format!(
                    "issuer `{issuer}`: tokens of another shape were used {{count}} times: {name} {value}, not {usual}"
                );
                let measure = if told.minted { "what its log says that it mints" } else { "the majority of uses" };
                let inputs = vec![
                    say::input("feature", name),
                    say::input("value", value),
                    say::input("usual value", usual),
                    say::input("measured by", measure),
                    say::input("uses of the same key and class until then", seen.all),
                ];
                let things = key.map(|entry| Thing::new(ThingKind::Credential, entry.it.id.as_str()));
                (title, things.into_iter().collect(), inputs)
            },
        });
    }
}
