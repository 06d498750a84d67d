//! Proofs that tools of others check, and time stamps that others' tools make.
//!
//! `xtask/validate/check_proof.py` goes through an export with PyPI's `securesystemslib` (DSSE),
//! `in-toto-attestation` (statements) and RFC 6962 of its own; `openssl ts` is the time stamp authority.
//! `cargo xtask test` installs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use sever_model::WallTime;
use sever_store::proof::{Claim, ClaimKind, LogKey, ProofLog};
use sever_testkit::{find_program, skip};

use crate::world::World;

/// An installation whose log holds so many statements, of two departures in turn.
fn with_statements(count: usize) -> World {
    let world = World::with_people();
    world.sever("sync");
    append(&world, 0..count);
    world
}

fn append(world: &World, numbers: std::ops::Range<usize>) {
    let data = world.path("severance-data");
    let mut log = ProofLog::open(&data, LogKey::read_or_make(&data).unwrap()).unwrap();
    let claims: Vec<Claim> = numbers.map(claim).collect();
    log.append_all(&claims).unwrap();
}

fn claim(number: usize) -> Claim {
    let private = [("person", "jun.seo".to_owned()), ("door", format!("shop/door-{number} “ü”\\n"))];
    Claim {
        kind: ClaimKind::ALL[number % ClaimKind::ALL.len()],
        departure: format!("dep-{}", number % 2),
        at: WallTime::from_secs(1_759_251_600 + number as i64),
        public: json!({"result": "closed", "strength": "tried", "probes": number, "note": "é\u{7f}\t€"}),
        private: private.map(|(field, value)| (field.to_owned(), value)).into(),
    }
}

/// The Python with the verifiers, where it is.
fn python() -> Option<PathBuf> {
    let python = find_program("python")?;
    let there = "import cryptography, in_toto_attestation, securesystemslib";
    let done = Command::new(&python).args(["-c", there]).output().ok()?;
    done.status.success().then_some(python)
}

fn checked_by_others(python: &Path, folder: &Path) -> Result<String, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/validate/check_proof.py");
    let done = Command::new(python).arg("-B").arg(script).arg(folder).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap() + &String::from_utf8_lossy(&done.stderr);
    if done.status.success() { Ok(said) } else { Err(said) }
}

#[test]
fn other_tools_check_a_proof_and_find_what_was_changed() {
    let Some(python) = python() else {
        return skip("proofs by others", "no Python with securesystemslib and in-toto-attestation");
    };
    let world = with_statements(600);
    for (out, part, what) in [
        ("whole", "", "600 of 600 statements of severance.dev/log/"),
        ("part", "--departure dep-1", "300 of 600 statements of severance.dev/log/"),
        ("redacted", "--redacted", ", 0 of 1202 commitments opened"),
    ] {
        let exported = world.sever(&format!("proof export --out {out} {part}"));
        assert_eq!(exported.exit, 0, "{}", exported.all());
        let said = checked_by_others(&python, &world.path(out)).unwrap_or_else(|error| panic!("{out}: {error}"));
        assert!(said.contains(what), "{said}");
    }
    // What it says of a good proof would mean nothing if it said so of a bad one.
    let files = ["tile/0/001", "tile/1/000.p/2", "checkpoint", "disclosures.jsonl", "tile/entries/002.p/88"];
    for name in files {
        let path = world.path("whole").join(name);
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        fs::write(&path, changed).unwrap();
        assert!(checked_by_others(&python, &world.path("whole")).is_err(), "{name}");
        fs::write(&path, bytes).unwrap();
    }
    assert!(checked_by_others(&python, &world.path("whole")).is_ok());
}

const EXTENSIONS: &str = "[req]\ndistinguished_name=name\n[name]\n\
    [ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n\
    [tsa]\nbasicConstraints=critical,CA:false\nextendedKeyUsage=critical,timeStamping\n";

const AUTHORITY: &str = "[tsa]\nserial=serial\ncrypto_device=builtin\ndefault_policy=1.2.3.4.1\n\
    digests=sha256\nsigner_digest=sha256\naccuracy=secs:1\ness_cert_id_alg=sha256\n";

