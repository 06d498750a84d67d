//! A folder with a configuration, a gate that runs in it, an issuer's word and tokens.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};
use sever_testkit::{Answer, free_port, request, wait_until};
use tempfile::TempDir;

pub const ISSUER: &str = "https://id.shop.example";
pub const SECRET: &str = "secret-of-a-test";
/// Tokens live for ten minutes.
pub const LIFE_SECS: i64 = 600;

/// One class whose issuer numbers its records, and pushes them.
pub const PUSHED: &str = r#"
[[log]]
name = "issuer"
path = "data/gate/issued/issuer/*.jsonl"
[[log]]
name = "gate"
path = "data/gate/decisions/*.jsonl"
format = "json-lines"
[[class]]
issuer = "https://id.shop.example"
name = "access"
issued_in = "issuer"
used_in = ["gate"]
bound = ["key_id", "token_subject", "issued_at", "expires_at"]
lifetime_max = "10m"
settle = "2s"
coverage = "sequence"
[[gate.issuer]]
log = "issuer"
feed = "push"
secret = { file = "secret" }
"#;

/// A folder and the gate that runs in it.
pub struct House {
    dir: TempDir,
    port: u16,
    gate: Option<Child>,
    sequence: AtomicU64,
    names: AtomicU64,
}

/// A token's claims.
#[derive(Debug, Clone)]
pub struct Claims {
    pub jti: String,
    pub sub: String,
    pub kid: String,
    pub iat: i64,
    pub exp: i64,
}

pub fn now_secs() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

impl Claims {
    /// Of a token that was issued just now.
    pub fn fresh(jti: &str, sub: &str) -> Claims {
        Claims::of(jti, sub, now_secs())
    }

    pub fn of(jti: &str, sub: &str, iat: i64) -> Claims {
        Claims { jti: jti.to_owned(), sub: sub.to_owned(), kid: "kid-1".to_owned(), iat, exp: iat + LIFE_SECS }
    }

    /// The token; nobody here checks its signature.
    pub fn token(&self) -> String {
        token_of(&json!({ "alg": "RS256", "kid": self.kid }), &self.body())
    }

    fn body(&self) -> Value {
        json!({ "iss": ISSUER, "jti": self.jti, "sub": self.sub, "iat": self.iat, "exp": self.exp })
    }

    /// As its issuer says that it issued it.
    pub fn issuance(&self, node: &str, seq: u64) -> Value {
        let mut body = self.body();
        let more = json!({ "kid": self.kid, "time": self.iat, "node": node, "seq": seq });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }
}

pub fn token_of(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", encode(header), encode(claims))
}

impl House {
    /// A folder with this configuration, and no gate yet.
    pub fn with(settings: &str) -> House {
        let house = House {
            dir: tempfile::tempdir().unwrap(),
            port: free_port().unwrap(),
            gate: None,
            sequence: AtomicU64::new(0),
            names: AtomicU64::new(0),
        };
        std::fs::write(house.path("secret"), SECRET).unwrap();
        std::fs::write(house.path("severance.toml"), format!("data_dir = \"data\"\n{settings}")).unwrap();
        house
    }

