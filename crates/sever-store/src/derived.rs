//! Secrets of ours that are derived and never kept: what stands for a leaver's password after a reset.
//!
//! Each is HMAC-SHA-256 of its purpose under the installation's own key, which is made once, at random,
//! and readable by its owner only. So a secret is the same after a crash and in a week, and nothing is
//! left behind but the key; whoever has the key can enter only where an account was disabled besides.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use sever_model::Secret;
use sever_model::act::Secrets;

use crate::proof::unhex;
use crate::{StoreError, key};

/// The file, in the data directory.
const FILE: &str = "secrets.key";

/// Derives the secrets of one data directory.
pub struct DerivedSecrets {
    key: hmac::Key,
}

impl DerivedSecrets {
    /// With the key of a data directory, made on first use.
    ///
    /// # Errors
    /// When the file cannot be used or holds no key.
    pub fn of(data_dir: &Path) -> Result<DerivedSecrets, StoreError> {
        let text = Secret::new(key::read_or_make_text(data_dir, FILE, 32)?);
        let bytes = unhex::<32>(text.expose().trim()).map(Secret::new);
        let bytes =
            bytes.ok_or(StoreError::Key { path: data_dir.join(FILE), what: "expected 64 hexadecimal digits" })?;
        Ok(DerivedSecrets { key: hmac::Key::new(hmac::HMAC_SHA256, bytes.expose()) })
    }
}

impl Secrets for DerivedSecrets {
    fn derive(&self, purpose: &str) -> Secret<String> {
        let tag = hmac::sign(&self.key, purpose.as_bytes());
        // 168 random bits behind one of each kind of character that password rules ask for.
        let random = BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref().get(..21).unwrap_or_default()).replace('_', "-");
        Secret::new(format!("Sv9-{random}"))
    }
}

#[cfg(test)]
mod tests {
    use sever_model::act::Secrets as _;

    #[test]
    fn a_secret_is_the_same_again_and_another_for_another_purpose_or_installation() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secrets = super::DerivedSecrets::of(one.path()).unwrap();
        let bob = secrets.derive("ldap/login/bob");
        assert_eq!(bob.expose().len(), 32);
        assert!(bob.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        assert_eq!(super::DerivedSecrets::of(one.path()).unwrap().derive("ldap/login/bob").expose(), bob.expose());
        assert_ne!(secrets.derive("ldap/login/eve").expose(), bob.expose());
        assert_ne!(super::DerivedSecrets::of(other.path()).unwrap().derive("ldap/login/bob").expose(), bob.expose());
    }
}
