//! What is said of rules before a run, and what fixtures cannot show.

use sever_model::port::{Events, Resolved, View};
use sever_model::{Batch, Coverage, EventSource, EventTime, FingerprintKey, Inventory, Row, Symbols, Tables, WallTime};

use super::*;

const LOOKS_AT_ACTOR: &str =
    "title: One\nid: one\nlogsource: {}\ndetection:\n  sel:\n    actor: ann\n  condition: sel\n";

fn file(text: &str) -> Vec<RuleFile> {
    vec![RuleFile { file: "rules/a.yml".to_owned(), text: text.to_owned() }]
}

fn source(log: &str, format: &str) -> EventSource {
    EventSource { format: Some(format.to_owned()), ..EventSource::of(log.into(), None) }
}

fn wrong(text: &str) -> String {
    let errors = check(&file(text));
    errors.iter().map(|error| format!("{}: {}\n", error.file, error.what)).collect()
}

/// Why a rule is not evaluable over a log.
fn why(text: &str, format: &str) -> String {
    let outlook = outlook(&file(text), &[source("trail", format)], &Limits::default());
    outlook.not_evaluable.iter().map(|(title, _, why)| format!("{title}: {why}\n")).collect()
}

#[test]
fn what_is_wrong_is_told_with_its_file() {
    assert_eq!(wrong(LOOKS_AT_ACTOR), "");
    let broken = wrong("title: [one\nlogsource\n");
    assert!(broken.starts_with("rules/a.yml: YAML parse error") && broken.contains("line"), "{broken}");
    assert_ne!(wrong(""), "");
    let twice = wrong(&format!("{LOOKS_AT_ACTOR}---\n{LOOKS_AT_ACTOR}"));
    assert!(twice.contains("its id `one` is also in rules/a.yml"), "{twice}");
    let look = wrong(&LOOKS_AT_ACTOR.replace("actor: ann", "actor|re: '(?=a)b'"));
    assert!(look.contains("rule `One`: invalid regex pattern"), "{look}");
    let huge = wrong(&LOOKS_AT_ACTOR.replace("actor: ann", "actor|re: '((a{1000}){1000}){1000}'"));
    assert!(huge.contains("exceeds size limit"), "{huge}");
    let stranger = wrong(
        "title: C\ncorrelation:\n  type: event_count\n  rules: [nobody]\n  group-by: [actor]\n  timespan: 1h\n  condition:\n    gte: 2\n",
    );
    assert!(stranger.contains("there is no rule `nobody`"), "{stranger}");
    let nested = format!(
        "title: One\nlogsource: {{}}\ndetection:\n  sel: {}1{}\n  condition: sel\n",
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    assert!(!wrong(&nested).is_empty());
}

#[test]
fn a_rule_that_cannot_match_is_told_and_not_silent() {
    let aws = LOOKS_AT_ACTOR.replace("{}", "{product: aws}");
    assert_eq!(why(&aws, "cloudtrail"), "");
    assert_eq!(why(&aws.replace("actor: ann", "errorCode: AccessDenied"), "cloudtrail"), "One: field `errorCode`\n");
    assert_eq!(why(&LOOKS_AT_ACTOR.replace("actor: ann", "eventName: X"), "okta"), "One: field `eventName`\n");
    assert!(why(&LOOKS_AT_ACTOR.replace("    actor: ann", "    - StopLogging"), "cloudtrail").contains("keywords"));
    assert!(why(&LOOKS_AT_ACTOR.replace("actor: ann", "actor|expand: '%admins%'"), "cloudtrail").contains("expand"));
    let counts = "---\ntitle: Many\nid: many\ncorrelation:\n  type: event_count\n  rules: [one]\n  group-by: [actor]\n  timespan: 1h\n  condition:\n    gte: 10001\n";
    assert!(why(&format!("{LOOKS_AT_ACTOR}{counts}"), "okta").starts_with("Many: it counts to 10001"));
    let by = counts.replace("[actor]", "[country]").replace("10001", "5");
    assert_eq!(why(&format!("{LOOKS_AT_ACTOR}{by}"), "okta"), "Many: field `country` of the events of `one`\n");
}

#[test]
fn a_rule_for_another_product_waits_for_its_log() {
    let aws = LOOKS_AT_ACTOR.replace("{}", "{product: aws, service: cloudtrail}");
    let sources = [source("id", "okta"), source("trail", "cloudtrail")];
    let over = |count: usize| outlook(&file(&aws), &sources[..count], &Limits::default());
    assert_eq!(over(1), Outlook { without_log: 1, ..Outlook::default() });
    assert_eq!(over(2), Outlook { running: 1, ..Outlook::default() });
    let own = LOOKS_AT_ACTOR.replace("{}", "{service: gateway}");
    let named = outlook(&file(&own), &[source("gateway", "json-lines")], &Limits::default());
    assert_eq!(named.running, 1, "a log's own name is a service");
}

#[test]
fn a_record_of_several_events_matches_a_rule_once() {
    let mut symbols = Symbols::new(FingerprintKey::new([1; 16]), 1_000);
    let mut batch = Batch::new();
    for (offset, second) in [(0, 1), (0, 1), (200, 2), (200, 2), (400, 3)] {
        let mut row = Row::new(EventTime::from_secs(second), EventKind::Used, offset);
        row.actor = "ann";
        batch.push(&row, &mut symbols);
    }
    let inventory = Inventory::new(Tables::default(), EventTime::MAX, WallTime::MAX, Coverage::default());
    let (limits, sources) = (Limits::default(), [source("trail", "cloudtrail")]);
    let view = View {
        inventory: &inventory,
        register: None,
        classes: &[],
        symbols: &symbols,
        sources: &sources,
        limits: &limits,
    };
    let resolved = vec![Resolved::default(); batch.len()];
    let judged = vec![None; batch.len()];
    let events = Events { source: 0, batch: &batch, rows: (0, batch.len()), resolved: &resolved, judged: &judged };
    let mut findings = FindingSet::new(&limits);
    Sigma::new(&Settings { rules: file(LOOKS_AT_ACTOR) }).observe(&events, &view, &mut findings);
    let counts: Vec<u64> = findings.all().iter().map(|finding| finding.count).collect();
    assert_eq!(counts, [3]);
}
