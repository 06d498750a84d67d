//! The table: which answers make a key closed, and which never do.

use super::*;

fn all() -> Vec<Said> {
    let failed = [
        UnknownWhy::Unreachable,
        UnknownWhy::TimedOut,
        UnknownWhy::ControlFailed,
        UnknownWhy::NotPermitted,
        UnknownWhy::Unexpected,
    ];
    let failed = failed.map(|why| Said::Failed(why, String::new()));
    [Said::Yes, Said::NoSuchKey, Said::OtherSecret, Said::Denied, Said::Expired].into_iter().chain(failed).collect()
}

fn no(code: &str, message: &str) -> Said {
    Said::of(Ok(Answered::No { code: code.to_owned(), message: message.to_owned() }))
}

#[test]
fn a_key_is_closed_by_one_answer_between_two_controls() {
    for said in all() {
        for never in all() {
            for twin in all().into_iter().map(Some).chain([None]) {
                for with_secret in [true, false] {
                    let closed = decide_key(&said, with_secret, &never, twin.as_ref()) == DoorState::Closed;
                    let held = (&said, &never, &twin) == (&Said::NoSuchKey, &Said::NoSuchKey, &Some(Said::Yes));
                    assert_eq!(closed, held, "{said:?} {never:?} {twin:?}");
                }
            }
        }
    }
}

#[test]
fn a_secret_that_is_wrong_shows_a_key_that_lives_and_a_trial_that_failed() {
    let decide = |with_secret| decide_key(&Said::OtherSecret, with_secret, &Said::NoSuchKey, Some(&Said::Yes));
    assert_eq!(decide(true), DoorState::Unknown(UnknownWhy::ControlFailed));
    assert_eq!(decide(false), DoorState::Open { until: None });
    assert_eq!(
        decide_key(&Said::OtherSecret, false, &Said::OtherSecret, None),
        DoorState::Unknown(UnknownWhy::ControlFailed)
    );
}

#[test]
fn a_session_is_closed_by_a_denial_that_the_twin_does_not_meet() {
    for said in all() {
        for twin in all().into_iter().map(Some).chain([None]) {
            let closed = decide_session(&said, twin.as_ref()) == DoorState::Closed;
            assert_eq!(closed, matches!(said, Said::Denied | Said::Expired) && twin == Some(Said::Yes), "{said:?}");
        }
    }
}

#[test]
fn codes_are_read_as_what_they_mean() {
    assert_eq!(no("InvalidClientTokenId", ""), Said::NoSuchKey);
    assert_eq!(no("SignatureDoesNotMatch", "The request signature we calculated does not match"), Said::OtherSecret);
    let skewed = no("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than …");
    assert!(matches!(skewed, Said::Failed(UnknownWhy::ControlFailed, _)));
    assert!(matches!(no("ServiceUnavailable", ""), Said::Failed(UnknownWhy::Unexpected, _)));
    assert!(matches!(Said::of(Err(ActError::LostAnswer(String::new()))), Said::Failed(UnknownWhy::TimedOut, _)));
}

#[test]
fn a_secret_is_found_in_what_aws_answers() {
    let found = |text: &str| secret_of(&Secret::new(text.to_owned())).expose().clone();
    assert_eq!(found(" abc/+= \n"), "abc/+=");
    assert_eq!(found("{\"AccessKey\":{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}}"), "s");
    assert_eq!(found("{\"SecretAccessKey\":\"s\"}"), "s");
}
