//! What the other side may answer: nothing of it is believed that is not as the contract has it.

use sever_model::act::ActError;
use sever_model::{DoorState, Listing, Said, UnknownWhy, WallTime};

use super::Told;

fn told(body: &str) -> Told<'_> {
    Told { body, struck: &["hunter2"] }
}

#[test]
fn what_is_not_as_the_contract_has_it_is_no_answer() {
    for body in ["", "[]", "null", "{}", "<html>", "{\"doors\": 1}", "{\"said\": \"maybe\"}", "{\"state\": 1}"] {
        assert!(told(body).doors(&"own".into(), &"own/bob".into()).is_err(), "{body}");
        assert!(told(body).receipt(WallTime::from_secs(1)).is_err(), "{body}");
        assert_eq!(told(body).tried().state, DoorState::Unknown(UnknownWhy::Unexpected), "{body}");
    }
}

#[test]
fn a_list_is_complete_only_where_it_says_so() {
    let list = told(r#"{"doors": [{"kind": "login", "native": "b"}, {"kind": "login", "native": "b"}]}"#);
    let list = list.doors(&"own".into(), &"own/bob".into()).unwrap();
    assert_eq!((list.doors.len(), list.listing), (1, Listing::Partial));
}

#[test]
fn secrets_are_struck_and_texts_shortened() {
    let long = "x".repeat(10_000);
    let body = format!(r#"{{"said": "done", "answer": "with hunter2\n{long}"}}"#);
    let receipt = told(&body).receipt(WallTime::from_secs(1)).unwrap();
    assert_eq!(receipt.said, Said::Done);
    assert!(receipt.answer.starts_with("with … xx") && receipt.answer.chars().count() <= 500);
    let error =
        told(r#"{"error": "refused", "what": "hunter2 is wrong"}"#).receipt(WallTime::from_secs(1)).unwrap_err();
    assert_eq!(error, ActError::Refused("… is wrong".to_owned()));
}
