//! The rows of one entry: what was done, by whom, and what it minted.

use serde_json::Value as Json;
use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Outcome, Row, Span};

use super::Path;
use super::method::{About, Method};
use crate::action;
use crate::json::{Found, Value, member, pair};
use crate::memo::Memo;
use crate::search::until;
use crate::when;

/// Where the thing that a call touched may be named, most telling first.
const RESOURCES: &[usize] = &[
    Path::Name as usize,
    Path::NameMoved as usize,
    Path::OnResource as usize,
    Path::OnAttribute as usize,
    Path::LabelEmail as usize,
    Path::LabelBucket as usize,
    Path::LabelInstance as usize,
    Path::LabelSecret as usize,
    Path::LabelDataset as usize,
    Path::LabelCluster as usize,
    Path::LabelProject as usize,
    Path::LabelOrganization as usize,
];

/// What methods do, by name and service, and by what else an entry tells of its call.
pub(super) type Methods = Memo<6, Method>;

pub(super) fn push(
    found: &Found<'_>,
    time: EventTime,
    offset: u64,
    methods: &mut Methods,
    action: &mut String,
    out: &mut dyn EventSink,
) {
    let text = |path: Path| found.text(path as usize);
    let name = found.first(&[Path::Method as usize, Path::MethodMoved as usize, Path::Permission as usize]);
    let service = found.first(&[Path::Service as usize, Path::ServiceMoved as usize]);
    let about = about(found);
    let said = |is: bool, word| if is { word } else { "" };
    let words = [
        name,
        service,
        said(about.administrative, "administrative"),
        said(about.logging, "logging"),
        said(about.ssh_keys, "ssh keys"),
        said(about.audit_configs, "audit configs"),
    ];
    let mut method = methods.told(words, |_| Method::of(service, name, about));
    of_bigquery(found, &mut method);
    let short = until(service, b'.');
    action::write(action, method.words, &[short, if short.is_empty() || name.is_empty() { "" } else { ":" }, name]);
    let role = found.first(&[Path::RoleRef as usize, Path::AskedRoles as usize]);
    let delta = found.has(Path::Bindings as usize);
    if method.words.contains(&"grant") && !role.is_empty() && !delta {
        action.extend([" ", role]);
    }
    let mut row = Row::new(time, method.kind, offset);
    row.action = action;
    row.outcome = outcome(found, name);
    row.resource = found.first(RESOURCES);
    row.source_ip = found.first(&[Path::Ip as usize, Path::IpMoved as usize]);
    row.user_agent = found.first(&[Path::Agent as usize, Path::AgentMoved as usize]);
    row.client = text(Path::OauthClient);
    caller(found, &mut row);
    row.account = account(found, &row, method.words);
    row.fields = text(Path::ReadFields);
    row.subject_ref = text(Path::JobName);
    if matches!(text(Path::Statement), "SELECT" | "EXPORT_DATA") {
        row.subject_count = number(found, Path::OutputRows);
    }
    // Google's own names of the new key and account are better than those of where they were made.
    if method.words.contains(&"create-key") && text(Path::MadeName).contains("/keys/") {
        row.resource = text(Path::MadeName);
    }
    if delta {
        push_each_binding(found, row, method.words, out);
    } else {
        out.push(&row);
    }
    if row.outcome == Outcome::Answered {
        push_issued(found, row, method.mints, out);
    }
}

/// Who called, and with what.
fn caller<'a>(found: &Found<'a>, row: &mut Row<'a>) {
    let text = |path: Path| found.text(path as usize);
    let subject = bare(text(Path::Principal));
    let principal = [text(Path::Email), subject, text(Path::Selector)];
    let principal = principal.into_iter().find(|text| !text.is_empty()).unwrap_or("");
    let delegate = found.first(&[Path::Delegate as usize]);
    let delegate = if delegate.is_empty() { bare(text(Path::DelegateSubject)) } else { delegate };
    if delegate.is_empty() {
        row.actor = principal;
    } else {
        // The service account's token was somebody else's to use.
        (row.actor, row.token_subject) = (delegate, principal);
    }
    if let Some((_, key)) = text(Path::KeyName).rsplit_once("/keys/") {
        row.credential = key;
    }
}

