//! Asking a host whether it would let a key in, and reading what it says.
//!
//! In SSH's authentication (RFC 4252 §7) a client may show a public key without a signature, and the host
//! says whether a signature by it would do. So a leaver's own key is tried without having it; nothing runs,
//! and nobody is logged in. What sshd answers to a key it does not know, to a user it does not know and to
//! one it does not like is the same refusal: only controls tell that a refusal means the door.

use std::path::Path;

use base64::Engine as _;
use sever_model::act::ActError;
use sever_model::{Control, ControlKind, DoorState, Secret, Span, UnknownWhy};
use ssh_key::{HashAlg, PrivateKey, PublicKey};

use super::client::{Client, Ended, Identity, Unnamed};
use super::hosts::Host;

/// What a host said to what it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// A signature by the key would do.
    WouldDo,
    /// It let us in.
    LetIn,
    /// It let us in without any key.
    LetInAnyhow,
    /// It does not take the key.
    Refused,
    /// The client did not show it: the two agree on no algorithm for it.
    NotShown(String),
    /// It could not be reached, or is another than we know.
    Unreachable(String),
    TimedOut,
    /// Anything else.
    Other(String),
}

impl Said {
    /// In words, for evidence.
    pub(crate) fn words(&self) -> String {
        match self {
            Said::WouldDo => "the server accepts the key".to_owned(),
            Said::LetIn => "let in".to_owned(),
            Said::LetInAnyhow => "let in without any key".to_owned(),
            Said::Refused => "permission denied (publickey)".to_owned(),
            Said::NotShown(why) => format!("the client did not offer the key: {why}"),
            Said::Unreachable(why) | Said::Other(why) => why.clone(),
            Said::TimedOut => "no answer in time".to_owned(),
        }
    }

    fn opens(&self) -> bool {
        matches!(self, Said::WouldDo | Said::LetIn | Said::LetInAnyhow)
    }
}

