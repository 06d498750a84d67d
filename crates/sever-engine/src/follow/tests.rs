//! Whatever becomes of a log's files, each of its bytes is read once.

use super::pretend::Pretend;
use super::*;

/// A follower on pretended time, and what it has read of each file.
struct Reader {
    follower: Follower,
    at: Duration,
    read: Vec<Vec<u8>>,
    told: Vec<Told>,
}

impl Reader {
    fn of(folder: &Pretend) -> Reader {
        Reader::resuming(folder, Vec::new())
    }

    fn resuming(folder: &Pretend, marks: Vec<Mark>) -> Reader {
        let mut follower = Follower::new(Box::new(folder.clone()), Patience::default());
        let read = vec![Vec::new(); marks.len()];
        follower.resume(marks);
        Reader { follower, at: Duration::ZERO, read, told: Vec::new() }
    }

    /// Lets so much time pass, then looks, and reads all there is.
    fn after(&mut self, millis: u64) -> &mut Reader {
        self.at += Duration::from_millis(millis);
        self.follower.look(self.at).expect("it can be listed");
        for file in 0..self.follower.len() {
            self.read.resize(self.follower.len(), Vec::new());
            let mut into = [0; 700];
            while let Got::Bytes(count) = self.follower.read(file, self.at, &mut into) {
                self.read[file].extend_from_slice(&into[..count]);
            }
        }
        let told = self.follower.told();
        self.told.extend(told);
        self
    }

    fn text(&self) -> Vec<String> {
        self.read.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }
}

fn lines(from: u32, to: u32) -> String {
    (from..to).map(|at| format!("record {at:05} of the log, which is long enough to matter\n")).collect()
}

#[test]
fn what_is_appended_is_read() {
    let folder = Pretend::default();
    folder.append("app.log", b"one\n");
    let mut reader = Reader::of(&folder);
    reader.after(0);
    folder.append("app.log", b"tw");
    reader.after(100);
    folder.append("app.log", b"o\n");
    reader.after(100);
    assert_eq!(reader.text(), ["one\ntwo\n"]);
    assert_eq!(reader.told, [Told::Began(0)]);
}

#[test]
fn a_file_that_is_renamed_is_read_to_its_end_and_the_new_one_beside_it() {
    let folder = Pretend::default();
    folder.append("app.log", lines(0, 40).as_bytes());
    let mut reader = Reader::of(&folder);
    reader.after(0);
    folder.rename("app.log", "app.log.1");
    folder.append("app.log.1", b"a line torn by the ro");
    folder.append("app.log", lines(50, 60).as_bytes());
    reader.after(100);
    folder.append("app.log.1", b"tation\n");
    reader.after(300);
    reader.after(9_000).after(2_000);
    assert_eq!(reader.text(), [lines(0, 40) + "a line torn by the rotation\n", lines(50, 60)]);
    assert_eq!(reader.told, [Told::Began(0), Told::Began(1), Told::Ended(0)]);
}

#[test]
fn what_a_cut_left_unread_is_read_in_the_copy() {
    let folder = Pretend::default();
    folder.append("app.log", lines(0, 40).as_bytes());
    let mut reader = Reader::of(&folder);
    reader.after(0);
    folder.append("app.log", lines(40, 45).as_bytes());
    folder.copy("app.log", "app.log.1");
    folder.cut("app.log");
    folder.append("app.log", lines(45, 47).as_bytes());
    reader.after(100);
    reader.after(100).after(400).after(400);
    assert_eq!(reader.text(), [lines(0, 45), lines(45, 47)]);
    assert!(reader.told.contains(&Told::Continued(0)), "{:?}", reader.told);
    reader.after(11_000).after(11_000);
    assert!(reader.told.contains(&Told::Ended(0)) && !reader.told.iter().any(|told| matches!(told, Told::Lost(..))));
}

#[test]
fn a_cut_that_is_written_past_the_old_end_between_two_looks_is_seen() {
    let folder = Pretend::default();
    folder.append("app.log", lines(0, 20).as_bytes());
    let mut reader = Reader::of(&folder);
    reader.after(0).after(100);
    folder.cut("app.log");
    folder.append("app.log", lines(100, 160).as_bytes());
    reader.after(100).after(400).after(100);
    assert_eq!(reader.text(), [lines(0, 20), lines(100, 160)]);
}

#[test]
fn a_compressed_rotation_is_not_read_again() {
    let folder = Pretend::default();
    folder.append("app.log", lines(0, 40).as_bytes());
    let mut reader = Reader::of(&folder);
    reader.after(0);
    folder.rename("app.log", "app.log.1");
    reader.after(100).after(11_000);
    folder.gzip("app.log.1", "app.log.1.gz");
    reader.after(100).after(11_000).after(11_000);
    assert_eq!(reader.text(), [lines(0, 40)]);
    assert_eq!(reader.told, [Told::Began(0), Told::Ended(0)]);
}