/// A time stamp authority in a folder: `NAME-ca.pem` vouches for it.
fn authority(openssl: &Path, folder: &Path, name: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("extensions"), EXTENSIONS).unwrap();
    fs::write(folder.join("authority"), AUTHORITY).unwrap();
    fs::write(folder.join("serial"), "01\n").unwrap();
    let run = |words: &str| openssl_run(openssl, folder, words);
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config extensions";
    run(&format!(
        "req -x509 {key} -keyout {name}-ca.key -out {name}-ca.pem -days 30 -subj /CN={name}-root -extensions ca"
    ));
    run(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
    run(&format!(
        "x509 -req -in {name}.csr -CA {name}-ca.pem -CAkey {name}-ca.key -CAcreateserial -days 30 -out {name}.pem \
         -extfile extensions -extensions tsa"
    ));
}

fn openssl_run(openssl: &Path, folder: &Path, words: &str) {
    let done = Command::new(openssl).args(words.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn openssl_stamps_a_checkpoint_and_the_proof_is_anchored_until_it_is_changed() {
    let Some(openssl) = find_program("openssl") else { return skip("time stamps by others", "no `openssl`") };
    let world = with_statements(3);
    let tsa = world.path("tsa");
    authority(&openssl, &tsa, "good");
    authority(&openssl, &tsa, "other");
    let asked = world.sever("proof anchor");
    let anchors = world.path("severance-data/proof/anchors/3");
    assert_eq!(asked.exit, 0, "{}", asked.all());
    fs::copy(anchors.join("request.tsq"), tsa.join("request.tsq")).unwrap();
    openssl_run(
        &openssl,
        &tsa,
        "ts -reply -config authority -section tsa -queryfile request.tsq -inkey good.key -signer good.pem -out good.tsr",
    );
    let taken = world.sever("proof anchor --tsr tsa/good.tsr");
    assert_eq!((taken.exit, taken.told("3 statements existed at").len()), (0, 1), "{}", taken.all());
    world.sever("proof export --out proof");

    let good = world.sever("proof check proof --tsa-ca tsa/good-ca.pem");
    assert_eq!(good.exit, 0, "{}", good.all());
    assert_eq!(good.told("the proof verifies, and is anchored").len(), 1, "{}", good.all());
    for unknown in ["", "--tsa-ca tsa/other-ca.pem"] {
        let said = world.sever(&format!("proof check proof {unknown}"));
        assert_eq!((said.exit, said.stdout.contains("not believed")), (21, true), "{}", said.all());
    }
    // As the README in the proof says.
    let ours = world.path("proof/anchors/3");
    let ca = tsa.join("good-ca.pem");
    openssl_run(&openssl, &ours, &format!("ts -verify -data checkpoint -in response.tsr -CAfile {}", ca.display()));

    // What comes later is not covered by it.
    append(&world, 3..5);
    world.sever("proof export --out later");
    let later = world.sever("proof check later --tsa-ca tsa/good-ca.pem");
    assert_eq!((later.exit, later.told("2 of 5 statements came after").len()), (21, 1), "{}", later.all());
    // An answer for another request, and one that was changed.
    openssl_run(&openssl, &tsa, "ts -query -data good.pem -sha256 -cert -out elsewhere.tsq");
    openssl_run(
        &openssl,
        &tsa,
        "ts -reply -config authority -section tsa -queryfile elsewhere.tsq -inkey good.key -signer good.pem -out elsewhere.tsr",
    );
    let elsewhere = world.sever("proof anchor --tsr tsa/elsewhere.tsr");
    assert_eq!((elsewhere.exit, elsewhere.told("it is of other bytes").len()), (1, 1), "{}", elsewhere.all());
    let mut changed = fs::read(anchors.join("response.tsr")).unwrap();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    fs::write(anchors.join("response.tsr"), changed).unwrap();
    world.sever("proof export --out changed");
    let changed = world.sever("proof check changed --tsa-ca tsa/good-ca.pem");
    assert_eq!((changed.exit, changed.told("anchors/3/response.tsr: ").len()), (20, 1), "{}", changed.all());
}
