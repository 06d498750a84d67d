//! People who are employed have no names in answers, whoever lifts the veil is recorded, and a person
//! who is erased is in nothing that is kept.

use crate::world::World;

const ROLE: &str = "[[privacy.role]]\nname = \"investigator\"\nwho = [\"*\"]\n\
                    may = [\"reveal\", \"subjects\", \"basis\", \"erase\", \"sweep\"]\n";

/// Names, logins, addresses and ids of those who are employed, and of one who has left.
const EMPLOYED: [&str; 5] = ["Mina", "mina.park", "Aiko", "10003", "sara.lind@shop.example"];
const LEFT: &str = "jun.seo";

#[test]
fn people_who_are_employed_have_no_name_in_any_answer_and_leavers_have() {
    let world = World::with_logs();
    world.sever("sync");
    world.sever("scan");
    let questions =
        ["list people", "list accounts", "list leavers", "check", "findings", "who shop/a-9", "rights", "scan"];
    for question in questions {
        for format in ["tsv", "json", "markdown"] {
            let said = world.sever(&format!("{question} --format {format}")).all();
            for name in EMPLOYED {
                assert!(!said.contains(name), "`{name}` in `{question}`: {said}");
            }
        }
    }
    let people = world.sever("list people").stdout;
    assert!(people.contains("Jun Seo") && people.contains("person-"), "{people}");
}

#[test]
fn a_pseudonym_asks_for_the_person_it_stands_for() {
    let world = World::with_people();
    world.sever("sync");
    let accounts = String::from_utf8(world.command("list accounts").output().unwrap().stdout).unwrap();
    let of_mina = accounts.lines().nth(1).unwrap();
    let at = of_mina.find("person-").unwrap();
    let pseudonym = &of_mina[at..at + "person-".len() + 8];
    let asked = world.command(&format!("who {pseudonym}")).output().unwrap();
    let by_name = world.command("who mina.park").output().unwrap();
    assert_eq!(asked.stdout, by_name.stdout);
    assert!(!asked.stdout.is_empty());
    let accesses = world.sever("privacy accesses --format json").json();
    let reasons: Vec<&str> =
        accesses["rows"].as_array().unwrap().iter().filter_map(|it| it["reason"].as_str()).collect();
    assert_eq!(reasons, ["asked for by name"], "only who asks by name learns whose pseudonym it is");
}

#[test]
fn names_are_revealed_to_a_role_with_a_reason_and_that_is_recorded() {
    let world = World::with_people();
    world.sever("sync");
    let command = |reason: &str| {
        let mut command = world.command("list people --reveal");
        command.arg(reason);
        command.output().unwrap()
    };
    let refused = command("case 77");
    assert_eq!(refused.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("[[privacy.role]]"), "{refused:?}");
    world.append("severance.toml", ROLE);
    assert_eq!(command("  ").status.code(), Some(4));
    let shown = command("case 77");
    assert_eq!(shown.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Mina Park"), "{shown:?}");
    let accesses = world.sever("privacy accesses --format json").json();
    let access = &accesses["rows"][0];
    assert_eq!((access["role"].as_str(), access["reason"].as_str()), (Some("investigator"), Some("case 77")));
    assert_eq!(access["command"], "sever list people --reveal case 77");
    assert_eq!(accesses["rows"].as_array().map(Vec::len), Some(1), "who was refused saw nothing");
    assert_eq!(world.sever("privacy").told("about people once").len(), 1);
}

#[test]
fn ids_of_subjects_lie_nowhere_in_clear_and_are_written_out_to_a_role_with_a_reason() {
    let world = World::with_logs();
    world.append("severance.toml", ROLE);
    world.sever("sync");
    world.sever("scan");
    let kept = world.path("severance-data");
    for file in ["subjects.sealed", "lake"] {
        assert!(kept.join(file).exists(), "{file}");
    }
    for file in files_below(&kept.join("lake")) {
        let bytes = std::fs::read(file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("m-0"), "an id of a subject in the lake");
    }
    let ask = "reach kid-2024-04 --judged never-issued --subjects touched.csv";
    let refused = world.sever(ask);
    assert_eq!((refused.exit, world.path("touched.csv").exists()), (4, false), "{}", refused.all());
    let said = world.command(ask).args(["--reveal", "case 77"]).output().unwrap();
    assert_eq!(said.status.code(), Some(0), "{said:?}");
    let touched = std::fs::read_to_string(world.path("touched.csv")).unwrap();
    assert_eq!(touched.lines().count(), 13, "{touched}");

    // One of them asks to be forgotten: nobody can be led back to, and the count stays true.
    let id = touched.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let words = format!("privacy erase --subject {id}");
    let erased = world.command(&words).args(["--reveal", "request 12"]).output().unwrap();
    assert_eq!(erased.status.code(), Some(0), "{erased:?}");
    assert_eq!(world.sever(&format!("reach --subject {id}")).exit, 3);
    world.command(ask).args(["--reveal", "case 77"]).output().unwrap();
    let after = std::fs::read_to_string(world.path("touched.csv")).unwrap();
    assert!(after.lines().count() == 12 && !after.contains(&format!("{id},")), "{after}");
    assert!(world.sever("reach kid-2024-04 --judged never-issued").stderr.contains("12 people"));
    assert!(!world.sever("privacy accesses").all().contains(&id));
}

#[test]
fn a_leaver_who_is_erased_is_in_no_answer_and_no_sync_brings_them_back() {
    let world = World::with_people();
    world.append("severance.toml", ROLE);
    world.sever("sync");
    world.sever("check");
    let erase =
        |who: &str| world.command(&format!("privacy erase {who}")).args(["--reveal", "request 12"]).output().unwrap();
    assert_eq!(erase("mina.park").status.code(), Some(4), "who is employed cannot be erased");
    assert_eq!(erase(LEFT).status.code(), Some(0));
    for round in 0..2 {
        for question in ["list people", "list accounts", "list leavers", "findings", "check", "privacy accesses"] {
            let said = world.sever(question).all();
            for name in [LEFT, "Jun Seo", "10002"] {
                assert!(!said.contains(name), "round {round}: `{name}` in `{question}`: {said}");
            }
        }
        assert!(world.sever("list leavers").stdout.contains("erased-"));
        world.append("hr.csv", "\n"); // another file that says the same
        world.sever("sync");
    }
}

#[test]
fn what_is_past_its_time_goes_when_it_is_swept() {
    let world = World::with_logs();
    world.append("severance.toml", ROLE);
    world.append("severance.toml", "[privacy.retention]\nuses = \"1d\"\nfindings = \"0s\"\n");
    world.sever("sync");
    world.sever("scan");
    let sweep =
        |flags: &str| world.command(&format!("privacy sweep {flags}")).args(["--reveal", "yearly"]).output().unwrap();
    let would = String::from_utf8(sweep("--dry-run").stderr).unwrap();
    let gone = String::from_utf8(sweep("").stderr).unwrap();
    assert!(would.contains("1212 judged uses") && gone.contains("1212 judged uses"), "{would}{gone}");
    assert!(gone.contains("40 ids of subjects"), "{gone}");
    assert_eq!(world.sever("reach kid-2024-04").exit, 3);
    let again = String::from_utf8(sweep("").stderr).unwrap();
    assert!(again.contains("0 judged uses"), "{again}");
}

/// The files in a folder and below it.
fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}
