//! The data directory without room, or not writable: nothing is done whose intent is not on the disk, the
//! error says what to do, and once it is done all goes on.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use sever_model::Act;
use sever_store::Store;

use crate::cut::{company, cut, digest, enters, unpulled, verdicts};
use crate::world::{Said, World};

/// A small disk of its own for a data directory, for as long as it is held.
struct Disk {
    at: PathBuf,
}

/// How large it is.
const DISK: &str = "size=3m";

impl Disk {
    /// Mounts one; nothing, and a reported skip, where we may not.
    fn at(world: &World) -> Option<Disk> {
        let at = world.path("severance-data");
        fs::create_dir_all(&at).unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", DISK, "tmpfs", &at.display().to_string()]);
        if !mounted {
            sever_testkit::skip("full disks", "only root may mount one");
        }
        mounted.then_some(Disk { at })
    }

    /// Leaves so many bytes free.
    fn fill(&self, left: usize) {
        let mut filler = fs::File::create(self.at.join("filler")).unwrap();
        let mut size = 0;
        while filler.write_all(&[0; 4_096]).is_ok() {
            size += 4_096;
        }
        assert!(size > left, "there were only {size} bytes");
        filler.set_len((size - left) as u64).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.at.join("filler")).unwrap();
    }

    fn remount(&self, how: &str) {
        assert!(mount(&["-o", &format!("remount,{how}"), &self.at.display().to_string()]), "not remounted {how}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.at).status().ok();
    }
}

fn mount(words: &[&str]) -> bool {
    Command::new("mount").args(words).output().is_ok_and(|output| output.status.success())
}

/// How often a word is in a file.
fn count(world: &World, file: &str, word: &str) -> usize {
    fs::read_to_string(world.path(file)).unwrap_or_default().matches(word).count()
}

fn closes_asked(world: &World) -> usize {
    count(world, "asked", "\"verb\":\"close\"")
}

/// What is in the journal.
fn acts(world: &World, digest: &str) -> Vec<Act> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&world.path("severance-data")).await.unwrap();
        store.acts(digest).await.unwrap().into_iter().map(|row| row.act).collect()
    })
}

/// It failed, and says what to do.
fn tells(said: &Said, cure: &[&str]) {
    assert_eq!(said.exit, 1, "{}", said.all());
    let hinted = said.told("hint: ").iter().any(|hint| cure.iter().any(|word| hint.contains(word)));
    assert!(hinted, "no hint of {cure:?}\n{}", said.all());
}

/// What was cut short is gone on with: all of it, nothing twice, and it is proven.
fn goes_on(world: &World, digest: &str, what: &str) {
    let acts = acts(world, digest);
    let intended = acts.iter().filter(|act| matches!(act, Act::Intended { .. })).count();
    let asked = closes_asked(world);
    assert!(asked <= intended, "{what}: {asked} doors were closed, and {intended} intents are on the disk");
    let begun = acts.iter().any(|act| matches!(act, Act::Begun { .. }));
    let said = cut(world, digest, if begun { "--resume" } else { "" });
    assert_eq!(said.exit, 0, "{what}\n{}", said.all());
    assert_eq!(verdicts(&said), ["closed", "closed"], "{what}");
    assert!(!enters(world, "password", "bob-secret") && !enters(world, "k1", "key-secret"), "{what}");
    assert_eq!(count(world, "answered", "\"said\": \"done\""), 2, "{what}: closed twice, or not at all");
    assert_eq!(world.sever("proof export --out proof").exit, 0, "{what}");
    assert_eq!(world.sever("proof check proof").exit, 21, "{what}");
}

/// A disk with ever more room, from none, until there is enough: full somewhere else each time.
#[test]
fn full_in_the_middle_of_a_cut_it_goes_on_once_there_is_room() {
    let mut failed = 0;
    for left in (0..).map(|at: usize| at * 60 * 1_024) {
        let Some(world) = unpulled("login, api-key") else { return };
        let Some(disk) = Disk::at(&world) else { return };
        assert_eq!(world.sever("sync").exit, 0);
        let digest = digest(&world);
        disk.fill(left);
        let said = cut(&world, &digest, "");
        let enough = said.exit == 0;
        if !enough {
            tells(&said, &["room"]);
            failed += 1;
            // Full still: once more says the same, or that nothing was begun.
            let again = cut(&world, &digest, "--resume");
            if again.exit != 0 && again.told("nothing was begun").is_empty() {
                tells(&again, &["room"]);
            }
        }
        disk.make_room();
        let what = format!("{left} bytes were left");
        goes_on(&world, &digest, &what);
        if enough {
            break;
        }
    }
    assert!(failed >= 4, "it was full {failed} times only");
}

