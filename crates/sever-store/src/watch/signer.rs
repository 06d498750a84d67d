//! The key that security event tokens are signed with: made once, at random, readable by its owner only.
//!
//! ES256 (RFC 7518 §3.4), which every library that checks tokens knows. Its id is its thumbprint (RFC 7638).

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// The file, in the data directory.
const FILE: &str = "events.key";

/// The signing key of one data directory.
pub struct EventKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    /// The public half, as its key set has it.
    public: Value,
    id: String,
}

impl EventKey {
    /// Reads the data directory's key, or makes it where there is none.
    ///
    /// # Errors
    /// When the file cannot be used, or holds no key.
    pub fn read_or_make(data_dir: &Path) -> io::Result<EventKey> {
        let path = data_dir.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
                let text = BASE64.encode(made.map_err(|_| no_key())?.as_ref());
                make(data_dir, &path, &text)?;
                text
            }
            Err(error) => return Err(error),
        };
        let document = BASE64.decode(text.trim()).map_err(|_| no_key())?;
        EventKey::of(&document)
    }

    fn of(document: &[u8]) -> io::Result<EventKey> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document, &random);
        let pair = pair.map_err(|_| no_key())?;
        // An uncompressed point: 4, x, y (SEC 1 §2.3.3).
        let point = pair.public_key().as_ref();
        let coordinate = |from: usize| point.get(from..from + 32).map(|bytes| BASE64.encode(bytes)).ok_or_else(no_key);
        let (x, y) = (coordinate(1)?, coordinate(33)?);
        let print = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let id = BASE64.encode(digest(&SHA256, print.as_bytes()));
        let public = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": id });
        Ok(EventKey { pair, random, public, id })
    }

    /// The key set that receivers check tokens with (RFC 7517).
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.public] })
    }

    /// A token of these claims (RFC 7515 §7.1, typed as RFC 8417 §2.3 has it).
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn token(&self, claims: &Value) -> io::Result<String> {
        let header = json!({ "alg": "ES256", "typ": "secevent+jwt", "kid": self.id });
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = self.pair.sign(&self.random, signed.as_bytes());
        let signature = signature.map_err(|_| io::Error::other("the system gives no random bytes"))?;
        Ok(format!("{signed}.{}", BASE64.encode(signature.as_ref())))
    }
}

/// Writes the key beside its place and links it there: where another process was first, it fails.
fn make(dir: &Path, path: &Path, text: &str) -> io::Result<()> {
    let tmp = dir.join(format!("{FILE}.{:016x}.tmp", rand::random::<u64>()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&tmp)?;
    writeln!(file, "{text}").and_then(|()| file.sync_all())?;
    let linked = fs::hard_link(&tmp, path);
    fs::remove_file(&tmp)?;
    linked
}

fn no_key() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{FILE}` holds no signing key"))
}
