//! Whose data: the numbers and their bounds, several things at once, frozen answers and what moved
//! between them, the picture, and ids for a reason and by two people.

use std::process::Stdio;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::world::{Said, World, register};

const REGISTER: &str = "[register]\npath = \"members.csv\"\ncomplete_until = \"2025-11-20T00:00:00Z\"\n";
const ROLE: &str = "[[privacy.role]]\nname = \"investigator\"\nwho = [\"*\"]\nmay = [\"reveal\", \"subjects\"]\n";

/// A company with a register, its logs judged; the gateway's in two files, the second of the next day.
fn scanned() -> World {
    let world = World::with_logs();
    world.write("members.csv", register());
    let config = std::fs::read_to_string(world.path("severance.toml")).unwrap();
    world.write("severance.toml", config.replace("\"gateway.jsonl\"", "\"gateway*.jsonl\"") + REGISTER + ROLE);
    world.write("gateway-late.jsonl", a_use_on("17"));
    world.sever("sync");
    assert_eq!(world.sever("scan").exit, 15);
    world
}

fn a_use_on(day: &str) -> String {
    format!(
        "{{\"ts\":\"2025-11-{day}T03:00:00Z\",\"method\":\"GET\",\"path\":\"/api/address-book\",\"status\":200,\
         \"remote_addr\":\"203.0.113.9\",\"member_ids\":[\"m-1000\"]}}\n"
    )
}

fn with(world: &World, words: &str, more: &[&str]) -> Said {
    let output = world.command(words).args(more).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The second file is of two days later: of the day between there is none.
fn a_day_without(world: &World) {
    world.write("gateway-late.jsonl", a_use_on("18"));
    world.sever("scan --exit-zero");
}

const ASK: &str = "reach kid-2024-04 --judged never-issued";

#[test]
fn a_day_of_which_no_log_is_kept_lifts_the_upper_bound_and_an_independent_count_caps_it() {
    let world = scanned();
    let figures = |said: &Said| {
        let summary = &said.json()["summary"];
        (summary["lower"].as_u64(), summary["upper"].as_u64(), summary["whole"].as_bool())
    };
    let whole = world.sever(&format!("{ASK} --format json"));
    assert_eq!((whole.exit, figures(&whole)), (0, (Some(12), Some(12), Some(true))), "{}", whole.all());
    a_day_without(&world);
    let gap = world.sever(&format!("{ASK} --format json"));
    assert_eq!((gap.exit, figures(&gap)), (6, (Some(12), Some(40), Some(false))), "{}", gap.all());
    assert!(gap.stdout.contains("no log reaches over 1 day: 2025-11-17"), "{}", gap.stdout);
    let cap = ["--requests-at-most", "20", "--requests-source", "the load balancer's counter"];
    let capped = with(&world, &format!("{ASK} --format json"), &cap);
    assert_eq!(figures(&capped), (Some(12), Some(20), Some(false)), "{}", capped.all());
    assert!(capped.stdout.contains("by the load balancer's counter; 12 are in the logs"), "{}", capped.stdout);
    let too_few = with(&world, ASK, &["--requests-at-most", "7", "--requests-source", "x"]);
    assert_eq!(too_few.exit, 2, "{}", too_few.all());
    // Asked about the days that there are, nothing is missing.
    let narrowed = world.sever(&format!("{ASK} --to 2025-11-17 --format json"));
    assert_eq!((narrowed.exit, figures(&narrowed)), (0, (Some(12), Some(12), Some(true))), "{}", narrowed.all());
}

#[test]
fn a_record_that_could_not_be_read_is_at_most_one_person_more() {
    let world = scanned();
    world.append("gateway.jsonl", "{\"ts\": broken\n");
    world.sever("scan --exit-zero");
    let said = world.sever(&format!("{ASK} --format json"));
    assert_eq!((said.exit, said.json()["summary"]["upper"].as_u64()), (6, Some(13)), "{}", said.all());
    assert!(said.stdout.contains("log `gateway/gateway.jsonl`: 1 record not read"), "{}", said.stdout);
}

#[test]
fn several_things_are_answered_together_whatever_kinds_they_are() {
    let world = scanned();
    let lower = |things: &str| {
        let said = world.sever(&format!("reach {things} --format json"));
        said.json()["summary"]["lower"].as_u64().unwrap_or_else(|| panic!("{}", said.all()))
    };
    assert_eq!((lower("198.51.100.7"), lower("203.0.113.9")), (12, 40));
    assert_eq!(lower("198.51.100.7 203.0.113.9"), 40, "each person once");
    assert_eq!(lower("198.51.100.7 t-20"), 13, "an address and a token");
    assert_eq!(lower("t-20 t-21 t-20"), 2);
    assert_eq!(world.sever("reach 198.51.100.7 nobody").exit, 3, "one of them is nothing");
}

#[test]
fn a_frozen_answer_says_what_moved_since_and_why() {
    let world = scanned();
    let said = world.sever(&format!("{ASK} --freeze first.json"));
    assert_eq!(said.told("frozen as ").len(), 1, "{}", said.all());
    let text = std::fs::read_to_string(world.path("first.json")).unwrap();
    assert!(!text.contains("m-10"), "no ids: {text}");
    let frozen: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(frozen["figures"]["at_least"], 12);
    assert_eq!(frozen["question"]["things"], serde_json::json!([["key", "kid-2024-04"]]));
    assert_eq!(world.sever(&format!("{ASK} --freeze first.json")).exit, 1, "it is not written over");
    let same = world.sever("reach --diff first.json");
    assert_eq!((same.exit, same.told("nothing moved and no input changed").len()), (0, 1), "{}", same.all());

    a_day_without(&world);
    let moved = world.sever("reach --diff first.json");
    assert!(moved.stdout.contains("number\tat most\t12\t40"), "{}", moved.all());
    assert!(moved.stdout.contains("input\tdays of the lake\t"), "{}", moved.all());
    assert_eq!(moved.told("why: more logs were read (1 day, 2025-11-18 to 2025-11-18)").len(), 1, "{}", moved.all());
    world.sever(&format!("{ASK} --freeze second.json"));
    assert_eq!(world.sever("reach --diff first.json --with second.json").stdout, moved.stdout);

    world.write("forged.json", text.replacen("\"at_least\": 12", "\"at_least\": 2", 1));
    let forged = world.sever("reach --diff forged.json");
    assert_eq!((forged.exit, forged.told("it was changed since it was frozen").len()), (20, 1), "{}", forged.all());
    world.write("other.json", "{}");
    assert_eq!(world.sever("reach --diff other.json").exit, 2);
}

#[test]
fn the_same_inputs_are_the_same_frozen_answer_but_for_its_moment() {
    let world = scanned();
    let freeze = |file: &str| {
        assert_eq!(world.sever(&format!("{ASK} --freeze {file} --svg {file}.svg")).exit, 0);
        let mut frozen: serde_json::Value = serde_json::from_slice(&std::fs::read(world.path(file)).unwrap()).unwrap();
        let members = frozen.as_object_mut().unwrap();
        assert!(members.remove("at").is_some() && members.remove("digest").is_some());
        frozen
    };
    assert_eq!(freeze("one.json"), freeze("two.json"));
}

#[test]
fn the_picture_is_well_formed_and_has_a_bar_and_words() {
    let world = scanned();
    assert_eq!(world.sever(&format!("{ASK} --svg reach.svg")).told("drawn in reach.svg").len(), 1);
    let svg = std::fs::read_to_string(world.path("reach.svg")).unwrap();
    let mut reader = Reader::from_str(&svg);
    let mut bars = 0;
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) if start.name().as_ref() == b"rect" => bars += 1,
            Event::Start(start) => assert_ne!(start.name().as_ref(), b"script"),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(bars, 1, "{svg}");
    assert!(svg.contains("From 2025-11-16 to 2025-11-16, 12 people were touched for sure, at most 12."), "{svg}");
}

