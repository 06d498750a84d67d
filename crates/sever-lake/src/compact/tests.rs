//! Compaction says the same in fewer files, and a hold keeps all that there was.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sever_model::{EventTime, FingerprintKey, Judgement, Span, Stage, WallTime};

use super::*;
use crate::change::tests::{at_every_step_of, row, standing};
use crate::storage::Local;
use crate::{Filter, Hold, LakeWriter, Rewrite, UseRow, Write, hold, keep_for, overview, read, release, rewrite};

const KEY: FingerprintKey = FingerprintKey::new([7; 16]);

fn write(dir: &Path, run: &str, rows: &[UseRow<'_>]) {
    let mut writer = LakeWriter::create(dir, run, [], KEY, None).expect("a lake");
    rows.iter().for_each(|row| writer.push(row).expect("kept"));
    writer.finish().expect("sealed");
}

/// A lake of five commits, the last of which takes one row back.
fn before() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for run in 0..4 {
        let rows: Vec<UseRow<'_>> = (run * 6..run * 6 + 6).map(|offset| row("gateway", offset, &["m-1"])).collect();
        write(dir.path(), &format!("r{run}"), &rows);
    }
    write(dir.path(), "back", &[UseRow { stage: Stage::Retracted, ..row("gateway", 4, &["m-1"]) }]);
    dir
}

fn hold_of(name: &str) -> Hold {
    Hold { name: name.to_owned(), reason: "case 7".to_owned(), who: "ann".to_owned(), at: WallTime::from_secs(1) }
}

/// Parquet files, whether they count or not.
fn segments_on_disk(dir: &Path) -> usize {
    let files = Local::new(dir).list("").expect("listed");
    files.iter().filter(|file| file.name.ends_with(".parquet")).count()
}

#[test]
fn a_compacted_lake_says_the_same_in_a_segment_a_day() {
    let dir = before();
    let storage = Local::new(dir.path());
    let was = standing(&storage);
    assert_eq!(was.len(), 23);
    let compacted = compact(dir.path(), WallTime::from_secs(0)).expect("compacted");
    assert_eq!((compacted.days, compacted.before, compacted.after, compacted.dropped), (3, 13, 3, 2));
    assert_eq!(standing(&storage), was);
    let newest = Commit::newest(&storage).expect("a commit");
    assert!(newest.segments.iter().all(|segment| segment.retracted == 0) && newest.segments.len() == 3);
    assert_eq!(compact(dir.path(), WallTime::from_secs(0)).expect("compacted"), Compacted::default());
    assert_eq!(crate::verify(dir.path()).expect("whole"), 3);
}

#[test]
fn compaction_killed_anywhere_loses_and_repeats_nothing() {
    let all: BTreeSet<i64> = (0..3).collect();
    at_every_step_of(&before(), &|storage| compact_days(&*storage, &all, FEW).map(|_| ()));
}

#[test]
fn a_day_that_gets_many_small_segments_is_compacted_by_itself() {
    let dir = tempfile::tempdir().expect("a folder");
    for run in 0..SMALL_MAX as u64 + 3 {
        write(dir.path(), &format!("r{run}"), &[row("gateway", run * 3, &["m-1"])]);
    }
    let newest = Commit::newest(&Local::new(dir.path())).expect("a commit");
    assert_eq!((newest.segments.len(), standing(&Local::new(dir.path())).len()), (4, SMALL_MAX + 3));
}

