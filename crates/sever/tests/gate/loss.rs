//! A ledger that cannot be trusted refuses nobody, and says so.

use sever_testkit::request;

use crate::house::{Claims, House, PUSHED, now_secs, reason};

/// Whether a token that nobody issued gets through, and what is noted of it.
fn unknown(house: &House) -> (u16, String) {
    let answer = house.show(&Claims::fresh("unknown", "ann").token());
    (answer.status, reason(&answer).to_owned())
}

#[test]
fn an_empty_ledger_refuses_no_customer() {
    let mut house = House::with(&format!("[gate]\n{PUSHED}"));
    house.start();
    for number in 0..20 {
        assert_eq!(house.show(&Claims::fresh(&format!("c-{number}"), "ann").token()).status, 200);
    }
    house.until_mode("ledger-empty");
    assert_eq!(house.health()["status"], "watching");
    assert!(house.said().contains("ONLY WATCHING"), "{}", house.said());
}

#[test]
fn a_young_ledger_watches_and_so_does_one_without_proof() {
    let mut house = House::with(&format!("[gate]\n{PUSHED}"));
    house.start();
    let first = Claims::fresh("first", "ann");
    assert!(house.issue(&first));
    assert_eq!(house.show(&first.token()).status, 200);
    // Two records prove little, and the ledger begins now.
    house.until_mode("coverage");
    let (status, why) = unknown(&house);
    assert_eq!((status, why.as_str()), (200, "unjudgeable"));
    for number in 0..400 {
        assert!(house.issue(&Claims::fresh(&format!("more-{number}"), "ann")));
    }
    house.until_mode("ledger-young");
    assert_eq!(unknown(&house).0, 200);
}

#[test]
fn a_class_whose_tokens_never_met_their_issuances_is_only_watched() {
    let mut house = House::with(&format!("[gate]\n{PUSHED}"));
    house.start();
    house.backfill();
    house.until_mode("never-met");
    assert_eq!(unknown(&house), (200, "never-issued".to_owned()));
    house.until_enforcing();
    assert_eq!(unknown(&house), (401, "never-issued".to_owned()));
    // It is remembered that they met.
    let known = house.path("data/gate/met.json");
    sever_testkit::wait_until("it to be remembered", || {
        Ok(std::fs::read_to_string(&known).is_ok_and(|text| text.contains("access")).then_some(()))
    })
    .unwrap();
    house.kill();
    house.start();
    house.until_mode("enforcing");
}

#[test]
fn a_missing_ledger_makes_it_watch() {
    let mut house = House::enforcing("");
    house.kill();
    std::fs::remove_dir_all(house.path("data/gate/issued")).unwrap();
    house.start();
    house.until_mode("ledger-empty");
    assert_eq!(unknown(&house).0, 200);
}

#[test]
fn a_damaged_ledger_makes_it_watch_and_keeps_the_evidence() {
    let mut house = House::enforcing("");
    let known = Claims::fresh("known", "ann");
    assert!(house.issue(&known));
    house.kill();
    let folder = house.path("data/gate/issued/issuer");
    let mut files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|it| it == "jsonl")).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("old-200", "old-201", 1)).unwrap();
    house.start();
    house.until_mode("ledger-lost");
    assert!(house.said().contains("LEDGER DAMAGED"), "{}", house.said());
    assert_eq!(house.health()["status"], "degraded");
    assert_eq!(unknown(&house).0, 200);
    assert_eq!(house.show(&known.token()).status, 200);
    let aside = std::fs::read_dir(&folder)
        .unwrap()
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().contains("damaged")));
    assert_eq!(aside.count(), 1);
}

#[test]
fn an_issuer_that_falls_silent_is_only_watched() {
    let mut house = House::with(&format!("[gate]\nsilent_max = \"1s\"\n{PUSHED}"));
    house.start();
    house.backfill();
    house.until_mode("issuer-silent");
    assert_eq!(unknown(&house).0, 200);
    house.until_enforcing();
    assert_eq!(unknown(&house).0, 401);
    house.until_mode("issuer-silent");
    assert_eq!(unknown(&house).0, 200);
}

#[test]
fn an_issuer_whose_clock_is_wrong_is_only_watched() {
    let house = House::enforcing("");
    let mut wrong = Claims::of("from-the-past", "ann", now_secs() - 7_200);
    wrong.exp = now_secs() + 60;
    assert!(house.issue(&wrong));
    house.until_mode("clocks-apart");
    assert_eq!(unknown(&house).0, 200);
}

#[test]
fn a_full_disk_acknowledges_nothing() {
    let house = House::enforcing("");
    // A folder where the day's file should be: no more can be written to it, whoever we are.
    let folder = house.path("data/gate/issued/issuer");
    let mut files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let head = files.find(|path| path.file_name().is_some_and(|it| it == "head")).unwrap();
    std::fs::remove_file(&head).unwrap();
    std::fs::create_dir(&head).unwrap();
    let claims = Claims::fresh("unkept", "ann");
    let answer = house.hand_over(&[claims.issuance("id-1", house.next())]).unwrap();
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(house.show(&claims.token()).status, 401);
    std::fs::remove_dir(&head).unwrap();
    assert!(house.issue(&Claims::fresh("kept", "ann")));
    let metrics = request(house.port(), "GET", "/metrics", &[], "").unwrap().body;
    assert!(metrics.contains("sever_gate_handovers_total{result=\"not_kept\"} 1"), "{metrics}");
}

#[test]
fn observing_refuses_nothing_and_says_what_it_would() {
    let mut house = House::with(&format!("[gate]\nmode = \"observe\"\n{PUSHED}"));
    house.start();
    house.backfill();
    let honest = Claims::fresh("honest", "ann");
    assert!(house.issue(&honest));
    assert_eq!(house.show(&honest.token()).status, 200);
    house.until_mode("configured");
    assert_eq!(unknown(&house), (200, "never-issued".to_owned()));
    assert_eq!(house.health()["would_refuse"]["never-issued"], 1);
    assert_eq!(house.show("").status, 200);
}
