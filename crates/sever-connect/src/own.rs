//! Actions and probes of one's own: what the connectors `exec` and `http` have in common.
//!
//! The two differ in how a question is carried ([`Carrier`]); what is asked, and what is made of the
//! answer, is the [`contract`].

mod contract;
pub(crate) mod exec {
    pub(crate) mod connector;
}
pub(crate) mod http {
    pub(crate) mod connector;
}

use std::collections::BTreeMap;

use sever_model::act::{ActError, Action, Cx, Doors, Probe, Trial, Tried};
use sever_model::{
    AccountId, ApprovedStep, ConnectionId, Door, DoorKind, DoorList, Inverse, Operation, Phase, Receipt, Span,
    StepDraft, SystemId,
};

use crate::connector::{Connection, ConnectionError, Setting};
use contract::{Question, Told};

/// Brings a question to the other side and its answer back.
trait Carrier: Send + Sync {
    /// The body of the answer. `struck` are the secrets that must not be in an error.
    ///
    /// # Errors
    /// When there is none.
    fn carry(&self, question: &Question<'_>, struck: &[&str], patience: Span) -> Result<String, ActError>;
}

/// The kinds of door that it closes.
const CLOSES: Setting =
    Setting { name: "closes", required: true, about: "the kinds of door that it closes, separated by commas" };

/// Those of them that can be opened again.
const UNDOES: Setting =
    Setting { name: "undoes", required: false, about: "those of them whose closing `open` undoes; none where absent" };

/// Those of them that can then be tried with a secret of ours.
const REPLACES: Setting = Setting {
    name: "replaces",
    required: false,
    about: "those of them whose secret closing replaces by ours; none where absent",
};

/// How long closing takes.
const WINDOW: Setting = Setting {
    name: "window",
    required: false,
    about: "seconds for which a door may still open after it was closed; 0 where absent",
};

/// How long it is waited for.
const PATIENCE: Setting = Setting {
    name: "patience",
    required: false,
    about: "longest that one question may take, in seconds; as long as any other system's where absent",
};

/// A connection of one's own.
struct Own {
    id: ConnectionId,
    system: SystemId,
    closes: Vec<DoorKind>,
    undoes: Vec<DoorKind>,
    replaces: Vec<DoorKind>,
    window: Span,
    patience: Option<Span>,
    /// The secret it is asked with.
    key: Option<String>,
    carrier: Box<dyn Carrier>,
}

impl Own {
    fn new(connection: &Connection, carrier: Box<dyn Carrier>) -> Result<Own, ConnectionError> {
        let kinds = |name: &str| -> Result<Vec<DoorKind>, ConnectionError> {
            let words = connection.setting(name).unwrap_or_default();
            let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
            words.map(|word| kind(word).ok_or_else(|| unknown_kind(connection, name, word))).collect()
        };
        let secs = |name: &str| -> Result<Option<Span>, ConnectionError> {
            let Some(text) = connection.setting(name) else { return Ok(None) };
            let secs = text.parse::<u32>().map(|secs| Some(Span::secs(i64::from(secs))));
            secs.map_err(|_| connection.wrong(format!("`settings.{name}`: `{text}` is no number of seconds")))
        };
        connection.required("closes")?;
        Ok(Own {
            id: connection.id.clone(),
            system: connection.system.clone(),
            closes: kinds("closes")?,
            undoes: kinds("undoes")?,
            replaces: kinds("replaces")?,
            window: secs("window")?.unwrap_or(Span::ZERO),
            patience: secs("patience")?,
            key: connection.login.as_ref().map(|login| login.secret.expose().clone()),
            carrier,
        })
    }

    fn ask(&self, question: &Question<'_>, secret: Option<&str>, cx: &Cx<'_>) -> Result<String, ActError> {
        let struck = [secret.unwrap_or_default(), self.key.as_deref().unwrap_or_default()];
        let patience = self.patience.map_or(cx.patience, |own| own.min(cx.patience));
        self.carrier.carry(question, &struck, patience)
    }

