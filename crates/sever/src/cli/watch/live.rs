//! The watch itself: turn, commit, tell, now and then a checkpoint.
//!
//! Nothing is told before the commit that it came from is durable. Where the disk takes nothing the watch
//! stands still, says so, and goes on when there is room.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sever_engine::{Checkpoint, Commit, Moment as Turning, Turn, Watcher};
use sever_model::act::Clock as _;
use sever_model::{Finding, Inventory, Span, Stage, SubjectRegister, WallTime};
use sever_store::watch::{Kept, Outbox, Outgoing, WatchState};

use super::status::{Board, Figures};
use super::{Args, serve, tell};
use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::{Moment, Site};
use crate::clock::{self, Stopwatch, SystemClock};
use crate::exit::Exit;
use crate::hint::Failure;

/// How often files are looked at while nothing comes.
const LOOK: Span = Span::from_micros(100_000);
/// How often the disk is tried again that took nothing.
const RETRY: Span = Span::secs(1);
/// How often the store is asked whether people and keys have changed.
const FACTS_SECS: u64 = 5;
/// Quiet turns after which there is nothing more, for `--once`; longer than a file may stay unsure.
const QUIET: Duration = Duration::from_millis(1_500);

/// What one watch keeps while it runs.
struct Live<'a, 'o> {
    site: &'a mut Site,
    out: &'o mut Output,
    state: WatchState,
    outbox: Arc<Mutex<Outbox>>,
    figures: Figures,
    board: Arc<Board>,
    run: String,
    began: Stopwatch,
    known_at: WallTime,
    stop: Arc<AtomicBool>,
}

