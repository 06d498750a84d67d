//! `google-workspace`: users, groups, third-party tokens, app passwords and administrators of Google
//! Workspace, as the Admin SDK's Directory API answers.
//!
//! Google's ids are the ids, an account's login is its primary address, which is how audit logs name
//! it. Every object says by its `kind` what it is; only the members of a group need the group's id or
//! address in the file's name, for the answer does not say it. How many a group has, it does say, so
//! that a page that is missing shows.
//!
//! Bounded by the objects of one customer.

use std::path::Path;

use serde_json::Value;
use sever_model::FactKind;
use sever_model::port::{Reason, Source, SourceError};

use super::customer::Customer;
use crate::answers::{self, Answers, Lists, Unfollowed};
use crate::documents::Documents;
use crate::fields::Fields;
use crate::files::{Parts, file_name};
use crate::lines::Place;
use crate::tally::Tally;
use crate::wire::Around;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "google-workspace",
    title: "Google Workspace",
    about: "A folder with what the Directory API answers, every page of it, in any number of files: \
            `users.list?customer=my_customer&projection=full` (and once more with `showDeleted=true`), \
            `groups.list?customer=my_customer`, for each group `members.list` as `members-GROUP.json` with the group's \
            id or address, for each user `tokens.list` and `asps.list`, and `roles.list` with `roleAssignments.list`. \
            Users become accounts (suspended and archived ones disabled), external ids of the organisation their \
            employee numbers; a token that a user gave to another application becomes a credential with rights on \
            each scope of that user's data; an app password, a password. Roles become groups with rights, and \
            `isAdmin` the right to everything. It cannot say who made a user, when a token was given or last used \
            (the token audit log can), who knows an app password, or since when somebody is in a group.",
    scope: "the scopes `admin.directory.user.readonly`, `admin.directory.group.readonly`, \
            `admin.directory.rolemanagement.readonly` and `admin.directory.user.security` (the only one that lists \
            tokens and app passwords; it could also delete them), for an administrator role that may only read these",
    kinds: &[FactKind::Account, FactKind::Group, FactKind::Membership, FactKind::Grant, FactKind::Credential],
    columns: &[],
    together: true,
    sniff,
    open: |settings| {
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

/// The lists that an export consists of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum List {
    Users,
    Groups,
    Members,
    Tokens,
    AppPasswords,
    Roles,
}

const LISTS: &[(List, &str, &str)] = &[
    (List::Users, "users", "`users.list`"),
    (List::Groups, "groups", "`groups.list`"),
    (List::Members, "members of groups", "`members.list` for each group, as `members-GROUP.json`"),
    (List::Tokens, "tokens", "`tokens.list` for each user"),
    (List::AppPasswords, "app passwords", "`asps.list` for each user"),
    (List::Roles, "administrators", "`roles.list` and `roleAssignments.list`"),
];

/// What `kind` says of an object, and of the list that holds it.
const KINDS: [(&str, &str); 7] = [
    ("user", "users"),
    ("group", "groups"),
    ("member", "members"),
    ("token", "tokenlist"),
    ("asp", "asplist"),
    ("role", "roles"),
    ("roleassignment", "roleassignments"),
];

const KIND: &str = "admin#directory#";

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    let is = wire::is_json(sample.head) && has(KIND);
    is.then(|| (96, "objects of the Directory API of Google Workspace".to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut google = Google {
        customer: Customer::new(&settings.system),
        listed: None,
        group: None,
        lists: Lists::new(LISTS),
        unfollowed: Unfollowed::default(),
    };
    answers::read(settings, parts, &["users", "groups", "members", "items"], &mut google, tally)?;
    google.unfollowed.finish("nextPageToken", tally);
    google.lists.finish(tally);
    google.customer.finish(tally);
    Ok(())
}

/// An export as it is read.
struct Google {
    customer: Customer,
    /// What the page lists, where it says so.
    listed: Option<&'static str>,
    /// The group that the file's name tells, in lower case.
    group: Option<String>,
    lists: Lists<List>,
    unfollowed: Unfollowed,
}

impl Answers for Google {
    fn page(&mut self, path: &Path, around: &Around, _: &mut Tally<'_>) {
        let kind = around.get("kind").and_then(Value::as_str).and_then(|kind| kind.strip_prefix(KIND));
        let kind = kind.map(str::to_lowercase);
        let known = kind.and_then(|kind| KINDS.iter().find(|(one, many)| *one == kind || *many == kind));
        self.listed = known.map(|(one, _)| *one);
        self.group = group_in(path);
        if let Some(list) = self.listed.and_then(list_of) {
            self.lists.saw(list);
        }
        if !around.is_empty() {
            let of = self.group.as_deref().filter(|_| self.listed == Some("member"));
            let what = match (self.listed, of) {
                (Some(one), Some(group)) => format!("{one}s of {group}"),
                (Some("role" | "asp" | "token"), None) | (None, None) | (None, Some(_)) => file_name(path),
                (Some(one), None) => format!("{one}s"),
            };
            self.unfollowed.page(&what, &file_name(path), around.get("nextPageToken"));
        }
    }

    fn thing(&mut self, place: Place, thing: &Value, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let fields = Fields::of(thing)?;
        let kind = fields.text("kind")?.and_then(|kind| kind.strip_prefix(KIND)).map(str::to_lowercase);
        let kind = kind.or_else(|| self.listed.map(str::to_owned)).ok_or(Reason::Unrelated)?;
        // An answer with nothing in it has no array, and is its own page.
        if let Some((one, _)) = KINDS.iter().find(|(_, many)| *many == kind) {
            list_of(one).into_iter().for_each(|list| self.lists.saw(list));
            return Ok(());
        }
        list_of(&kind).into_iter().for_each(|list| self.lists.saw(list));
        match kind.as_str() {
            "user" => self.customer.user(&fields, place, tally),
            "group" => self.customer.group(&fields, place, tally),
            "member" => {
                let group = self.group.as_deref().ok_or(Reason::Missing("the group in the file's name"))?;
                self.customer.member(group, &fields)
            }
            "token" => self.customer.token(&fields, place, tally),
            "asp" => self.customer.app_password(&fields, place, tally),
            "role" => self.customer.role(&fields),
            "roleassignment" => self.customer.role_assignment(&fields),
            _ => Err(Reason::Unrelated),
        }
    }
}

fn list_of(kind: &str) -> Option<List> {
    match kind {
        "user" => Some(List::Users),
        "group" => Some(List::Groups),
        "member" => Some(List::Members),
        "token" => Some(List::Tokens),
        "asp" => Some(List::AppPasswords),
        "roleassignment" => Some(List::Roles),
        _ => None,
    }
}

/// `members-GROUP.json`, `members/GROUP.json`, `GROUP/members.json`; a page's number may follow.
fn group_in(path: &Path) -> Option<String> {
    let file = file_name(path).to_lowercase();
    let stem = file.split(".json").next().unwrap_or(&file).to_owned();
    let folder = path.parent().map(file_name).unwrap_or_default().to_lowercase();
    if stem.starts_with("members") {
        let rest = stem.trim_start_matches("members").trim_start_matches(['-', '_', '.']);
        let named = if rest.is_empty() { folder } else { rest.to_owned() };
        return Some(named).filter(|name| !name.is_empty());
    }
    (folder == "members").then_some(stem)
}
