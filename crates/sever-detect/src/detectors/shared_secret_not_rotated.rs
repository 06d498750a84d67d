//! `shared-secret-not-rotated`: somebody who has left knows a secret that still opens a door.
//!
//! Fires for a password of a shared or service account, an API key, token, SSH key or other secret in
//! use, when a person who has left made, read or could have read it since it was last rotated, or was
//! among those who share the account: in the group that bears the shared account's own id. Closing
//! their own accounts does not help. Stays quiet when it was rotated since, when it cannot be read
//! where it lies, when they work here again, for a sanctioned hand-over, and for the secret of the
//! leaver's own account, which is that account's matter. Signing keys are `key-known-to-leaver`'s.
//! Bounded by: nothing is kept.

use sever_model::port::{Detector, View};
use sever_model::{
    AccountIx, AccountKind, Audience, Certainty, Confidence, Credential, CredentialIx, CredentialKind, Departed, Entry,
    EventTime, Exportable, FindingSet, GroupId, HolderIx, Inventory, Meta, PersonIx, Raise, Severity, SourceId, Stage,
    Strength, Symbols, Thing, ThingKind,
};

use super::{custody, say};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "shared-secret-not-rotated",
    title: "somebody who has left knows a secret that still opens a door",
    speaks_when: "a password of a shared account, an API key, token or other secret was made, read or readable by a \
                  departed person, or shared with them, since its last rotation",
    quiet_when: "it was rotated, retired or its account closed since, it cannot be read where it lies, the person works \
                 here again, its hand-over is sanctioned, or it opens only the leaver's own account",
    severity: Severity::High,
    confidence: Confidence::Likely,
    audience: Audience::Engineer,
    attack: &["T1552", "T1078"],
    remediation: "rotate the secret, and every other that lies beside it; then end the sessions opened with the old \
                  one: closing the leaver's own accounts does not help",
    bounded_by: "nothing is kept",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered { meta: &META, make: |_| Box::new(SharedSecretNotRotated) };

struct SharedSecretNotRotated;

/// Somebody who left and knows, or may know, a secret.
struct Leaver {
    person: PersonIx,
    departed: Departed,
    /// How they know it, and from whom we have that.
    how: String,
    source: SourceId,
    since: EventTime,
    /// Whether more than an opportunity is shown.
    knew: bool,
    sure: bool,
}

impl Detector for SharedSecretNotRotated {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        for (index, entry) in view.inventory.credentials().iter().enumerate() {
            let ix = CredentialIx(index as u32);
            let told = !matches!(entry.it.kind, CredentialKind::SigningKey | CredentialKind::Certificate)
                && entry.it.exportable != Exportable::No
                && custody::in_use(view.inventory, entry, at);
            if told {
                stand_secret(ix, entry, at, view, out);
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

fn stand_secret(ix: CredentialIx, entry: &Entry<Credential>, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
    let inventory = view.inventory;
    let account = entry.it.account.as_ref().and_then(|id| inventory.find_account(id));
    if inventory.handed_over(account, Some(ix), at).is_some() {
        return;
    }
    let leavers = leavers(ix, entry, account, at, inventory);
    let Some(first) = leavers.first() else { return };
    let since = |leaver: &Leaver| {
        let end = say::latest(leaver.departed.end).min(at);
        (end, end.max(leaver.departed.known_from.as_event()))
    };
    // Whoever left first made it unsafe first.
    let (left_at, known_at) = leavers.iter().map(since).min_by_key(|(_, known)| *known).unwrap_or((at, at));
    let knew = leavers.iter().any(|leaver| leaver.knew);
    let gone = leavers.iter().any(|leaver| leaver.sure && say::latest(leaver.departed.end) <= at);
    let id = entry.it.id.as_str();
    let what = say::credential_kind(entry.it.kind);
    out.raise(&Raise {
        meta: &META,
        accused: Thing::new(ThingKind::Credential, id),
        variant: "",
        severity: if knew { Severity::High } else { Severity::Medium },
        confidence: if gone { Confidence::Likely } else { Confidence::Possible },
        stage: Stage::Confirmed,
        was: None,
        at: left_at,
        known_at,
        evidence: say::fact(&first.source, first.since.max(left_at.min(at)), first.how.as_str()),
        tell: &|| {
            let person = say::person_id(inventory, first.person);
            let more = match leavers.len() - 1 {
                0 => String::new(),
                more => format!(", as could {} more who left", say::people(more)),
            };
            let title = format!(
                "{what} `{id}` still opens a door, and `{person}`, who {}, {}{more}; it was not rotated since",
                say::left(first.departed.end),
                first.how,
            );
            let rotated = custody::rotated(&entry.it, at);
            let rotated = rotated.map_or_else(|| "never, as far as known".to_owned(), |at| at.to_string());
            let inputs = vec![
                say::input("last rotated", rotated),
                say::input("people who left and could know it", leavers.len()),
            ];
            let opens = account.and_then(|ix| inventory.account(ix));
            let opens = opens.map(|entry| Thing::new(ThingKind::Account, entry.it.id.as_str()));
            let people = leavers.iter().map(|leaver| say::person(inventory, leaver.person));
            (title, people.chain(opens).collect(), inputs)
        },
    });
}

/// Those who left and could know it: by custody, strongest first, then by sharing its account.
fn leavers(
    ix: CredentialIx,
    entry: &Entry<Credential>,
    account: Option<AccountIx>,
    at: EventTime,
    inventory: &Inventory,
) -> Vec<Leaver> {
    let own = account.and_then(|account| inventory.person_of(account));
    let mut found: Vec<Leaver> = Vec::new();
    for knower in custody::knowers(inventory, ix, at) {
        let (Some(person), Some(departed)) = (knower.person, knower.departed) else { continue };
        if own != Some(person) {
            found.push(Leaver {
                person,
                departed,
                how: format!("{} it", knower.row.strength.words()),
                source: knower.row.source.clone(),
                since: knower.row.valid.earliest_start(),
                knew: knower.row.strength > Strength::CouldRead,
                sure: knower.sure,
            });
        }
    }
    let shared = account.and_then(|ix| inventory.account(ix)).filter(|entry| entry.it.kind == AccountKind::Shared);
    let group = shared.and_then(|shared| inventory.find_group(&GroupId::from(shared.it.id.as_str())));
    let rotated = custody::rotated(&entry.it, at).unwrap_or(EventTime::MIN);
    for row in group.map(|group| inventory.members_of(group)).unwrap_or_default() {
        let HolderIx::Account(member) = row.member else { continue };
        let Some(person) = inventory.person_of(member) else { continue };
        let shared_since = row.valid.earliest_start() <= at && row.valid.latest_end() > rotated;
        let Some(departed) = inventory.departed(person, at).filter(|_| shared_since) else { continue };
        if own != Some(person) && !found.iter().any(|known| known.person == person) {
            found.push(Leaver {
                person,
                departed,
                how: "was among those who share its account".to_owned(),
                source: entry.source.clone(),
                since: row.valid.earliest_start(),
                knew: true,
                sure: row.valid.ended(rotated) == Certainty::No,
            });
        }
    }
    found
}
