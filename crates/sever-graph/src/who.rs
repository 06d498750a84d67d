//! Who holds a thing, who could have read it, who made it, since when and by what evidence.

use sever_model::{
    AccountIx, Bound, Certainty, Correlation, CredentialIx, CustodyRow, Departed, EventTime, GroupIx, HolderIx,
    Inventory, PersonIx, ResourceIx, Rights, SourceId, Strength, Valid,
};

use crate::rights;

/// A thing that can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Asked {
    /// A person: what they hold.
    Person(PersonIx),
    /// An account: whose it is.
    Account(AccountIx),
    /// A group: who is in it.
    Group(GroupIx),
    /// A resource: who has rights on it.
    Resource(ResourceIx),
    /// A credential: who has custody of it.
    Credential(CredentialIx),
}

/// One line of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct WhoRow {
    /// The person, where one is known.
    pub person: Option<PersonIx>,
    /// The account through which, if any.
    pub account: Option<AccountIx>,
    /// The credential that the row is about.
    pub credential: Option<CredentialIx>,
    /// How strong the custody is, of a credential.
    pub strength: Option<Strength>,
    /// The rights, on a resource.
    pub rights: Rights,
    /// Since when and until when.
    pub valid: Valid,
    /// By what evidence.
    pub evidence: String,
    /// Who told us.
    pub source: Option<SourceId>,
    /// Whether the person works here at the instant asked about; `None` where no person is known.
    pub employed: Option<Certainty>,
    /// How and when they left, if by then they had or may have.
    pub departed: Option<Departed>,
    /// Whether they know, or could know, the secret as it has been since its last rotation; `None`
    /// where the row is of no credential.
    pub current: Option<Certainty>,
}

/// Everything that a text may mean: an id or a key id; where it is neither, a login, an e-mail address,
/// an employee number, a name, or an id without its system. More than one is for the user to choose from.
pub fn find(inventory: &Inventory, text: &str) -> Vec<Asked> {
    let credential = inventory.find_credential(&text.into()).or_else(|| inventory.credential_named(text));
    let ids = [
        credential.map(Asked::Credential),
        inventory.find_person(&text.into()).map(Asked::Person),
        inventory.find_group(&text.into()).map(Asked::Group),
        inventory.find_resource(&text.into()).map(Asked::Resource),
        inventory.find_account(&text.into()).map(Asked::Account),
    ];
    let mut found: Vec<Asked> = ids.into_iter().flatten().collect();
    if !found.is_empty() {
        return found;
    }
    let lower = text.to_lowercase();
    let is = |name: &str| name.chars().flat_map(char::to_lowercase).eq(lower.chars());
    for (at, entry) in inventory.people().iter().enumerate() {
        let person = &entry.it;
        let mut names = person.emails.iter().chain(&person.logins).chain(&person.employee_number).chain([&person.name]);
        if names.any(|name| is(name)) {
            found.push(Asked::Person(PersonIx(at as u32)));
        }
    }
    // A person's address is their account's, too; the person is what was meant.
    if found.is_empty() {
        found.extend(inventory.account_named(None, text).map(Asked::Account));
    }
    // A program's login may be one id of several (Entra's `appId`): its name and its other id mean it, too.
    if found.is_empty() {
        for (at, entry) in inventory.accounts().iter().enumerate() {
            if is(&entry.it.login) || is(entry.it.id.native()) || is(&entry.it.display_name) {
                found.push(Asked::Account(AccountIx(at as u32)));
            }
        }
    }
    for (at, entry) in inventory.groups().iter().enumerate() {
        if is(entry.it.id.native()) || is(&entry.it.name) {
            found.push(Asked::Group(GroupIx(at as u32)));
        }
    }
    for (at, entry) in inventory.resources().iter().enumerate() {
        if is(entry.it.id.native()) {
            found.push(Asked::Resource(ResourceIx(at as u32)));
        }
    }
    found
}

/// Who, as of an instant. Custody that ended before it is kept, for knowledge does not end; rights
/// and memberships are those that hold, or may hold, then.
pub fn who(inventory: &Inventory, asked: Asked, at: EventTime) -> Vec<WhoRow> {
    match asked {
        Asked::Credential(ix) => {
            let begun = inventory.custody_of(ix).iter().filter(|row| row.valid.earliest_start() <= at);
            begun.map(|row| of_custody(inventory, row, at)).collect()
        }
        Asked::Person(ix) => {
            let begun = inventory.custody_by(ix).filter(|row| row.valid.earliest_start() <= at);
            begun.map(|row| of_custody(inventory, row, at)).collect()
        }
        Asked::Account(ix) => of_one_account(inventory, ix, at),
        Asked::Group(ix) => {
            let members = rights::members(inventory, ix, at).into_iter();
            let row = |(holder, valid, through): (HolderIx, Valid, Vec<GroupIx>)| {
                let evidence = format!("member of {}", names(inventory, &through));
                with_holder(inventory, holder, at, WhoRow { valid, evidence, ..WhoRow::empty() })
            };
            members.map(row).collect()
        }
        Asked::Resource(ix) => {
            let row = |holding: rights::Holding| {
                let right = holding.right;
                let resource = inventory.resource(right.resource).map_or("", |entry| entry.it.id.as_str());
                let mut evidence = format!("right `{}` on {resource}", right.rights);
                if !right.through.is_empty() {
                    evidence.push_str(&format!(" as a member of {}", names(inventory, &right.through)));
                }
                let row = WhoRow { rights: right.rights, valid: right.valid, evidence, ..WhoRow::empty() };
                with_holder(inventory, holding.holder, at, row)
            };
            rights::holders(inventory, ix, at).into_iter().map(row).collect()
        }
    }
}

