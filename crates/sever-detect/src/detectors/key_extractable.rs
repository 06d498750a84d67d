//! `key-extractable`: the secret of a signing key can leave its place.
//!
//! Fires for a signing key that verifiers believe and whose secret can be read where it lies, so that
//! whoever reads it once can sign for ever after; an engine or HSM would sign and show it to nobody.
//! Where the source does not say whether it can be read, it is told only when it names the place, and
//! then as a possibility. Stays quiet for keys that cannot leave their engine, for retired and expired
//! ones, and for public halves alone, of which nobody says where the secret lies.
//! Bounded by: nothing is kept.

use sever_model::port::{Detector, View};
use sever_model::{
    Audience, Confidence, Credential, CredentialIx, Entry, EventTime, Exportable, FindingSet, Meta, Raise, Severity,
    Stage, Symbols, Thing, ThingKind,
};

use super::{custody, say};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "key-extractable",
    title: "the secret of a signing key can leave its place",
    speaks_when: "a trusted signing key's secret can be read where it lies, or lies in a named place of which nobody \
                  says that it cannot",
    quiet_when: "the key cannot leave its HSM or transit engine, it is retired or expired, or nobody says where its \
                 secret lies",
    severity: Severity::Medium,
    confidence: Confidence::Certain,
    audience: Audience::Engineer,
    attack: &["T1552.004", "T1606.001"],
    remediation: "make a new key in a transit engine or HSM that signs without showing it, move the verifiers to it, \
                  and retire this one: moving the old key there leaves whoever has read it knowing",
    bounded_by: "nothing is kept",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered { meta: &META, make: |_| Box::new(KeyExtractable) };

struct KeyExtractable;

impl Detector for KeyExtractable {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        for (index, entry) in view.inventory.credentials().iter().enumerate() {
            if custody::trusted_signer(entry, at) {
                stand_key(CredentialIx(index as u32), entry, at, view, out);
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

fn stand_key(key: CredentialIx, entry: &Entry<Credential>, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
    let place = entry.it.kept_at.as_ref();
    let sure = match (entry.it.exportable, place) {
        (Exportable::Yes, _) => true,
        (Exportable::Unknown, Some(_)) => false,
        (Exportable::No, _) | (Exportable::Unknown, None) => return,
    };
    let id = entry.it.id.as_str();
    let since = entry.valid.earliest_start().min(at);
    let known_at = since.max(entry.known_from.as_event());
    out.raise(&Raise {
        meta: &META,
        accused: Thing::new(ThingKind::Credential, id),
        variant: "",
        severity: if sure { Severity::Medium } else { Severity::Low },
        confidence: if sure { Confidence::Certain } else { Confidence::Possible },
        stage: Stage::Confirmed,
        was: None,
        at: if since == EventTime::MIN { known_at } else { since },
        known_at,
        evidence: say::fact(&entry.source, known_at, if sure { "exportable" } else { "not said whether exportable" }),
        tell: &|| {
            let can = if sure { "can be read where it lies" } else { "may be readable where it lies" };
            let title = format!("key `{id}` {can}; {}", custody::clause(view, Some(key), at));
            let mut inputs = vec![say::input("exportable", if sure { "yes" } else { "not said" })];
            if let Some(place) = place {
                inputs.push(say::input("kept at", place));
            }
            let things = place.map(|place| Thing::new(ThingKind::Resource, place.as_str()));
            (title, things.into_iter().collect(), inputs)
        },
    });
}
