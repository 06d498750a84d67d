//! `bench watch`: from a line in a log to a finding that may be told, and events a second.
//!
//! A real watch over real files, with its journal on the disk, in this process. The background is written at a
//! steady pace and the forged uses among it; each is due once its settle window is over, and the time beyond
//! that, until its finding is durable, is the latency. Then a backlog is judged as fast as it goes.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use sever_decode::{Format, Mapping};
use sever_detect::registry;
use sever_engine::follow::{Entry, Folder, Node, Opened, Patience};
use sever_engine::{Moment, WatchSetup, WatchedLog, Watcher};
use sever_model::{
    ClaimSet, Class, Coverage, CoverageBy, EventSource, EventTime, FingerprintKey, Inventory, Join, Limits, Span,
    Stage, Tables, WallTime,
};
use sever_store::watch::WatchState;

use crate::report::Row;

const KEY: FingerprintKey = FingerprintKey::new(*b"0123456789abcdef");
const SETTLE: Duration = Duration::from_secs(1);
/// Between two looks, as the product's watch has it.
const LOOK: Duration = Duration::from_millis(100);
/// Forged uses whose latency is taken, and events of background a second.
const FORGED: usize = 60;
const PACE: u64 = 1_000;
/// Events of the backlog.
const BACKLOG: f64 = 1_000_000.0;

