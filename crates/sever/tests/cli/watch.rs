//! `sever watch` as it runs: the findings of a scan, once each whenever it is killed, pushed records, and
//! receivers that are told.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use sever_testkit::{find_program, skip};

use crate::world::{World, gateway};

const PATIENCE: Duration = Duration::from_secs(120);

/// The ids of the findings that a command left in the store.
fn found(world: &World) -> BTreeSet<String> {
    let findings = world.sever("findings --format json").json();
    let all = findings["rows"].as_array().unwrap_or_else(|| panic!("{findings}")).iter();
    all.map(|it| format!("{} {} {}", it["id"], it["stage"], it["count"])).collect()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::yield_now();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A receiver that answers each post with the next status, and hands on what was posted.
fn receiver(statuses: &'static [u16]) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, posted) = channel();
    std::thread::spawn(move || {
        for (at, stream) in listener.incoming().enumerate() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut length, mut line) = (0, String::new());
            while stream.read_line(&mut line).unwrap() > 2 {
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let status = statuses.get(at).or(statuses.last()).unwrap();
            let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            if (200..300).contains(status) && sender.send(String::from_utf8(body).unwrap()).is_err() {
                return;
            }
        }
    });
    (port, posted)
}

fn ask(port: u16, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn post(port: u16, log: &str, token: &str, more: &str, body: &str) -> String {
    let length = body.len();
    let request = format!(
        "POST /v1/logs/{log} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {length}\r\n{more}\r\n{body}"
    );
    ask(port, &request).unwrap_or_default()
}

/// A watch that is killed when the test is done with it.
struct Running(Child);

impl Running {
    fn start(world: &World, words: &str) -> Running {
        Running(world.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_watch_finds_what_a_scan_finds_and_tells_it_once() {
    let world = World::with_logs();
    world.sever("sync");
    let scanned = World::with_logs();
    scanned.sever("sync");
    scanned.sever("scan");
    let first = world.sever("watch --once");
    assert_eq!(first.exit, 15, "{}", first.all());
    assert!(first.stdout.contains("token-never-issued"), "{}", first.all());
    let said = world.sever("watch --once");
    assert_eq!((said.exit, said.stdout.as_str()), (0, ""), "{}", said.all());
    // A scan hands over what still waits at the end of the logs, and looks at the standing state.
    let (watched, scanned) = (found(&world), found(&scanned));
    assert!(!watched.is_empty() && watched.is_subset(&scanned), "{watched:?}\n{scanned:?}");
    assert!(world.sever("watch status").stdout.contains("gateway"), "it says how it stood");
}

#[test]
fn killed_at_any_moment_each_finding_is_told_once() {
    let world = World::with_logs();
    world.append("severance.toml", "[[notify]]\nname = \"file\"\nkind = \"file\"\npath = \"told.jsonl\"\n");
    world.sever("sync");
    let watch = world.path("severance-data/watch");
    let grown = |name: &str, bytes: u64| {
        fs::read_dir(&watch).into_iter().flatten().flatten().any(|entry| {
            entry.file_name().to_string_lossy().starts_with(name) && entry.metadata().is_ok_and(|it| it.len() > bytes)
        })
    };
    let moments: [&dyn Fn() -> bool; 5] =
        [&|| watch.exists(), &|| grown("checkpoint", 0), &|| grown("journal", 10), &|| grown("outbox", 10), &|| {
            world.path("told.jsonl").exists()
        }];
    for moment in moments {
        let running = Running::start(&world, "watch");
        until("its trace", moment);
        drop(running);
    }
    world.sever("watch --once");
    let told = fs::read_to_string(world.path("told.jsonl")).unwrap();
    let ids: Vec<String> =
        told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].to_string()).collect();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert!(!ids.is_empty());
    // At least once each, by the same id; what was told and not noted before a kill is told again.
    assert!(ids.len() - distinct.len() <= 1, "{ids:?}");
    let calm = World::with_logs();
    calm.sever("sync");
    calm.sever("watch --once");
    assert_eq!(found(&world), found(&calm));
}

#[test]
fn pushed_records_are_durable_authenticated_and_judged() {
    let world = World::with_logs();
    let port = free_port();
    let config = fs::read_to_string(world.path("severance.toml")).unwrap();
    let config = config.replace(
        "path = \"gateway.jsonl\"",
        "path = \"spool/gateway\"\nformat = \"json-lines\"\nmap = { time = \"time\" }",
    );
    let config = config.replace("map = { time = \"time\" }\n", "");
    world.write(
        "severance.toml",
        format!(
            "{config}\n[watch]\nlisten = \"127.0.0.1:{port}\"\nspool_bytes_max = 400000\nbody_bytes_max = 300000\n\
         [[watch.input]]\nlog = \"gateway\"\nkind = \"http\"\ntoken = {{ file = \"token\" }}\n"
        ),
    );
    world.write("token", "t0ken\n");
    // The format's mapping is guessed from a first record.
    let records = gateway();
    let (first, rest) = records.split_at(records.find('\n').unwrap() + 1);
    world.write("spool/gateway/00000001.log", first);
    world.sever("sync");
    let running = Running::start(&world, "watch");
    until("it listens", || ask(port, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").is_some());
    let status = |answer: &str| answer.split(' ').nth(1).unwrap_or("").to_owned();
    assert_eq!(status(&post(port, "gateway", "wrong", "", rest)), "401");
    assert_eq!(status(&post(port, "other", "t0ken", "", rest)), "401");
    assert_eq!(status(&post(port, "gateway", "t0ken", "", "[{]")), "400");
    assert_eq!(status(&post(port, "gateway", "t0ken", "", &" ".repeat(300_001))), "413");
    assert_eq!(status(&post(port, "gateway", "t0ken", "Content-Encoding: br\r\n", rest)), "415");
    let half = rest[..rest.len() / 2].rfind('\n').unwrap() + 1;
    let key = "Idempotency-Key: one\r\n";
    for (part, more) in [(&rest[..half], key), (&rest[..half], key), (&rest[half..], "")] {
        let answer = post(port, "gateway", "t0ken", more, part);
        assert_eq!(status(&answer), "200", "{answer}");
    }
    let kept = fs::read_to_string(world.path("spool/gateway/00000001.log")).unwrap();
    assert_eq!(kept.len(), records.len(), "taken once, and durable when it was answered");
    // Past what may be kept nothing more is taken, and the sender is told to come again.
    let flood = "{}\n".repeat(90_000);
    let mut answers = (0..4).map(|_| post(port, "gateway", "t0ken", "", &flood));
    let full = answers.find(|answer| status(answer) == "503").expect("it is full");
    assert!(full.to_ascii_lowercase().contains("retry-after"), "{full}");
    until("it finds", || world.sever("findings").stdout.contains("token-never-issued"));
    drop(running);
}

#[test]
fn receivers_are_told_until_they_take_it() {
    let Some(python) = find_program("python").filter(|python| has_joserfc(python)) else {
        return skip("receivers_are_told_until_they_take_it", "PyPI's `joserfc` is not there");
    };
    let world = World::with_logs();
    let ((hook, posted), (events, tokens)) = (receiver(&[503, 302, 200]), receiver(&[400, 202]));
    let syslog = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = syslog.local_addr().unwrap();
    world.append(
        "severance.toml",
        format!(
            "[watch]\nlisten = \"127.0.0.1:{}\"\n\
         [[notify]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{hook}/x\"\nprivate = true\n\
         [[notify]]\nname = \"ssf\"\nkind = \"ssf\"\nurl = \"http://localhost:{events}/e\"\nprivate = true\n\
         issuer = \"https://us.example\"\naudience = \"https://them.example\"\n\
         [[notify]]\nname = \"log\"\nkind = \"syslog\"\nurl = \"tcp://{place}\"\nprivate = true\n\
         [[notify]]\nname = \"refused\"\nkind = \"webhook\"\nurl = \"http://localhost:{hook}/y\"\n",
            free_port()
        ),
    );
    world.sever("sync");
    let running = Running::start(&world, "watch");
    let message: Value = serde_json::from_str(&posted.recv_timeout(PATIENCE).unwrap()).unwrap();
    assert_eq!(message["schema"], "severance.finding/1");
    let mut logged = [0; 64];
    syslog.accept().unwrap().0.read_exact(&mut logged).unwrap();
    let logged = String::from_utf8_lossy(&logged).into_owned();
    assert!(logged.split_once(' ').is_some_and(|(_, message)| message.starts_with("<10")), "{logged}");
    let token = tokens.recv_timeout(PATIENCE).unwrap();
    until("its key is written", || world.path("severance-data/events.key").exists());
    let key = sever_store::watch::EventKey::read_or_make(&world.path("severance-data")).unwrap();
    world.write("jwks.json", key.jwks().to_string());
    let claims = checked(&python, &world.path("jwks.json"), &token).unwrap();
    let events = claims["events"].as_object().unwrap();
    assert!(events.keys().any(|uri| uri.ends_with("/credential-compromise")), "{claims}");
    let broken = token.replacen('.', ".A", 1);
    assert!(checked(&python, &world.path("jwks.json"), &broken).is_err());
    until("what is refused is told", || {
        let status = fs::read_to_string(world.path("severance-data/watch/status.json")).unwrap_or_default();
        status.contains("has only private addresses")
    });
    drop(running);
}

fn has_joserfc(python: &Path) -> bool {
    Command::new(python).args(["-c", "import joserfc"]).output().is_ok_and(|done| done.status.success())
}

/// The claims of a token, where another library finds it to be one.
fn checked(python: &Path, jwks: &Path, token: &str) -> Result<Value, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/validate/check_set.py");
    let mut command = Command::new(python);
    command.arg("-B").arg(script).arg(jwks).args(["https://them.example", "https://us.example"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{token}").unwrap();
    let done = child.wait_with_output().unwrap();
    match done.status.success() {
        true => Ok(serde_json::from_slice(&done.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
    }
}
