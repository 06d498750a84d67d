//! Whether live connections answer: each is asked, with the credentials that read and with those that
//! probe, for the doors of an account that nobody has.
//!
//! The secrets that cut are not fetched: that is for an approved plan. All are asked side by side, and one
//! that is silent for [`ANSWERS_WITHIN`] is left alone.

use std::sync::mpsc;
use std::thread;

use sever_connect::Connector;
use sever_model::act::{ActError, Cx, Trial};
use sever_model::{AccountId, Door, DoorKind, DoorState, Span, UnknownWhy, counted};

use serde_json::json;

use crate::cli::site::{Capability, NoSecrets, Site};
use crate::clock::SystemClock;
use crate::config::ConnectionConfig;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Longest that one question to a system may take.
const PATIENCE: Span = Span::secs(5);

/// How long an answer is waited for, however many questions it takes.
const ANSWERS_WITHIN: Span = Span::secs(20);

/// An account that nobody has.
const NOBODY: &str = "severance-doctor-nobody";

/// Kinds of door, those first of which most systems can say something.
const ASKED_FIRST: [DoorKind; 4] = [DoorKind::Login, DoorKind::Membership, DoorKind::Session, DoorKind::SshKey];

/// What came back of one capability.
enum Answer {
    /// It answered, in words.
    Good(String),
    /// It did not, or not well: what that is called, and what was said.
    Bad(&'static str, String),
}

/// Asks every connection, and says what came back: a line for each.
pub(super) fn asked(site: &Site, sheet: &mut Sheet) -> Vec<Exit> {
    let asking: Vec<_> = site.config.connections.iter().map(|config| (config, begin(site, config))).collect();
    let until = crate::clock::now().plus(ANSWERS_WITHIN);
    let mut exits = Vec::new();
    for (config, asked) in asking {
        let answers: Vec<(&str, Answer)> = asked
            .into_iter()
            .map(|(does, said)| {
                let left = until.since(crate::clock::now()).micros();
                let left = std::time::Duration::from_micros(u64::try_from(left).unwrap_or(0));
                let silent = |_| Answer::Bad("CANNOT BE REACHED", "no answer in time".to_owned());
                (does, said.recv_timeout(left).unwrap_or_else(silent))
            })
            .collect();
        let (state, found) = line(config, &answers, closes(site, config));
        if state != "ok" {
            exits.push(Exit::Partly);
        }
        sheet.rows.push(vec![json!("connection"), json!(config.id), json!(state), json!(found)]);
    }
    exits
}

/// Its state in a word, and what every capability of it came to.
fn line(
    config: &ConnectionConfig,
    answers: &[(&str, Answer)],
    closes: Option<Result<(), Failure>>,
) -> (&'static str, String) {
    let mut said: Vec<String> = Vec::new();
    let mut worst = None;
    for (does, answer) in answers {
        match answer {
            Answer::Good(words) => said.push(format!("{does}: {words}")),
            Answer::Bad(state, words) => {
                worst = worst.or(Some(*state));
                said.push(format!("{does}: {}: {words}", state.to_lowercase()));
            }
        }
    }
    match closes {
        Some(Ok(())) => said.push("closes: not asked, its secret is for an approved plan".to_owned()),
        Some(Err(failure)) => {
            worst = worst.or(Some("FAILED"));
            said.push(format!("closes nothing: {}", failure.what));
        }
        None => {}
    }
    match (worst, said.is_empty()) {
        (_, true) => ("NOTHING MAY", "it has credentials for nothing".to_owned()),
        (worst, false) => (worst.unwrap_or("ok"), format!("{}: {}", config.system, said.join("; "))),
    }
}

/// Whether what closes its doors can say what that would take; nothing where it may not.
fn closes(site: &Site, config: &ConnectionConfig) -> Option<Result<(), Failure>> {
    config.cutting.as_ref().map(|_| site.open_action(config, Capability::Planning).map(drop))
}

/// Begins to ask what a connection has credentials for. A thread that never comes back ends with the
/// process.
fn begin(site: &Site, config: &ConnectionConfig) -> Vec<(&'static str, mpsc::Receiver<Answer>)> {
    let mut asked = Vec::new();
    if config.reading.is_some() {
        let (of, opened) = (AccountId::from(format!("{}/{NOBODY}", config.system)), site.open_doors(config));
        asked.push(("lists", in_time(move || opened.map_or_else(not_opened, |doors| listed(&*doors, &of)))));
    }
    let connector = sever_connect::connector(&config.kind).ok();
    if let (Some(_), Some(connector)) = (&config.probing, connector) {
        let door = sample(config, connector);
        let opened = site.open_probe(config);
        asked.push(("tries", in_time(move || opened.map_or_else(not_opened, |probe| tried(&*probe, &door)))));
    }
    asked
}

fn in_time(work: impl FnOnce() -> Answer + Send + 'static) -> mpsc::Receiver<Answer> {
    let (send, receive) = mpsc::channel();
    // Nobody may listen any more by then.
    thread::spawn(move || send.send(work()).ok());
    receive
}

fn not_opened(failure: Failure) -> Answer {
    Answer::Bad("FAILED", failure.what)
}

/// A door to ask about, as the connectors' own listings tell of one: the twin's, where there is one, for it
/// is ours and is there; else nobody's. Nothing is presented there.
fn sample(config: &ConnectionConfig, connector: &Connector) -> Door {
    let mut door = Door::new(&config.system, kind(connector), NOBODY);
    door.account = Some(AccountId::from(format!("{}/{NOBODY}", config.system)));
    let twin = config.twin.as_ref().map(|twin| twin.user.as_str()).filter(|user| !user.is_empty());
    let base = config.settings.get("base").map_or("", String::as_str);
    let dn = twin.filter(|user| user.contains('=')).map_or_else(|| format!("cn={NOBODY},{base}"), str::to_owned);
    for (name, value) in [("dn", dn.as_str()), ("role", twin.unwrap_or(NOBODY)), ("login", twin.unwrap_or(NOBODY))] {
        door.attributes.insert(name.to_owned(), value.to_owned());
    }
    door
}

/// A kind of door that a connector tries.
fn kind(connector: &Connector) -> DoorKind {
    let tried = |kind: &DoorKind| connector.doors.iter().any(|row| row.kind == *kind);
    let first = ASKED_FIRST.into_iter().find(|kind| tried(kind));
    first.or_else(|| connector.doors.first().map(|row| row.kind)).unwrap_or(DoorKind::Login)
}

fn cx() -> Cx<'static> {
    Cx { clock: &SystemClock, secrets: &NoSecrets, patience: PATIENCE }
}

