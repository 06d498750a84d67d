//! `openbao-audit`: who did read or write which secret, from OpenBao's or Vault's audit log.
//!
//! Only answered requests count: a record of type `response` without an error. A read of a kv secret, or
//! an export or backup of a transit key, is *read*; a write of a kv secret, or an import of a transit key,
//! is *made*, for the writer knew the value. Of one account and secret the first of each day is kept:
//! what was read after a rotation is told apart from what was read before it.
//!
//! Bounded by accounts × secrets × days of the log. Values never come near: the log holds HMACs.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;
use sever_model::port::{Reason, Source, SourceError};
use sever_model::{AccountId, CredentialId, Custody, EventTime, Fact, FactKind, Holder, Record, Strength, Valid};

use crate::documents::Documents;
use crate::files::{self, Parts, file_name};
use crate::lines::{Found, Lines, Place};
use crate::openbao::path::{is_transit, resource};
use crate::openbao::source::entity_id;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "openbao-audit",
    title: "OpenBao or Vault: audit log",
    about: "The file that an audit device of type `file` writes (JSON lines), as it is or compressed. It gives custody \
            of the secrets that were read, exported or written, by the entity that did it; give it the same `system` \
            as `openbao`, so that both mean the same accounts and paths. It says nothing about times from which there \
            is no log, and nothing that is not in it has ended. Never set `audit_non_hmac_response_keys`: the log would \
            hold secrets.",
    scope: "read on the log file; nothing on the server",
    kinds: &[FactKind::Custody],
    columns: &[],
    together: false,
    sniff,
    open: |settings| {
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let first = sample.head.split(|byte| *byte == b'\n').find(|line| !line.is_empty())?;
    let has = |member: &str| memchr::memmem::find(first, member.as_bytes()).is_some();
    let is = first.starts_with(b"{") && has("\"request\"") && has("\"operation\"") && has("\"auth\"");
    is.then(|| (92, "audit records with `auth` and `request`".to_owned()))
}

#[derive(Deserialize)]
struct Line {
    time: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    auth: Option<Auth>,
    #[serde(default)]
    request: Option<Request>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    entity_id: String,
    #[serde(default)]
    display_name: String,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    operation: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    mount_type: String,
    #[serde(default)]
    remote_address: String,
    #[serde(default)]
    data: Option<Value>,
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut seen: HashSet<(AccountId, String, Strength, i64)> = HashSet::new();
    let mut span: Option<(EventTime, EventTime)> = None;
    for path in &parts.paths {
        let name = file_name(path);
        let input = files::open(path).map_err(|error| files::failed(settings, path, &error.to_string()))?;
        let mut lines = Lines::new(input, settings.limits.frame_bytes_max);
        loop {
            let (place, taken) = match lines.find(0) {
                Found::Nothing => break,
                Found::TooLong => (lines.skip_line(), Err(Reason::TooLong)),
                Found::Whole(count) | Found::Last(count) => {
                    let line = wire::read::<Line>(lines.bytes(count));
                    let blank = lines.bytes(count).iter().all(u8::is_ascii_whitespace);
                    let place = lines.take(count);
                    if blank {
                        continue;
                    }
                    (place, line.and_then(|line| take(settings, &name, place, line, &mut seen, &mut span, tally)))
                }
            };
            if let Err(reason) = taken {
                tally.reject(&name, place, reason);
            }
        }
        if let Some(broken) = lines.broken() {
            tally.gap(format!("{name}: does not decompress to its end: {broken}"));
        }
    }
    let covered = match span {
        Some((first, last)) => format!("speaks of {first} to {last} only; what was read before or after is not known"),
        None => "no record that could be read: nothing is known of who read what".to_owned(),
    };
    tally.partial(covered);
    Ok(())
}

fn take(
    settings: &SourceSettings,
    file: &str,
    place: Place,
    line: Line,
    seen: &mut HashSet<(AccountId, String, Strength, i64)>,
    span: &mut Option<(EventTime, EventTime)>,
    tally: &mut Tally<'_>,
) -> Result<(), Reason> {
    let at = EventTime::parse(&line.time).map_err(|_| Reason::Invalid("time", crate::row::shortened(&line.time)))?;
    let (first, last) = span.unwrap_or((at, at));
    *span = Some((first.min(at), last.max(at)));
    let (Some(auth), Some(request)) = (line.auth, line.request) else { return Ok(()) };
    if line.kind != "response" || line.error.is_some_and(|error| !error.is_empty()) {
        return Ok(());
    }
    let Some(strength) = strength(&request) else { return Ok(()) };
    let Some(who) = account(settings, &auth) else { return Ok(()) };
    let secret = resource(&request.path);
    if !seen.insert((who.clone(), secret.clone(), strength, at.day())) {
        return Ok(());
    }
    let from =
        if request.remote_address.is_empty() { String::new() } else { format!(" from {}", request.remote_address) };
    let evidence = format!(
        "{} of {} by {}{from} at {at} ({file}, byte {})",
        request.operation, request.path, auth.display_name, place.offset
    );
    let custody = Custody {
        holder: Holder::Account(who),
        credential: CredentialId::of(&settings.system, &secret),
        strength,
        evidence,
    };
    tally.record(Record { fact: Fact::Custody(custody), valid: Valid::since(at) });
    Ok(())
}

/// What a request comes to, if it showed or set a secret.
fn strength(request: &Request) -> Option<Strength> {
    let segments: Vec<&str> = request.path.split('/').collect();
    let (mount, second) = (segments.first()?, segments.get(1).copied().unwrap_or_default());
    let writes = matches!(request.operation.as_str(), "create" | "update" | "patch");
    if request.mount_type == "transit" || (request.mount_type.is_empty() && is_transit(mount)) {
        let key_leaves = matches!(second, "export" | "backup") && request.operation == "read";
        let comes_in = second == "keys" && segments.iter().any(|part| part.starts_with("import"));
        return match (key_leaves, comes_in && writes) {
            (true, _) => (segments.get(2) != Some(&"public-key")).then_some(Strength::Read),
            (_, true) => Some(Strength::Made),
            _ => None,
        };
    }
    let is_kv = match request.mount_type.as_str() {
        "kv" | "generic" | "cubbyhole" => true,
        "" => !matches!(*mount, "sys" | "auth" | "identity" | "pki" | "ssh" | "database"),
        _ => false,
    };
    // Of kv version 2 only `data/` shows or sets a value; version 1 has no such words in second place.
    let shows_value = is_kv && !matches!(second, "metadata" | "config" | "delete" | "undelete" | "destroy" | "subkeys");
    match request.operation.as_str() {
        "read" if shows_value => Some(Strength::Read),
        _ if writes && shows_value && request.data.is_some() => Some(Strength::Made),
        _ => None,
    }
}

/// The account: the entity, else the name under which a token without one is shown.
fn account(settings: &SourceSettings, auth: &Auth) -> Option<AccountId> {
    match (auth.entity_id.as_str(), auth.display_name.as_str()) {
        ("", "") => None,
        ("", name) => Some(AccountId::of(&settings.system, name)),
        (entity, _) => Some(entity_id(&settings.system, entity)),
    }
}
