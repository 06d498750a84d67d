//! Who has left, what was cut, keys out of life, and how many people a thing may reach.

use std::collections::BTreeMap;

use sever_model::{Act, Plan, PlanOf, WallTime, Why};
use sever_store::Store;

use crate::house::{Claims, House, PUSHED, now_secs, reason};

const STAFF: &str = r#"
[[source]]
name = "hr"
kind = "people"
path = "hr.csv"
[[source]]
name = "sso"
kind = "accounts"
path = "accounts.csv"
[[source]]
name = "keys"
kind = "keys"
path = "keys.csv"
system = "shop"
[[source]]
name = "custody"
kind = "custody"
path = "custody.csv"
system = "shop"
"#;

const HR: &str = "\
Employee ID,Legal Name,Email,User Name,Worker Type,Department,Business Title,Manager ID,Hire Date,Last Day of Work
1001,Ann Lee,ann@shop.example,ann,Employee,Platform,Engineer,,2020-01-06,
1002,Bob Ray,bob@shop.example,bob,Employee,Platform,Engineer,1001,2021-02-01,2024-12-31
";

const ACCOUNTS: &str = "\
account_id,login,display_name,email,employee_number,kind,status,owner
a-1,ann,Ann Lee,ann@shop.example,1001,human,enabled,
a-2,bob,Bob Ray,bob@shop.example,1002,human,enabled,
";

const KEYS: &str = "\
key_id,issuer,kind,exportable,created_at,activated_at,retired_at
kid-1,https://id.shop.example,signing-key,yes,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z,
kid-0,https://id.shop.example,signing-key,yes,2022-01-01T00:00:00Z,2022-01-01T00:00:00Z,2024-01-01T00:00:00Z
kid-9,https://other.example,signing-key,yes,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z,
";

const CUSTODY: &str = "\
key_id,holder,holder_kind,strength,since,until,evidence
kid-1,1002,person,read,2024-11-02T00:00:00Z,,ticket 77: exported to debug the mobile app
";

/// A company whose accounts the gate's tokens name.
fn company(more: &str) -> House {
    let pushed = PUSHED.replace("format = \"json-lines\"", "format = \"json-lines\"\nsystem = \"sso\"");
    let mut house = House::with(&format!("[gate]\n{more}\n{pushed}{STAFF}"));
    for (name, text) in [("hr.csv", HR), ("accounts.csv", ACCOUNTS), ("keys.csv", KEYS), ("custody.csv", CUSTODY)] {
        std::fs::write(house.path(name), text).unwrap();
    }
    sync(&house);
    house.start();
    house.backfill();
    house.until_enforcing();
    house
}

fn sync(house: &House) {
    let done = house.command("sync").output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(matches!(done.status.code(), Some(0 | 6)), "{said}");
}

/// Issues a token of somebody's and shows it.
fn used(house: &House, sub: &str) -> (u16, String) {
    let claims = Claims::fresh(&house.name(sub), sub);
    assert!(house.issue(&claims));
    let answer = house.show(&claims.token());
    (answer.status, reason(&answer).to_owned())
}

fn until(house: &House, sub: &str, expected: (u16, &str)) {
    let begun = std::time::Instant::now();
    sever_testkit::wait_until("it to be taken up", || {
        let (status, why) = used(house, sub);
        Ok(((status, why.as_str()) == expected).then_some(()))
    })
    .unwrap();
    assert!(begun.elapsed().as_secs() < 10);
}

#[test]
fn who_has_left_is_refused_and_who_leaves_is_refused_soon() {
    let house = company("");
    assert_eq!(used(&house, "bob"), (403, "holder-departed".to_owned()));
    assert_eq!(used(&house, "BOB@shop.example"), (403, "holder-departed".to_owned()));
    assert_eq!(used(&house, "ann"), (200, String::new()));
    assert_eq!(used(&house, "a-customer"), (200, String::new()));
    let gone = HR.replace("2020-01-06,", "2020-01-06,2025-06-30");
    std::fs::write(house.path("hr.csv"), gone).unwrap();
    sync(&house);
    until(&house, "ann", (403, "holder-departed"));
}

