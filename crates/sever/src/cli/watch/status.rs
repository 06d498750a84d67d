//! How a watch stands: on a line of the terminal, in the status file, at `/healthz`.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sever_engine::{Turn, Watcher};
use sever_model::{Finding, Severity, Stage, WallTime};
use sever_store::watch::{Outbox, WatchState};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site;
use crate::clock;
use crate::exit::Exit;
use crate::hint::Failure;

/// How often the status is said on a terminal and in the file, and where there is no terminal.
const EVERY: Duration = Duration::from_secs(1);
const EVERY_PLAIN: Duration = Duration::from_secs(60);
/// After so long without a word a watch is taken to be dead.
const DEAD_SECS: i64 = 30;

/// What was counted since the process began.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) events: u64,
    pub(super) late: u64,
    pub(super) rejects: u64,
    /// How often records are known to be lost.
    pub(super) lost: u64,
    pub(super) checkpoint_bytes: u64,
    /// How far each finding was told, and how grave it is while it stands.
    findings: HashMap<String, (u32, Option<Severity>)>,
    replaying: bool,
    rate: f64,
    said: Option<(Duration, u64)>,
    said_plain: Duration,
}

/// What others see of a watch, and what they count for it.
#[derive(Default)]
pub(super) struct Board {
    status: Mutex<String>,
    paused: Mutex<Option<String>>,
    receivers: Mutex<HashMap<String, String>>,
    line: Mutex<Option<ProgressBar>>,
    /// Bodies taken, refused for what they are, and turned away for now.
    pub(super) pushed: [AtomicU64; 3],
}

impl Figures {
    pub(super) fn turn(&mut self, turn: &Turn) {
        self.events += turn.events;
        self.late += turn.late;
        self.replaying = turn.replaying;
    }

    /// Notes a finding, and says whether this is news.
    pub(super) fn note(&mut self, revision: u32, finding: &Finding) -> bool {
        let standing = (finding.stage == Stage::Confirmed).then_some(finding.severity);
        let before = self.findings.insert(finding.id.to_string(), (revision, standing));
        before.is_none_or(|(told, was)| told < revision && (was.is_some() || standing.is_some()))
    }

    /// The gravest finding that stands.
    pub(super) fn gravest(&self) -> Option<Severity> {
        self.findings.values().filter_map(|(_, standing)| *standing).max()
    }

    /// Whether something was not seen.
    pub(super) fn is_incomplete(&self) -> bool {
        self.lost > 0
    }
}

impl Board {
    /// Says how the watch stands, not more often than it should be said.
    pub(super) fn show(
        &self,
        figures: &mut Figures,
        watcher: &Watcher<'_>,
        outbox: &Mutex<Outbox>,
        state: &WatchState,
        at: Duration,
    ) {
        let (since, events) = figures.said.unwrap_or((Duration::ZERO, 0));
        let passed = at.saturating_sub(since);
        if figures.said.is_some() && passed < EVERY {
            return;
        }
        figures.rate = (figures.events - events) as f64 / passed.as_secs_f64().max(0.001);
        figures.said = Some((at, figures.events));
        let status = self.status(figures, watcher, outbox);
        // Whoever asks finds that it is old.
        state.status(status.to_string().as_bytes()).ok();
        let line = line_of(&status);
        set(&self.status, status.to_string());
        if std::io::stderr().is_terminal() {
            let mut bar = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            bar.get_or_insert_with(spinner).set_message(line);
        } else if figures.said_plain.is_zero() || at.saturating_sub(figures.said_plain) >= EVERY_PLAIN {
            figures.said_plain = at;
            Output::aside(&line);
        }
    }

    /// Says it once more, whenever it was said.
    pub(super) fn last(
        &self,
        figures: &mut Figures,
        watcher: &Watcher<'_>,
        outbox: &Mutex<Outbox>,
        state: &WatchState,
        at: Duration,
    ) {
        figures.said_plain = at;
        figures.said = figures.said.map(|(_, events)| (Duration::ZERO, events));
        self.show(figures, watcher, outbox, state, at.max(EVERY));
        self.clear();
    }

    /// Takes the line away, for something else to be said.
    pub(super) fn clear(&self) {
        if let Some(bar) = self.line.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }

    pub(super) fn paused(&self, why: Option<String>) {
        set(&self.paused, why);
    }

