//! Which addresses are spoken to, and where a password may travel in clear.

use std::collections::BTreeMap;

use super::*;

fn place(url: &str, settings: &[(&str, &str)]) -> Result<Place, String> {
    let mut all = BTreeMap::from([("base".to_owned(), "dc=shop,dc=example".to_owned())]);
    all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let connection = Connection {
        id: "directory".into(),
        system: "ldap".into(),
        url: url.to_owned(),
        settings: all,
        login: None,
        twin: None,
    };
    Place::of(&connection).map_err(|error| error.to_string())
}

#[test]
fn a_password_travels_in_clear_on_this_machine_only() {
    for url in ["ldap://127.0.0.1:389", "ldap://localhost", "ldap://[::1]:389"] {
        assert!(place(url, &[]).is_ok(), "{url}");
    }
    for url in ["ldap://ldap.shop.example", "ldap://192.0.2.1:389", "ldap://127.0.0.1.shop.example"] {
        let refused = place(url, &[]).err().unwrap_or_default();
        assert!(refused.contains("in clear"), "{url}: {refused}");
        assert!(place(url, &[("plain", "true")]).is_ok(), "{url}");
        assert!(place(url, &[("starttls", "true")]).is_ok_and(|it| it.line.starttls && it.line.tls.is_some()), "{url}");
    }
    assert!(place("ldaps://ldap.shop.example", &[]).is_ok_and(|it| it.line.tls.is_some()));
}

#[test]
fn an_address_that_is_none_is_refused() {
    for url in
        ["", "ldap://", "https://ldap.shop.example", "ldap://bob:x@127.0.0.1", "ldap://127.0.0.1/dc=shop", "ldapi:///"]
    {
        assert!(place(url, &[]).is_err(), "{url}");
    }
    let refused = place("ldaps://ldap.shop.example", &[("ca", "/no/such/file")]).err().unwrap_or_default();
    assert!(refused.contains("settings.ca"), "{refused}");
}
