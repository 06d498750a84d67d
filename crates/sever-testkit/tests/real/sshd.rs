//! sshd's auth lines.

use anyhow::Result;
use sever_model::{EventKind, Outcome};
use sever_testkit::Sshd;

use crate::decoded::decoded;

#[test]
fn sign_ins_of_sshd() -> Result<()> {
    let Some(sshd) = Sshd::start()? else { return Ok(()) };
    assert!(sshd.log_in_known()?, "the known key was not let in");
    assert!(!sshd.log_in_stranger(sshd.user())?, "a stranger was let in");
    assert!(!sshd.log_in_stranger("nobody-here")?, "a stranger was let in");

    let log = sshd.auth_log("Invalid user nobody-here")?;
    let (events, _) = decoded(log.as_bytes(), "sshd");
    assert!(events.iter().all(|event| event.kind == EventKind::Authenticated && event.source_ip == "127.0.0.1"));

    let accepted: Vec<_> = events.iter().filter(|event| event.outcome == Outcome::Answered).collect();
    let [accepted] = accepted.as_slice() else { panic!("{events:#?}") };
    assert_eq!((accepted.actor.as_str(), accepted.action.as_str()), (sshd.user(), "publickey"));
    assert!(accepted.credential.starts_with("SHA256:"), "{}", accepted.credential);

    let refused = |user: &str| events.iter().any(|event| event.outcome == Outcome::Refused && event.actor == user);
    assert!(refused(sshd.user()) && refused("nobody-here"), "{events:#?}\n{log}");
    // The stranger's key is another key than the one that was let in.
    assert!(events.iter().all(|event| event.outcome == Outcome::Answered || event.credential != accepted.credential));
    Ok(())
}