    /// Notes how telling a receiver goes: nothing where it goes well.
    pub(super) fn receiver(&self, name: &str, trouble: Option<String>) {
        let mut receivers = self.receivers.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            Some(trouble) => receivers.insert(name.to_owned(), trouble),
            None => receivers.remove(name),
        };
    }

    /// For `/healthz`: whether all is well, and the whole status.
    pub(super) fn health(&self) -> (bool, String) {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let at = serde_json::from_str::<serde_json::Value>(&status).ok().and_then(|status| age_secs(&status));
        (paused.is_none() && at.is_some_and(|age| age < DEAD_SECS), status)
    }

    fn status(&self, figures: &Figures, watcher: &Watcher<'_>, outbox: &Mutex<Outbox>) -> serde_json::Value {
        let now = clock::now();
        let logs: Vec<serde_json::Value> = watcher
            .status()
            .iter()
            .map(|log| {
                serde_json::json!({
                    "log": log.log, "files": log.files, "events": log.events, "rejects": log.rejects,
                    "first_reject": log.reject, "behind_bytes": log.behind_bytes, "last": log.last,
                    "unlisted": log.unlisted,
                })
            })
            .collect();
        let receivers = self.receivers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let outbox = outbox.lock().unwrap_or_else(PoisonError::into_inner);
        let notify: Vec<serde_json::Value> = outbox
            .receivers()
            .into_iter()
            .map(|name| {
                let (waiting, since) = outbox.waiting(&name);
                serde_json::json!({ "name": name, "waiting": waiting, "since": since, "trouble": receivers.get(&name) })
            })
            .collect();
        let (findings_dropped, names_overflowed) = watcher.dropped();
        let pushed = |at: usize| self.pushed.get(at).map_or(0, |count| count.load(Ordering::Relaxed));
        serde_json::json!({
            "at": now,
            "pid": std::process::id(),
            "paused": *self.paused.lock().unwrap_or_else(PoisonError::into_inner),
            "replaying": figures.replaying,
            "events": figures.events,
            "events_per_sec": figures.rate.round(),
            "judged_until": watcher.reached(),
            "lag_secs": watcher.reached().map(|reached| now.as_event().since(reached).micros() / 1_000_000),
            "late": figures.late,
            "rejects": logs.iter().filter_map(|log| log.get("rejects")?.as_u64()).sum::<u64>(),
            "lost": figures.lost,
            "findings": figures.findings.values().filter(|(_, standing)| standing.is_some()).count(),
            "dropped": { "findings": findings_dropped, "names": names_overflowed, "outbox": outbox.dropped() },
            "pushed": { "taken": pushed(0), "refused": pushed(1), "turned_away": pushed(2) },
            "checkpoint_bytes": figures.checkpoint_bytes,
            "logs": logs,
            "notify": notify,
        })
    }
}

fn set<T>(slot: &Mutex<T>, value: T) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar
}

/// The status in a line.
fn line_of(status: &serde_json::Value) -> String {
    let number = |name: &str| status.get(name).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    let logs = status.get("logs").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    let of = |list: &str, field: &str| -> f64 {
        let list = status.get(list).and_then(serde_json::Value::as_array);
        list.into_iter().flatten().filter_map(|one| one.get(field)?.as_f64()).fold(0.0, |sum, it| sum + it)
    };
    let state = match (status.get("paused").and_then(|it| it.as_str()), number("replaying")) {
        (Some(why), _) => format!("PAUSED ({why})"),
        _ if status.get("replaying").and_then(serde_json::Value::as_bool) == Some(true) => "catching up".to_owned(),
        _ => "watching".to_owned(),
    };
    let lag = status
        .get("lag_secs")
        .and_then(serde_json::Value::as_i64)
        .map_or("no event yet".to_owned(), |secs| format!("latest event {secs} s ago"));
    format!(
        "{state} {} · {} events · {}/s · {lag} · {} bytes unread · {} late · {} rejected · {} lost · {} findings · {} to tell",
        sever_model::counted(logs as u64, "log"),
        number("events"),
        number("events_per_sec"),
        of("logs", "behind_bytes"),
        number("late"),
        number("rejects"),
        number("lost"),
        number("findings"),
        of("notify", "waiting"),
    )
}

fn age_secs(status: &serde_json::Value) -> Option<i64> {
    let at = WallTime::parse(status.get("at")?.as_str()?).ok()?;
    Some(clock::now().since(at).micros() / 1_000_000)
}

/// `sever watch status`.
pub(super) fn show(global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let config = site::load(global, global.config.clone())?;
    let none = || {
        Failure::new(format!("no watch has run on `{}`", config.data_dir.display()))
            .hint("`sever watch` begins one")
            .exit(Exit::NothingLooked)
    };
    let bytes = WatchState::last_status(&config.data_dir).map_err(|_| none())?;
    let status: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| none())?;
    let age = age_secs(&status).unwrap_or(i64::MAX);
    if out.format == crate::render::Format::Json {
        out.value(&status)?;
    } else {
        out.text(&format!("{}\n", line_of(&status)));
        for log in status.get("logs").and_then(serde_json::Value::as_array).into_iter().flatten() {
            let text = |name: &str| {
                log.get(name).map_or(String::new(), |value| match value {
                    serde_json::Value::String(text) => text.clone(),
                    serde_json::Value::Null => "-".to_owned(),
                    other => other.to_string(),
                })
            };
            out.text(&format!(
                "{}\t{} files\t{} events\t{} rejected\t{} bytes unread\tlast {}\n",
                text("log"),
                text("files"),
                text("events"),
                text("rejects"),
                text("behind_bytes"),
                text("last")
            ));
        }
        for one in status.get("notify").and_then(serde_json::Value::as_array).into_iter().flatten() {
            let trouble = one.get("trouble").and_then(serde_json::Value::as_str).unwrap_or("");
            let name = one.get("name").and_then(serde_json::Value::as_str).unwrap_or("");
            out.text(&format!(
                "{name}\t{} to tell\t{trouble}\n",
                one.get("waiting").unwrap_or(&serde_json::Value::Null)
            ));
        }
    }
    if age >= DEAD_SECS {
        out.note(&format!("that was {age} s ago: no watch seems to run now"));
        return Ok(vec![Exit::Partly]);
    }
    Ok(Vec::new())
}
