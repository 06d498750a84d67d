//! The rows of one request: what was done, with what, and the token that it minted.

use serde_json::Value as Json;
use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Outcome, Row, Span};

use super::Path;
use super::request::Request;
use crate::action;
use crate::format::{endpoint, http_outcome};
use crate::json::{Found, Value, member};
use crate::when;

/// Who issues tokens of service accounts: the cluster, whose own name stands in no record.
const ISSUER: &str = "kubernetes";
/// Who issues temporary AWS keys.
const STS: &str = "sts.amazonaws.com";

/// Texts that are put together, reused from record to record.
#[derive(Default)]
pub(super) struct Text {
    action: String,
    resource: String,
    account: String,
}

pub(super) fn push(found: &Found<'_>, time: EventTime, offset: u64, own: &mut Text, out: &mut dyn EventSink) {
    let text = |path: Path| found.text(path as usize);
    let (verb, resource, subresource) = (text(Path::Verb), text(Path::OnResource), text(Path::OnSubresource));
    let mut request = Request::of(verb, resource, subresource);
    if resource == "secrets" && verb == "create" && text(Path::SecretType) == "kubernetes.io/service-account-token" {
        request.words = &["create-key"];
    }
    let Text { action, resource: named, account } = own;
    write_action(action, request.words, [verb, resource, subresource, text(Path::RoleName)]);
    write_resource(named, found);
    let mut row = Row::new(time, request.kind, offset);
    row.action = action;
    row.outcome = outcome(found);
    row.resource = named;
    row.source_ip = text(Path::SourceIps);
    row.user_agent = text(Path::Agent);
    row.actor = found.first(&[Path::User as usize, Path::AwsArn as usize, Path::UserUid as usize]);
    row.account = text(Path::As);
    presented(found, &mut row);
    write_service_account(account, found);
    if resource == "serviceaccounts" && subresource.is_empty() && request.kind == EventKind::Changed {
        row.account = account;
    }
    if request.words.contains(&"grant") && found.has(Path::Subjects as usize) {
        push_each_subject(text(Path::Subjects), row, out);
    } else {
        out.push(&row);
    }
    if resource == "serviceaccounts" && subresource == "token" && verb == "create" && row.outcome == Outcome::Answered {
        out.push(&issued(found, row, account));
    }
}

/// The credential that was presented, as far as the record tells.
fn presented<'a>(found: &Found<'a>, row: &mut Row<'a>) {
    let id = found.first(&[Path::UsedId as usize, Path::UsedIdCopied as usize]);
    row.client = found.first(&[Path::PodName as usize, Path::PodNameCopied as usize]);
    row.node = found.text(Path::OnNode as usize);
    let key = found.text(Path::AwsKey as usize);
    match id.strip_prefix("JTI=") {
        Some(token) if row.actor.starts_with("system:serviceaccount:") => {
            (row.credential, row.issuer, row.token_type) = (token, ISSUER, "service-account");
            row.token_subject = row.actor;
        }
        // Another issuer's, whom the record does not name.
        Some(token) => (row.credential, row.token_subject) = (token, row.actor),
        None => row.credential = id,
    }
    let arn = found.text(Path::AwsArn as usize);
    if !arn.is_empty() {
        row.token_subject = arn;
        row.session = found.text(Path::AwsSession as usize);
    }
    if !key.is_empty() {
        row.credential = key;
        if key.starts_with("ASIA") {
            (row.issuer, row.token_type) = (STS, "assumed-role");
        }
    }
}