/// How a watch of one set of facts ended.
enum Ended {
    /// It was told to, or had come to the end.
    Stopped,
    /// It is to go on from its checkpoint, with a new table of names.
    Renew,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    let register = site.register(out)?;
    let register = register.as_ref().map(|register| register as &dyn SubjectRegister);
    let (state, mut kept) = WatchState::open(&site.config.data_dir).map_err(|error| cannot_open(&site, error))?;
    let outbox = Outbox::open(&state.outbox_path()).map_err(|error| cannot_open(&site, error))?;
    let outbox = Arc::new(Mutex::new(outbox));
    let stop = Arc::new(AtomicBool::new(false));
    let board = Arc::new(Board::default());
    let served = serve::start(&site, args, &board, &stop)?;
    let tellers = tell::start(&site, &outbox, &board, &stop)?;
    let began = Stopwatch::start();
    let (figures, run) = (Figures::default(), format!("watch-{}", clock::now().micros()));
    let known_at = clock::now();
    let mut live = Live { site: &mut site, out, state, outbox, figures, board, run, began, known_at, stop };
    let ended = loop {
        match live.follow(args, register, kept, &served) {
            Ok(Ended::Renew) => kept = live.read_back()?,
            Ok(Ended::Stopped) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    live.stop.store(true, Ordering::Relaxed);
    let findings = live.figures.gravest();
    let incomplete = live.figures.is_incomplete();
    drop(live);
    tellers.finish();
    served.finish();
    ended?;
    let mut exits: Vec<Exit> = findings.map(Exit::finding).into_iter().collect();
    if incomplete {
        exits.push(Exit::CoverageIncomplete);
    }
    Ok(exits)
}

impl Live<'_, '_> {
    /// Follows from what was kept until it is told to stop, or must begin with new facts or names.
    fn follow(
        &mut self,
        args: &Args,
        register: Option<&dyn SubjectRegister>,
        kept: Kept,
        served: &serve::Served,
    ) -> Result<Ended, Failure> {
        let (checkpoint, commits) = read(&kept)?;
        // What is judged again must come out the same: by the facts of then. Else by those of now.
        let again = checkpoint.as_ref().filter(|_| !commits.is_empty()).map(|it| it.known_at);
        self.known_at = again.unwrap_or_else(clock::now);
        let mut inventory = self.inventory()?;
        let mut watcher = self.site.watcher(&args.logs, register, checkpoint, commits)?;
        if again.is_none() {
            self.checkpoint(&mut watcher)?;
        }
        let watch = Stopwatch::start();
        let every = Duration::from_micros(u64::try_from(self.site.config.watch.checkpoint.micros()).unwrap_or(0));
        let (mut saved, mut asked, mut busy) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let mut committed = watcher.commits();
        let now = self.site.store(async |store| store.version().await)?;
        let mut version = again.is_none().then_some(now);
        while !self.stop.load(Ordering::Relaxed) {
            let at = watch.elapsed();
            let turn = self.turn(at, &mut watcher, &inventory)?;
            if turn.events > 0 || turn.replaying || served.is_busy() {
                busy = at;
            }
            self.board.show(&mut self.figures, &watcher, &self.outbox, &self.state, self.began.elapsed());
            let is_settled = !turn.replaying && !watcher.is_seeking();
            if is_settled && (version.is_none() || at.saturating_sub(asked) >= Duration::from_secs(FACTS_SECS)) {
                asked = at;
                inventory = self.facts(&mut version, &mut watcher)?.unwrap_or(inventory);
            }
            if is_settled && at.saturating_sub(saved) >= every && watcher.commits() != committed {
                (saved, committed) = (at, watcher.commits());
                self.checkpoint(&mut watcher)?;
                served.judged(&watcher);
                if watcher.wants_renewal() {
                    return Ok(Ended::Renew);
                }
            }
            if args.once && is_settled && at.saturating_sub(busy) >= QUIET {
                break;
            }
            if !turn.more {
                SystemClock.wait(LOOK);
            }
        }
        if !watcher.is_replaying() && !watcher.is_seeking() {
            self.checkpoint(&mut watcher)?;
        }
        self.board.last(&mut self.figures, &watcher, &self.outbox, &self.state, self.began.elapsed());
        self.summary(&watcher);
        Ok(Ended::Stopped)
    }

    /// Says something beside the status line.
    fn say(&mut self, text: &str) {
        self.board.clear();
        self.out.note(text);
    }

    fn inventory(&self) -> Result<Inventory, Failure> {
        self.site.inventory(&Moment { as_of: self.known_at.as_event(), known_at: self.known_at })
    }

    /// People and keys, where they have changed. What was judged until now was judged by those before.
    fn facts(&mut self, version: &mut Option<i64>, watcher: &mut Watcher<'_>) -> Result<Option<Inventory>, Failure> {
        let now = self.site.store(async |store| store.version().await)?;
        if version.replace(now) == Some(now) {
            return Ok(None);
        }
        self.known_at = clock::now();
        let inventory = self.inventory()?;
        self.checkpoint(watcher)?;
        Ok(Some(inventory))
    }

    /// Takes a turn, and makes its outcome durable and known.
    fn turn(&mut self, at: Duration, watcher: &mut Watcher<'_>, inventory: &Inventory) -> Result<Turn, Failure> {
        let turn = watcher.turn(Turning { at, wall: clock::now() }, inventory).map_err(anyhow::Error::from)?;
        self.figures.turn(&turn);
        for note in watcher.take_notes() {
            self.figures.lost += u64::from(note.loss);
            self.say(&format!("{}: {}", note.log, note.what));
        }
        self.commit(watcher)?;
        Ok(turn)
    }

    /// Makes durable what was judged, and then tells what was found.
    fn commit(&mut self, watcher: &mut Watcher<'_>) -> Result<(), Failure> {
        if let Some(commit) = watcher.commit(clock::now()) {
            let line = serde_json::to_string(&commit).map_err(anyhow::Error::from)?;
            self.until_written("what was judged", |live| live.state.append(&line));
        }
        if watcher.has_news() {
            let touched = watcher.take_touched();
            self.tell(touched)?;
        }
        Ok(())
    }

    fn tell(&mut self, touched: Vec<(u32, Finding)>) -> Result<(), Failure> {
        let all: Vec<Finding> = touched.iter().map(|(_, finding)| finding.clone()).collect();
        let inputs = self.site.config.logs.iter().map(|log| log.id.to_string()).collect();
        self.site.save_watched(&self.run, inputs, &all)?;
        let now = clock::now();
        let mut outgoing = Vec::new();
        for (revision, finding) in touched {
            let (left, _) = self.site.unsuppressed(vec![finding]);
            // What was never more than suspected is nobody's to act on.
            let Some(finding) = left.into_iter().next() else { continue };
            let new = self.figures.note(revision, &finding);
            if finding.stage == Stage::Provisional {
                continue;
            }
            let shown = self.out.shown(&finding)?;
            if new {
                let stage = if finding.stage == Stage::Retracted { " (taken back)" } else { "" };
                let severity = format!("{:?}", finding.severity).to_lowercase();
                self.board.clear();
                self.out.text(&format!(
                    "{}\t{severity}\t{}\t{}{stage}\n",
                    finding.id,
                    finding.detector,
                    shown.sentence()
                ));
                self.out.flush();
            }
            let body = serde_json::to_string(&tell::message(&shown, revision)).map_err(anyhow::Error::from)?;
            for receiver in self.site.config.notify.iter().filter(|it| finding.severity >= it.severity_min) {
                let to = receiver.name.clone();
                outgoing.push(Outgoing { finding: finding.id.clone(), revision, to, body: body.clone(), put: now });
            }
        }
        if !outgoing.is_empty() {
            self.until_written("what is to be told", |live| match live.outbox.lock() {
                Ok(mut outbox) => outbox.put(outgoing.clone()),
                Err(_) => Ok(()),
            });
        }
        Ok(())
    }

    /// Writes until it is written. A full disk is told, and nothing is judged meanwhile.
    fn until_written(&mut self, what: &str, mut write: impl FnMut(&mut Self) -> std::io::Result<()>) {
        let mut told = false;
        while let Err(error) = write(self) {
            if !told {
                self.say(&format!("paused: {what} cannot be written: {error}"));
                told = true;
            }
            self.board.paused(Some(error.to_string()));
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            SystemClock.wait(RETRY);
        }
        if told {
            self.board.paused(None);
            self.say("goes on: there is room again");
        }
    }

    fn checkpoint(&mut self, watcher: &mut Watcher<'_>) -> Result<(), Failure> {
        self.commit(watcher)?;
        let checkpoint = watcher.checkpoint(self.known_at).map_err(anyhow::Error::from)?;
        let bytes = serde_json::to_vec(&checkpoint).map_err(anyhow::Error::from)?;
        self.figures.checkpoint_bytes = bytes.len() as u64;
        self.until_written("the checkpoint", |live| live.state.checkpoint(&bytes));
        Ok(())
    }

    /// What is durable, after a checkpoint that this process made.
    fn read_back(&mut self) -> Result<Kept, Failure> {
        self.state.read_back().map_err(|error| cannot_open(self.site, error))
    }

    fn summary(&mut self, watcher: &Watcher<'_>) {
        let mut notes = Vec::new();
        crate::cli::scan::judged(&watcher.report(), &mut notes);
        for note in notes {
            self.say(&note);
        }
        let rejects: u64 = watcher.status().iter().map(|log| log.rejects).sum();
        self.figures.rejects = rejects;
        let files: HashSet<_> = watcher.files().into_iter().map(|(id, _)| id).collect();
        let line = format!(
            "judged {} of {}; {} could not be read; {} came late",
            sever_model::counted(self.figures.events, "event"),
            sever_model::counted(files.len() as u64, "file"),
            sever_model::counted(rejects, "record"),
            self.figures.late
        );
        self.say(&line);
    }
}

/// What was kept, as what it is.
fn read(kept: &Kept) -> Result<(Option<Checkpoint>, Vec<Commit>), Failure> {
    let damaged = |error: serde_json::Error| {
        Failure::new(format!("the watch's state is damaged: {error}"))
            .hint("move the `watch` folder of the data directory away to begin anew")
    };
    let checkpoint = kept.checkpoint.as_deref().map(serde_json::from_slice).transpose().map_err(damaged)?;
    let commits: Result<Vec<Commit>, _> = kept.journal.iter().map(|line| serde_json::from_str(line)).collect();
    Ok((checkpoint, commits.map_err(damaged)?))
}

fn cannot_open(site: &Site, error: std::io::Error) -> Failure {
    let dir = site.config.data_dir.join("watch");
    match error.kind() {
        std::io::ErrorKind::WouldBlock => Failure::new(format!("another watch of `{}` runs", dir.display()))
            .hint("`sever watch status` says how it stands")
            .exit(Exit::Refused),
        _ => crate::cli::site::cannot_read(&dir, error),
    }
}
