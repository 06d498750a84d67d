//! `bench scan`: judging lines against only parsing them.
//!
//! The same two files, in the page cache, on one core, in turns: the floor, then the whole scan
//! (decode, merge, judge, every detector; no lake), and again. The medians are compared. Then the scan
//! with Sigma rules, which are a user's own and no part of the first figure, and with the lake written
//! and synced.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use sever_decode::{Format, Mapping};
use sever_detect::registry::Settings;
use sever_detect::sigma;
use sever_engine::{LogInput, Quiet, ScanOutcome, ScanSetup};
use sever_lake::{DictionaryKey, DictionaryWriter, LakeWriter};
use sever_model::{
    Account, AccountKind, AccountStatus, Coverage, Credential, CredentialKind, Employment, EventSource, EventTime,
    Exportable, Fact, FactRow, Inventory, Limits, Person, SourceId, Stint, Valid, WallTime,
};
use sever_store::Register;

use crate::process::{Numbers, in_child, median, timed};
use crate::report::Row;
use crate::{floor, ledger, lines, register};

/// Turns of each; odd, so that there is a middle one.
const TURNS: usize = 5;

/// Lines that the bar is about.
const LINES: f64 = 1_000_000.0;

/// Sigma rules that are run beside.
const RULES: usize = 20;

/// Live tokens that the bar is about.
const TOKENS: f64 = 10_000_000.0;

/// The rows of `bench scan`.
pub(crate) fn rows(scale: f64) -> Result<Vec<Row>> {
    let scan = in_child("scan", (LINES * scale) as u64)?;
    let tokens = in_child("ledger", (TOKENS * scale).max(1_100_000.0) as u64)?;
    let of = |numbers: &Numbers, name: &str| numbers.get(name).copied().unwrap_or(f64::NAN);
    let per_line = |name: &str| of(&scan, name) / of(&scan, "lines") * 1e9;
    Ok(vec![
        Row::against("scan, a line", per_line("scan_secs"), "ns", "parse only", per_line("floor_secs"), 2.5),
        Row::against(
            "scan with 20 Sigma rules, a line",
            per_line("sigma_secs"),
            "ns",
            "without",
            per_line("scan_secs"),
            2.0,
        ),
        Row::against(
            "scan with the lake, a line",
            per_line("lake_secs"),
            "ns",
            "parse only",
            per_line("floor_secs"),
            3.0,
        ),
        Row::limit("ledger, a live token", of(&tokens, "bytes_per_token"), "bytes", 24.0),
        Row::against(
            "ledger, most while it grew",
            of(&tokens, "peak_bytes_per_token"),
            "bytes",
            "a live token",
            of(&tokens, "bytes_per_token"),
            1.25,
        ),
    ])
}

