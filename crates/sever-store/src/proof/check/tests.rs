//! Proofs that fit, and every way in which one does not.

use sever_model::WallTime;
use tempfile::TempDir;

use super::*;
use crate::proof::log::tests::{claim, key};
use crate::proof::note::{KeyKind, Note, Signature};
use crate::proof::{Claim, Exported, LogKey, LogReader, ProofLog, ask, export, take_cosigned};

fn log(count: usize) -> TempDir {
    let data = TempDir::new().unwrap();
    let claims: Vec<Claim> = (0..count).map(|number| claim(&format!("dep-{}", number % 2), number)).collect();
    ProofLog::open(data.path(), key()).unwrap().append_all(&claims).unwrap();
    data
}

fn exported(data: &TempDir, departure: Option<&str>) -> Exported {
    export(&LogReader::open(data.path()).unwrap(), &key(), departure, &|_| true).unwrap()
}

fn flaw(bundle: &Bundle) -> String {
    check(bundle, &Trust::default()).unwrap_err().to_string()
}

#[test]
fn a_proof_of_all_and_of_one_departure_fits() {
    let data = log(600);
    let whole = check(&exported(&data, None).bundle, &Trust::default()).unwrap();
    assert_eq!((whole.statements(), whole.whole, whole.departures), (600, true, 2));
    assert_eq!((whole.opened, whole.withheld, whole.anchored), (1_202, 0, 0));
    let part = check(&exported(&data, Some("dep-1")).bundle, &Trust::default()).unwrap();
    assert_eq!((part.statements(), part.whole, part.departures), (300, false, 1));
    assert_eq!((part.opened, &part.checkpoint), (601, &whole.checkpoint));
    assert!(!part.is_anchored());
    let text: Vec<u8> = exported(&data, Some("dep-1")).bundle.files.into_values().flatten().collect();
    assert!(!String::from_utf8_lossy(&text).contains("dep-0"), "another departure's names are in it");
}

#[test]
fn what_is_withheld_is_not_opened_and_everything_still_fits() {
    let data = log(10);
    let reader = LogReader::open(data.path()).unwrap();
    let redacted = export(&reader, &key(), None, &|_| false).unwrap();
    assert_eq!((redacted.opened, redacted.withheld), (0, 22));
    let checked = check(&redacted.bundle, &Trust::default()).unwrap();
    assert_eq!((checked.opened, checked.withheld), (0, 22));
    let text: Vec<u8> = redacted.bundle.files.into_values().flatten().collect();
    assert!(!String::from_utf8_lossy(&text).contains("person of"));
}

#[test]
fn one_byte_changed_anywhere_is_found() {
    let data = log(4);
    let reader = LogReader::open(data.path()).unwrap();
    ask(&reader).unwrap();
    let note = cosigned(reader.checkpoint_bytes(), &witness());
    take_cosigned(&reader, note.to_string().as_bytes()).unwrap();
    drop(reader);
    for departure in [None, Some("dep-1")] {
        let bundle = exported(&data, departure).bundle;
        assert!(check(&bundle, &Trust::default()).is_ok());
        let mut tried = 0;
        for (name, bytes) in &bundle.files {
            for at in 0..bytes.len() {
                let mut changed = bundle.clone();
                changed.files.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
                assert!(check(&changed, &Trust::default()).is_err(), "{name}, byte {at}");
                tried += 1;
            }
        }
        assert!(tried > 5_000, "{tried}");
    }
}

#[test]
fn one_byte_changed_anywhere_in_an_archive_is_found() {
    let bundle = exported(&log(1), None).bundle;
    let tar = bundle.tar().unwrap();
    assert_eq!(Bundle::untar(&tar).unwrap(), bundle);
    for at in 0..tar.len() {
        let mut changed = tar.clone();
        changed[at] ^= 1 << (at % 8);
        let found = Bundle::untar(&changed).and_then(|bundle| check(&bundle, &Trust::default()));
        assert!(found.is_err(), "byte {at}");
    }
    for length in [0, 1, 511, 512, 513, tar.len() - 1] {
        let found = Bundle::untar(&tar[..length]).and_then(|bundle| check(&bundle, &Trust::default()));
        assert!(found.is_err(), "{length} bytes");
    }
    let longer = [&tar[..], &[0; 512]].concat();
    assert!(Bundle::untar(&longer).is_err());
}

