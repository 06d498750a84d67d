//! A small company, for the tests of every module, and what the modules make of it together.

use sever_model::*;

use crate::build;

pub(crate) fn at(day: i64) -> EventTime {
    EventTime::from_secs(day * 86_400)
}

pub(crate) fn days(from: i64, to: i64) -> Valid {
    Valid::between(at(from), at(to))
}

pub(crate) fn row(fact: Fact, valid: Valid) -> FactRow {
    let known_from = WallTime::from_secs(0);
    FactRow { fact, valid, known_from, known_to: None, source: "src".into(), seen_at: at(0) }
}

pub(crate) fn from_source(source: &str, mut row: FactRow) -> FactRow {
    row.source = source.into();
    row
}

pub(crate) fn a_person(id: &str, name: &str, email: &str) -> Person {
    let emails = [email].into_iter().filter(|email| !email.is_empty()).map(str::to_owned).collect();
    Person { id: id.into(), name: name.into(), emails, logins: vec![], employee_number: None, manager: None }
}

pub(crate) fn person(id: &str, name: &str, email: &str) -> FactRow {
    row(Fact::Person(a_person(id, name, email)), Valid::ALWAYS)
}

pub(crate) fn stint(id: &str, ordinal: &str, team: &str, valid: Valid) -> FactRow {
    let stint = Stint {
        person: id.into(),
        ordinal: ordinal.into(),
        employment: Employment::Employee,
        team: team.into(),
        title: String::new(),
        last_day: None,
    };
    row(Fact::Stint(stint), valid)
}

pub(crate) fn an_account(id: &str) -> Account {
    let id = AccountId::from(id);
    Account {
        login: id.native().to_owned(),
        id,
        display_name: String::new(),
        emails: vec![],
        employee_number: None,
        kind: AccountKind::Human,
        status: AccountStatus::Enabled,
        owner: None,
        created_by: None,
        last_used: None,
    }
}

pub(crate) fn account(id: &str) -> FactRow {
    row(Fact::Account(an_account(id)), Valid::ALWAYS)
}

pub(crate) fn of_account(id: &str) -> Holder {
    Holder::Account(id.into())
}

pub(crate) fn of_group(id: &str) -> Holder {
    Holder::Group(id.into())
}

pub(crate) fn member(member: Holder, group: &str, valid: Valid) -> FactRow {
    row(Fact::Membership(Membership { member, group: group.into() }), valid)
}

pub(crate) fn grant(holder: Holder, resource: &str, rights: Rights, valid: Valid) -> FactRow {
    row(Fact::Grant(Grant { holder, resource: resource.into(), rights, granted_by: None, last_used: None }), valid)
}

pub(crate) fn a_key(id: &str, kept_at: &str) -> Credential {
    Credential {
        id: id.into(),
        kind: CredentialKind::SigningKey,
        account: None,
        issuer: None,
        kept_at: Some(kept_at.into()),
        exportable: Exportable::Yes,
        created_by: None,
        rotated_at: None,
        activated_at: None,
        retired_at: None,
        expires_at: None,
        last_used: None,
    }
}

pub(crate) fn key(credential: Credential) -> FactRow {
    row(Fact::Credential(credential), Valid::ALWAYS)
}

pub(crate) fn custody(holder: Holder, credential: &str, strength: Strength, valid: Valid) -> FactRow {
    let custody = Custody { holder, credential: credential.into(), strength, evidence: "told".into() };
    row(Fact::Custody(custody), valid)
}

pub(crate) fn inventory(facts: Vec<FactRow>) -> Inventory {
    build(facts, at(100), WallTime::MAX, Coverage::default())
}

