//! What activities tell.

use sever_model::EventKind;

use super::target::changed_key;
use super::words::Deed;

#[test]
fn a_change_of_a_list_of_keys_is_about_the_one_that_changed() {
    let list = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(|key| format!(r#""[KeyIdentifier={key},KeyType=Password]""#)).collect();
        format!("[{}]", keys.join(","))
    };
    let cases: [(&[&str], &[&str], &str); 5] = [
        (&["k-1", "k-2"], &["k-1"], "k-2"),
        (&["k-2"], &["k-1", "k-2"], "k-1"),
        (&["k-1"], &[], "k-1"),
        (&["k-1"], &["k-1"], "k-1"),
        (&[], &[], ""),
    ];
    for (new, old, changed) in cases {
        assert_eq!(changed_key(&list(new), &list(old)), changed, "{new:?} {old:?}");
    }
}

#[test]
fn an_activity_tells_its_kind_and_words() {
    let cases = [
        ("Add user", EventKind::Changed, "create-account"),
        ("Invite external user", EventKind::Changed, "create-account"),
        ("Add member to role", EventKind::Changed, "grant"),
        ("Add member to role in PIM requested (permanent)", EventKind::Changed, "grant"),
        ("Remove member from role", EventKind::Changed, ""),
        ("Add service principal credentials", EventKind::Changed, "create-key"),
        ("Add service principal", EventKind::Changed, ""),
        ("Update application – Certificates and secrets management ", EventKind::Changed, "create-key"),
        ("Set federation settings on domain", EventKind::Changed, "grant"),
        ("Reset password (by admin)", EventKind::Changed, "create-key"),
        ("Disable account", EventKind::Changed, "disable"),
        ("Hard Delete user", EventKind::Changed, "delete"),
        ("Delete conditional access policy", EventKind::Changed, "delete"),
        ("Update conditional access policy", EventKind::Changed, ""),
        ("Read BitLocker key", EventKind::Read, ""),
        ("Bulk download users - finished (bulk)", EventKind::Used, "export"),
    ];
    for (activity, kind, words) in cases {
        let deed = Deed::of(activity);
        assert_eq!((deed.kind, deed.words.join(" ")), (kind, words.to_owned()), "{activity}");
    }
}