    /// The same with a gate whose issuer pushes, `more` settings in `[gate]` and below, and a history that is
    /// older than any token, so that it enforces once one token was shown.
    pub fn enforcing(more: &str) -> House {
        let mut house = House::with(&format!("[gate]\n{more}\n{PUSHED}"));
        house.start();
        house.backfill();
        house.until_enforcing();
        house
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `sever` with these words in the folder.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sever"));
        command.args(words.split_whitespace()).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.dir.path()).env("RUST_BACKTRACE", "1").env("USER", "tester");
        command
    }

    /// Starts the gate, and waits until it answers.
    pub fn start(&mut self) {
        let mut command = self.command(&format!("gate --listen 127.0.0.1:{}", self.port));
        let said = std::fs::OpenOptions::new().create(true).append(true).open(self.path("said")).unwrap();
        self.gate = Some(command.stdout(Stdio::null()).stderr(said).spawn().unwrap());
        wait_until("the gate to answer", || {
            let ended = self.gate.as_mut().unwrap().try_wait()?;
            anyhow::ensure!(ended.is_none(), "the gate ended: {ended:?}\n{}", self.said());
            Ok(request(self.port, "GET", "/healthz", &[], "").ok())
        })
        .unwrap();
    }

    /// Kills the gate: no farewell.
    pub fn kill(&mut self) {
        let mut gate = self.gate.take().unwrap();
        gate.kill().unwrap();
        gate.wait().unwrap();
    }

    /// Waits for a gate that somebody else has killed.
    pub fn reap(&mut self) {
        self.gate.take().unwrap().wait().unwrap();
    }

    /// Asks the gate to stop, and waits until it has.
    pub fn stop(&mut self) {
        let mut gate = self.gate.take().unwrap();
        let told = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", gate.id())).status().unwrap();
        assert!(told.success());
        assert!(gate.wait().unwrap().success(), "{}", self.said());
    }

    pub fn pid(&self) -> u32 {
        self.gate.as_ref().unwrap().id()
    }

    /// What the gate has said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.path("said")).unwrap_or_default()
    }

    /// Hands records over as the issuer does.
    pub fn hand_over(&self, records: &[Value]) -> anyhow::Result<Answer> {
        let body: Vec<String> = records.iter().map(Value::to_string).collect();
        let bearer = format!("Bearer {SECRET}");
        request(self.port, "POST", "/issued", &[("Authorization", &bearer)], &body.join("\n"))
    }

    /// The next number of the issuer's records.
    pub fn next(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// An id that no other token has.
    pub fn name(&self, of: &str) -> String {
        format!("{of}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Issues a token: whether the gate knows it then.
    pub fn issue(&self, claims: &Claims) -> bool {
        self.hand_over(&[claims.issuance("id-1", self.next())]).is_ok_and(|answer| answer.status == 200)
    }

    /// Hands over an hour of history, enough of it to prove the issuer's coverage.
    pub fn backfill(&self) {
        let begin = now_secs() - 3_600;
        let records: Vec<Value> = (0..400)
            .map(|at| Claims::of(&format!("old-{at}"), "ann", begin + at * 9).issuance("id-1", self.next()))
            .collect();
        assert_eq!(self.hand_over(&records).unwrap().status, 200);
    }

    /// Shows one honest token, and waits until the class is enforced.
    pub fn until_enforcing(&self) {
        let honest = Claims::fresh(&self.name("honest"), "ann");
        assert!(self.issue(&honest));
        assert_eq!(self.show(&honest.token()).status, 200);
        self.until_mode("enforcing");
    }

    /// Waits until the first class stands so: `enforcing`, or why it is only watched.
    pub fn until_mode(&self, mode: &str) {
        let reached = wait_until(mode, || {
            let class = self.health()["classes"][0].clone();
            Ok((class["mode"] == mode || class["why"] == mode).then_some(()))
        });
        reached.unwrap_or_else(|error| panic!("{error}: {:#}\n{}", self.health(), self.said()));
    }

    /// Shows a token to the gate.
    pub fn show(&self, token: &str) -> Answer {
        self.show_with(token, &[])
    }

    pub fn show_with(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend_from_slice(more);
        request(self.port, "GET", "/auth", &headers, "").unwrap()
    }

    pub fn health(&self) -> Value {
        serde_json::from_str(&request(self.port, "GET", "/healthz", &[], "").unwrap().body).unwrap()
    }

    /// The gate's own log, once it holds at least so many lines.
    pub fn decisions(&self, least: usize) -> Vec<Value> {
        let folder = self.path("data/gate/decisions");
        wait_until("the decisions", || {
            let mut lines = Vec::new();
            for entry in std::fs::read_dir(&folder)? {
                let file = BufReader::new(std::fs::File::open(entry?.path())?);
                for line in file.lines() {
                    lines.extend(serde_json::from_str::<Value>(&line?).ok());
                }
            }
            let used = lines.into_iter().filter(|line| line["kind"] == "used").collect::<Vec<_>>();
            Ok((used.len() >= least).then_some(used))
        })
        .unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(mut gate) = self.gate.take() {
            gate.kill().ok();
            gate.wait().ok();
        }
        if std::thread::panicking() {
            // A failed test is read by what the gate said.
            std::io::Write::write_all(&mut std::io::stderr(), self.said().as_bytes()).ok();
        }
    }
}

/// The reason that an answer tells, if any.
pub fn reason(answer: &Answer) -> &str {
    answer.header("x-sever-reason").unwrap_or_default()
}
