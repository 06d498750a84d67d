//! What the gate has acknowledged, it knows: at once, to all who ask, and whatever becomes of the process.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use sever_testkit::request;

use crate::house::{Claims, House, SECRET, now_secs, reason};

#[test]
fn a_token_is_allowed_the_moment_it_was_acknowledged_and_any_other_is_refused() {
    let house = House::enforcing("");
    let refused = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (house, refused) = (&house, &refused);
            scope.spawn(move || {
                for number in 0..40 {
                    let claims = Claims::fresh(&format!("t-{thread}-{number}"), "ann");
                    let forged = Claims::fresh(&format!("f-{thread}-{number}"), "ann");
                    assert!(house.issue(&claims));
                    let answer = house.show(&claims.token());
                    assert_eq!((answer.status, reason(&answer)), (200, ""), "{claims:?}");
                    refused.fetch_add(usize::from(house.show(&forged.token()).status == 401), Ordering::Relaxed);
                }
            });
        }
    });
    // Numbers that arrive out of their order leave a gap for a moment, which excuses: then it is not refused.
    assert!(refused.into_inner() > 0);
    let copied = Claims { sub: "bob".to_owned(), ..Claims::fresh("t-0-0", "bob") };
    let answer = house.show(&copied.token());
    assert_eq!((answer.status, reason(&answer)), (401, "mismatch"));
    let forged = house.show(&Claims::fresh("nobody's", "ann").token());
    assert_eq!((forged.status, reason(&forged)), (401, "never-issued"));
}

#[test]
fn nothing_acknowledged_is_lost_however_often_the_gate_is_killed() {
    let mut house = House::enforcing("");
    let known: Mutex<Vec<Claims>> = Mutex::new(Vec::new());
    for round in 0..4 {
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (house, known, ended) = (&house, &known, &ended);
                scope.spawn(move || {
                    for number in 0.. {
                        if ended.load(Ordering::Acquire) {
                            return;
                        }
                        let claims = Claims::fresh(&format!("k-{round}-{thread}-{number}"), "ann");
                        // While it is being killed there is no answer, and so no token.
                        let record = claims.issuance(&format!("id-{round}-{thread}"), number + 1);
                        if house.hand_over(&[record]).is_ok_and(|answer| answer.status == 200) {
                            known.lock().unwrap().push(claims.clone());
                            let bearer = format!("Bearer {}", claims.token());
                            let shown = request(house.port(), "GET", "/auth", &[("Authorization", &bearer)], "");
                            assert!(shown.is_err() || shown.is_ok_and(|answer| answer.status == 200), "{claims:?}");
                        }
                    }
                });
            }
            let enough = known.lock().unwrap().len() + 60;
            sever_testkit::wait_until("some tokens", || Ok((known.lock().unwrap().len() >= enough).then_some(())))
                .unwrap();
            // In the middle of it all.
            let pid = house.pid();
            let killed = std::process::Command::new("sh").arg("-c").arg(format!("kill -KILL {pid}")).status().unwrap();
            assert!(killed.success());
            ended.store(true, Ordering::Release);
        });
        house.reap();
        house.start();
        for claims in known.lock().unwrap().iter() {
            let answer = house.show(&claims.token());
            assert_eq!(answer.status, 200, "{claims:?}\n{}", house.said());
            assert_ne!(reason(&answer), "never-issued", "{claims:?}");
        }
    }
    house.until_mode("enforcing");
    assert_eq!(house.show(&Claims::fresh("nobody's", "ann").token()).status, 401);
    assert!(!house.said().contains("DAMAGED"), "{}", house.said());
}

#[test]
fn only_who_shows_the_secret_hands_over_and_only_what_can_be_read() {
    let house = House::enforcing("");
    let record = Claims::fresh("x", "ann").issuance("id-1", house.next()).to_string();
    let post = |secret: &str, body: &str| {
        request(house.port(), "POST", "/issued", &[("Authorization", &format!("Bearer {secret}"))], body)
            .unwrap()
            .status
    };
    assert_eq!(post("guessed", &record), 401);
    assert_eq!(request(house.port(), "POST", "/issued", &[], &record).unwrap().status, 401);
    assert_eq!(request(house.port(), "GET", "/issued", &[], "").unwrap().status, 405);
    for body in ["", "{}", "[]", "not JSON", "{\"jti\":", "[1]", "{\"jti\":\"y\",\"iat\":\"soon\"}"] {
        assert_eq!(post(SECRET, body), 400, "{body}");
    }
    // One bad record among good ones: none is taken.
    assert_eq!(post(SECRET, &format!("{record}\n{{\"jti\":\"y\",\"iat\":\"soon\"}}")), 400);
    assert_eq!(house.show(&Claims::fresh("x", "ann").token()).status, 401);
    assert_eq!(post(SECRET, &format!("{{\"a\":\"{}\"}}", "x".repeat(2 << 20))), 413);
    // An array, and an object over several lines.
    let several =
        serde_json::to_string_pretty(&json!([Claims::fresh("p", "ann").issuance("id-1", house.next())])).unwrap();
    assert_eq!(post(SECRET, &several), 200);
    assert_eq!(house.show(&Claims::fresh("p", "ann").token()).status, 200);
}

#[test]
fn what_was_refused_is_judged_and_counted_by_a_scan() {
    let mut house = House::enforcing("");
    for number in 0..12 {
        assert_eq!(house.show(&Claims::fresh(&format!("forged-{number}"), "ann").token()).status, 401);
    }
    // A sign of life past the settle window.
    let later = json!({ "kind": "heartbeat", "iss": "https://id.shop.example", "time": now_secs() + 60, "node": "id-1",
        "seq": house.next() });
    assert_eq!(house.hand_over(&[later]).unwrap().status, 200);
    let decisions = house.decisions(13);
    let refused = decisions.iter().filter(|line| line["outcome"] == "refused").count();
    assert_eq!(refused, 12);
    house.stop();
    let scanned = house.command("scan --format json").output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&scanned.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&scanned.stderr)));
    let text = answer.to_string();
    assert!(text.contains("token-never-issued"), "{answer:#}");
    assert!(text.contains("12 never issued"), "{answer:#}");
}
