//! Whose account: a table of cases, each with the answer and its reason.

use sever_model::*;

use crate::tests::*;

/// The people of every case.
fn people() -> Vec<FactRow> {
    let numbered = Person { employee_number: Some("E-500".into()), ..a_person("500", "Nora Field", "nora@x.example") };
    let with_login = Person { logins: vec!["jdoe7".into()], ..a_person("501", "John Doe", "john.doe@x.example") };
    vec![
        person("100", "Ann Lee", "ann.lee@x.example"),
        person("101", "Bob Sand", "bob@x.example"),
        person("102", "José Müller", "jose@x.example"),
        person("103", "Kim Min-jun", "mj.kim@x.example"),
        person("104", "Kim Min-jun", "mj2.kim@x.example"),
        person("105", "Sara Sokol", "sara@x.example"),
        person("106", "Old Timer", "old@x.example"),
        stint("106", "1", "", days(-100, -50)),
        row(Fact::Person(numbered), Valid::ALWAYS),
        row(Fact::Person(with_login), Valid::ALWAYS),
    ]
}

fn case(edit: impl Fn(&mut Account), valid: Valid, more: Vec<FactRow>) -> String {
    let mut account = Account { login: "zz9".into(), ..an_account("sys/u-1") };
    edit(&mut account);
    let mut facts = people();
    facts.push(row(Fact::Account(account), valid));
    facts.extend(more);
    let inventory = inventory(facts);
    let id = |ix: PersonIx| inventory.person(ix).unwrap().it.id.to_string();
    match inventory.correlation(AccountIx(0)) {
        Correlation::Matched { person, reason, exact } => format!("{} ({exact:?}): {reason}", id(*person)),
        Correlation::Ask(candidates) => {
            let said = candidates.iter().map(|one| format!("{} {}: {}", id(one.person), one.score, one.reason));
            format!("ask\n{}", said.collect::<Vec<_>>().join("\n"))
        }
        Correlation::Nobody => "nobody".to_owned(),
        Correlation::NotPersonal => "not personal".to_owned(),
    }
}

fn whose(login: &str, name: &str, email: &str) -> String {
    let edit = |account: &mut Account| {
        account.login = login.to_owned();
        account.display_name = name.to_owned();
        account.emails = [email].iter().filter(|email| !email.is_empty()).map(|email| (*email).to_owned()).collect();
    };
    case(edit, Valid::ALWAYS, vec![])
}

#[test]
fn attributes_are_weighed() {
    let cases = [
        ("zz9", "", "ann.lee@x.example", "100 (Possible): e-mail `ann.lee@x.example` is theirs (85 points)"),
        ("ann.lee", "", "", "ask\n100 60: login `ann.lee` begins their e-mail address"),
        ("ann.lee@x.example", "", "", "100 (Possible): e-mail `ann.lee@x.example` is theirs (85 points)"),
        (
            "ann.lee",
            "Lee, Ann",
            "",
            "100 (Possible): login `ann.lee` begins their e-mail address; same name as `Ann Lee` (100 points)",
        ),
        (
            "CORP\\\\bsand",
            "Bob Sand",
            "",
            "101 (Possible): login `bsand` is made of their name; same name as `Bob Sand` (100 points)",
        ),
        ("bsand", "", "", "ask\n101 50: login `bsand` is made of their name"),
        (
            "bsand",
            "Bob T. Sand",
            "",
            "101 (Possible): login `bsand` is made of their name; similar name to `Bob Sand` (80 points)",
        ),
        (
            "jmueller",
            "Jose Mueller",
            "",
            "102 (Possible): login `jmueller` is made of their name; same name as `José Müller` (100 points)",
        ),
        ("zz9", "Bob Sand", "", "ask\n101 50: same name as `Bob Sand`"),
        (
            "zz9",
            "Ann Lee",
            "bob@x.example",
            "ask\n101 75: e-mail `bob@x.example` is theirs; another name than `Bob Sand`\n100 50: same name as `Ann Lee`",
        ),
        ("kminjun", "Min-jun Kim", "", "ask\n103 50: same name as `Kim Min-jun`\n104 50: same name as `Kim Min-jun`"),
        ("ssokol", "Sam Sokol", "", "nobody"),
        ("m.rossi", "Marco Rossi", "m.rossi@x.example", "nobody"),
        ("root", "", "", "nobody"),
        ("jdoe7", "", "", "501 (Yes): HR lists the login `jdoe7`"),
    ];
    for (login, name, email, expect) in cases {
        let login = login.replace("\\\\", "\\");
        assert_eq!(whose(&login, name, email), expect, "{login} / {name} / {email}");
    }
}