    fn told<'a>(&'a self, body: &'a str, struck: &'a [&'a str]) -> Told<'a> {
        Told { body, struck }
    }
}

fn kind(word: &str) -> Option<DoorKind> {
    DoorKind::ALL.into_iter().find(|kind| kind.word() == word)
}

fn unknown_kind(connection: &Connection, name: &str, word: &str) -> ConnectionError {
    let words: Vec<&str> = DoorKind::ALL.iter().map(|kind| kind.word()).collect();
    ConnectionError {
        hint: Some(format!("the kinds are {}", words.join(", "))),
        ..connection.wrong(format!("`settings.{name}`: `{word}` is no kind of door"))
    }
}

impl Doors for Own {
    fn doors(&self, of: &AccountId, login: &str, cx: &Cx<'_>) -> Result<DoorList, ActError> {
        let body = self.ask(&Question::doors(of, login), None, cx)?;
        self.told(&body, &[self.key.as_deref().unwrap_or_default()]).doors(&self.system, of)
    }
}

impl Action for Own {
    fn connection(&self) -> &ConnectionId {
        &self.id
    }

    fn steps(&self, door: &Door) -> Vec<StepDraft> {
        if door.system != self.system || !self.closes.contains(&door.kind) {
            return Vec::new();
        }
        let mut arguments: BTreeMap<String, String> = door.attributes.clone();
        arguments.insert(contract::KIND.to_owned(), door.kind.word().to_owned());
        let operation = |verb: &str| Operation {
            connection: self.id.clone(),
            verb: verb.to_owned(),
            target: door.native.clone(),
            arguments: arguments.clone(),
        };
        let undone = self.undoes.contains(&door.kind);
        let phase = if door.kind == DoorKind::Login { Phase::Contain } else { Phase::Cut };
        vec![StepDraft {
            phase,
            operation: operation("close"),
            how: format!("close it by `{}`", self.id),
            reason: match phase {
                Phase::Contain => "signing in comes first: it makes the other doors".to_owned(),
                _ => "what is left once nobody can sign in".to_owned(),
            },
            inverse: if undone { Inverse::By(operation("open")) } else { Inverse::None },
            breaks: Vec::new(),
            replaces_secret: self.replaces.contains(&door.kind),
            window: self.window,
            after: Vec::new(),
        }]
    }

    fn execute(&self, step: &ApprovedStep<'_>, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        let operation = step.operation();
        let strange = || ActError::BadStep(format!("`{}` of `{}`", operation.verb, operation.connection));
        let kind = operation.arguments.get(contract::KIND).and_then(|word| kind(word));
        let kind = kind.filter(|_| operation.connection == self.id).ok_or_else(strange)?;
        if !matches!(operation.verb.as_str(), "close" | "open") || !self.closes.contains(&kind) {
            return Err(strange());
        }
        let replaces = operation.verb == "close" && self.replaces.contains(&kind);
        let secret = replaces.then(|| cx.secrets.derive(step.step().door.as_str()));
        let question = Question::operation(operation, kind, secret.as_ref());
        let sent = secret.as_ref().map(|secret| secret.expose().as_str());
        let body = self.ask(&question, sent, cx)?;
        let struck = [sent.unwrap_or_default(), self.key.as_deref().unwrap_or_default()];
        self.told(&body, &struck).receipt(cx.clock.now())
    }
}

impl Probe for Own {
    fn window(&self, _door: &Door) -> Span {
        self.window
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let ours = trial.replaced.then(|| cx.secrets.derive(door.id.as_str()));
        let secret = ours.as_ref().or(trial.secret);
        let question = Question::trial(door, trial, secret);
        let sent = secret.map(|secret| secret.expose().as_str());
        match self.ask(&question, sent, cx) {
            Ok(body) => {
                let struck = [sent.unwrap_or_default(), self.key.as_deref().unwrap_or_default()];
                self.told(&body, &struck).tried()
            }
            Err(error) => contract::untried(&error),
        }
    }
}