#[test]
fn a_cut_is_known_before_hr_says_anything() {
    let house = company("");
    assert_eq!(used(&house, "ann"), (200, String::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut store = Store::open(&house.path("data")).await.unwrap();
        let about = PlanOf::Person { id: "1001".into(), end: None, zone: String::new(), why: Why::Leaves };
        let now = WallTime::from_secs(now_secs());
        let plan = plan(about, now);
        let held = store.hold(&plan, now).await.unwrap();
        store.record_acts(&held, now, &[Act::Begun { digest: plan.digest() }]).await.unwrap();
    });
    until(&house, "ann", (403, "holder-departed"));
}

#[test]
fn a_forged_token_of_a_leavers_key_is_called_that() {
    let house = company("");
    let answer = house.show(&Claims::fresh("forged", "m7").token());
    assert_eq!((answer.status, reason(&answer)), (401, "key-known-to-leaver"));
}

#[test]
fn a_key_past_its_end_or_of_another_issuer_is_out_of_life() {
    let house = company("");
    for key in ["kid-0", "kid-9"] {
        let claims = Claims { kid: key.to_owned(), ..Claims::fresh(&format!("of-{key}"), "m7") };
        assert!(house.issue(&claims));
        let answer = house.show(&claims.token());
        assert_eq!((answer.status, reason(&answer)), (401, "key-out-of-life"), "{key}");
    }
}

#[test]
fn only_the_reasons_that_are_named_refuse() {
    let house = company("refuse = [\"never-issued\", \"key-known-to-leaver\"]");
    assert_eq!(used(&house, "bob"), (200, "holder-departed".to_owned()));
    assert_eq!(house.show(&Claims::fresh("forged", "m7").token()).status, 401);
}

#[test]
fn a_thing_that_has_reached_its_budget_gets_to_nobody_else() {
    let house = House::enforcing("[[gate.budget]]\nof = \"address\"\nsubjects_per_day = 5");
    let mut answers: BTreeMap<u16, usize> = BTreeMap::new();
    let tokens: Vec<String> = (0..12)
        .map(|number| {
            let claims = Claims::fresh(&format!("b-{number}"), &format!("m{number}"));
            assert!(house.issue(&claims));
            claims.token()
        })
        .collect();
    let from = [("X-Real-IP", "192.0.2.7")];
    for token in &tokens {
        *answers.entry(house.show_with(token, &from).status).or_default() += 1;
    }
    assert_eq!(answers, BTreeMap::from([(200, 5), (403, 7)]));
    // Whom it has reached, it may go on with; and another address has its own.
    assert_eq!(house.show_with(&tokens[0], &from).status, 200);
    assert_eq!(reason(&house.show_with(&tokens[11], &from)), "reach-budget");
    assert_eq!(house.show_with(&tokens[11], &[("X-Real-IP", "192.0.2.8")]).status, 200);
    assert_eq!(house.health()["budget"]["people_today"], 6);
}

#[test]
fn a_budget_without_room_says_so() {
    let house = House::enforcing("budget_entries_max = 3\n[[gate.budget]]\nof = \"address\"\nsubjects_per_day = 5");
    for number in 0..6 {
        let claims = Claims::fresh(&format!("r-{number}"), &format!("m{number}"));
        assert!(house.issue(&claims));
        let address = format!("192.0.2.{number}");
        assert_eq!(house.show_with(&claims.token(), &[("X-Real-IP", &address)]).status, 200);
    }
    assert_eq!(house.health()["budget"]["uncounted"], 3);
    assert_eq!(house.health()["status"], "degraded");
}

fn plan(about: PlanOf, made_at: WallTime) -> Plan {
    let text = serde_json::json!({
        "version": 1, "about": about, "typed": "Ann Lee", "made_at": made_at, "doors": [], "steps": [], "swept": [],
        "excluded": [], "not_covered": [], "coverage": sever_model::Coverage::default(),
    });
    serde_json::from_value(text).unwrap()
}
