//! Who: strongest first, with who has left and what a rotation has cured.

use sever_model::*;

use super::*;
use crate::tests::*;

fn company() -> Inventory {
    inventory(vec![
        person("7", "Ann Lee", "ann@x.example"),
        stint("7", "1", "", days(0, 40)),
        person("8", "Bob Sand", "bob@x.example"),
        row(Fact::Account(Account { employee_number: Some("7".into()), ..an_account("l/ann") }), Valid::ALWAYS),
        row(Fact::Account(Account { employee_number: Some("8".into()), ..an_account("l/bob") }), Valid::ALWAYS),
        key(Credential { rotated_at: Some(at(30)), ..a_key("s/k", "vault/secret/kid") }),
        grant(of_account("l/bob"), "vault/secret/kid", Rights::READ, days(0, 25)),
        grant(of_account("l/ann"), "vault/secret/*", Rights::READ, days(10, 60)),
        grant(of_account("l/bob"), "vault/secret/*", Rights::USE, days(10, 60)),
        custody(of_account("l/bob"), "s/k", Strength::Read, Valid::since(at(20))),
        custody(Holder::Person("7".into()), "s/k", Strength::Read, Valid::since(at(35))),
    ])
}

#[test]
fn custody_says_who_has_left_and_who_knows_the_key_of_today() {
    let inventory = company();
    let asked = find(&inventory, "k");
    assert_eq!(asked, [Asked::Credential(CredentialIx(0))]);
    let lines: Vec<String> = who(&inventory, asked[0], at(50))
        .iter()
        .map(|row| {
            let name = row.person.and_then(|ix| inventory.person(ix)).map_or("–", |it| it.it.id.as_str());
            let left = row.departed.map(|it| format!("{:?}", it.end)).unwrap_or_default();
            format!(
                "{:?} {name} {:?} {left} current {:?}",
                row.strength.unwrap(),
                row.employed.unwrap(),
                row.current.unwrap()
            )
        })
        .collect();
    let expect = [
        "Read 7 No At(1970-02-10T00:00:00Z) current Yes",
        "Read 8 Yes  current No",
        "CouldRead 7 No At(1970-02-10T00:00:00Z) current Yes",
        "CouldRead 8 Yes  current No",
        "CouldUse 8 Yes  current Yes",
    ];
    assert_eq!(lines, expect);
    assert_eq!(who(&inventory, asked[0], at(15)).len(), 3, "what had not begun by then is not shown");
}

#[test]
fn a_text_finds_every_thing_that_it_may_mean() {
    let inventory = company();
    assert_eq!(find(&inventory, "ann@x.example"), [Asked::Person(PersonIx(0))]);
    assert_eq!(find(&inventory, "7"), [Asked::Person(PersonIx(0))]);
    assert_eq!(find(&inventory, "ann"), [Asked::Account(AccountIx(0))]);
    assert_eq!(find(&inventory, "bob sand"), [Asked::Person(PersonIx(1))]);
    assert_eq!(
        find(&inventory, "vault/secret/kid"),
        [Asked::Resource(inventory.find_resource(&"vault/secret/kid".into()).unwrap())]
    );
    assert!(find(&inventory, "nothing").is_empty());
}

#[test]
fn a_program_is_found_by_each_of_its_ids_and_by_its_name() {
    let deployer = Account {
        login: "0a1b-app".into(),
        display_name: "Deployer".into(),
        kind: AccountKind::Service,
        ..an_account("entra/0a1b-object")
    };
    let inventory = inventory(vec![row(Fact::Account(deployer), Valid::ALWAYS)]);
    for name in ["entra/0a1b-object", "0a1b-object", "0a1b-app", "deployer"] {
        assert_eq!(find(&inventory, name), [Asked::Account(AccountIx(0))], "{name}");
    }
}

#[test]
fn accounts_and_places_can_be_asked_about_too() {
    let inventory = company();
    let account = who(&inventory, Asked::Account(AccountIx(0)), at(50));
    assert_eq!((account[0].person, account[0].employed), (Some(PersonIx(0)), Some(Certainty::No)));
    let place = inventory.find_resource(&"vault/secret/kid".into()).unwrap();
    let evidence: Vec<_> =
        who(&inventory, Asked::Resource(place), at(50)).into_iter().map(|row| row.evidence).collect();
    assert_eq!(evidence, ["right `read` on vault/secret/*", "right `use` on vault/secret/*"]);
}
