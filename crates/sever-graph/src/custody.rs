//! Who made, held, read, could have read or could use each credential.
//!
//! Told custody (ceremonies, audit logs, lists) stands as it is told. The rest is derived:
//!
//! - a right to read or export the place where a credential's secret lies is *could read*, while the
//!   right, every membership on the way, the account and the credential existed together;
//! - a right to use it there is *could use*; of a key that cannot leave its place, every right is;
//! - whoever made it, as its system names them, *made* it; so does the holder of an account *hold* the
//!   credentials that open it. Not where it cannot be exported: they never saw it.
//!
//! The right to *write* is no custody: who replaces a secret knows the next one, and the record of
//! that is a rotation.
//!
//! Bounded by [`DERIVED_ROWS_MAX`]; signing keys come first, and what is left out is a gap.

use std::collections::{BTreeMap, HashMap};

use sever_model::{
    AccountIx, Bound, Correlation, Credential, CredentialIx, CredentialKind, CustodyRow, Entry, Exportable, GrantRow,
    GroupIx, HolderIx, PersonIx, ResourceIx, Rights, SourceId, Strength, Valid,
};

use crate::groups::{Groups, covers, joins};
use crate::merge::{Merged, ToldCustody};
use crate::pattern::Patterns;

/// Most rows of derived custody that are spelt out.
pub const DERIVED_ROWS_MAX: usize = 4_000_000;

/// Custody of every credential.
pub(crate) fn derive(merged: &Merged, correlations: &[Correlation], gaps: &mut Vec<String>) -> Vec<CustodyRow> {
    let mut derivation = Derivation {
        merged,
        correlations,
        groups: Groups::new(&merged.memberships),
        told_by_credential: HashMap::new(),
        rows: Vec::new(),
        cut_short: false,
    };
    for told in &merged.told {
        derivation.told_by_credential.entry(told.credential).or_default().push(told);
    }
    let rights = Rightful::new(merged);
    let mut order: Vec<CredentialIx> = (0..merged.credentials.len() as u32).map(CredentialIx).collect();
    let is_signing = |ix: &CredentialIx| {
        merged.credentials.get(ix.index()).is_some_and(|entry| entry.it.kind == CredentialKind::SigningKey)
    };
    order.sort_by_key(|ix| !is_signing(ix));
    let mut left_out = 0u64;
    for ix in order {
        if derivation.rows.len() >= DERIVED_ROWS_MAX {
            left_out += 1;
            continue;
        }
        derivation.credential(ix, &rights);
    }
    if left_out > 0 {
        gaps.push(format!(
            "custody of {left_out} credentials is not spelt out: {DERIVED_ROWS_MAX} rows are the limit, and signing keys came first"
        ));
    }
    if derivation.cut_short {
        gaps.push("a group has too many members through other groups to be walked whole".to_owned());
    }
    derivation.rows
}

struct Derivation<'a> {
    merged: &'a Merged,
    correlations: &'a [Correlation],
    groups: Groups<'a>,
    told_by_credential: HashMap<CredentialIx, Vec<&'a ToldCustody>>,
    rows: Vec<CustodyRow>,
    cut_short: bool,
}

/// Who, through which account, and how strongly.
type Key = (Option<AccountIx>, Option<PersonIx>, Strength);

/// One interval of custody and what it rests on.
struct Way<'a> {
    valid: Valid,
    why: Why<'a>,
    /// How many further ways there are in the same interval.
    others: usize,
}

/// A right, and the way through groups from its holder to the account.
#[derive(Clone, Copy)]
struct Why<'a> {
    grant: &'a GrantRow,
    source: u16,
    through: Option<(GroupIx, u32)>,
}

impl<'a> Derivation<'a> {
    fn credential(&mut self, ix: CredentialIx, rights: &Rightful<'a>) {
        let Some(entry) = self.merged.credentials.get(ix.index()) else { return };
        for told in self.told_by_credential.get(&ix).cloned().unwrap_or_default() {
            self.told(ix, told);
        }
        self.made(ix, entry);
        let Some(place) = &entry.it.kept_at else { return };
        let mut found: BTreeMap<Key, Vec<Way<'a>>> = BTreeMap::new();
        for (grant, source) in rights.on(place.as_str()) {
            let Some(strength) = strength(grant.rights, entry.it.exportable) else { continue };
            if let Some(valid) = grant.valid.meet(&entry.valid) {
                self.right(grant, *source, strength, valid, &mut found);
            }
        }
        for ((account, person, strength), ways) in found {
            for way in ways {
                let (evidence, source) = self.evidence(&way);
                self.rows.push(CustodyRow {
                    credential: ix,
                    account,
                    person,
                    strength,
                    valid: way.valid,
                    evidence,
                    source,
                });
            }
        }
    }

