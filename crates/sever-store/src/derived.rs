//! Secrets of ours: those that are derived and never kept, and the few that must be kept for a while.
//!
//! What stands for a leaver's password after a reset is HMAC-SHA-256 of its purpose under the
//! installation's own key, which is made once, at random, and readable by its owner only. So a secret is
//! the same after a crash and in a week, and nothing is left behind but the key; whoever has the key can
//! enter only where an account was disabled besides.
//!
//! What cannot be derived, a token that a key signed before it was replaced, is kept in the folder `kept`
//! of the data directory: a file per purpose, encrypted with AES-256-GCM under a key of its own that is
//! derived from the same one, and bound to its purpose. The file's name tells nothing of it.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::{fs, io};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::{aead, hmac};
use sever_model::Secret;
use sever_model::act::Secrets;

use crate::proof::unhex;
use crate::{StoreError, key};

/// The file, in the data directory.
const FILE: &str = "secrets.key";

/// The folder of what is kept, in the data directory.
const FOLDER: &str = "kept";

/// Longest secret that is kept.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// From what the key of what is kept is derived; no purpose of a secret begins with a zero byte.
const KEPT_KEY: &[u8] = b"\0severance kept secrets";

/// Derives the secrets of one data directory, and keeps some.
pub struct DerivedSecrets {
    key: hmac::Key,
    folder: PathBuf,
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
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes.expose());
        Ok(DerivedSecrets { key, folder: data_dir.join(FOLDER) })
    }

    /// The key that what is kept is encrypted with.
    fn sealing(&self) -> Option<aead::LessSafeKey> {
        let bytes = hmac::sign(&self.key, KEPT_KEY);
        aead::UnboundKey::new(&aead::AES_256_GCM, bytes.as_ref()).ok().map(aead::LessSafeKey::new)
    }

    /// Where what is kept for a purpose is.
    fn file_of(&self, purpose: &str) -> PathBuf {
        let tag = hmac::sign(&self.key, &[KEPT_KEY, purpose.as_bytes()].concat());
        self.folder.join(BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref().get(..21).unwrap_or_default()))
    }
}

impl Secrets for DerivedSecrets {
    fn derive(&self, purpose: &str) -> Secret<String> {
        let tag = hmac::sign(&self.key, purpose.as_bytes());
        // 168 random bits behind one of each kind of character that password rules ask for.
        let random = BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref().get(..21).unwrap_or_default()).replace('_', "-");
        Secret::new(format!("Sv9-{random}"))
    }

    fn keep(&self, purpose: &str, secret: &Secret<String>) -> Result<(), String> {
        let text = secret.expose().as_bytes();
        if text.len() > KEPT_BYTES_MAX {
            return Err(format!("it is longer than {KEPT_BYTES_MAX} bytes"));
        }
        let nonce: [u8; aead::NONCE_LEN] = rand::random();
        let mut sealed = text.to_vec();
        let key = self.sealing().ok_or("it cannot be encrypted")?;
        let bound = aead::Aad::from(purpose.as_bytes());
        key.seal_in_place_append_tag(aead::Nonce::assume_unique_for_key(nonce), bound, &mut sealed)
            .map_err(|_| "it cannot be encrypted")?;
        let path = self.file_of(purpose);
        let bytes = [nonce.as_slice(), sealed.as_slice()].concat();
        replace(&self.folder, &path, &bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn kept(&self, purpose: &str) -> Option<Secret<String>> {
        let file = fs::File::open(self.file_of(purpose)).ok()?;
        let mut bytes = Vec::new();
        file.take(KEPT_BYTES_MAX as u64 + 64).read_to_end(&mut bytes).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(aead::NONCE_LEN)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.sealing()?.open_in_place(nonce, aead::Aad::from(purpose.as_bytes()), sealed).ok()?;
        Some(Secret::new(std::str::from_utf8(opened).ok()?.to_owned()))
    }

    fn forget(&self, purpose: &str) -> Result<(), String> {
        let path = self.file_of(purpose);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(format!("{}: {error}", path.display())),
            _ => Ok(()),
        }
    }
}

/// Writes a file that only its owner reads beside its place and moves it there, so that a crash leaves
/// what was there before or all of the new.
fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let tmp = folder.join(format!("{:016x}.tmp", rand::random::<u64>()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&tmp)?;
    let moved = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&tmp, path));
    if moved.is_err() {
        // Nothing is at its place; what is left beside it is of no use and cannot be read.
        fs::remove_file(&tmp).ok();
        return moved;
    }
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use sever_model::Secret;
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

    #[test]
    fn what_is_kept_is_there_after_a_crash_unreadable_for_others_and_gone_when_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = super::DerivedSecrets::of(folder.path()).unwrap();
        assert!(secrets.kept("signed-by/kid-1").is_none());
        for token in ["token-of-a-test-1", "token-of-a-test-2"] {
            secrets.keep("signed-by/kid-1", &Secret::new(token.to_owned())).unwrap();
        }
        secrets.keep("signed-by/kid-2", &Secret::new("another-token".to_owned())).unwrap();
        let again = super::DerivedSecrets::of(folder.path()).unwrap();
        assert_eq!(again.kept("signed-by/kid-1").unwrap().expose(), "token-of-a-test-2");
        for file in std::fs::read_dir(folder.path().join("kept")).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("token"), "it is written in clear");
        }
        // Under another purpose's name, cut short, or changed, it is nothing.
        let (one, two) = (again.file_of("signed-by/kid-1"), again.file_of("signed-by/kid-2"));
        std::fs::copy(&one, &two).unwrap();
        assert!(again.kept("signed-by/kid-2").is_none());
        let bytes = std::fs::read(&one).unwrap();
        for bad in [&bytes[..5], &bytes[..bytes.len() - 1], &[bytes.as_slice(), b"x"].concat()] {
            std::fs::write(&one, bad).unwrap();
            assert!(again.kept("signed-by/kid-1").is_none());
        }
        again.forget("signed-by/kid-1").unwrap();
        again.forget("signed-by/kid-1").unwrap();
        assert!(!one.exists());
    }
}
