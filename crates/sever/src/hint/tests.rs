//! Failures as they are printed, and names as they are guessed.

use super::*;

fn printed(failure: impl Into<Failure>) -> String {
    let mut out = Vec::new();
    failure.into().print(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_unknown_name_names_the_nearest() {
    let known = ["token-never-issued", "ghost-account", "dormant"];
    insta::assert_snapshot!(printed(Failure::unknown("detector", "token-never-isued", known)), @r"
    error: there is no detector `token-never-isued`
    hint: did you mean `token-never-issued`?
    ");
    insta::assert_snapshot!(printed(Failure::unknown("detector", "xyz", known)), @r"
    error: there is no detector `xyz`
    hint: one of `token-never-issued`, `ghost-account`, `dormant`
    ");
}

#[test]
fn causes_are_joined_and_their_hint_kept() {
    let source = SourceError {
        source_id: "hr".into(),
        what: "`hr.csv` has no column for an id".to_owned(),
        hint: Some("name it: map = { id = \"…\" }".to_owned()),
    };
    let error = anyhow::Error::new(source).context("sync failed");
    insta::assert_snapshot!(printed(error), @r#"
    error: sync failed: hr: `hr.csv` has no column for an id
    hint: name it: map = { id = "…" }
    "#);
}

#[test]
fn a_refused_file_says_what_would_help() {
    let error = io::Error::new(io::ErrorKind::PermissionDenied, "permission denied");
    insta::assert_snapshot!(printed(anyhow::Error::new(error).context("cannot read `hr.csv`")), @r"
    error: cannot read `hr.csv`: permission denied
    hint: this user may not read or write it: change its owner or mode
    ");
}

#[test]
fn names_in_messages_cannot_write_to_the_terminal() {
    let text = printed(Failure::new("there is no person `\u{1b}[2Jalice\u{202e}`"));
    assert_eq!(text, "error: there is no person `\\u{1b}[2Jalice\\u{202e}`\n");
}

#[test]
fn a_failure_inside_a_chain_keeps_its_code() {
    let error = anyhow::Error::new(Failure::usage("no").hint("yes")).context("outer");
    let failure = Failure::from(error);
    assert_eq!((failure.exit, failure.hint.as_deref()), (Exit::Usage, Some("yes")));
}

#[test]
fn nearest_takes_prefixes_and_slips_but_not_strangers() {
    let known = ["findings", "formats", "explain", "readiness"];
    let near = |name| nearest(name, known);
    assert_eq!(near("find"), Some("findings"));
    assert_eq!(near("redainess"), Some("readiness"));
    assert_eq!(near("Explain"), Some("explain"));
    assert_eq!(near("cut"), None);
}