/// Measures both, over `count` lines.
pub(crate) fn one(count: u64) -> Result<Numbers> {
    let folder = tempfile::tempdir().context("no folder")?;
    let logs = Logs::write(folder.path(), count).context("cannot write the logs")?;
    let inventory = inventory();
    let register = register::of(folder.path(), lines::SUBJECTS, ledger::KEY)?;
    let own_rules = Settings { sigma: rules(), ..Settings::default() };
    let (mut floors, mut scans, mut sigmas, mut lakes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut outcome = None;
    // The first turn warms the page cache and is not counted.
    for turn in 0..=TURNS {
        let (floor_secs, _) = timed(|| Ok(floor::parse(&logs.issuer)?.wrapping_add(floor::parse(&logs.gateway)?)))?;
        let (scan_secs, found) = timed(|| scan(&logs, &inventory, &register, &Settings::default(), None))?;
        let (sigma_secs, with_rules) = timed(|| scan(&logs, &inventory, &register, &own_rules, None))?;
        let matched = with_rules.findings.iter().filter(|finding| finding.detector == "sigma").count();
        let (lake_secs, kept) = timed(|| {
            let lake = lake(folder.path(), turn)?;
            scan(&logs, &inventory, &register, &Settings::default(), Some(lake))
        })?;
        ensure!(kept.lake_rows > 0, "nothing was kept");
        ensure!(matched == 1, "{matched} Sigma rules matched, and not the one that does");
        if turn > 0 {
            floors.push(floor_secs);
            scans.push(scan_secs);
            sigmas.push(sigma_secs);
            lakes.push(lake_secs);
        }
        outcome = Some(found);
    }
    let outcome = outcome.context("nothing was scanned")?;
    checked(&outcome)?;
    Ok(Numbers::from([
        ("floor_secs".to_owned(), median(floors)),
        ("scan_secs".to_owned(), median(scans)),
        ("sigma_secs".to_owned(), median(sigmas)),
        ("lake_secs".to_owned(), median(lakes)),
        ("lines".to_owned(), outcome.logs.iter().map(|log| log.accounting.events).sum::<u64>() as f64),
        ("bytes".to_owned(), outcome.logs.iter().map(|log| log.accounting.bytes).sum::<u64>() as f64),
    ]))
}

/// A lake as an installation has it, with the dictionary of ids. A new one each turn.
fn lake(folder: &Path, turn: usize) -> Result<LakeWriter> {
    let dictionary = DictionaryWriter::open(&folder.join(format!("subjects-{turn}")), &DictionaryKey::random())?;
    let sources = ["issuer", "gateway"].map(str::to_owned);
    Ok(LakeWriter::create(&folder.join(format!("lake-{turn}")), "scan-1", sources, ledger::KEY, Some(dictionary))?)
}

/// A fast scan that judged nothing would be no measurement.
fn checked(outcome: &ScanOutcome) -> Result<()> {
    let class = outcome.report.classes.first().context("no class was judged")?;
    let rejects: u64 = outcome.logs.iter().map(|log| log.accounting.rejects).sum();
    if rejects > 0 || class.uses_issued == 0 || class.issued == 0 {
        bail!("the scan is not what is to be measured: {rejects} rejects, {class:?}");
    }
    if !outcome.findings.iter().any(|finding| finding.detector == "token-never-issued") {
        bail!("the forged tokens were not found: {class:?}");
    }
    Ok(())
}

struct Logs {
    issuer: PathBuf,
    gateway: PathBuf,
}

impl Logs {
    fn write(folder: &Path, count: u64) -> io::Result<Logs> {
        let logs = Logs { issuer: folder.join("issuer.jsonl"), gateway: folder.join("gateway.jsonl") };
        let mut issuer = BufWriter::new(File::create(&logs.issuer)?);
        let mut gateway = BufWriter::new(File::create(&logs.gateway)?);
        lines::write(count, &mut issuer, &mut gateway)?;
        issuer.flush()?;
        gateway.flush()?;
        Ok(logs)
    }
}

/// Rules such as a shop would write: each looks at two fields of every event, one matches.
fn rules() -> sigma::Settings {
    let rule = |number: usize| {
        let path = if number == 0 { "/oauth/token".to_owned() } else { format!("/admin/{number}/") };
        let text = format!(
            "title: Rule {number}\nid: rule-{number}\nlevel: low\nlogsource: {{}}\ndetection:\n  selection:\n    \
             resource|contains: {path}\n  known:\n    user_agent|startswith: curl/{number}\n  condition: selection \
             and not known\n"
        );
        sigma::RuleFile { file: format!("rules/{number}.yml"), text }
    };
    sigma::Settings { rules: (0..RULES).map(rule).collect() }
}

fn scan(
    logs: &Logs,
    inventory: &Inventory,
    register: &Register,
    settings: &Settings,
    lake: Option<LakeWriter>,
) -> Result<ScanOutcome> {
    let common = serde_json::json!({
        "time": "ts", "kind": "event", "issuer": "iss", "key_id": "kid", "credential": "jti", "token_subject": "sub",
        "audience": "aud", "client": "client", "issued_at": "iat", "expires_at": "exp", "outcome": "status",
        "resource": "path", "source_ip": "ip", "user_agent": "ua",
    });
    let with = |map: &serde_json::Value, own: serde_json::Value| {
        let both = [map, &own].into_iter().filter_map(serde_json::Value::as_object).flatten();
        serde_json::Value::Object(both.map(|(field, path)| (field.clone(), path.clone())).collect())
    };
    let numbered = with(&common, serde_json::json!({ "node": "node", "sequence": "seq" }));
    let about = with(&common, serde_json::json!({ "data_subjects": "about" }));
    let inputs = vec![input("issuer", &logs.issuer, numbered)?, input("gateway", &logs.gateway, about)?];
    let limits = Limits::default();
    let setup = ScanSetup {
        inputs,
        inventory,
        register: Some(register),
        classes: vec![ledger::class()],
        detectors: sever_detect::registry::make_all(settings, &[]),
        key: ledger::KEY,
        limits,
        knocks: Vec::new(),
        lake,
        watch: None,
    };
    Ok(sever_engine::scan(setup, &mut Quiet)?)
}

fn input(log: &str, path: &Path, mapping: serde_json::Value) -> Result<LogInput> {
    let open = path.to_owned();
    Ok(LogInput {
        source: EventSource::of(SourceId::from(log), None),
        format: Format::named("json-lines").context("no format json-lines")?,
        mapping: Some(serde_json::from_value::<Mapping>(mapping).context("a mapping that does not fit")?),
        bytes: std::fs::metadata(path).context("no log")?.len(),
        open: Box::new(move || Ok(Box::new(File::open(&open)?) as Box<dyn Read>)),
    })
}

/// A firm of 1,000 with accounts and the four signing keys of the lines.
fn inventory() -> Inventory {
    let now = EventTime::from_secs(1_775_001_600);
    let mut facts = Vec::new();
    let mut tell = |fact: Fact| {
        facts.push(FactRow {
            fact,
            valid: Valid::ALWAYS,
            known_from: WallTime::from_secs(0),
            known_to: None,
            source: SourceId::from("bench"),
            seen_at: now,
        });
    };
    for number in 0..1_000 {
        let (person, stint, account) = employee(number);
        tell(Fact::Person(person));
        tell(Fact::Stint(stint));
        tell(Fact::Account(account));
    }
    for number in 0..4 {
        tell(Fact::Credential(signing_key(number)));
    }
    sever_graph::build(facts, now, WallTime::from_secs(1_775_001_600), Coverage::default())
}

fn employee(number: u32) -> (Person, Stint, Account) {
    let (login, email) = (format!("p{number}"), format!("p{number}@firm.example"));
    let person = Person {
        id: format!("hr/{number}").into(),
        name: format!("Name {number}"),
        emails: vec![email.clone()],
        logins: vec![login.clone()],
        employee_number: None,
        manager: None,
    };
    let stint = Stint {
        person: person.id.clone(),
        ordinal: "1".to_owned(),
        employment: Employment::Employee,
        team: "Platform".to_owned(),
        title: "Engineer".to_owned(),
        last_day: None,
    };
    let account = Account {
        id: format!("shop/{number}").into(),
        login,
        display_name: person.name.clone(),
        emails: vec![email],
        employee_number: None,
        kind: AccountKind::Human,
        status: AccountStatus::Enabled,
        owner: None,
        created_by: None,
        last_used: None,
    };
    (person, stint, account)
}

fn signing_key(number: u32) -> Credential {
    Credential {
        id: format!("shop/kid-{number}").into(),
        kind: CredentialKind::SigningKey,
        account: None,
        issuer: Some("https://id.shop.example".to_owned()),
        kept_at: None,
        exportable: Exportable::Yes,
        created_by: None,
        rotated_at: None,
        activated_at: None,
        retired_at: None,
        expires_at: None,
        last_used: None,
    }
}
