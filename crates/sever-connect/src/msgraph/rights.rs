//! What directory roles and permissions of Microsoft Entra come to, as rights.
//!
//! Built-in roles are told by their template ids, which are the same in every tenant; other roles by
//! the actions that they allow, and failing that by their names. Permissions are told by their words:
//! `Mail.ReadWrite` reads and writes. What cannot be told counts as more, not as less.

use sever_model::Rights;

/// Built-in roles that are not told by their names alone, by template id.
const BUILT_IN: [(&str, Rights); 9] = [
    // Global Administrator
    ("62e90394-69f5-4237-9190-012177145e10", Rights::ADMIN),
    // Privileged Role Administrator, Privileged Authentication Administrator
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", Rights::WRITE.with(Rights::GRANT)),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", Rights::WRITE.with(Rights::GRANT)),
    // User Administrator, Guest Inviter
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", Rights::WRITE.with(Rights::CREATE_ACCOUNTS).with(Rights::GRANT)),
    ("95e79109-95c0-4d8e-aee3-d01accf2d47b", Rights::CREATE_ACCOUNTS),
    // Application Administrator, Cloud Application Administrator
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", Rights::WRITE.with(Rights::GRANT).with(Rights::CREATE_ACCOUNTS)),
    ("158c047a-c907-4556-b7ef-446551a6b5f7", Rights::WRITE.with(Rights::GRANT).with(Rights::CREATE_ACCOUNTS)),
    // Security Administrator, Compliance Administrator
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", Rights::READ.with(Rights::WRITE).with(Rights::AUDIT)),
    ("17315797-102d-40b4-93e0-432062caca18", Rights::READ.with(Rights::WRITE).with(Rights::AUDIT)),
];

/// What a directory role comes to.
pub(crate) fn of_role(template: &str, name: &str) -> Rights {
    let lower = template.to_lowercase();
    if let Some((_, rights)) = BUILT_IN.iter().find(|(id, _)| *id == lower) {
        return *rights;
    }
    match name {
        "Global Administrator" | "Company Administrator" => Rights::ADMIN,
        name if name.ends_with("Reader") || name.ends_with("Readers") => Rights::READ,
        name if name.ends_with("User") || name.ends_with("Users") => Rights::USE,
        _ => Rights::READ.with(Rights::WRITE),
    }
}

/// What the actions of a role definition come to (`microsoft.directory/users/create`).
pub(crate) fn of_actions<'a>(actions: impl Iterator<Item = &'a str>) -> Rights {
    let mut rights = Rights::NONE;
    for action in actions {
        let verb = action.rsplit('/').next().unwrap_or(action);
        rights = rights.with(match verb.to_lowercase().as_str() {
            "read" => Rights::READ,
            "create" if action.contains("/users") || action.contains("/servicePrincipals") => {
                Rights::WRITE.with(Rights::CREATE_ACCOUNTS)
            }
            "delete" => Rights::DELETE,
            "alltasks" if action.contains("roleAssignments") || action.contains("/appRoleAssignedTo") => {
                Rights::WRITE.with(Rights::GRANT)
            }
            "alltasks" => Rights::READ.with(Rights::WRITE).with(Rights::DELETE),
            _ if action.contains("roleAssignments") || action.contains("appRoleAssignedTo") => Rights::GRANT,
            _ => Rights::WRITE,
        });
    }
    rights
}

/// What a permission comes to (`Mail.ReadWrite`, `full_access_as_app`).
pub(crate) fn of_permission(name: &str) -> Rights {
    let lower = name.to_lowercase();
    if matches!(lower.as_str(), "openid" | "profile" | "email" | "offline_access") {
        return Rights::USE;
    }
    let has = |word: &str| lower.contains(word);
    let mut rights = Rights::NONE;
    if has("fullcontrol") || has("full_access") || has("accessasuser") || has("user_impersonation") {
        rights = rights.with(Rights::READ).with(Rights::WRITE).with(Rights::DELETE);
    }
    if has("read") {
        rights = rights.with(Rights::READ);
    }
    if has("write") || has("send") || has("manage") || has("create") || has("invite") {
        rights = rights.with(Rights::WRITE);
    }
    if lower.starts_with("user.") && (has("readwrite") || has("invite")) || lower.starts_with("directory.readwrite") {
        rights = rights.with(Rights::CREATE_ACCOUNTS);
    }
    let gives = ["rolemanagement.", "approleassignment.", "delegatedpermissiongrant.", "application.", "directory."];
    if gives.iter().any(|family| lower.starts_with(family)) && has("readwrite") {
        rights = rights.with(Rights::GRANT);
    }
    if rights.is_empty() { Rights::USE } else { rights }
}

#[cfg(test)]
mod tests;
