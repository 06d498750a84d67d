//! OCSF 1.x Detection Findings (class 2004), a JSON object a line, for a SIEM.
//!
//! Severity, confidence and stage become OCSF's ids; what OCSF has no place for (rule inputs, stage,
//! audience, coverage of the run) is in `unmapped`. A provisional finding is no alert; a retracted
//! one closes.
//!
//! Source: OCSF schema, `detection_finding`, with the objects `finding_info`, `analytic`, `attack`,
//! `evidences`, `resource_details` and `remediation`.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use sever_model::{Confidence, Coverage, EventTime, Evidence, Finding, Meta, Severity, Stage, ThingKind};

use super::finding::{audience_word, confidence_word, severity_word, stage_word};
use super::{Sheet, not_covered};

/// The schema's version that the events are written to.
const VERSION: &str = "1.5.0";
/// Category Findings.
const CATEGORY: u64 = 2;
/// Class Detection Finding.
const CLASS: u64 = 2004;

pub(super) fn write(out: &mut dyn Write, sheet: &Sheet) -> io::Result<()> {
    for finding in &sheet.findings {
        let meta = sheet.rules.iter().find(|meta| meta.id == finding.detector).copied();
        writeln!(out, "{}", event(finding, meta, &sheet.coverage))?;
    }
    Ok(())
}

fn event(finding: &Finding, meta: Option<&Meta>, coverage: &Coverage) -> Value {
    let (activity, activity_name) = match finding.stage {
        Stage::Retracted => (3, "Close"),
        Stage::Provisional | Stage::Confirmed => (1, "Create"),
    };
    let (status, status_name) = if finding.stage == Stage::Retracted { (4, "Resolved") } else { (1, "New") };
    let (severity, severity_name) = severity_id(finding.severity);
    let (confidence, confidence_name) = confidence_id(finding.confidence);
    let mut event = json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Detection Finding: {activity_name}"),
        "time": millis(finding.known_at),
        "start_time": millis(finding.first),
        "end_time": millis(finding.last),
        "count": i32::try_from(finding.count).unwrap_or(i32::MAX),
        "severity_id": severity,
        "severity": severity_name,
        "confidence_id": confidence,
        "confidence": confidence_name,
        "status_id": status,
        "status": status_name,
        "is_alert": finding.stage == Stage::Confirmed,
        "message": finding.sentence(),
        "metadata": {
            "version": VERSION,
            "uid": finding.id,
            "log_name": "findings",
            "product": { "name": "Severance", "vendor_name": "Severance", "version": env!("CARGO_PKG_VERSION") },
        },
        "finding_info": finding_info(finding, meta),
        "evidences": finding.evidence.iter().map(evidence).collect::<Vec<_>>(),
        "resources": resources(finding),
        "unmapped": unmapped(finding, meta, coverage),
    });
    if let (Some(meta), Some(object)) = (meta, event.as_object_mut()) {
        object.insert("remediation".to_owned(), json!({ "desc": meta.remediation }));
    }
    event
}

fn finding_info(finding: &Finding, meta: Option<&Meta>) -> Value {
    let mut sources: Vec<&str> = finding.evidence.iter().map(|evidence| evidence.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut info = json!({
        "uid": finding.id,
        "title": finding.sentence(),
        "types": [finding.detector],
        "created_time": millis(finding.known_at),
        "first_seen_time": millis(finding.first),
        "last_seen_time": millis(finding.last),
        "data_sources": sources,
        "analytic": { "type_id": 1, "type": "Rule", "uid": finding.detector, "name": finding.detector },
    });
    if let (Some(meta), Some(object)) = (meta, info.as_object_mut()) {
        object.insert("desc".to_owned(), meta.speaks_when.into());
        object.insert("attacks".to_owned(), meta.attack.iter().map(|id| attack(id)).collect());
        object.insert(
            "analytic".to_owned(),
            json!({ "type_id": 1, "type": "Rule", "uid": meta.id, "name": meta.title, "desc": meta.speaks_when,
                    "version": env!("CARGO_PKG_VERSION") }),
        );
    }
    info
}

/// `T1606.001` as its technique and sub-technique.
fn attack(id: &str) -> Value {
    let link = |id: &str| format!("https://attack.mitre.org/techniques/{}/", id.replace('.', "/"));
    let entity = |id: &str| json!({ "uid": id, "src_url": link(id) });
    match id.split_once('.') {
        Some((technique, _)) => json!({ "technique": entity(technique), "sub_technique": entity(id) }),
        None => json!({ "technique": entity(id) }),
    }
}

fn evidence(evidence: &Evidence) -> Value {
    json!({ "data": evidence })
}

fn resources(finding: &Finding) -> Vec<Value> {
    let resources = finding.things.iter().map(|thing| {
        let mut resource = json!({ "uid": thing.id, "name": thing.id, "type": thing.kind.word() });
        if let (ThingKind::Address, Some(object)) = (thing.kind, resource.as_object_mut())
            && thing.id.parse::<std::net::IpAddr>().is_ok()
        {
            object.insert("ip".to_owned(), thing.id.as_str().into());
        }
        resource
    });
    resources.collect()
}

fn unmapped(finding: &Finding, meta: Option<&Meta>, coverage: &Coverage) -> Value {
    let inputs: Map<String, Value> =
        finding.inputs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "stage": stage_word(finding.stage),
        "severity": severity_word(finding.severity),
        "confidence": confidence_word(finding.confidence),
        "audience": meta.map(|meta| audience_word(meta.audience)),
        "inputs": inputs,
        "coverage": {
            "whole": !coverage.lines.is_empty() && coverage.is_whole(),
            "not_covered": not_covered(coverage),
        },
    })
}

const fn severity_id(severity: Severity) -> (u64, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

const fn confidence_id(confidence: Confidence) -> (u64, &'static str) {
    match confidence {
        Confidence::Possible => (1, "Low"),
        Confidence::Likely => (2, "Medium"),
        Confidence::Certain => (3, "High"),
    }
}

/// Milliseconds since the Unix epoch.
const fn millis(at: EventTime) -> i64 {
    at.micros().div_euclid(1_000)
}
