//! `okta`: users, groups, applications, API tokens and administrators, as Okta's interface answers.
//!
//! Okta's ids are the ids; a user's login is `profile.login`, a client's its `client_id`, which is how
//! the System Log names them. What a file lists is told by the shape of its things; only the members of
//! a group and the roles of a user may need the id in the file's name, for the answer does not say it.
//!
//! Bounded by the objects of one organisation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use sever_model::FactKind;
use sever_model::port::{Reason, Source, SourceError};

use super::org::Org;
use crate::answers::{self, Answers, Lists};
use crate::documents::Documents;
use crate::fields::Fields;
use crate::files::{Parts, file_name};
use crate::lines::Place;
use crate::tally::Tally;
use crate::wire::Around;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "okta",
    title: "Okta",
    about: "A folder with what Okta answers, every page of it (`Link: rel=\"next\"` followed), in any number of files: \
            `GET /api/v1/users` and `GET /api/v1/users?filter=status eq \"DEPROVISIONED\"` (the first leaves those \
            out), `GET /api/v1/groups`, for each group `GET /api/v1/groups/ID/users` as `members-ID.json`, `GET \
            /api/v1/apps`, for each application `GET /api/v1/apps/ID/users` and `/groups`, `GET \
            /api/v1/api-tokens`, and for administrators `GET /api/v1/iam/assignees/users` and for each of them `GET \
            /api/v1/users/ID/roles`. Users become accounts, with their password's last change as a credential; a \
            user who was not yet activated, an open activation. Applications become resources that assigned users \
            and groups may use; a client that acts by itself, a service account with its secrets and keys; the key \
            that signs for an application, a signing key that cannot be exported. An API token is its user's, and \
            that user made it. Administrator roles become groups with rights. It cannot say since when somebody is \
            in a group, who made a user, or when a token was last used (the System Log can), and pages say nothing \
            of pages that were not fetched: a list that is exactly one page long is taken as cut.",
    scope: "an API token or OAuth client of a read-only administrator: `okta.users.read`, `okta.groups.read`, \
            `okta.apps.read`, `okta.apiTokens.read`, `okta.roles.read`; nothing that ends in `manage`",
    kinds: &[
        FactKind::Account,
        FactKind::Group,
        FactKind::Membership,
        FactKind::Resource,
        FactKind::Grant,
        FactKind::Credential,
    ],
    columns: &[],
    together: true,
    sniff,
    open: |settings| {
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

/// The lists that an export consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    Users,
    Groups,
    Members,
    Apps,
    Assignments,
    Tokens,
    Roles,
}

const LISTS: &[(List, &str, &str)] = &[
    (List::Users, "users", "`GET /api/v1/users`"),
    (List::Groups, "groups", "`GET /api/v1/groups`"),
    (List::Members, "members of groups", "`GET /api/v1/groups/ID/users` for each group, as `members-ID.json`"),
    (List::Apps, "applications", "`GET /api/v1/apps`"),
    (List::Assignments, "assignments", "`GET /api/v1/apps/ID/users` and `/groups` for each application"),
    (List::Tokens, "API tokens", "`GET /api/v1/api-tokens`"),
    (List::Roles, "administrators", "`GET /api/v1/iam/assignees/users` and `GET /api/v1/users/ID/roles`"),
];

