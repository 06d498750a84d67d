//! A user of a realm: the account, its credentials, and what it is in.

use serde_json::Value;
use sever_model::port::Reason;
use sever_model::{Account, AccountKind, AccountStatus, Credential, CredentialKind, Exportable, SystemId, Valid};

use crate::facts;
use crate::fields::Fields;

/// A user.
pub(super) struct User {
    pub(super) account: Account,
    pub(super) valid: Valid,
    /// The client whose account it is.
    pub(super) client: Option<String>,
    pub(super) credentials: Vec<(Credential, Valid)>,
    pub(super) held: Held,
    /// How many hashes of passwords stand in the export.
    pub(super) hashes: u64,
}

/// Groups, by their paths, and roles, by client and name, that a user or group has.
#[derive(Default)]
pub(super) struct Held {
    pub(super) groups: Vec<String>,
    pub(super) roles: Vec<(Option<String>, String)>,
}

impl Held {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Held, Reason> {
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut roles: Vec<(Option<String>, String)> =
            owned(fields.texts("realmRoles")?).into_iter().map(|role| (None, role)).collect();
        if let Some(clients) = fields.object("clientRoles")? {
            roles.extend(by_client(&clients)?);
        }
        Ok(Held { groups: owned(fields.texts("groups")?), roles })
    }
}

/// `{"CLIENT": ["ROLE", …]}`.
pub(super) fn by_client(clients: &Fields<'_>) -> Result<Vec<(Option<String>, String)>, Reason> {
    let mut roles = Vec::new();
    for (client, names) in clients.0 {
        let wrong = || Reason::Invalid("clientRoles", client.clone());
        for name in names.as_array().ok_or_else(wrong)? {
            roles.push((Some(client.clone()), name.as_str().ok_or_else(wrong)?.to_owned()));
        }
    }
    Ok(roles)
}

/// Reads a user.
pub(super) fn read(system: &SystemId, fields: &Fields<'_>) -> Result<User, Reason> {
    let login = fields.need("username")?;
    let id = fields.text("id")?.unwrap_or(login);
    let client = fields.text("serviceAccountClientId")?.map(str::to_owned);
    let full = format!("{} {}", fields.owned("firstName")?, fields.owned("lastName")?);
    let account = Account {
        login: login.to_owned(),
        display_name: full.trim().to_owned(),
        emails: facts::emails(fields.text("email")?),
        employee_number: number(fields)?,
        kind: if client.is_some() { AccountKind::Service } else { AccountKind::Human },
        status: match fields.flag("enabled")? {
            Some(true) => AccountStatus::Enabled,
            Some(false) => AccountStatus::Disabled,
            None => AccountStatus::Unknown,
        },
        ..facts::account(system, id)
    };
    let valid = facts::since(fields.millis("createdTimestamp")?);
    let mut credentials = Vec::new();
    let mut hashes = 0;
    for (at, held) in fields.objects("credentials")?.iter().enumerate() {
        hashes += u64::from(held.has("secretData") && held.text("type")? == Some("password"));
        credentials.extend(credential(system, &account, id, at, held, valid)?);
    }
    for identity in fields.objects("federatedIdentities")? {
        let (provider, theirs) = (identity.need("identityProvider")?, identity.need("userId")?);
        let native = format!("federated/{provider}/{theirs}");
        let mut login = facts::credential(system, &native, CredentialKind::Token);
        // It is proven at the other provider: there is nothing here to be read.
        login.exportable = Exportable::No;
        login.account = Some(account.id.clone());
        credentials.push((login, Valid::ALWAYS));
    }
    Ok(User { account, valid, client, credentials, held: Held::read(fields)?, hashes })
}

/// The number that HR gave, where an attribute carries it.
fn number(fields: &Fields<'_>) -> Result<Option<String>, Reason> {
    let Some(attributes) = fields.object("attributes")? else { return Ok(None) };
    let names = ["employeeNumber", "employee_number", "employeeId", "employeeID"];
    let found = names.iter().find_map(|name| attributes.0.get(*name));
    let first = found.and_then(|value| value.as_array().map_or(Some(value), |list| list.first()));
    Ok(first.and_then(Value::as_str).map(str::to_owned).filter(|text| !text.is_empty()))
}

/// A credential of a user, by what it is. Its hash or seed is not looked at.
fn credential(
    system: &SystemId,
    account: &Account,
    user: &str,
    at: usize,
    held: &Fields<'_>,
    existed: Valid,
) -> Result<Option<(Credential, Valid)>, Reason> {
    let kind = held.need("type")?;
    let made = held.millis("createdDate")?;
    let native = match (kind, held.text("id")?) {
        ("password", _) => format!("password/{user}"),
        (kind, Some(id)) => format!("{kind}/{id}"),
        (kind, None) => format!("{kind}/{user}/{at}"),
    };
    let (kind, exportable) = match kind {
        "password" => (CredentialKind::Password, Exportable::Unknown),
        // The private half of a passkey stays in the device that made it.
        "webauthn" | "webauthn-passwordless" => (CredentialKind::Secret, Exportable::No),
        "password-history" => return Ok(None),
        _ => (CredentialKind::Secret, Exportable::Unknown),
    };
    let mut credential = facts::credential(system, &native, kind);
    credential.exportable = exportable;
    credential.account = Some(account.id.clone());
    if kind == CredentialKind::Password {
        credential.rotated_at = made;
        return Ok(Some((credential, existed)));
    }
    Ok(Some((credential, facts::since(made))))
}
