//! Approvals: signatures over a plan's digest, made with the keys that people have.
//!
//! ```text
//! printf %s DIGEST | ssh-keygen -Y sign -n severance-plan -f ~/.ssh/id_ed25519 > ann.sig
//! ```
//!
//! A signature counts where its key is an approver's of `[cutting]` (the format is OpenSSH's
//! PROTOCOL.sshsig). With no approvers configured, whoever types the name approves alone, and what needs
//! two people is refused.

use std::path::{Path, PathBuf};

use sever_model::{Approval, WallTime};
use ssh_key::{HashAlg, PublicKey, SshSig};

use crate::config::Approver;
use crate::exit::Exit;
use crate::hint::Failure;

/// What a signature is for, so that one for something else does not count.
#[derive(Debug, Clone, Copy)]
pub struct Purpose {
    /// The namespace that it is made in.
    namespace: &'static str,
    /// What it signs, in words.
    what: &'static str,
}

/// A plan is approved.
const PLAN: Purpose = Purpose { namespace: "severance-plan", what: "plan" };

/// Writing out the ids of people is approved.
pub const SUBJECTS: Purpose = Purpose { namespace: "severance-subjects", what: "request" };

/// The approvals of a plan, every signature checked.
///
/// # Errors
/// When a signature does not read, is of another digest, or of nobody who may approve.
pub fn approvals(
    files: &[PathBuf],
    approvers: &[Approver],
    digest: &str,
    login: &str,
    now: WallTime,
) -> Result<Vec<Approval>, Failure> {
    if approvers.is_empty() {
        if let Some(file) = files.first() {
            return Err(Failure::usage(format!("`{}` approves nothing: nobody is configured to", file.display()))
                .hint("in severance.toml:\n[[cutting.approvers]]\nname = \"ann\"\nkey = \"ssh-ed25519 …\""));
        }
        let by = login.to_owned();
        return Ok(vec![Approval { digest: digest.to_owned(), by, at: now, signed_by: "typed".to_owned() }]);
    }
    signed(files, approvers, digest, PLAN, now)
}

/// The approvals of a digest, every signature checked.
///
/// # Errors
/// When a signature does not read, is of another digest or purpose, or of nobody who may approve.
pub fn signed(
    files: &[PathBuf],
    approvers: &[Approver],
    digest: &str,
    purpose: Purpose,
    now: WallTime,
) -> Result<Vec<Approval>, Failure> {
    files.iter().map(|file| approval(file, approvers, digest, purpose, now)).collect()
}

fn approval(
    file: &Path,
    approvers: &[Approver],
    digest: &str,
    purpose: Purpose,
    now: WallTime,
) -> Result<Approval, Failure> {
    let place = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::new(format!("cannot read `{place}`: {error}")))?;
    let signature = SshSig::from_pem(text.as_bytes())
        .map_err(|error| Failure::usage(format!("`{place}` holds no signature: {error}")).hint(how(digest, purpose)))?;
    for approver in approvers {
        let key = PublicKey::from_openssh(&approver.key).map_err(|error| {
            Failure::usage(format!("the key of approver `{}` does not read: {error}", approver.name))
        })?;
        if key.key_data() != signature.public_key() {
            continue;
        }
        key.verify(purpose.namespace, digest.as_bytes(), &signature).map_err(|_| {
            Failure::new(format!("`{place}`, by `{}`, does not sign this {}", approver.name, purpose.what))
                .hint(how(digest, purpose))
                .exit(Exit::Refused)
        })?;
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let by = approver.name.clone();
        return Ok(Approval { digest: digest.to_owned(), by, at: now, signed_by: fingerprint });
    }
    Err(Failure::new(format!("`{place}` is signed by nobody who may approve"))
        .exit(Exit::Refused)
        .hint("the signer's public key belongs below `[[cutting.approvers]]` of severance.toml"))
}

/// How a signature is made.
pub fn how(digest: &str, purpose: Purpose) -> String {
    let namespace = purpose.namespace;
    format!("`printf %s {digest} | ssh-keygen -Y sign -n {namespace} -f ~/.ssh/id_ed25519 > me.sig` makes one")
}

#[cfg(test)]
mod tests;
