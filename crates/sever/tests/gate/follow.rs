//! An issuer's log that is followed: what is late is waited for, what is new is allowed and marked.

use std::io::Write as _;

use serde_json::json;

use crate::house::{Claims, House, LIFE_SECS, now_secs, reason};

const FOLLOWED: &str = r#"
[gate]
wait_ms = 400
[[gate.issuer]]
log = "issuer"
feed = "follow"
[[log]]
name = "issuer"
path = "issuer.jsonl"
format = "json-lines"
[log.map]
time = "time"
kind = { path = "kind", default = "issued" }
issuer = "iss"
key_id = "kid"
credential = "jti"
token_subject = "sub"
issued_at = "iat"
expires_at = "exp"
node = "node"
sequence = "seq"
[[log]]
name = "gate"
path = "data/gate/decisions/*.jsonl"
[[class]]
issuer = "https://id.shop.example"
name = "access"
issued_in = "issuer"
used_in = ["gate"]
bound = ["key_id", "token_subject", "issued_at", "expires_at"]
lifetime_max = "10m"
settle = "1s"
coverage = "sequence"
"#;

fn log(house: &House, claims: &Claims) {
    let line = claims.issuance("id-1", house.next()).to_string() + "\n";
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(house.path("issuer.jsonl")).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

fn enforcing() -> House {
    let mut house = House::with(FOLLOWED);
    for number in 0..400 {
        log(&house, &Claims::of(&format!("old-{number}"), "ann", now_secs() - 3_600 + number * 9));
    }
    house.start();
    let honest = Claims::fresh("honest", "ann");
    log(&house, &honest);
    let met = || house.show(&honest.token());
    sever_testkit::wait_until("an issuance to be read", || {
        let answer = met();
        Ok((answer.status == 200 && reason(&answer).is_empty()).then_some(()))
    })
    .unwrap();
    house.until_mode("enforcing");
    house
}

#[test]
fn a_use_waits_for_the_line_of_its_issuance() {
    let house = enforcing();
    for number in 0..20 {
        let claims = Claims::fresh(&format!("late-{number}"), "ann");
        let answer = std::thread::scope(|scope| {
            let asking = scope.spawn(|| house.show(&claims.token()));
            log(&house, &claims);
            asking.join().unwrap()
        });
        assert_eq!((answer.status, reason(&answer)), (200, ""), "{claims:?}");
    }
}

#[test]
fn what_says_that_it_is_new_is_allowed_and_marked_and_what_does_not_is_refused() {
    let house = enforcing();
    let new = house.show(&Claims::fresh("says-new", "ann").token());
    assert_eq!((new.status, reason(&new)), (200, "may-be-new"));
    // Issued, it says, so long ago that its line must have been read: nothing is waited for.
    let old = house.show(&Claims::of("says-old", "ann", now_secs() - LIFE_SECS / 2).token());
    assert_eq!((old.status, reason(&old)), (401, "never-issued"));
    let future = house.show(&Claims::of("says-later", "ann", now_secs() + 3_000).token());
    assert_eq!((future.status, reason(&future)), (401, "never-issued"));
    let copied = Claims { sub: "bob".to_owned(), ..Claims::of("old-399", "ann", now_secs() - 9) };
    assert_eq!(reason(&house.show(&copied.token())), "mismatch");
    let decisions = house.decisions(4);
    assert!(decisions.iter().any(|line| line["reason"] == "may-be-new"), "{decisions:#?}");
}

#[test]
fn a_rotated_log_is_followed_on() {
    let house = enforcing();
    std::fs::rename(house.path("issuer.jsonl"), house.path("issuer.jsonl.1")).unwrap();
    let claims = Claims::fresh("after", "ann");
    log(&house, &claims);
    let answer = house.show(&claims.token());
    assert_eq!((answer.status, reason(&answer)), (200, ""));
}

#[test]
fn a_line_that_cannot_be_read_makes_it_watch() {
    let house = enforcing();
    let mut file = std::fs::OpenOptions::new().append(true).open(house.path("issuer.jsonl")).unwrap();
    file.write_all(b"{\"jti\":\"half\n").unwrap();
    house.until_mode("ledger-lost");
    assert_eq!(house.show(&Claims::of("x", "ann", now_secs() - LIFE_SECS / 2).token()).status, 200);
    sever_testkit::wait_until("it to be said", || Ok(house.said().contains("cannot be read").then_some(()))).unwrap();
}

#[test]
fn heartbeats_of_a_followed_log_are_signs_of_life() {
    let house = enforcing();
    let beat = json!({ "time": now_secs(), "kind": "heartbeat", "iss": "https://id.shop.example", "node": "id-1",
        "seq": house.next() });
    let mut file = std::fs::OpenOptions::new().append(true).open(house.path("issuer.jsonl")).unwrap();
    file.write_all(format!("{beat}\n").as_bytes()).unwrap();
    sever_testkit::wait_until("the heartbeat", || {
        let known = house.health()["classes"][0]["lag_secs"].as_i64();
        Ok(known.filter(|lag| *lag <= 1))
    })
    .unwrap();
}
