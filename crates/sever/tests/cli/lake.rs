//! The lake as a whole: what it holds, how it is compacted and checked, and how it is held for the law.

use crate::world::{Said, World};

const ROLE: &str =
    "[[privacy.role]]\nname = \"counsel\"\nwho = [\"*\"]\nmay = [\"reveal\", \"release\", \"sweep\", \"erase\"]\n";

fn scanned() -> World {
    let world = World::with_logs();
    world.append("severance.toml", ROLE);
    world.sever("sync");
    assert_eq!(world.sever("scan").exit, 15);
    world
}

fn with(world: &World, words: &str, more: [&str; 2]) -> Said {
    let output = world.command(words).args(more).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_scan_again_leaves_what_a_scan_kept_in_a_segment_a_day() {
    let world = scanned();
    let days = || world.sever("lake --format json").json()["rows"].as_array().unwrap().clone();
    let first = days();
    assert_eq!((first.len(), first[0]["day"].as_str()), (1, Some("2025-11-16")), "{first:?}");
    assert_eq!(world.sever("scan").exit, 15);
    assert_eq!(first, days());
    let said = world.sever("lake");
    assert!(said.stderr.contains("kept for 400 days") && said.stderr.contains("2 logs read"), "{}", said.all());
    assert_eq!(world.sever("lake compact").told("0 days compacted").len(), 1);
    assert_eq!(world.sever("lake check").told("1 segment read, every byte").len(), 1);
    let offsets = world.sever("lake offsets --format json").json();
    let read = |log: &str| {
        let rows = offsets["rows"].as_array().unwrap();
        rows.iter().find(|row| row["log"] == log).and_then(|row| row["bytes"].as_u64())
    };
    for log in ["gateway", "issuer"] {
        assert_eq!(read(log), std::fs::metadata(world.path(&format!("{log}.jsonl"))).ok().map(|meta| meta.len()));
    }
}

#[test]
fn a_flipped_bit_of_a_segment_is_found_with_its_file_and_the_way_out() {
    let world = scanned();
    let output = world.command("lake files --format jsonl").output().unwrap();
    let first = output.stdout.split(|byte| *byte == b'\n').next().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(first).unwrap();
    let file = world.path(listed["file"].as_str().unwrap());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[40] ^= 4;
    std::fs::write(&file, &bytes).unwrap();
    for question in ["lake check", "reach kid-2024-04"] {
        let said = world.sever(question);
        assert_eq!((said.exit, said.told("is damaged: ").len()), (1, 1), "{}", said.all());
        assert_eq!((said.told("day=2025-11-16").len(), said.told("hint: ").len()), (1, 1), "{}", said.all());
    }
    assert_eq!(world.sever("scan").exit, 15, "what is judged again takes its place");
    assert_eq!(world.sever("lake check").exit, 0);
}

#[test]
fn a_hold_stops_erasure_and_sweep_until_a_role_releases_it() {
    let world = scanned();
    assert_eq!(world.sever("lake hold add case-7 --reason x").exit, 2);
    let said = with(&world, "lake hold add case-7", ["--reason", "case 7: letter of 3 May"]);
    assert_eq!((said.exit, said.told("HOLD `case-7`").len()), (0, 1), "{}", said.all());
    assert_eq!(with(&world, "lake hold add case-7", ["--reason", "again, again"]).exit, 2);
    for deletion in ["privacy sweep", "privacy erase --subject m-1", "privacy erase jun.seo"] {
        let said = with(&world, deletion, ["--reveal", "yearly"]);
        assert_eq!((said.exit, said.told("`case-7` (case 7: letter of 3 May, ").len()), (4, 1), "{}", said.all());
        assert_eq!(said.told("sever lake hold release").len(), 1, "{}", said.all());
    }
    assert_eq!(world.sever("lake").told("nothing is deleted").len(), 1);
    assert_eq!(world.sever("lake hold release case-7").exit, 4, "without a reason");
    assert_eq!(with(&world, "lake hold release case-8", ["--reveal", "settled"]).told("case-7").len(), 1);
    let said = with(&world, "lake hold release case-7", ["--reveal", "settled out of court"]);
    assert_eq!((said.exit, said.told("is released").len()), (0, 1), "{}", said.all());
    let recorded = world.sever("privacy accesses").stdout;
    assert!(recorded.contains("case 7: letter of 3 May") && recorded.contains("settled out of court"), "{recorded}");
    assert_eq!(with(&world, "privacy sweep", ["--reveal", "yearly"]).exit, 0);
}

#[test]
fn shorter_retention_is_recorded_and_found() {
    let world = scanned();
    assert_eq!(world.sever("check").told("retention").len(), 0);
    world.append("severance.toml", "[privacy.retention]\nuses = \"30d\"\n");
    for _ in 0..2 {
        let said = world.sever("check --format json");
        let found = said.json();
        let rows = found["rows"].as_array().unwrap();
        let lowered: Vec<_> = rows.iter().filter(|row| row["detector"] == "evidence-tampered").collect();
        assert_eq!(lowered.len(), 1, "{}", said.all());
        assert_eq!(lowered[0]["title"], "the retention of judged uses was lowered from 400 to 30 days");
    }
    assert_eq!(world.sever("lake").told("RETENTION LOWERED from 400 to 30 days").len(), 1);
    let recorded = world.sever("privacy accesses").stdout;
    assert_eq!(recorded.matches("retention of judged uses lowered from 400 to 30 days").count(), 1, "{recorded}");
}
