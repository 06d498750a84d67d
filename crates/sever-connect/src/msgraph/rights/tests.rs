//! What roles and permissions come to.

use super::*;

#[test]
fn permissions_by_their_words() {
    for (name, rights) in [
        ("openid", "use"),
        ("Mail.Read", "read"),
        ("Mail.ReadWrite", "read write"),
        ("Mail.Send", "write"),
        ("full_access_as_app", "read write delete"),
        ("Sites.FullControl.All", "read write delete"),
        ("User.ReadWrite.All", "read write create-accounts"),
        ("User.Invite.All", "write create-accounts"),
        ("Directory.ReadWrite.All", "read write create-accounts grant"),
        ("RoleManagement.ReadWrite.Directory", "read write grant"),
        ("AuditLog.Read.All", "read"),
        ("something_else", "use"),
    ] {
        assert_eq!(of_permission(name).to_string(), rights, "{name}");
    }
}

#[test]
fn roles_by_template_then_by_name_and_own_ones_by_their_actions() {
    assert_eq!(of_role("62E90394-69f5-4237-9190-012177145e10", "renamed").to_string(), "admin");
    assert_eq!(of_role("x", "Global Reader").to_string(), "read");
    assert_eq!(of_role("x", "Exchange Administrator").to_string(), "read write");
    assert_eq!(of_role("x", "").to_string(), "read write", "what is not known is more, not less");
    let actions = |list: &[&str]| of_actions(list.iter().copied()).to_string();
    assert_eq!(actions(&["microsoft.directory/users/standard/read"]), "read");
    assert_eq!(actions(&["microsoft.directory/users/create"]), "write create-accounts");
    assert_eq!(actions(&["microsoft.directory/servicePrincipals/appRoleAssignedTo/update"]), "grant");
    assert_eq!(actions(&["microsoft.directory/groups/allProperties/allTasks", "x/delete"]), "read write delete");
}
