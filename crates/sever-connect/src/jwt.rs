//! Signed tokens (RFC 7515, RFC 7519) as they are told apart here: by which key one says that it was
//! signed, and until when it is good. No signature is checked: that is for whoever believes it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use sever_model::{EventTime, Secret};

/// Longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 16 << 10;

/// A token, and what it says of itself.
pub(crate) struct Jwt {
    /// The token: whoever has it gets in.
    pub(crate) text: Secret<String>,
    /// The id of the key that signed it.
    pub(crate) key_id: String,
    /// Until when it is good, where it says so.
    pub(crate) expires_at: Option<EventTime>,
}

impl Jwt {
    /// A token of three parts with a key's id in its header; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Jwt> {
        let text = text.trim();
        if text.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let mut parts = text.split('.');
        let (header, claims) = (parts.next()?, parts.next()?);
        let signature = parts.next().filter(|it| !it.is_empty())?;
        if parts.next().is_some() || BASE64_URL_SAFE_NO_PAD.decode(signature).is_err() {
            return None;
        }
        let read = |part: &str| serde_json::from_slice::<Value>(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let (header, claims) = (read(header)?, read(claims)?);
        let key_id = header.get("kid").and_then(Value::as_str).filter(|it| !it.is_empty())?.to_owned();
        let exp = claims.get("exp").and_then(Value::as_f64).filter(|secs| (0.0..1e11).contains(secs));
        let expires_at = exp.map(|secs| EventTime::from_secs(secs as i64));
        Some(Jwt { text: Secret::new(text.to_owned()), key_id, expires_at })
    }

    /// The same token with a signature that no key has made. It names the same key, so that a verifier is
    /// not led to ask its issuer for one that it does not know.
    pub(crate) fn altered(&self) -> Secret<String> {
        let (signed, signature) = self.text.expose().rsplit_once('.').unwrap_or_default();
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        // The first byte stays: an RSA signature must be below its modulus to be looked at at all.
        for byte in bytes.iter_mut().skip(1) {
            *byte ^= 0x5a;
        }
        Secret::new(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }
}

#[cfg(test)]
mod tests;
