//! Lines of `authorized_keys` and of certificates, as OpenSSH reads them.
//!
//! Keys are read by the `ssh-key` crate; the options before them are split here, for sshd's are more
//! than that crate judges.

use sever_model::port::Reason;
use sever_model::{CredentialKind, EventTime, Zone};
use ssh_key::{Algorithm, Certificate, HashAlg, PublicKey};

use crate::row::shortened;

/// A key and what was said of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Key {
    /// `SHA256:…`, as sshd's log has it.
    pub(crate) fingerprint: String,
    pub(crate) comment: String,
    /// Whether its private half cannot leave a token.
    pub(crate) on_hardware: bool,
    pub(crate) options: Options,
}

/// What stands before a key.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    /// The key is an authority's: whoever has a certificate of it comes in.
    pub(crate) is_authority: bool,
    /// With one of these names.
    pub(crate) principals: Vec<String>,
    pub(crate) expires: Option<EventTime>,
    /// Only from some addresses, or for one command.
    pub(crate) is_limited: bool,
    /// Only from some addresses.
    pub(crate) is_from_some: bool,
    /// A command is run whatever is asked for.
    pub(crate) is_forced: bool,
    /// Variables are set, whose values may be secrets.
    pub(crate) sets_environment: bool,
}

/// A user's certificate.
#[derive(Debug, PartialEq)]
pub(crate) struct Signed {
    /// The fingerprint of the key that is certified, as sshd's log has it.
    pub(crate) fingerprint: String,
    pub(crate) identity: String,
    pub(crate) serial: u64,
    pub(crate) principals: Vec<String>,
    pub(crate) after: Option<EventTime>,
    pub(crate) before: Option<EventTime>,
    pub(crate) authority: String,
    pub(crate) on_hardware: bool,
    /// Only from some addresses.
    pub(crate) is_from_some: bool,
}

/// The kind of credential that a key is.
pub(crate) const KIND: CredentialKind = CredentialKind::SshKey;

/// Reads a line; nothing where it is blank or a comment.
pub(crate) fn key(line: &str, zone: &Zone) -> Result<Option<Key>, Reason> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (options, rest) = match split_options(line)? {
        ("", rest) => (Options::default(), rest),
        (options, rest) => (read_options(options, zone)?, rest),
    };
    let key = PublicKey::from_openssh(rest).map_err(|error| Reason::Syntax(format!("no public key: {error}")))?;
    let on_hardware = is_on_hardware(&key.algorithm());
    Ok(Some(Key {
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        comment: key.comment().to_owned(),
        on_hardware,
        options,
    }))
}

/// Reads a certificate; nothing where it is a host's, or the line is blank.
pub(crate) fn certificate(line: &str) -> Result<Option<Signed>, Reason> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let bad = |error: ssh_key::Error| Reason::Syntax(format!("no certificate: {error}"));
    let certificate = Certificate::from_openssh(line).map_err(bad)?;
    if !certificate.cert_type().is_user() {
        return Ok(None);
    }
    // 0 and the greatest number are "always" and "for ever" (PROTOCOL.certkeys).
    let time =
        |secs: u64| i64::try_from(secs).ok().filter(|secs| *secs > 0 && *secs < 1 << 40).map(EventTime::from_secs);
    Ok(Some(Signed {
        fingerprint: certificate.public_key().fingerprint(HashAlg::Sha256).to_string(),
        identity: certificate.key_id().to_owned(),
        serial: certificate.serial(),
        principals: certificate.valid_principals().to_vec(),
        after: time(certificate.valid_after()),
        before: time(certificate.valid_before()),
        authority: certificate.signature_key().fingerprint(HashAlg::Sha256).to_string(),
        on_hardware: is_on_hardware(&certificate.algorithm()),
        is_from_some: certificate.critical_options().iter().any(|(name, _)| name == "source-address"),
    }))
}

fn is_on_hardware(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256)
}

/// Splits options from the key: they end at the first space outside quotes.
pub(crate) fn split_options(line: &str) -> Result<(&str, &str), Reason> {
    let is_key = |text: &str| super::place::begins_with_key(text.as_bytes());
    if is_key(line) {
        return Ok(("", line));
    }
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            '\\' if quoted && !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            ' ' | '\t' if !quoted => {
                let (options, rest) =
                    (line.get(..at).unwrap_or_default(), line.get(at..).unwrap_or_default().trim_start());
                return if is_key(rest) {
                    Ok((options, rest))
                } else {
                    Err(Reason::Syntax(format!(
                        "`{}` is no kind of key",
                        shortened(rest.split(' ').next().unwrap_or(""))
                    )))
                };
            }
            _ => {}
        }
        escaped = false;
    }
    Err(Reason::Syntax(if quoted { "a quote is opened and never closed" } else { "no key in the line" }.to_owned()))
}

fn read_options(text: &str, zone: &Zone) -> Result<Options, Reason> {
    let mut options = Options::default();
    for option in each_option(text) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.trim_matches('"');
        match name.to_ascii_lowercase().as_str() {
            "cert-authority" => options.is_authority = true,
            "principals" => options.principals = value.split(',').map(|name| name.trim().to_owned()).collect(),
            "expiry-time" => options.expires = Some(expiry(value, zone)?),
            "from" => (options.is_limited, options.is_from_some) = (true, true),
            "command" => (options.is_limited, options.is_forced) = (true, true),
            "environment" => options.sets_environment = true,
            _ => {}
        }
    }
    Ok(options)
}

/// The options, by commas outside quotes.
fn each_option(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\\' if quoted && !escaped => {
                escaped = true;
                continue;
            }
            b'"' if !escaped => quoted = !quoted,
            b',' if !quoted => {
                found.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        escaped = false;
    }
    found.push(text.get(start..).unwrap_or_default());
    found
}

/// `YYYYMMDD[HHMM[SS]][Z]`, of the host's zone without the `Z` (sshd(8)).
fn expiry(text: &str, zone: &Zone) -> Result<EventTime, Reason> {
    let bad = || Reason::Invalid("expiry-time", shortened(text));
    let digits = text.trim_end_matches('Z');
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return Err(bad());
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or("00");
    let date = format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8));
    let plain = format!("{date}T{}:{}:{}", part(8, 10), part(10, 12), part(12, 14));
    if text.ends_with('Z') {
        return EventTime::parse(&format!("{plain}Z")).map_err(|_| bad());
    }
    zone.local(&plain).map_err(|_| bad())
}

#[cfg(test)]
mod tests;
