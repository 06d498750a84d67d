//! Applications and service principals: their credentials, their owners, and what they may do.
//!
//! An application is what is registered; its service principal is the account in this tenant. The
//! credentials of both open that account. Where an application has no service principal here, its
//! credentials open an account named by its `appId`, which signs in elsewhere.

use std::collections::{HashMap, HashSet};

use sever_model::port::Reason;
use sever_model::{
    Account, AccountId, AccountKind, Credential, CredentialKind, EventTime, Exportable, Holder, ResourceId, Rights,
    Valid,
};

use super::page::Relation;
use super::rights;
use super::tenant::{Tenant, status};
use crate::facts::{self, Relations};
use crate::fields::Fields;
use crate::lines::Place;
use crate::tally::Tally;

/// An application, until its service principal is known.
pub(crate) struct Application {
    id: String,
    app_id: String,
    name: String,
    valid: Valid,
    credentials: Vec<(Credential, Valid)>,
}

/// A consent, until all names are known.
pub(crate) struct Consent {
    client: String,
    api: String,
    permissions: Vec<String>,
    /// The user on whose behalf; everybody where there is none.
    principal: Option<String>,
}

/// A permission of an API that a principal holds by itself.
pub(crate) struct AppRole {
    principal: String,
    is_group: Option<bool>,
    api: String,
    role: String,
    from: Option<EventTime>,
}

/// The id of the permission that only says *assigned to this application*.
const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";

impl Tenant {
    pub(crate) fn application(&mut self, fields: &Fields<'_>, place: Place) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let app_id = fields.need("appId")?.to_owned();
        let credentials = self.credentials(fields, Signs::No)?;
        let valid = facts::since(fields.time("createdDateTime")?);
        self.owned(id, fields)?;
        self.seen.once(id, place)?;
        let name = fields.owned("displayName")?;
        self.applications.push(Application { id: id.to_owned(), app_id, name, valid, credentials });
        Ok(())
    }

    pub(crate) fn service_principal(&mut self, fields: &Fields<'_>, place: Place) -> Result<(), Reason> {
        let id = fields.need("id")?;
        let app_id = fields.text("appId")?;
        let account = Account {
            login: app_id.unwrap_or(id).to_owned(),
            display_name: fields.owned("displayName")?,
            kind: AccountKind::Service,
            status: status(fields.flag("accountEnabled")?),
            ..facts::account(&self.system, id)
        };
        for role in fields.objects("appRoles")?.into_iter().chain(fields.objects("oauth2PermissionScopes")?) {
            if let (Some(role_id), Some(name)) = (role.text("id")?, role.text("value")?) {
                self.permissions.insert((id.to_owned(), role_id.to_owned()), name.to_owned());
            }
        }
        let credentials = self.credentials(fields, Signs::Yes)?;
        let valid = facts::since(fields.time("createdDateTime")?);
        self.owned(id, fields)?;
        self.seen.once(id, place)?;
        if let Some(app_id) = app_id {
            self.service_of_app.insert(app_id.to_owned(), account.id.clone());
        }
        let own = account.id.clone();
        let credentials =
            credentials.into_iter().map(|(it, valid)| (Credential { account: Some(own.clone()), ..it }, valid));
        self.service_credentials.extend(credentials);
        self.services.push((account, valid));
        Ok(())
    }

    pub(crate) fn consent(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        let everybody = fields.text("consentType")? == Some("AllPrincipals");
        let principal = fields.text("principalId")?.filter(|_| !everybody).map(str::to_owned);
        let permissions = fields.text("scope")?.unwrap_or_default();
        self.consents.push(Consent {
            client: fields.need("clientId")?.to_owned(),
            api: fields.need("resourceId")?.to_owned(),
            permissions: permissions.split_whitespace().map(str::to_owned).collect(),
            principal,
        });
        Ok(())
    }

    pub(crate) fn app_role(&mut self, fields: &Fields<'_>) -> Result<(), Reason> {
        let is_group = fields.text("principalType")?.map(|kind| kind == "Group");
        self.app_roles.push(AppRole {
            principal: fields.need("principalId")?.to_owned(),
            is_group,
            api: fields.need("resourceId")?.to_owned(),
            role: fields.text("appRoleId")?.unwrap_or(DEFAULT_ACCESS).to_owned(),
            from: fields.time("createdDateTime")?,
        });
        Ok(())
    }

    fn owned(&mut self, id: &str, fields: &Fields<'_>) -> Result<(), Reason> {
        for owner in fields.objects("owners")? {
            self.related(Relation::Owner, id, &owner)?;
        }
        Ok(())
    }