/// The same without a disk of one's own: no file may grow beyond a size, so that the journal is full where
/// its file ends.
#[test]
fn where_no_file_may_grow_it_goes_on_once_they_may() {
    let mut failed = 0;
    // SQLite's index of its log alone has 32 KiB, and each act is a page or more in the log.
    for blocks in (66..).step_by(112) {
        let Some(world) = company("login, api-key") else { return };
        let digest = digest(&world);
        let words = format!("cut bob@shop.example --plan bob.plan.json --digest {digest} --typed Bob -f json");
        let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec {} {words}", env!("CARGO_BIN_EXE_sever"));
        let mut limited = Command::new("sh");
        limited.args(["-c", &line]).current_dir(world.path("")).env_clear();
        let output = limited.env("HOME", world.path("")).env("USER", "tester").output().unwrap();
        let said = Said {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        let enough = said.exit == 0;
        if !enough {
            tells(&said, &["room"]);
            failed += 1;
        }
        goes_on(&world, &digest, &format!("files of {blocks} blocks"));
        if enough {
            break;
        }
    }
    assert!(failed >= 3, "it was full {failed} times only");
}

/// What else is run on a full disk says so or does its work, and what it leaves is whole.
#[test]
fn full_before_anything_else_it_is_said() {
    let Some(world) = unpulled("login, api-key") else { return };
    let Some(disk) = Disk::at(&world) else { return };
    disk.fill(0);
    tells(&world.sever("sync"), &["room"]);
    disk.make_room();
    assert_eq!(world.sever("sync").exit, 0);

    disk.fill(0);
    let plan = world.sever("plan bob@shop.example --out bob.plan.json");
    if plan.exit != 0 {
        tells(&plan, &["room"]);
    }
    disk.make_room();
    let digest = digest(&world);
    assert_eq!(cut(&world, &digest, "").exit, 0);

    let closed = closes_asked(&world);
    for words in ["verify bob@shop.example", "proof show", "proof export --out full"] {
        disk.fill(0);
        let said = world.sever(words);
        if said.exit != 0 {
            tells(&said, &["room"]);
        }
        assert!(!words.starts_with("verify") || said.exit != 0, "a verdict that is written nowhere");
        disk.make_room();
        let again = world.sever(if words.starts_with("proof export") { "proof export --out roomy" } else { words });
        assert_eq!(again.exit, 0, "{words}\n{}", again.all());
    }
    assert_eq!(world.sever("proof check roomy").exit, 21);
    assert_eq!(closes_asked(&world), closed, "something was closed again");
}

#[test]
fn not_writable_nothing_is_done_and_it_is_said() {
    let Some(world) = unpulled("login, api-key") else { return };
    let Some(disk) = Disk::at(&world) else { return };
    assert_eq!(world.sever("sync").exit, 0);
    let digest = digest(&world);
    let written = ["writable", "is yours"];
    let cut_words = format!("cut bob@shop.example --plan bob.plan.json --digest {digest} --typed Bob");
    let fails = |words: &str| {
        disk.remount("ro");
        let said = world.sever(words);
        tells(&said, &written);
        disk.remount("rw");
    };
    for words in ["sync", &cut_words] {
        fails(words);
    }
    assert_eq!(closes_asked(&world), 0);
    goes_on(&world, &digest, "writable again");
    let closed = closes_asked(&world);
    for words in [&format!("{cut_words} --resume"), "verify bob@shop.example"] {
        fails(words);
    }
    // What only reads may do its work.
    disk.remount("ro");
    for words in ["plan bob@shop.example --out other.plan.json", "proof show", "proof export --out read-only"] {
        let said = world.sever(words);
        if said.exit != 0 {
            tells(&said, &written);
        }
    }
    disk.remount("rw");
    assert_eq!(world.sever("verify bob@shop.example").exit, 0);
    assert_eq!(closes_asked(&world), closed, "something was closed again");
}
