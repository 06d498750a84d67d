//! Subject ids as the lake keeps them: keyed codes, never the ids themselves.
//!
//! A code is the 128-bit keyed fingerprint of an id, as 22 letters and digits. It is the fingerprint
//! that the subject register is built of, so that whether an id exists can be asked by its code. The
//! way back from a code to an id is the [`crate::dictionary`], which lies apart and is encrypted.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sever_model::{Fingerprint, FingerprintKey};

/// Characters of a code.
const CODE_CHARS: usize = 22;

/// The code of an id; none of no id.
pub fn code(key: &FingerprintKey, id: &str) -> Box<str> {
    let mut text = String::new();
    write(key, id, &mut text);
    text.into()
}

/// Writes the code of an id.
pub(crate) fn write(key: &FingerprintKey, id: &str, into: &mut String) {
    if !id.is_empty() {
        write_fingerprint(key.fingerprint(id.as_bytes()).0, into);
    }
}

/// Writes the code that stands for a fingerprint.
pub(crate) fn write_fingerprint(fingerprint: u128, into: &mut String) {
    URL_SAFE_NO_PAD.encode_string(fingerprint.to_be_bytes(), into);
}

/// The fingerprint that a code stands for.
pub(crate) fn fingerprint(code: &str) -> Option<Fingerprint> {
    let mut bytes = [0; 16];
    let read = (code.len() == CODE_CHARS).then(|| URL_SAFE_NO_PAD.decode_slice(code, &mut bytes).ok()).flatten();
    read.filter(|count| *count == bytes.len()).map(|_| Fingerprint(u128::from_be_bytes(bytes)))
}

/// The same, and for a text that stands for an erased subject one of its own.
pub(crate) fn fingerprint_or_own(code: &str) -> Fingerprint {
    // No secret: what stands for the erased says nothing of them.
    fingerprint(code).unwrap_or_else(|| FingerprintKey::new([0; 16]).fingerprint(code.as_bytes()))
}

/// The code that stands for a fingerprint.
pub fn code_of(fingerprint: Fingerprint) -> Box<str> {
    let mut text = String::with_capacity(CODE_CHARS);
    write_fingerprint(fingerprint.0, &mut text);
    text.into()
}
