//! A company of two logs on pretended time: an issuer that numbers its records, and a gateway where some
//! tokens are forged. Its watch can be killed and started again; what it wrote down is all that stays.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::time::Duration;

use sever_decode::{Format, Mapping};
use sever_detect::registry::{self, Settings};
use sever_model::{
    ClaimSet, Class, Coverage, CoverageBy, EventSource, EventTime, Finding, FingerprintKey, Inventory, Join, Limits,
    SourceId, Span, Stage, Tables, WallTime,
};

use crate::follow::pretend::Pretend;
use crate::watch::{Checkpoint, Commit, Moment, WatchSetup, WatchedLog, Watcher};
use crate::{LogInput, Quiet, ScanSetup, scan};

const KEY: FingerprintKey = FingerprintKey::new(*b"0123456789abcdef");
const BEGIN_SECS: i64 = 1_750_000_000;
const SETTLE_SECS: i64 = 4;
/// Milliseconds between two turns.
const TURN_MS: u64 = 150;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Act {
    /// Both logs get what happened in some seconds, in pieces.
    Write,
    /// Both logs get what happened in the time of one turn.
    Step,
    Turn,
    Checkpoint,
    Rename,
    Gzip,
    CopyTruncate,
    Kill,
    /// Killed after the commit was durable, before what was found was told.
    KillBeforeTelling,
    /// Killed while a commit was being written.
    TornJournal,
}

/// What is durable.
#[derive(Default)]
struct Disk {
    checkpoint: Option<String>,
    journal: Vec<String>,
}

struct Log {
    folder: Pretend,
    /// What was ever written, by the file that it was written to first.
    generations: Vec<Vec<u8>>,
    rotations: u32,
}

pub(super) struct World {
    random: u64,
    logs: [Log; 2],
    disk: Disk,
    watcher: Option<Watcher<'static>>,
    inventory: Inventory,
    /// Milliseconds since everything began, and since the watcher began.
    now_ms: u64,
    since_ms: u64,
    /// What happened until then has been written, and the number of the next token.
    written_ms: u64,
    next: u64,
    /// Findings told, by id and revision, as a receiver that drops repeats has them.
    pub(super) told: BTreeMap<(String, u32), Finding>,
    pub(super) losses: Vec<String>,
    /// When each finding was first told as confirmed.
    confirmed_ms: BTreeMap<String, u64>,
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let log = || Log { folder: Pretend::default(), generations: vec![Vec::new()], rotations: 0 };
        let tables = Tables::default();
        let inventory = Inventory::new(tables, EventTime::MAX, WallTime::MAX, Coverage::default());
        let mut world = World {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            logs: [log(), log()],
            disk: Disk::default(),
            watcher: None,
            inventory,
            now_ms: 0,
            since_ms: 0,
            written_ms: 0,
            next: 0,
            told: BTreeMap::new(),
            losses: Vec::new(),
            confirmed_ms: BTreeMap::new(),
        };
        // Coverage is proven by enough records.
        world.write(60_000);
        world.now_ms = 60_000;
        world.start();
        world
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    pub(super) fn run(&mut self, acts: &[Act]) {
        for act in acts {
            match act {
                Act::Write => {
                    let until = self.now_ms + 200 + self.random(2_500);
                    self.write(until);
                    self.now_ms = until;
                    self.since_ms += 100;
                }
                Act::Step => self.write(self.now_ms + TURN_MS),
                Act::Turn => self.turn(true),
                Act::Checkpoint => {
                    self.turn(true);
                    self.checkpoint();
                }
                Act::Rename | Act::Gzip | Act::CopyTruncate => self.rotate(*act),
                Act::Kill => self.start(),
                Act::KillBeforeTelling => {
                    self.turn(false);
                    self.start();
                }
                Act::TornJournal => {
                    let commits = self.disk.journal.len();
                    self.turn(false);
                    if let Some(last) = self.disk.journal.get_mut(commits) {
                        last.truncate(last.len() / 2);
                    }
                    self.start();
                }
            }
        }
    }

