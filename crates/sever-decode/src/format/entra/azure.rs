//! Operations on Azure's resources. Rare beside sign-ins: what stands in claims is copied.

use sever_model::port::EventSink;
use sever_model::{EventKind, Outcome, Row};

use super::record::{Head, Path, Record, outcome};
use super::{ISSUER, TOKEN_TYPE, Texts, first};
use crate::{action, when};

/// The claims that are read.
const CLAIMS: [&str; 10] = [
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "appid",
    "ipaddr",
    "uti",
    "iat",
    "exp",
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "oid",
    "aud",
];

pub(super) fn push<'r>(record: &Record<'r>, mut row: Row<'r>, texts: &'r mut Texts, out: &mut dyn EventSink) {
    let body = |path: Path| record.body(path);
    let operation = first(&[record.operation(), body(Path::Action)]);
    let Texts { operations, action, actor, ip, token, subject, audience, client, .. } = texts;
    let deed = operations.told([operation], |[operation]| Deed::of(&operation.to_ascii_lowercase()));
    action::write(action, deed.words, &[operation]);
    (row.kind, row.action) = (deed.kind, action);
    row.outcome = match outcome(body(Path::StatusValue)) {
        Outcome::Unknown => record.result(),
        known => known,
    };
    let [upn, name, app, address, uti, iat, exp, oid, short_oid, aud] = record.claims(CLAIMS);
    actor.push_str(first(&[&upn, &name, body(Path::Caller), record.head(Head::Identity), &app]));
    row.actor = actor;
    ip.push_str(&address);
    row.source_ip = first(&[record.head(Head::CallerIp), body(Path::CallerIp), body(Path::HttpIp), ip]);
    row.resource = first(&[record.head(Head::Resource), body(Path::ResourceOf), body(Path::Scope)]);
    token.push_str(uti.trim_end_matches('='));
    (row.issued_at, row.expires_at) = (when::instant_text(&iat, None), when::instant_text(&exp, None));
    subject.push_str(first(&[&oid, &short_oid]));
    audience.push_str(&aud);
    (row.credential, row.token_subject, row.audience) = (token, subject, audience);
    client.push_str(&app);
    row.client = client;
    if !row.credential.is_empty() {
        (row.issuer, row.token_type) = (ISSUER, TOKEN_TYPE);
    }
    out.push(&row);
}

/// What an operation does, by its name in lower case: `microsoft.compute/virtualmachines/delete`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deed {
    kind: EventKind,
    words: &'static [&'static str],
}

impl Deed {
    fn of(name: &str) -> Deed {
        let audit = ["microsoft.insights/diagnosticsettings/", "microsoft.insights/logprofiles/", "/flowlogs/"];
        let audit = audit.iter().any(|part| name.contains(part));
        let delete = name.ends_with("/delete") || name.ends_with("/purge/action");
        let (kind, words): (EventKind, &'static [&'static str]) = match (delete, audit) {
            (true, true) => (EventKind::Changed, &["delete", "audit"]),
            // Taking a right away destroys nothing.
            (true, false) if name.contains("/roleassignments/") => (EventKind::Changed, &[]),
            (true, false) => (EventKind::Changed, &["delete"]),
            (false, true) => (EventKind::Changed, &["audit"]),
            _ if is_any(
                name,
                &[
                    "/listkeys/action",
                    "/listadminkeys/action",
                    "/listcredential/action",
                    "/listclusteradmincredential/action",
                    "/listclusterusercredential/action",
                    "/listsecrets/action",
                    "/list/action",
                    "/publishxml/action",
                    "/listconnectionstrings/action",
                ],
            ) =>
            {
                (EventKind::Read, &[])
            }
            _ if is_any(name, &["/begingetaccess/action", "/export/action", "/exporttemplate/action"]) => {
                (EventKind::Changed, &["export"])
            }
            _ if is_any(
                name,
                &[
                    "/regeneratekey/action",
                    "/regeneratekeys/action",
                    "/listaccountsas/action",
                    "/listservicesas/action",
                    "/resetpassword/action",
                    "/federatedidentitycredentials/write",
                    "/extensions/vmaccessagent/write",
                ],
            ) =>
            {
                (EventKind::Changed, &["create-key"])
            }
            _ if is_any(
                name,
                &[
                    "/roleassignments/write",
                    "/roledefinitions/write",
                    "/elevateaccess/action",
                    "/accesspolicies/write",
                    "/classicadministrators/write",
                    "/assign/action",
                ],
            ) =>
            {
                (EventKind::Changed, &["grant"])
            }
            _ if name.ends_with("/read") => (EventKind::Used, &[]),
            _ => (EventKind::Changed, &[]),
        };
        Deed { kind, words }
    }
}

fn is_any(name: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| name.ends_with(end))
}