/// Signs the manifest anew after a change, as the holder of the key can.
fn forged(bundle: &Bundle, change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> Bundle {
    let mut bundle = bundle.clone();
    change(&mut bundle.files);
    bundle.sign(&key());
    bundle
}

#[test]
fn what_the_holder_of_the_key_forges_badly_is_found_and_named() {
    let data = log(300);
    let bundle = exported(&data, None).bundle;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let removed = |name: &str| forged(&bundle, |files| drop(files.remove(name)));
    for name in ["README.txt", "checkpoint", "log.pem", "tile/0/000", "tile/1/000.p/1", "disclosures.jsonl"] {
        assert_eq!(flaw(&removed(name)), format!("{name}: is missing"));
    }
    assert_eq!(flaw(&removed("tile/entries/000")), "tile/entries/000: is missing");
    let added = forged(&bundle, |files| drop(files.insert("more.txt".to_owned(), Vec::new())));
    assert_eq!(flaw(&added), "more.txt: no part of a proof is called so");
    let entry = forged(&bundle, |files| {
        let bytes = files.get_mut("tile/entries/000").unwrap();
        *bytes.last_mut().unwrap() = b' ';
    });
    assert_eq!(flaw(&entry), "tile/entries/000, statement 255: it is not what the tree has there");
    let leaf = forged(&bundle, |files| files.get_mut("tile/0/001.p/44").unwrap()[3] ^= 1);
    assert!(flaw(&leaf).starts_with("checkpoint: its root is not that of the tree"));
    let above = forged(&bundle, |files| files.get_mut("tile/1/000.p/1").unwrap()[3] ^= 1);
    assert_eq!(flaw(&above), "tile/1/000.p/1: its hashes are not those of the leaves below it");
    let value = forged(&bundle, |files| {
        let lines = files.get_mut("disclosures.jsonl").unwrap();
        *lines = text(lines).replacen("door-0", "door-9", 1).into_bytes();
    });
    assert!(flaw(&value).ends_with("salt and value are not what was committed to"), "{}", flaw(&value));
    let twice = forged(&bundle, |files| {
        let lines = files.get_mut("disclosures.jsonl").unwrap();
        let first = text(lines).lines().next().unwrap().to_owned();
        lines.extend_from_slice(format!("{first}\n").as_bytes());
    });
    assert!(flaw(&twice).ends_with("it opens no commitment of these statements"));
    let beside = {
        let mut bundle = bundle.clone();
        bundle.files.insert(".DS_Store".to_owned(), vec![1]);
        bundle
    };
    assert_eq!(check(&beside, &Trust::default()).unwrap().others, [".DS_Store"]);
}

#[test]
fn a_statement_that_another_key_signed_is_found_though_the_tree_fits() {
    let data = TempDir::new().unwrap();
    let other = LogKey::from_seed(&[9; 32]).unwrap();
    ProofLog::open(data.path(), other).unwrap().append(&claim("dep-1", 0)).unwrap();
    let reader = LogReader::open(data.path()).unwrap();
    let mut bundle = export(&reader, &key(), None, &|_| true).unwrap().bundle;
    let checkpoint = Checkpoint { origin: key().public().name.clone(), ..reader.checkpoint().clone() };
    let own = [
        ("log.vkey", format!("{}\n", key().public())),
        ("log.pem", pem(key().public())),
        ("checkpoint", key().note(&checkpoint.to_string()).to_string()),
    ];
    for (name, text) in own {
        bundle.files.insert(name.to_owned(), text.into_bytes());
    }
    bundle.sign(&key());
    assert_eq!(flaw(&bundle), "tile/entries/000.p/1, statement 0: its signature does not verify");
}

#[test]
fn a_proof_of_another_log_is_not_the_one_that_was_asked_for() {
    let bundle = exported(&log(2), None).bundle;
    let trust = |key: TrustedKey| Trust { key: Some(key), ..Trust::default() };
    assert!(check(&bundle, &trust(TrustedKey::Key(key().public().clone()))).is_ok());
    assert!(check(&bundle, &trust(TrustedKey::Fingerprint(key().public().fingerprint()))).is_ok());
    for text in [format!("{}\n", key().public()), key().public().fingerprint().to_uppercase()] {
        assert!(check(&bundle, &trust(TrustedKey::parse(&text).unwrap())).is_ok(), "{text}");
    }
    assert_eq!(TrustedKey::parse("5d1f"), None);
    let other = LogKey::from_seed(&[9; 32]).unwrap().public().clone();
    for other in [TrustedKey::Fingerprint(other.fingerprint()), TrustedKey::Key(other)] {
        assert!(check(&bundle, &trust(other)).unwrap_err().what.contains("another log"));
    }
}

fn witness_key() -> LogKey {
    LogKey::from_seed(&[5; 32]).unwrap()
}

fn witness() -> NoteKey {
    NoteKey { name: "witness.example/w1".to_owned(), kind: KeyKind::Cosignature, public: witness_key().public().public }
}

/// A checkpoint with a witness' signature on it.
fn cosigned(checkpoint: &[u8], witness: &NoteKey) -> Note {
    let mut note = Note::parse(checkpoint).unwrap();
    let message = format!("cosignature/v1\ntime 1790787999\n{}", note.text);
    let bytes = [&1_790_787_999_u64.to_be_bytes()[..], &witness_key().sign(message.as_bytes())].concat();
    note.signatures.push(Signature { name: witness.name.clone(), id: witness.id(), bytes });
    note
}

#[test]
fn a_witness_anchors_what_it_saw_and_not_what_came_later() {
    let data = log(3);
    let reader = LogReader::open(data.path()).unwrap();
    ask(&reader).unwrap();
    let note = cosigned(reader.checkpoint_bytes(), &witness());
    take_cosigned(&reader, note.to_string().as_bytes()).unwrap();
    assert!(take_cosigned(&reader, reader.checkpoint_bytes()).is_err(), "nobody else signed that");
    drop(reader);
    let trust = Trust { witnesses: vec![witness()], ..Trust::default() };
    let checked = check(&exported(&data, None).bundle, &trust).unwrap();
    let by = By::Witness { name: witness().name, at: WallTime::from_secs(1_790_787_999) };
    assert_eq!((checked.anchors.as_slice(), checked.is_anchored()), (&[Anchored { size: 3, by }][..], true));
    let checked = check(&exported(&data, None).bundle, &Trust::default()).unwrap();
    let by = By::UnknownWitness { name: witness().name };
    assert_eq!((checked.anchors.as_slice(), checked.is_anchored()), (&[Anchored { size: 3, by }][..], false));

    ProofLog::open(data.path(), key()).unwrap().append(&claim("dep-0", 3)).unwrap();
    let later = check(&exported(&data, None).bundle, &trust).unwrap();
    assert_eq!((later.anchored, later.statements(), later.is_anchored()), (3, 4, false));
    let before = check(&exported(&data, Some("dep-1")).bundle, &trust).unwrap();
    assert!(before.is_anchored(), "all of this departure's statements were seen");

    let bundle = exported(&data, None).bundle;
    let bad = forged(&bundle, |files| {
        let mut note = cosigned(&files["anchors/3/checkpoint"], &witness());
        note.signatures[1].bytes[20] ^= 1;
        files.insert("anchors/3/cosigned".to_owned(), note.to_string().into_bytes());
    });
    let said = check(&bad, &trust).unwrap_err().to_string();
    assert_eq!(said, "anchors/3/cosigned: a witness' signature does not verify");
}

#[test]
fn a_log_that_was_rewritten_or_cut_after_it_was_anchored_is_found() {
    let data = log(3);
    let reader = LogReader::open(data.path()).unwrap();
    ask(&reader).unwrap();
    take_cosigned(&reader, cosigned(reader.checkpoint_bytes(), &witness()).to_string().as_bytes()).unwrap();
    let anchors = crate::proof::anchor::files(reader.dir()).unwrap();
    for count in [2, 5] {
        // Salts are random: a log of the same claims is another log.
        let other = exported(&log(count), None).bundle;
        let bundle = forged(&other, |files| files.extend(anchors.clone()));
        let what = if count < 3 { "statements are gone" } else { "the log was rewritten" };
        assert!(flaw(&bundle).contains(what), "{}", flaw(&bundle));
    }
}

#[test]
fn a_bundle_is_written_once_and_read_as_it_was() {
    let folder = TempDir::new().unwrap();
    let bundle = exported(&log(2), None).bundle;
    for name in ["proof", "proof.tar"] {
        let path = folder.path().join(name);
        bundle.write(&path).unwrap();
        assert_eq!(Bundle::read(&path).unwrap().unwrap(), bundle);
        assert!(bundle.write(&path).is_err(), "{name} is there");
    }
    let inside = folder.path().join("proof");
    std::fs::write(inside.join("notes.txt"), "not read").unwrap();
    let checked = check(&Bundle::read(&inside).unwrap().unwrap(), &Trust::default()).unwrap();
    assert_eq!(checked.others, ["notes.txt"]);
    std::fs::remove_file(inside.join("MANIFEST")).unwrap();
    assert_eq!(Bundle::read(&inside).unwrap().unwrap(), Bundle::default(), "of what nothing names, nothing is read");
}
