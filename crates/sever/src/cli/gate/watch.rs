//! What goes on beside serving: logs are followed, people leave, classes become fit to be enforced or unfit.
//!
//! Everything that makes the gate stop or begin to enforce is said on stderr and stands in its own log, as an
//! event of kind `changed`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use sever_engine::gate::{Cuts, Gate, Mode};
use sever_model::{Class, Departure, FingerprintKey, Limits, SourceId, Symbols};
use sever_store::{Changes, Store};

use super::{SYMBOLS_MAX, keep};
use crate::cli::site::{Moment, Site};
use crate::clock;
use crate::config::GateConfig;
use crate::web::gate::feed::Reading;
use crate::web::gate::follow::Followed;
use crate::web::gate::{Service, day_name};

/// How often logs are looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(10);
/// How often the store is looked at.
const STORE_EVERY: Duration = Duration::from_millis(300);
/// How often it is looked at whether classes can be enforced.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A log that is followed.
pub(super) struct Following {
    feed: usize,
    log: SourceId,
    reading: Reading,
    /// Files that are whole, then the one that grows.
    files: Vec<Followed>,
    failed: bool,
}

/// The threads beside.
pub(super) struct Watching {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Following {
    pub(super) fn new(feed: usize, log: SourceId, reading: Reading, files: Vec<PathBuf>) -> Following {
        let files = files.iter().map(|path| Followed::new(path)).collect();
        Following { feed, log, reading, files, failed: false }
    }

    /// Reads all that there is.
    pub(super) fn catch_up(&mut self, gate: &Gate, limits: &Limits, key: FingerprintKey, say: &mut dyn FnMut(&str)) {
        while self.look(gate, limits, key, say) {}
    }

    /// Reads on by a piece: whether there was one.
    fn look(&mut self, gate: &Gate, limits: &Limits, key: FingerprintKey, say: &mut dyn FnMut(&str)) -> bool {
        let Some(file) = self.files.first_mut() else { return false };
        let bytes = match file.read_on() {
            Ok(bytes) => bytes,
            Err(error) => {
                if !std::mem::replace(&mut self.failed, true) {
                    say(&format!("LOG NOT READ: {}: {error}", self.log));
                }
                return false;
            }
        };
        self.failed = false;
        if bytes.is_empty() {
            // The older files of a log are read to their end once; the last is followed.
            if self.files.len() > 1 {
                self.files.remove(0);
                return true;
            }
            return false;
        }
        let now = clock::now().as_event();
        match self.reading.read(&bytes, Symbols::new(key, SYMBOLS_MAX), limits) {
            Ok(records) => {
                gate.take(self.feed, now, |each| records.each(each));
                let unread = records.rejects.iter().find(|reject| !reject.contains("another kind of record"));
                if let Some(reject) = unread {
                    // It may have been an issuance, whose token would be refused.
                    gate.lost(self.feed, now, format!("a record of `{}` cannot be read: {reject}", self.log));
                }
            }
            Err(what) => gate.lost(self.feed, now, what),
        }
        true
    }
}

impl Watching {
    /// Begins. People are known when it returns, or it is said why not.
    pub(super) fn begin(
        site: &Site,
        config: &GateConfig,
        service: Arc<Service>,
        followed: Vec<Following>,
    ) -> std::io::Result<Watching> {
        let ended = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        let mut people = People::new(site.config.data_dir.clone());
        people.look(&service);
        let (ending, served) = (Arc::clone(&ended), Arc::clone(&service));
        threads.push(Builder::new().name("people".to_owned()).spawn(move || {
            until(&ending, STORE_EVERY, || people.look(&served));
        })?);
        for mut following in followed {
            let (ending, served) = (Arc::clone(&ended), Arc::clone(&service));
            let (limits, key) = (site.limits.clone(), site.key());
            threads.push(Builder::new().name("follow".to_owned()).spawn(move || {
                until(&ending, FOLLOW_EVERY, || {
                    let mut any = false;
                    while following.look(served.gate(), &limits, key, &mut |what| say(&served, "gate.log", what)) {
                        any = true;
                    }
                    if any {
                        served.come();
                    }
                });
            })?);
        }
        let mut looking = Looking {
            classes: site.config.classes.clone(),
            met: Vec::new(),
            met_file: keep::path(site),
            decisions: site.gate_dir().join("decisions"),
            keep_days: config.keep.as_secs() / 86_400,
            day: i64::MIN,
        };
        let ending = Arc::clone(&ended);
        threads.push(Builder::new().name("look".to_owned()).spawn(move || {
            until(&ending, LOOK_EVERY, || looking.look(&service));
        })?);
        Ok(Watching { ended, threads })
    }

