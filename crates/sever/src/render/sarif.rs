//! SARIF 2.1.0: findings as results of the detectors as rules.
//!
//! Confirmed findings are `fail` with a level; provisional ones are `open`, retracted ones `pass`, so
//! that nothing unproven breaks somebody's build. What was not covered is a notification of the
//! invocation: a SARIF file without results must not read as clean.
//!
//! Source: SARIF 2.1.0 (OASIS, 2020), §3.27 result, §3.49 reportingDescriptor, §3.20 invocation;
//! `security-severity` as GitHub code scanning reads it.

use std::io::{self, Write};

use serde_json::{Value, json};
use sever_model::{Confidence, Evidence, Finding, Meta, Severity, Stage};

use super::finding::{audience_word, confidence_word, severity_word, stage_word};
use super::{Sheet, json, not_covered};
use crate::exit::{self, Exit};

/// Where the shape of the file is defined.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn write(out: &mut dyn Write, sheet: &Sheet) -> io::Result<()> {
    let rules: Vec<Value> = sheet.rules.iter().map(|meta| rule(meta)).collect();
    let results: Vec<Value> = sheet.findings.iter().map(|finding| result(finding, &sheet.rules)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sever",
                "fullName": "Severance",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "invocations": [invocation(sheet)],
            "results": results,
            "columnKind": "unicodeCodePoints",
            "properties": { "coverage": json::coverage(sheet) },
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn rule(meta: &Meta) -> Value {
    json!({
        "id": meta.id,
        "name": pascal(meta.id),
        "shortDescription": { "text": meta.title },
        "fullDescription": { "text": meta.speaks_when },
        "help": { "text": format!("{}\n\nStays quiet: {}", meta.remediation, meta.quiet_when) },
        "defaultConfiguration": { "level": level(meta.severity) },
        "properties": {
            "tags": ["security"],
            "security-severity": score(meta.severity),
            "severity": severity_word(meta.severity),
            "confidence": confidence_word(meta.confidence),
            "precision": precision(meta.confidence),
            "audience": audience_word(meta.audience),
            "attack": meta.attack,
            "profilesPeople": meta.profiles_people,
        },
    })
}

fn result(finding: &Finding, rules: &[&'static Meta]) -> Value {
    let (kind, level) = match finding.stage {
        Stage::Confirmed => ("fail", level(finding.severity)),
        // Source: §3.27.10: a result that is not a failure has the level `none`.
        Stage::Provisional => ("open", "none"),
        Stage::Retracted => ("pass", "none"),
    };
    let inputs: serde_json::Map<String, Value> =
        finding.inputs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut result = json!({
        "ruleId": finding.detector,
        "kind": kind,
        "level": level,
        "message": { "text": finding.sentence() },
        "locations": finding.evidence.iter().map(|evidence| location(evidence, finding)).collect::<Vec<_>>(),
        "fingerprints": { "severance/v1": finding.id },
        "occurrenceCount": finding.count.max(1),
        "properties": {
            "severity": severity_word(finding.severity),
            "security-severity": score(finding.severity),
            "confidence": confidence_word(finding.confidence),
            "stage": stage_word(finding.stage),
            "first": finding.first,
            "last": finding.last,
            "knownAt": finding.known_at,
            "things": finding.things,
            "inputs": inputs,
        },
    });
    if let Some(at) = rules.iter().position(|meta| meta.id == finding.detector)
        && let Some(object) = result.as_object_mut()
    {
        object.insert("ruleIndex".to_owned(), at.into());
    }
    result
}

fn location(evidence: &Evidence, finding: &Finding) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(evidence.source.as_str()) } });
    if let (Some(offset), Some(object)) = (evidence.offset, physical.as_object_mut()) {
        object.insert("region".to_owned(), json!({ "byteOffset": offset, "byteLength": 0 }));
    }
    let logical = finding
        .things
        .iter()
        .map(|thing| json!({ "name": thing.id, "fullyQualifiedName": thing.to_string(), "kind": thing.kind.word() }));
    json!({
        "physicalLocation": physical,
        "logicalLocations": logical.collect::<Vec<_>>(),
        "message": { "text": format!("{} {}", evidence.at, evidence.shows) },
    })
}

fn invocation(sheet: &Sheet) -> Value {
    let warnings = not_covered(&sheet.coverage).into_iter().map(|text| notification("warning", &text));
    let notes = sheet.notes.iter().map(|text| notification("note", text));
    let exits = exit::all(&sheet.exits);
    let stopped = [Exit::Failed, Exit::Usage, Exit::NothingLooked, Exit::Interrupted];
    let mut invocation = json!({
        "executionSuccessful": !exits.iter().any(|exit| stopped.contains(exit)),
        "toolExecutionNotifications": warnings.chain(notes).collect::<Vec<_>>(),
    });
    if let (false, Some(object)) = (sheet.exits.is_empty(), invocation.as_object_mut()) {
        let words: Vec<&str> = exits.iter().map(|exit| exit.words()).collect();
        object.insert("exitCode".to_owned(), exit::worst(&sheet.exits).into());
        object.insert("exitCodeDescription".to_owned(), words.join("; ").into());
    }
    invocation
}

fn notification(level: &str, text: &str) -> Value {
    json!({ "level": level, "message": { "text": text } })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// In the middle of the CVSS band of that name.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

const fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "very-high",
        Confidence::Likely => "high",
        Confidence::Possible => "medium",
    }
}

/// `token-never-issued` as `TokenNeverIssued`.
fn pascal(id: &str) -> String {
    let words = id.split('-').map(|word| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
    });
    words.collect()
}

/// A source's name as a relative URI reference (RFC 3986): everything else is percent-encoded, the
/// colon too, for it would make a scheme of what stands before it.
fn uri(name: &str) -> String {
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
