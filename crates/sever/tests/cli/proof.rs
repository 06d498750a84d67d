//! The evidence of a departure: shown, exported, checked by a stranger, and found when it was changed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use sever_model::WallTime;
use sever_store::proof::{Claim, ClaimKind, LogKey, ProofLog};

use crate::world::World;

const ROLE: &str = "[[privacy.role]]\nname = \"investigator\"\nwho = [\"*\"]\nmay = [\"reveal\", \"erase\"]\n";

/// A company whose leaver was cut, with an approval by somebody who is employed.
fn departed() -> World {
    let world = World::with_people();
    world.sever("sync");
    let data = world.path("severance-data");
    let mut log = ProofLog::open(&data, LogKey::read_or_make(&data).unwrap()).unwrap();
    log.append_all(&[
        claim(ClaimKind::Approval, "10002", json!({"of": "plan"}), &[("by", "mina.park"), ("person", "jun.seo")]),
        claim(ClaimKind::Intent, "10002", json!({"phase": "cut", "provider": "ldap"}), &[("door", "shop/jun.seo")]),
        claim(
            ClaimKind::Verdict,
            "10002",
            json!({"result": "closed", "strength": "tried"}),
            &[("door", "shop/jun.seo")],
        ),
        claim(
            ClaimKind::Verdict,
            "10006",
            json!({"result": "unknown", "strength": "tried"}),
            &[("door", "shop/trivera")],
        ),
    ])
    .unwrap();
    world
}

fn claim(kind: ClaimKind, departure: &str, public: serde_json::Value, private: &[(&str, &str)]) -> Claim {
    let private = private.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect();
    Claim { kind, departure: departure.to_owned(), at: WallTime::from_secs(1_759_251_600), public, private }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => all.extend(files(&entry.path())),
            false => all.push(entry.path()),
        }
    }
    all.sort();
    all
}

fn text_of(dir: &Path) -> String {
    files(dir).iter().map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()).collect()
}

#[test]
fn the_log_shows_what_was_done_and_names_leavers_only() {
    let world = departed();
    let shown = world.sever("proof show");
    assert_eq!(shown.exit, 0, "{}", shown.all());
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert_eq!(lines[0], "index\tat\tkind\tdeparture\tsaid\tnames");
    assert_eq!(lines[2], "1\t2025-09-30T17:00:00Z\tintent\t10002\tphase=cut provider=ldap\tdoor=shop/jun.seo");
    assert_eq!(lines[4], "3\t2025-09-30T17:00:00Z\tverdict\t10006\tresult=unknown strength=tried\tdoor=shop/trivera");
    assert!(!shown.all().contains("mina") && lines[1].contains("by=person-"), "{}", shown.all());
    assert_eq!(shown.told("nothing outside this machine attests").len(), 1);
    assert_eq!(world.sever("proof show --departure 10006").stdout.lines().count(), 2);
    let nobody = world.sever("proof show --departure 1006");
    assert_eq!((nobody.exit, nobody.told("did you mean `10006`?").len()), (3, 1), "{}", nobody.all());
}

#[test]
fn a_stranger_checks_an_export_with_nothing_else() {
    let world = departed();
    let said = world.sever("proof export --out proof --departure 10002");
    assert_eq!(said.exit, 0, "{}", said.all());
    let everything = text_of(&world.path("proof"));
    assert!(everything.contains("jun.seo") && !everything.contains("mina"), "an employed approver is named");
    assert!(!everything.contains("trivera"), "another leaver is named");

    let stranger = World::empty();
    fs::rename(world.path("proof"), stranger.path("proof")).unwrap();
    let checked = stranger.sever("proof check proof --format json");
    assert_eq!(checked.exit, 21, "{}", checked.all());
    let told = checked.json();
    let value =
        |what: &str| told["rows"].as_array().unwrap().iter().find(|row| row["what"] == what).unwrap()["value"].clone();
    assert_eq!(value("statements"), 3);
    assert_eq!(value("of them"), "1 approval, 1 intent, 1 verdict");
    assert_eq!(value("holds"), "a part of the log, of 4 statements");
    assert_eq!((value("commitments opened"), value("commitments withheld")), (json!(4), json!(1)));
    assert_eq!(value("signer known"), "by its own word");
    assert_eq!((&told["summary"]["anchored"], &told["summary"]["key_given"]), (&json!(false), &json!(false)));
    let signer = value("signer").as_str().unwrap().to_owned();
    let plain = stranger.sever(&format!("proof check proof --key {signer}"));
    assert_eq!(plain.exit, 21);
    let last = plain.stderr.lines().last().unwrap();
    assert_eq!(last, "self-consistent, NOT anchored: whoever holds the signing key could have written all of it today");
    assert!(plain.stdout.contains("signer known\tas given"), "{}", plain.all());
    let vkey = stranger.sever("proof check proof --key proof/log.vkey");
    assert_eq!(vkey.exit, 21, "{}", vkey.all());
    assert_eq!(fs::read_dir(stranger.path("")).unwrap().count(), 1, "checking leaves nothing behind");
}