fn listed(doors: &dyn sever_model::act::Doors, of: &AccountId) -> Answer {
    match doors.doors(of, NOBODY, &cx()) {
        Ok(list) => {
            let gaps = list.gaps.join("; ");
            let doors = counted(list.doors.len() as u64, "door");
            match gaps.is_empty() {
                true => Answer::Good(format!("answers ({doors} of nobody)")),
                false => Answer::Bad("ANSWERS IN PART", gaps),
            }
        }
        Err(error) => refused(&error),
    }
}

fn refused(error: &ActError) -> Answer {
    let state = match error {
        ActError::Unreachable(_) | ActError::LostAnswer(_) => "CANNOT BE REACHED",
        ActError::NotAllowed { .. } => "CREDENTIALS REFUSED",
        ActError::RateLimited(_) => "ASKED TO WAIT",
        ActError::Refused(_) | ActError::BadStep(_) | ActError::Unexpected(_) => "FAILED",
    };
    let words = match error {
        ActError::NotAllowed { what, lacking } => format!("{what}; lacking: {lacking}"),
        ActError::Unreachable(what) | ActError::LostAnswer(what) => what.clone(),
        other => other.to_string(),
    };
    Answer::Bad(state, words)
}

/// Whatever the door is: what is learnt is whether somebody answers to our credentials, and to the twin's.
fn tried(probe: &dyn sever_model::act::Probe, door: &Door) -> Answer {
    let tried = probe.try_door(door, &Trial { nonce: "severance-doctor", secret: None, replaced: false }, &cx());
    match tried.state {
        DoorState::Unknown(UnknownWhy::Unreachable | UnknownWhy::TimedOut) => {
            Answer::Bad("CANNOT BE REACHED", tried.evidence)
        }
        DoorState::Unknown(UnknownWhy::NotPermitted) => Answer::Bad("CREDENTIALS REFUSED", tried.evidence),
        DoorState::Unknown(UnknownWhy::ControlFailed) => Answer::Bad("CONTROL FAILED", {
            let failed = tried.controls.iter().filter(|control| !control.held);
            let failed: Vec<String> = failed.map(|it| format!("{}: {}", it.what, it.answer)).collect();
            if failed.is_empty() { tried.evidence } else { failed.join("; ") }
        }),
        DoorState::Unknown(UnknownWhy::NothingToTry | UnknownWhy::NoProbe) => {
            Answer::Good(format!("not asked: {}", tried.evidence))
        }
        _ => Answer::Good("answers".to_owned()),
    }
}
