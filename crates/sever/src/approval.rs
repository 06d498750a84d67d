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

/// What such signatures are for, so that one for something else does not count.
const NAMESPACE: &str = "severance-plan";

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
    files.iter().map(|file| approval(file, approvers, digest, now)).collect()
}

fn approval(file: &Path, approvers: &[Approver], digest: &str, now: WallTime) -> Result<Approval, Failure> {
    let place = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::new(format!("cannot read `{place}`: {error}")))?;
    let signature = SshSig::from_pem(text.as_bytes())
        .map_err(|error| Failure::usage(format!("`{place}` holds no signature: {error}")).hint(how(digest)))?;
    for approver in approvers {
        let key = PublicKey::from_openssh(&approver.key).map_err(|error| {
            Failure::usage(format!("the key of approver `{}` does not read: {error}", approver.name))
        })?;
        if key.key_data() != signature.public_key() {
            continue;
        }
        key.verify(NAMESPACE, digest.as_bytes(), &signature).map_err(|_| {
            Failure::new(format!("`{place}`, by `{}`, does not sign this plan", approver.name))
                .hint(how(digest))
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

fn how(digest: &str) -> String {
    format!("`printf %s {digest} | ssh-keygen -Y sign -n {NAMESPACE} -f ~/.ssh/id_ed25519 > me.sig` makes one")
}

#[cfg(test)]
mod tests;