/// The token that a request minted for a service account.
fn issued<'a>(found: &Found<'a>, call: Row<'a>, account: &'a str) -> Row<'a> {
    let text = |path: Path| found.text(path as usize);
    let mut row = Row::new(call.time, EventKind::Issued, call.offset);
    (row.outcome, row.actor, row.action, row.resource) = (call.outcome, call.actor, call.action, call.resource);
    (row.source_ip, row.user_agent) = (call.source_ip, call.user_agent);
    (row.issuer, row.token_type) = (ISSUER, "service-account");
    let id = text(Path::IssuedId);
    row.credential = id.strip_prefix("JTI=").unwrap_or(id);
    row.parent = call.credential;
    row.token_subject = account;
    row.account = account;
    row.audience = text(Path::Audiences);
    row.issued_at = (call.time != EventTime::MIN).then_some(call.time);
    row.expires_at = when::instant_text(text(Path::Expires), None).or_else(|| {
        let Value::Unsigned(secs) = found.value(Path::ExpirySecs as usize) else { return None };
        let secs = i64::try_from(secs).ok().filter(|secs| *secs < i64::from(u32::MAX))?;
        row.issued_at.map(|at| at.plus(Span::secs(secs)))
    });
    row
}

/// Pushes a grant, once for each of its subjects.
fn push_each_subject(subjects: &str, mut row: Row<'_>, out: &mut dyn EventSink) {
    let Ok(Json::Array(subjects)) = serde_json::from_str(subjects) else {
        out.push(&row);
        return;
    };
    let part = |subject: &Json, key: &str| member(subject, key).and_then(Json::as_str).unwrap_or("").to_owned();
    let mut any = false;
    for subject in &subjects {
        let (kind, name) = (part(subject, "kind"), part(subject, "name"));
        let service = format!("system:serviceaccount:{}:{name}", part(subject, "namespace"));
        out.push(&Row { account: if kind == "ServiceAccount" { &service } else { &name }, ..row });
        // One call is one use: what follows is not judged again.
        (row.credential, row.issuer) = ("", "");
        any = true;
    }
    if !any {
        out.push(&row);
    }
}

fn outcome(found: &Found<'_>) -> Outcome {
    let code = match found.value(Path::Code as usize) {
        Value::Unsigned(code) => code,
        _ => found.text(Path::Code as usize).parse().unwrap_or(0),
    };
    let decision = found.text(Path::Decision as usize);
    match http_outcome(code) {
        Outcome::Unknown if found.text(Path::Status as usize) == "Failure" || decision == "forbid" => Outcome::Refused,
        outcome => outcome,
    }
}

/// `grant create clusterrolebindings cluster-admin`, `get pods/exec`.
fn write_action(into: &mut String, words: &[&str], [verb, resource, subresource, role]: [&str; 4]) {
    action::write(into, words, &[verb]);
    let parts = [(" ", resource), ("/", subresource), (" ", role)];
    for (before, part) in parts.into_iter().filter(|(_, part)| !part.is_empty()) {
        into.push_str(before);
        into.push_str(part);
    }
}

/// `namespaces/shop/secrets/db`, `clusterroles/admin`, `namespaces/shop/pods/web/exec`, or the path.
fn write_resource(into: &mut String, found: &Found<'_>) {
    let text = |path: Path| found.text(path as usize);
    into.clear();
    if text(Path::OnResource).is_empty() && text(Path::OnName).is_empty() {
        into.push_str(endpoint(text(Path::Uri)));
        return;
    }
    let name = found.first(&[Path::OnName as usize, Path::MadeName as usize, Path::AskedName as usize]);
    if !text(Path::OnNamespace).is_empty() {
        into.push_str("namespaces/");
        into.push_str(text(Path::OnNamespace));
        into.push('/');
    }
    into.push_str(text(Path::OnResource));
    for part in [name, text(Path::OnSubresource)].into_iter().filter(|part| !part.is_empty()) {
        into.push('/');
        into.push_str(part);
    }
}

/// The user name of the service account that the request is about, if it is about one.
fn write_service_account(into: &mut String, found: &Found<'_>) {
    let text = |path: Path| found.text(path as usize);
    into.clear();
    let name = found.first(&[Path::OnName as usize, Path::MadeName as usize, Path::AskedName as usize]);
    if text(Path::OnResource) == "serviceaccounts" && !name.is_empty() {
        for part in ["system:serviceaccount:", text(Path::OnNamespace), ":", name] {
            into.push_str(part);
        }
    }
}
