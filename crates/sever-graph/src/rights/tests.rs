//! Rights come with the way that explains them.

use sever_model::*;

use super::*;
use crate::tests::*;

#[test]
fn a_persons_rights_are_those_of_their_accounts_with_the_way() {
    let inventory = inventory(vec![
        person("7", "Ann Lee", ""),
        row(Fact::Account(Account { employee_number: Some("7".into()), ..an_account("l/ann") }), Valid::ALWAYS),
        member(of_account("l/ann"), "l/dev", days(0, 50)),
        member(of_group("l/dev"), "l/all", Valid::ALWAYS),
        grant(of_group("l/all"), "db/orders/*", Rights::READ, Valid::since(at(10))),
        grant(Holder::Person("7".into()), "safe", Rights::USE, Valid::ALWAYS),
    ]);
    let shown = |day| {
        let rights = effective(&inventory, HolderIx::Person(PersonIx(0)), at(day));
        let show = |right: &Effective| {
            let through = right.through.iter().map(|ix| inventory.group(*ix).unwrap().it.id.to_string());
            format!(
                "{} {} {:?}",
                inventory.resource(right.resource).unwrap().it.id,
                right.rights,
                through.collect::<Vec<_>>()
            )
        };
        rights.iter().map(show).collect::<Vec<_>>()
    };
    assert_eq!(shown(5), ["safe use []"]);
    assert_eq!(shown(20), ["safe use []", r#"db/orders/* read ["l/dev", "l/all"]"#]);
    assert_eq!(shown(60), ["safe use []"]);
}

#[test]
fn holders_are_found_through_patterns_and_groups() {
    let inventory = inventory(vec![
        account("l/ann"),
        row(
            Fact::Resource(Resource { id: "db/orders/x".into(), kind: "table".into(), owner: None, subjects: None }),
            Valid::ALWAYS,
        ),
        member(of_account("l/ann"), "l/dev", Valid::ALWAYS),
        grant(of_group("l/dev"), "db/+/x", Rights::READ, Valid::ALWAYS),
        grant(of_account("l/ann"), "db/*", Rights::WRITE, days(0, 5)),
    ]);
    let place = inventory.find_resource(&"db/orders/x".into()).unwrap();
    let rights =
        |day| holders(&inventory, place, at(day)).iter().map(|it| it.right.rights.to_string()).collect::<Vec<_>>();
    assert_eq!(rights(3), ["read", "write"]);
    assert_eq!(rights(9), ["read"]);
}
