//! Roles of a realm and of its clients, and what they come to as rights.

use sever_model::Rights;
use sever_model::port::Reason;

use super::user::by_client;
use crate::fields::Fields;

/// A role.
pub(super) struct Role {
    /// The client that it is of; the realm's own where there is none.
    pub(super) client: Option<String>,
    pub(super) name: String,
    /// The roles that it brings, by client and name.
    pub(super) composites: Vec<(Option<String>, String)>,
}

/// Reads `{"realm": […], "client": {"CLIENT": […]}}`.
pub(super) fn read(fields: &Fields<'_>) -> Result<Vec<Role>, Reason> {
    let mut roles = Vec::new();
    for role in fields.objects("realm")? {
        roles.push(one(None, &role)?);
    }
    for (client, list) in fields.object("client")?.iter().flat_map(|clients| clients.0) {
        for role in list.as_array().into_iter().flatten() {
            roles.push(one(Some(client.clone()), &Fields::of(role)?)?);
        }
    }
    Ok(roles)
}

fn one(client: Option<String>, fields: &Fields<'_>) -> Result<Role, Reason> {
    let mut composites = Vec::new();
    if let Some(inner) = fields.object("composites")? {
        composites.extend(inner.texts("realm")?.into_iter().map(|role| (None, role.to_owned())));
        if let Some(clients) = inner.object("client")? {
            composites.extend(by_client(&clients)?);
        }
    }
    Ok(Role { client, name: fields.need("name")?.to_owned(), composites })
}

/// The place and rights of a role: those of Keycloak's own management clients on the realm that they
/// manage, of other roles the right to use, or what their name says, on what they are a role of.
pub(super) fn of(realm: &str, client: Option<&str>, role: &str) -> Option<(String, Rights)> {
    let changes = Rights::READ.with(Rights::WRITE);
    let managed = match client {
        Some("realm-management") => Some(realm),
        Some(client) if realm == "master" => client.strip_suffix("-realm"),
        _ => None,
    };
    if let Some(managed) = managed {
        let rights = match role {
            "realm-admin" => return Some((format!("{managed}/*"), Rights::ADMIN)),
            "manage-users" => changes.with(Rights::CREATE_ACCOUNTS).with(Rights::GRANT),
            "manage-clients" | "create-client" => changes.with(Rights::CREATE_ACCOUNTS),
            "manage-authorization" | "manage-identity-providers" => changes.with(Rights::GRANT),
            // To act as somebody else is to have what they have.
            "impersonation" => changes.with(Rights::GRANT),
            "manage-realm" | "manage-events" => changes.with(Rights::AUDIT),
            role if role.starts_with("view-") || role.starts_with("query-") => Rights::READ,
            _ => changes,
        };
        return Some((managed.to_owned(), rights));
    }
    match (client, role) {
        (None, "admin") if realm == "master" => Some(("*".to_owned(), Rights::ADMIN)),
        (None, "create-realm") if realm == "master" => Some(("realms".to_owned(), Rights::WRITE)),
        // What everybody has, and what gives nothing by itself.
        (None, "offline_access" | "uma_authorization") => None,
        (None, role) if role.starts_with("default-roles-") => None,
        (Some("account" | "account-console" | "broker"), _) => None,
        (client, role) => {
            let place = client.map_or_else(|| format!("{realm}/role/{role}"), |of| format!("{realm}/client/{of}"));
            Some((place, Rights::parse(role).ok().filter(|rights| !rights.is_empty()).unwrap_or(Rights::USE)))
        }
    }
}