#[test]
fn exact_ids_come_before_attributes() {
    let edit = |account: &mut Account| {
        account.employee_number = Some("e-500".into());
        account.emails = vec!["bob@x.example".into()];
    };
    assert_eq!(case(edit, Valid::ALWAYS, vec![]), "500 (Yes): carries employee number `e-500`");
}

#[test]
fn a_human_overrides_everything() {
    let link = |person: Option<&str>| {
        let link = Link {
            account: "sys/u-1".into(),
            person: person.map(Into::into),
            decided_by: "sec".into(),
            reason: "asked".into(),
        };
        row(Fact::Link(link), Valid::ALWAYS)
    };
    let numbered = |account: &mut Account| account.employee_number = Some("500".into());
    assert_eq!(case(numbered, Valid::ALWAYS, vec![link(Some("101"))]), "101 (Yes): decided by sec: asked");
    assert_eq!(case(numbered, Valid::ALWAYS, vec![link(None)]), "nobody");
    assert_eq!(case(numbered, Valid::ALWAYS, vec![link(Some("999"))]), "500 (Yes): carries employee number `500`");
    let service = |account: &mut Account| account.kind = AccountKind::Service;
    assert_eq!(case(service, Valid::ALWAYS, vec![]), "not personal");
    assert_eq!(case(service, Valid::ALWAYS, vec![link(Some("101"))]), "101 (Yes): decided by sec: asked");
}

#[test]
fn an_account_made_after_they_had_left_is_a_question() {
    let edit = |account: &mut Account| account.emails = vec!["old@x.example".into()];
    let made = |day| case(edit, Valid::since(at(day)), vec![]);
    assert_eq!(made(-60), "106 (Possible): e-mail `old@x.example` is theirs (85 points)");
    let expect = "ask\n106 85: e-mail `old@x.example` is theirs; but it was made at 1969-12-02T00:00:00Z, after they had left at 1969-11-12T00:00:00Z";
    assert_eq!(made(-30), expect);
}

#[test]
fn a_number_that_hr_does_not_know_is_a_question_where_the_system_carries_hrs_numbers() {
    let edit = |account: &mut Account| {
        account.employee_number = Some("777".into());
        account.emails = vec!["bob@x.example".into()];
    };
    let numbered = |id: &str, number: &str| {
        row(Fact::Account(Account { employee_number: Some(number.into()), ..an_account(id) }), Valid::ALWAYS)
    };
    let others = vec![numbered("sys/u-2", "100"), numbered("sys/u-3", "105")];
    let expect =
        "ask\n101 85: e-mail `bob@x.example` is theirs; but it carries employee number `777`, which HR does not know";
    assert_eq!(case(edit, Valid::ALWAYS, others), expect);
    let alone = "101 (Possible): e-mail `bob@x.example` is theirs (85 points)";
    assert_eq!(case(edit, Valid::ALWAYS, vec![]), alone, "where no number is HR's, numbers say nothing");
}

#[test]
fn a_name_that_a_thousand_share_finds_nobody() {
    let mut facts: Vec<FactRow> = (0..1_000).map(|at| person(&format!("p{at}"), "Kim Min-jun", "")).collect();
    facts
        .push(row(Fact::Account(Account { display_name: "Min-jun Kim".into(), ..an_account("sys/x") }), Valid::ALWAYS));
    assert_eq!(*inventory(facts).correlation(AccountIx(0)), Correlation::Nobody);
}