/// How long Okta's pages are, by default or at most.
const PAGES: [(List, &[u64]); 4] = [
    (List::Users, &[200]),
    (List::Groups, &[200, 10_000]),
    (List::Apps, &[20, 200]),
    (List::Assignments, &[50, 200, 500]),
];

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    // The System Log comes from the same interface.
    if !wire::is_json(sample.head) || has("\"eventType\"") {
        return None;
    }
    let shapes: [(&[&str], &str); 9] = [
        (&["\"profile\"", "\"login\"", "\"statusChanged\""], "users of Okta"),
        (&["\"profile\"", "\"objectClass\"", "okta:"], "groups of Okta"),
        (&["\"profile\"", "\"lastMembershipUpdated\""], "groups of Okta"),
        (&["\"signOnMode\"", "\"label\""], "applications of Okta"),
        (&["\"scope\"", "\"syncState\"", "\"id\""], "assignments of Okta"),
        (&["\"priority\"", "/api/v1/apps/"], "assignments of Okta"),
        (&["\"tokenWindow\"", "\"userId\""], "API tokens of Okta"),
        (&["\"assignmentType\"", "/api/v1/"], "administrator roles of Okta"),
        (&["\"orn:okta:"], "administrators of Okta"),
    ];
    let found = shapes.into_iter().find(|(members, _)| members.iter().all(|member| has(member)));
    let error = has("\"errorCode\"") && has("\"errorSummary\"");
    let found = found.map(|(_, why)| why).or_else(|| error.then_some("an error of Okta"));
    found.map(|why| (96, why.to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut okta = Okta {
        org: Org::new(&settings.system),
        file: String::new(),
        named: None,
        lists: Lists::new(LISTS),
        counts: BTreeMap::new(),
        empty: BTreeSet::new(),
    };
    answers::read(settings, parts, &["value"], &mut okta, tally)?;
    okta.finish_empty();
    okta.lists.finish(tally);
    okta.finish_pages(tally);
    okta.org.finish(tally);
    Ok(())
}

/// An export as it is read.
struct Okta {
    org: Org,
    file: String,
    /// The id in the file's name, or in that of its folder.
    named: Option<String>,
    lists: Lists<List>,
    /// Things per list and file.
    counts: BTreeMap<(List, String), u64>,
    /// Files with nothing in them, as far as they were read.
    empty: BTreeSet<String>,
}

impl Answers for Okta {
    fn page(&mut self, path: &Path, _: &Around, _: &mut Tally<'_>) {
        self.file = file_name(path);
        if !self.counts.keys().any(|(_, file)| *file == self.file) {
            self.empty.insert(self.file.clone());
        }
        let folder = path.parent().map(file_name).unwrap_or_default();
        self.named = okta_id(&self.file).or_else(|| okta_id(&folder));
        if let Some(group) = self.named.as_deref().filter(|id| id.starts_with("00g")) {
            self.org.listed(group);
            self.lists.saw(List::Members);
        }
    }

    fn thing(&mut self, place: Place, thing: &Value, tally: &mut Tally<'_>) -> Result<(), Reason> {
        self.empty.remove(&self.file);
        let fields = Fields::of(thing)?;
        let list = match () {
            () if fields.has("signOnMode") => List::Apps,
            () if fields.has("tokenWindow") || fields.has("clientName") => List::Tokens,
            () if fields.has("assignmentType") || fields.has("orn") => List::Roles,
            () if linked(&fields, "app", "apps")?.is_some() => List::Assignments,
            () if fields.has("secret_hash") => return self.org.secret(&fields, place, tally),
            () if is_user(&fields)? && self.is_member_list() => List::Members,
            () if is_user(&fields)? => List::Users,
            () if fields.object("profile")?.is_some_and(|profile| profile.has("name")) => List::Groups,
            () => return Err(Reason::Unrelated),
        };
        self.lists.saw(list);
        *self.counts.entry((list, self.file.clone())).or_default() += 1;
        match list {
            List::Users => self.org.user(&fields, place, tally),
            List::Groups => self.org.group(&fields, place, tally),
            List::Members => self.org.member(self.named.as_deref().unwrap_or_default(), &fields, tally),
            List::Apps => self.org.app(&fields, place, tally),
            List::Assignments => self.org.assignment(&fields, tally),
            List::Tokens => self.org.token(&fields, place, tally),
            List::Roles => self.org.role(&fields, self.named.as_deref()),
        }
    }
}

impl Okta {
    /// A group's id names the file: the users in it are its members.
    fn is_member_list(&self) -> bool {
        self.named.as_ref().is_some_and(|id| id.starts_with("00g"))
    }

    /// An empty array says only by its file's name of what there is none.
    fn finish_empty(&mut self) {
        const WORDS: [(&str, List); 7] = [
            ("token", List::Tokens),
            ("assign", List::Assignments),
            ("role", List::Roles),
            ("admin", List::Roles),
            ("app", List::Apps),
            ("group", List::Groups),
            ("user", List::Users),
        ];
        for file in &self.empty {
            let lower = file.to_lowercase();
            let named = WORDS.iter().find(|(word, _)| lower.contains(word));
            named.into_iter().for_each(|(_, list)| self.lists.saw(*list));
        }
    }

    /// A list whose every file is exactly a page long has probably been cut there.
    fn finish_pages(&self, tally: &mut Tally<'_>) {
        for (list, lengths) in PAGES {
            let counts = || self.counts.iter().filter(|((of, _), _)| *of == list).map(|(_, count)| count);
            let full = counts().all(|count| lengths.contains(count));
            if let (Some(count), true) = (counts().next(), full) {
                let name = LISTS.iter().find(|(of, ..)| *of == list).map_or("", |(_, name, _)| *name);
                tally.partial(format!(
                    "{name}: exactly {count} in a file, which is one page; follow `Link: rel=\"next\"` for the rest"
                ));
            }
        }
    }
}

fn is_user(fields: &Fields<'_>) -> Result<bool, Reason> {
    Ok(fields.object("profile")?.is_some_and(|profile| profile.has("login")))
}

/// The id that a link names: of `https://…/api/v1/apps/0oa…/users`, what stands after `apps`.
pub(super) fn linked(fields: &Fields<'_>, link: &'static str, after: &str) -> Result<Option<String>, Reason> {
    let links = fields.object("_links")?.map(|links| links.object(link)).transpose()?.flatten();
    let href = links.map(|link| link.text("href")).transpose()?.flatten();
    let mut parts = href.unwrap_or_default().split('/').skip_while(|part| *part != after);
    let id = parts.nth(1).map(|id| id.split('?').next().unwrap_or(id).to_owned());
    Ok(id.filter(|id| !id.is_empty()))
}

/// The id of a group or user in a file's name: 20 letters and digits that begin with `00g` or `00u`.
fn okta_id(name: &str) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let mut ids = words.filter(|word| word.len() == 20 && (word.starts_with("00g") || word.starts_with("00u")));
    ids.next().map(str::to_owned)
}