    /// Ends all of it.
    pub(super) fn end(self) {
        self.ended.store(true, Ordering::Release);
        for thread in self.threads {
            thread.thread().unpark();
            // One that has failed said so when it did.
            thread.join().ok();
        }
    }
}

/// Does something again and again until it is told to end.
fn until(ended: &AtomicBool, every: Duration, mut what: impl FnMut()) {
    while !ended.load(Ordering::Acquire) {
        what();
        std::thread::park_timeout(every);
    }
}

/// Says something on stderr, and in the gate's own log.
fn say(service: &Service, action: &str, what: &str) {
    // Whoever closed our stderr does not want to hear it; the log has it.
    std::io::Write::write_all(&mut std::io::stderr(), format!("{what}\n").as_bytes()).ok();
    service.event(action, what);
}

/// What is done about a class, as a line.
pub(super) fn mode_line(class: &str, mode: &Mode) -> String {
    match mode {
        Mode::Enforcing => format!("class {class}: enforcing"),
        Mode::Watching(why) => format!("class {class}: ONLY WATCHING: {}", why.words()),
    }
}

/// Whether classes can be enforced, and what else is seen to now and then.
struct Looking {
    classes: Vec<Class>,
    met: Vec<(String, String, String)>,
    met_file: PathBuf,
    decisions: PathBuf,
    keep_days: i64,
    day: i64,
}

impl Looking {
    fn look(&mut self, service: &Service) {
        let now = clock::now().as_event();
        for (class, mode) in service.gate().look(now) {
            say(service, "gate.mode", &mode_line(&class, &mode));
        }
        match service.signatures().map(|keys| keys.refresh()) {
            Some(Ok(Some(count))) => say(service, "gate.keys", &format!("{count} public keys of issuers")),
            Some(Err(what)) => say(service, "gate.keys", &format!("KEYS NOT READ, the old ones stay: {what}")),
            _ => {}
        }
        let met = keep::known(&self.classes, service.gate(), now);
        if met != self.met {
            keep::write(&self.met_file, &met);
            self.met = met;
        }
        if now.day() != self.day {
            self.day = now.day();
            self.drop_old(service);
        }
    }

    /// Removes decisions that are older than they are kept.
    fn drop_old(&self, service: &Service) {
        let keep = format!("{}.jsonl", day_name(self.day.saturating_sub(self.keep_days)));
        let Ok(entries) = std::fs::read_dir(&self.decisions) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".jsonl") && name < keep && std::fs::remove_file(entry.path()).is_ok() {
                say(service, "gate.keep", &format!("decisions of {name} are older than `keep` and were removed"));
            }
        }
    }
}

/// Who works here and what was cut, from the store.
struct People {
    data_dir: PathBuf,
    store: Option<(tokio::runtime::Runtime, Store)>,
    known: Option<Changes>,
    fault: Option<String>,
}

impl People {
    fn new(data_dir: PathBuf) -> People {
        People { data_dir, store: None, known: None, fault: None }
    }

    /// Takes up what has changed. What cannot be read leaves everything as it was, and is told once.
    fn look(&mut self, service: &Service) {
        let fault = self.take_up(service.gate()).err();
        if fault != self.fault {
            match &fault {
                Some(what) => say(service, "gate.store", &format!("STORE NOT READ, people stay as they were: {what}")),
                None => say(service, "gate.store", "the store is read again"),
            }
            service.store_fault(fault.clone());
            self.fault = fault;
        }
    }

    fn take_up(&mut self, gate: &Gate) -> Result<(), String> {
        let (runtime, store) = match self.store.take() {
            Some(open) => open,
            None => {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
                let store = runtime.block_on(Store::open(&self.data_dir)).map_err(|error| error.to_string())?;
                (runtime, store)
            }
        };
        let changes = runtime.block_on(store.changes()).map_err(|error| error.to_string())?;
        if self.known == Some(changes) {
            self.store = Some((runtime, store));
            return Ok(());
        }
        let same_facts = self.known.is_some_and(|known| known.facts == changes.facts);
        let inventory = match gate.inventory().filter(|_| same_facts) {
            Some(inventory) => inventory,
            None => {
                let Moment { as_of, known_at } = Moment::now();
                let loaded = runtime.block_on(sever_engine::load(&store, as_of, known_at));
                Arc::new(loaded.map_err(|error| error.to_string())?)
            }
        };
        let cuts = runtime.block_on(cuts(&store)).map_err(|error| error.to_string())?;
        gate.know(inventory, cuts);
        self.known = Some(changes);
        self.store = Some((runtime, store));
        Ok(())
    }
}

/// What departures have cut so far.
async fn cuts(store: &Store) -> Result<Cuts, sever_store::StoreError> {
    let mut cuts = Cuts::default();
    for row in store.departures().await? {
        let acts = store.acts(&row.digest).await?;
        cuts.add(&Departure::of(row.plan, &acts));
    }
    Ok(cuts)
}
