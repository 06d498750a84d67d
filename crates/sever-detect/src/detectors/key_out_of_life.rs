//! `key-out-of-life`: a known key is used outside the time or the place it is for.
//!
//! Fires when a signing key is used on a token that cannot be from within its life (activation to
//! retirement, expiry or removal), or under an issuer, audience or class that is not its own. Stays
//! quiet for tokens signed in time that live on: they may be used for their class's longest life
//! after the key retired, whatever issued-at they claim; a claimed issued-at after the end is wrong
//! at once. Refused uses are told apart: there the verifier did its work.
//! Bounded by: nothing is kept between events but a cache of what configuration and inventory say,
//! [`CACHE_MAX`] entries at most, emptied when full.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, View};
use sever_model::{
    Audience, Bound, Class, Confidence, Credential, CredentialIx, EventKind, EventTime, FindingSet, Inventory, Meta,
    Outcome, Raise, Severity, SourceId, Span, Stage, Sym, Symbols, Thing, ThingKind, WallTime,
};

use super::say;
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "key-out-of-life",
    title: "a key is used outside its time, issuer, audience or class",
    speaks_when: "a signing key is used after its retirement or expiry, before its activation, or under an issuer, \
                  audience or class that is not its own",
    quiet_when: "the token may have been signed in time and is within its class's longest life, or two keys overlap \
                 during a rotation",
    severity: Severity::High,
    confidence: Confidence::Certain,
    audience: Audience::Engineer,
    attack: &["T1606.001", "T1606.002", "T1550.001"],
    remediation: "have the verifier refuse the key: take it from its key set, and check the key's issuer, audience \
                  and expiry and not only the signature",
    bounded_by: "a cache of 65,536 answers of the configuration and the inventory, emptied when full",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| Box::new(KeyOutOfLife { settings: settings.key_out_of_life.clone(), ..KeyOutOfLife::default() }),
};

/// Answers kept.
const CACHE_MAX: usize = 65_536;

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// For how long after a key's end a token without a configured class may be used, in seconds.
    pub grace_secs: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { grace_secs: 86_400 }
    }
}

#[derive(Default)]
struct KeyOutOfLife {
    settings: Settings,
    of: Option<(EventTime, WallTime)>,
    places: HashMap<Place, Placed, foldhash::quality::RandomState>,
    last: Option<(Place, Placed)>,
}

/// Where a key was used: all that decides whether it belongs there, and how long its tokens live.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    source: usize,
    key: CredentialIx,
    key_id: Sym,
    issuer: Sym,
    token_type: Sym,
    audience: Sym,
}

/// What configuration and inventory say of a key at a place.
#[derive(Clone, Copy)]
struct Placed {
    from: EventTime,
    end: EventTime,
    lifetime: Span,
    outside: Option<&'static str>,
}

/// Why a use is out of life.
enum Wrong {
    Ended(EventTime),
    Early(EventTime),
    Outside(&'static str),
}

impl Detector for KeyOutOfLife {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        let of = Some((view.inventory.as_of(), view.inventory.known_at()));
        if self.of != of {
            self.places.clear();
            (self.of, self.last) = (of, None);
        }
        for row in events.range() {
            if events.batch.kind(row) != EventKind::Used {
                continue;
            }
            if let Some(key) = events.resolved(row).key {
                let placed = self.place(events, row, key, view);
                let (time, issued_at) = (events.batch.time(row), events.batch.issued_at(row));
                if let Some(wrong) = wrong(time, issued_at, placed, view.limits.skew) {
                    raise(events, row, key, &wrong, placed, view, out);
                }
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn load(&mut self, _state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        // Symbols are renumbered by a load, and the cache is keyed by them.
        (self.of, self.last) = (None, None);
        self.places.clear();
        Ok(())
    }
}

impl KeyOutOfLife {
    fn place(&mut self, events: &Events<'_>, row: usize, key: CredentialIx, view: &View<'_>) -> Placed {
        let names = events.batch.names(row);
        let place = Place {
            source: events.source,
            key,
            key_id: names.key_id,
            issuer: names.issuer,
            token_type: names.token_type,
            audience: names.audience,
        };
        if let Some((last, placed)) = self.last
            && last == place
        {
            return placed;
        }
        if self.places.len() >= CACHE_MAX {
            self.places.clear();
        }
        let grace = Span::secs(i64::from(self.settings.grace_secs));
        let placed = *self.places.entry(place).or_insert_with(|| answer(&place, view, grace));
        self.last = Some((place, placed));
        placed
    }
}

/// What configuration and inventory say of a key at a place.
fn answer(place: &Place, view: &View<'_>, grace: Span) -> Placed {
    let text = |sym: Sym| view.symbols.text(sym);
    let shown = ShownKey {
        log: view.sources.get(place.source).map(|source| &source.log),
        key: place.key,
        key_id: text(place.key_id),
        issuer: text(place.issuer),
        token_type: text(place.token_type),
        audience: text(place.audience),
    };
    placed(&shown, view.classes, view.inventory, grace)
}

/// A key that signed a token, and where the token was shown.
#[derive(Debug, Clone, Copy)]
pub struct ShownKey<'a> {
    /// The log that uses at the verifier stand in.
    pub log: Option<&'a SourceId>,
    /// The key.
    pub key: CredentialIx,
    /// Its id, as the token names it.
    pub key_id: &'a str,
    /// The issuer that the token names.
    pub issuer: &'a str,
    /// The token's type.
    pub token_type: &'a str,
    /// Its audience.
    pub audience: &'a str,
}

impl ShownKey<'_> {
    /// Why a token that says it was issued then, and is shown now, cannot be from within the key's life, in
    /// words; nothing where it can.
    pub fn out_of_life(
        &self,
        classes: &[Class],
        inventory: &Inventory,
        (now, issued_at): (EventTime, Option<EventTime>),
        skew: Span,
    ) -> Option<&'static str> {
        let grace = Span::secs(i64::from(Settings::default().grace_secs));
        match wrong(now, issued_at, placed(self, classes, inventory, grace), skew)? {
            Wrong::Ended(_) => Some("after its end"),
            Wrong::Early(_) => Some("before its activation"),
            Wrong::Outside(what) => Some(what),
        }
    }
}

