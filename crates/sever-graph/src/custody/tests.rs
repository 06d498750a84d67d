//! Custody as told and as derived, and as a naive reading of the same facts has it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sever_model::*;

use crate::tests::*;

fn read(holder: Holder, valid: Valid) -> FactRow {
    grant(holder, "vault/secret/kid", Rights::READ, valid)
}

#[test]
fn strengths_follow_rights_and_whether_the_key_can_leave() {
    let told = |exportable, rights: Rights| {
        let facts = vec![
            account("l/a"),
            key(Credential { exportable, ..a_key("s/k", "vault/secret/kid") }),
            grant(of_account("l/a"), "vault/secret/kid", rights, Valid::ALWAYS),
        ];
        told_of(&inventory(facts), "s/k")
            .iter()
            .map(|line| line.split(" l/a").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(told(Exportable::Yes, Rights::READ), ["could read"]);
    assert_eq!(told(Exportable::Unknown, Rights::EXPORT), ["could read"]);
    assert_eq!(told(Exportable::Yes, Rights::ADMIN), ["could read"]);
    assert_eq!(told(Exportable::Yes, Rights::USE), ["could use"]);
    assert_eq!(told(Exportable::Yes, Rights::WRITE), none);
    assert_eq!(told(Exportable::No, Rights::READ.with(Rights::EXPORT)), ["could use"]);
    assert_eq!(told(Exportable::No, Rights::ADMIN), ["could use"]);
    assert_eq!(told(Exportable::No, Rights::WRITE), none);
}

#[test]
fn cycles_of_groups_end_and_nested_ones_meet_in_time() {
    let facts = vec![
        account("l/a"),
        key(a_key("s/k", "vault/secret/kid")),
        member(of_account("l/a"), "g/1", days(0, 50)),
        member(of_group("g/1"), "g/2", days(10, 70)),
        member(of_group("g/2"), "g/3", days(20, 60)),
        member(of_group("g/3"), "g/1", Valid::ALWAYS),
        member(of_group("g/3"), "g/3", Valid::ALWAYS),
        read(of_group("g/3"), days(5, 30)),
    ];
    let expect = "could read l/a – 20..30: right `read` on vault/secret/kid as a member of g/1, in g/2, in g/3";
    assert_eq!(told_of(&inventory(facts), "s/k"), [expect]);
}

#[test]
fn uncertain_ends_stay_uncertain() {
    let left = Valid { from: Bound::At(at(0)), to: Bound::Between(at(30), at(60)) };
    let facts = vec![
        account("l/a"),
        key(a_key("s/k", "vault/secret/kid")),
        member(of_account("l/a"), "g/1", left),
        read(of_group("g/1"), days(10, 50)),
    ];
    let line = "could read l/a – 10..(30-50]: right `read` on vault/secret/kid as a member of g/1";
    assert_eq!(told_of(&inventory(facts), "s/k"), [line]);
}

#[test]
fn several_ways_in_one_interval_are_one_row() {
    let facts = vec![
        account("l/a"),
        key(a_key("s/k", "vault/secret/kid")),
        read(of_account("l/a"), days(0, 20)),
        grant(of_account("l/a"), "vault/secret/*", Rights::READ, days(10, 30)),
        grant(of_account("l/a"), "vault/+/kid", Rights::READ, days(12, 15)),
        grant(of_account("l/a"), "vault/*", Rights::READ, days(50, 60)),
    ];
    let told = told_of(&inventory(facts), "s/k");
    let spans: Vec<_> = told.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(spans, ["could read l/a – 0..30", "could read l/a – 50..60"]);
    assert!(told[0].ends_with("and 2 more ways"), "{}", told[0]);
}

#[test]
fn what_is_told_stands_and_knowledge_does_not_end() {
    let facts = vec![
        person("7", "Ann Lee", ""),
        account("vault/e-1"),
        key(a_key("s/k", "vault/secret/kid")),
        custody(Holder::Person("7".into()), "s/k", Strength::Made, days(1, 2)),
        // An audit log names the place, a list on paper the bare key id.
        custody(of_account("vault/e-1"), "vault/secret/kid", Strength::Read, Valid::since(at(5))),
        custody(Holder::Person("ghost".into()), "list/k", Strength::CouldRead, days(3, 4)),
    ];
    let expect = [
        "made or held – 7 1..…: told",
        "read vault/e-1 – 5..…: told",
        "could read – – 3..4: told (by `ghost`, whom no HR source lists)",
    ];
    assert_eq!(told_of(&inventory(facts), "s/k"), expect);
}

#[test]
fn a_secret_that_only_an_audit_log_names_is_entered_with_its_place() {
    let facts = vec![
        account("vault/e-1"),
        custody(of_account("vault/e-1"), "vault/secret/app", Strength::Read, Valid::since(at(5))),
        grant(of_account("vault/e-2"), "vault/secret/*", Rights::READ, Valid::ALWAYS),
    ];
    let told = told_of(&inventory(facts), "vault/secret/app");
    assert_eq!(told[0], "read vault/e-1 – 5..…: told");
    assert_eq!(told[1], "could read vault/e-2 – ……: right `read` on vault/secret/*".replace("……", "…..…"));
}

#[test]
fn makers_and_holders_of_the_account_know_it_unless_it_cannot_leave() {
    let made = |exportable| {
        let key_of = Credential {
            exportable,
            created_by: Some("Maker".into()),
            account: Some("sys/robot".into()),
            ..a_key("sys/k", "sys/safe")
        };
        let facts = vec![
            row(Fact::Account(Account { login: "maker".into(), ..an_account("sys/u-9") }), Valid::ALWAYS),
            account("sys/robot"),
            row(Fact::Credential(key_of), Valid::since(at(3))),
        ];
        told_of(&inventory(facts), "sys/k")
    };
    let expect = [
        "made or held sys/u-9 – 3..…: src says that `Maker` made it",
        "made or held sys/robot – 3..…: it opens the account sys/robot",
    ];
    assert_eq!(made(Exportable::Yes), expect);
    assert!(made(Exportable::No).is_empty());
}

#[test]
fn a_right_of_a_credential_is_one_of_whoever_holds_it() {
    let token = Credential { kind: CredentialKind::Token, kept_at: None, ..a_key("vault/token-1", "") };
    let facts = vec![
        account("l/a"),
        key(a_key("s/k", "vault/secret/kid")),
        key(token),
        custody(of_account("l/a"), "vault/token-1", Strength::Read, Valid::since(at(5))),
        read(Holder::Credential("vault/token-1".into()), days(0, 20)),
    ];
    assert_eq!(told_of(&inventory(facts), "s/k"), ["could read l/a – 5..20: right `read` on vault/secret/kid"]);
}

/// A small random company: who is in what, and who may read, when.
#[derive(Debug, Clone)]
struct Company {
    members: Vec<(u8, u8, i64, i64)>,
    groups: Vec<(u8, u8, i64, i64)>,
    direct: Vec<(u8, i64, i64)>,
    rights: Vec<(u8, i64, i64)>,
}

const ACCOUNTS: u8 = 4;
const GROUPS: u8 = 5;
const DAYS: i64 = 12;

fn company() -> impl Strategy<Value = Company> {
    let span = || (0..DAYS, 1..DAYS).prop_map(|(from, len)| (from, from + len));
    let members = prop::collection::vec((0..ACCOUNTS, 0..GROUPS, span()), 0..8);
    let groups = prop::collection::vec((0..GROUPS, 0..GROUPS, span()), 0..8);
    let direct = prop::collection::vec((0..ACCOUNTS, span()), 0..3);
    let rights = prop::collection::vec((0..GROUPS, span()), 0..4);
    (members, groups, direct, rights).prop_map(|(members, groups, direct, rights)| Company {
        members: members.into_iter().map(|(a, g, (from, to))| (a, g, from, to)).collect(),
        groups: groups.into_iter().map(|(a, g, (from, to))| (a, g, from, to)).collect(),
        direct: direct.into_iter().map(|(a, (from, to))| (a, from, to)).collect(),
        rights: rights.into_iter().map(|(g, (from, to))| (g, from, to)).collect(),
    })
}

/// The accounts that can read on a day: those of every group from which a rightful one is reached.
fn naive(company: &Company, day: i64) -> BTreeSet<u8> {
    let on = |from: i64, to: i64| (from..to).contains(&day);
    let mut rightful: BTreeSet<u8> = company.rights.iter().filter(|it| on(it.1, it.2)).map(|it| it.0).collect();
    loop {
        let before = rightful.len();
        let more = company.groups.iter().filter(|it| on(it.2, it.3) && rightful.contains(&it.1)).map(|it| it.0);
        let more: Vec<u8> = more.collect();
        rightful.extend(more);
        if rightful.len() == before {
            break;
        }
    }
    let direct = company.direct.iter().filter(|it| on(it.1, it.2)).map(|it| it.0);
    let through = company.members.iter().filter(|it| on(it.2, it.3) && rightful.contains(&it.1)).map(|it| it.0);
    direct.chain(through).collect()
}

proptest! {
    #[test]
    fn derived_custody_is_what_a_naive_reading_finds_every_day(company in company()) {
        let mut facts: Vec<FactRow> = (0..ACCOUNTS).map(|at| account(&format!("l/{at}"))).collect();
        facts.push(key(a_key("s/k", "vault/secret/kid")));
        for (a, g, from, to) in &company.members {
            facts.push(member(of_account(&format!("l/{a}")), &format!("g/{g}"), days(*from, *to)));
        }
        for (a, g, from, to) in &company.groups {
            facts.push(member(of_group(&format!("g/{a}")), &format!("g/{g}"), days(*from, *to)));
        }
        facts.extend(company.direct.iter().map(|(a, from, to)| read(of_account(&format!("l/{a}")), days(*from, *to))));
        facts.extend(company.rights.iter().map(|(g, from, to)| read(of_group(&format!("g/{g}")), days(*from, *to))));
        let inventory = inventory(facts);
        let key = inventory.find_credential(&"s/k".into()).unwrap();
        for day in -1..2 * DAYS {
            let rows = inventory.custody_of(key).iter().filter(|row| row.valid.at(at(day)) == Certainty::Yes);
            let found: BTreeSet<u8> = rows.map(|row| row.account.unwrap().0 as u8).collect();
            prop_assert_eq!(found, naive(&company, day), "day {}", day);
            // The same, asked from the resource's side and from the account's.
            let place = inventory.find_resource(&"vault/secret/kid".into()).unwrap();
            let holders = crate::holders(&inventory, place, at(day)).into_iter().filter_map(|it| match it.holder {
                HolderIx::Account(account) => Some(account.0 as u8),
                _ => None,
            });
            prop_assert_eq!(holders.collect::<BTreeSet<u8>>(), naive(&company, day), "holders, day {}", day);
            let able = (0..ACCOUNTS).filter(|account| {
                let holder = HolderIx::Account(AccountIx(u32::from(*account)));
                !crate::effective(&inventory, holder, at(day)).is_empty()
            });
            prop_assert_eq!(able.collect::<BTreeSet<u8>>(), naive(&company, day), "effective, day {}", day);
        }
    }
}
