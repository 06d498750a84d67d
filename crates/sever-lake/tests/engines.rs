//! DuckDB and ClickHouse read the lake, by the queries of `docs/lake.md`, and answer as we do.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use sever_lake::{Filter, LakeWriter, UseRow, files, read};
use sever_model::{ClaimSet, EventTime, FingerprintKey, Judgement, Outcome, Stage, Unjudgeable};
use sever_testkit::{find_program, skip};

const DOCUMENT: &str = include_str!("../../../docs/lake.md");
const ENGINES: [&str; 2] = ["duckdb", "clickhouse"];
const QUESTIONS: [&str; 5] =
    ["after-departure", "never-issued", "per-credential", "per-credential-and-day", "one-credential"];

/// Rows of five days in two logs, some judged forged, some of them taken back in a later commit.
fn write(dir: &Path) {
    let ids: Vec<String> = (0..60).map(|id| format!("m-{id}")).collect();
    let first = EventTime::parse("2025-04-01").expect("a day");
    let mut runs = Vec::new();
    for run in ["first", "second"] {
        let mut writer = LakeWriter::create(dir, run, [], FingerprintKey::new([7; 16]), None).expect("a lake");
        for at in 0..2_000u64 {
            let subjects: Vec<&str> =
                (0..at % 4).map(|more| ids[(at * 7 + more * 11) as usize % 60].as_str()).collect();
            let (credential, key_id) = (format!("jti-{}", at % 23), format!("kid-{}", at % 3));
            let second = run == "second";
            let judgement = match at % 5 {
                0 => Some(Judgement::NeverIssued),
                1 => Some(Judgement::Unjudgeable(Unjudgeable::IssuerGap)),
                2 => None,
                _ => Some(Judgement::Issued(ClaimSet::SUBJECT)),
            };
            let row = UseRow {
                time: EventTime::from_micros(first.micros() + (at as i64 * 216) * 1_000_000 + 123_456),
                kind: "used",
                outcome: [Outcome::Answered, Outcome::Refused, Outcome::Unknown][at as usize % 3],
                judgement,
                stage: if at % 10 == 5 { Stage::Provisional } else { Stage::Confirmed },
                source: if second { "crm/b.jsonl" } else { "gateway" },
                offset: at * 700,
                issuer: "https://id.shop.example",
                key_id: &key_id,
                credential: &credential,
                session: "s-1",
                token_subject: "m-1",
                account: if at % 6 == 0 { "crm/ann" } else { "crm/bob" },
                person: "",
                source_ip: "192.0.2.1",
                user_agent: "Shop/5.2 \u{1f6d2}",
                resource: "/me",
                fields: "name,e-mail",
                data_subjects: &subjects,
                subject_count: (at % 7 == 0).then_some(at),
                subject_ref: "",
            };
            writer.push(&row).expect("kept");
            // What the first run said of these is taken back by the second.
            if second && at % 50 == 0 {
                writer.push(&UseRow { source: "gateway", stage: Stage::Retracted, ..row }).expect("kept");
            }
        }
        writer.finish().expect("sealed");
        runs.push(run);
    }
    assert_eq!(runs.len(), 2);
}

/// What we answer.
fn ours(dir: &Path) -> BTreeMap<&'static str, Vec<Vec<String>>> {
    let left = EventTime::parse("2025-04-03T12:00:00Z").expect("a time");
    let (mut after, mut forged) = (0u64, BTreeMap::<String, u64>::new());
    let mut by_credential: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    let mut by_day: BTreeMap<(String, String), HashSet<String>> = BTreeMap::new();
    let mut one: BTreeMap<String, u64> = BTreeMap::new();
    read(dir, &Filter::default(), &mut |row| {
        let day = row.time.to_string()[..10].to_owned();
        after += u64::from(row.account == "crm/ann" && row.time >= left);
        if row.judgement == Some(Judgement::NeverIssued) && row.stage == Stage::Confirmed {
            *forged.entry(row.key_id.to_owned()).or_default() += 1;
        }
        for subject in row.data_subjects {
            by_credential.entry(row.credential.to_owned()).or_default().insert((*subject).to_owned());
            by_day.entry((row.credential.to_owned(), day.clone())).or_default().insert((*subject).to_owned());
        }
        if row.credential == "jti-7" {
            *one.entry(day).or_default() += 1;
        }
    })
    .expect("read");
    let counts =
        |counted: BTreeMap<String, u64>| counted.into_iter().map(|(key, n)| vec![key, n.to_string()]).collect();
    let by_day = by_day.into_iter().map(|((credential, day), people)| vec![credential, day, people.len().to_string()]);
    [
        ("after-departure", vec![vec!["crm/ann".to_owned(), after.to_string()]]),
        ("never-issued", counts(forged)),
        ("per-credential", counts(by_credential.into_iter().map(|(key, people)| (key, people.len() as u64)).collect())),
        ("per-credential-and-day", by_day.collect()),
        ("one-credential", counts(one)),
    ]
    .into()
}

/// The statements of the document: its fence's words, and the text.
fn statements() -> Vec<(String, String)> {
    let fences = DOCUMENT.split("```sql").skip(1).filter_map(|rest| rest.split_once("```"));
    let fences = fences.filter_map(|(block, _)| block.split_once('\n'));
    fences.map(|(words, text)| (words.trim().to_owned(), text.trim().to_owned())).collect()
}

/// What an engine is told before it is asked, and the question.
fn session(engine: &str, question: &str, lake: &Path, files: &[String]) -> Vec<String> {
    let mut told = Vec::new();
    for (words, text) in statements() {
        let ours = match words.split_once('=') {
            None => true,
            Some(("engine", named)) => named == engine,
            Some((_, named)) => named == question,
        };
        if !ours {
            continue;
        }
        let quoted = files.iter().map(|file| format!("'{file}'")).collect::<Vec<_>>().join(", ");
        let text = text.replace("FILES", &quoted).replace("LAKE", &lake.to_string_lossy());
        let text = if engine == "clickhouse" { text.replace("unnest(", "arrayJoin(") } else { text };
        told.extend(text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned));
    }
    told
}

#[test]
fn other_engines_answer_five_questions_as_we_do() {
    let Some(python) = find_program("python3") else { return skip("lake", "`python3` is not installed") };
    let installed = Command::new(&python).args(["-c", "import duckdb, chdb"]).output().expect("python3 runs");
    if !installed.status.success() {
        return skip("lake", "`duckdb` and `chdb` are not installed; `cargo xtask test` installs them");
    }
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path());
    let files: Vec<String> =
        files(dir.path()).expect("a commit").iter().map(|file| file.to_string_lossy().into_owned()).collect();
    assert_eq!(files.len(), 10, "two runs of five days: {files:?}");
    let ours = ours(dir.path());
    let asked: BTreeSet<&str> = QUESTIONS.into_iter().collect();
    assert_eq!(ours.keys().copied().collect::<BTreeSet<_>>(), asked);
    for engine in ENGINES {
        for (question, expect) in &ours {
            let told = json!({ "engine": engine, "statements": session(engine, question, dir.path(), &files) });
            let mut child = Command::new(&python)
                .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engines.py"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("python3 runs");
            child.stdin.take().expect("its input").write_all(told.to_string().as_bytes()).expect("told");
            let output = child.wait_with_output().expect("an answer");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{engine}, {question}: {said}");
            let rows: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).expect("rows");
            assert!(!rows.is_empty() && rows == *expect, "{engine}, {question}: {rows:?}\nours: {expect:?}");
        }
    }
}
