//! Sigma rules in a folder: they find, they are told where they cannot, and a wrong one stops the run.

use crate::world::World;

const RULE: &str = "\
title: Address book exported
id: 3f6a4f0e-4ad8-4c1c-b0c8-19a9d2a3a101
level: high
description: Somebody takes the address book.
falsepositives: [the yearly audit]
tags: [attack.t1567]
logsource: {service: gateway}
detection:
  selection:
    resource|startswith: /export
  condition: selection
";

const BURST: &str = "\
title: Sign-in refused
name: refused
logsource: {}
detection:
  selection:
    outcome: refused
  condition: selection
---
title: Many refusals
id: many
level: critical
correlation:
  type: event_count
  rules: [refused]
  group-by: [source_ip]
  timespan: 10m
  condition:
    gte: 3
";

/// A company with a log of refusals and an export, and a folder of these rules.
fn world(rules: &[(&str, &str)]) -> World {
    let world = World::with_people();
    let refused = (0..3).map(|minute| {
        format!("{{\"ts\":\"2025-11-16T02:0{minute}:00Z\",\"actor\":\"mina.park\",\"outcome\":\"refused\",\"ip\":\"192.0.2.7\"}}\n")
    });
    let export =
        "{\"ts\":\"2025-11-16T03:00:00Z\",\"actor\":\"mina.park\",\"path\":\"/export/all\",\"ip\":\"192.0.2.7\"}\n";
    world.write("gateway.jsonl", refused.collect::<String>() + export);
    world.append(
        "severance.toml",
        "[[log]]\nname = \"gateway\"\npath = \"gateway.jsonl\"\nmap = { time = \"ts\", actor = \"actor\", outcome = \"outcome\", \
         source_ip = \"ip\", resource = \"path\" }\n[sigma]\npath = \"rules\"\n",
    );
    for (name, text) in rules {
        world.write(&format!("rules/{name}"), text);
    }
    world
}

#[test]
fn rules_and_correlations_of_a_folder_find() {
    let world = world(&[("export.yml", RULE), ("burst.yaml", BURST), ("README.md", "not a rule")]);
    let said = world.sever("scan --format json");
    assert_eq!(said.exit, 15, "{}", said.all());
    for expected in [
        "met the Sigma rule `Many refusals` once",
        "192.0.2.7",
        "matched the Sigma rule `Address book exported` once",
        "the yearly audit",
        "T1567",
    ] {
        assert!(said.stdout.contains(expected), "{expected}: {}", said.all());
    }
    assert!(!said.stdout.contains("Sign-in refused"), "what a correlation counts speaks through it: {}", said.all());
    assert_eq!(world.sever("scan").told("Sigma: 3 of 3 rules ran").len(), 1);
}

#[test]
fn a_rule_that_needs_a_field_that_no_event_has_is_not_covered() {
    let world = world(&[("country.yml", &RULE.replace("resource|startswith: /export", "country: XX"))]);
    let said = world.sever("scan");
    assert!(said.all().contains("rule `Address book exported` not evaluable: field `country`"), "{}", said.all());
    assert_eq!(said.told("1 are not evaluable").len(), 1, "{}", said.all());
    assert_ne!(said.exit, 0);
}

#[test]
fn a_wrong_rule_stops_the_run_with_its_place() {
    let world = world(&[
        ("broken.yml", "title: [open\nlogsource\n"),
        ("look.yml", &RULE.replace("resource|startswith: /export", "resource|re: '(?=a)b'")),
    ]);
    let said = world.sever("scan");
    assert_eq!(said.exit, 2, "{}", said.all());
    for expected in [
        "severance.toml:",
        "rules/broken.yml: YAML parse error",
        "rules/look.yml: rule `Address book exported`",
        "hint: ",
    ] {
        assert!(said.stderr.contains(expected), "{expected}: {}", said.all());
    }
    let empty = World::with_logs();
    empty.append("severance.toml", "[sigma]\npath = \"rulse\"\n");
    let said = empty.sever("scan");
    assert!(
        said.exit != 0 && said.stderr.contains("there is no `rulse`") && said.stderr.contains("severance.toml:"),
        "{}",
        said.all()
    );
    empty.append("severance.toml", "paht = \"rules\"\n");
    assert!(empty.sever("scan").stderr.contains("paht"));
}

#[test]
fn every_format_whose_names_rules_may_use_is_one() {
    for format in sever_detect::sigma::formats() {
        assert!(sever_decode::Format::named(format).is_some(), "{format}");
    }
}
