//! Which steps there are, and what undoes them.

use super::*;

fn settings(owner: Option<&str>, drops: bool) -> Settings {
    Settings { connection: "db".into(), owner: owner.map(str::to_owned), drops }
}

fn door(kind: DoorKind, native: &str, attributes: &[(&str, &str)]) -> Door {
    let mut door = Door::new(&"db".into(), kind, native);
    let role = [("role", "bob")];
    let all = role.iter().chain(attributes);
    door.attributes = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    door
}

fn verbs(steps: &[StepDraft]) -> Vec<&str> {
    steps.iter().map(|it| it.operation.verb.as_str()).collect()
}

#[test]
fn a_role_is_dropped_only_where_it_was_asked_for() {
    let login =
        door(DoorKind::Login, "bob", &[("held", "USAGE ON SCHEMA a in x by ann; USAGE ON SCHEMA b in x by data")]);
    assert_eq!(verbs(&steps(&settings(None, false), &login)), ["nologin", "reset-password"]);
    let all = steps(&settings(Some("data"), true), &login);
    assert_eq!(verbs(&all), ["nologin", "reset-password", "drop"]);
    let drop = all.last().expect("a step");
    assert_eq!(drop.inverse, Inverse::None);
    assert_eq!(drop.breaks.len(), 2, "{:?}", drop.breaks);
    assert!(drop.breaks.iter().any(|it| it.ends_with("by ann")));
}

#[test]
fn what_has_no_owner_to_go_to_is_handed_off() {
    let owns = door(DoorKind::Delegation, "bob/owns/orders", &[("database", "orders"), ("objects", "pg_class/1")]);
    assert!(steps(&settings(None, false), &owns).is_empty());
    let one = steps(&settings(Some("data"), false), &owns);
    assert!(matches!(one.first().map(|it| &it.inverse), Some(Inverse::By(back)) if back.verb == "give-back"));
    // Too many to name: they cannot be given back one by one.
    let owns = door(DoorKind::Delegation, "bob/owns/orders", &[("database", "orders")]);
    let one = steps(&settings(Some("data"), false), &owns);
    assert_eq!(one.first().map(|it| &it.inverse), Some(&Inverse::None));
}

#[test]
fn grants_are_revoked_after_they_were_granted_again() {
    let granted =
        door(DoorKind::Delegation, "bob/granted/orders", &[("database", "orders"), ("on", "SELECT ON TABLE t")]);
    let both = steps(&settings(None, false), &granted);
    assert_eq!(verbs(&both), ["regrant", "revoke-granted"]);
    assert_eq!(
        both.iter().map(|it| (it.phase, it.after.clone())).collect::<Vec<_>>(),
        [(Phase::HandOver, Vec::new()), (Phase::Cut, vec![0]),]
    );
}

#[test]
fn doors_of_others_have_no_steps() {
    let all = settings(Some("data"), true);
    assert!(steps(&all, &Door::new(&"db".into(), DoorKind::Login, "bob")).is_empty());
    assert!(steps(&all, &door(DoorKind::SshKey, "bob", &[])).is_empty());
    assert!(steps(&all, &door(DoorKind::Delegation, "bob/unheard-of/x", &[])).is_empty());
    assert!(steps(&settings(None, false), &door(DoorKind::Delegation, "bob/mappings/x", &[])).is_empty());
}
