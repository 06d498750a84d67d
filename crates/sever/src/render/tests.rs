//! Every format on the same sheets: what a person and a program are given.

use serde_json::json;
use sever_model::{
    Audience, Confidence, CoverageLine, EventTime, Evidence, FindingId, Listing, Seen, Severity, SourceId, Stage,
    Thing, ThingKind,
};

use super::*;

static META: Meta = Meta {
    id: "token-never-issued",
    title: "a token that nobody issued",
    speaks_when: "a use is judged never issued where the issuer's coverage is proven",
    quiet_when: "the issuer's log has a gap in which it may have been issued",
    severity: Severity::Critical,
    confidence: Confidence::Certain,
    audience: Audience::Responder,
    attack: &["T1606.001", "T1078"],
    remediation: "rotate the key, then find whose data was touched",
    bounded_by: "uses pending",
    profiles_people: false,
};

fn line(source: &str, seen: Seen, gaps: &[&str], rejected: u64) -> CoverageLine {
    CoverageLine {
        source: SourceId::from(source),
        kinds: Vec::new(),
        seen,
        listing: Listing::Complete,
        from: None,
        to: None,
        records: 12_345,
        rejected,
        gaps: gaps.iter().map(|gap| (*gap).to_owned()).collect(),
    }
}

fn coverage() -> Coverage {
    let lines = vec![
        line("hr", Seen::Whole, &[], 0),
        line("gateway", Seen::Whole, &[], 2),
        line("gitlab", Seen::NotAtAll, &["token lacks `read_api` since 2026-09-12"], 0),
    ];
    Coverage { lines }
}

fn accounts() -> Sheet {
    let mut sheet = Sheet::new("accounts", "3 accounts", &["account", "status", "why", "uses", "groups"]);
    sheet.rows = vec![
        vec![json!("ldap/alice"), json!("open"), json!("exact: employee number"), json!(1_234_567), json!(["a", "b"])],
        vec![json!("ldap/bob"), json!("closed"), json!("e-mail and name agree"), json!(0), json!([])],
        vec![json!("ldap/eve\u{1b}[2J"), Value::Null, json!(""), Value::Null, Value::Null],
    ];
    sheet.coverage = coverage();
    sheet.notes = vec!["judged 3 of 3".to_owned(), "hint: `sever check` judges them".to_owned()];
    sheet
}

fn finding(stage: Stage) -> Finding {
    Finding {
        id: FindingId::from("7c1e0000a90d0000"),
        detector: META.id.to_owned(),
        severity: Severity::Critical,
        confidence: Confidence::Certain,
        stage,
        title: "key kid-1 signed {count} tokens that nobody issued".to_owned(),
        things: vec![Thing::new(ThingKind::Credential, "shop/kid-1"), Thing::new(ThingKind::Address, "198.51.100.7")],
        first: EventTime::parse("2025-04-14T02:11:09Z").unwrap(),
        last: EventTime::parse("2025-11-08T23:58:40Z").unwrap(),
        known_at: EventTime::parse("2025-04-14T02:13:09.5Z").unwrap(),
        count: 1_200,
        inputs: vec![("judgement".to_owned(), "never issued".to_owned())],
        evidence: vec![
            Evidence {
                source: SourceId::from("gateway/2025 04.jsonl.gz"),
                offset: Some(4_711),
                at: EventTime::parse("2025-04-14T02:11:09Z").unwrap(),
                shows: "GET /me as member 77".to_owned(),
            },
            Evidence {
                source: SourceId::from("custody"),
                offset: None,
                at: EventTime::parse("2025-01-02T00:00:00Z").unwrap(),
                shows: "read by 1002".to_owned(),
            },
        ],
    }
}

fn findings(stages: &[Stage]) -> Sheet {
    let mut sheet = Sheet::new("findings", "", &["severity", "stage", "finding"]);
    sheet.findings = stages.iter().map(|stage| finding(*stage)).collect();
    sheet.rows = sheet.findings.iter().map(|f| vec![json!(f.severity), json!(f.stage), json!(f.sentence())]).collect();
    sheet.rules = vec![&META];
    sheet.coverage = coverage();
    sheet.exits = vec![Exit::FindingCritical, Exit::CoverageIncomplete];
    sheet
}

fn written(sheet: &Sheet, format: Format, style: &Style) -> String {
    let mut out = Vec::new();
    write(&mut out, sheet, format, style).unwrap();
    String::from_utf8(out).unwrap()
}

