//! What would be closed of a leaver: on a small company's files, and on two of the plays at their
//! departures.

use std::fs;

use serde_json::Value;
use sever_model::Plan;
use sever_replay::{Play, incident};

use crate::world::{Said, World};

/// The test kit's small company, pulled.
fn company() -> World {
    let world = World::empty();
    let company = sever_testkit::Company::small().unwrap();
    for entry in fs::read_dir(company.folder()).unwrap() {
        let entry = entry.unwrap();
        world.write(&entry.file_name().to_string_lossy(), fs::read(entry.path()).unwrap());
    }
    assert_eq!(world.sever("sync").exit, 0);
    world
}

/// An incident's files, pulled.
fn play(id: &str) -> World {
    let world = World::empty();
    let play = Play { scale: 0.0001, seed: 1, variant: None, unknown_share: 0.0, progress: None };
    incident(id).unwrap().play(&play, &world.path("")).unwrap();
    let synced = world.sever("sync");
    assert!(synced.exit == 0 || synced.exit == 6, "{}", synced.all());
    world
}

fn read(world: &World, file: &str) -> Plan {
    serde_json::from_slice(&fs::read(world.path(file)).unwrap()).unwrap()
}

/// Without the plan's digest, which holds the moment it was made at.
fn steady(said: &Said) -> String {
    let mut all = said.all();
    while let Some(at) = all.find("plan ").and_then(|_| hex_of(&all)) {
        all.replace_range(at..at + 64, "<digest>");
    }
    all
}

/// Where 64 hexadecimal digits stand together.
fn hex_of(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(63)).find(|at| bytes[*at..*at + 64].iter().all(u8::is_ascii_hexdigit))
}

/// The planned door of an id.
fn door<'a>(plan: &'a Plan, id: &str) -> &'a sever_model::PlannedDoor {
    let ids: Vec<&str> = plan.doors.iter().map(|it| it.door.id.as_str()).collect();
    plan.door(&id.into()).unwrap_or_else(|| panic!("{id} is not in {ids:#?}"))
}