    /// Starts a watch from what is durable.
    fn start(&mut self) {
        let checkpoint = self.disk.checkpoint.as_deref();
        let checkpoint: Option<Checkpoint> = checkpoint.map(|text| serde_json::from_str(text).expect("it was written"));
        self.disk.journal.retain(|line| serde_json::from_str::<Commit>(line).is_ok());
        let commits = self.disk.journal.iter().map(|line| serde_json::from_str(line).expect("it was kept")).collect();
        self.since_ms = 0;
        let [issuer, gateway] = &self.logs;
        let logs = vec![watched("issuer", &issuer.folder), watched("gateway", &gateway.folder)];
        let setup = WatchSetup {
            logs,
            register: None,
            classes: vec![class()],
            detectors: registry::make_all(&Settings::default(), &[]),
            key: KEY,
            limits: limits(),
            patience: crate::follow::Patience::default(),
            hold: Span::secs(1),
        };
        self.watcher = Some(Watcher::new(setup, checkpoint, commits).expect("it goes on"));
    }

    /// One turn; what was found is told, or the watch is about to be killed.
    fn turn(&mut self, tells: bool) {
        self.turn_after(TURN_MS, tells);
    }

    fn turn_after(&mut self, millis: u64, tells: bool) {
        self.now_ms += millis;
        self.since_ms += millis;
        let moment = Moment {
            at: Duration::from_millis(self.since_ms),
            wall: WallTime::from_micros(BEGIN_SECS * 1_000_000 + self.now_ms as i64 * 1_000),
        };
        let Some(watcher) = &mut self.watcher else { return };
        watcher.turn(moment, &self.inventory).expect("it can be read");
        let losses = watcher.take_notes().into_iter().filter(|note| note.loss);
        self.losses.extend(losses.map(|note| format!("{}: {}", note.log, note.what)));
        if let Some(commit) = watcher.commit(moment.wall) {
            self.disk.journal.push(serde_json::to_string(&commit).expect("it is data"));
        }
        if tells && watcher.has_news() {
            for (revision, finding) in watcher.take_touched() {
                if finding.stage == Stage::Confirmed {
                    self.confirmed_ms.entry(finding.id.to_string()).or_insert(self.now_ms);
                }
                self.told.entry((finding.id.to_string(), revision)).or_insert(finding);
            }
        }
    }

    fn checkpoint(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        if watcher.has_news() || watcher.is_replaying() {
            return;
        }
        let checkpoint = watcher.checkpoint(WallTime::MAX).expect("it can be written");
        self.disk.checkpoint = Some(serde_json::to_string(&checkpoint).expect("it is data"));
        self.disk.journal.clear();
    }

    /// Writes what happened until then, a piece of each log after the other, cut anywhere.
    fn write(&mut self, until_ms: u64) {
        let mut lines = [String::new(), String::new()];
        while self.written_ms < until_ms {
            self.written_ms += 40 + self.random(120);
            self.happen(&mut lines);
        }
        for (log, lines) in lines.iter().enumerate() {
            let cut = if lines.is_empty() { 0 } else { self.random(lines.len() as u64) as usize };
            for piece in [&lines.as_bytes()[..cut], &lines.as_bytes()[cut..]] {
                self.logs[log].folder.append("app.log", piece);
                self.logs[log].generations.last_mut().expect("there is one").extend_from_slice(piece);
            }
        }
    }

    /// A token is issued, and used; or one is used that never was.
    fn happen(&mut self, lines: &mut [String; 2]) {
        let (number, ts) = (self.next, BEGIN_SECS as f64 + self.written_ms as f64 / 1_000.0);
        self.next += 1;
        let (iat, end) = (ts as i64, BEGIN_SECS + 100_000);
        lines[0].push_str(&format!(
            "{{\"ts\":{ts:.3},\"kind\":\"issued\",\"iss\":\"https://id.example\",\"jti\":\"t{number}\",\"sub\":\"m{number}\",\
             \"iat\":{iat},\"exp\":{end},\"seq\":{number}}}\n"
        ));
        let forged = self.random(25) == 0 && number > 60;
        let (jti, kid) =
            if forged { (format!("f{number}"), format!("k{number}")) } else { (format!("t{number}"), "k".to_owned()) };
        lines[1].push_str(&format!(
            "{{\"ts\":{ts:.3},\"kind\":\"used\",\"iss\":\"https://id.example\",\"jti\":\"{jti}\",\"kid\":\"{kid}\",\
             \"sub\":\"m{number}\",\"iat\":{iat},\"exp\":{end},\"status\":200}}\n"
        ));
        if self.random(40) == 0 {
            lines[1].push_str("this is no record\n");
        }
    }

