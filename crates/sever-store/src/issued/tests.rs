//! What was acknowledged is there, and what is missing is found.

use std::path::Path;

use sever_model::{EventTime, FingerprintKey};

use super::{IssuedFound, IssuedLog};

const KEY: FingerprintKey = FingerprintKey::new(*b"a key of a test!");
const DAY: i64 = 20_500;

fn opened(dir: &Path) -> (IssuedLog, IssuedFound, Vec<String>) {
    let mut lines = Vec::new();
    let (log, found) =
        IssuedLog::open(dir, KEY, &mut |line| lines.push(String::from_utf8_lossy(line).into_owned())).unwrap();
    (log, found, lines)
}

fn write(dir: &Path, day: i64, ids: std::ops::Range<u32>) {
    let (mut log, found, _) = opened(dir);
    assert_eq!(found.damages, [""; 0]);
    let lines: Vec<String> = ids.map(|id| format!("{{\"jti\":\"t{id}\"}}")).collect();
    log.append(day, lines.iter().map(String::as_bytes)).unwrap();
    log.sync().unwrap();
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    super::days(dir).unwrap().into_iter().map(|name| dir.join(name)).collect()
}

#[test]
fn lines_are_read_back_in_order_over_days_and_openings() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), DAY, 0..3);
    write(dir.path(), DAY + 1, 3..5);
    write(dir.path(), DAY + 1, 5..6);
    let (_, found, lines) = opened(dir.path());
    assert_eq!((found.lines, found.damages.len(), found.torn_bytes), (6, 0, 0));
    for (at, line) in lines.iter().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["jti"], format!("t{at}"));
    }
}

#[test]
fn a_line_that_breaks_off_at_the_end_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), DAY, 0..3);
    let path = files(dir.path()).remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"jti\":\"half");
    std::fs::write(&path, bytes).unwrap();
    let (log, found, lines) = opened(dir.path());
    assert_eq!((found.torn_bytes, lines.len(), found.damages.len()), (12, 3, 0));
    drop(log);
    write(dir.path(), DAY, 3..4);
    assert_eq!(opened(dir.path()).2.len(), 4);
}

#[test]
fn any_flipped_byte_is_found() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), DAY, 0..4);
    let path = files(dir.path()).remove(0);
    let whole = std::fs::read(&path).unwrap();
    // The first line's sum has nothing before it to follow from; that of any other has.
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for at in first..whole.len() - 1 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let (_, found, _) = opened(dir.path());
        assert!(!found.damages.is_empty() || found.torn_bytes > 0, "byte {at} of {:?}", bytes[at] as char);
    }
}

#[test]
fn a_missing_line_file_or_end_is_found() {
    let lost = |spoil: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), DAY, 0..3);
        write(dir.path(), DAY + 1, 3..6);
        write(dir.path(), DAY + 2, 6..9);
        spoil(dir.path());
        opened(dir.path()).1.damages
    };
    let middle = lost(&|dir| std::fs::remove_file(&files(dir)[1]).unwrap());
    assert!(middle[0].contains("line 1 does not follow"), "{middle:?}");
    let newest = lost(&|dir| std::fs::remove_file(&files(dir)[2]).unwrap());
    assert!(newest[0].contains("missing from its end"), "{newest:?}");
    let line = lost(&|dir| {
        let text = std::fs::read_to_string(&files(dir)[2]).unwrap();
        let kept: Vec<&str> = text.lines().enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| line).collect();
        std::fs::write(&files(dir)[2], kept.join("\n") + "\n").unwrap();
    });
    assert!(line[0].contains("line 2 does not follow"), "{line:?}");
    assert_eq!(lost(&|_| {}), [""; 0]);
}

#[test]
fn dropping_old_days_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), DAY, 0..3);
    write(dir.path(), DAY + 1, 3..6);
    let (mut log, ..) = opened(dir.path());
    assert_eq!(log.drop_before(DAY + 1).unwrap(), 1);
    drop(log);
    let (_, found, lines) = opened(dir.path());
    assert_eq!((lines.len(), found.damages.len()), (3, 0));
}

#[test]
fn a_clock_set_back_writes_no_earlier_file() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), DAY + 5, 0..1);
    write(dir.path(), DAY, 1..2);
    assert_eq!(files(dir.path()).len(), 1);
    assert_eq!(opened(dir.path()).1.damages.len(), 0);
}

#[test]
fn two_processes_do_not_write_one_log() {
    let dir = tempfile::tempdir().unwrap();
    let _held = opened(dir.path());
    assert!(IssuedLog::open(dir.path(), KEY, &mut |_| {}).is_err());
}

#[test]
fn what_is_damaged_is_set_aside_once() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), DAY, 0..3);
    write(dir.path(), DAY + 1, 3..6);
    std::fs::remove_file(&files(dir.path())[1]).unwrap();
    let (mut log, found, _) = opened(dir.path());
    assert_eq!(found.damages.len(), 1);
    log.set_aside(EventTime::from_secs(7)).unwrap();
    drop(log);
    write(dir.path(), DAY + 2, 6..7);
    let (_, found, lines) = opened(dir.path());
    assert_eq!((lines.len(), found.damages.len(), found.since), (1, 0, Some(EventTime::from_secs(7))));
}