    /// `keyCredentials` and `passwordCredentials`, by their key ids.
    fn credentials(&self, fields: &Fields<'_>, signs: Signs) -> Result<Vec<(Credential, Valid)>, Reason> {
        let mut found = Vec::new();
        for key in fields.objects("keyCredentials")? {
            let signing = signs == Signs::Yes && key.text("usage")? == Some("Sign");
            let kind = if signing { CredentialKind::SigningKey } else { CredentialKind::Certificate };
            let mut credential = facts::credential(&self.system, key.need("keyId")?, kind);
            // The private half of a certificate that signs for the tenant never leaves Entra.
            credential.exportable = if signing { Exportable::No } else { Exportable::Unknown };
            found.push(dated(credential, &key)?);
        }
        for secret in fields.objects("passwordCredentials")? {
            let credential = facts::credential(&self.system, secret.need("keyId")?, CredentialKind::Secret);
            found.push(dated(credential, &secret)?);
        }
        Ok(found)
    }

    /// Hands over applications, their accounts and credentials, and what they may do.
    pub(super) fn finish_apps(mut self, relations: &mut Relations, tally: &mut Tally<'_>) {
        let mut owner_of: HashMap<String, String> = HashMap::new();
        for (of, owner) in &self.owners {
            owner_of.entry(of.clone()).or_insert_with(|| self.named(owner));
        }
        let applications = std::mem::take(&mut self.applications);
        let mut owners: HashMap<AccountId, String> = HashMap::new();
        let mut credentials = std::mem::take(&mut self.service_credentials);
        for application in applications {
            let owner = owner_of.get(&application.id).cloned();
            let account = match self.service_of_app.get(&application.app_id) {
                Some(account) => account.clone(),
                None => self.homeless(&application, owner.clone(), tally),
            };
            if let Some(owner) = &owner {
                owners.insert(account.clone(), owner.clone());
            }
            let resource = ResourceId::of(&self.system, &format!("application/{}", application.id));
            facts::hand_resource(tally, resource, "application", owner, application.valid);
            let own = application.credentials.into_iter();
            credentials.extend(own.map(|(it, valid)| (Credential { account: Some(account.clone()), ..it }, valid)));
        }
        for (mut account, valid) in std::mem::take(&mut self.services) {
            let own = owner_of.get(account.id.native()).or_else(|| owners.get(&account.id));
            account.owner = own.cloned();
            facts::hand_account(tally, account, valid);
        }
        let mut known = HashSet::new();
        for (credential, valid) in credentials {
            // An application and its service principal may both name one credential.
            if known.insert(credential.id.clone()) {
                facts::hand_credential(tally, credential, valid);
            }
        }
        self.finish_rights(relations, tally);
    }

    /// The account of an application that has none in this tenant.
    fn homeless(&self, application: &Application, owner: Option<String>, tally: &mut Tally<'_>) -> AccountId {
        let account = Account {
            display_name: application.name.clone(),
            kind: AccountKind::Service,
            owner,
            ..facts::account(&self.system, &application.app_id)
        };
        let id = account.id.clone();
        facts::hand_account(tally, account, application.valid);
        id
    }

    fn finish_rights(&self, relations: &mut Relations, tally: &mut Tally<'_>) {
        // An owner of an application can give it a new secret, and so act as it.
        let rights = Rights::WRITE.with(Rights::GRANT);
        for (of, owner) in self.owners.iter().filter(|(of, _)| !self.is_group(of)) {
            let resource = ResourceId::of(&self.system, &format!("application/{of}"));
            relations.grant(tally, facts::grant(self.holder(owner, None), resource, rights), Valid::ALWAYS);
        }
        for consent in &self.consents {
            for permission in &consent.permissions {
                let of_whom = consent.principal.as_ref().map(|id| format!("/user/{id}")).unwrap_or_default();
                let place = format!("api/{}/{permission}{of_whom}", consent.api);
                let resource = ResourceId::of(&self.system, &place);
                let client = Holder::Account(AccountId::of(&self.system, &consent.client));
                let mut grant = facts::grant(client, resource, rights::of_permission(permission));
                grant.granted_by = consent.principal.as_ref().map(|id| self.named(id));
                relations.grant(tally, grant, Valid::ALWAYS);
            }
        }
        for assigned in &self.app_roles {
            let name = self.permissions.get(&(assigned.api.clone(), assigned.role.clone()));
            let (place, rights) = match name {
                Some(name) => (format!("api/{}/{name}", assigned.api), rights::of_permission(name)),
                None if assigned.role == DEFAULT_ACCESS => (format!("api/{}", assigned.api), Rights::USE),
                // Which permission it is, only the API's own service principal says.
                None => (format!("api/{}/{}", assigned.api, assigned.role), Rights::READ.with(Rights::WRITE)),
            };
            let holder = self.holder(&assigned.principal, assigned.is_group);
            let grant = facts::grant(holder, ResourceId::of(&self.system, &place), rights);
            relations.grant(tally, grant, facts::since(assigned.from));
        }
    }
}

/// Whether certificates marked for signing sign the tenant's own tokens: those of service principals.
#[derive(Clone, Copy, PartialEq)]
enum Signs {
    Yes,
    No,
}

fn dated(mut credential: Credential, fields: &Fields<'_>) -> Result<(Credential, Valid), Reason> {
    let start = fields.time("startDateTime")?;
    credential.activated_at = start;
    credential.expires_at = fields.time("endDateTime")?;
    Ok((credential, facts::since(start)))
}
