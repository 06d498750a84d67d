//! The gate: what a decision costs, against a handler that always says yes, and what it adds behind nginx.
//!
//! The gate is the program itself, `sever gate`, with a ledger of tokens that were handed over, shown to it
//! one after the other; the handler beside it is hyper's, with the same answer. Both have one thread, on one
//! core. Counted is the time that each process spends on a core for so many requests, so that what others
//! run beside does not count.

mod client;
mod yes;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use sever_testkit::{AskingGateway, free_port, new_signing_key, request, wait_until};

use crate::process::median;
use crate::report::Row;
use client::{Asking, latencies_ms, rounds};

/// Requests of one round, at scale 1.
const REQUESTS: f64 = 200_000.0;
/// Rounds, of which the middle one counts.
const ROUNDS: usize = 5;
/// Tokens that are known and shown in turn.
const TOKENS: usize = 20_000;
/// Requests a second behind nginx, and for how long.
const RATE: u64 = 5_000;
const RATE_SECS: f64 = 20.0;

const SETTINGS: &str = r#"
data_dir = "data"
[[log]]
name = "issuer"
path = "data/gate/issued/issuer/*.jsonl"
[[log]]
name = "gate"
path = "data/gate/decisions/*.jsonl"
[[class]]
issuer = "https://id.shop.example"
name = "access"
issued_in = "issuer"
used_in = ["gate"]
bound = ["key_id", "token_subject", "audience", "client", "issued_at", "expires_at"]
lifetime_max = "15m"
settle = "2s"
coverage = "sequence"
[gate]
threads = 1
[[gate.issuer]]
log = "issuer"
feed = "push"
secret = { file = "secret" }
"#;

/// A process that is measured, ended with its guard.
struct Measured {
    child: Child,
    port: u16,
}

