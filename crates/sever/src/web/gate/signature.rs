//! Whether a token's signature holds, by the issuers' public keys.
//!
//! A JWK set (RFC 7517) from a file, read again when the file changes. Keys are picked by their id, and by
//! the one algorithm family that they are of: a token cannot have an RSA key taken for a shared secret.
//! Symmetric keys are never used.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde::Deserialize;
use sever_decode::Signed;

/// Largest key set that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The keys, as the file has them now.
pub struct Signatures {
    path: PathBuf,
    keys: RwLock<(Option<SystemTime>, Arc<Vec<Key>>)>,
}

/// One public key.
struct Key {
    id: String,
    /// The algorithm that it is for, where the set says.
    algorithm: Option<String>,
    public: Public,
}

enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

impl Signatures {
    /// The keys of a file.
    ///
    /// # Errors
    /// When it cannot be read, or has no key that can be used.
    pub fn open(path: &Path) -> Result<Signatures, String> {
        let keys = read(path)?;
        Ok(Signatures { path: path.to_owned(), keys: RwLock::new((changed(path), Arc::new(keys))) })
    }

    /// Reads the file again where it has changed: how many keys there are then.
    ///
    /// # Errors
    /// When it cannot be read: then the keys stay as they were.
    pub fn refresh(&self) -> Result<Option<usize>, String> {
        let now = changed(&self.path);
        if self.keys.read().is_ok_and(|known| known.0 == now) {
            return Ok(None);
        }
        let keys = read(&self.path)?;
        let count = keys.len();
        if let Ok(mut known) = self.keys.write() {
            *known = (now, Arc::new(keys));
        }
        Ok(Some(count))
    }

    /// Whether a signature is one of a key's.
    pub fn hold(&self, key_id: &str, signed: &Signed<'_>) -> bool {
        let Ok(keys) = self.keys.read().map(|known| Arc::clone(&known.1)) else { return false };
        let Ok(signature) = BASE64_URL_SAFE_NO_PAD.decode(signed.signature) else { return false };
        let mut named = keys.iter().filter(|key| key.id == key_id || (key_id.is_empty() && keys.len() == 1));
        named.any(|key| {
            let meant = key.algorithm.as_deref().is_none_or(|algorithm| algorithm == signed.algorithm);
            meant && key.public.verifies(signed.algorithm, signed.input.as_bytes(), &signature)
        })
    }
}

impl Public {
    fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let plain = |of: &'static dyn VerificationAlgorithm, key: &Vec<u8>| {
            UnparsedPublicKey::new(of, key).verify(message, signature).is_ok()
        };
        match (self, algorithm) {
            (Public::Rsa { n, e }, _) => rsa(algorithm).is_some_and(|parameters| {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }),
            (Public::P256(key), "ES256") => plain(&signature::ECDSA_P256_SHA256_FIXED, key),
            (Public::P384(key), "ES384") => plain(&signature::ECDSA_P384_SHA384_FIXED, key),
            (Public::Ed25519(key), "EdDSA" | "Ed25519") => plain(&signature::ED25519, key),
            _ => false,
        }
    }
}

fn rsa(algorithm: &str) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
        "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
        "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
        "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
        "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
        "PS512" => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

fn read(path: &Path) -> Result<Vec<Key>, String> {
    let failed = |what: String| format!("`{}`: {what}", path.display());
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > FILE_BYTES_MAX {
        return Err(failed("too large for a set of keys".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let set: Set = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
    let keys: Vec<Key> = set.keys.into_iter().filter_map(key).collect();
    if keys.is_empty() {
        return Err(failed("no RSA, P-256, P-384 or Ed25519 key for signatures is in it".to_owned()));
    }
    Ok(keys)
}

fn key(jwk: Jwk) -> Option<Key> {
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return None;
    }
    let bytes = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok().filter(|it| !it.is_empty());
    let point = || Some([&[4u8][..], &bytes(&jwk.x)?, &bytes(&jwk.y)?].concat());
    let public = match (jwk.kty.as_str(), jwk.crv.as_str()) {
        ("RSA", _) => Public::Rsa { n: bytes(&jwk.n)?, e: bytes(&jwk.e)? },
        ("EC", "P-256") => Public::P256(point()?),
        ("EC", "P-384") => Public::P384(point()?),
        ("OKP", "Ed25519") => Public::Ed25519(bytes(&jwk.x)?),
        _ => return None,
    };
    Some(Key { id: jwk.kid, algorithm: jwk.alg, public })
}

#[cfg(test)]
mod tests;