    /// Spreads a right over everybody who has it.
    fn right(
        &mut self,
        grant: &'a GrantRow,
        source: u16,
        strength: Strength,
        valid: Valid,
        found: &mut BTreeMap<Key, Vec<Way<'a>>>,
    ) {
        let direct = Why { grant, source, through: None };
        match grant.holder {
            HolderIx::Person(person) => add(found, (None, Some(person), strength), valid, direct),
            HolderIx::Account(account) => self.through_account(account, strength, valid, direct, found),
            HolderIx::Credential(credential) => {
                // Whoever has the credential has its rights: the account that it opens, and who is told to hold it.
                let entry = self.merged.credentials.get(credential.index());
                let account = entry.and_then(|entry| entry.it.account.as_ref());
                if let Some(account) = account.and_then(|id| self.merged.account(id.as_str())) {
                    self.through_account(account, strength, valid, direct, found);
                }
                for told in self.told_by_credential.get(&credential).cloned().unwrap_or_default() {
                    let Some(valid) = valid.meet(&told.valid) else { continue };
                    match told.holder {
                        Some(HolderIx::Person(person)) => add(found, (None, Some(person), strength), valid, direct),
                        Some(HolderIx::Account(account)) => {
                            self.through_account(account, strength, valid, direct, found)
                        }
                        Some(HolderIx::Group(group)) => self.through_group(group, strength, valid, direct, found),
                        Some(HolderIx::Credential(_)) | None => {}
                    }
                }
            }
            HolderIx::Group(group) => self.through_group(group, strength, valid, direct, found),
        }
    }

    fn through_group(
        &mut self,
        group: GroupIx,
        strength: Strength,
        valid: Valid,
        why: Why<'a>,
        found: &mut BTreeMap<Key, Vec<Way<'a>>>,
    ) {
        let members = self.groups.members(group);
        self.cut_short |= members.cut_short;
        for (account, member_when, way) in &members.accounts {
            if let Some(valid) = valid.meet(member_when) {
                let why = Why { through: Some((group, *way)), ..why };
                self.through_account(*account, strength, valid, why, found);
            }
        }
    }

    fn through_account(
        &self,
        account: AccountIx,
        strength: Strength,
        valid: Valid,
        why: Why<'a>,
        found: &mut BTreeMap<Key, Vec<Way<'a>>>,
    ) {
        let existed = self.merged.accounts.get(account.index()).map_or(Valid::ALWAYS, |entry| entry.valid);
        if let Some(valid) = valid.meet(&existed) {
            add(found, (Some(account), self.person_of(account), strength), valid, why);
        }
    }

    /// Custody that a source tells of.
    fn told(&mut self, credential: CredentialIx, told: &ToldCustody) {
        let knowledge = told.strength >= Strength::Read;
        // Knowledge does not end; an end that a list gives it would be that of the holding.
        let valid = Valid { from: told.valid.from, to: if knowledge { Bound::Unbounded } else { told.valid.to } };
        let row = CustodyRow {
            credential,
            account: None,
            person: None,
            strength: told.strength,
            valid,
            evidence: told.evidence.as_str().into(),
            source: told.source.clone(),
        };
        match told.holder {
            None => self.rows.push(row),
            Some(HolderIx::Person(person)) => self.rows.push(CustodyRow { person: Some(person), ..row }),
            Some(HolderIx::Account(account)) => self.rows.push(self.by_account(row, account)),
            Some(HolderIx::Credential(other)) => {
                let account = self.merged.credentials.get(other.index()).and_then(|entry| entry.it.account.clone());
                let account = account.and_then(|id| self.merged.account(id.as_str()));
                let row = account.map_or_else(|| row.clone(), |account| self.by_account(row.clone(), account));
                self.rows.push(row);
            }
            Some(HolderIx::Group(group)) => {
                let members = self.groups.members(group);
                self.cut_short |= members.cut_short;
                for (account, when, _) in &members.accounts {
                    let Some(valid) = told.valid.meet(when) else { continue };
                    let to = if knowledge { Bound::Unbounded } else { valid.to };
                    let evidence = format!("{}, as a member of {}", told.evidence, self.group_name(group));
                    let row =
                        CustodyRow { valid: Valid { from: valid.from, to }, evidence: evidence.into(), ..row.clone() };
                    self.rows.push(self.by_account(row, *account));
                }
            }
        }
    }

    /// Custody by having made it, or by having the account that it opens.
    fn made(&mut self, credential: CredentialIx, entry: &Entry<Credential>) {
        if entry.it.exportable == Exportable::No {
            return;
        }
        let valid = Valid { from: entry.valid.from, to: Bound::Unbounded };
        let row = |evidence: String| CustodyRow {
            credential,
            account: None,
            person: None,
            strength: Strength::Made,
            valid,
            evidence: evidence.into(),
            source: entry.source.clone(),
        };
        if let Some(by) = &entry.it.created_by {
            let account = self.account_named(entry.it.id.system(), by);
            let made = row(format!("{} says that `{by}` made it", entry.source));
            self.rows.push(match account {
                Some(account) => self.by_account(made, account),
                None => CustodyRow { person: self.merged.person(by), ..made },
            });
        }
        let opened = entry.it.account.as_ref().and_then(|id| self.merged.account(id.as_str()));
        if let Some(account) = opened {
            let held = row(format!("it opens the account {}", self.account_name(account)));
            self.rows.push(self.by_account(held, account));
        }
    }