impl Measured {
    /// Starts a program on one core, and waits until it answers.
    fn start(program: &Path, words: &[String], folder: &Path, port: u16) -> Result<Measured> {
        let mut command = if Path::new("/usr/bin/taskset").exists() {
            let mut command = Command::new("taskset");
            command.args(["--cpu-list", "0"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(words).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
        let said = std::fs::File::create(folder.join("said"))?;
        let child = command.stderr(said).spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let measured = Measured { child, port };
        wait_until("it to answer", || Ok(request(port, "GET", "/healthz", &[], "").ok()))?;
        Ok(measured)
    }

    /// Nanoseconds that it has spent on a core, all its threads together.
    fn on_core_ns(&self) -> Result<f64> {
        let mut sum = 0.0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id())).context("no /proc")? {
            let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            sum += text.split(' ').next().and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
        }
        Ok(sum)
    }

    /// Nanoseconds on a core for one request.
    fn cost(&self, requests: usize, asking: &[Asking]) -> Result<f64> {
        let before = self.on_core_ns()?;
        rounds(self.port, asking, requests)?;
        Ok((self.on_core_ns()? - before) / requests as f64)
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Every measurement.
pub(crate) fn rows(scale: f64) -> Result<Vec<Row>> {
    let requests = ((REQUESTS * scale) as usize).max(1_000);
    let folder = tempfile::tempdir().context("no folder")?;
    let own = std::env::current_exe().context("cannot find this program")?;
    let sever = own.with_file_name("sever");
    let port = free_port()?;
    let yes = Measured::start(&own, &["one".to_owned(), "gate-yes".to_owned(), port.to_string()], folder.path(), port)?;
    let forge = Forge::new()?;
    let asking = forge.asking();
    let mut rows = Vec::new();
    for (name, jwks) in [("gate, claims only", false), ("gate, with signatures", true)] {
        let gate = begin(&sever, &forge, jwks)?;
        let (mut with, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            with.push(gate.1.cost(requests, &asking)?);
            beside.push(yes.cost(requests, &asking)?);
        }
        let (with, beside) = (median(with) / 1_000.0, median(beside) / 1_000.0);
        let bar = if jwks { f64::INFINITY } else { 1.25 };
        rows.push(Row::against(&format!("{name}: a decision on one core"), with, "µs", "always yes", beside, bar));
        let rate = Row::limit(&format!("{name}: decisions/s on one core"), 1e6 / with, "/s", f64::INFINITY);
        rows.push(rate);
        if !jwks && let Some(nginx) = AskingGateway::start(gate.1.port, yes.port)? {
            let count = (RATE as f64 * RATE_SECS * scale.min(1.0)) as usize;
            let gated = latencies_ms(nginx.port(), "/gated/", &asking, RATE, count)?;
            let plain = latencies_ms(nginx.port(), "/yes/", &asking, RATE, count)?;
            let added = (gated.p99 - plain.p99).max(0.0);
            let name = format!(
                "added p99 behind nginx at {RATE}/s (with {:.2} ms, always yes {:.2} ms)",
                gated.p99, plain.p99
            );
            rows.push(Row::limit(&name, added, "ms", 1.0));
        }
    }
    Ok(rows)
}

/// A gate that enforces, and knows the tokens.
fn begin(sever: &Path, forge: &Forge, jwks: bool) -> Result<(tempfile::TempDir, Measured)> {
    let folder = tempfile::tempdir().context("no folder")?;
    let keys = if jwks { "jwks = \"keys.json\"\n" } else { "" };
    std::fs::write(
        folder.path().join("severance.toml"),
        SETTINGS.replace("threads = 1\n", &format!("threads = 1\n{keys}")),
    )?;
    std::fs::write(folder.path().join("secret"), "secret-of-a-benchmark")?;
    std::fs::write(folder.path().join("keys.json"), forge.jwks())?;
    let port = free_port()?;
    let words = ["gate", "--listen", &format!("127.0.0.1:{port}")].map(str::to_owned);
    let gate = Measured::start(sever, &words, folder.path(), port)?;
    forge.hand_over(port)?;
    wait_until("the gate to enforce", || {
        rounds(port, forge.asking().get(..1).unwrap_or_default(), 1)?;
        let health: serde_json::Value = serde_json::from_str(&request(port, "GET", "/healthz", &[], "")?.body)?;
        Ok((health["classes"][0]["mode"] == "enforcing").then_some(()))
    })?;
    Ok((folder, gate))
}

/// Tokens, as an issuer makes them.
struct Forge {
    key: RsaKeyPair,
    tokens: Vec<(String, serde_json::Value)>,
}

impl Forge {
    fn new() -> Result<Forge> {
        let pem: String = new_signing_key()?.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64_STANDARD.decode(pem).context("a key that is no PEM")?;
        let key = RsaKeyPair::from_pkcs8(&der).map_err(|error| anyhow::anyhow!("a key that cannot sign: {error}"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("no time")?.as_secs() as i64;
        let mut forge = Forge { key, tokens: Vec::new() };
        for number in 0..TOKENS {
            // The oldest are long past: the ledger is older than any token's life.
            let iat = if number < 400 { now - 3_600 + number as i64 } else { now };
            let claims = serde_json::json!({
                "iss": "https://id.shop.example", "aud": "https://shop.example/api",
                "jti": format!("{:016x}{number:016x}", (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
                "sub": format!("c{:08}", number % 5_000), "client_id": "app-ios", "scope": "orders profile",
                "iat": iat, "exp": iat + 900,
            });
            forge.tokens.push((forge.sign(&claims)?, claims));
        }
        Ok(forge)
    }

    fn sign(&self, claims: &serde_json::Value) -> Result<String> {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let header = encode(br#"{"alg":"RS256","typ":"at+jwt","kid":"kid-1"}"#);
        let input = format!("{header}.{}", encode(claims.to_string().as_bytes()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let signed = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature);
        signed.map_err(|error| anyhow::anyhow!("cannot sign: {error}"))?;
        Ok(format!("{input}.{}", encode(&signature)))
    }

    /// The public key, as a set.
    fn jwks(&self) -> String {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let parts: PublicKeyComponents<Vec<u8>> = self.key.public().into();
        let (n, e) = (encode(&parts.n), encode(&parts.e));
        serde_json::json!({ "keys": [{ "kty": "RSA", "kid": "kid-1", "use": "sig", "n": n, "e": e }] }).to_string()
    }

    /// Hands all of them over.
    fn hand_over(&self, port: u16) -> Result<()> {
        for (chunk, tokens) in self.tokens.chunks(1_000).enumerate() {
            let lines = tokens.iter().enumerate().map(|(at, (_, claims))| {
                let mut line = claims.clone();
                line["kid"] = "kid-1".into();
                line["node"] = "id-1".into();
                line["seq"] = (chunk * 1_000 + at + 1).into();
                line.to_string()
            });
            let body = lines.collect::<Vec<_>>().join("\n");
            let answer = request(port, "POST", "/issued", &[("Authorization", "Bearer secret-of-a-benchmark")], &body)?;
            if answer.status != 200 {
                bail!("the gate did not take the tokens: {} {}", answer.status, answer.body);
            }
        }
        Ok(())
    }

    /// The tokens that still live, as requests.
    fn asking(&self) -> Vec<Asking> {
        self.tokens.iter().skip(400).map(|(token, _)| Asking::with(token)).collect()
    }
}

/// The handler that always says yes, until it is ended.
pub(crate) fn always_yes(port: u64) -> Result<crate::process::Numbers> {
    yes::serve(u16::try_from(port).context("no port")?)
}
