//! Signatures made by a real `ssh-keygen`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sever_model::WallTime;

use super::approvals;
use crate::config::Approver;

/// A key of somebody's, or nothing where `ssh-keygen` is not installed.
fn key(folder: &Path, name: &str) -> Option<Approver> {
    let program = sever_testkit::find_program("ssh-keygen")?;
    let path = folder.join(name);
    let done = Command::new(program).args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&path).status();
    assert!(done.unwrap().success());
    let key = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    Some(Approver { name: name.to_owned(), key: key.trim().to_owned() })
}

fn sign(folder: &Path, name: &str, namespace: &str, text: &str) -> PathBuf {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", namespace, "-f"]).arg(folder.join(name));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let signed = child.wait_with_output().unwrap();
    assert!(signed.status.success());
    let path = folder.join(format!("{name}.sig"));
    std::fs::write(&path, signed.stdout).unwrap();
    path
}

#[test]
fn a_signature_counts_of_an_approver_over_this_digest_and_for_this_purpose() {
    let folder = tempfile::tempdir().unwrap();
    let Some(ann) = key(folder.path(), "ann") else {
        return sever_testkit::skip("approvals", "`ssh-keygen` is not installed");
    };
    let zoe = key(folder.path(), "zoe").unwrap();
    let now = WallTime::from_secs(1_800_000_000);
    let ask = |files: &[PathBuf], approvers: &[Approver]| approvals(files, approvers, "abc", "root", now);
    let good = sign(folder.path(), "ann", "severance-plan", "abc");
    let both = [ann.clone(), zoe.clone()];
    let counted = ask(std::slice::from_ref(&good), &both).unwrap();
    assert_eq!((counted.len(), counted[0].by.as_str()), (1, "ann"));
    assert!(counted[0].signed_by.starts_with("SHA256:"));
    assert!(ask(std::slice::from_ref(&good), &[zoe]).unwrap_err().what.contains("nobody who may approve"));
    let other = sign(folder.path(), "ann", "severance-plan", "abd");
    assert!(ask(&[other], &both).unwrap_err().what.contains("does not sign this plan"));
    let purpose = sign(folder.path(), "ann", "file", "abc");
    assert!(ask(&[purpose], &both).unwrap_err().what.contains("does not sign this plan"));
    let junk = folder.path().join("junk.sig");
    std::fs::write(&junk, "not a signature").unwrap();
    assert!(ask(&[junk], &both).unwrap_err().what.contains("holds no signature"));
}

#[test]
fn with_nobody_configured_whoever_types_approves_alone() {
    let now = WallTime::from_secs(1_800_000_000);
    let alone = approvals(&[], &[], "abc", "root", now).unwrap();
    assert_eq!((alone.len(), alone[0].by.as_str()), (1, "root"));
    assert!(approvals(&[PathBuf::from("x.sig")], &[], "abc", "root", now).is_err());
}
