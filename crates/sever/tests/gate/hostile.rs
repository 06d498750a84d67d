//! Tokens, heads and connections that mean harm: bounded memory, clear answers, no door opened.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::house::{Claims, House, ISSUER, reason, token_of};

/// Memory that the gate holds, in MiB.
fn memory(house: &House) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

/// Sends bytes as they are, and reads what comes until the end.
fn raw(house: &House, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", house.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The gate may answer and close before all is sent.
    stream.write_all(bytes).ok();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).ok();
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn no_token_that_means_harm_gets_through() {
    let house = House::enforcing("");
    let good = json!({ "iss": ISSUER, "jti": "x", "sub": "ann" });
    let deep = format!("{{\"sub\":{}{}}}", "[".repeat(3_000), "]".repeat(3_000));
    let base = |text: &str| {
        use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
        BASE64_URL_SAFE_NO_PAD.encode(text)
    };
    let header = base("{\"alg\":\"RS256\",\"kid\":\"kid-1\"}");
    let unreadable = [
        token_of(&json!({ "alg": "none" }), &good),
        token_of(&json!({ "kid": "kid-1" }), &good),
        format!("{header}.{}.", base(&good.to_string())),
        format!("{header}.{}.c2ln", base(&deep)),
        format!("{header}.{}.c2ln", base("{\"jti\":\"honest-401\",\"jti\":\"x\"}")),
        format!("{header}.{}.c2ln", base("{\"iat\":\"soon\"}")),
        format!("{header}.{}.c2ln", base("[]")),
        format!("{header}.!!!!.c2ln"),
        "a".repeat(20_000),
    ];
    for token in unreadable {
        let answer = house.show(&token);
        assert_eq!((answer.status, reason(&answer)), (401, "unreadable"), "{}", token.get(..60).unwrap_or(&token));
    }
    // Of the class, and without what it joins by; an opaque one; one of another type.
    for token in
        [token_of(&json!({ "alg": "RS256" }), &json!({ "iss": ISSUER, "sub": "ann" })), "2YotnFZFEjr1z".to_owned()]
    {
        let answer = house.show(&token);
        assert_eq!((answer.status, reason(&answer)), (401, "never-issued"), "{token}");
    }
    assert_eq!((house.show("").status, reason(&house.show(""))), (401, "no-token"));
    let basic = house.show_with("x", &[("Authorization", "Basic YTpi")]);
    assert_eq!(basic.status, 401);
    // An end in the future of a token that the issuer ended earlier is another token.
    let claims = Claims::fresh("mine", "ann");
    assert!(house.issue(&claims));
    let longer = Claims { exp: claims.exp + 86_400, ..claims };
    assert_eq!(reason(&house.show(&longer.token())), "mismatch");
    assert!(!house.said().contains("panicked"), "{}", house.said());
}

#[test]
fn heads_that_are_too_large_are_answered_and_forgotten() {
    let house = House::enforcing("");
    let many: String = (0..10_000).map(|at| format!("X-{at}: y\r\n")).collect();
    let said = raw(&house, format!("GET /auth HTTP/1.1\r\nHost: gate\r\n{many}\r\n").as_bytes());
    assert!(said.starts_with("HTTP/1.1 431"), "{said:?}");
    let huge = "a".repeat(1 << 20);
    let said = raw(&house, format!("GET /auth HTTP/1.1\r\nHost: gate\r\nX-Huge: {huge}\r\n\r\n").as_bytes());
    assert!(said.starts_with("HTTP/1.1 431"), "{said:?}");
    for nonsense in ["\r\n\r\n\u{0}\u{1}", "GET\r\n\r\n", "HELO gate\r\n\r\n", "GET /auth HTTP/9.9\r\n\r\n"] {
        let said = raw(&house, nonsense.as_bytes());
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{nonsense:?}: {said:?}");
    }
    assert_eq!(house.show(&Claims::fresh("f", "ann").token()).status, 401);
    assert!(memory(&house) < 300, "{} MiB", memory(&house));
}

#[test]
fn who_drips_a_head_in_is_cut_off_and_holds_nobody_up() {
    let house = House::enforcing("connections_max = 60");
    let mut slow: Vec<TcpStream> = (0..50).map(|_| TcpStream::connect(("127.0.0.1", house.port())).unwrap()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /auth HTTP/1.1\r\nHost: gate\r\nX-Slow: ").unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    }
    assert_eq!(house.show(&Claims::fresh("f", "ann").token()).status, 401);
    // Every one of them is ended by the gate.
    for stream in &mut slow {
        let mut said = Vec::new();
        stream.read_to_end(&mut said).ok();
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&said));
    }
    assert_eq!(house.health()["connections"]["too_slow"], 50);
}

#[test]
fn a_body_that_is_dripped_in_or_endless_is_cut_off() {
    let house = House::enforcing("");
    let head = format!("POST /issued HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {}\r\n", crate::house::SECRET);
    let said = raw(&house, format!("{head}Content-Length: 1000\r\n\r\n{{").as_bytes());
    assert!(said.starts_with("HTTP/1.1 408"), "{said:?}");
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 16, "a".repeat(1 << 16));
    let endless = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(64));
    let said = raw(&house, endless.as_bytes());
    assert!(said.starts_with("HTTP/1.1 413"), "{said:?}");
    assert!(memory(&house) < 300, "{} MiB", memory(&house));
}

#[test]
fn a_flood_of_forged_tokens_fills_no_memory_and_changes_nothing() {
    let house = House::enforcing("");
    let honest = Claims::fresh("honest", "ann");
    assert!(house.issue(&honest));
    let before = memory(&house);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let house = &house;
            scope.spawn(move || {
                let mut stream = TcpStream::connect(("127.0.0.1", house.port())).unwrap();
                let mut answer = [0u8; 4_096];
                for number in 0..2_000 {
                    let claims = Claims::fresh(&format!("flood-{thread}-{number}"), &"s".repeat(900));
                    let head =
                        format!("GET /auth HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {}\r\n\r\n", claims.token());
                    stream.write_all(head.as_bytes()).unwrap();
                    let read = stream.read(&mut answer).unwrap();
                    assert!(answer.get(..read).unwrap().starts_with(b"HTTP/1.1 401"));
                }
            });
        }
    });
    assert_eq!(house.health()["refused"]["never-issued"], 8_000);
    assert_eq!(house.show(&honest.token()).status, 200);
    house.until_mode("enforcing");
    assert!(memory(&house) < before + 80, "{before} to {} MiB", memory(&house));
    assert_eq!(house.health()["decisions_not_logged"], 0);
}

#[test]
fn a_gate_tells_no_more_than_it_is_told_to() {
    let token = Claims::fresh("f", "ann").token();
    let quiet = House::enforcing("tell = \"nothing\"").show(&token);
    assert_eq!((quiet.status, reason(&quiet)), (401, ""));
    assert!(!quiet.body.contains("never"), "{}", quiet.body);
    let header = House::enforcing("").show(&token);
    assert_eq!(reason(&header), "never-issued");
    assert!(!header.body.contains("never"), "{}", header.body);
    let body = House::enforcing("tell = \"body\"").show(&token);
    assert!(body.body.contains("\"reason\":\"never-issued\""), "{}", body.body);
    assert!(body.header("x-sever-decision").is_some_and(|id| body.body.contains(id)));
}
