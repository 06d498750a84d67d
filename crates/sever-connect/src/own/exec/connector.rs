//! `exec`: an action and a probe of one's own, as a program.

use std::process::Command;

use sever_model::act::{ActError, Action, Doors, Probe};
use sever_model::{DoorKind, Span};

use super::super::contract::Question;
use super::super::{CLOSES, Carrier, Own, PATIENCE, REPLACES, UNDOES, WINDOW, contract};
use crate::child;
use crate::connector::{Connection, ConnectionError, Connector, DoorAnswers, Setting};

/// What `exec` is.
pub(crate) const CONNECTOR: Connector = Connector {
    id: "exec",
    title: "A program of one's own",
    about: contract::ABOUT,
    roles: "The program runs as the user that runs `sever`, with nothing of its environment but the search path. The \
            question comes on standard input, the answer is what it prints; it ends with 0. What it needs to sign in with \
            is the secret of `reading`, `cutting` or `probing`, which it finds in the question as `key`.",
    settings: &[
        Setting {
            name: "program",
            required: true,
            about: "its path; words after it, separated by blanks, are its arguments",
        },
        CLOSES,
        UNDOES,
        REPLACES,
        WINDOW,
        PATIENCE,
    ],
    doors: &ANSWERS,
    open_doors: Some(|connection| Ok(Box::new(open(connection)?) as Box<dyn Doors>)),
    open_action: Some(|connection| Ok(Box::new(open(connection)?) as Box<dyn Action>)),
    open_probe: Some(|connection| Ok(Box::new(open(connection)?) as Box<dyn Probe>)),
};

/// What doors of one's own answer: the same for every kind.
pub(in crate::own) const ANSWERS: [DoorAnswers; 12] = [
    answers(DoorKind::Login),
    answers(DoorKind::Session),
    answers(DoorKind::RefreshToken),
    answers(DoorKind::AccessToken),
    answers(DoorKind::LiveConnection),
    answers(DoorKind::ApiKey),
    answers(DoorKind::SshKey),
    answers(DoorKind::Certificate),
    answers(DoorKind::Membership),
    answers(DoorKind::Delegation),
    answers(DoorKind::Secret),
    answers(DoorKind::SigningKey),
];

const fn answers(kind: DoorKind) -> DoorAnswers {
    DoorAnswers {
        kind,
        tried_with: "what the program or service tries: it says so as `strength`",
        closed: "`closed`, with a positive control that held",
        bad_probe: "`unknown` with its reason; `closed` without a positive control counts as that",
        window: Span::ZERO,
    }
}

fn open(connection: &Connection) -> Result<Own, ConnectionError> {
    let words = connection.required("program")?.split_whitespace().map(str::to_owned).collect();
    let key = connection.login.as_ref().map(|login| login.secret.expose().clone());
    Own::new(connection, Box::new(Program { words, key }))
}

struct Program {
    words: Vec<String>,
    key: Option<String>,
}

impl Carrier for Program {
    fn carry(&self, question: &Question<'_>, struck: &[&str], patience: Span) -> Result<String, ActError> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err(ActError::BadStep("no program".to_owned()));
        };
        let mut body = question.to_json();
        if let (Some(key), Some(fields)) = (&self.key, body.as_object_mut()) {
            fields.insert("key".to_owned(), key.as_str().into());
        }
        let mut command = Command::new(program);
        let ended = child::run(command.args(arguments), body.to_string().as_bytes(), patience)?;
        if ended.too_long {
            return Err(ActError::LostAnswer(format!("`{program}` took longer than {} s", patience.as_secs())));
        }
        if ended.code != Some(0) {
            let mut said = String::from_utf8_lossy(&ended.stderr).into_owned();
            for secret in struck.iter().filter(|secret| !secret.is_empty()) {
                said = said.replace(secret, "…");
            }
            let line: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
            let code = ended.code.map_or("a signal".to_owned(), |code| code.to_string());
            return Err(ActError::LostAnswer(format!("`{program}` ended with {code}: {line}")));
        }
        Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
    }
}