#[test]
fn a_changed_byte_is_found_and_named_and_so_is_another_key() {
    let world = departed();
    world.sever("proof export --out proof");
    for path in files(&world.path("proof")) {
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        let at = bytes.len() / 2;
        changed[at] ^= 4;
        fs::write(&path, changed).unwrap();
        let said = world.sever("proof check proof");
        assert_eq!((said.exit, said.stdout.as_str()), (20, ""), "{}: {}", path.display(), said.all());
        assert_eq!(said.told("error: the proof does NOT verify: ").len(), 1, "{}", said.all());
        fs::write(&path, bytes).unwrap();
    }
    fs::write(world.path("proof/disclosures.jsonl"), "").unwrap();
    let said = world.sever("proof check proof");
    assert!(said.stderr.contains("disclosures.jsonl: its content is not what the manifest says"), "{}", said.all());
    world.sever("proof export --out proof.tar");
    let other = world.sever(&format!("proof check proof.tar --key {}", "ab".repeat(32)));
    assert_eq!((other.exit, other.told("another log").len()), (20, 1), "{}", other.all());
}

#[test]
fn what_is_given_out_is_for_the_exporter_to_choose() {
    let world = departed();
    world.append("severance.toml", ROLE);
    let redacted = world.sever("proof export --redacted --out redacted.tar");
    assert_eq!(redacted.exit, 0, "{}", redacted.all());
    let bytes = fs::read(world.path("redacted.tar")).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("jun.seo"));
    assert!(world.sever("proof check redacted.tar").stdout.contains("commitments opened\t0\n"));
    let full = world.command("proof export --out full --reveal").arg("request 12").output().unwrap();
    assert_eq!(full.status.code(), Some(0), "{full:?}");
    assert!(text_of(&world.path("full")).contains("mina.park"));
    assert!(world.sever("proof check full").stdout.contains("commitments withheld\t0\n"));
    let again = world.sever("proof export --out full");
    assert_eq!((again.exit, again.told("not empty").len()), (1, 1), "{}", again.all());
}

#[test]
fn who_is_erased_is_in_no_later_proof_and_it_verifies() {
    let world = departed();
    world.append("severance.toml", ROLE);
    let erased = world.command("privacy erase jun.seo").args(["--reveal", "request 12"]).output().unwrap();
    assert_eq!(erased.status.code(), Some(0), "{erased:?}");
    assert!(world.sever("privacy").stdout.contains("proof\tleavers, approvers\t"));
    let shown = world.sever("proof show");
    assert!(!shown.all().contains("jun.seo") && !shown.all().contains("10002"), "{}", shown.all());
    assert!(shown.stdout.contains("\tverdict\t~") && shown.stdout.contains("door=(erased)"), "{}", shown.all());
    assert!(shown.stdout.contains("\terasure\t"), "{}", shown.all());
    assert!(!text_of(&world.path("severance-data/proof")).contains("jun.seo"));
    world.sever("proof export --out proof");
    assert_eq!(world.sever("proof check proof").exit, 21);
}

#[test]
fn without_a_log_or_with_what_is_none_it_says_so() {
    let world = World::with_people();
    for words in ["proof show", "proof export --out x", "proof anchor"] {
        let said = world.sever(words);
        assert_eq!((said.exit, said.told("there is no proof log").len()), (3, 1), "`{words}`: {}", said.all());
    }
    assert_eq!(world.sever("proof check nowhere").exit, 1);
    world.write("some.txt", "no tar");
    for (words, exit) in [
        ("proof check some.txt", 20),
        ("proof check . --key abc", 2),
        ("proof check . --witness abc", 2),
        ("proof check . --tsa-ca some.txt", 2),
        ("proof check .", 20),
    ] {
        assert_eq!(world.sever(words).exit, exit, "`{words}`");
    }
    let departed = departed();
    let asked = departed.sever("proof anchor");
    assert_eq!(
        asked.stdout,
        "<dir>/severance-data/proof/anchors/4/request.tsq\n<dir>/severance-data/proof/anchors/4/checkpoint\n"
    );
    departed.write("answer.tsr", "no answer");
    let refused = departed.sever("proof anchor --tsr answer.tsr");
    assert_eq!((refused.exit, refused.told("the answer is refused: no time stamp response").len()), (1, 1));
    let alone = departed.sever("proof anchor --cosigned severance-data/proof/checkpoint");
    assert_eq!((alone.exit, alone.told("nobody but the log signed it").len()), (1, 1), "{}", alone.all());
}
