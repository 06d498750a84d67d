//! Makes durable what issuers hand over, many at a time, before anybody is told that it is.
//!
//! One thread writes. It takes what has come meanwhile, writes it, has the disk confirm it once, and then
//! answers all of them: so a busy issuer waits for one turn of the disk, whatever the number.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use sever_store::IssuedLog;
use tokio::sync::oneshot;

/// Handovers that may wait; the issuer of one more is told to come again.
const WAITING_MAX: usize = 4_096;
/// Handovers that are confirmed together.
const TOGETHER_MAX: usize = 1_024;

/// Where handovers go.
pub struct Journal {
    sender: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
}

/// Lines of one handover.
struct Job {
    feed: usize,
    /// The day they belong to.
    day: i64,
    lines: Vec<Vec<u8>>,
    done: oneshot::Sender<Result<(), String>>,
}

/// Why a handover is not durable.
#[derive(Debug)]
pub enum NotKept {
    /// Too many wait.
    Busy,
    /// It could not be written; what the system says.
    Failed(String),
}

impl Journal {
    /// Begins with the log of each feed that is pushed. Files older than `keep_days` are removed.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn open(logs: Vec<Option<IssuedLog>>, keep_days: i64) -> std::io::Result<Journal> {
        let (sender, jobs) = sync_channel(WAITING_MAX);
        let writer =
            std::thread::Builder::new().name("issued".to_owned()).spawn(move || write(logs, &jobs, keep_days))?;
        Ok(Journal { sender: Some(sender), writer: Some(writer) })
    }

    /// Returns once the lines are durable.
    ///
    /// # Errors
    /// When they are not.
    pub async fn keep(&self, feed: usize, day: i64, lines: Vec<Vec<u8>>) -> Result<(), NotKept> {
        let (done, kept) = oneshot::channel();
        let sender = self.sender.as_ref().ok_or(NotKept::Busy)?;
        match sender.try_send(Job { feed, day, lines, done }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(NotKept::Busy),
            Err(TrySendError::Disconnected(_)) => return Err(NotKept::Failed("its writer has ended".to_owned())),
        }
        match kept.await {
            Ok(kept) => kept.map_err(NotKept::Failed),
            Err(_) => Err(NotKept::Failed("its writer has ended".to_owned())),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(writer) = self.writer.take() {
            // It has said all that it had to say to those who waited.
            writer.join().ok();
        }
    }
}

fn write(mut logs: Vec<Option<IssuedLog>>, jobs: &Receiver<Job>, keep_days: i64) {
    let mut today = i64::MIN;
    while let Ok(first) = jobs.recv() {
        let mut together = vec![first];
        while together.len() < TOGETHER_MAX {
            match jobs.try_recv() {
                Ok(job) => together.push(job),
                Err(_) => break,
            }
        }
        let day = together.iter().map(|job| job.day).max().unwrap_or(today);
        if day > today {
            today = day;
            // What is too old to matter and cannot be removed today is tried again tomorrow.
            logs.iter_mut().flatten().for_each(|log| drop(log.drop_before(day.saturating_sub(keep_days))));
        }
        let mut answers = Vec::with_capacity(together.len());
        let mut touched = vec![Ok(()); logs.len()];
        for job in together {
            let log = logs.get_mut(job.feed).and_then(Option::as_mut);
            let written = match log {
                Some(log) => {
                    log.append(job.day, job.lines.iter().map(Vec::as_slice)).map_err(|error| error.to_string())
                }
                None => Err("no such log".to_owned()),
            };
            answers.push((job.feed, job.done, written));
        }
        for (at, log) in logs.iter_mut().enumerate() {
            let any = answers.iter().any(|(feed, _, written)| *feed == at && written.is_ok());
            if let (Some(log), true, Some(touched)) = (log, any, touched.get_mut(at)) {
                *touched = log.sync().map_err(|error| error.to_string());
            }
        }
        for (feed, done, written) in answers {
            let synced = touched.get(feed).cloned().unwrap_or(Ok(()));
            // Whoever waited may have gone away: what is written stays written.
            done.send(written.and(synced)).ok();
        }
    }
}
