//! What comes by itself: HTTP, syslog, standard input.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sever_engine::Watcher;
use sever_model::act::Clock as _;
use sever_model::{SourceId, Span};
use sever_store::watch::Spool;

use super::status::Board;
use super::{Args, tell};
use crate::cli::site::Site;
use crate::clock::SystemClock;
use crate::config::InputKind;
use crate::hint::Failure;
use crate::web::listen::{self, Connections};
use crate::web::syslog;
use crate::web::watch::{Fate, Input, Service};

/// HTTP connections at once; more wait.
const CONNECTIONS_MAX: usize = 512;
/// How much of standard input is made durable at once.
const CHUNK_BYTES: usize = 256 << 10;

/// What takes records.
pub(super) struct Served {
    spools: HashMap<SourceId, Arc<Mutex<Spool>>>,
    /// Until it is given to its thread.
    runtime: Option<tokio::runtime::Runtime>,
    /// What ends that thread by being dropped.
    end: Option<tokio::sync::oneshot::Sender<()>>,
    /// Whether standard input may still give something.
    reading: Arc<AtomicBool>,
}

/// Begins to take what is pushed.
///
/// # Errors
/// When an address cannot be listened on, a folder cannot be used, or a secret is not where it should be.
pub(super) fn start(site: &Site, args: &Args, board: &Arc<Board>, stop: &Arc<AtomicBool>) -> Result<Served, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reading = Arc::new(AtomicBool::new(false));
    let mut served = Served { spools: HashMap::new(), runtime: Some(runtime), end: None, reading };
    let note: syslog::Note = {
        let board = Arc::clone(board);
        Arc::new(move |fate| count(&board, fate))
    };
    let mut inputs = Vec::new();
    for input in &site.config.watch.inputs {
        let spool = served.spool(site, &input.log)?;
        match (input.kind, &input.listen, &input.token) {
            (InputKind::Syslog, Some(listen), _) => {
                let listener = served.bind(listen)?;
                served.spawn(syslog::serve(listener, spool, Arc::clone(&note)));
            }
            (InputKind::Http, _, Some(token)) => {
                let token = site.secret(token, &format!("the token that log `{}` is pushed with", input.log))?;
                inputs.push(Input { log: input.log.clone(), token, spool });
            }
            _ => {}
        }
    }
    if let Some(listen) = &site.config.watch.listen {
        let signs = site.config.notify.iter().any(|it| it.kind == crate::config::NotifyKind::Ssf);
        let jwks = if signs { Some(tell::event_key(site)?.jwks().to_string()) } else { None };
        let health = Arc::clone(board);
        let noting = Arc::clone(board);
        let bytes_max = usize::try_from(site.config.watch.body_bytes_max).unwrap_or(usize::MAX);
        let service = Service::new(
            inputs,
            site.key(),
            bytes_max,
            jwks,
            Box::new(move || health.health()),
            Box::new(move |fate| count(&noting, fate)),
        );
        let listener = served.bind(listen)?;
        let connections = Arc::new(Connections::default());
        let serve = listen::serve(listener, Arc::new(service), CONNECTIONS_MAX, connections, std::future::pending());
        served.spawn(serve);
    } else if let Some(input) = inputs.first() {
        return Err(Failure::usage(format!("log `{}` is to be pushed, and `[watch]` lacks `listen`", input.log))
            .hint("`listen = \"127.0.0.1:8650\"`"));
    }
    if let Some(log) = &args.stdin {
        served.read_stdin(site, &SourceId::from(log.as_str()), stop)?;
    }
    served.serve()?;
    Ok(served)
}

