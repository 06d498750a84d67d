//! Audits: what was changed in the directory, by whom, and of whom.

use sever_model::port::EventSink;
use sever_model::{EventKind, Outcome, Row};

use super::record::{Head, Path, Record, outcome};
use super::target::Targets;
use super::words::Deed;
use super::{Texts, first};
use crate::action;
use crate::json::pairs;

pub(super) fn push<'r>(
    record: &Record<'r>,
    mut row: Row<'r>,
    texts: &'r mut Texts,
    targets: &'r mut Targets,
    out: &mut dyn EventSink,
) {
    let body = |path: Path| record.body(path);
    let activity = first(&[body(Path::Activity), record.operation()]);
    let deed = texts.activities.told([activity], |[activity]| Deed::of(activity));
    targets.read(body(Path::Targets));
    let Texts { action, actor, ip, agent, .. } = texts;
    action::write(action, deed.words, &[activity]);
    (row.kind, row.action) = (deed.kind, action);
    row.outcome = match outcome(body(Path::Result)) {
        Outcome::Unknown => record.result(),
        known => known,
    };
    who(record, actor, ip);
    row.actor = actor;
    row.client = body(Path::ByApp);
    row.token_subject = first(&[body(Path::ByUserId), body(Path::ByServiceId)]);
    (row.account, row.resource) = (&targets.user, first(&[targets.resource(), &targets.user]));
    (row.key_id, row.fields) = (&targets.key, &targets.properties);
    ip_and_agent(record, ip, agent);
    (row.source_ip, row.user_agent) = (ip, agent);
    if row.kind == EventKind::Authenticated {
        row.account = first(&[&targets.user, row.actor]);
    }
    out.push(&row);
}

/// Who did it. Tables write the initiator into a text.
fn who(record: &Record<'_>, actor: &mut String, ip: &mut String) {
    let body = |path: Path| record.body(path);
    let by = first(&[
        body(Path::ByUpn),
        body(Path::ByAppName),
        body(Path::ByServiceName),
        body(Path::ByUserName),
        body(Path::ByUserId),
        body(Path::ByServiceId),
        body(Path::ByApp),
    ]);
    actor.push_str(by);
    let written = body(Path::By);
    if actor.is_empty() && written.starts_with('{') {
        let [user, app] = pairs(written, ("", ""), ["user", "app"]);
        let [upn, id, address] = pairs(&user, ("", ""), ["userPrincipalName", "id", "ipAddress"]);
        let [name, principal] = pairs(&app, ("", ""), ["displayName", "servicePrincipalId"]);
        actor.push_str(first(&[&upn, &name, &id, &principal]));
        ip.push_str(&address);
    }
    if actor.is_empty() {
        actor.push_str(record.head(Head::Identity));
    }
}

fn ip_and_agent(record: &Record<'_>, ip: &mut String, agent: &mut String) {
    let body = |path: Path| record.body(path);
    if ip.is_empty() {
        ip.push_str(first(&[body(Path::ByIp), record.head(Head::CallerIp), body(Path::CallerIp)]));
    }
    agent.push_str(body(Path::Agent));
    if ip.is_empty() || agent.is_empty() {
        let [address, user_agent] = record.details(["ipaddr", "User-Agent"]);
        ip.push_str(if ip.is_empty() { &address } else { "" });
        agent.push_str(if agent.is_empty() { &user_agent } else { "" });
    }
}