impl WhoRow {
    fn empty() -> WhoRow {
        WhoRow {
            person: None,
            account: None,
            credential: None,
            strength: None,
            rights: Rights::NONE,
            valid: Valid::ALWAYS,
            evidence: String::new(),
            source: None,
            employed: None,
            departed: None,
            current: None,
        }
    }
}

fn of_custody(inventory: &Inventory, row: &CustodyRow, at: EventTime) -> WhoRow {
    let rotated = inventory.credential(row.credential).and_then(|entry| entry.it.rotated_at).filter(|when| *when <= at);
    let who = WhoRow {
        account: row.account,
        credential: Some(row.credential),
        strength: Some(row.strength),
        valid: row.valid,
        evidence: row.evidence.to_string(),
        source: Some(row.source.clone()),
        current: Some(current(row, rotated, at)),
        ..WhoRow::empty()
    };
    with_person(inventory, row.person, at, who)
}

/// Whether what was gained is the secret of today. What was read before the last rotation is another
/// one; what could be read until after it may be today's.
fn current(row: &CustodyRow, rotated: Option<EventTime>, at: EventTime) -> Certainty {
    if row.strength == Strength::CouldUse {
        return row.valid.at(at);
    }
    let Some(rotated) = rotated else { return Certainty::Yes };
    let gained = match row.strength {
        Strength::CouldRead => return not(row.valid.ended(rotated)),
        // Whoever made it may have made what the rotation put in its place: that is not known.
        Strength::Read | Strength::Made | Strength::CouldUse => row.valid.from,
    };
    match gained {
        Bound::Unbounded => Certainty::Possible,
        Bound::At(when) => {
            if when >= rotated {
                Certainty::Yes
            } else {
                Certainty::No
            }
        }
        Bound::Between(earliest, _) if earliest >= rotated => Certainty::Yes,
        Bound::Between(_, latest) if latest < rotated => Certainty::No,
        Bound::Between(..) => Certainty::Possible,
    }
}

const fn not(certainty: Certainty) -> Certainty {
    match certainty {
        Certainty::Yes => Certainty::No,
        Certainty::Possible => Certainty::Possible,
        Certainty::No => Certainty::Yes,
    }
}

fn of_one_account(inventory: &Inventory, ix: AccountIx, at: EventTime) -> Vec<WhoRow> {
    let Some(entry) = inventory.account(ix) else { return Vec::new() };
    let row = |evidence: String| WhoRow {
        account: Some(ix),
        valid: entry.valid,
        evidence,
        source: Some(entry.source.clone()),
        ..WhoRow::empty()
    };
    let declared = entry.it.owner.as_ref().map(|owner| format!("; {owner} answers for it")).unwrap_or_default();
    match inventory.correlation(ix) {
        Correlation::Matched { person, reason, .. } => {
            vec![with_person(inventory, Some(*person), at, row(format!("theirs: {reason}")))]
        }
        Correlation::Ask(candidates) => {
            let asked = candidates.iter().map(|one| {
                let evidence = format!("perhaps theirs ({} points): {}", one.score, one.reason);
                with_person(inventory, Some(one.person), at, row(evidence))
            });
            asked.collect()
        }
        Correlation::Nobody => vec![row(format!("nobody's of those known{declared}"))],
        Correlation::NotPersonal => vec![row(format!("a service or shared account{declared}"))],
    }
}

fn with_holder(inventory: &Inventory, holder: HolderIx, at: EventTime, row: WhoRow) -> WhoRow {
    match holder {
        HolderIx::Person(person) => with_person(inventory, Some(person), at, row),
        HolderIx::Account(account) => {
            let person = inventory.person_of(account);
            with_person(inventory, person, at, WhoRow { account: Some(account), ..row })
        }
        HolderIx::Credential(credential) => WhoRow { credential: Some(credential), ..row },
        HolderIx::Group(_) => row,
    }
}

fn with_person(inventory: &Inventory, person: Option<PersonIx>, at: EventTime, row: WhoRow) -> WhoRow {
    WhoRow {
        person,
        employed: person.map(|person| inventory.employed(person, at)),
        departed: person.and_then(|person| inventory.departed(person, at)),
        ..row
    }
}

fn names(inventory: &Inventory, groups: &[GroupIx]) -> String {
    let ids = groups.iter().filter_map(|ix| inventory.group(*ix)).map(|entry| entry.it.id.as_str());
    ids.collect::<Vec<_>>().join(", in ")
}

#[cfg(test)]
mod tests;