#[test]
fn ids_are_written_out_for_a_reason() {
    let world = scanned();
    let ask = format!("{ASK} --subjects touched.csv");
    assert_eq!(world.sever(&ask).exit, 4, "without a reason");
    let said = with(&world, &ask, &["--reason", "case 77: letters to people"]);
    assert_eq!((said.exit, said.told("12 ids written").len()), (0, 1), "{}", said.all());
    let accesses = world.sever("privacy accesses").stdout;
    assert!(accesses.contains("investigator\tcase 77: letters to people\tsever reach"), "{accesses}");
}

#[test]
fn where_several_may_approve_somebody_else_signs_for_the_ids() {
    let Some(ssh_keygen) = sever_testkit::find_program("ssh-keygen") else {
        return sever_testkit::skip("two people", "`ssh-keygen` is not installed");
    };
    let world = scanned();
    let me = sever::operator::login();
    for name in [me.as_str(), "zoe"] {
        let made = std::process::Command::new(&ssh_keygen)
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(world.path(name))
            .status();
        assert!(made.unwrap().success());
        let key = std::fs::read_to_string(world.path(&format!("{name}.pub"))).unwrap();
        world.append("severance.toml", format!("[[cutting.approvers]]\nname = \"{name}\"\nkey = \"{}\"\n", key.trim()));
    }
    let reason = ["--reason", "case 77: letters to people"];
    let ask = format!("{ASK} --subjects touched.csv");
    let refused = with(&world, &ask, &reason);
    assert_eq!((refused.exit, world.path("touched.csv").exists()), (4, false), "{}", refused.all());
    let told = refused.stderr.split("request ").nth(1).unwrap_or_else(|| panic!("{}", refused.all()));
    let digest = told.split_whitespace().next().unwrap().to_owned();
    assert_eq!(digest.len(), 64);
    let sign = |name: &str, digest: &str| {
        let mut child = std::process::Command::new(&ssh_keygen)
            .args(["-Y", "sign", "-n", "severance-subjects", "-f"])
            .arg(world.path(name))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), digest.as_bytes()).unwrap();
        world.write(&format!("{name}.sig"), child.wait_with_output().unwrap().stdout);
    };
    let approved = |name: &str| with(&world, &format!("{ask} --approval {name}.sig"), &reason);
    sign(&me, &digest);
    assert_eq!(approved(&me).exit, 4, "one's own signature is no second person");
    sign("zoe", &digest.replace(digest.chars().next().unwrap(), "0"));
    assert_eq!(approved("zoe").exit, 4, "a signature of another request");
    sign("zoe", &digest);
    let said = approved("zoe");
    assert_eq!((said.exit, said.told("12 ids written").len()), (0, 1), "{}", said.all());
    let other = with(&world, &format!("{ask} --approval zoe.sig"), &["--reason", "something else entirely"]);
    assert_eq!(other.exit, 4, "it is of this reason only: {}", other.all());
}
