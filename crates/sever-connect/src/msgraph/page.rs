//! What a page of Microsoft Graph lists: by its `@odata.context`, by its objects' types and shapes,
//! and, for the members and owners of a thing, by the id in the file's name.

use std::path::Path;

use crate::fields::Fields;
use crate::files::file_name;
use crate::msgraph::source::List;
use crate::wire::Around;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    User,
    Group,
    Application,
    ServicePrincipal,
    Consent,
    AppRole,
    DirectoryRole,
    RoleAssignment,
    RoleDefinition,
    /// One that nothing is made of.
    Other,
    /// Nothing tells.
    Unknown,
}

/// How the objects of a page are related to the thing that it is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Relation {
    Member,
    Owner,
}

/// A page.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) kind: Option<Kind>,
    /// Of which object these are the members or owners.
    pub(crate) related: Option<(Relation, String)>,
    context: Option<String>,
}

const NAMES: [(&str, Kind); 10] = [
    ("users", Kind::User),
    ("groups", Kind::Group),
    ("applications", Kind::Application),
    ("serviceprincipals", Kind::ServicePrincipal),
    ("oauth2permissiongrants", Kind::Consent),
    ("approleassignments", Kind::AppRole),
    ("approleassignedto", Kind::AppRole),
    ("directoryroles", Kind::DirectoryRole),
    ("roleassignments", Kind::RoleAssignment),
    ("roledefinitions", Kind::RoleDefinition),
];

impl Kind {
    pub(crate) fn list(self) -> Option<List> {
        match self {
            Kind::User => Some(List::Users),
            Kind::Group => Some(List::Groups),
            Kind::Application => Some(List::Applications),
            Kind::ServicePrincipal => Some(List::ServicePrincipals),
            Kind::Consent => Some(List::Consents),
            Kind::AppRole => Some(List::AppRoles),
            Kind::DirectoryRole | Kind::RoleAssignment => Some(List::Roles),
            Kind::RoleDefinition | Kind::Other | Kind::Unknown => None,
        }
    }
}

impl Page {
    pub(crate) fn new(path: &Path, around: &Around) -> Page {
        let context = around.get("@odata.context").and_then(|value| value.as_str());
        let context = context.and_then(|url| url.split_once('#')).map(|(_, entity)| entity.to_owned());
        let (mut kind, mut related) = context.as_deref().map_or((None, None), of_context);
        let vague = context.as_deref().is_none_or(|entity| entity.starts_with("directoryObjects"));
        if related.is_none() && kind.is_none() && vague {
            related = of_path(path);
        }
        if related.is_some() {
            kind = None;
        }
        Page { kind, related, context }
    }

    pub(crate) fn list(&self) -> Option<List> {
        match &self.related {
            Some((Relation::Member, _)) => Some(List::Members),
            Some((Relation::Owner, _)) => None,
            None => self.kind.and_then(Kind::list),
        }
    }

    /// What the page is a page of, for messages and for telling lists apart.
    pub(crate) fn name(&self, file: &str) -> String {
        match (&self.related, &self.context) {
            (Some((Relation::Member, of)), _) => format!("members of {of}"),
            (Some((Relation::Owner, of)), _) => format!("owners of {of}"),
            (None, Some(context)) => context.split('(').next().unwrap_or(context).to_owned(),
            (None, None) => file.to_owned(),
        }
    }
}

/// `users(id,displayName)`, `groups('ID')/members`, `roleManagement/directory/roleAssignments` …
fn of_context(entity: &str) -> (Option<Kind>, Option<(Relation, String)>) {
    if let Some((thing, rest)) = entity.split_once("')/") {
        let id = thing.rsplit('\'').next().unwrap_or_default();
        let name = rest.split(['(', '/']).next().unwrap_or_default();
        return match name {
            "members" => (None, Some((Relation::Member, id.to_owned()))),
            "owners" => (None, Some((Relation::Owner, id.to_owned()))),
            _ => (kind_named(name), None),
        };
    }
    let name = entity.split('(').next().unwrap_or_default().trim_end_matches("/$entity");
    (kind_named(name.rsplit('/').next().unwrap_or_default()), None)
}

fn kind_named(name: &str) -> Option<Kind> {
    let lower = name.to_lowercase();
    NAMES.iter().find(|(known, _)| *known == lower).map(|(_, kind)| *kind)
}

/// `members-ID.json`, `members/ID.json`, `groups/ID/members.json`.
fn of_path(path: &Path) -> Option<(Relation, String)> {
    let folder = path.parent().map(file_name).unwrap_or_default();
    let names = [file_name(path), folder];
    let id = names.iter().find_map(|name| guid(name))?;
    let says = |word: &str| names.iter().any(|name| name.to_lowercase().contains(word));
    let relation = match (says("member"), says("owner")) {
        (true, _) => Relation::Member,
        (false, true) => Relation::Owner,
        (false, false) => return None,
    };
    Some((relation, id))
}

/// The first GUID in a text, lower case.
fn guid(text: &str) -> Option<String> {
    let is_guid = |part: &&[u8]| {
        part.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let found = text.as_bytes().windows(36).find(is_guid)?;
    Some(String::from_utf8_lossy(found).to_lowercase())
}

/// What an object is: by its own type, by the page's, or by members that only such objects have.
pub(crate) fn kind_of(fields: &Fields<'_>, page: Option<Kind>) -> Kind {
    if let Ok(Some(name)) = fields.text("@odata.type") {
        return match name.rsplit('.').next().unwrap_or_default() {
            "user" => Kind::User,
            "group" => Kind::Group,
            "application" => Kind::Application,
            "servicePrincipal" => Kind::ServicePrincipal,
            "oAuth2PermissionGrant" => Kind::Consent,
            "appRoleAssignment" => Kind::AppRole,
            "directoryRole" => Kind::DirectoryRole,
            "unifiedRoleAssignment" => Kind::RoleAssignment,
            "unifiedRoleDefinition" => Kind::RoleDefinition,
            _ => Kind::Other,
        };
    }
    if let Some(kind) = page {
        return kind;
    }
    let any = |names: &[&str]| names.iter().any(|name| fields.has(name));
    let all = |names: &[&str]| names.iter().all(|name| fields.has(name));
    match () {
        () if any(&["userPrincipalName"]) => Kind::User,
        () if all(&["clientId", "consentType"]) => Kind::Consent,
        () if all(&["principalId", "appRoleId"]) => Kind::AppRole,
        () if all(&["principalId", "roleDefinitionId"]) => Kind::RoleAssignment,
        () if any(&["rolePermissions"]) => Kind::RoleDefinition,
        () if any(&["roleTemplateId"]) => Kind::DirectoryRole,
        () if any(&["servicePrincipalType", "servicePrincipalNames"]) => Kind::ServicePrincipal,
        () if any(&["appId"]) => Kind::Application,
        () if any(&["groupTypes", "securityEnabled", "mailEnabled"]) => Kind::Group,
        () if any(&["deviceId", "operatingSystem"]) => Kind::Other,
        () => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests;