/// Custody of a credential as lines: strength, who, when, why.
pub(crate) fn told_of(inventory: &Inventory, credential: &str) -> Vec<String> {
    let ix = inventory.find_credential(&credential.into()).unwrap();
    let lines = inventory.custody_of(ix).iter().map(|row| {
        let account =
            row.account.and_then(|ix| inventory.account(ix)).map_or("–".to_owned(), |it| it.it.id.to_string());
        let person = row.person.and_then(|ix| inventory.person(ix)).map_or("–".to_owned(), |it| it.it.id.to_string());
        let day = |bound: Bound| match bound {
            Bound::Unbounded => "…".to_owned(),
            Bound::At(at) => at.day().to_string(),
            Bound::Between(a, b) => format!("({}-{}]", a.day(), b.day()),
        };
        let (from, to) = (day(row.valid.from), day(row.valid.to));
        format!("{} {account} {person} {from}..{to}: {}", row.strength.words(), row.evidence)
    });
    lines.collect()
}

#[test]
fn the_worked_example_of_the_crate_holds() {
    let inventory = inventory(vec![
        person("7", "Bob Sand", ""),
        stint("7", "1", "dev", days(0, 40)),
        row(Fact::Account(Account { employee_number: Some("7".into()), ..an_account("ldap/bob") }), Valid::ALWAYS),
        member(of_account("ldap/bob"), "ldap/dev", days(0, 60)),
        member(of_group("ldap/dev"), "vault/signing", Valid::since(at(20))),
        grant(of_group("vault/signing"), "vault/secret/signing/*", Rights::READ, Valid::ALWAYS),
        row(Fact::Credential(a_key("shop/kid-1", "vault/secret/signing/kid-1")), Valid::since(at(30))),
    ]);
    let expect = "could read ldap/bob 7 30..60: right `read` on vault/secret/signing/* as a member of ldap/dev, in vault/signing";
    assert_eq!(told_of(&inventory, "shop/kid-1"), [expect]);
}

#[test]
fn the_same_facts_give_the_same_inventory_in_any_order_of_versions() {
    let facts = || {
        vec![
            person("7", "Bob Sand", "bob@x"),
            account("ldap/bob"),
            member(of_account("ldap/bob"), "ldap/dev", days(0, 60)),
            grant(of_group("ldap/dev"), "vault/a", Rights::READ, Valid::ALWAYS),
            key(a_key("shop/kid-1", "vault/a")),
        ]
    };
    let mut reversed = facts();
    reversed.reverse();
    assert_eq!(told_of(&inventory(facts()), "shop/kid-1"), told_of(&inventory(reversed), "shop/kid-1"));
}

#[test]
fn what_cannot_be_placed_is_a_gap() {
    let inventory = inventory(vec![grant(Holder::Person("nobody".into()), "db/x", Rights::READ, Valid::ALWAYS)]);
    let gaps: Vec<_> = inventory.coverage().lines.iter().flat_map(|line| &line.gaps).collect();
    assert_eq!(gaps, ["1 rights or memberships name a person whom no HR source lists"]);
}

#[test]
fn an_account_is_found_by_the_names_that_logs_use() {
    let ann = Account { login: "ann".into(), emails: vec!["ann@shop.example".into()], ..an_account("ad/guid-1") };
    let twin = Account { login: "ann".into(), ..an_account("crm/7") };
    let inventory = inventory(vec![row(Fact::Account(ann), Valid::ALWAYS), row(Fact::Account(twin), Valid::ALWAYS)]);
    let found = |system, name| {
        let ix = inventory.account_named(system, name);
        ix.and_then(|ix| inventory.account(ix)).map(|entry| entry.it.id.to_string())
    };
    for name in ["guid-1", "ann", "ANN", "ann@shop.example", r"CORP\ann", "uid=ann,ou=people,dc=shop", "CN = ann ,DC=x"]
    {
        assert_eq!(found(Some("ad"), name).as_deref(), Some("ad/guid-1"), "{name}");
    }
    for name in ["", "ou=people", "uid=bob,dc=x", r"CORP\", r"CN=Lee\, Ann,OU=x", ",", "="] {
        assert_eq!(found(Some("ad"), name), None, "{name}");
    }
    assert_eq!(found(None, "uid=ann,dc=x"), None, "two systems have an `ann`");
}
