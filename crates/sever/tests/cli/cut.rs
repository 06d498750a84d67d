//! A departure from plan to proof, on a small system of one's own that is asked by the connector `exec`:
//! cut, refused, killed at every call and gone on with, tried again, and what another tool closed.

use std::fs;

use serde_json::Value;

use crate::world::{Said, World};

const SETTINGS: &str = r#"zone = "UTC"

[[source]]
name = "hr"
kind = "people"
path = "people.csv"

[[source]]
name = "own"
kind = "accounts"
path = "accounts.csv"

[[source]]
name = "keys"
kind = "keys"
path = "keys.csv"
system = "own"

[[connection]]
name = "own"
kind = "exec"
reading = {}
probing = {}
cutting = {}
[connection.settings]
program = "PROGRAM"
closes = "login, api-key"
undoes = "UNDOES"
replaces = "login"
"#;

const PEOPLE: &str = "\
Employee ID,Legal Name,Email,Hire Date,Last Day of Work
1001,Ann,ann@shop.example,2020-01-06,
1002,Bob,bob@shop.example,2021-02-01,2026-03-31
";

const ACCOUNTS: &str = "\
account_id,login,employee_number,kind,status
ann,ann,1001,human,enabled
bob,bob,1002,human,enabled
twin,twin,,service,enabled
";

/// Ann's: what is known of keys is complete, and no other is.
const KEYS: &str = "\
key_id,issuer,kind,account,created_at,created_by
k9,,api-key,own/ann,2025-01-01T00:00:00Z,ann
";

const STATE: &str = r#"{
  "bob": {"enabled": true, "password": "bob-secret", "keys": {"k1": "key-secret"}, "gone": []},
  "ann": {"enabled": true, "password": "ann-secret", "keys": {}, "gone": []},
  "twin": {"enabled": true, "password": "twin-secret", "keys": {}, "gone": []}
}"#;

