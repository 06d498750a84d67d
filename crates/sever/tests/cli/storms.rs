//! What happens to running programs: killed, run twice at once, their readers gone, their files damaged.

use std::io::Read as _;
use std::process::Stdio;

use crate::world::World;

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let world = World::with_logs();
    let mut child =
        world.command("decode gateway.jsonl").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    assert!(!said.contains("panicked") && !said.contains("error"), "{said}");
}

#[test]
fn killed_at_any_moment_the_next_run_is_as_if_it_were_the_first() {
    let world = World::with_logs();
    // Killed as soon as each trace of its work is there; a run that ends before is a run.
    let kill = |words: &str, trace: &dyn Fn() -> bool| {
        let mut child = world.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !trace() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    };
    let data = world.path("severance-data");
    let grown = |name: &str, bytes: u64| std::fs::metadata(data.join(name)).is_ok_and(|meta| meta.len() > bytes);
    kill("sync", &|| data.exists());
    kill("sync", &|| grown("store.sqlite", 0));
    kill("sync", &|| grown("key", 0));
    for bytes in [0, 20_000, 60_000] {
        kill("sync", &|| grown("store.sqlite-wal", bytes));
    }
    assert_eq!(world.sever("sync").exit, 0);
    let judged = |count: usize| std::fs::read_dir(data.join("lake")).is_ok_and(|files| files.count() >= count);
    for count in 0..4 {
        kill("scan", &|| judged(count));
    }
    assert_eq!(world.sever("scan").exit, 15);
    let calm = World::with_logs();
    calm.sever("sync");
    calm.sever("scan");
    for question in ["list people", "list leavers", "reach kid-2024-04 --judged never-issued"] {
        assert_eq!(world.sever(question).stdout, calm.sever(question).stdout, "{question}");
    }
}

#[test]
fn two_at_once_both_end_well() {
    let world = World::with_people();
    let start = || world.command("sync").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let both = [start(), start()];
    for child in both {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // Making the directory is the one moment where the second may be asked to come again.
        let busy = said.contains("another `sever` is writing");
        assert!(output.status.success() || busy, "{:?}: {said}", output.status);
    }
    assert_eq!(world.sever("sync").exit, 0);
    assert!(world.sever("list people").stdout.lines().count() > 5);
}

#[test]
fn a_damaged_lake_or_register_says_so_and_how_to_get_out() {
    let world = World::with_logs();
    world.write("members.csv", crate::world::register());
    world.append("severance.toml", "[register]\npath = \"members.csv\"\ncomplete_until = \"2025-11-18T00:00:00Z\"\n");
    world.sever("sync");
    world.sever("scan");
    let data = |name: &str| format!("severance-data/{name}");

    let register = std::fs::read(world.path(&data("register.sever"))).unwrap();
    world.write(&data("register.sever"), &register[..register.len() / 2]);
    let said = world.sever("scan");
    assert_eq!((said.exit, said.told("hint: delete it").len()), (1, 1), "{}", said.all());
    world.remove(&data("register.sever"));
    assert_eq!(world.sever("scan").exit, 15);

    let newest = std::fs::read_dir(world.path(&data("lake/commits"))).unwrap().map(|entry| entry.unwrap().path()).max();
    std::fs::write(newest.unwrap(), "{").unwrap();
    let said = world.sever("reach kid-2024-04");
    assert_eq!((said.exit, said.told("move this one file away").len()), (1, 1), "{}", said.all());
    std::fs::remove_dir_all(world.path(&data("lake"))).unwrap();
    world.write(&data("lake/manifest.json"), "{\"segments\": []}");
    for command in ["scan", "reach kid-2024-04"] {
        let said = world.sever(command);
        assert_eq!((said.exit, said.told("move the `lake` folder").len()), (1, 1), "{}", said.all());
    }
    std::fs::remove_dir_all(world.path(&data("lake"))).unwrap();
    world.sever("scan");
    let said = world.sever("reach kid-2024-04 --judged never-issued");
    assert!(said.stderr.contains("12 people"), "{}", said.all());
}

#[test]
fn a_data_directory_without_its_key_or_that_is_none_is_refused() {
    let world = World::with_people();
    world.sever("sync");
    world.remove("severance-data/key");
    let said = world.sever("list people");
    assert_eq!((said.exit, said.told("hint: restore the `key` file").len()), (1, 1), "{}", said.all());
    let world = World::with_people();
    world.write("severance-data", "a file");
    let said = world.sever("sync");
    assert_eq!((said.exit, said.told("hint: ").len()), (1, 1), "{}", said.all());
}
