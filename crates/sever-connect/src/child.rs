//! A program of somebody else's, run as a child: with a time limit, bounded output, and nothing of our
//! environment but the search path.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use sever_model::Span;
use sever_model::act::ActError;

/// Longest output that is kept.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;

/// Longest complaint that is kept.
const COMPLAINT_BYTES_MAX: u64 = 256 << 10;

/// The search path where we have none ourselves.
const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How long what it started may hold its output once it was killed.
const FAREWELL: Duration = Duration::from_secs(1);

/// How the child ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// Its exit code; `None` where it was killed, by us for taking too long or by a signal.
    pub(crate) code: Option<i32>,
    /// Whether it took too long.
    pub(crate) too_long: bool,
    /// What it printed.
    pub(crate) stdout: Vec<u8>,
    /// What it complained of.
    pub(crate) stderr: Vec<u8>,
}

/// Runs a child to its end or to the limit; then it and all that it started are killed.
///
/// # Errors
/// When it cannot be run at all.
pub(crate) fn run(command: &mut Command, stdin: &[u8], patience: Span) -> Result<Ended, ActError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let broken = |error: std::io::Error| ActError::Unreachable(format!("cannot run `{program}`: {error}"));
    let path = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
    command.env_clear().env("PATH", path).env("LC_ALL", "C").process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(broken)?;
    let (mut to, from, complaints) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (tell, told) = mpsc::channel();
    let data = stdin.to_vec();
    // These end when the child's pipes do, which are closed by the kill below at the latest.
    std::thread::spawn(move || {
        if let Some(to) = &mut to {
            // A child that ends early does not read on; how it ended says why.
            to.write_all(&data).ok();
        }
    });
    std::thread::spawn(move || {
        let complaints = std::thread::spawn(move || bounded(complaints, COMPLAINT_BYTES_MAX));
        let stdout = bounded(from, OUTPUT_BYTES_MAX);
        // Nobody listens any more where it took too long.
        tell.send((stdout, complaints.join().unwrap_or_default())).ok();
    });
    let limit = Duration::from_micros(patience.micros().max(1_000) as u64);
    let in_time = told.recv_timeout(limit);
    if in_time.is_err() {
        kill_with_all_it_started(&mut child);
    }
    let status = child.wait().map_err(broken)?;
    let (stdout, stderr) = match in_time {
        Ok(said) => said,
        Err(_) => {
            let (stdout, stderr) = told.recv_timeout(FAREWELL).unwrap_or_default();
            return Ok(Ended { code: None, too_long: true, stdout, stderr });
        }
    };
    Ok(Ended { code: status.code(), too_long: false, stdout, stderr })
}

/// Kills a child and what it started. It may have ended by itself: that is no failure.
fn kill_with_all_it_started(child: &mut std::process::Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
    }
    child.kill().ok();
}

/// Reads to the end and keeps the beginning.
fn bounded(from: Option<impl Read>, limit: u64) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut from) = from else { return kept };
    // What breaks off is noticed by whoever looks for its end.
    if from.by_ref().take(limit).read_to_end(&mut kept).is_ok() {
        std::io::copy(&mut from, &mut std::io::sink()).ok();
    }
    kept
}
