//! The log of what was decided: one line each, written in the order in which it was decided.
//!
//! Lines are handed to a thread that writes them, so that nobody waits for a disk; while it writes, the next
//! ones gather. A process that is killed loses what had not been written: some milliseconds of decisions.
//! What does not fit, or cannot be written, is counted and told: never silently lost.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes that may wait to be written.
const WAITING_BYTES_MAX: usize = 64 << 20;
/// How long lines gather when there are many, in milliseconds.
const GATHER_MS: u64 = 20;

/// Where decisions are handed to.
pub struct Decisions {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    come: Condvar,
    ended: AtomicBool,
    /// Decisions that were not written.
    lost: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    count: u64,
    day: String,
}

impl Decisions {
    /// Begins a log in a folder, one file a day.
    ///
    /// # Errors
    /// When the folder cannot be made, or no thread.
    pub fn open(dir: PathBuf) -> std::io::Result<Decisions> {
        fs::create_dir_all(&dir)?;
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Waiting::default()),
            come: Condvar::new(),
            ended: AtomicBool::new(false),
            lost: AtomicU64::new(0),
        });
        let of_writer = Arc::clone(&shared);
        let writer = std::thread::Builder::new().name("decisions".to_owned()).spawn(move || write(&dir, &of_writer))?;
        Ok(Decisions { shared, writer: Some(writer) })
    }

    /// Takes one line, ended by a line feed. `day` is the day's name, `2026-04-01`.
    pub fn push(&self, day: &str, line: &[u8]) {
        let Ok(mut waiting) = self.shared.waiting.lock() else {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if waiting.lines.len() + line.len() > WAITING_BYTES_MAX {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let first = waiting.lines.is_empty();
        if first && waiting.day != day {
            day.clone_into(&mut waiting.day);
        }
        waiting.lines.extend_from_slice(line);
        waiting.count += 1;
        drop(waiting);
        if first {
            self.shared.come.notify_one();
        }
    }

    /// Decisions that were not written.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Writes what waits, and ends.
    pub fn close(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.shared.come.notify_one();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Decisions {
    fn drop(&mut self) {
        self.close();
    }
}

fn write(dir: &Path, shared: &Shared) {
    let mut file: Option<(String, File)> = None;
    let mut lines = Vec::new();
    loop {
        let ended = shared.ended.load(Ordering::Acquire);
        let Ok(mut waiting) = shared.waiting.lock() else { return };
        while waiting.lines.is_empty() && !shared.ended.load(Ordering::Acquire) {
            let Ok((woken, _)) = shared.come.wait_timeout(waiting, Duration::from_millis(500)) else { return };
            waiting = woken;
        }
        std::mem::swap(&mut lines, &mut waiting.lines);
        let (count, day) = (std::mem::take(&mut waiting.count), waiting.day.clone());
        drop(waiting);
        if lines.is_empty() {
            if ended {
                return;
            }
            continue;
        }
        if put(dir, &mut file, &day, &lines).is_err() {
            file = None;
            shared.lost.fetch_add(count, Ordering::Relaxed);
        }
        let many = lines.len() > 64 << 10;
        lines.clear();
        if many && !ended {
            std::thread::park_timeout(Duration::from_millis(GATHER_MS));
        }
    }
}

fn put(dir: &Path, file: &mut Option<(String, File)>, day: &str, lines: &[u8]) -> std::io::Result<()> {
    if file.as_ref().is_none_or(|(of, _)| of != day) {
        let path = dir.join(format!("{day}.jsonl"));
        *file = Some((day.to_owned(), OpenOptions::new().create(true).append(true).mode(0o600).open(path)?));
    }
    match file {
        Some((_, file)) => file.write_all(lines),
        None => Ok(()),
    }
}