fn placed(shown: &ShownKey<'_>, classes: &[Class], inventory: &Inventory, grace: Span) -> Placed {
    let ShownKey { log, key, key_id, issuer, token_type, audience } = *shown;
    let here: Vec<&Class> = classes.iter().filter(|class| log.is_some_and(|log| class.used_in.contains(log))).collect();
    let fits = |class: &&Class| {
        (issuer.is_empty() || same_issuer(&class.issuer, issuer))
            && (class.token_type.is_empty() || token_type.is_empty() || class.token_type == token_type)
    };
    let mine: Vec<&Class> = here.iter().copied().filter(fits).collect();
    let Some(entry) = inventory.credential(key) else {
        return Placed { from: EventTime::MIN, end: EventTime::MAX, lifetime: grace, outside: None };
    };
    let named = |class: &&Class| {
        class.key_ids.is_empty() || class.key_ids.iter().any(|id| id == key_id || id == entry.it.id.native())
    };
    let meant = |class: &&Class| {
        let one = |part: &str| class.audiences.iter().any(|own| own == part);
        class.audiences.is_empty() || audience.split([' ', ',']).any(one)
    };
    let outside = if !issuer.is_empty() && entry.it.issuer.as_deref().is_some_and(|own| !same_issuer(own, issuer)) {
        Some("another issuer than the key's own")
    } else if mine.is_empty() && !here.is_empty() && !issuer.is_empty() {
        Some("an issuer or type that no class has at this verifier")
    } else if !mine.is_empty() && !mine.iter().any(named) {
        Some("a class that another key signs")
    } else if !mine.is_empty() && !audience.is_empty() && !mine.iter().any(meant) {
        Some("an audience that is not its class's")
    } else {
        None
    };
    let lifetime = mine.iter().map(|class| class.lifetime_max).max().unwrap_or(grace);
    Placed {
        from: entry.it.activated_at.unwrap_or(EventTime::MIN),
        end: end_of(&entry.it, entry.valid.to),
        lifetime,
        outside,
    }
}

/// When a key's life ended: retired, expired, or gone from a complete listing, whichever is first.
fn end_of(key: &Credential, gone: Bound) -> EventTime {
    let gone = if gone == Bound::Unbounded { None } else { Some(say::latest(gone)) };
    [key.retired_at, key.expires_at, gone].into_iter().flatten().min().unwrap_or(EventTime::MAX)
}

fn same_issuer(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

fn wrong(time: EventTime, issued_at: Option<EventTime>, placed: Placed, skew: Span) -> Option<Wrong> {
    if let Some(what) = placed.outside {
        return Some(Wrong::Outside(what));
    }
    if time.plus(skew) < placed.from {
        return Some(Wrong::Early(placed.from));
    }
    if placed.end == EventTime::MAX || time <= placed.end.plus(skew) {
        return None;
    }
    // The claim is the forger's to choose, so it can only convict; what excuses is the time that a
    // token signed in time can still live.
    let signed_late = issued_at.is_some_and(|issued| issued > placed.end.plus(skew));
    let outlived = time.minus(placed.lifetime) > placed.end.plus(skew);
    (signed_late || outlived).then_some(Wrong::Ended(placed.end))
}

fn raise(
    events: &Events<'_>,
    row: usize,
    key: CredentialIx,
    wrong: &Wrong,
    placed: Placed,
    view: &View<'_>,
    out: &mut FindingSet,
) {
    let Some(entry) = view.inventory.credential(key) else { return };
    let (batch, id) = (events.batch, entry.it.id.as_str());
    let refused = batch.outcome(row) == Outcome::Refused;
    let issuer = view.symbols.text(batch.names(row).issuer);
    let (word, how) = match wrong {
        Wrong::Ended(end) => ("ended", format!("after its end on {}", say::day(*end))),
        Wrong::Early(from) => ("early", format!("before its activation on {}", say::day(*from))),
        Wrong::Outside(what) => (*what, format!("under {what}")),
    };
    let variant = format!("{word}{}", if refused { "\0refused" } else { "" });
    out.raise(&Raise {
        meta: &META,
        accused: Thing::new(ThingKind::Credential, id),
        variant: &variant,
        severity: if refused { Severity::Low } else { Severity::High },
        confidence: if batch.outcome(row) == Outcome::Answered { Confidence::Certain } else { Confidence::Likely },
        stage: Stage::Confirmed,
        was: None,
        at: batch.time(row),
        known_at: batch.time(row),
        evidence: say::record(view, events.source, batch, row),
        tell: &|| {
            let done = if refused { "was tried and refused {count} times" } else { "was used {count} times" };
            let inputs = vec![
                say::input("key's own issuer", entry.it.issuer.as_deref().unwrap_or("not known")),
                say::input("issuer claimed", if issuer.is_empty() { "none" } else { issuer }),
                say::input("longest life of its tokens", placed.lifetime),
                say::input("clock skew allowed", view.limits.skew),
            ];
            let issuer = Thing::new(ThingKind::Issuer, issuer);
            let others = if issuer.id.is_empty() { Vec::new() } else { vec![issuer] };
            (format!("key `{id}` {done} {how}"), others, inputs)
        },
    });
}