/// The rows of `bench watch`.
pub(crate) fn rows(scale: f64) -> Result<Vec<Row>> {
    let mut lags = latency(((FORGED as f64 * scale) as usize).max(5))?;
    lags.sort_by(f64::total_cmp);
    let at = |share: f64| lags.get(((lags.len() - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::MAX);
    let events = ((BACKLOG * scale) as u64).max(20_000);
    let rate = backlog(events)?;
    Ok(vec![
        Row::limit(
            &format!("line to finding beyond the settle window, p50 of {}", lags.len()),
            at(0.5) * 1e3,
            "ms",
            2_000.0,
        ),
        Row::limit(&format!("the same, p99, at {PACE} events a second"), at(0.99) * 1e3, "ms", 2_000.0),
        Row::limit(&format!("judging a backlog of {events}, {rate:.0} events a second"), 1e9 / rate, "ns/ev", 50_000.0),
    ])
}

/// Seconds beyond the settle window, for each forged use.
fn latency(forged: usize) -> Result<Vec<f64>> {
    let folder = tempfile::tempdir().context("no folder")?;
    let mut company = Company::new(folder.path())?;
    let (mut state, _) = WatchState::open(folder.path())?;
    let mut watcher = watcher(folder.path())?;
    let inventory = nobody();
    // Enough of the issuer's records to prove its log complete, older than the tolerated skew.
    company.happen(3_000, now() - 30.0, None)?;
    let begun = Instant::now();
    let (mut due, mut lags): (Vec<(String, Instant)>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut written = Instant::now();
    while lags.len() < forged {
        if begun.elapsed() > Duration::from_secs(60 + forged as u64) {
            bail!("{} of {forged} forged uses were found in time", lags.len());
        }
        let events = written.elapsed().as_millis() as u64 * PACE / 1_000;
        written += Duration::from_millis(events * 1_000 / PACE);
        let key =
            (due.len() < forged && begun.elapsed() > Duration::from_secs(2)).then(|| format!("forged-{}", due.len()));
        company.happen(events, now(), key.as_deref())?;
        due.extend(key.map(|key| (key, Instant::now())));
        let wall = WallTime::from_micros((now() * 1e6) as i64);
        watcher.turn(Moment { at: begun.elapsed(), wall }, &inventory)?;
        if let Some(commit) = watcher.commit(wall) {
            state.append(&serde_json::to_string(&commit)?)?;
        }
        for (_, finding) in watcher.take_touched() {
            let key = finding.things.first().map_or("", |thing| thing.id.as_str());
            if finding.stage == Stage::Confirmed
                && let Some(at) = due.iter().position(|(known, _)| known == key)
                && let Some((known, since)) = due.get_mut(at)
            {
                known.clear();
                lags.push(since.elapsed().as_secs_f64() - SETTLE.as_secs_f64());
            }
        }
        std::thread::park_timeout(LOOK);
    }
    Ok(lags)
}

/// Events a second, journal included.
fn backlog(events: u64) -> Result<f64> {
    let folder = tempfile::tempdir().context("no folder")?;
    let mut company = Company::new(folder.path())?;
    company.happen(events / 2, now() - 3_600.0, None)?;
    let (mut state, _) = WatchState::open(folder.path())?;
    let mut watcher = watcher(folder.path())?;
    let (inventory, begun, mut judged) = (nobody(), Instant::now(), 0);
    while judged < events / 2 * 2 {
        let wall = WallTime::from_micros((now() * 1e6) as i64);
        let turn = watcher.turn(Moment { at: begun.elapsed(), wall }, &inventory)?;
        judged += turn.events;
        if let Some(commit) = watcher.commit(wall) {
            state.append(&serde_json::to_string(&commit)?)?;
        }
        if begun.elapsed() > Duration::from_secs(600) {
            bail!("{judged} of {events} events were judged in ten minutes");
        }
    }
    Ok(judged as f64 / begun.elapsed().as_secs_f64())
}

fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// An issuer that numbers its records, and a gateway.
struct Company {
    issuer: File,
    gateway: File,
    next: u64,
}

impl Company {
    fn new(folder: &Path) -> Result<Company> {
        let file = |name: &str| -> Result<File> {
            fs::create_dir_all(folder.join(name))?;
            Ok(File::create(folder.join(name).join("app.log"))?)
        };
        Ok(Company { issuer: file("issuer")?, gateway: file("gateway")?, next: 0 })
    }

    /// So many tokens are issued and used, and one of this key is used that nobody issued.
    fn happen(&mut self, count: u64, at: f64, forged: Option<&str>) -> Result<()> {
        let (mut issued, mut used) = (String::new(), String::new());
        let mut present = |ts: f64, jti: &str, kid: &str| {
            let (iat, exp) = (ts as i64, ts as i64 + 3_600);
            used.push_str(&format!(
                "{{\"ts\":{ts:.3},\"kind\":\"used\",\"iss\":\"https://id.example\",\"jti\":\"{jti}\",\"kid\":\"{kid}\",\
                 \"sub\":\"m-{jti}\",\"iat\":{iat},\"exp\":{exp},\"status\":200,\"path\":\"/v1/address-book\",\
                 \"ip\":\"203.0.113.7\",\"ua\":\"Mozilla/5.0 (X11; Linux x86_64) shop/7.2\"}}\n"
            ));
        };
        for number in self.next..self.next + count {
            let ts = at + (number - self.next) as f64 / PACE as f64 / 10.0;
            let (iat, exp, jti) = (ts as i64, ts as i64 + 3_600, format!("t{number}"));
            issued.push_str(&format!(
                "{{\"ts\":{ts:.3},\"kind\":\"issued\",\"iss\":\"https://id.example\",\"jti\":\"{jti}\",\"kid\":\"k1\",\
                 \"sub\":\"m-{jti}\",\"iat\":{iat},\"exp\":{exp},\"seq\":{number}}}\n"
            ));
            present(ts, &jti, "k1");
        }
        if let Some(key) = forged {
            present(at, &format!("f-{key}"), key);
        }
        self.next += count;
        self.issuer.write_all(issued.as_bytes())?;
        self.gateway.write_all(used.as_bytes())?;
        Ok(())
    }
}

fn watcher(folder: &Path) -> Result<Watcher<'static>> {
    let mapping: Mapping = serde_json::from_str(
        r#"{"time": "ts", "kind": "kind", "issuer": "iss", "credential": "jti", "key_id": "kid", "token_subject": "sub",
            "issued_at": "iat", "expires_at": "exp", "sequence": "seq", "outcome": "status", "resource": "path",
            "source_ip": "ip", "user_agent": "ua"}"#,
    )?;
    let log = |name: &str| -> Result<WatchedLog> {
        Ok(WatchedLog {
            source: EventSource::of(name.into(), None),
            format: Format::named("json-lines").context("no json-lines")?,
            mapping: Some(mapping.clone()),
            folder: Box::new(Disk(folder.join(name))),
        })
    };
    let class = Class {
        issuer: "https://id.example".to_owned(),
        name: "access".to_owned(),
        issued_in: Some("issuer".into()),
        used_in: vec!["gateway".into()],
        token_type: String::new(),
        audiences: Vec::new(),
        key_ids: Vec::new(),
        join: Join::Jti,
        bound: ClaimSet::NONE,
        lifetime_max: Span::secs(7_200),
        settle: Span::from_micros(SETTLE.as_micros() as i64),
        coverage: CoverageBy::Sequence,
    };
    let setup = WatchSetup {
        logs: vec![log("issuer")?, log("gateway")?],
        register: None,
        classes: vec![class],
        detectors: registry::make_all(&registry::Settings::default(), &[]),
        key: KEY,
        limits: Limits { skew: Span::secs(1), ..Limits::default() },
        patience: Patience::default(),
        hold: Span::secs(1),
    };
    Ok(Watcher::new(setup, None, Vec::new())?)
}

fn nobody() -> Inventory {
    Inventory::new(Tables::default(), EventTime::MAX, WallTime::MAX, Coverage::default())
}

/// The files of a folder.
struct Disk(PathBuf);

impl Folder for Disk {
    fn list(&mut self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let (entry, name) = entry.map(|entry| (entry.metadata(), entry.file_name()))?;
            let meta = entry?;
            let node = Node { device: meta.dev(), inode: meta.ino() };
            entries.push(Entry { name: name.to_string_lossy().into_owned(), node, bytes: meta.len(), aside: false });
        }
        Ok(entries)
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn Opened>> {
        Ok(Box::new(DiskFile(File::open(self.0.join(name))?)))
    }
}

struct DiskFile(File);

impl Opened for DiskFile {
    fn node(&self) -> Node {
        self.0.metadata().map_or(Node { device: 0, inode: 0 }, |meta| Node { device: meta.dev(), inode: meta.ino() })
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(into, offset)
    }
}