#[test]
fn a_hold_stops_every_deletion_and_its_release_lets_them_go() {
    let dir = before();
    let was = standing(&Local::new(dir.path()));
    let files = segments_on_disk(dir.path());
    assert_eq!(hold(dir.path(), &hold_of("case-7")).expect("held"), crate::Held::New);
    assert_eq!(hold(dir.path(), &hold_of("case-7")).expect("held"), crate::Held::Already);
    let what = Rewrite { before: Some(EventTime::MAX), ..Rewrite::default() };
    let said = rewrite(dir.path(), &what, Write::Now).expect_err("refused");
    assert!(matches!(&said, LakeError::Held { holds, .. } if holds.contains("`case-7` (case 7, ann)")), "{said}");
    assert_eq!(rewrite(dir.path(), &what, Write::DryRun).expect("counted").dropped, 25);

    // What compaction and a new scan replace stays, and so does what was taken back.
    let compacted = compact(dir.path(), WallTime::MAX).expect("compacted");
    assert_eq!((compacted.dropped, compacted.swept), (0, 0));
    let mut writer = LakeWriter::create(dir.path(), "again", ["gateway".to_owned()], KEY, None).expect("a lake");
    writer.push(&row("gateway", 1, &["m-9"])).expect("kept");
    writer.finish().expect("sealed");
    let storage = Local::new(dir.path());
    prune(&storage, &Commit::newest(&storage).expect("a commit"), Remove::Now).expect("nothing to do");
    assert!(segments_on_disk(dir.path()) > files);
    assert_eq!(standing(&storage).len(), 1);

    assert_eq!(release(dir.path(), "case-8").expect("read"), None);
    assert_eq!(release(dir.path(), "case-7").expect("released"), Some(hold_of("case-7")));
    prune(&storage, &Commit::newest(&storage).expect("a commit"), Remove::Now).expect("pruned");
    assert_eq!((segments_on_disk(dir.path()), overview(dir.path()).expect("read").commits), (1, 1));
    assert_ne!(was.len(), 1);
}

#[test]
fn keeping_uses_for_a_shorter_time_is_remembered_and_for_a_longer_one_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let keep = |days, at| keep_for(dir.path(), Span::days(days), "ann", WallTime::from_secs(at)).expect("said");
    assert_eq!(keep(400, 1), None);
    write(dir.path(), "run", &[row("gateway", 1, &[])]);
    assert_eq!((keep(400, 2), keep(500, 3), keep(500, 4)), (None, None, None));
    let lowered = keep(30, 5).expect("it is shorter");
    assert_eq!((lowered.from_days, lowered.to_days, lowered.at), (500, 30, WallTime::from_secs(5)));
    assert_eq!(keep(900, 6), None);
    let overview = overview(dir.path()).expect("read");
    assert_eq!((overview.lowered, overview.kept_for_days), (vec![lowered], Some(900)));
}

#[test]
fn files_of_a_run_that_never_committed_go_once_no_run_can_be_that_old() {
    let dir = before();
    let storage: Arc<dyn Storage> = Arc::new(Local::new(dir.path()));
    let mut writer = LakeWriter::create_in(storage.clone(), "lost", [], KEY, None).expect("a lake");
    writer.checkpoint(b"state").expect("kept");
    drop(writer);
    std::fs::write(dir.path().join("day=1970-01-01/segment-1.next"), b"half").expect("written");
    let files = storage.list("").expect("listed");
    let now = files.iter().map(|file| file.modified).max().expect("some");
    assert_eq!(sweep(&*storage, now).expect("swept"), 0);
    assert_eq!(sweep(&*storage, now.plus(UNNAMED).plus(Span::secs(1))).expect("swept"), 2);
    assert_eq!(standing(&*storage).len(), 23);
}

#[test]
fn a_row_that_was_right_after_all_is_not_dropped_with_the_wrong_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let said = UseRow { judgement: Some(Judgement::NeverIssued), ..row("gateway", 3, &["m-1"]) };
    let right = UseRow { judgement: Some(Judgement::Expired), ..said };
    write(dir.path(), "a", &[said]);
    write(dir.path(), "b", &[UseRow { stage: Stage::Retracted, ..said }, right]);
    for _ in 0..2 {
        let mut words = Vec::new();
        read(dir.path(), &Filter::default(), &mut |row| words.push(said_of(row))).expect("read");
        assert_eq!(words, ["expired"]);
        compact(dir.path(), WallTime::from_secs(0)).expect("compacted");
    }
}

fn said_of(row: &UseRow<'_>) -> &'static str {
    said(row)
}
