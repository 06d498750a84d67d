//! What an X.509 certificate (RFC 5280) says of the key that it is about: names and times, no more.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sever_model::EventTime;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::time::Time;

use crate::files::hex;

/// What is read of a certificate.
#[derive(Debug, PartialEq)]
pub(crate) struct Facts {
    /// SHA-256 over the certificate, in lower-case hexadecimal digits.
    pub(crate) fingerprint: String,
    /// SHA-256 over its public key (SubjectPublicKeyInfo), base64url: how Keycloak names a key.
    pub(crate) key_id: String,
    pub(crate) not_before: Option<EventTime>,
    pub(crate) not_after: Option<EventTime>,
}

/// Reads a certificate in DER.
pub(crate) fn of_der(der: &[u8]) -> Option<Facts> {
    let certificate = Certificate::from_der(der).ok()?;
    let tbs = certificate.tbs_certificate();
    let spki = tbs.subject_public_key_info().to_der().ok()?;
    let validity = tbs.validity();
    Some(Facts {
        fingerprint: hex(&Sha256::digest(der)),
        key_id: URL_SAFE_NO_PAD.encode(Sha256::digest(spki)),
        not_before: instant(&validity.not_before),
        not_after: instant(&validity.not_after),
    })
}

/// Reads a certificate in base64, with or without the lines of PEM around it.
pub(crate) fn of_text(text: &str) -> Option<Facts> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let coded: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
    of_der(&STANDARD.decode(coded).ok()?)
}

fn instant(time: &Time) -> Option<EventTime> {
    Some(EventTime::from_secs(i64::try_from(time.to_unix_duration().as_secs()).ok()?))
}

#[cfg(test)]
mod tests;
