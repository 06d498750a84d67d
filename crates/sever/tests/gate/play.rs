//! A forger's traffic through a real nginx with `auth_request`, before an application that believes whatever
//! the issuer's key has signed; the issuer is a real OpenID Connect provider.
//!
//! What is asked, by whom and from where is the Coupang play's, around the first request of the harvest: its
//! customers sign in at the provider, its forger signs with the provider's own key.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sever_replay::{Play, Truth};
use sever_testkit::{Gateway, GuardedGateway, OidcProvider, new_signing_key, wait_until};

use crate::house::{House, SECRET, now_secs, reason};

/// Requests before the forger's first, and in all.
const BEFORE: usize = 60;
const ALL: usize = 400;

const SETTINGS: &str = r#"
[[log]]
name = "gate"
path = "data/gate/decisions/*.jsonl"
format = "json-lines"
[[class]]
issuer = "https://id.shop.example"
name = "access"
issued_in = "issuer"
used_in = ["gate"]
bound = ["key_id", "token_subject", "audience", "client", "issued_at", "expires_at"]
lifetime_max = "15m"
settle = "2s"
coverage = "sequence"
"#;

const PUSHED: &str = r#"
[[log]]
name = "issuer"
path = "data/gate/issued/issuer/*.jsonl"
format = "oidc-provider"
[[gate.issuer]]
log = "issuer"
feed = "push"
secret = { file = "secret" }
"#;

/// One request of the play.
struct Asked {
    token: String,
    subject: Option<u64>,
    path: String,
    address: String,
    forged: bool,
}

/// The requests around the first of the harvest, as the play's gateway logged them.
fn asked(dir: &Path) -> Vec<Asked> {
    let play = Play { scale: 0.0001, ..Play::default() };
    sever_replay::incident("coupang").unwrap().play(&play, dir).unwrap();
    let misuse = Truth::misuse(dir).unwrap();
    // Its five tries of January come first.
    let first = misuse.iter().find(|row| row.file.contains("2025-04")).unwrap();
    let mut text = String::new();
    let file = std::fs::File::open(dir.join(&first.file)).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    let forged: std::collections::HashSet<u64> =
        misuse.iter().filter(|row| row.file == first.file).map(|row| row.offset).collect();
    let (mut lines, mut offset) = (Vec::new(), 0u64);
    for line in text.split_inclusive('\n') {
        lines.push((offset, line));
        offset += line.len() as u64;
    }
    let at = lines.iter().position(|(offset, _)| *offset == first.offset).unwrap();
    let of = |(offset, line): &(u64, &str)| {
        let said: Value = serde_json::from_str(line).unwrap();
        let text = |at: &str| said.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        Asked {
            token: text("/jwt/jti"),
            subject: text("/jwt/sub").parse().ok(),
            path: text("/http/route").replace("/internal/", "/api/"),
            address: text("/client/ip"),
            forged: forged.contains(offset),
        }
    };
    lines.iter().skip(at.saturating_sub(BEFORE)).take(ALL).map(of).collect()
}

/// Signs what it likes with a key that it has read.
struct Forger {
    key: RsaKeyPair,
}

impl Forger {
    fn with(pem: &str) -> Forger {
        let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Forger { key: RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(base64).unwrap()).unwrap() }
    }

    /// A token in the provider's own shape.
    fn token(&self, jti: &str, customer: &str, issued_at: i64) -> String {
        let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": OidcProvider::KEY_ID });
        let claims = json!({
            "jti": jti, "sub": customer, "iat": issued_at, "exp": issued_at + 600, "client_id": "shop",
            "iss": OidcProvider::ISSUER, "aud": OidcProvider::AUDIENCE, "scope": "orders",
        });
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let input = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
        format!("{input}.{}", encode(&signature))
    }
}

/// An hour of the provider's own lines, from before it was started.
fn history() -> Vec<Value> {
    let begin = now_secs() - 3_600;
    (0..400)
        .map(|at| {
            let iat = begin + at * 9;
            let time = sever_model::EventTime::from_secs(iat).to_string();
            json!({
                "time": time, "event": "access_token.issued", "issuer": OidcProvider::ISSUER, "node": "id-0",
                "seq": at + 1, "jti": format!("old-{at}"), "kid": OidcProvider::KEY_ID, "sub": "c0001",
                "aud": OidcProvider::AUDIENCE, "client": "shop", "iat": iat, "exp": iat + 600, "type": "access",
            })
        })
        .collect()
}

fn customer(subject: u64) -> String {
    OidcProvider::customer((subject % u64::from(OidcProvider::CUSTOMERS)) as u32)
}

/// A customer's token, or the batch program's.
fn honest(provider: &OidcProvider, subject: Option<u64>) -> String {
    let token = match subject.map(customer) {
        Some(customer) => provider.token(&customer, &OidcProvider::password(&customer)),
        None => provider.batch_token(),
    };
    token.unwrap().expect("the provider gives a token to whoever has the password")
}

