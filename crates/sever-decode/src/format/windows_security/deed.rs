//! What an event of the Security log tells: its kind, our words, and how it ended if nothing else says.

use sever_model::{EventKind, Outcome};

use super::table::{EVENTS, EXPORT, GRANT, KEY};

/// What an event tells.
pub(super) struct Deed {
    pub kind: EventKind,
    pub outcome: Outcome,
    pub words: &'static [&'static str],
    pub name: &'static str,
    /// Whether somebody signed in or out, or asked for a ticket: then the target acted.
    pub is_sign_in: bool,
    /// Whether a group's members changed: then the target is the group.
    pub is_membership: bool,
}

/// Rights of replication, by which a domain's secrets leave it: `DS-Replication-Get-Changes-All` and
/// the one for filtered sets. (Source: \[MS-ADTS\] 5.1.3.2.1.)
const REPLICATES_SECRETS: &[&str] = &["1131f6ad-9c07-11d1-f79f-00c04fc2dcd2", "89e95b76-444d-4c62-991a-0facbeda640c"];

/// Attributes that say who may act as, or on, an object.
const RIGHTS: &[&str] = &[
    "member",
    "ntsecuritydescriptor",
    "msds-allowedtoactonbehalfofotheridentity",
    "msds-allowedtodelegateto",
    "msds-groupmsamembership",
    "sidhistory",
    "primarygroupid",
];

/// Attributes that hold a credential.
const KEYS: &[&str] =
    &["msds-keycredentiallink", "altsecurityidentities", "usercertificate", "unicodepwd", "userpassword"];

impl Deed {
    /// What an event tells; `attribute` and `properties` are what directory events name.
    pub fn of(id: u32, attribute: &str, properties: &str) -> Deed {
        let found = EVENTS.binary_search_by_key(&id, |(id, ..)| *id).ok().and_then(|at| EVENTS.get(at));
        let (_, kind, outcome, words, name) =
            found.copied().unwrap_or((id, EventKind::Used, Outcome::Unknown, &[], ""));
        let is_sign_in = match id {
            4769 | 4770 | 4634 | 4647 | 4773 | 4779 | 4800 | 4964 => true,
            4648 => false,
            _ => kind == EventKind::Authenticated,
        };
        let mut deed = Deed { kind, outcome, words, name, is_sign_in, is_membership: name.contains("member-") };
        let is = |names: &[&str]| names.iter().any(|name| attribute.eq_ignore_ascii_case(name));
        match id {
            4662 if REPLICATES_SECRETS.iter().any(|right| contains(properties, right)) => {
                (deed.kind, deed.words) = (EventKind::Read, EXPORT);
            }
            5136 if is(RIGHTS) => deed.words = GRANT,
            5136 if is(KEYS) => deed.words = KEY,
            _ => {}
        }
        deed
    }
}

/// Whether the Security log has events of that id.
pub(super) fn is_known(id: u32) -> bool {
    EVENTS.binary_search_by_key(&id, |(id, ..)| *id).is_ok()
}

/// Whether a text has another in it, whatever its case.
fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}