fn plainly(sheet: &Sheet, format: Format) -> String {
    written(sheet, format, &Style::PLAIN)
}

#[test]
fn a_table_ends_with_what_matters_most() {
    insta::assert_snapshot!(plainly(&accounts(), Format::Table), @r"
    3 accounts

    ACCOUNT            STATUS  WHY                          USES  GROUPS
    ldap/alice         open    exact: employee number  1,234,567  a, b
    ldap/bob           closed  e-mail and name agree           0  –
    ldap/eve\u{1b}[2J  –       –                               –  –

    covered, but: gateway (2 of 12,347 records could not be read)
    not covered: gitlab (token lacks `read_api` since 2026-09-12)
    judged 3 of 3
    hint: `sever check` judges them
    ");
}

#[test]
fn a_narrow_table_puts_sentences_beneath_and_never_breaks_ids() {
    let narrow = written(&accounts(), Format::Table, &Style::new(false, Some(60)));
    insta::assert_snapshot!(narrow, @r"
    3 accounts

    ACCOUNT            STATUS       USES  GROUPS
    ldap/alice         open    1,234,567  a, b
        exact: employee number
    ldap/bob           closed          0  –
        e-mail and name agree
    ldap/eve\u{1b}[2J  –               –  –

    covered, but: gateway (2 of 12,347 records could not be read)
    not covered: gitlab (token lacks `read_api` since 2026-09-12)
    judged 3 of 3
    hint: `sever check` judges them
    ");
}

#[test]
fn a_brief_table_shows_what_it_is_told() {
    let sheet = accounts().brief(&["account", "uses"]);
    let table = plainly(&sheet, Format::Table);
    let header: Vec<&str> = table.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!(header, ["ACCOUNT", "USES"]);
    assert!(plainly(&sheet, Format::Csv).starts_with("account,status,why,uses,groups\n"));
}

#[test]
fn colour_repeats_words_and_is_off_by_default() {
    let coloured = written(&accounts(), Format::Table, &Style::new(true, None));
    assert!(coloured.contains("\u{1b}[38;5;9m\u{1b}[1mopen"), "{coloured:?}");
    let stripped: String = {
        let mut text = coloured.clone();
        while let Some(start) = text.find("\u{1b}[") {
            let end = start + text[start..].find('m').unwrap() + 1;
            text.replace_range(start..end, "");
        }
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
    };
    assert_eq!(stripped, plainly(&accounts(), Format::Table));
    assert!(!plainly(&accounts(), Format::Table).contains('\u{1b}'));
}

#[test]
fn no_color_decides_unless_a_flag_does() {
    let env = |name: &'static str, value: &'static str| move |asked: &str| (asked == name).then(|| value.to_owned());
    assert!(ColorChoice::Auto.on(true, &env("TERM", "xterm")));
    assert!(!ColorChoice::Auto.on(true, &env("NO_COLOR", "1")));
    assert!(ColorChoice::Auto.on(true, &env("NO_COLOR", "")));
    assert!(!ColorChoice::Auto.on(true, &env("TERM", "dumb")));
    assert!(!ColorChoice::Auto.on(false, &env("TERM", "xterm")));
    assert!(ColorChoice::Always.on(false, &env("NO_COLOR", "1")));
    assert!(!ColorChoice::Never.on(true, &env("TERM", "xterm")));
}

#[test]
fn tab_separated_rows_have_one_line_and_no_control_characters() {
    let mut sheet = accounts();
    sheet.rows.push(vec![json!("a\tb\nc"), json!(true), json!("x"), json!(1.5), json!({"k": 1})]);
    insta::assert_snapshot!(plainly(&sheet, Format::Tsv).replace('\t', "→"), @r#"
    account→status→why→uses→groups
    ldap/alice→open→exact: employee number→1234567→a;b
    ldap/bob→closed→e-mail and name agree→0→
    ldap/eve\u{1b}[2J→→→→
    a\tb\nc→true→x→1.5→{"k":1}
    "#);
}

#[test]
fn what_a_format_has_no_place_for_goes_to_stderr() {
    let mut err = Vec::new();
    aside(&mut err, &accounts(), Format::Tsv, &Style::PLAIN).unwrap();
    insta::assert_snapshot!(String::from_utf8(err).unwrap(), @r"
    covered, but: gateway (2 of 12,347 records could not be read)
    not covered: gitlab (token lacks `read_api` since 2026-09-12)
    judged 3 of 3
    hint: `sever check` judges them
    ");
    let mut err = Vec::new();
    aside(&mut err, &accounts(), Format::Json, &Style::PLAIN).unwrap();
    assert!(err.is_empty());
}

#[test]
fn csv_keeps_text_exactly_but_for_formulas() {
    let mut sheet = Sheet::new("x", "", &["a", "b", "c", "d"]);
    sheet.rows.push(vec![json!("say \"hi\",\nplease"), json!("=HYPERLINK(1)"), json!("-kid-1"), json!(-5)]);
    sheet.rows.push(vec![json!("@SUM(1)|x"), json!("+82 2 1234"), json!(""), Value::Null]);
    insta::assert_snapshot!(plainly(&sheet, Format::Csv), @r#"
    a,b,c,d
    "say ""hi"",
    please",'=HYPERLINK(1),-kid-1,-5
    '@SUM(1)|x,+82 2 1234,,
    "#);
}

#[test]
fn json_is_one_object_with_coverage_and_every_exit() {
    let text = plainly(&accounts(), Format::Json);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["version"], &value["kind"]), (&json!(1), &json!("accounts")));
    assert_eq!(value["rows"][0]["uses"], 1_234_567);
    assert_eq!(value["rows"][2], json!({"account": "ldap/eve\u{1b}[2J", "why": ""}));
    assert_eq!(value["coverage"]["whole"], false);
    assert_eq!(value["coverage"]["lines"].as_array().unwrap().len(), 3);
    assert!(value["exit"].is_null(), "a command that does not say how it went must not seem clean");
    assert!(!text.contains('\u{1b}'));

    let value: Value = serde_json::from_str(&plainly(&findings(&[Stage::Confirmed]), Format::Json)).unwrap();
    assert_eq!(value["rows"][0]["sentence"], "key kid-1 signed 1200 tokens that nobody issued");
    assert_eq!(value["rows"][0]["evidence"][0]["offset"], 4_711);
    let codes: Vec<&Value> = value["exit"].as_array().unwrap().iter().map(|exit| &exit["code"]).collect();
    assert_eq!(codes, [&json!(15), &json!(6)]);

    let none: Value = serde_json::from_str(&plainly(&Sheet::new("x", "", &["a"]), Format::Json)).unwrap();
    assert_eq!((&none["rows"], &none["coverage"]["whole"]), (&json!([]), &json!(false)));
}

#[test]
fn json_lines_end_with_the_coverage() {
    let text = plainly(&accounts(), Format::Jsonl);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1]["account"], "ldap/bob");
    assert!(lines[..3].iter().all(|line| line["version"].is_null()));
    assert_eq!((&lines[3]["version"], &lines[3]["coverage"]["whole"]), (&json!(1), &json!(false)));
}

#[test]
fn rows_can_be_written_as_they_come() {
    let (sheet, mut out) = (accounts(), Vec::new());
    let mut lines = Lines::begin(&mut out, sheet.columns.clone(), Format::Jsonl).unwrap();
    sheet.rows.iter().try_for_each(|row| lines.row(row)).unwrap();
    assert!(plainly(&sheet, Format::Jsonl).starts_with(&String::from_utf8(out).unwrap()));
    assert!(Lines::begin(&mut Vec::new(), Vec::new(), Format::Json).is_err());
}

#[test]
fn markdown_makes_no_links_of_what_logs_say() {
    let mut sheet = accounts();
    sheet.rows.truncate(1);
    sheet.rows[0][0] = json!("[x](http://evil)|<img src=x>");
    insta::assert_snapshot!(plainly(&sheet, Format::Markdown), @r"
    ## 3 accounts

    | account | status | why | uses | groups |
    | --- | --- | --- | ---: | --- |
    | \[x\](http:&#47;&#47;evil)\|&lt;img src=x> | open | exact: employee number | 1,234,567 | a, b |

    - covered, but: gateway (2 of 12,347 records could not be read)
    - not covered: gitlab (token lacks `read_api` since 2026-09-12)

    judged 3 of 3

    hint: `sever check` judges them
    ");
}

#[test]
fn sarif_reads_back_and_says_what_was_not_covered() {
    let text = plainly(&findings(&[Stage::Confirmed, Stage::Provisional, Stage::Retracted]), Format::Sarif);
    let log: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap();
    let run = &log.runs[0];
    let rule = &run.tool.driver.rules.as_ref().unwrap()[0];
    assert_eq!((rule.id.as_str(), rule.name.as_deref()), ("token-never-issued", Some("TokenNeverIssued")));
    let results = run.results.as_ref().unwrap();
    let kinds: Vec<Value> = results.iter().map(|r| json!([r.kind, r.level])).collect();
    assert_eq!(kinds, [json!(["fail", "error"]), json!(["open", "none"]), json!(["pass", "none"])]);
    assert_eq!(results[0].rule_index, Some(0));
    let place = results[0].locations.as_ref().unwrap()[0].physical_location.as_ref().unwrap();
    assert_eq!(place.artifact_location.as_ref().unwrap().uri.as_deref(), Some("gateway/2025%2004.jsonl.gz"));
    assert_eq!(place.region.as_ref().unwrap().byte_offset, Some(4_711));
    let invocation = &run.invocations.as_ref().unwrap()[0];
    assert!(invocation.execution_successful);
    let told = invocation.tool_execution_notifications.as_ref().unwrap();
    assert_eq!(told.len(), 2);
    assert_eq!(json!(told[1].message.text), json!("not covered: gitlab (token lacks `read_api` since 2026-09-12)"));
}

#[test]
fn sarif_of_a_run_that_looked_at_nothing_is_no_success() {
    let mut sheet = findings(&[]);
    sheet.exits = vec![Exit::NothingLooked];
    let log: Value = serde_json::from_str(&plainly(&sheet, Format::Sarif)).unwrap();
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(log["runs"][0]["results"], json!([]));
}

#[test]
fn ocsf_has_what_the_class_requires() {
    let text = plainly(&findings(&[Stage::Confirmed, Stage::Retracted]), Format::Ocsf);
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let event = &events[0];
    assert_eq!(
        (&event["class_uid"], &event["category_uid"], &event["type_uid"]),
        (&json!(2004), &json!(2), &json!(200_401))
    );
    assert_eq!(
        (&event["severity_id"], &event["confidence_id"], &event["is_alert"]),
        (&json!(5), &json!(3), &json!(true))
    );
    assert_eq!(event["time"], 1_744_596_789_500_i64);
    assert_eq!(event["finding_info"]["attacks"][0]["sub_technique"]["uid"], "T1606.001");
    assert_eq!(event["evidences"][0]["data"]["offset"], 4_711);
    assert_eq!(event["unmapped"]["coverage"]["whole"], false);
    assert_eq!((&events[1]["activity_id"], &events[1]["type_uid"]), (&json!(3), &json!(200_403)));
}

#[test]
fn only_findings_are_sarif_or_ocsf() {
    for format in [Format::Sarif, Format::Ocsf] {
        let failure = accounts().fits(format).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.hint.is_some());
        assert!(write(&mut Vec::new(), &accounts(), format, &Style::PLAIN).is_err());
    }
    assert!(findings(&[]).fits(Format::Sarif).is_ok());
}

#[test]
fn a_finding_has_a_page() {
    let mut out = Vec::new();
    finding_page(&mut out, &finding(Stage::Confirmed), Some(&META), &Style::PLAIN).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
    key kid-1 signed 1200 tokens that nobody issued
    critical · certain · confirmed · token-never-issued 7c1e0000a90d0000

    why it fired
      rule       a use is judged never issued where the issuer's coverage is proven
      judgement  never issued

    what it names
      credential  shop/kid-1
      address     198.51.100.7

    evidence (2 shown, 1,200 in all)
      2025-04-14T02:11:09Z  gateway/2025 04.jsonl.gz at byte 4711
        GET /me as member 77
      2025-01-02T00:00:00Z  custody
        read by 1002
      first 2025-04-14T02:11:09Z, last 2025-11-08T23:58:40Z, could be said 2025-04-14T02:13:09.5Z

    harmless if
      the issuer's log has a gap in which it may have been issued

    what to do next
      rotate the key, then find whose data was touched (responder)
      sever who shop/kid-1
      sever reach shop/kid-1 --judged never-issued
      sever reach 198.51.100.7
    ");
}

#[test]
fn commands_on_a_page_cannot_run_what_a_log_says() {
    let mut finding = finding(Stage::Confirmed);
    finding.things = vec![Thing::new(ThingKind::Session, "$(rm -rf ~)'"), Thing::new(ThingKind::Session, "--help")];
    let mut out = Vec::new();
    finding_page(&mut out, &finding, None, &Style::PLAIN).unwrap();
    let page = String::from_utf8(out).unwrap();
    assert!(page.contains(r"sever reach '$(rm -rf ~)'\'''"), "{page}");
    assert!(page.contains("sever reach -- '--help'"), "{page}");
}