#[test]
fn the_first_forged_request_is_refused_and_no_legitimate_one() {
    let dir = tempfile::tempdir().unwrap();
    let asked = asked(dir.path());
    let forged = asked.iter().filter(|one| one.forged).count();
    assert!(forged > 50 && asked.len() - forged > 50, "{forged} of {} are forged", asked.len());

    let mut house = House::with(&format!("[gate]\n{SETTINGS}{PUSHED}"));
    house.start();
    // Before the issuer says anything else: the ledger begins with the first record.
    assert_eq!(house.hand_over(&history()).unwrap().status, 200);
    let pem = new_signing_key().unwrap();
    let url = format!("http://127.0.0.1:{}/issued", house.port());
    let Some(provider) = OidcProvider::start_pushing(&pem, &url, SECRET).unwrap() else { return };
    let Some(nginx) = GuardedGateway::start(&provider, house.port()).unwrap() else { return };
    let Some(unguarded) = Gateway::start(&provider).unwrap() else { return };
    let first = honest(&provider, Some(1));
    assert_eq!(nginx.get("/api/me", &first, "192.0.2.1").unwrap().status, 200);
    house.until_mode("enforcing");

    let forger = Forger::with(&pem);
    let control = forger.token("control", "c0001", now_secs());
    assert_eq!(unguarded.get("/api/me", &control).unwrap().status, 200, "without a gate, the forger gets in");

    let mut tokens: HashMap<String, String> = HashMap::new();
    let (mut refused, mut answered) = (0, 0);
    for one in &asked {
        let token = tokens.entry(one.token.clone()).or_insert_with(|| match one.forged {
            true => forger.token(&one.token, &customer(one.subject.unwrap_or(0)), now_secs()),
            false => honest(&provider, one.subject),
        });
        let answer = nginx.get(&one.path, token, &one.address).unwrap();
        let expected = if one.forged { 401 } else { 200 };
        assert_eq!(
            answer.status,
            expected,
            "after {refused} refused and {answered} answered: {}",
            nginx.access_log().unwrap()
        );
        refused += usize::from(one.forged);
        answered += usize::from(!one.forged);
    }
    assert_eq!(house.health()["refused"]["never-issued"], refused);
    let log = nginx.access_log().unwrap();
    assert_eq!(log.matches("\"sever_reason\":\"never-issued\"").count(), refused, "{log}");
    let lines = house.decisions(asked.len());
    let addresses = |line: &&Value| line["outcome"] == "refused" && line["source_ip"].is_string();
    assert_eq!(lines.iter().filter(addresses).count(), refused);
}

#[test]
fn no_token_leaves_the_provider_while_the_gate_does_not_answer() {
    let mut house = House::with(&format!("[gate]\n{SETTINGS}{PUSHED}"));
    house.start();
    let url = format!("http://127.0.0.1:{}/issued", house.port());
    let Some(provider) = OidcProvider::start_pushing(&new_signing_key().unwrap(), &url, SECRET).unwrap() else {
        return;
    };
    assert!(provider.token("c0001", &OidcProvider::password("c0001")).unwrap().is_some());
    house.kill();
    assert!(provider.token("c0001", &OidcProvider::password("c0001")).unwrap().is_none());
    house.start();
    wait_until("the provider to give tokens again", || provider.token("c0001", &OidcProvider::password("c0001")))
        .unwrap();
}

#[test]
fn by_a_followed_log_a_forged_token_is_marked_while_it_may_be_new_and_refused_after() {
    let pem = new_signing_key().unwrap();
    let Some(provider) = OidcProvider::start(&pem).unwrap() else { return };
    let followed = "[[log]]\nname = \"issuer\"\npath = \"issuer/*.jsonl\"\nformat = \"oidc-provider\"\n\
                    [[gate.issuer]]\nlog = \"issuer\"\nfeed = \"follow\"\n";
    let mut house = House::with(&format!("[gate]\nwait_ms = 500\n{SETTINGS}{followed}"));
    std::fs::create_dir(house.path("issuer")).unwrap();
    let lines: String = history().iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(house.path("issuer/history.jsonl"), lines).unwrap();
    let old = std::fs::OpenOptions::new().write(true).open(house.path("issuer/history.jsonl")).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    wait_until("the provider's first line", || Ok(provider.log().ok().filter(|log| !log.is_empty()))).unwrap();
    std::os::unix::fs::symlink(provider.log_path(), house.path("issuer/provider.jsonl")).unwrap();
    house.start();
    let Some(nginx) = GuardedGateway::start(&provider, house.port()).unwrap() else { return };
    for number in 0..30 {
        let token = honest(&provider, Some(number));
        assert_eq!(nginx.get("/api/me", &token, "192.0.2.1").unwrap().status, 200);
    }
    house.until_mode("enforcing");

    let forged = Forger::with(&pem).token("forged", "c0001", now_secs());
    let answer = house.show(&forged);
    assert_eq!((answer.status, reason(&answer)), (200, "may-be-new"));
    wait_until("the time for its line to pass", || {
        Ok((nginx.get("/api/me", &forged, "192.0.2.1")?.status == 401).then_some(()))
    })
    .unwrap();
    assert_eq!(reason(&house.show(&forged)), "never-issued");
}
