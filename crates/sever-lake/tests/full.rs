//! On a full disk, or one that is read only, a run says so, and the lake is as it was.

use std::path::Path;
use std::process::Command;

use sever_lake::{Filter, LakeError, LakeWriter, UseRow, compact, read};
use sever_model::{EventTime, FingerprintKey, Outcome, Stage, WallTime};
use sever_testkit::skip;

/// A small disk of its own, for as long as it lives.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    fn mount(options: &str) -> Option<Disk> {
        let disk = Disk { dir: tempfile::tempdir().ok()? };
        let words = ["-t", "tmpfs", "-o", options, "lake"];
        let mounted = Command::new("mount").args(words).arg(disk.dir.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(disk)
    }

    fn remount(&self, options: &str) {
        let words = ["-o", &format!("remount,{options}")];
        let mounted = Command::new("mount").args(words).arg(self.dir.path()).output().expect("mount runs");
        assert!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.dir.path()).output();
        assert!(unmounted.is_ok_and(|output| output.status.success()) || std::thread::panicking());
    }
}

fn write(dir: &Path, run: &str, offsets: std::ops::Range<u64>) -> Result<(), LakeError> {
    let mut writer = LakeWriter::create(dir, run, [], FingerprintKey::new([7; 16]), None)?;
    for offset in offsets {
        // What does not compress: a fingerprint for each row.
        let credential = FingerprintKey::new([9; 16]).fingerprint(&offset.to_be_bytes()).0.to_string();
        writer.push(&UseRow {
            time: EventTime::from_secs(offset as i64),
            kind: "used",
            outcome: Outcome::Answered,
            judgement: None,
            stage: Stage::Confirmed,
            source: "gateway",
            offset,
            issuer: "",
            key_id: "",
            credential: &credential,
            session: "",
            token_subject: "",
            account: "",
            person: "",
            source_ip: "",
            user_agent: "",
            resource: "",
            fields: "",
            data_subjects: &[],
            subject_count: None,
            subject_ref: "",
        })?;
    }
    writer.finish()
}

fn rows(dir: &Path) -> usize {
    let mut rows = 0;
    read(dir, &Filter::default(), &mut |_| rows += 1).expect("a lake that reads");
    rows
}

#[test]
fn a_full_disk_and_a_read_only_one_lose_nothing() {
    let Some(disk) = Disk::mount("size=1m") else { return skip("lake on a full disk", "no disk can be mounted") };
    let lake = disk.dir.path().join("lake");
    write(&lake, "a", 0..100).expect("kept");
    write(&lake, "b", 100..200).expect("kept");
    for _ in 0..2 {
        let said = write(&lake, "large", 0..60_000).expect_err("the disk is full");
        assert!(said.hint().is_some_and(|hint| hint.starts_with("make room")), "{said}");
        assert_eq!(rows(&lake), 200);
        // What a run could not finish does not keep the disk full.
        write(&lake, "small", 0..0).expect("there is room for a commit");
    }
    disk.remount("size=64m");
    write(&lake, "c", 200..300).expect("kept");
    assert_eq!(rows(&lake), 300);
    disk.remount("ro");
    for said in [write(&lake, "d", 300..400), compact(&lake, WallTime::from_secs(0)).map(|_| ())] {
        let said = said.expect_err("the disk is read only");
        assert!(said.hint().is_some_and(|hint| hint.contains("must be able to write")), "{said}");
    }
    assert_eq!(rows(&lake), 300);
    disk.remount("rw");
    let compacted = compact(&lake, WallTime::MAX).expect("compacted");
    assert_eq!((compacted.swept, compacted.after), (0, 1), "{compacted:?}");
    assert_eq!(rows(&lake), 300);
}
