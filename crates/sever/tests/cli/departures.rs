//! What goes with a departure: connections that answer or do not, a cut for a day to come, the claims of
//! other tools, our own probes in the logs, and the digest as a handle.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::cut::{company, cut, digest, verdicts};
use crate::world::World;

/// The line of a connection in what `doctor` says: its state, and what was found.
fn connection(world: &World, name: &str) -> (i32, String, String) {
    let said = world.sever("doctor -f json");
    let rows = said.json()["rows"].as_array().cloned().unwrap_or_default();
    let row = rows.iter().find(|row| row["what"] == "connection" && row["name"] == name);
    let row = row.unwrap_or_else(|| panic!("{}", said.all()));
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (said.exit, text("state"), text("found"))
}

#[test]
fn doctor_asks_every_connection() {
    let Some(world) = company("login, api-key") else { return };
    let (exit, state, found) = connection(&world, "own");
    assert_eq!((exit, state.as_str()), (0, "ok"), "{found}");
    assert!(found.contains("lists: answers (0 doors of nobody)"), "{found}");
    assert!(found.contains("closes: not asked, its secret is for an approved plan"), "{found}");
    let calls = fs::read_to_string(world.path("calls")).unwrap().lines().count();
    assert_eq!(calls, 2, "asked with the credentials that read and with those that probe");

    // What cannot be reached and what refuses us are two things to mend.
    for (answer, state) in [
        (r#"{"error": "unreachable", "what": "connection refused"}"#, "CANNOT BE REACHED"),
        (r#"{"error": "not-allowed", "what": "401", "lacking": "a login"}"#, "CREDENTIALS REFUSED"),
        (r#"{"error": "rate-limited", "what": "429", "retry_after_secs": 9}"#, "ASKED TO WAIT"),
        ("nonsense", "FAILED"),
    ] {
        world.write("asked.sh", format!("echo '{answer}'\n"));
        let (exit, said, found) = connection(&world, "own");
        assert_eq!((exit, said.as_str()), (5, state), "{found}");
    }
}

#[test]
fn a_gentle_connection_is_asked_with_pauses() {
    let Some(world) = company("login, api-key") else { return };
    let text = fs::read_to_string(world.path("severance.toml")).unwrap();
    let gentle = text.replace("reading = {}", "side_by_side = 1\npause = \"1ms\"\nreading = {}");
    world.write("severance.toml", gentle);
    let said = cut(&world, &digest(&world), "");
    assert_eq!((said.exit, verdicts(&said).len()), (0, 2), "{}", said.all());
    world.write("severance.toml", text.replace("reading = {}", "side_by_side = 0\nreading = {}"));
    let wrong = world.sever("doctor");
    assert_eq!(wrong.exit, 2);
    assert!(wrong.stderr.contains("`side_by_side` is from 1 to 64, not 0"), "{}", wrong.all());
}

/// A plan for a day to come, and its digest.
fn planned(world: &World, begin: &str) -> String {
    let plan = world.sever(&format!("plan bob@shop.example --not-before {begin} --out bob.plan.json --force -f json"));
    plan.json()["digest"].as_str().unwrap_or_else(|| panic!("{}", plan.all())).to_owned()
}

#[test]
fn a_cut_for_a_day_to_come_waits_and_begins_nothing_before() {
    let Some(world) = company("login, api-key") else { return };
    let settings = fs::read_to_string(world.path("severance.toml")).unwrap();
    let approvers = settings.clone() + "\n[cutting]\nplan_age_max = \"900000d\"\n";
    let digest = planned(&world, "2999-01-01T00:00:00Z");
    // Who made a mistake is told at once, and not when nobody is there: too old by then, for one.
    let stale = cut(&world, &digest, "--wait");
    assert_eq!(stale.exit, 4, "{}", stale.all());
    assert!(stale.stderr.contains("plan_age_max"), "{}", stale.all());
    world.write("severance.toml", approvers.replace("900000d", "360000d"));
    let typed = world.sever(&format!("cut bob@shop.example --plan bob.plan.json --digest {digest} --typed Eve --wait"));
    assert_eq!(typed.exit, 4, "{}", typed.all());
    let early = cut(&world, &digest, "");
    assert_eq!(early.exit, 4, "{}", early.all());
    assert!(early.stderr.contains("--wait"), "{}", early.all());

    // It says until when it waits, begins nothing, and can be ended and run again.
    for _ in 0..2 {
        let words = format!("cut bob@shop.example --plan bob.plan.json --digest {digest} --typed Bob --wait");
        let mut waiting = world.command(&words).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(waiting.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("waits until 2999-01-01 00:00:00 UTC"), "{line}");
        waiting.kill().unwrap();
        waiting.wait().unwrap();
    }
    let begun = cut(&world, &digest, "--wait --resume");
    assert!(begun.stderr.contains("nothing was begun of this plan"), "{}", begun.all());
}

#[test]
fn a_cut_whose_day_has_come_does_not_wait() {
    let Some(world) = company("login, api-key") else { return };
    let digest = planned(&world, "2026-04-01T09:00:00Z");
    let done = cut(&world, &digest, "--wait");
    assert_eq!((done.exit, verdicts(&done)), (0, vec!["closed".to_owned(), "closed".to_owned()]), "{}", done.all());
    assert!(!done.stderr.contains("waits"), "{}", done.all());
}

#[test]
fn who_no_longer_leaves_is_not_waited_for() {
    let Some(world) = company("login, api-key") else { return };
    let people = fs::read_to_string(world.path("people.csv")).unwrap();
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let next_year = 1971 + since.as_secs() / 31_556_952;
    world.write("people.csv", people.replace("2026-03-31", &format!("{next_year}-12-31")));
    world.sever("sync");
    let settings = fs::read_to_string(world.path("severance.toml")).unwrap();
    world.write("severance.toml", settings + "\n[cutting]\nplan_age_max = \"360000d\"\n");
    let plan = world.sever("plan bob@shop.example --out bob.plan.json -f json");
    let digest = plan.json()["digest"].as_str().unwrap().to_owned();
    // HR's list changes its mind after the plan.
    world.write("people.csv", people.replace("2026-03-31", ""));
    world.sever("sync");
    let said = cut(&world, &digest, "--wait");
    assert_eq!(said.exit, 4, "{}", said.all());
    assert!(said.stderr.contains("does not say that they leave"), "{}", said.all());
}

#[test]
fn claims_of_other_tools_are_told_by_their_shape() {
    let Some(world) = company("login, api-key") else { return };
    let task = |id: &str, of: &str, name: &str| {
        json!({
            "id": "05a96d7a-0000-4000-8000-000000000001", "processingStatus": "completed", "failureReason": null,
            "completedDateTime": "2026-03-31T17:00:05.3529197Z", "subject": {"id": of},
            "task": {"category": "leaver", "displayName": name, "taskDefinitionId": id, "arguments": []},
        })
    };
    let results = json!({"value": [
        task("1dfdfcc7-52fa-4c2e-bf3a-e3919cc12950", "bob", "Disable user account"),
        task("9c0a1eaf-5bda-4392-9d9e-6e155bb57411", "bob", "Send email on users last day"),
        task("b3a31406-2a15-4c9a-b25b-a658fa5f07fc", "bob", "Remove user from all groups"),
        task("1dfdfcc7-52fa-4c2e-bf3a-e3919cc12950", "nobody", "Disable user account"),
    ]});
    world.write("tasks.json", results.to_string());
    let tried = world.sever("verify --claims tasks.json -f json");
    let text = tried.all();
    // Only the login is claimed to be closed; it is not, and nobody has bob's password.
    assert_eq!((tried.exit, verdicts(&tried)), (9, vec!["UNKNOWN".to_owned()]), "{text}");
    for said in [
        "the task `Send email on users last day` closes no door: bob",
        "for no membership of it is known: own/bob",
        "for nothing here knows such an account: nobody",
        "1 door of own/bob that nobody claims to have closed",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    // A table that says which door, where and by which ticket; and one that is about nobody here.
    world.write(
        "claims.csv",
        "account,system,kind,closed_at,tool,ticket\nbob,own,api-key,2026-03-31T17:00:00Z,helpdesk,T-77\n",
    );
    let tried = world.sever("verify --claims claims.csv -f json");
    assert_eq!((tried.exit, verdicts(&tried)), (10, vec!["OPEN".to_owned()]), "{}", tried.all());
    world.write("claims.csv", "account,system\nbob,elsewhere\n");
    let nobody = world.sever("verify --claims claims.csv");
    assert_eq!(nobody.exit, 3, "{}", nobody.all());
    assert!(nobody.stderr.contains("nothing here knows such an account"), "{}", nobody.all());
}

#[test]
fn our_own_probes_are_no_findings_and_nobody_hides_behind_them() {
    let Some(world) = company("login, api-key") else { return };
    let said = cut(&world, &digest(&world), "");
    assert_eq!(said.exit, 0, "{}", said.all());
    // The tries of bob's login by which it was proven closed, as that system would log them.
    let knocks = fs::read_to_string(world.path("severance-data/knocks.jsonl")).unwrap();
    let knocks: Vec<Value> = knocks.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ended = knocks.iter().filter(|it| it["door"] == "own/login/bob" && it.get("ended").is_some());
    let refused: Vec<&Value> = ended.filter(|it| it.get("let_in").is_none()).collect();
    assert!(!refused.is_empty(), "{knocks:?}");
    let line = |at: &str, ip: &str, agent: &str| {
        json!({"ts": at, "event": "login", "user": "bob", "result": "denied", "ip": ip, "agent": agent}).to_string()
    };
    let of = |knock: &&Value| {
        let nonce = knock["nonce"].as_str().unwrap();
        line(knock["began"].as_str().unwrap(), "192.0.2.7", &format!("severance ({nonce})"))
    };
    let ours: Vec<String> = refused.iter().map(of).collect();
    let log = "\n[[log]]\nname = \"own-log\"\npath = \"own.jsonl\"\nformat = \"json-lines\"\nsystem = \"own\"\n[log.map]\n\
               time = \"ts\"\nkind = { const = \"authenticated\" }\nactor = \"user\"\noutcome = \"result\"\nsource_ip = \"ip\"\n\
               user_agent = \"agent\"\n";
    world.append("severance.toml", log);
    world.write("own.jsonl", ours.join("\n") + "\n");
    let quiet = world.sever("scan --no-lake");
    assert!(quiet.stderr.contains(&format!("our own probes: {} event", ours.len())), "{}", quiet.all());
    assert!(!quiet.stdout.contains("use-after-departure"), "{}", quiet.all());
    // One more, with the very same nonce at the same time: one of them is a finding.
    let copied = ours.last().unwrap().clone();
    world.write("own.jsonl", [ours.join("\n"), copied, String::new()].join("\n"));
    let found = world.sever("scan --no-lake");
    assert!(found.stdout.contains("use-after-departure"), "{}", found.all());
    assert!(found.stdout.contains("was tried once, and refused"), "{}", found.all());
}

#[test]
fn a_departure_is_named_by_the_beginning_of_its_digest() {
    let Some(world) = company("login, api-key") else { return };
    let digest = digest(&world);
    assert_eq!(cut(&world, &digest, "").exit, 0);
    let of = |given: &str, out: &str| world.sever(&format!("proof export --departure {given} --out {out}"));
    assert_eq!(of(&digest[..6], "short").exit, 0);
    assert_eq!(of(&digest, "long").exit, 0);
    let text = |name: &str| fs::read_to_string(world.path(name)).unwrap();
    assert_eq!(text("short/disclosures.jsonl"), text("long/disclosures.jsonl"));
    let mistyped = format!("{}0{}", &digest[..20], &digest[20..63]);
    let wrong = of(&mistyped, "wrong");
    assert_eq!(wrong.exit, 3, "{}", wrong.all());
    assert!(wrong.stderr.contains(&format!("did you mean `{digest}`?")), "{}", wrong.all());
    assert_eq!(world.sever(&format!("proof show --departure {}", &digest[..6])).exit, 0);
    // In the open stands nothing by which whoever has the plan would know these statements again.
    assert_eq!(world.sever("proof export --redacted --out redacted").exit, 0);
    for file in walk(&world.path("redacted")) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(16).any(|part| part == &digest.as_bytes()[..16]), "{}", file.display());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn who_has_an_open_departure_is_not_erased() {
    let Some(world) = company("login, api-key") else { return };
    let role = format!(
        "\n[[privacy.role]]\nname = \"officer\"\nwho = [\"{}\"]\nmay = [\"erase\", \"reveal\"]\n",
        sever::operator::login()
    );
    world.append("severance.toml", role);
    let digest = digest(&world);
    // The system goes away after the plan was begun.
    let asked = fs::read_to_string(world.path("asked.sh")).unwrap();
    world.write("asked.sh", "echo '{\"error\": \"refused\", \"what\": \"closed for today\"}'\n");
    let partly = cut(&world, &digest, "");
    assert_eq!(partly.exit, 5, "{}", partly.all());
    let erase = || {
        let mut command = world.command("privacy erase bob@shop.example --reveal");
        let output = command.arg("asked for by bob").output().unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
    };
    let (exit, said) = erase();
    assert!(exit == 4 && said.contains("is open") && said.contains("--resume"), "{exit} {said}");
    world.write("asked.sh", asked);
    // What could not be listed the first time stays said.
    let ended = cut(&world, &digest, "--resume");
    assert_eq!((ended.exit, verdicts(&ended).len()), (6, 2), "{}", ended.all());
    let (exit, said) = erase();
    assert_eq!(exit, 0, "{said}");
    let knocks = fs::read_to_string(world.path("severance-data/knocks.jsonl")).unwrap();
    assert!(!knocks.contains("own/bob"), "{knocks}");
}
