//! Ids, times, passwords and logins in Active Directory's forms.

use super::*;

#[test]
fn a_guid_is_searched_for_in_its_order_of_bytes() {
    let filter = by_id("59c0c521-f0ca-4e4f-9866-f87c591e6c22");
    assert_eq!(
        filter.as_deref(),
        Some("(objectGUID=\\21\\c5\\c0\\59\\ca\\f0\\4f\\4e\\98\\66\\f8\\7c\\59\\1e\\6c\\22)")
    );
    for hostile in ["", "bob", "59c0c521-f0ca-4e4f-9866-f87c591e6c2", "59c0c521-f0ca-4e4f-9866-)(objectClass", "----"] {
        assert_eq!(by_id(hostile), None, "{hostile}");
    }
}

#[test]
fn a_login_cannot_widen_a_search() {
    assert!(by_login("SHOP\\bob").contains("(sAMAccountName=bob)"));
    assert!(by_login("*)(objectClass=*").contains("\\2a\\29\\28objectClass=\\2a"));
}

#[test]
fn a_time_and_back() {
    let at = WallTime::from_secs(1_700_000_000);
    let again = crate::ldif::names::file_time(&file_time(at).to_string());
    assert_eq!(again, Some(at.as_event()));
}

#[test]
fn a_password_in_its_form() {
    assert_eq!(unicode_password("a"), [b'"', 0, b'a', 0, b'"', 0]);
}
