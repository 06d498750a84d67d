//! Envelopes and what is signed in them.

use super::*;

#[test]
fn what_is_signed_is_length_type_length_and_payload() {
    assert_eq!(pae(b"hello world"), b"DSSEv1 28 application/vnd.in-toto+json 11 hello world");
}

#[test]
fn an_envelope_opens_under_its_key_only_and_in_one_form_only() {
    let key = LogKey::from_seed(&[1; 32]).unwrap();
    let bytes = seal(b"{}", &key).unwrap();
    let sealed = Sealed::parse(&bytes).unwrap();
    assert_eq!(sealed.payload, b"{}");
    assert!(sealed.signed_by(key.public()));
    assert!(!sealed.signed_by(LogKey::from_seed(&[2; 32]).unwrap().public()));
    let text = String::from_utf8(bytes).unwrap();
    let changes = [
        text.replace("\":\"", "\": \""),
        text.replace("in-toto", "in_toto"),
        text.replace("e30=", "e31="),
        text.replace("\"signatures\":[", "\"signatures\":[{\"keyid\":\"\",\"sig\":\"\"},"),
        text.replacen('{', "{\"more\":1,", 1),
    ];
    for changed in changes {
        assert!(Sealed::parse(changed.as_bytes()).is_err(), "{changed}");
    }
    let other = Sealed::parse(text.replace("e30=", "e30K").as_bytes()).unwrap();
    assert!(!other.signed_by(key.public()));
}
