//! Lines come once, in order, whatever becomes of the file.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::Followed;

fn add(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// All that has come, until nothing comes any more.
fn all(followed: &mut Followed) -> String {
    let mut text = Vec::new();
    let mut quiet = 0;
    while quiet < 2 {
        let next = followed.read_on().unwrap();
        quiet = if next.is_empty() { quiet + 1 } else { 0 };
        text.extend(next);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn lines_come_whole_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issuer.jsonl");
    let mut followed = Followed::new(&path);
    assert_eq!(all(&mut followed), "", "a file that is not there yet is waited for");
    add(&path, "one\ntw");
    assert_eq!(all(&mut followed), "one\n");
    add(&path, "o\nthree\n");
    assert_eq!(all(&mut followed), "two\nthree\n");
}

#[test]
fn a_replaced_file_is_read_to_its_end_and_then_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issuer.jsonl");
    let mut followed = Followed::new(&path);
    add(&path, "one\n");
    assert_eq!(all(&mut followed), "one\n");
    add(&path, "two\nhalf");
    std::fs::rename(&path, dir.path().join("issuer.jsonl.1")).unwrap();
    add(&path, "three\n");
    assert_eq!(all(&mut followed), "two\nhalf\nthree\n");
}

#[test]
fn an_emptied_file_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issuer.jsonl");
    let mut followed = Followed::new(&path);
    add(&path, "one\ntwo\n");
    assert_eq!(all(&mut followed), "one\ntwo\n");
    std::fs::write(&path, "new\n").unwrap();
    assert_eq!(all(&mut followed), "new\n");
}
