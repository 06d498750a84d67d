//! The dictionary gives back what it was given, to whoever has the key, and to nobody else.

use super::*;
use crate::code;

const KEY: FingerprintKey = FingerprintKey::new([7; 16]);

fn sealed(path: &Path, key: &DictionaryKey, ids: &[&str]) {
    let mut writer = DictionaryWriter::open(path, key).expect("opened");
    ids.iter().for_each(|id| writer.keep(&KEY, id).expect("kept"));
    writer.sync().expect("written");
}

fn all(path: &Path, key: &DictionaryKey, ids: &[&str]) -> Vec<String> {
    let codes: Vec<Box<str>> = ids.iter().map(|id| code(&KEY, id)).collect();
    let found = names(path, key, codes.iter().map(AsRef::as_ref)).expect("read");
    let mut names: Vec<String> = found.into_values().map(String::from).collect();
    names.sort();
    names
}

#[test]
fn ids_come_back_by_their_codes_and_are_written_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("subjects.sealed");
    let key = DictionaryKey::random();
    sealed(&path, &key, &["m-1", "m-2", "m-1", ""]);
    let once = fs::metadata(&path).expect("a file").len();
    sealed(&path, &key, &["m-1", "m-2"]);
    assert_eq!(fs::metadata(&path).expect("a file").len(), once);
    sealed(&path, &key, &["m-3"]);
    assert_eq!(all(&path, &key, &["m-1", "m-3", "m-9"]), ["m-1", "m-3"]);
    assert_eq!(count(&path, &key).expect("read"), 3);
    let bytes = fs::read(&path).expect("a file");
    assert!(memchr::memmem::find(&bytes, b"m-1").is_none(), "no id lies in it in clear");
}

#[test]
fn another_key_opens_nothing_and_a_changed_byte_is_noticed() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("subjects.sealed");
    let key = DictionaryKey::random();
    sealed(&path, &key, &["m-1"]);
    assert!(DictionaryWriter::open(&path, &DictionaryKey::random()).is_err());
    let mut bytes = fs::read(&path).expect("a file");
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(&path, &bytes).expect("written");
    assert!(count(&path, &key).is_err());
}

#[test]
fn a_block_that_a_crash_cut_short_is_cut_off() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("subjects.sealed");
    let key = DictionaryKey::random();
    sealed(&path, &key, &["m-1"]);
    let whole = fs::read(&path).expect("a file");
    sealed(&path, &key, &["m-2"]);
    let both = fs::read(&path).expect("a file");
    for length in whole.len()..both.len() {
        fs::write(&path, &both[..length]).expect("written");
        assert_eq!(all(&path, &key, &["m-1", "m-2"]), ["m-1"]);
        sealed(&path, &key, &["m-3"]);
        assert_eq!(all(&path, &key, &["m-1", "m-2", "m-3"]), ["m-1", "m-3"]);
    }
}

#[test]
fn what_is_forgotten_does_not_come_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("subjects.sealed");
    let key = DictionaryKey::random();
    sealed(&path, &key, &["m-1", "m-2"]);
    let gone = code(&KEY, "m-1");
    assert_eq!(retain(&path, &key, &|code| *code != *gone).expect("written"), 1);
    assert_eq!(all(&path, &key, &["m-1", "m-2"]), ["m-2"]);
}

#[test]
fn a_key_is_64_digits() {
    let key = DictionaryKey::random();
    assert!(DictionaryKey::parse(key.digits().expose()).is_some());
    for no in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
        assert!(DictionaryKey::parse(no).is_none(), "{no}");
    }
}
