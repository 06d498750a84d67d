//! Notes that others signed, and those that nobody should believe.

use super::*;
use crate::proof::LogKey;

/// A key and a note of the Go project's tests of its `note` package.
const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNATURE: &str =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_note_of_another_implementation_verifies() {
    let key = NoteKey::parse(KEY).unwrap();
    assert_eq!(key.to_string(), KEY);
    let text = format!("{TEXT}\n{SIGNATURE}");
    let note = Note::parse(text.as_bytes()).unwrap();
    assert_eq!((note.text.as_str(), note.signed_by(&key)), (TEXT, Some(true)));
    assert_eq!(note.to_string(), text);
    let changed = Note::parse(text.replace("answer", "Answer").as_bytes()).unwrap();
    assert_eq!(changed.signed_by(&key), Some(false));
    let other = LogKey::from_seed(&[7; 32]).unwrap();
    assert_eq!(note.signed_by(other.public()), None);
}

#[test]
fn keys_and_notes_of_another_form_are_refused() {
    for key in ["", "a+b", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "a+00000000+AQ=="] {
        assert_eq!(NoteKey::parse(key), None, "{key}");
    }
    let notes = [
        String::new(),
        TEXT.to_owned(),
        format!("{TEXT}{SIGNATURE}"),
        format!("{TEXT}\n{}", SIGNATURE.trim_end()),
        format!("{TEXT}\n- PeterNeumann AAAA\n"),
        format!("{TEXT}\n— PeterNeumann\n"),
        format!("{TEXT}\n— Peter+Neumann x08go/ZJkuA=\n"),
        format!("{TEXT}\n— PeterNeumann AA==\n"),
        format!("{TEXT}\r\n\n{SIGNATURE}"),
    ];
    for note in notes {
        assert!(Note::parse(note.as_bytes()).is_err(), "{note}");
    }
    assert!(Note::parse(b"\xff\n\n").is_err());
}

#[test]
fn a_witness_signs_the_time_with_the_text() {
    let log = LogKey::from_seed(&[1; 32]).unwrap();
    let own = LogKey::from_seed(&[2; 32]).unwrap();
    let witness =
        NoteKey { name: "witness.example/w1".to_owned(), kind: KeyKind::Cosignature, public: own.public().public };
    let checkpoint = Checkpoint { origin: log.public().name.clone(), size: 12, root: [9; 32] };
    let mut note = log.note(&checkpoint.to_string());
    assert_eq!(note.cosigned_by(&witness), None);
    let signed = own.sign(format!("cosignature/v1\ntime 1679315147\n{}", note.text).as_bytes());
    let bytes = [&1_679_315_147_u64.to_be_bytes()[..], &signed].concat();
    note.signatures.push(Signature { name: witness.name.clone(), id: witness.id(), bytes });
    let note = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(note.cosigned_by(&witness), Some(Some(WallTime::from_secs(1_679_315_147))));
    assert_eq!(note.signed_by(log.public()), Some(true));
    let mut later = note.clone();
    later.signatures[1].bytes[7] ^= 1;
    assert_eq!(later.cosigned_by(&witness), Some(None));
    assert_eq!(NoteKey::parse(&witness.to_string()), Some(witness));
}

#[test]
fn a_checkpoint_has_one_text() {
    let checkpoint = Checkpoint { origin: "log.example/1".to_owned(), size: 12, root: [9; 32] };
    let text = checkpoint.to_string();
    assert_eq!(Checkpoint::parse(&text), Some(checkpoint));
    let changes = [
        text.replace("12", "+12"),
        text.replace("12", "012"),
        text.replace("12", "-1"),
        text.replace("12", "99999999999999999999"),
        format!("{text}more\n"),
        text.trim_end().to_owned(),
        text.replace("log.example/1", ""),
    ];
    for changed in changes {
        assert_eq!(Checkpoint::parse(&changed), None, "{changed}");
    }
}
