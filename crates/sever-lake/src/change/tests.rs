//! Killed at any point, a lake is as it was or as it should be, and what was begun can be done again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sever_model::{EventTime, FingerprintKey, Outcome, Stage};

use crate::commit::{Commit, Offset};
use crate::reader::read_in;
use crate::rewrite::rewrite_in;
use crate::storage::{Listed, Local, Put, Storage, Stored};
use crate::{Filter, LakeError, LakeWriter, Rewrite, UseRow, Write, code};

const KEY: FingerprintKey = FingerprintKey::new([7; 16]);
const DAY_SECS: i64 = 86_400;

/// A storage whose process is killed after so many steps. What changes something has a step before and
/// one after: done, and its caller never heard of it.
struct Killed {
    inner: Local,
    steps: AtomicUsize,
}

impl Killed {
    fn after(steps: usize, dir: &Path) -> Arc<Killed> {
        Arc::new(Killed { inner: Local::new(dir), steps: AtomicUsize::new(steps) })
    }

    fn step(&self) -> io::Result<()> {
        let left = self.steps.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(|_| ()).map_err(|_| io::Error::other("killed"))
    }

    fn around<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.step()?;
        let done = act()?;
        self.step()?;
        Ok(done)
    }
}

impl Storage for Killed {
    fn place(&self, name: &str) -> PathBuf {
        self.inner.place(name)
    }
    fn scratch(&self, name: &str) -> io::Result<PathBuf> {
        self.around(|| self.inner.scratch(name))
    }
    fn publish(&self, scratch: &Path, name: &str) -> io::Result<Put> {
        self.around(|| self.inner.publish(scratch, name))
    }
    fn create(&self, name: &str, bytes: &[u8]) -> io::Result<Put> {
        self.around(|| self.inner.create(name, bytes))
    }
    fn open(&self, name: &str) -> io::Result<Arc<dyn Stored>> {
        self.step()?;
        self.inner.open(name)
    }
    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        self.step()?;
        self.inner.list(folder)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.around(|| self.inner.remove(name))
    }
}

/// The row at a place of a log, on one of three days that go back and forth.
pub(crate) fn row<'a>(source: &'a str, offset: u64, subjects: &'a [&'a str]) -> UseRow<'a> {
    UseRow {
        time: EventTime::from_secs((offset as i64 % 3) * DAY_SECS + offset as i64),
        kind: "used",
        outcome: Outcome::Answered,
        judgement: None,
        stage: Stage::Confirmed,
        source,
        offset,
        issuer: "",
        key_id: "",
        credential: "",
        session: "",
        token_subject: "",
        account: "crm/ann",
        person: "",
        source_ip: "",
        user_agent: "",
        resource: "",
        fields: "",
        data_subjects: subjects,
        subject_count: None,
        subject_ref: "",
    }
}

fn local(dir: &Path) -> Local {
    Local::new(dir)
}

/// Where the rows that count stand, and the account each names.
pub(crate) fn standing(storage: &dyn Storage) -> Vec<(String, u64, String)> {
    let mut rows = Vec::new();
    let read = read_in(storage, &Filter::default(), &mut |row| {
        rows.push((row.source.to_owned(), row.offset, row.account.to_owned()));
    });
    read.expect("a lake that reads");
    rows.sort();
    rows
}

fn scan(storage: Arc<dyn Storage>, run: &str, source: &str, offsets: std::ops::Range<u64>) -> Result<(), LakeError> {
    let mut writer = LakeWriter::create_in(storage, run, [source.to_owned()], KEY, None)?;
    for offset in offsets {
        writer.push(&row(source, offset, &["m-1"]))?;
    }
    writer.finish()
}

/// A lake of two logs, whose rows share segments.
fn before() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let sources = ["gateway".to_owned(), "crm".to_owned()];
    let mut writer = LakeWriter::create(dir.path(), "first", sources, KEY, None).expect("a lake");
    for offset in 0..9 {
        writer.push(&row("gateway", offset, &["m-1"])).expect("kept");
        writer.push(&row("crm", offset, &["m-2"])).expect("kept");
    }
    writer.finish().expect("sealed");
    dir
}

/// Something done with a lake.
type Act<'a> = &'a dyn Fn(Arc<dyn Storage>) -> Result<(), LakeError>;