/// Whom it was done to.
fn account<'a>(found: &Found<'a>, row: &Row<'a>, words: &[&str]) -> &'a str {
    let text = |path: Path| found.text(path as usize);
    match row.kind {
        EventKind::Authenticated => row.actor,
        EventKind::Changed if words.contains(&"grant") => text(Path::Subjects),
        EventKind::Changed => found.first(&[Path::MadeEmail as usize, Path::LabelEmail as usize]),
        _ => "",
    }
}

/// A principal without its kind: `user:ann@shop.example`, `serviceAccount:…`.
fn bare(principal: &str) -> &str {
    match principal.split_once(':') {
        Some(("user" | "serviceAccount" | "group" | "domain", name)) => name,
        _ => principal,
    }
}

/// Pushes the change of a policy, once for each binding that it added or removed.
fn push_each_binding(found: &Found<'_>, mut row: Row<'_>, words: &[&str], out: &mut dyn EventSink) {
    let Ok(Json::Array(deltas)) = serde_json::from_str(found.text(Path::Bindings as usize)) else {
        out.push(&row);
        return;
    };
    let (own, mut any, mut written) = (row.action, false, String::new());
    let own = words.iter().fold(own, |own, word| own.strip_prefix(word).map_or(own, str::trim_start));
    for delta in &deltas {
        let part = |key: &str| member(delta, key).and_then(Json::as_str).unwrap_or("");
        // Taking a right away grants nothing.
        let words = if part("action").eq_ignore_ascii_case("REMOVE") { &[] } else { words };
        action::write(&mut written, words, &[own, " ", part("role")]);
        out.push(&Row { account: bare(part("member")), action: written.trim_end(), ..row });
        // One call is one use: what follows is not judged again.
        (row.credential, row.issuer) = ("", "");
        any = true;
    }
    if !any {
        out.push(&row);
    }
}

/// What the call minted, if it minted something.
fn push_issued(found: &Found<'_>, call: Row<'_>, mints: Option<&'static str>, out: &mut dyn EventSink) {
    let text = |path: Path| found.text(path as usize);
    let mut row = Row { kind: EventKind::Issued, credential: "", key_id: "", fields: "", ..call };
    (row.subject_ref, row.subject_count) = ("", None);
    row.issued_at = (call.time != EventTime::MIN).then_some(call.time);
    row.parent = call.credential;
    if text(Path::MadeName).contains("/serviceAccounts/")
        && let Some((_, key)) = text(Path::MadeName).rsplit_once("/keys/").filter(|(_, key)| !key.is_empty())
    {
        (row.issuer, row.token_type, row.credential) = ("iam.googleapis.com", "service-account-key", key);
        row.token_subject = service_account(text(Path::MadeName));
        row.account = row.token_subject;
        row.expires_at = number(found, Path::KeyEnds).map(when::epoch);
        out.push(&row);
        return;
    }
    let Some(class) = mints else { return };
    row.token_type = class;
    row.issuer = match class {
        "service-account" => "kubernetes",
        "federated" => "sts.googleapis.com",
        _ => "iamcredentials.googleapis.com",
    };
    let named = [text(Path::LabelEmail), text(Path::MappedPrincipal), service_account(text(Path::AskedName))];
    let named = named.into_iter().find(|name| !name.is_empty());
    row.token_subject = named.unwrap_or_else(|| service_account(call.resource));
    let of_cluster = cluster_account(call.resource).filter(|_| class == "service-account");
    row.token_subject = of_cluster.as_deref().unwrap_or(row.token_subject);
    row.account = row.token_subject;
    row.audience = text(Path::Audience);
    row.key_id = found.first(&[Path::SigningKey as usize, Path::SigningKeyCopied as usize]);
    let label = pair(text(Path::Labels), ("", ""), "authentication.kubernetes.io/issued-credential-id");
    let label = label.unwrap_or_default();
    row.credential = label.strip_prefix("JTI=").unwrap_or(&label);
    row.expires_at = when::instant_text(text(Path::ExpireTime), None).or_else(|| {
        let secs: i64 = text(Path::AskedLifetime).trim_end_matches('s').parse().ok()?;
        row.issued_at.filter(|_| (0..=86_400).contains(&secs)).map(|at| at.plus(Span::secs(secs)))
    });
    out.push(&row);
}

