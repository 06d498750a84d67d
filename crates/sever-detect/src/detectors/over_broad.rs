//! `over-broad`: a grant opens something sensitive to more people than can need it.
//!
//! Fires for a group that gives more than so many people, or more than a share of everybody who
//! works here, administration of something or the reading of a resource that holds many people's
//! data; and for a person's own account that has a whole system (`*`) by a grant of its own. One
//! finding per grant. Stays quiet for small teams, for things that hold few people's data, and for
//! service accounts, whose reach is no question of how many people there are.
//! Bounded by: nothing is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, View};
use sever_model::{
    AccountIx, AccountKind, Audience, Certainty, Confidence, EventTime, FindingSet, GrantRow, GroupIx, HolderIx,
    Inventory, Meta, PersonIx, Raise, Rights, Severity, Stage, Symbols, Thing, ThingKind,
};

use super::holders::Holders;
use super::{holders, say};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "over-broad",
    title: "a grant opens something sensitive to more people than can need it",
    speaks_when: "a group gives many people administration, or the reading of many people's data, or a person's own \
                  account is granted a whole system",
    quiet_when: "the group is small, the resource holds few people's data and no administration is given, or the \
                 holder is a service account",
    severity: Severity::Medium,
    confidence: Confidence::Likely,
    audience: Audience::Reviewer,
    attack: &["T1078", "T1213", "T1530"],
    remediation: "split the group by who needs what, or give the right for a time and with a reason; `sever rights` \
                  shows who has used it",
    bounded_by: "nothing is kept",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered =
    Registered { meta: &META, make: |settings| Box::new(OverBroad { settings: settings.over_broad.clone() }) };

/// A share of everybody counts only from so many people on: in a small company a team is a large
/// share.
const SHARE_FLOOR: usize = 5;

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A resource that holds so many people's data is sensitive.
    pub subjects_min: u64,
    /// So many people may have a sensitive right through one group.
    pub members_max: u32,
    /// Or such a share of those who work here, from five people on.
    pub share_max: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { subjects_min: 10_000, members_max: 25, share_max: 0.2 }
    }
}

struct OverBroad {
    settings: Settings,
}

impl Detector for OverBroad {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn stand(&mut self, at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        let inventory = view.inventory;
        let living = (0..inventory.people().len())
            .filter(|ix| inventory.employed(PersonIx(*ix as u32), at) != Certainty::No)
            .count();
        let mut groups: BTreeMap<GroupIx, Holders> = BTreeMap::new();
        for grant in inventory.grants() {
            let Some(why) = self.sensitive(grant, inventory) else { continue };
            if grant.valid.at(at) == Certainty::No {
                continue;
            }
            match grant.holder {
                HolderIx::Group(group) => {
                    let members = groups.entry(group).or_insert_with(|| holders::members(inventory, group, at));
                    let count = members.people.len() + members.nobodys.len();
                    let share = count >= SHARE_FLOOR && count as f64 > self.settings.share_max * living as f64;
                    if count > self.settings.members_max as usize || (share && living > 0) {
                        self.raise(grant, &why, Some((count, living)), at, view, out);
                    }
                }
                HolderIx::Account(account) if is_personal(inventory, account) && is_whole(inventory, grant) => {
                    self.raise(grant, &why, None, at, view, out);
                }
                HolderIx::Person(_) if is_whole(inventory, grant) => self.raise(grant, &why, None, at, view, out),
                HolderIx::Account(_) | HolderIx::Person(_) | HolderIx::Credential(_) => {}
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

impl OverBroad {
    /// Why a grant would be sensitive in many hands.
    fn sensitive(&self, grant: &GrantRow, inventory: &Inventory) -> Option<String> {
        if is_whole(inventory, grant) && grant.rights.any(Rights::READ.with(Rights::EXPORT)) {
            return Some("it is a whole system".to_owned());
        }
        if !grant.rights.any(Rights::READ.with(Rights::EXPORT)) {
            return None;
        }
        let subjects = inventory.resource(grant.resource)?.it.subjects;
        if let Some(subjects) = subjects.filter(|subjects| *subjects >= self.settings.subjects_min) {
            return Some(format!("it holds {subjects} people's data"));
        }
        // Only administration is left of what `any` lets through, where nothing asked for is held.
        grant.rights.any(Rights::NONE).then(|| "it gives administration".to_owned())
    }

    fn raise(
        &self,
        grant: &GrantRow,
        why: &str,
        members: Option<(usize, usize)>,
        at: EventTime,
        view: &View<'_>,
        out: &mut FindingSet,
    ) {
        let inventory = view.inventory;
        let (Some(holder), Some(entry)) = (holders::thing(inventory, grant.holder), inventory.resource(grant.resource))
        else {
            return;
        };
        let resource = entry.it.id.as_str();
        let since = grant.valid.earliest_start().max(entry.valid.earliest_start()).min(at);
        let known_at = since.max(entry.known_from.as_event());
        out.raise(&Raise {
            meta: &META,
            accused: holder.clone(),
            variant: &format!("{resource}\0{}", grant.rights),
            severity: Severity::Medium,
            confidence: Confidence::Likely,
            stage: Stage::Confirmed,
            was: None,
            at: if since == EventTime::MIN { known_at } else { since },
            known_at,
            evidence: say::fact(&entry.source, known_at, format!("{holder} has {} on {resource}", grant.rights)),
            tell: &|| {
                let to = match members {
                    Some((count, living)) => {
                        format!("gives {} of {living} {} on `{resource}`", say::people(count), grant.rights)
                    }
                    None => format!("has {} on `{resource}` by a grant of its own", grant.rights),
                };
                let title = format!("{} `{}` {to}: {why}", holder.kind.word(), holder.id);
                let used = inventory.grant_used(grant);
                let inputs = vec![
                    say::input("people who may have it", self.settings.members_max),
                    say::input("share of people who may have it", self.settings.share_max),
                    say::input("sensitive from, in people's data held", self.settings.subjects_min),
                    say::input("granted by", inventory.granted_by(grant).unwrap_or("not said")),
                    say::input("last exercised", used.map_or_else(|| "not said".to_owned(), |at| at.to_string())),
                ];
                (title, vec![Thing::new(ThingKind::Resource, resource)], inputs)
            },
        });
    }
}

fn is_whole(inventory: &Inventory, grant: &GrantRow) -> bool {
    inventory.resource(grant.resource).is_some_and(|entry| matches!(entry.it.id.native(), "*" | "/*"))
}

fn is_personal(inventory: &Inventory, account: AccountIx) -> bool {
    inventory.account(account).is_some_and(|entry| entry.it.kind == AccountKind::Human)
}