/// What is shown.
pub(crate) enum Shown<'a> {
    /// The public half: kind and key.
    Key(&'a str),
    /// A certificate, whole.
    Certificate(&'a str),
    /// A private key: a real login, which runs `true` and nothing else.
    Private(&'a Secret<String>),
}

/// Shows it to a host as a user.
pub(crate) fn show(client: &Client, host: &Host, user: &str, shown: &Shown<'_>, nonce: &str, patience: Span) -> Said {
    let asked = || -> Result<(Ended, String), ActError> {
        let remote = format!("true {}", super::client::quoted(nonce));
        let broken = |error: std::io::Error| ActError::Unreachable(format!("no place for a public key: {error}"));
        let folder = tempfile::tempdir().map_err(broken)?;
        let run = |identity: &Identity<'_>| client.run(host, user, identity, &remote, b"", patience);
        let put = |name: &str, text: &str| -> Result<std::path::PathBuf, ActError> {
            let path = Path::join(folder.path(), name);
            std::fs::write(&path, format!("{text}\n")).map_err(broken)?;
            Ok(path)
        };
        let bad = || ActError::BadStep("not a key that can be shown".to_owned());
        match shown {
            Shown::Private(key) => {
                let fingerprint = public_of(key).map(|(_, fingerprint)| fingerprint).unwrap_or_default();
                Ok((run(&Identity::Private(&Unnamed::of(key)?))?, fingerprint))
            }
            Shown::Key(text) => {
                let fingerprint = fingerprint(text).ok_or_else(bad)?;
                Ok((run(&Identity::Public(&put("key.pub", text)?))?, fingerprint))
            }
            Shown::Certificate(text) => {
                let certificate = ssh_key::Certificate::from_openssh(text).map_err(|_| bad())?;
                let key = PublicKey::new(certificate.public_key().clone(), "");
                let text_of_key = key.to_openssh().map_err(|_| bad())?;
                let (certificate, key) = (put("key-cert.pub", text)?, put("key.pub", &text_of_key)?);
                let fingerprint = fingerprint(&text_of_key).ok_or_else(bad)?;
                Ok((run(&Identity::Certificate { certificate: &certificate, key: &key })?, fingerprint))
            }
        }
    };
    match asked() {
        Ok((ended, fingerprint)) => read(&ended, &fingerprint, matches!(shown, Shown::Certificate(_))),
        Err(ActError::Unreachable(why)) => Said::Unreachable(why),
        Err(error) => Said::Other(error.to_string()),
    }
}

/// Reads the client's log.
pub(crate) fn read(ended: &Ended, fingerprint: &str, is_certificate: bool) -> Said {
    // `Offering public key: PATH ED25519-CERT SHA256:… explicit`; the plain key of a certificate is shown
    // too, and is another door.
    let about = |start: &str| {
        let lines = ended.log.lines().filter(|line| line.contains(start));
        lines.into_iter().any(|line| line.contains(fingerprint) && line.contains("-CERT ") == is_certificate)
    };
    let is_other_key = |line: &str| line.contains("using \"publickey\"");
    if ended.let_in() {
        let by_key = ended.log.lines().any(|line| line.contains("Authenticated to ") && is_other_key(line));
        return if by_key { Said::LetIn } else { Said::LetInAnyhow };
    }
    if ended.code.is_none() {
        return Said::TimedOut;
    }
    if ended.is_stranger() {
        return Said::Unreachable("the host's key is not the one in `known_hosts`".to_owned());
    }
    match (about("Offering public key: "), about("Server accepts key: "), ended.refused()) {
        (_, true, _) => Said::WouldDo,
        (true, false, true) => Said::Refused,
        (false, false, true) => Said::NotShown(ended.last_words()),
        _ if ended.log.contains("debug1: Authentications that can continue") => Said::Other(ended.last_words()),
        _ => Said::Unreachable(ended.last_words()),
    }
}

/// What was said to the door's key and to the controls, as a state.
pub(crate) fn decide(said: &Said, stranger: &Said, twin: Option<&Said>) -> DoorState {
    let unknown = DoorState::Unknown;
    match said {
        Said::LetIn | Said::LetInAnyhow => DoorState::Open { until: None },
        // A host that takes any key has said nothing about this one.
        Said::WouldDo if stranger.opens() => unknown(UnknownWhy::ControlFailed),
        Said::WouldDo => DoorState::Open { until: None },
        Said::Refused => match (stranger, twin) {
            (_, None) => unknown(UnknownWhy::Ambiguous),
            (Said::Refused, Some(Said::WouldDo | Said::LetIn)) => DoorState::Closed,
            (Said::TimedOut, _) | (_, Some(Said::TimedOut)) => unknown(UnknownWhy::TimedOut),
            (Said::Unreachable(_), _) | (_, Some(Said::Unreachable(_))) => unknown(UnknownWhy::Unreachable),
            _ => unknown(UnknownWhy::ControlFailed),
        },
        Said::NotShown(_) => unknown(UnknownWhy::ControlFailed),
        Said::Unreachable(_) => unknown(UnknownWhy::Unreachable),
        Said::TimedOut => unknown(UnknownWhy::TimedOut),
        Said::Other(_) => unknown(UnknownWhy::Unexpected),
    }
}

/// A control, for the verdict.
pub(crate) fn control(kind: ControlKind, what: String, said: &Said) -> Control {
    let held = match kind {
        ControlKind::Positive => matches!(said, Said::WouldDo | Said::LetIn),
        ControlKind::Negative => *said == Said::Refused,
    };
    Control { kind, what, answer: said.words(), held }
}

/// A key that was never anybody's: its public half is made of 32 bytes, and there is no private one.
pub(crate) fn stranger(seed: &[u8]) -> String {
    let mut blob = Vec::new();
    for part in [b"ssh-ed25519".as_slice(), seed] {
        blob.extend((part.len() as u32).to_be_bytes());
        blob.extend_from_slice(part);
    }
    format!("ssh-ed25519 {}", base64::prelude::BASE64_STANDARD.encode(blob))
}

/// The fingerprint of a public key, as sshd's log has it.
pub(crate) fn fingerprint(text: &str) -> Option<String> {
    Some(PublicKey::from_openssh(text).ok()?.fingerprint(HashAlg::Sha256).to_string())
}

/// The public half of a private key and its fingerprint; none where it does not read, or is encrypted whole.
pub(crate) fn public_of(key: &Secret<String>) -> Option<(String, String)> {
    let key = PrivateKey::from_openssh(key.expose().trim()).ok()?;
    let public = PublicKey::new(key.public_key().key_data().clone(), "").to_openssh().ok()?;
    let fingerprint = fingerprint(&public)?;
    Some((public, fingerprint))
}

#[cfg(test)]
mod tests;