/// The account in `projects/-/serviceAccounts/deploy@shop.iam.gserviceaccount.com/keys/k1`.
fn service_account(name: &str) -> &str {
    let rest = name.split_once("/serviceAccounts/").map_or(name, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// The user name of the account in `core/v1/namespaces/shop/serviceaccounts/web/token`.
fn cluster_account(name: &str) -> Option<String> {
    let (namespace, rest) = name.split_once("/namespaces/")?.1.split_once("/serviceaccounts/")?;
    Some(format!("system:serviceaccount:{namespace}:{}", rest.split('/').next()?))
}

fn about(found: &Found<'_>) -> About {
    let text = |path: Path| found.text(path as usize);
    let metadata =
        [Path::AddedMetadata, Path::ModifiedMetadata, Path::AddedProjectMetadata, Path::ModifiedProjectMetadata];
    let log = text(Path::LogName);
    About {
        administrative: log.ends_with("activity") || log.ends_with("system_event"),
        logging: found.has(Path::FlowLogs as usize) || found.has(Path::LogConfig as usize),
        ssh_keys: metadata.iter().any(|path| text(*path).split(' ').any(|key| matches!(key, "ssh-keys" | "sshKeys"))),
        audit_configs: found.has(Path::AuditConfigs as usize) || found.has(Path::AskedAuditConfigs as usize),
    }
}

/// What a job of BigQuery does stands in its configuration, not in the method's name.
fn of_bigquery(found: &Found<'_>, method: &mut Method) {
    let text = |path: Path| found.text(path as usize);
    let deleted = found.has(Path::DeletedTable as usize) || found.has(Path::DeletedDataset as usize);
    let statement = text(Path::Statement);
    if deleted || statement.starts_with("DROP") || statement.starts_with("TRUNCATE") {
        (method.kind, method.words) = (EventKind::Changed, &["delete"]);
    } else if matches!(text(Path::JobType), "EXPORT" | "EXTRACT") || statement == "EXPORT_DATA" {
        (method.kind, method.words) = (EventKind::Used, &["export"]);
    } else if !statement.is_empty() && statement != "SELECT" && statement != "SCRIPT" {
        method.kind = EventKind::Changed;
        if matches!(statement, "GRANT" | "CREATE_ROW_ACCESS_POLICY") {
            method.words = &["grant"];
        }
    }
}

fn outcome(found: &Found<'_>, name: &str) -> Outcome {
    let message = found.text(Path::StatusMessage as usize);
    let failed = match number(found, Path::StatusCode) {
        Some(code) => code != 0,
        None => !message.is_empty() && message != "OK",
    };
    let denied = found.texts(Path::Granted as usize).any(|granted| granted == "false");
    if failed || denied || name.ends_with("loginFailure") { Outcome::Refused } else { Outcome::Answered }
}

/// A count, which Google writes as text or as a number.
fn number(found: &Found<'_>, path: Path) -> Option<u64> {
    match found.value(path as usize) {
        Value::Unsigned(number) => Some(number),
        Value::Float(number) if (0.0..1e15).contains(&number) => Some(number as u64),
        _ => found.text(path as usize).parse().ok(),
    }
}