fn count(board: &Board, fate: Fate) {
    let at = match fate {
        Fate::Taken => 0,
        Fate::Refused => 1,
        Fate::TurnedAway => 2,
    };
    if let Some(count) = board.pushed.get(at) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Served {
    /// The spool of a log, which is the folder that its `path` names.
    fn spool(&mut self, site: &Site, log: &SourceId) -> Result<Arc<Mutex<Spool>>, Failure> {
        if let Some(spool) = self.spools.get(log) {
            return Ok(Arc::clone(spool));
        }
        let folder = site
            .pushed_folder(log)
            .ok_or_else(|| Failure::unknown("log", log.as_str(), site.config.logs.iter().map(|log| log.id.as_str())))?;
        let spool = open(&folder, site.config.watch.spool_bytes_max)?;
        let spool = Arc::new(Mutex::new(spool));
        self.spools.insert(log.clone(), Arc::clone(&spool));
        Ok(spool)
    }

    fn bind(&self, listen: &str) -> Result<syslog::Listener, Failure> {
        let address: SocketAddr = listen.parse().map_err(|_| {
            Failure::usage(format!("`{listen}` is no address and port")).hint("such as `127.0.0.1:8650`")
        })?;
        let runtime = self.runtime.as_ref().ok_or_else(|| Failure::new("it listens already"))?;
        let bound = runtime.block_on(listen::bind(address));
        bound.map_err(|error| Failure::new(format!("cannot listen on `{listen}`: {error}")))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(task);
        }
    }

    /// Gives what was begun a thread of its own.
    fn serve(&mut self) -> Result<(), Failure> {
        let Some(runtime) = self.runtime.take() else { return Ok(()) };
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        self.end = Some(end);
        std::thread::Builder::new().name("listen".to_owned()).spawn(move || {
            // An error says that the sender was dropped, which is how it ends.
            runtime.block_on(ended).ok();
            runtime.shutdown_background();
        })?;
        Ok(())
    }

    /// Takes standard input, piece by piece, each durable before the next is read.
    fn read_stdin(&mut self, site: &Site, log: &SourceId, stop: &Arc<AtomicBool>) -> Result<(), Failure> {
        let (spool, reading, stop) = (self.spool(site, log)?, Arc::clone(&self.reading), Arc::clone(stop));
        reading.store(true, Ordering::Relaxed);
        std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let (mut stdin, mut chunk) = (std::io::stdin().lock(), vec![0; CHUNK_BYTES]);
            let mut held: Vec<u8> = Vec::new();
            loop {
                let count = stdin.read(&mut chunk).unwrap_or(0);
                held.extend_from_slice(chunk.get(..count).unwrap_or_default());
                let whole = held.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let mut lines: Vec<u8> = held.drain(..whole).collect();
                if count == 0 && !held.is_empty() {
                    lines.append(&mut held);
                    lines.push(b'\n');
                }
                while !lines.is_empty() && !stop.load(Ordering::Relaxed) {
                    let kept = spool.lock().unwrap_or_else(PoisonError::into_inner).append(&lines, None);
                    match kept {
                        Ok(()) => break,
                        // Whoever writes waits.
                        Err(_) => SystemClock.wait(Span::secs(1)),
                    };
                }
                if count == 0 {
                    reading.store(false, Ordering::Relaxed);
                    return;
                }
            }
        })?;
        Ok(())
    }

    /// Whether standard input may still give something.
    pub(super) fn is_busy(&self) -> bool {
        self.reading.load(Ordering::Relaxed)
    }

    /// Says what a checkpoint has made final, so that the oldest of it may go where room is needed.
    pub(super) fn judged(&self, watcher: &Watcher<'_>) {
        let status = watcher.status();
        for (log, spool) in &self.spools {
            let behind = status.iter().find(|it| it.log == *log).map_or(u64::MAX, |it| it.behind_bytes);
            if behind > 0 {
                continue;
            }
            let prefix = format!("{log}/");
            let files = watcher.files().into_iter().filter(|(id, _)| id.as_str().starts_with(&prefix));
            let names: HashSet<String> = files.map(|(_, mark)| mark.name).collect();
            spool.lock().unwrap_or_else(PoisonError::into_inner).judged(names);
        }
    }

    /// Ends: what was taken is durable.
    pub(super) fn finish(self) {
        drop(self.end);
    }
}

fn open(folder: &Path, bytes_max: u64) -> Result<Spool, Failure> {
    if folder.is_file() || folder.to_string_lossy().contains(['*', '?', '[']) {
        let what = format!("`{}` is no folder, and what is pushed is kept in one", folder.display());
        return Err(Failure::usage(what).hint("set the log's `path` to a folder of its own"));
    }
    Spool::open(folder, bytes_max).map_err(|error| crate::cli::site::cannot_read(folder, error))
}