/// Changes a lake, killed at each step in turn: see [`at_every_step_of`].
fn at_every_step(act: Act<'_>) {
    let base = before();
    let whole = copy(base.path());
    act(Arc::new(local(whole.path()))).expect("done");
    assert_ne!(standing(&local(base.path())), standing(&local(whole.path())), "a test that can fail");
    at_every_step_of(&base, act);
}

/// Does something with a lake, killed at each step in turn; it is then as before or as after, and the
/// same done again makes it as after.
pub(crate) fn at_every_step_of(base: &tempfile::TempDir, act: Act<'_>) {
    let was = standing(&local(base.path()));
    let whole = copy(base.path());
    act(Arc::new(local(whole.path()))).expect("done");
    let becomes = standing(&local(whole.path()));
    let mut steps = 0;
    loop {
        let dir = copy(base.path());
        let killed = act(Killed::after(steps, dir.path())).is_err();
        let now = standing(&local(dir.path()));
        assert!(now == was || now == becomes, "after {steps} steps: {now:?}");
        assert!(killed || now == becomes);
        act(Arc::new(local(dir.path()))).expect("done again");
        assert_eq!(standing(&local(dir.path())), becomes, "again, after {steps} steps");
        if !killed {
            break;
        }
        steps += 1;
    }
    assert!(steps > 10, "{steps} steps only");
}

fn copy(from: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for file in local(from).list("").expect("listed") {
        let to = dir.path().join(&file.name);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::copy(from.join(&file.name), to).expect("copied");
    }
    dir
}

#[test]
fn a_scan_killed_anywhere_replaces_all_that_was_said_of_its_log_or_nothing() {
    at_every_step(&|storage| scan(storage, "again", "gateway", 100..105));
}

#[test]
fn forgetting_killed_anywhere_forgets_all_or_nothing() {
    let what = Rewrite {
        before: Some(EventTime::from_secs(DAY_SECS)),
        names: [("crm/ann".into(), "erased".into())].into(),
        ..Rewrite::default()
    };
    at_every_step(&|storage| rewrite_in(&*storage, &what, Write::Now).map(|_| ()));
}

#[test]
fn a_follower_killed_anywhere_goes_on_where_its_last_commit_was() {
    const EVENTS: u64 = 20;
    let follow = |storage: Arc<dyn Storage>| -> Result<(), LakeError> {
        let read_to = Commit::newest(&*storage)?.offsets.get("gateway").map_or(0, |offset| offset.bytes);
        let mut writer = LakeWriter::create_in(storage, "follow", [], KEY, None)?;
        for offset in read_to..EVENTS {
            writer.push(&row("gateway", offset, &["m-1"]))?;
            if offset % 6 == 5 || offset == EVENTS - 1 {
                writer.read_to("gateway", Offset { bytes: offset + 1, identity: "1".to_owned() });
                writer.checkpoint(&offset.to_be_bytes())?;
                writer.commit()?;
            }
        }
        Ok(())
    };
    for steps in 0.. {
        let dir = tempfile::tempdir().expect("a folder");
        let killed = follow(Killed::after(steps, dir.path())).is_err();
        let newest = Commit::newest(&local(dir.path())).expect("a commit");
        let read_to = newest.offsets.get("gateway").map_or(0, |offset| offset.bytes);
        let rows: Vec<u64> = standing(&local(dir.path())).into_iter().map(|(_, offset, _)| offset).collect();
        assert_eq!(rows, (0..read_to).collect::<Vec<_>>(), "after {steps} steps");
        // The state is that of the same commit, or there is neither.
        let state = crate::checkpoint(dir.path()).expect("read");
        assert_eq!(state, read_to.checked_sub(1).map(|last| last.to_be_bytes().to_vec()));
        follow(Arc::new(local(dir.path()))).expect("gone on");
        let rows: Vec<u64> = standing(&local(dir.path())).into_iter().map(|(_, offset, _)| offset).collect();
        assert_eq!(rows, (0..EVENTS).collect::<Vec<_>>(), "again, after {steps} steps");
        if !killed {
            assert!(steps > 40);
            return;
        }
    }
}

