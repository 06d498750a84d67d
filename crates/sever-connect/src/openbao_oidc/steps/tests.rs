//! Tests of what a rotation is made of.

use sever_model::{Door, DoorKind, Inverse, Phase};

use super::Settings;

fn settings(emergency: bool) -> Settings {
    Settings {
        connection: "rotation".into(),
        system: "bao".into(),
        key: "shop".to_owned(),
        published_secs: 600,
        overlap_secs: 300,
        emergency,
    }
}

fn verbs(settings: &Settings, door: &Door) -> Vec<String> {
    settings.steps(door).into_iter().map(|draft| draft.operation.verb).collect()
}

#[test]
fn only_signing_keys_of_this_issuer_are_rotated() {
    let key = Door::new(&"bao".into(), DoorKind::SigningKey, "kid-1");
    let all = ["publish-next", "see-accepted", "sign-with-next", "hand-over", "retire-old"];
    assert_eq!(verbs(&settings(false), &key), all);
    for other in [
        Door::new(&"shop".into(), DoorKind::SigningKey, "kid-1"),
        Door::new(&"bao".into(), DoorKind::Secret, "kid-1"),
        Door::new(&"bao".into(), DoorKind::SigningKey, ""),
    ] {
        assert!(verbs(&settings(false), &other).is_empty(), "{}", other.id);
    }
}

#[test]
fn each_step_is_named_by_the_old_key_and_two_people_want_the_one_that_cannot_be_undone() {
    let key = Door::new(&"bao".into(), DoorKind::SigningKey, "kid-1");
    for draft in settings(false).steps(&key) {
        assert_eq!((draft.phase, draft.operation.target.as_str()), (Phase::Rotate, "kid-1"));
        assert_eq!(draft.inverse == Inverse::None, draft.operation.verb == "sign-with-next");
    }
}

#[test]
fn an_emergency_waits_for_nobody_and_says_what_it_interrupts_and_for_how_long() {
    let key = Door::new(&"bao".into(), DoorKind::SigningKey, "kid-1");
    assert_eq!(verbs(&settings(true), &key), ["publish-next", "sign-with-next", "retire-old"]);
    let drafts = settings(true).steps(&key);
    assert!(drafts.iter().all(|it| it.operation.arguments.get("overlap_secs").is_some_and(|secs| secs == "0")));
    let breaks: Vec<String> = drafts.into_iter().flat_map(|draft| draft.breaks).collect();
    assert!(breaks.iter().any(|text| text.contains("until they sign in again")), "{breaks:?}");
    assert!(breaks.iter().any(|text| text.contains("up to 600 s")), "{breaks:?}");
}