#[test]
fn a_compressed_file_that_is_new_is_read() {
    let folder = Pretend::default();
    folder.append("old.log.gz", &super::pretend::packed(lines(0, 2_000).as_bytes()));
    let mut reader = Reader::of(&folder);
    reader.after(0).after(11_000).after(100);
    assert_eq!(reader.text(), [lines(0, 2_000)]);
    assert_eq!(reader.told, [Told::Began(0), Told::Ended(0)]);
}

#[test]
fn a_damaged_compressed_file_is_told() {
    let folder = Pretend::default();
    let packed = super::pretend::packed(lines(0, 2_000).as_bytes());
    folder.append("old.log.gz", &packed[..packed.len() / 2]);
    let mut reader = Reader::of(&folder);
    reader.after(0).after(11_000).after(11_000).after(11_000);
    assert!(lines(0, 2_000).starts_with(&reader.text()[0]) && !reader.text()[0].is_empty());
    assert!(
        matches!(reader.told.as_slice(), [Told::Began(0), Told::Damaged(0, _), Told::Ended(0)]),
        "{:?}",
        reader.told
    );
}

#[test]
fn a_file_that_repeats_another_is_told_and_not_read() {
    let folder = Pretend::default();
    folder.append("a.log", lines(0, 40).as_bytes());
    let mut reader = Reader::of(&folder);
    reader.after(0);
    folder.copy("a.log", "b.log");
    reader.after(100).after(11_000);
    let bytes = lines(0, 40).len() as u64;
    assert_eq!(reader.told, [Told::Began(0), Told::Repeats { name: "b.log".to_owned(), of: 0, bytes }]);
    // It goes its own way: what it has beyond is new.
    folder.append("b.log", b"and then something else\n");
    folder.append("a.log", b"and one thing more here\n");
    reader.after(500).after(500).after(11_000);
    assert_eq!(reader.read.len(), 2);
    assert!(reader.told.contains(&Told::Diverged(1, bytes)), "{:?}", reader.told);
}

#[test]
fn files_that_only_begin_alike_are_two() {
    let folder = Pretend::default();
    let header = "time,user,what\n".repeat(100);
    folder.append("a.csv", (header.clone() + "1,ann,x\n").as_bytes());
    folder.append("b.csv", (header.clone() + "2,bob,y\n").as_bytes());
    let mut reader = Reader::of(&folder);
    reader.after(0).after(400);
    assert_eq!(reader.text(), [header.clone() + "1,ann,x\n", header + "2,bob,y\n"]);
}

#[test]
fn a_stopped_follower_finds_its_place_wherever_the_log_has_gone() {
    let goings: [fn(&Pretend); 5] = [
        |_| {},
        |folder| folder.rename("app.log", "app.log.1"),
        |folder| folder.gzip("app.log", "app.log.1.gz"),
        |folder| {
            folder.copy("app.log", "app.log.1");
            folder.cut("app.log");
        },
        |folder| {
            folder.rename("app.log", "app.log.1");
            folder.gzip("app.log.1", "app.log.2.gz");
        },
    ];
    for (at, going) in goings.into_iter().enumerate() {
        let folder = Pretend::default();
        folder.append("app.log", lines(0, 40).as_bytes());
        let mut reader = Reader::of(&folder);
        reader.after(0);
        let marks = vec![reader.follower.mark(0).expect("it was read")];
        folder.append("app.log", lines(40, 50).as_bytes());
        going(&folder);
        if at > 0 {
            folder.append("app.log", lines(50, 80).as_bytes());
        }
        let mut reader = Reader::resuming(&folder, marks);
        reader.after(0).after(400).after(11_000).after(400);
        let mut expected = vec![lines(0, 50)];
        expected.extend((at > 0).then(|| lines(50, 80)));
        assert_eq!(reader.text(), expected, "going {at}");
        assert!(reader.told.contains(&Told::Found(0)), "going {at}: {:?}", reader.told);
    }
}

#[test]
fn what_is_nowhere_is_told() {
    let folder = Pretend::default();
    folder.append("app.log", lines(0, 40).as_bytes());
    let mut reader = Reader::of(&folder);
    reader.after(0);
    let marks = vec![reader.follower.mark(0).expect("it was read")];
    folder.remove("app.log");
    folder.append("app.log", lines(90, 99).as_bytes());
    let mut reader = Reader::resuming(&folder, marks);
    reader.after(0).after(400).after(11_000);
    assert_eq!(reader.text(), ["".to_owned(), lines(90, 99)]);
    assert_eq!(reader.told, [Told::Began(1), Told::Missing(0), Told::Ended(0)]);
}

#[test]
fn a_file_that_grows_after_its_end_is_taken_up_again() {
    let folder = Pretend::default();
    folder.append("app.log", lines(0, 40).as_bytes());
    let mut reader = Reader::of(&folder);
    reader.after(0);
    folder.rename("app.log", "app.log.1");
    reader.after(100).after(11_000);
    assert!(reader.told.contains(&Told::Ended(0)));
    folder.append("app.log.1", lines(40, 41).as_bytes());
    reader.after(100);
    assert!(reader.told.contains(&Told::Reopened(0)), "{:?}", reader.told);
    assert_eq!(reader.text(), [lines(0, 40) + &lines(0, 41)], "from its beginning");
}