/// Asks the system; at the call that the file `kill` names it kills who asked, before or after.
const ASKED: &str = "\
cd DIR
echo x >> calls
read at when < kill
[ \"$(wc -l < calls) before\" = \"$at $when\" ] && kill -9 $PPID
tee -a asked | PYTHON doors.py state.json > answer.$$
cat answer.$$ >> answered
cat answer.$$
[ \"$(wc -l < calls) after\" = \"$at $when\" ] && kill -9 $PPID
rm -f answer.$$
";

/// The system and its people, pulled; nothing where there is no Python.
pub fn company(undoes: &str) -> Option<World> {
    let world = unpulled(undoes)?;
    assert_eq!(world.sever("sync").exit, 0);
    Some(world)
}

/// The same, and nothing was run yet. What the system is asked, and answers, is in `asked` and `answered`.
pub fn unpulled(undoes: &str) -> Option<World> {
    let python = sever_testkit::find_program("python3").or_else(|| {
        sever_testkit::skip("cut", "`python3` is not installed");
        None
    })?;
    let world = World::empty();
    world.write("doors.py", include_str!("../../../sever-connect/tests/contract/own/doors.py"));
    world.write("state.json", STATE);
    world.write("kill", "0 never\n");
    let dir = world.path("").display().to_string();
    world.write("asked.sh", ASKED.replace("DIR", &dir).replace("PYTHON", &python.display().to_string()));
    let program = format!("/bin/sh {}", world.path("asked.sh").display());
    world.write("severance.toml", SETTINGS.replace("PROGRAM", &program).replace("UNDOES", undoes));
    world.write("people.csv", PEOPLE);
    world.write("accounts.csv", ACCOUNTS);
    world.write("keys.csv", KEYS);
    Some(world)
}

pub fn digest(world: &World) -> String {
    let plan = world.sever("plan bob@shop.example --out bob.plan.json -f json");
    plan.json()["digest"].as_str().unwrap_or_else(|| panic!("{}", plan.all())).to_owned()
}

pub fn cut(world: &World, digest: &str, more: &str) -> Said {
    world.sever(&format!("cut bob@shop.example --plan bob.plan.json --digest {digest} --typed Bob -f json {more}"))
}

pub fn verdicts(said: &Said) -> Vec<String> {
    let of = |row: &Value| row["verdict"].as_str().unwrap_or_default().to_owned();
    said.json()["rows"].as_array().unwrap_or_else(|| panic!("{}", said.all())).iter().map(of).collect()
}

pub fn enters(world: &World, way: &str, secret: &str) -> bool {
    let state: Value = serde_json::from_slice(&fs::read(world.path("state.json")).unwrap()).unwrap();
    let bob = &state["bob"];
    let kept = if way == "password" { &bob["password"] } else { &bob["keys"][way] };
    bob["enabled"] == true && kept == secret
}

#[test]
fn from_plan_to_proof() {
    let Some(world) = company("login, api-key") else { return };
    assert!(enters(&world, "password", "bob-secret"));
    let digest = digest(&world);
    let done = cut(&world, &digest, "");
    assert_eq!(done.exit, 0, "{}", done.all());
    assert_eq!(verdicts(&done), ["closed", "closed"], "{}", done.all());
    assert!(!enters(&world, "password", "bob-secret") && !enters(&world, "k1", "key-secret"));
    // No secret of anybody's in what was written.
    for file in ["bob.plan.json", "severance-data/proof/disclosures.jsonl"] {
        let text = fs::read_to_string(world.path(file)).unwrap();
        for secret in ["bob-secret", "key-secret", "twin-secret"] {
            assert!(!text.contains(secret), "{file}");
        }
    }
    let again = world.sever("verify bob@shop.example -f json");
    assert_eq!((again.exit, verdicts(&again).len()), (0, 2), "{}", again.all());
    assert_eq!(world.sever("proof export --out proof").exit, 0);
    let checked = world.sever("proof check proof");
    assert_eq!(checked.exit, 21, "{}", checked.all());
}

#[test]
fn what_was_not_approved_is_not_done() {
    let Some(world) = company("login") else { return };
    let digest = digest(&world);
    let refused = |words: &str| {
        let said = world.sever(words);
        assert_eq!(said.exit, 4, "{words}\n{}", said.all());
        assert!(enters(&world, "password", "bob-secret"), "{words}");
        said
    };
    let plan = "--plan bob.plan.json";
    refused(&format!("cut bob@shop.example {plan} --digest {digest} --typed Eve"));
    refused(&format!("cut bob@shop.example {plan} --digest {} --typed Bob", "0".repeat(64)));
    refused(&format!("cut bob@shop.example {plan} --digest {} --typed Bob", &digest[..8]));
    refused(&format!("cut ann@shop.example {plan} --digest {digest} --typed Bob"));
    refused(&format!("cut bob@shop.example {plan} --digest {digest}"));
    // The key cannot be put back: two people, and nobody is configured to be one.
    let said = refused(&format!("cut bob@shop.example {plan} --digest {digest} --typed Bob"));
    assert!(said.stderr.contains("1 of 2 different people"), "{}", said.all());
    // A plan that was changed is another plan.
    let text = fs::read_to_string(world.path("bob.plan.json")).unwrap().replace("\"how\": \"", "\"how\": \"please ");
    world.write("bob.plan.json", text);
    refused(&format!("cut bob@shop.example {plan} --digest {digest} --typed Bob"));
}

/// kill -9 before and after every call, by enumeration: run again, it is all closed and proven, and the
/// proof verifies.
#[test]
fn killed_at_every_call_it_is_gone_on_with() {
    let mut kills = 0;
    for when in ["before", "after"] {
        // The first is the plan's; two that come at once may be counted as one.
        for call in 2..=9 {
            let Some(world) = company("login, api-key") else { return };
            let digest = digest(&world);
            world.write("calls", "");
            world.write("kill", format!("{call} {when}\n"));
            let first = cut(&world, &digest, "");
            if first.exit != -1 {
                assert_eq!(first.exit, 0, "{call} {when}: {}", first.all());
                continue;
            }
            kills += 1;
            world.write("kill", "0 never\n");
            let second = cut(&world, &digest, "");
            assert_eq!(second.exit, 0, "{call} {when}: {}", second.all());
            assert_eq!(verdicts(&second), ["closed", "closed"], "{call} {when}");
            assert!(!enters(&world, "password", "bob-secret") && !enters(&world, "k1", "key-secret"));
            assert_eq!(world.sever("proof export --out proof").exit, 0);
            assert_eq!(world.sever("proof check proof").exit, 21, "{call} {when}");
        }
    }
    assert!(kills >= 8, "only {kills} kills");
}

#[test]
fn what_another_tool_says_that_it_closed_is_tried() {
    let Some(world) = company("login, api-key") else { return };
    world
        .write("claims.csv", "account,closed_at,tool\nown/bob,2026-03-31T17:00:00Z,lifecycle\nown/nobody,,lifecycle\n");
    let tried = world.sever("verify --claims claims.csv -f json");
    let text = tried.all();
    // It was not closed, and nobody has bob's password: unknown, never closed.
    let mut seen = verdicts(&tried);
    seen.sort();
    assert_eq!(seen, ["OPEN", "UNKNOWN"], "{text}");
    assert_eq!(tried.exit, 10, "{text}");
    assert!(text.contains("own/nobody"), "{text}");
}

#[test]
fn a_door_that_we_may_not_close_becomes_a_ticket() {
    let Some(world) = company("login, api-key") else { return };
    let text = fs::read_to_string(world.path("severance.toml")).unwrap().replace("cutting = {}\n", "");
    let hand_off = "\n[cutting.hand_off]\nowner = \"helpdesk\"\ndeadline = \"1d\"\nto = \"tickets.jsonl\"\n";
    world.write("severance.toml", text + hand_off);
    let digest = digest(&world);
    let done = cut(&world, &digest, "");
    assert_eq!(done.exit, 10, "{}", done.all());
    let tickets = fs::read_to_string(world.path("tickets.jsonl")).unwrap();
    assert_eq!(tickets.lines().count(), 2, "{tickets}");
    assert!(tickets.contains("\"owner\":\"helpdesk\""), "{tickets}");
    cut(&world, &digest, "--resume");
    assert_eq!(fs::read_to_string(world.path("tickets.jsonl")).unwrap().lines().count(), 2, "filed again");
    assert!(enters(&world, "password", "bob-secret"), "closed without being allowed to");
}
