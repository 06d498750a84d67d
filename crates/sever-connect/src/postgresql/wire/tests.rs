//! Addresses, names and refusals.

use std::collections::BTreeMap;

use super::*;

fn connection(url: &str, settings: &[(&str, &str)]) -> Connection {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Connection {
        id: "db".into(),
        system: "db".into(),
        url: url.to_owned(),
        settings: settings.collect::<BTreeMap<_, _>>(),
        login: None,
        twin: None,
    }
}

#[test]
fn an_address_has_no_password_and_no_options() {
    let off = [("tls", "off")];
    let place = Place::of(&connection("postgres://db.shop.example/orders", &off)).expect("an address");
    assert_eq!((place.host.as_str(), place.port, place.database.as_str()), ("db.shop.example", 5432, "orders"));
    let place = Place::of(&connection("postgresql://[2001:db8::1]:6000", &off)).expect("an address");
    assert_eq!((place.host.as_str(), place.port, place.database.as_str()), ("2001:db8::1", 6000, "postgres"));
    for url in ["", "db.shop.example", "https://db.shop.example", "postgres://ann:x@db/", "postgres://db/x?sslmode=off"]
    {
        assert!(Place::of(&connection(url, &off)).is_err(), "{url}");
    }
}

#[test]
fn tls_is_not_left_out_by_forgetting_it() {
    let error = Place::of(&connection("postgres://db", &[])).err().expect("no certificates named");
    assert!(error.hint.is_some());
    assert!(Place::of(&connection("postgres://db", &[("tls", "prefer")])).is_err());
    assert!(Place::of(&connection("postgres://db", &[("ca", "/nowhere.pem")])).is_err());
}

#[test]
fn names_cannot_end_their_quotes() {
    assert_eq!(quoted("ann\"; drop role bob; --\0"), "\"ann\"\"; drop role bob; --\"");
}

#[test]
fn refusals_tell_what_is_lacking_and_what_may_pass() {
    let said = |code: &str| Failed::Refused(Refusal { code: code.to_owned(), ..Refusal::default() });
    assert!(matches!(said("42501").acting("x"), ActError::NotAllowed { lacking, .. } if lacking == "x"));
    assert!(said("55P03").acting("x").is_passing());
    assert!(said("57P03").acting("x").is_passing());
    assert!(!said("2BP01").acting("x").is_passing());
    assert_eq!(said("28P01").unknown().0, UnknownWhy::ControlFailed);
    assert_eq!(said("XX000").unknown().0, UnknownWhy::Unexpected);
}
