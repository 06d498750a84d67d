//! Telling receivers, from the outbox: a thread each, so that a slow one keeps no other waiting.
//!
//! At least once: what was told and not noted before a crash is told again, by the same id. In order per
//! finding. What was not taken is tried again, later and later, by a little chance, for as long as it takes.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use sever_connect::notify::{NotTaken, Receiver, SetSettings, set_of};
use sever_model::act::Clock as _;
use sever_model::{Finding, Span, WallTime};
use sever_store::watch::{EventKey, Outbox, Outgoing};

use super::status::Board;
use crate::cli::site::Site;
use crate::clock::{self, Stopwatch, SystemClock};
use crate::config::{NotifyConfig, NotifyKind};
use crate::hint::Failure;

/// How often the outbox is looked at.
const LOOK: Span = Span::from_micros(200_000);
/// The first wait after a failure, and the longest.
const WAIT_FIRST_SECS: i64 = 1;
const WAIT_MAX_SECS: i64 = 600;
/// For how long at the end what still waits is told.
const END: Duration = Duration::from_secs(5);

/// The threads.
pub(super) struct Tellers {
    threads: Vec<JoinHandle<()>>,
}

/// Where one receiver's goes.
enum Way {
    Post(Receiver),
    File(PathBuf),
    Token(Receiver, SetSettings, Box<EventKey>),
}

struct Teller {
    name: String,
    way: Way,
    outbox: Arc<Mutex<Outbox>>,
    board: Arc<Board>,
    stop: Arc<AtomicBool>,
    /// For entries that were not taken: how often, and when to try again.
    waits: HashMap<u64, (u32, WallTime)>,
}

/// What a receiver is told of a finding: the same bytes however often.
pub(super) fn message(finding: &Finding, revision: u32) -> Value {
    json!({
        "schema": "severance.finding/1",
        "id": format!("{}-{revision}", finding.id),
        "revision": revision,
        "sentence": finding.sentence(),
        "last_secs": finding.last.micros().div_euclid(1_000_000),
        "finding": finding,
    })
}

/// Starts a thread for each receiver.
///
/// # Errors
/// When a secret or key is not where it should be.
pub(super) fn start(
    site: &Site,
    outbox: &Arc<Mutex<Outbox>>,
    board: &Arc<Board>,
    stop: &Arc<AtomicBool>,
) -> Result<Tellers, Failure> {
    let mut threads = Vec::new();
    for config in &site.config.notify {
        let way = way(site, config)?;
        let (outbox, board, stop) = (Arc::clone(outbox), Arc::clone(board), Arc::clone(stop));
        let teller = Teller { name: config.name.clone(), way, outbox, board, stop, waits: HashMap::new() };
        let thread = std::thread::Builder::new().name(format!("tell {}", config.name));
        threads.push(thread.spawn(|| teller.run())?);
    }
    Ok(Tellers { threads })
}

fn way(site: &Site, config: &NotifyConfig) -> Result<Way, Failure> {
    let what = format!("the token of [[notify]] `{}`", config.name);
    let token = config.token.as_ref().map(|from| site.secret(from, &what)).transpose()?;
    let (url, private) = (config.url.clone(), config.private);
    Ok(match config.kind {
        NotifyKind::Webhook => Way::Post(Receiver::Webhook { url, token, private }),
        NotifyKind::Syslog => {
            let place = url.strip_prefix("tcp://").unwrap_or(&url).trim_end_matches('/').to_owned();
            Way::Post(Receiver::Syslog { place, private })
        }
        NotifyKind::File => Way::File(config.path.clone().unwrap_or_default()),
        NotifyKind::Ssf => {
            let key = event_key(site)?;
            let settings = SetSettings { issuer: config.issuer.clone(), audience: config.audience.clone() };
            Way::Token(Receiver::Ssf { url, token, private }, settings, Box::new(key))
        }
    })
}

/// The key that tokens are signed with.
///
/// # Errors
/// When it cannot be used.
pub(super) fn event_key(site: &Site) -> Result<EventKey, Failure> {
    let path = site.config.data_dir.join("events.key");
    EventKey::read_or_make(&site.config.data_dir).map_err(|error| crate::cli::site::cannot_read(&path, error))
}

impl Tellers {
    /// Waits until they have come to an end, which they do soon after they were told to stop.
    pub(super) fn finish(self) {
        for thread in self.threads {
            // One that panicked has nothing more to tell; what it had is in the outbox.
            thread.join().ok();
        }
    }
}

impl Teller {
    fn run(mut self) {
        let mut stopping: Option<Stopwatch> = None;
        loop {
            let did = self.round();
            if self.stop.load(Ordering::Relaxed) {
                let since = stopping.get_or_insert_with(Stopwatch::start);
                if !did || since.elapsed() >= END {
                    return;
                }
            }
            if !did {
                SystemClock.wait(LOOK);
            }
        }
    }

    /// Tells what is due, and says whether anything was taken.
    fn round(&mut self) -> bool {
        let now = clock::now();
        let due: Vec<(u64, Outgoing)> = {
            let outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
            outbox.due(&self.name).into_iter().map(|(number, entry)| (number, entry.clone())).collect()
        };
        let mut any = false;
        for (number, entry) in due {
            if self.waits.get(&number).is_some_and(|(_, until)| now < *until) {
                continue;
            }
            match self.tell(&entry) {
                Ok(()) => {
                    any = true;
                    self.waits.remove(&number);
                    let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
                    // What cannot be noted is told once more after the next start.
                    let noted = outbox.taken(number).err().map(|error| format!("told, and not noted: {error}"));
                    self.board.receiver(&self.name, noted);
                }
                Err(error) => {
                    let tries = self.waits.get(&number).map_or(0, |(tries, _)| *tries) + 1;
                    let wait = error.after.unwrap_or_else(|| pause(tries, rand::random()));
                    self.waits.insert(number, (tries, clock::now().plus(wait)));
                    self.board.receiver(&self.name, Some(format!("{} (tried {tries} times)", error.what)));
                    // The others of this round would meet the same.
                    break;
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
        }
        any
    }

    fn tell(&self, entry: &Outgoing) -> Result<(), NotTaken> {
        let id = format!("{}-{}", entry.finding, entry.revision);
        let failed = |what: String| NotTaken { what, after: None };
        match &self.way {
            Way::Post(receiver) => receiver.tell(&id, &entry.body),
            Way::File(path) => append(path, &entry.body).map_err(|error| failed(error.to_string())),
            Way::Token(receiver, settings, key) => {
                let message: Value = serde_json::from_str(&entry.body).map_err(|error| failed(error.to_string()))?;
                let issued = entry.put.micros().div_euclid(1_000_000);
                let token =
                    key.token(&set_of(settings, &message, issued)).map_err(|error| failed(error.to_string()))?;
                receiver.tell(&id, &token)
            }
        }
    }
}

/// How long to wait after so many failures: twice as long each time, and by chance up to half less, so that
/// many do not come again together.
fn pause(tries: u32, chance: u16) -> Span {
    let longest = (WAIT_FIRST_SECS << tries.saturating_sub(1).min(20)).min(WAIT_MAX_SECS) * 1_000_000;
    Span::from_micros(longest - longest / 2 * i64::from(chance) / i64::from(u16::MAX))
}

/// Adds a line, durably.
fn append(path: &std::path::Path, body: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{body}\n").as_bytes())?;
    file.sync_data()
}
