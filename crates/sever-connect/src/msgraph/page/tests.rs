//! What a page lists is told by its context first, then by its file's name.

use std::path::PathBuf;

use serde_json::json;

use super::*;

const ID: &str = "22222222-0000-4000-8000-000000000001";

fn page(file: &str, context: &str) -> Page {
    let url = format!("https://graph.microsoft.com/v1.0/$metadata#{context}");
    let around = if context.is_empty() { json!({}) } else { json!({ "@odata.context": url }) };
    Page::new(&PathBuf::from(file), around.as_object().unwrap())
}

#[test]
fn a_context_says_what_is_listed() {
    for (context, kind) in [
        ("users", Kind::User),
        ("users(id,displayName)/$entity", Kind::User),
        ("groups(id,members(id,displayName))", Kind::Group),
        ("servicePrincipals", Kind::ServicePrincipal),
        ("roleManagement/directory/roleAssignments", Kind::RoleAssignment),
        ("servicePrincipals('7')/appRoleAssignedTo", Kind::AppRole),
    ] {
        assert_eq!(page("x.json", context).kind, Some(kind), "{context}");
    }
    let owners = page("x.json", "applications('7')/owners(id)");
    assert_eq!((owners.kind, owners.related), (None, Some((Relation::Owner, "7".to_owned()))));
}

#[test]
fn a_file_says_whose_members_it_lists_where_the_context_does_not() {
    let members = Some((Relation::Member, ID.to_owned()));
    let upper = ID.to_uppercase();
    for file in [format!("members-{ID}.json"), format!("members/{upper}.json"), format!("groups/{ID}/members.2.json")] {
        assert_eq!(page(&file, "directoryObjects").related, members, "{file}");
        assert_eq!(page(&file, "").related, members, "{file}");
        assert_eq!(page(&file, "users").related, None, "{file}: the answer says that these are users");
    }
    for file in ["members.json", "members-2222.json", &format!("{ID}.json")] {
        assert_eq!(page(file, "directoryObjects").related, None, "{file}");
    }
}
