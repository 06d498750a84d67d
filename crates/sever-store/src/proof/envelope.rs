//! DSSE envelopes: a statement's bytes, its type, and the signature over both.
//!
//! The envelope is canonical JSON (RFC 8785), so that one statement has one envelope, and reading one
//! that is written otherwise fails: its bytes are what the log's tree is of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::note::NoteKey;
use super::signer::LogKey;

/// The type of what is in the envelopes.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    keyid: String,
    sig: String,
}

/// What is signed: the pre-authentication encoding of type and payload.
fn pae(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Puts a payload into a signed envelope.
///
/// # Errors
/// When it has no canonical JSON.
pub(crate) fn seal(payload: &[u8], key: &LogKey) -> Result<Vec<u8>, serde_json::Error> {
    let envelope = Envelope {
        payload: STANDARD.encode(payload),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: vec![EnvelopeSignature {
            keyid: key.public().fingerprint(),
            sig: STANDARD.encode(key.sign(&pae(payload))),
        }],
    };
    serde_json_canonicalizer::to_vec(&envelope)
}

/// An envelope that was read, whose signature nobody has looked at yet.
pub(crate) struct Sealed {
    /// The payload.
    pub(crate) payload: Vec<u8>,
    keyid: String,
    signature: Vec<u8>,
}

impl Sealed {
    /// Reads an envelope with one signature.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Sealed, &'static str> {
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(|_| "no DSSE envelope")?;
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err("the payload is no in-toto statement");
        }
        let [signature] = envelope.signatures.as_slice() else { return Err("not signed once") };
        let payload = STANDARD.decode(&envelope.payload).map_err(|_| "the payload is no base64")?;
        let bytes_of = STANDARD.decode(&signature.sig).map_err(|_| "the signature is no base64")?;
        let sealed = Sealed { payload, keyid: signature.keyid.clone(), signature: bytes_of };
        let canonical = serde_json_canonicalizer::to_vec(&envelope).map_err(|_| "no canonical form")?;
        if canonical == bytes { Ok(sealed) } else { Err("the envelope is not canonical JSON") }
    }

    /// Whether a key signed it.
    pub(crate) fn signed_by(&self, key: &NoteKey) -> bool {
        self.keyid == key.fingerprint() && key.verifies(&pae(&self.payload), &self.signature)
    }
}

#[cfg(test)]
mod tests;