#[test]
fn of_writers_at_once_none_loses_a_row() {
    let dir = tempfile::tempdir().expect("a folder");
    std::thread::scope(|scope| {
        for log in 0..4 {
            let dir = dir.path();
            scope.spawn(move || {
                for round in 0..5 {
                    let storage = Arc::new(local(dir));
                    let mut writer = LakeWriter::create_in(storage, &format!("r{log}"), [], KEY, None).expect("a lake");
                    let source = format!("log-{log}");
                    for offset in round * 10..round * 10 + 10 {
                        writer.push(&row(&source, offset, &["m-1"])).expect("kept");
                    }
                    writer.finish().expect("sealed");
                }
            });
        }
    });
    assert!(Commit::newest(&local(dir.path())).expect("a commit").number >= 20);
    assert_eq!(standing(&local(dir.path())).len(), 4 * 50);
}

#[test]
fn a_segment_is_of_one_day_and_its_rows_stand_by_credential() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = LakeWriter::create(dir.path(), "run", [], KEY, None).expect("a lake");
    for offset in 0..300 {
        let credential = format!("jti-{}", offset % 7);
        writer.push(&UseRow { credential: &credential, ..row("gateway", offset, &[]) }).expect("kept");
    }
    writer.finish().expect("sealed");
    let storage = local(dir.path());
    let commit = Commit::newest(&storage).expect("a commit");
    let files: Vec<&str> = commit.segments.iter().map(|segment| segment.file.as_str()).collect();
    assert_eq!(files, ["day=1970-01-01/run-0.parquet", "day=1970-01-02/run-1.parquet", "day=1970-01-03/run-2.parquet"]);
    for segment in &commit.segments {
        let mut last = (String::new(), EventTime::MIN);
        crate::reader::read_segment(&storage, segment, &mut |row| {
            assert_eq!(row.time.day(), segment.day);
            assert!((segment.first..=segment.last).contains(&row.time.micros()));
            let here = (row.credential.to_owned(), row.time);
            assert!(last < here);
            last = here;
            Ok(())
        })
        .expect("read");
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_segment_is_noticed() {
    let dir = before();
    let storage = local(dir.path());
    let file = Commit::newest(&storage).expect("a commit").segments.remove(0).file;
    let path = dir.path().join(file);
    let whole = std::fs::read(&path).expect("read");
    let reads = || read_in(&storage, &Filter::default(), &mut |_| {}).is_ok();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&path, &flipped).expect("written");
        assert!(!reads(), "a flipped bit at byte {at}");
    }
    for length in (0..whole.len()).step_by(97) {
        std::fs::write(&path, &whole[..length]).expect("written");
        assert!(!reads(), "cut at byte {length}");
    }
    std::fs::write(&path, &whole).expect("written");
    assert!(reads());
}

#[test]
fn every_changed_byte_of_a_commit_is_noticed() {
    let dir = before();
    let storage = local(dir.path());
    let path = dir.path().join(crate::commit::name(1));
    let whole = std::fs::read(&path).expect("read");
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&path, &changed).expect("written");
        let said = Commit::newest(&storage);
        assert!(said.is_err(), "byte {at} of {}", String::from_utf8_lossy(&changed));
        std::fs::write(&path, &whole[..at]).expect("written");
        assert!(matches!(Commit::newest(&storage), Err(LakeError::Commit { .. })), "cut at byte {at}");
    }
}

#[test]
fn a_lake_of_the_old_layout_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("manifest.json"), "{\"segments\":[]}").expect("written");
    let said = Commit::newest(&local(dir.path())).expect_err("refused");
    assert!(matches!(said, LakeError::OldLayout { .. }) && said.hint().is_some_and(|hint| hint.contains("sever scan")));
}

#[test]
fn a_word_that_comes_in_a_later_commit_takes_the_earlier_one_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let said = row("gateway", 3, &["m-1"]);
    for (run, stage) in [("a", Stage::Confirmed), ("b", Stage::Retracted)] {
        let mut writer = LakeWriter::create(dir.path(), run, [], KEY, None).expect("a lake");
        writer.push(&UseRow { stage, ..said }).expect("kept");
        writer.push(&row("gateway", if run == "a" { 6 } else { 9 }, &["m-2"])).expect("kept");
        writer.finish().expect("sealed");
    }
    let places: Vec<u64> = standing(&local(dir.path())).into_iter().map(|(_, offset, _)| offset).collect();
    assert_eq!(places, [6, 9]);
    assert_ne!(code(&KEY, "m-1"), code(&KEY, "m-2"));
}
