//! Which path one export of several files is written down by.

use super::*;

fn path(own: &[&str], others: &[&str]) -> String {
    let provider = sever_connect::provider("okta").unwrap();
    let mut own: Vec<PathBuf> = own.iter().map(PathBuf::from).collect();
    own.sort_by_key(|file| (file.components().count(), file.clone()));
    let mut exports = Vec::new();
    for file in &own {
        add(&mut exports, provider, String::new(), file.clone(), vec![file.clone()]);
    }
    let all: Vec<PathBuf> = own.iter().cloned().chain(others.iter().map(PathBuf::from)).collect();
    let paths: Vec<String> = exports.iter().map(|export| export.path(&all).display().to_string()).collect();
    paths.join(" and ")
}

#[test]
fn a_folder_of_its_own_is_named_whole_and_a_shared_one_by_its_files() {
    assert_eq!(path(&["in/users.json"], &["in/hr.csv"]), "in/users.json");
    assert_eq!(path(&["in/users.json", "in/groups.json"], &["hr.csv"]), "in");
    assert_eq!(path(&["in/users.json", "in/groups.json"], &["in/hr.csv"]), "in/{groups.json,users.json}");
    assert_eq!(path(&["in/users.json", "in/m/a.json", "in/m/b.json"], &["in/hr.csv"]), "in/{m/**,users.json}");
    assert_eq!(path(&["in/users.json", "in/m/a.json"], &["in/m/hr.csv"]), "in/{m/a.json,users.json}");
    assert_eq!(path(&["a/users.json", "b/users.json", "b/apps.json"], &[]), "a/users.json and b");
    assert_eq!(path(&["in/a{1},.json", "in/b.json"], &["in/x"]), "in/{a?1??.json,b.json}");
}
