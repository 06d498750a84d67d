//! `key-too-widely-readable`: more people could know a signing key than need to.
//!
//! Fires for a trusted signing key that more than so many people made, read or could have read since
//! it was last rotated, whether they still work here or not; accounts of nobody known count as one
//! each. Stays quiet for keys that cannot leave their place: being able to use one there leaves no
//! knowledge behind.
//! Bounded by: nothing is kept.

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, View};
use sever_model::{
    Audience, Confidence, CredentialIx, EventTime, FindingSet, Meta, Raise, Severity, Stage, Strength, Symbols, Thing,
    ThingKind,
};

use super::{custody, say};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "key-too-widely-readable",
    title: "too many people could know a signing key",
    speaks_when: "more people made, read or could have read a trusted signing key since its last rotation than need \
                  to know it",
    quiet_when: "the key cannot leave its HSM or transit engine, it was rotated since they could read it, or it is \
                 retired",
    severity: Severity::Medium,
    confidence: Confidence::Likely,
    audience: Audience::Engineer,
    attack: &["T1552.004", "T1606.001"],
    remediation: "move the key where it can be used and not read (a transit engine or HSM), or narrow who may read \
                  its place; then rotate it, because they may know the present one",
    bounded_by: "nothing is kept",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| Box::new(KeyTooWidelyReadable { settings: settings.key_too_widely_readable.clone() }),
};

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// So many people may know a signing key.
    pub people_max: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { people_max: 5 }
    }
}

struct KeyTooWidelyReadable {
    settings: Settings,
}

impl Detector for KeyTooWidelyReadable {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        for (index, entry) in view.inventory.credentials().iter().enumerate() {
            if custody::trusted_signer(entry, at) {
                self.stand_key(CredentialIx(index as u32), at, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn load(&mut self, _state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        Ok(())
    }
}

impl KeyTooWidelyReadable {
    fn stand_key(&self, key: CredentialIx, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let Some(entry) = view.inventory.credential(key) else { return };
        let mut knowers = custody::knowers(view.inventory, key, at);
        if knowers.len() <= self.settings.people_max as usize {
            return;
        }
        // It became too many when the first one too many came.
        knowers.sort_by_key(|knower| knower.row.valid.earliest_start());
        let one_too_many = knowers.get(self.settings.people_max as usize);
        let since = one_too_many.map_or(at, |knower| knower.row.valid.earliest_start()).max(since(entry, at)).min(at);
        let count = |strength: Strength| knowers.iter().filter(|knower| knower.row.strength == strength).count();
        let left = knowers.iter().filter(|knower| knower.departed.is_some()).count();
        let sure = knowers.iter().filter(|knower| knower.sure).count() > self.settings.people_max as usize;
        let id = entry.it.id.as_str();
        out.raise(&Raise {
            meta: &META,
            accused: Thing::new(ThingKind::Credential, id),
            variant: "",
            severity: Severity::Medium,
            confidence: if sure { Confidence::Likely } else { Confidence::Possible },
            stage: Stage::Confirmed,
            was: None,
            at: since,
            known_at: since.max(entry.known_from.as_event()),
            evidence: say::fact(&entry.source, since, custody::clause(view, Some(key), at)),
            tell: &|| {
                let title = format!("key `{id}`: {}", custody::clause(view, Some(key), at));
                let inputs = vec![
                    say::input("may know it", self.settings.people_max),
                    say::input("made or held it", count(Strength::Made)),
                    say::input("read it", count(Strength::Read)),
                    say::input("could read it", count(Strength::CouldRead)),
                    say::input("of them have left", left),
                ];
                (title, Vec::new(), inputs)
            },
        });
    }
}

/// Since when the secret is what it is.
fn since(entry: &sever_model::Entry<sever_model::Credential>, at: EventTime) -> EventTime {
    custody::rotated(&entry.it, at).unwrap_or(entry.valid.earliest_start())
}
