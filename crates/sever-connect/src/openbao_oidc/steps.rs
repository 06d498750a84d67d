//! The steps of a rotation: what each is, and what it may break. Pure.

use std::collections::BTreeMap;

use sever_model::{ConnectionId, Door, DoorKind, Inverse, Operation, Phase, Span, StepDraft, SystemId};

use crate::connector::{Connection, ConnectionError};

/// How long the next key is published before it is signed with, where nothing else is set: what most
/// verifiers cache the keys for.
const PUBLISHED_SECS: u32 = 600;

/// How long the old key is published after that.
const OVERLAP_SECS: u32 = 600;

/// Longest of both. A step waits at most an hour.
const SECS_MAX: u32 = 3_000;

/// What a rotation does, by its settings.
pub(super) struct Settings {
    pub(super) connection: ConnectionId,
    pub(super) system: SystemId,
    /// The named key.
    pub(super) key: String,
    pub(super) published_secs: u32,
    pub(super) overlap_secs: u32,
    pub(super) emergency: bool,
}

impl Settings {
    /// Those of a connection.
    ///
    /// # Errors
    /// When one is missing or means nothing.
    pub(super) fn of(connection: &Connection) -> Result<Settings, ConnectionError> {
        let secs = |name: &str, usual: u32| match connection.setting(name) {
            None => Ok(usual),
            Some(text) => text.parse::<u32>().ok().filter(|secs| *secs <= SECS_MAX).ok_or_else(|| {
                connection.wrong(format!("`settings.{name}` is a number of seconds up to {SECS_MAX}, not `{text}`"))
            }),
        };
        let emergency = match connection.setting("emergency").unwrap_or("false") {
            "true" => true,
            "false" => false,
            other => return Err(connection.wrong(format!("`settings.emergency` is `true` or `false`, not `{other}`"))),
        };
        Ok(Settings {
            connection: connection.id.clone(),
            system: connection.system.clone(),
            key: connection.required("key")?.to_owned(),
            published_secs: secs("published_secs", PUBLISHED_SECS)?,
            overlap_secs: secs("overlap_secs", OVERLAP_SECS)?,
            emergency,
        })
    }

    /// The steps that take a key of this issuer out of use; none for any other door.
    pub(super) fn steps(&self, door: &Door) -> Vec<StepDraft> {
        if door.kind != DoorKind::SigningKey || door.system != self.system || door.native.is_empty() {
            return Vec::new();
        }
        let steps = if self.emergency { self.at_once() } else { self.with_overlap() };
        let draft = |(verb, how, reason, breaks): Words| StepDraft {
            phase: Phase::Rotate,
            operation: Operation {
                connection: self.connection.clone(),
                verb: verb.to_owned(),
                target: door.native.clone(),
                arguments: self.arguments(),
            },
            how,
            reason,
            // A key that was signed with is not brought back, and the others change nothing.
            inverse: if verb == "sign-with-next" { Inverse::None } else { Inverse::Renewed },
            breaks,
            replaces_secret: false,
            window: Span::ZERO,
            after: Vec::new(),
        };
        steps.into_iter().map(draft).collect()
    }

    /// What was approved is what is done, whatever the settings are by then.
    fn arguments(&self) -> BTreeMap<String, String> {
        let (published, overlap) = if self.emergency { (0, 0) } else { (self.published_secs, self.overlap_secs) };
        let pairs = [
            ("key", self.key.clone()),
            ("overlap_secs", overlap.to_string()),
            ("published_secs", published.to_string()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn with_overlap(&self) -> Vec<Words> {
        let (published, overlap) = (self.published_secs, self.overlap_secs);
        vec![
            (
                "publish-next",
                "see that the next public key is published, and keep a token that the old one signs".to_owned(),
                "verifiers need the next key before anything is signed with it".to_owned(),
                Vec::new(),
            ),
            (
                "see-accepted",
                format!("wait until the next key has been published for {published} s, and each verifier answers"),
                "who has not fetched the next key refuses what it signs".to_owned(),
                Vec::new(),
            ),
            (
                "sign-with-next",
                format!("sign with the next key; the old one is published for {overlap} s more"),
                "whoever has the old key goes on signing until something else is signed with".to_owned(),
                vec![format!(
                    "a verifier that keeps its keys for longer than {published} s refuses new tokens until it fetches them"
                )],
            ),
            (
                "hand-over",
                "see that each verifier accepts what the next key signs".to_owned(),
                "the old key goes once nobody needs it".to_owned(),
                Vec::new(),
            ),
            (
                "retire-old",
                "see that the old public key is published no more".to_owned(),
                "a verifier believes the old key for as long as it is published".to_owned(),
                vec![format!(
                    "tokens that the old key signed are refused from {overlap} s after the rotation on, and their holders sign in again"
                )],
            ),
        ]
    }

    fn at_once(&self) -> Vec<Words> {
        let cached = self.published_secs;
        vec![
            (
                "publish-next",
                "keep a token that the old key signs".to_owned(),
                "it is what the old key is tried with at each verifier".to_owned(),
                Vec::new(),
            ),
            (
                "sign-with-next",
                "EMERGENCY: sign with the next key, and publish the old one no more, at once".to_owned(),
                "whoever has the old key signs what they like until it is believed no more".to_owned(),
                vec![
                    "every token that the old key signed is refused at once by whoever fetches the keys: its holder \
                     is interrupted until they sign in again"
                        .to_owned(),
                    format!(
                        "a verifier that fetched the keys before the next one was among them refuses every new token \
                         until it fetches them again: up to {cached} s for one that keeps them as long as is usual here"
                    ),
                ],
            ),
            (
                "retire-old",
                "see that the old public key is published no more".to_owned(),
                "a verifier believes the old key for as long as it is published".to_owned(),
                Vec::new(),
            ),
        ]
    }
}

/// A step's verb, how, reason, and what it may break.
type Words = (&'static str, String, String, Vec<String>);

#[cfg(test)]
mod tests;
