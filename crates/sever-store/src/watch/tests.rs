//! What is durable stays, what is torn is cut off, and nothing is told twice for having been put twice.

use super::*;

#[test]
fn a_torn_line_is_cut_off_and_the_next_begins_anew() {
    let dir = tempfile::tempdir().expect("there is a place");
    let path = dir.path().join("lines");
    fs::write(&path, "one\ntwo\nthr").expect("it can be written");
    let (mut lines, kept) = Lines::open(&path).expect("it opens");
    assert_eq!(kept, ["one", "two"]);
    lines.append("three").expect("it can be written");
    assert_eq!(fs::read_to_string(&path).expect("it reads"), "one\ntwo\nthree\n");
}

#[test]
fn the_newest_whole_checkpoint_counts_with_its_journal() {
    let dir = tempfile::tempdir().expect("there is a place");
    let (mut state, kept) = WatchState::open(dir.path()).expect("it opens");
    assert!(kept.checkpoint.is_none() && kept.journal.is_empty());
    state.append("a").expect("it can be written");
    state.checkpoint(b"first").expect("it can be written");
    state.append("b").expect("it can be written");
    drop(state);
    // A crash while the next one was written.
    fs::write(dir.path().join("watch/checkpoint-2.next"), "sec").expect("it can be written");
    fs::write(dir.path().join("watch/journal-2.jsonl"), "").expect("it can be written");
    let (_state, kept) = WatchState::open(dir.path()).expect("it opens");
    assert_eq!((kept.checkpoint.as_deref(), kept.journal), (Some(&b"first"[..]), vec!["b".to_owned()]));
}

#[test]
fn two_watches_of_one_directory_are_one_too_many() {
    let dir = tempfile::tempdir().expect("there is a place");
    let _first = WatchState::open(dir.path()).expect("it opens");
    let second = WatchState::open(dir.path()).map(|_| ()).map_err(|error| error.kind());
    assert_eq!(second, Err(io::ErrorKind::WouldBlock));
}

fn entry(finding: &str, revision: u32, to: &str) -> Outgoing {
    let (finding, to) = (finding.into(), to.to_owned());
    Outgoing { body: format!("{revision}"), finding, revision, to, put: sever_model::WallTime::from_secs(1) }
}

#[test]
fn what_is_put_again_is_put_once_and_a_finding_keeps_its_order() {
    let dir = tempfile::tempdir().expect("there is a place");
    let path = dir.path().join("outbox.jsonl");
    let mut outbox = Outbox::open(&path).expect("it opens");
    outbox
        .put(vec![entry("a", 1, "x"), entry("b", 1, "x"), entry("a", 2, "x"), entry("a", 1, "y")])
        .expect("it is put");
    let due = |outbox: &Outbox| -> Vec<(String, u32)> {
        outbox.due("x").into_iter().map(|(_, it)| (it.finding.to_string(), it.revision)).collect()
    };
    assert_eq!(due(&outbox), [("a".to_owned(), 1), ("b".to_owned(), 1)]);
    let first = outbox.due("x")[0].0;
    outbox.taken(first).expect("it is noted");
    let mut outbox = Outbox::open(&path).expect("it opens again");
    outbox.put(vec![entry("a", 1, "x"), entry("a", 2, "x"), entry("a", 1, "y")]).expect("it is put");
    assert_eq!(due(&outbox), [("b".to_owned(), 1), ("a".to_owned(), 2)]);
    assert_eq!((outbox.waiting("x").0, outbox.waiting("y").0), (2, 1));
}

#[test]
fn a_full_spool_takes_nothing_until_its_oldest_file_has_been_judged() {
    let dir = tempfile::tempdir().expect("there is a place");
    let mut line = vec![b'x'; 40 << 20];
    line.push(b'\n');
    let mut spool = Spool::open(dir.path(), 100 << 20).expect("it opens");
    spool.append(&line, Some("k1")).expect("there is room");
    spool.append(&line, None).expect("there is room");
    assert!(matches!(spool.append(&line, None), Err(SpoolError::Full(_))));
    spool.judged(["00000001.log".to_owned()].into());
    spool.append(&line, None).expect("there is room again");
    let spool = Spool::open(dir.path(), 100 << 20).expect("it opens again");
    assert!(spool.has("k1") && !spool.has("k2"));
    assert_eq!(spool.bytes(), (80 << 20) + 2);
}
