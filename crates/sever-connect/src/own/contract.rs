//! The contract of an action and a probe of one's own: JSON in, JSON out, one question at a time. The
//! connectors `exec` and `http` carry it.
//!
//! What comes back is not believed: a door is `closed` only with a positive control that held, texts are
//! shortened, and every secret that was sent is struck from what is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sever_model::act::{ActError, Trial, Tried};
use sever_model::{
    AccountId, Control, ControlKind, Door, DoorKind, DoorList, DoorState, EventTime, Listing, Operation, Receipt, Said,
    Secret, Span, SystemId, UnknownWhy, VerdictStrength, WallTime,
};

/// The contract, for readers.
pub(super) const ABOUT: &str = "\
Each question is one JSON object with `version` (1), `verb`, and what the verb needs; each answer is one JSON object.
Unknown fields are passed over, in both directions.

| verb | question | answer |
|---|---|---|
| `doors` | `account`, `login` | `{\"doors\": [{\"kind\", \"native\", \"title\", \"opens\", \"until\", \"last_used\", \"attributes\"}], \"complete\": true, \"gaps\": []}` |
| `close` | `door`, `secret` (ours, where the setting `replaces` names the kind of door) | `{\"said\": \"done\" or \"already\" or \"queued\", \"answer\": \"…\"}` |
| `open` | `door` | the same: it undoes `close` |
| `try` | `door`, `nonce`, `secret` (the leaver's own or ours, or null), `replaced` | `{\"state\": \"closed\" or \"open\" or \"unknown\", \"why\", \"until\", \"strength\": \"tried\" or \"tried-by-twin\" or \"observed\", \"evidence\", \"controls\": [{\"kind\": \"positive\" or \"negative\", \"what\", \"answer\", \"held\"}]}` |

An answer may be `{\"error\": \"not-allowed\" or \"refused\" or \"rate-limited\" or \"unreachable\", \"what\": \"…\",
\"retry_after_secs\": 30, \"lacking\": \"…\"}` instead. Kinds of door and reasons of `unknown` are the words that plans use
(`login`, `session`, `api-key` …; `unreachable`, `timed-out`, `ambiguous`, `nothing-to-try`, `not-permitted` …). Times are RFC 3339.

`closed` counts only with a positive control that held, such as a twin that gets in; else the door is `unknown`. Closing
must be idempotent. Secrets that are sent are struck from all that is kept.";

/// A question.
#[derive(Debug, Serialize)]
pub(super) struct Question<'a> {
    version: u32,
    pub(super) verb: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    door: Option<AskedDoor<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<bool>,
}

/// A door as it is named to the other side.
#[derive(Debug, Serialize)]
struct AskedDoor<'a> {
    kind: DoorKind,
    native: &'a str,
    attributes: BTreeMap<&'a str, &'a str>,
}

impl<'a> Question<'a> {
    fn new(verb: &'a str) -> Question<'a> {
        Question { version: 1, verb, account: None, login: None, door: None, nonce: None, secret: None, replaced: None }
    }

    /// Which doors an account has.
    pub(super) fn doors(account: &'a AccountId, login: &'a str) -> Question<'a> {
        Question { account: Some(account), login: Some(login), ..Question::new("doors") }
    }

    /// Closes a door, or opens it again.
    pub(super) fn operation(
        operation: &'a Operation,
        kind: DoorKind,
        secret: Option<&'a Secret<String>>,
    ) -> Question<'a> {
        let attributes = operation.arguments.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let attributes = attributes.filter(|(name, _)| *name != KIND).collect();
        let door = AskedDoor { kind, native: &operation.target, attributes };
        let secret = secret.map(|secret| secret.expose().as_str());
        Question { door: Some(door), secret, ..Question::new(&operation.verb) }
    }

    /// Tries a door.
    pub(super) fn trial(door: &'a Door, trial: &Trial<'a>, secret: Option<&'a Secret<String>>) -> Question<'a> {
        let attributes = door.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Question {
            door: Some(AskedDoor { kind: door.kind, native: &door.native, attributes }),
            nonce: Some(trial.nonce),
            secret: secret.map(|secret| secret.expose().as_str()),
            replaced: Some(trial.replaced),
            ..Question::new("try")
        }
    }

    /// It as JSON.
    pub(super) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The argument of an operation that names its door's kind.
pub(super) const KIND: &str = "kind";

/// Longest text of an answer that is kept, in characters.
const TEXT_CHARS_MAX: usize = 500;

/// Most doors of one answer.
const DOORS_MAX: usize = 10_000;

#[derive(Deserialize)]
struct Failed {
    error: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    lacking: String,
    retry_after_secs: Option<u32>,
}

#[derive(Deserialize)]
struct ToldDoors {
    doors: Vec<ToldDoor>,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    gaps: Vec<String>,
}

#[derive(Deserialize)]
struct ToldDoor {
    kind: DoorKind,
    native: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    opens: String,
    until: Option<EventTime>,
    last_used: Option<EventTime>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct ToldReceipt {
    said: Said,
    #[serde(default)]
    answer: String,
}

#[derive(Deserialize)]
struct ToldTrial {
    state: String,
    why: Option<UnknownWhy>,
    until: Option<EventTime>,
    strength: VerdictStrength,
    #[serde(default)]
    evidence: String,
    #[serde(default)]
    controls: Vec<Control>,
}

/// What was answered, with what must not be in it.
pub(super) struct Told<'a> {
    pub(super) body: &'a str,
    pub(super) struck: &'a [&'a str],
}