    fn rotate(&mut self, act: Act) {
        // Two rotations that no watch sees between are two moves of files of the same content.
        self.turn(true);
        for log in &mut self.logs {
            if log.generations.last().is_none_or(Vec::is_empty) {
                continue;
            }
            log.rotations += 1;
            let old = format!("app.log.{}", log.rotations);
            match act {
                Act::Gzip => log.folder.gzip("app.log", &format!("{old}.gz")),
                Act::CopyTruncate => {
                    log.folder.copy("app.log", &old);
                    log.folder.cut("app.log");
                }
                _ => log.folder.rename("app.log", &old),
            }
            log.generations.push(Vec::new());
        }
    }

    /// Lets the watch come to the end of what there is.
    pub(super) fn finish(&mut self) {
        for _ in 0..70 {
            self.turn_after(500, true);
        }
    }

    pub(super) fn lags_ms(&self) -> Vec<u64> {
        let confirmed = self.confirmed_ms.iter();
        let lag = |(id, told): (&String, &u64)| {
            let finding =
                self.told.values().find(|finding| finding.id.as_str() == id && finding.stage == Stage::Confirmed)?;
            // What happened before the watch began could not be told sooner.
            (finding.first.micros() > (BEGIN_SECS + 60) * 1_000_000).then_some(())?;
            let due = (finding.first.micros() - BEGIN_SECS * 1_000_000) / 1_000 + SETTLE_SECS * 1_000;
            Some(told.saturating_sub(due as u64))
        };
        confirmed.filter_map(lag).collect()
    }

    /// What the watch found in the end, and what a scan of the same files finds.
    pub(super) fn conclude(mut self) -> (Vec<Finding>, Vec<Finding>) {
        let watcher = self.watcher.take().expect("it runs");
        let order = watcher.files();
        let mut watched = watcher.conclude(&self.inventory);
        let inputs = order.iter().map(|(id, mark)| {
            let log = id.as_str().split('/').next().expect("a log");
            // A file is its content: its name is what it was first seen under.
            let written = &self.logs[usize::from(log == "gateway")].generations;
            let same = written.iter().find(|bytes| crate::follow::digest_of(bytes) == mark.digest);
            let bytes = same.unwrap_or_else(|| panic!("{id} is no file that was written: {mark:?}")).clone();
            LogInput {
                source: EventSource { id: id.clone(), ..EventSource::of(SourceId::from(log), None) },
                format: Format::named("json-lines").expect("it is registered"),
                mapping: Some(mapping()),
                bytes: bytes.len() as u64,
                open: Box::new(move || Ok(Box::new(Cursor::new(bytes.clone())) as Box<dyn Read>)),
            }
        });
        let setup = ScanSetup {
            inputs: inputs.collect(),
            inventory: &self.inventory,
            register: None,
            classes: vec![class()],
            detectors: registry::make_all(&Settings::default(), &[]),
            key: KEY,
            limits: limits(),
            knocks: Vec::new(),
            lake: None,
            watch: None,
        };
        let mut scanned = scan(setup, &mut Quiet).expect("it scans").findings;
        for findings in [&mut watched, &mut scanned] {
            findings.sort_by(|a, b| a.id.cmp(&b.id));
        }
        (watched, scanned)
    }
}

fn watched(log: &str, folder: &Pretend) -> WatchedLog {
    WatchedLog {
        source: EventSource::of(log.into(), None),
        format: Format::named("json-lines").expect("it is registered"),
        mapping: Some(mapping()),
        folder: Box::new(folder.clone()),
    }
}

/// Tokens of the first minute are old enough to be looked for.
fn limits() -> Limits {
    Limits { skew: Span::secs(1), ..Limits::default() }
}

fn mapping() -> Mapping {
    let text = r#"{"time": "ts", "kind": "kind", "issuer": "iss", "credential": "jti", "key_id": "kid", "token_subject": "sub",
        "expires_at": "exp", "issued_at": "iat", "sequence": "seq", "outcome": "status"}"#;
    serde_json::from_str(text).expect("it is a mapping")
}

fn class() -> Class {
    Class {
        issuer: "https://id.example".to_owned(),
        name: "access".to_owned(),
        issued_in: Some("issuer".into()),
        used_in: vec!["gateway".into()],
        token_type: String::new(),
        audiences: Vec::new(),
        key_ids: Vec::new(),
        join: Join::Jti,
        bound: ClaimSet::NONE,
        lifetime_max: Span::days(2),
        settle: Span::secs(SETTLE_SECS),
        coverage: CoverageBy::Sequence,
    }
}