#[test]
fn a_leavers_doors_as_a_table_and_a_file() {
    let world = company();
    let said = world.sever("plan bob --as-of 2026-04-02 -f table");
    insta::assert_snapshot!(steady(&said), @r"
    exit 6
    --- stdout
    Bob Ray · Platform · last day 2026-03-31 · access ends 2026-04-01T00:00:00Z · 2 accounts, 1 credential

    #  DOOR                          OPENS                                       HOW                                                                                  MAY BREAK
    1  login bob at shop             –                                           ask whoever runs shop: disable it, and end what is open                              –
    2  login zoe.temp at shop        –                                           ask whoever runs shop: say whose it is, or disable it                                –
    3  signing key kid-1 at shop     whoever https://id.shop.example speaks for  ask whoever runs shop: replace it (made or held)                                     ⚠ gateway believes it; last used 2026-04-01T09:00:00Z
    4  signing key kid-1 at gateway  whatever gateway lets in                    ask whoever runs gateway: see that it refuses what the old key signs (made or held)  –

    not covered: shop: no connection lists its sessions, tokens and live connections
    not covered: 4 steps are handed off to nobody by name: give `owner` under `[cutting.hand_off]`
    4 doors · 4 steps (2 contain, 0 hand-over, 1 rotate, 1 cut) · 1 may break something · 4 only asked for · 4 that nothing here can try · 2 not covered
    --- stderr
    plan <digest> written to bob.plan.json
    hint: resolve ⚠ with `sever who shop/kid-1`, then `sever cut bob --plan bob.plan.json`
    ");
    let plan = read(&world, "bob.plan.json");
    assert!(said.stderr.contains(&plan.digest()), "the digest that is printed is the file's");
    let text = fs::read_to_string(world.path("bob.plan.json")).unwrap();
    assert!(text.contains("An acting document"), "{text}");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(world.path("bob.plan.json")).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn another_plan_is_not_written_over_unasked() {
    let world = company();
    world.sever("plan bob --as-of 2026-04-02");
    let first = read(&world, "bob.plan.json");
    let again = world.sever("plan bob --as-of 2026-04-02");
    assert!(
        again.stderr.contains("is as it was in bob.plan.json") && again.stderr.contains(&first.digest()),
        "{}",
        again.all()
    );
    assert_eq!(read(&world, "bob.plan.json"), first);

    world.write("rules.toml", "[cutting]\nbreak_glass = [\"zoe.temp\"]\n");
    world.append("severance.toml", "[cutting]\nbreak_glass = [\"shop/a-3\"]\n");
    let refused = world.sever("plan bob --as-of 2026-04-02");
    assert_eq!((refused.exit, refused.stdout.as_str()), (4, ""), "{}", refused.all());
    assert!(refused.stderr.contains("`--force` writes over it"), "{}", refused.all());
    assert_eq!(read(&world, "bob.plan.json"), first);
    assert_eq!(world.sever("plan bob --as-of 2026-04-02 --force").exit, 6);
    assert_ne!(read(&world, "bob.plan.json"), first);
    world.write("notes.txt", "not a plan");
    assert_eq!(world.sever("plan bob --out notes.txt").exit, 4);
    assert_eq!(fs::read_to_string(world.path("notes.txt")).unwrap(), "not a plan");
}

#[test]
fn people_who_work_here_are_veiled_and_the_file_is_not() {
    let world = company();
    let said = world.sever("plan 1001 --as-of 2026-04-02 -f json");
    assert!(!said.all().contains("Ann Lee") && said.stdout.contains("person-"), "{}", said.all());
    let shown = said.json();
    assert_eq!((&shown["kind"], &shown["exit"][0]["code"]), (&Value::from("plan"), &Value::from(said.exit)));
    let plan = read(&world, "1001.plan.json");
    assert_eq!((plan.typed.as_str(), shown["digest"].as_str()), ("Ann Lee", Some(plan.digest().as_str())));
    assert_eq!(shown["doors"].as_array().unwrap().len(), plan.doors.len());
    // What she answers for goes to somebody else before her account does.
    let reports = door(&plan, "shop/delegation/a-4");
    assert!(reports.how.contains("they answer for it: name another owner"), "{reports:?}");
}

#[test]
fn what_has_no_doors_or_is_not_there_is_told() {
    let world = company();
    let said = world.sever("plan bobb");
    assert_eq!((said.exit, said.stdout.as_str()), (2, ""), "{}", said.all());
    assert!(said.stderr.contains("did you mean"), "{}", said.all());
    let said = world.sever("plan bob --moves-to Nowhere");
    assert!(said.exit == 2 && said.stderr.contains("nobody else is in team `Nowhere`"), "{}", said.all());
    assert!(!world.path("bob.plan.json").exists());
    let said = world.sever("plan 1001 --not-before 2031-01-01 --as-of 2026-04-02");
    assert!(said.all().contains("not to begin before 2031-01-01T00:00:00Z"), "{}", said.all());
    let key = world.sever("plan kid-1 --as-of 2026-04-02");
    let plan = read(&world, "kid-1.plan.json");
    assert_eq!((key.exit, plan.typed.as_str()), (6, "shop/kid-1"), "{}", key.all());
    assert!(
        plan.doors.iter().any(|it| it.door.id.as_str() == "gateway/signing-key/kid-1"),
        "who believes it is told by the class"
    );

    let world = World::with_people();
    let said = world.sever("plan 10002");
    assert_eq!(said.exit, 3, "nothing was pulled: {}", said.all());
}

/// The account in the name of nobody that a network engineer had made is closed when he leaves, a month
/// before it woke.
#[test]
fn gucci_the_ghost_is_in_its_makers_plan() {
    let world = play("gucci");
    let said = world.sever("plan rolf.tandeck --as-of 2010-05-18T00:00:00-04:00 --out p.json");
    assert_eq!(said.exit, 6, "{}", said.all());
    let plan = read(&world, "p.json");
    let ghost = door(&plan, "ad/login/u9041");
    assert!(ghost.evidence.contains("joins to nobody"), "{ghost:?}");
    let step = plan.steps.iter().find(|step| step.door == ghost.door.id).unwrap();
    assert_eq!(step.phase, sever_model::Phase::Contain);
    let shared = plan.doors.iter().find(|it| it.door.id.as_str().contains("netadmin-password")).unwrap();
    assert!(shared.strength.is_some() && shared.breaks.iter().any(|text| text.contains("also held by")), "{shared:?}");
}

/// The signing key that the developer had read is to be replaced, and each who believes it tried.
#[test]
fn coupang_the_key_that_was_read_is_in_the_readers_plan() {
    let world = play("coupang");
    let said = world.sever("plan taewoon.seonbi --as-of 2025-01-05T00:00:00+09:00 --out p.json");
    assert_eq!(said.exit, 6, "{}", said.all());
    let plan = read(&world, "p.json");
    let key = door(&plan, "id/signing-key/kid-2024-04");
    assert_eq!(key.strength, Some(sever_model::Strength::Read));
    assert!(key.evidence.contains("audit log: read kv/data/auth/signing/kid-2024-04"), "{key:?}");
    let gateway = door(&plan, "gateway/signing-key/kid-2024-04");
    let number = |id: &str| plan.steps.iter().find(|step| step.door.as_str() == id).unwrap().number;
    let at_gateway = plan.steps.iter().find(|step| step.door == gateway.door.id).unwrap();
    assert!(at_gateway.after.iter().any(|it| it.step == number("id/signing-key/kid-2024-04")), "{at_gateway:?}");
}

#[test]
fn connectors_are_listed_and_explain_themselves() {
    let world = World::empty();
    let said = world.sever("connectors -f json");
    assert_eq!(said.exit, 0, "{}", said.all());
    for row in said.json()["rows"].as_array().unwrap() {
        let page = world.sever(&format!("explain connections/{}", row["id"].as_str().unwrap()));
        assert!(page.exit == 0 && page.stdout.contains("[[connection]]"), "{}", page.all());
    }
}