impl Told<'_> {
    fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, ActError> {
        if let Ok(failed) = serde_json::from_str::<Failed>(self.body) {
            return Err(self.failure(failed));
        }
        serde_json::from_str(self.body).map_err(|error| {
            ActError::Unexpected(self.text(&format!("not as the contract has it: {error}: {}", self.body)))
        })
    }

    fn failure(&self, failed: Failed) -> ActError {
        let what = self.text(&failed.what);
        match failed.error.as_str() {
            "not-allowed" => ActError::NotAllowed { what, lacking: self.text(&failed.lacking) },
            "rate-limited" => ActError::RateLimited(failed.retry_after_secs.map(|secs| Span::secs(i64::from(secs)))),
            "refused" => ActError::Refused(what),
            "unreachable" => ActError::Unreachable(what),
            other => ActError::Unexpected(self.text(&format!("error `{other}`: {what}"))),
        }
    }

    /// A text of theirs: on one line, shortened, without any secret.
    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.struck.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "…");
        }
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().filter(|letter| !letter.is_control()).take(TEXT_CHARS_MAX).collect()
    }

    /// The doors that were told.
    pub(super) fn doors(&self, system: &SystemId, account: &AccountId) -> Result<DoorList, ActError> {
        let told: ToldDoors = self.read()?;
        let mut gaps: Vec<String> = told.gaps.iter().map(|gap| self.text(gap)).collect();
        if told.doors.len() > DOORS_MAX {
            gaps.push(format!("{} doors, of which {DOORS_MAX} are looked at", told.doors.len()));
        }
        let complete = told.complete && told.doors.len() <= DOORS_MAX;
        let doors = told.doors.into_iter().take(DOORS_MAX).map(|it| {
            let mut door = Door::new(system, it.kind, self.text(&it.native));
            door.account = Some(account.clone());
            door.title = self.text(&it.title);
            door.opens = self.text(&it.opens);
            (door.until, door.last_used) = (it.until, it.last_used);
            door.attributes = it.attributes.iter().map(|(name, value)| (self.text(name), self.text(value))).collect();
            door
        });
        let mut doors: Vec<Door> = doors.collect();
        doors.sort_by(|a, b| a.id.cmp(&b.id));
        doors.dedup_by(|a, b| a.id == b.id);
        Ok(DoorList { doors, listing: if complete { Listing::Complete } else { Listing::Partial }, gaps })
    }

    /// The receipt that was told.
    pub(super) fn receipt(&self, at: WallTime) -> Result<Receipt, ActError> {
        let told: ToldReceipt = self.read()?;
        let answer = Some(self.text(&told.answer)).filter(|answer| !answer.is_empty());
        Ok(Receipt { said: told.said, answer: answer.unwrap_or_else(|| "no words".to_owned()), at })
    }

    /// What trying showed, as far as it can be believed.
    pub(super) fn tried(&self) -> Tried {
        let told: ToldTrial = match self.read() {
            Ok(told) => told,
            Err(error) => return untried(&error),
        };
        let controls: Vec<Control> = told
            .controls
            .into_iter()
            .map(|it| Control { what: self.text(&it.what), answer: self.text(&it.answer), ..it })
            .collect();
        let would_open = controls.iter().any(|it| it.kind == ControlKind::Positive && it.held);
        let state = match told.state.as_str() {
            "open" => DoorState::Open { until: told.until },
            "closed" if controls.iter().any(|it| !it.held) => DoorState::Unknown(UnknownWhy::ControlFailed),
            "closed" if would_open => DoorState::Closed,
            "closed" => DoorState::Unknown(UnknownWhy::Ambiguous),
            _ => DoorState::Unknown(told.why.unwrap_or(UnknownWhy::Unexpected)),
        };
        Tried { state, strength: told.strength, evidence: self.text(&told.evidence), controls }
    }
}

/// That nothing came of trying.
pub(super) fn untried(error: &ActError) -> Tried {
    let why = match error {
        ActError::Unreachable(_) => UnknownWhy::Unreachable,
        ActError::LostAnswer(_) | ActError::RateLimited(_) => UnknownWhy::TimedOut,
        ActError::NotAllowed { .. } => UnknownWhy::NotPermitted,
        ActError::Refused(_) | ActError::BadStep(_) | ActError::Unexpected(_) => UnknownWhy::Unexpected,
    };
    Tried {
        state: DoorState::Unknown(why),
        strength: VerdictStrength::Observed,
        evidence: error.to_string(),
        controls: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
