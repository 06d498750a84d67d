//! `use-after-departure`: an account or credential is used after its holder left.
//!
//! Fires when the account that acted, or the account that a standing credential opens, is a person's
//! whose access had ended before the event: confirmed after the latest possible end plus the clock
//! skew, a possibility between the earliest and the latest. It is known when HR told, however late.
//! Stays quiet for somebody who works here again, within the clock skew, for a sanctioned hand-over,
//! and for service accounts, which are nobody's own. What was refused is told apart: it did not get
//! in. A record that is several events (a sign-in and the token issued for it) is one use. Our own
//! probes no detector is shown (`crate::knocks`).
//! Bounded by: the last record of each log; all else that it asks is in the inventory.

use sever_model::port::{Detector, Events, Resolved, View};
use sever_model::{
    AccountIx, Audience, Certainty, Confidence, Departed, EventKind, EventTime, FindingSet, Meta, Outcome, PersonIx,
    Raise, Severity, Stage, Symbols, Thing, ThingKind,
};

use super::records::Records;
use super::{say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "use-after-departure",
    title: "an account or credential is used after its holder left",
    speaks_when: "an account or credential is used after its holder's end of access",
    quiet_when: "the person works here again or was transferred, the use is within the clock skew of the end, the \
                 hand-over is sanctioned, or the account is a service's; a refused attempt is a lesser finding of \
                 its own",
    severity: Severity::Critical,
    confidence: Confidence::Certain,
    audience: Audience::Responder,
    attack: &["T1078"],
    remediation: "end the session, disable the account and revoke its credentials, then try each door; see whose \
                  data it touched with `sever reach`",
    bounded_by: "the last record of each log",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered { meta: &META, make: |_| Box::new(UseAfterDeparture::default()) };

#[derive(Default)]
struct UseAfterDeparture {
    records: Records,
}

/// A use by somebody whose access has, or may have, ended.
struct Late {
    account: AccountIx,
    person: PersonIx,
    departed: Departed,
    sure: Certainty,
}

impl Late {
    /// What a record shows: each account, and whether it was refused.
    fn found(&self, outcome: Outcome, view: &View<'_>) -> String {
        let id = view.inventory.account(self.account).map_or("", |entry| entry.it.id.as_str());
        let refused = if outcome == Outcome::Refused { " refused" } else { "" };
        format!("{id}{refused}")
    }
}

impl Detector for UseAfterDeparture {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        for row in events.range() {
            if events.batch.kind(row) == EventKind::Heartbeat {
                continue;
            }
            let resolved = events.resolved(row);
            if let Some(late) = late(events.batch.kind(row), events.batch.time(row), resolved, view)
                && self.records.first(events, row, view, &late.found(events.batch.outcome(row), view))
            {
                raise(events, row, &late, view, out);
            }
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.records)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.records = serde_json::from_value(state)?;
        Ok(())
    }
}

fn late(kind: EventKind, time: EventTime, resolved: Resolved, view: &View<'_>) -> Option<Late> {
    let inventory = view.inventory;
    // A standing credential opens one account, which is used even where another name acts.
    let opened = resolved.credential.and_then(|ix| inventory.credential(ix)?.it.account.as_ref());
    let opened = opened.and_then(|id| inventory.find_account(id));
    [whose::used(kind, resolved), opened].into_iter().flatten().find_map(|account| {
        let person = inventory.person_of(account)?;
        let departed = inventory.departed(person, time)?;
        let skew = view.limits.skew;
        let sure = if time >= say::latest(departed.end).plus(skew) {
            Certainty::Yes
        } else if time >= say::earliest(departed.end).plus(skew) {
            Certainty::Possible
        } else {
            return None;
        };
        let handed_over = inventory.handed_over(Some(account), resolved.credential, time).is_some();
        (!handed_over).then_some(Late { account, person, departed, sure })
    })
}

fn raise(events: &Events<'_>, row: usize, late: &Late, view: &View<'_>, out: &mut FindingSet) {
    let inventory = view.inventory;
    let Some(entry) = inventory.account(late.account) else { return };
    let (batch, id) = (events.batch, entry.it.id.as_str());
    let time = batch.time(row);
    let refused = batch.outcome(row) == Outcome::Refused;
    let sure = late.sure == Certainty::Yes;
    let matched = whose::match_confidence(inventory, late.account);
    out.raise(&Raise {
        meta: &META,
        accused: Thing::new(ThingKind::Account, id),
        variant: if refused { "refused" } else { "" },
        severity: match (refused, sure) {
            (true, _) => Severity::Medium,
            (false, false) => Severity::High,
            (false, true) => Severity::Critical,
        },
        confidence: if sure { matched } else { Confidence::Possible },
        stage: if sure { Stage::Confirmed } else { Stage::Provisional },
        was: None,
        at: time,
        known_at: time.max(late.departed.known_from.as_event()),
        evidence: say::record(view, events.source, batch, row),
        tell: &|| {
            let person = say::person_id(inventory, late.person);
            let left = say::left(late.departed.end);
            let done = match (refused, sure) {
                (true, _) => "was tried {count} times, and refused,",
                (false, true) => "was used {count} times",
                (false, false) => "was used {count} times, possibly",
            };
            let account = say::thing(inventory, &Thing::new(ThingKind::Account, id));
            let title = format!("{account} {done} after its holder `{person}` {left}");
            let inputs = vec![
                say::input("end of access", left),
                say::input("end of access known since", late.departed.known_from),
                say::input("clock skew allowed", view.limits.skew),
                say::input("account is theirs", whose::reason(inventory, late.account)),
            ];
            (title, vec![say::person(inventory, late.person)], inputs)
        },
    });
}
