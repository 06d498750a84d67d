//! `sever detectors`, `sever formats`, `sever sources`, `sever connectors`: what there is, from the registries.

use serde_json::json;

use crate::cli::output::Output;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// List what there is
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn detectors(out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let columns = [
        "id",
        "title",
        "severity",
        "confidence",
        "audience",
        "speaks_when",
        "quiet_when",
        "attack",
        "remediation",
        "bounded_by",
        "profiles_people",
    ];
    let mut sheet = Sheet::new("detectors", "detectors", &columns).brief(&["id", "title", "severity", "speaks_when"]);
    for registered in sever_detect::registry::DETECTORS {
        let meta = registered.meta;
        sheet.rows.push(vec![
            json!(meta.id),
            json!(meta.title),
            json!(meta.severity),
            json!(meta.confidence),
            json!(meta.audience),
            json!(meta.speaks_when),
            json!(meta.quiet_when),
            json!(meta.attack.join(" ")),
            json!(meta.remediation),
            json!(meta.bounded_by),
            json!(meta.profiles_people),
        ]);
    }
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

pub(super) fn formats(out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut sheet = Sheet::new("formats", "formats", &["id", "title", "about", "joins"]).brief(&["id", "title"]);
    for format in sever_decode::FORMATS {
        sheet.rows.push(vec![json!(format.id), json!(format.title), json!(format.about), json!(format.joins)]);
    }
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

pub(super) fn sources(out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let columns = ["id", "title", "kinds", "about", "scope"];
    let mut sheet = Sheet::new("sources", "sources", &columns).brief(&["id", "title", "kinds"]);
    for provider in sever_connect::PROVIDERS {
        let kinds: Vec<&str> = provider.kinds.iter().map(|kind| kind.word()).collect();
        sheet.rows.push(vec![
            json!(provider.id),
            json!(provider.title),
            json!(kinds.join(" ")),
            json!(provider.about),
            json!(provider.scope),
        ]);
    }
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}

pub(super) fn connectors(out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let columns = ["id", "title", "lists", "closes", "tries", "about", "roles"];
    let mut sheet =
        Sheet::new("connectors", "connectors", &columns).brief(&["id", "title", "lists", "closes", "tries"]);
    for connector in sever_connect::CONNECTORS {
        let mut kinds: Vec<_> = connector.doors.iter().map(|row| row.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let kinds: Vec<&str> = kinds.into_iter().map(|kind| kind.word()).collect();
        let tries = if connector.open_probe.is_some() { kinds.join(" ") } else { String::new() };
        let yes = |there: bool| if there { "yes" } else { "no" };
        sheet.rows.push(vec![
            json!(connector.id),
            json!(connector.title),
            json!(yes(connector.open_doors.is_some())),
            json!(yes(connector.open_action.is_some())),
            json!(tries),
            json!(connector.about),
            json!(connector.roles),
        ]);
    }
    out.sheet(&sheet)?;
    Ok(vec![Exit::Clean])
}
