//! Versions become one entry, and what ended and began again stays two.

use sever_model::*;

use crate::build;
use crate::tests::*;

#[test]
fn a_transfer_is_one_stint_and_a_return_is_two() {
    let inventory = inventory(vec![
        person("p", "Ann Lee", ""),
        stint("p", "1", "one", days(0, 10)),
        stint("p", "1", "two", days(10, 20)),
        stint("p", "1", "three", Valid::since(at(50))),
    ]);
    let stints: Vec<_> = inventory.stints(PersonIx(0)).map(|stint| (stint.it.team.as_str(), stint.valid)).collect();
    assert_eq!(stints, [("two", days(0, 20)), ("three", Valid::since(at(50)))]);
    assert_eq!(inventory.departed(PersonIx(0), at(15)), None);
    assert_eq!(inventory.departed(PersonIx(0), at(30)).map(|departed| departed.end), Some(Bound::At(at(20))));
    assert_eq!(inventory.departed(PersonIx(0), at(60)), None);
}

#[test]
fn a_rehire_is_a_new_stint_of_the_same_person() {
    let inventory = inventory(vec![
        person("p", "Ann Lee", ""),
        stint("p", "2016-01-04", "one", days(0, 20)),
        stint("p", "2020-02-03", "two", days(40, 90)),
    ]);
    let employed = |day| inventory.employed(PersonIx(0), at(day));
    assert_eq!([10, 30, 50, 95].map(employed), [Certainty::Yes, Certainty::No, Certainty::Yes, Certainty::No]);
}

#[test]
fn changes_between_snapshots_keep_their_uncertainty() {
    let between = |a, b| Bound::Between(at(a), at(b));
    let inventory = inventory(vec![
        person("p", "Ann Lee", ""),
        stint("p", "1", "one", Valid { from: Bound::Unbounded, to: between(10, 20) }),
        stint("p", "1", "two", Valid { from: between(10, 20), to: between(30, 40) }),
        stint("p", "1", "three", Valid { from: between(50, 60), to: Bound::Unbounded }),
    ]);
    let stints: Vec<_> = inventory.stints(PersonIx(0)).map(|stint| stint.valid).collect();
    let first = Valid { from: Bound::Unbounded, to: between(30, 40) };
    assert_eq!(stints, [first, Valid { from: between(50, 60), to: Bound::Unbounded }]);
    assert_eq!(inventory.employed(PersonIx(0), at(15)), Certainty::Yes);
    assert_eq!(inventory.employed(PersonIx(0), at(35)), Certainty::Possible);
}

#[test]
fn an_entry_has_the_attributes_of_its_instant() {
    let named =
        |name: &str, valid| row(Fact::Account(Account { display_name: name.into(), ..an_account("l/a") }), valid);
    let facts = || vec![named("new", Valid::since(at(50))), named("old", days(0, 50)), named("first", days(-10, 0))];
    let name = |day| {
        let inventory = build(facts(), at(day), WallTime::MAX, Coverage::default());
        inventory.accounts()[0].it.display_name.clone()
    };
    assert_eq!([-20, -5, 49, 50, 99].map(name), ["first", "first", "old", "new", "new"]);
    assert_eq!(inventory(facts()).accounts()[0].valid, Valid::since(at(-10)));
}

#[test]
fn only_what_was_known_then_counts() {
    let mut early = stint("p", "1", "one", Valid::since(at(0)));
    early.known_to = Some(WallTime::from_secs(500));
    let mut late = stint("p", "1", "one", days(0, 20));
    late.known_from = WallTime::from_secs(500);
    let facts = || vec![person("p", "Ann Lee", ""), early.clone(), late.clone()];
    let employed = |known: i64| {
        let known = WallTime::from_secs(known);
        build(facts(), at(30), known, Coverage::default()).employed(PersonIx(0), at(30))
    };
    assert_eq!([499, 500].map(employed), [Certainty::Yes, Certainty::No]);
    let departed = build(facts(), at(30), WallTime::MAX, Coverage::default()).departed(PersonIx(0), at(30)).unwrap();
    assert_eq!(departed.known_from, WallTime::from_secs(500));
}

#[test]
fn sources_fill_what_others_leave_open() {
    let jwks = Credential { kept_at: None, exportable: Exportable::Unknown, ..a_key("shop/kid-1", "") };
    let keys = Credential { issuer: Some("https://id".into()), ..a_key("shop/kid-1", "vault/a") };
    let inventory = inventory(vec![
        from_source("jwks", row(Fact::Credential(jwks), Valid { from: Bound::Unbounded, to: Bound::Unbounded })),
        from_source("keys", row(Fact::Credential(keys), Valid::since(at(10)))),
    ]);
    let entry = &inventory.credentials()[0];
    assert_eq!(
        (entry.it.kept_at.as_ref().map(ResourceId::as_str), entry.it.exportable),
        (Some("vault/a"), Exportable::Yes)
    );
    assert_eq!((entry.it.issuer.as_deref(), entry.valid), (Some("https://id"), Valid::since(at(10))));
}

#[test]
fn names_find_accounts_by_login_in_their_own_system_only() {
    let login = Account { login: "Alice".into(), ..an_account("db/u-1") };
    let inventory = inventory(vec![
        row(Fact::Account(login), Valid::ALWAYS),
        account("ldap/alice"),
        grant(of_account("db/alice"), "db/t", Rights::READ, Valid::ALWAYS),
        grant(of_account("shop/alice"), "shop/t", Rights::READ, Valid::ALWAYS),
    ]);
    let ids: Vec<_> = inventory.accounts().iter().map(|it| it.it.id.as_str()).collect();
    assert_eq!(ids, ["db/u-1", "ldap/alice", "shop/alice"], "the last is entered as known by its right alone");
    assert_eq!(inventory.grants_of(HolderIx::Account(AccountIx(0))).count(), 1);
}

#[test]
fn a_right_in_several_versions_is_one_and_two_apart_are_two() {
    let right = |valid| grant(of_account("db/a"), "db/t", Rights::READ, valid);
    let inventory = inventory(vec![
        account("db/a"),
        right(days(20, 30)),
        right(days(0, 10)),
        right(days(10, 20)),
        right(days(40, 50)),
    ]);
    let valid: Vec<_> = inventory.grants().iter().map(|row| row.valid).collect();
    assert_eq!(valid.len(), 2);
    assert!(valid.contains(&days(0, 30)) && valid.contains(&days(40, 50)));
}