    /// The account that a system calls `name`: there by id or login, else by a full id.
    fn account_named(&self, system: &str, name: &str) -> Option<AccountIx> {
        let own = self.merged.account(&format!("{system}/{name}"));
        own.or_else(|| self.merged.account(name))
    }

    fn by_account(&self, row: CustodyRow, account: AccountIx) -> CustodyRow {
        CustodyRow { account: Some(account), person: self.person_of(account), ..row }
    }

    fn person_of(&self, account: AccountIx) -> Option<PersonIx> {
        match self.correlations.get(account.index()) {
            Some(Correlation::Matched { person, .. }) => Some(*person),
            _ => None,
        }
    }

    fn evidence(&mut self, way: &Way<'_>) -> (Box<str>, SourceId) {
        let Why { grant, source, through } = way.why;
        let resource = self.merged.resources.get(grant.resource.index()).map_or("", |entry| entry.it.id.as_str());
        let mut text = format!("right `{}` on {resource}", grant.rights);
        if let Some((group, way)) = through {
            let names: Vec<String> =
                self.groups.members(group).way(way).iter().rev().map(|group| self.group_name(*group)).collect();
            text.push_str(&format!(" as a member of {}", names.join(", in ")));
        }
        if way.others > 0 {
            text.push_str(&format!(", and {} more {}", way.others, if way.others == 1 { "way" } else { "ways" }));
        }
        let source = self.merged.sources.get(usize::from(source)).cloned();
        (text.into(), source.unwrap_or_else(|| SourceId::from("")))
    }

    fn group_name(&self, group: GroupIx) -> String {
        self.merged.groups.get(group.index()).map_or_else(String::new, |entry| entry.it.id.to_string())
    }

    fn account_name(&self, account: AccountIx) -> String {
        self.merged.accounts.get(account.index()).map_or_else(String::new, |entry| entry.it.id.to_string())
    }
}

/// What rights on the place of a credential come to.
fn strength(rights: Rights, exportable: Exportable) -> Option<Strength> {
    if exportable != Exportable::No && rights.any(Rights::READ.with(Rights::EXPORT)) {
        return Some(Strength::CouldRead);
    }
    rights.any(Rights::READ.with(Rights::EXPORT).with(Rights::USE)).then_some(Strength::CouldUse)
}

/// Adds an interval, or counts it where others cover it; intervals that surely meet become one.
fn add<'a>(found: &mut BTreeMap<Key, Vec<Way<'a>>>, key: Key, valid: Valid, why: Why<'a>) {
    let ways = found.entry(key).or_default();
    let mut new = Way { valid, why, others: 0 };
    let mut at = 0;
    while let Some(way) = ways.get(at) {
        if covers(&way.valid, &new.valid) {
            if let Some(way) = ways.get_mut(at) {
                way.others += new.others + 1;
            }
            return;
        }
        if covers(&new.valid, &way.valid) || joins(&new.valid, &way.valid) {
            // Swallow the old one and begin again: the longer interval may meet others.
            let old = ways.swap_remove(at);
            new = Way { valid: new.valid.join(&old.valid), why: old.why, others: old.others + new.others + 1 };
            at = 0;
        } else {
            at += 1;
        }
    }
    ways.push(new);
}

/// The rights on places where credentials lie.
struct Rightful<'a> {
    patterns: Patterns<'a>,
    grants: HashMap<ResourceIx, Vec<&'a (GrantRow, u16)>, foldhash::fast::RandomState>,
}

impl<'a> Rightful<'a> {
    /// Goes once through all rights and keeps those on a place, or on a pattern that means one.
    fn new(merged: &'a Merged) -> Rightful<'a> {
        let patterns = Patterns::new(&merged.resources);
        let mut wanted = vec![false; merged.resources.len()];
        for place in merged.credentials.iter().filter_map(|entry| entry.it.kept_at.as_ref()) {
            for ix in patterns.meaning(place.as_str()) {
                if let Some(slot) = wanted.get_mut(ix.index()) {
                    *slot = true;
                }
            }
        }
        let mut grants: HashMap<ResourceIx, Vec<&(GrantRow, u16)>, _> = HashMap::default();
        for right in &merged.grants {
            if wanted.get(right.0.resource.index()) == Some(&true) {
                grants.entry(right.0.resource).or_default().push(right);
            }
        }
        Rightful { patterns, grants }
    }

    fn on(&self, place: &str) -> impl Iterator<Item = &'a (GrantRow, u16)> {
        let meaning = self.patterns.meaning(place);
        meaning.into_iter().filter_map(|ix| self.grants.get(&ix)).flatten().copied().collect::<Vec<_>>().into_iter()
    }
}

#[cfg(test)]
mod tests;
