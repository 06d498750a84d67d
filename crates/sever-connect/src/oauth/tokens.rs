//! What a token says of itself, and by which fingerprint it is known. Nothing is verified: this tells
//! which door a secret is of, never whether it opens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sever_model::{Door, EventTime};
use sha2::{Digest, Sha256, Sha512};

/// What a JWT claims.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) jti: String,
    pub(crate) kid: String,
    pub(crate) subject: String,
    pub(crate) client: String,
    pub(crate) until: Option<EventTime>,
}

/// The claims of a token, where it is a JWT (RFC 7519).
pub(crate) fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (header, body, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let object = |part: &str| -> Option<Value> {
        let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
        value.is_object().then_some(value)
    };
    let (header, body) = (object(header)?, object(body)?);
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Claims {
        jti: text(&body, "jti"),
        kid: text(&header, "kid"),
        subject: text(&body, "sub"),
        client: text(&body, "client_id"),
        until: seconds(body.get("exp")),
    })
}

/// A time in seconds since 1970 (RFC 7519's NumericDate), as servers write it.
pub(crate) fn seconds(value: Option<&Value>) -> Option<EventTime> {
    let value = value?;
    let secs = value.as_i64().or_else(|| value.as_f64().map(|secs| secs as i64));
    secs.filter(|secs| *secs > 0).map(EventTime::from_secs)
}

/// The SHA-256 of a secret, in hexadecimal.
pub(crate) fn sha256(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a secret is a door's own: a wrong one is refused like one that was revoked, and must not pass
/// for it. A door without a fingerprint takes any.
///
/// A fingerprint is a SHA-256 in hexadecimal, or `{SHA512}` and base64 as Glewlwyd writes it; of a cookie
/// header it is that of one of the cookies. A JWT is known by its `jti`.
pub(crate) fn is_of(door: &Door, secret: &str) -> bool {
    let jti = door.attribute("jti");
    if !jti.is_empty() {
        return claims(secret).is_some_and(|claims| claims.jti == jti);
    }
    let fingerprint = door.attribute("fingerprint").trim_end_matches('=');
    let cookies = secret.split(';').filter_map(|cookie| cookie.trim().split_once('=').map(|(_, value)| value.trim()));
    fingerprint.is_empty()
        || std::iter::once(secret).chain(cookies).any(|part| {
            sha256(part) == fingerprint
                || format!("{{SHA512}}{}", URL_SAFE_NO_PAD.encode(Sha512::digest(part.as_bytes()))) == fingerprint
        })
}

/// A secret of the same shape that nobody was given: each letter another of its kind, all else as it is.
pub(crate) fn never_issued(secret: &str, nonce: &str) -> String {
    let digest = Sha256::digest(format!("never issued: {nonce} {}", sha256(secret)));
    let shaped = |(letter, byte): (char, &u8)| match letter {
        '0'..='9' => char::from(b'0' + byte % 10),
        'a'..='z' => char::from(b'a' + byte % 26),
        'A'..='Z' => char::from(b'A' + byte % 26),
        other => other,
    };
    // The names of cookies stay, and what follows `=` in one.
    let part = |part: &str| match part.split_once('=') {
        Some((name, value)) => {
            format!("{name}={}", value.chars().zip(digest.iter().cycle()).map(shaped).collect::<String>())
        }
        None => part.chars().zip(digest.iter().cycle()).map(shaped).collect(),
    };
    secret.split(';').map(part).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests;
