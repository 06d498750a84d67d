//! `msgraph`: accounts, applications, consents and roles of Microsoft Entra, as Microsoft Graph answers.
//!
//! Object ids are the ids; a user's login is the user principal name, an application's its `appId`,
//! which is how sign-in logs name them. A directory role becomes a group that holds rights on
//! `SYSTEM/directory`, or on `SYSTEM/*` for a global administrator; a permission becomes a right on
//! `SYSTEM/api/RESOURCE/PERMISSION`.
//!
//! Bounded by the objects of one tenant: who owns and who is in what may be named anywhere in it.

use std::path::Path;

use serde_json::Value;
use sever_model::FactKind;
use sever_model::port::{Reason, Source, SourceError};

use super::page::{Kind, Page, Relation, kind_of};
use super::tenant::Tenant;
use crate::answers::{self, Answers, Lists, Unfollowed};
use crate::documents::Documents;
use crate::fields::Fields;
use crate::files::{Parts, file_name};
use crate::lines::Place;
use crate::tally::Tally;
use crate::wire::Around;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "msgraph",
    title: "Microsoft Entra (Microsoft Graph)",
    about: "A folder with the answers of Microsoft Graph, each page as it came (`az rest --url …`, `mgc`, PowerShell), \
            in any number of files: `GET /users?$select=id,userPrincipalName,displayName,mail,otherMails,\
            proxyAddresses,employeeId,userType,externalUserState,accountEnabled,createdDateTime,\
            lastPasswordChangeDateTime,signInActivity`, `GET /groups`, for each group `GET /groups/ID/members` and \
            `/owners` as `members-ID.json` and `owners-ID.json`, `GET /applications?$expand=owners`, `GET \
            /servicePrincipals?$expand=owners`, `GET /oauth2PermissionGrants`, `GET \
            /directoryRoles?$expand=members` or `GET /roleManagement/directory/roleAssignments` with \
            `roleDefinitions`, and for each API `GET /servicePrincipals/ID/appRoleAssignedTo`. Users and service \
            principals become accounts, guests too; `keyCredentials` and `passwordCredentials` become credentials \
            of the service principal (a certificate that signs SAML tokens, a signing key that cannot be exported); \
            an invitation that was not redeemed, a token; the password of a user, a credential with the time of its \
            last change. Consents and application permissions become rights of the client on each permission. Owners \
            of applications and groups may change them and give rights. `employeeHireDate` and \
            `employeeLeaveDateTime` are NOT taken as employment: they are copies, and HR's own export (`people`) is \
            the one that counts. It cannot say who made an account (the audit log can), who knows a client secret, \
            what eligible roles (PIM) would give, or since when somebody is in a group.",
    scope: "`Directory.Read.All` (application permission, read only), and `AuditLog.Read.All` for `signInActivity`; no \
            write permission",
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
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum List {
    Users,
    Groups,
    Members,
    Applications,
    ServicePrincipals,
    Consents,
    AppRoles,
    Roles,
}

const LISTS: &[(List, &str, &str)] = &[
    (List::Users, "users", "`GET /users`"),
    (List::Groups, "groups", "`GET /groups`"),
    (List::Members, "members of groups", "`GET /groups/ID/members` for each group, as `members-ID.json`"),
    (List::Applications, "applications", "`GET /applications?$expand=owners`"),
    (List::ServicePrincipals, "service principals", "`GET /servicePrincipals?$expand=owners`"),
    (List::Consents, "consents", "`GET /oauth2PermissionGrants`"),
    (List::AppRoles, "application permissions", "`GET /servicePrincipals/ID/appRoleAssignedTo` for each API"),
    (List::Roles, "directory roles", "`GET /directoryRoles?$expand=members`"),
];

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    if !wire::is_json(sample.head) {
        return None;
    }
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    // Sign-in and audit logs come from the same interface, and are logs.
    let logs = ["$metadata#auditLogs", "$metadata#security", "\"correlationId\"", "\"operationName\"", "\"Workload\""];
    if logs.iter().any(|member| has(member)) {
        return None;
    }
    if has("graph.microsoft.") && has("@odata.context") {
        return Some((97, "an answer of Microsoft Graph".to_owned()));
    }
    if has("#microsoft.graph.") {
        return Some((96, "objects of Microsoft Graph".to_owned()));
    }
    let shapes: [(&[&str], &str); 5] = [
        (&["\"userPrincipalName\"", "\"id\""], "users of Microsoft Entra"),
        (&["\"appId\"", "\"signInAudience\""], "applications of Microsoft Entra"),
        (&["\"appId\"", "\"servicePrincipalType\""], "service principals of Microsoft Entra"),
        (&["\"consentType\"", "\"clientId\"", "\"resourceId\""], "consents in Microsoft Entra"),
        (&["\"roleDefinitionId\"", "\"directoryScopeId\""], "roles in Microsoft Entra"),
    ];
    let found = shapes.into_iter().find(|(members, _)| members.iter().all(|member| has(member)));
    found.map(|(_, why)| (92, why.to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut graph = Graph {
        tenant: Tenant::new(&settings.system),
        page: Page::default(),
        lists: Lists::new(LISTS),
        unfollowed: Unfollowed::default(),
        others: 0,
    };
    answers::read(settings, parts, &["value"], &mut graph, tally)?;
    graph.unfollowed.finish("@odata.nextLink", tally);
    graph.lists.finish(tally);
    if graph.others > 0 {
        tally.gap(format!("{} of another kind left out", crate::row::counted(graph.others, "object")));
    }
    graph.tenant.finish(tally);
    Ok(())
}

/// An export as it is read.
struct Graph {
    tenant: Tenant,
    page: Page,
    lists: Lists<List>,
    unfollowed: Unfollowed,
    /// Devices, contacts, units and the like.
    others: u64,
}

impl Answers for Graph {
    fn page(&mut self, path: &Path, around: &Around, _: &mut Tally<'_>) {
        self.page = Page::new(path, around);
        if let Some(list) = self.page.list() {
            self.lists.saw(list);
        }
        if let Some((Relation::Member, group)) = &self.page.related {
            self.tenant.listed(group);
        }
        if !around.is_empty() {
            let file = file_name(path);
            self.unfollowed.page(&self.page.name(&file), &file, around.get("@odata.nextLink"));
        }
    }

    fn thing(&mut self, place: Place, thing: &Value, tally: &mut Tally<'_>) -> Result<(), Reason> {
        let fields = Fields::of(thing)?;
        if let Some((relation, of)) = &self.page.related {
            return self.tenant.related(*relation, of, &fields);
        }
        let kind = kind_of(&fields, self.page.kind);
        if let Some(list) = kind.list() {
            self.lists.saw(list);
        }
        match kind {
            Kind::User => self.tenant.user(&fields, place, tally),
            Kind::Group => {
                if fields.has("members") {
                    self.lists.saw(List::Members);
                }
                self.tenant.group(&fields, place, tally)
            }
            Kind::Application => self.tenant.application(&fields, place),
            Kind::ServicePrincipal => self.tenant.service_principal(&fields, place),
            Kind::Consent => self.tenant.consent(&fields),
            Kind::AppRole => self.tenant.app_role(&fields),
            Kind::DirectoryRole => self.tenant.directory_role(&fields),
            Kind::RoleAssignment => self.tenant.role_assignment(&fields),
            Kind::RoleDefinition => self.tenant.role_definition(&fields),
            Kind::Other => {
                self.others += 1;
                Ok(())
            }
            Kind::Unknown => Err(Reason::Unrelated),
        }
    }
}
