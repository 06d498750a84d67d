//! `openbao-audit`: the audit device of OpenBao and Vault.
//!
//! Requests and responses are written as separate records. Only the response gives events: it holds
//! all of the request, and the server answers nobody before it is written, so that a request alone
//! has revealed nothing.

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row};

use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::sniff::Sample;
use crate::{Framing, action, when};

pub(super) const FORMAT: Format = Format {
    id: "openbao-audit",
    title: "OpenBao and Vault audit log",
    about: "The file audit device of OpenBao and Vault: a JSON object a line, a request and its response each. Events \
come from responses (a request alone has revealed nothing: nothing is answered before the response is written). \
Reading a secret from kv, exporting a transit key, and reading database, SSH or PKI credentials is `read`, with the \
secret's path as `resource`; a sign-in is `authenticated`, and `issued` for the token that it gives; writes and \
deletions are `changed` (`delete delete kv`, `audit update system` for audit devices); all else is `used`. `actor` and \
`token_subject` are the entity, which all of a person's tokens share and the source `openbao` calls the account by; \
where a token has none, as the root's, `actor` is its display name. `client` is the display name that the token was \
made with (`userpass-ann`, `token-deploy`), `credential` its accessor, as the log has it: an HMAC under the device's own \
salt unless it was told otherwise.",
    joins: "By accessor, within one audit device: sign-in, creation and every later use of a token carry the same HMAC \
of it (join `jti`, issuer `openbao`, class `service`, which the log brings with it; batch tokens have no accessor). Accessors under another device's salt, and the \
OIDC tokens that the server issues (logged as an HMAC of the whole token), join to nothing outside: \
`provider_hmac`. A custody source above all: who read what, and when.",
    framing: Framing::Json,
    whole: &[Field::Time],
    make: |settings| {
        let reader = Reader::new(Plan::of(PATHS), settings.json_depth_max);
        settings.fixed("openbao-audit", OpenBao { reader, action: String::new() })
    },
    score,
};

paths! {
    Time = "time" Text;
    Type = "type" Text;
    Error = "error" Text;
    Accessor = "auth.accessor" Text;
    DisplayName = "auth.display_name" Text;
    Entity = "auth.entity_id" Text;
    TokenType = "auth.token_type" Text;
    IssuedAt = "auth.token_issue_time" Text;
    Operation = "request.operation" Text;
    Where = "request.path" Text;
    Mount = "request.mount_type" Text;
    Ip = "request.remote_address" Text;
    RequestAccessor = "request.client_token_accessor" Text;
    NewAccessor = "response.auth.accessor" Text;
    NewName = "response.auth.display_name" Text;
    NewEntity = "response.auth.entity_id" Text;
    NewType = "response.auth.token_type" Text;
    NewIssuedAt = "response.auth.token_issue_time" Text;
    ResponseMount = "response.mount_type" Text;
    OidcToken = "response.data.token" Text;
    UserAgents = "request.headers.user-agent" Text;
}

const ISSUER: &str = "openbao";

struct OpenBao {
    reader: Reader,
    action: String,
}

impl Decoder for OpenBao {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let OpenBao { reader, action } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let (kind, operation, path) = (text(Path::Type), text(Path::Operation), text(Path::Where));
        if operation.is_empty() || !matches!(kind, "request" | "response") {
            return Err(Reason::Unrelated);
        }
        if text(Path::Time).is_empty() {
            return Err(Reason::Missing("time"));
        }
        let time = when::instant_text(text(Path::Time), None);
        let time = time.ok_or_else(|| Reason::Invalid("time", found.shown(Path::Time as usize)))?;
        if kind == "request" {
            return Ok(());
        }
        let mount = mount(&found, path);
        let deed = Deed::of(operation, path, mount);
        action::write(action, deed.words, &[operation, " ", mount]);
        let mut row = Row::new(time, deed.kind, offset);
        row.action = action.trim_end();
        row.outcome = if found.has(Path::Error as usize) { Outcome::Refused } else { Outcome::Answered };
        row.resource = path;
        row.source_ip = text(Path::Ip);
        row.user_agent = text(Path::UserAgents);
        // Any display name can be given to a token that somebody makes themselves: the entity stays.
        row.actor = found.first(&[Path::Entity as usize, Path::DisplayName as usize]);
        (row.token_subject, row.client) = (text(Path::Entity), text(Path::DisplayName));
        row.credential = found.first(&[Path::Accessor as usize, Path::RequestAccessor as usize]);
        row.token_type = text(Path::TokenType);
        row.issued_at = EventTime::parse(text(Path::IssuedAt)).ok();
        row.issuer = if row.credential.is_empty() { "" } else { ISSUER };
        if deed.kind == EventKind::Authenticated {
            // Who is refused has no identity: only the path says who was meant.
            row.actor = first(&[text(Path::NewEntity), text(Path::NewName), row.actor, tried(path)]);
            (row.account, row.client) = (row.actor, first(&[text(Path::NewName), row.client]));
            // The token that is being given is not yet one that is used.
            (row.credential, row.issuer) = ("", "");
        }
        out.push(&row);
        if row.outcome == Outcome::Answered {
            push_issued(&found, row, path, out);
        }
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// The token that a response gives, if it gives one.
fn push_issued(found: &Found<'_>, used: Row<'_>, path: &str, out: &mut dyn EventSink) {
    let text = |path: Path| found.text(path as usize);
    let mut row = Row::new(used.time, EventKind::Issued, used.offset);
    (row.outcome, row.action, row.resource) = (used.outcome, used.action, used.resource);
    (row.source_ip, row.actor, row.issuer) = (used.source_ip, used.actor, ISSUER);
    row.issued_at = Some(used.time);
    // A renewal answers with the token that was used: nothing new.
    if !text(Path::NewAccessor).is_empty() && !path.contains("/renew") {
        row.credential = text(Path::NewAccessor);
        row.token_type = text(Path::NewType);
        row.token_subject = text(Path::NewEntity);
        row.account = first(&[text(Path::NewEntity), text(Path::NewName)]);
        row.client = text(Path::NewName);
        row.parent = used.credential;
        row.issued_at = EventTime::parse(text(Path::NewIssuedAt)).ok().or(row.issued_at);
        out.push(&row);
    } else if path.starts_with("identity/oidc/token/") && !text(Path::OidcToken).is_empty() {
        (row.credential, row.token_type) = (text(Path::OidcToken), "oidc");
        (row.token_subject, row.parent) = (used.token_subject, used.credential);
        out.push(&row);
    }
}

/// The kind of engine; guessed from the path where an older server does not say.
fn mount<'a>(found: &Found<'a>, path: &'a str) -> &'a str {
    match found.first(&[Path::Mount as usize, Path::ResponseMount as usize]) {
        "" if path.starts_with("sys/") => "system",
        "" if path.split('/').nth(1) == Some("data") => "kv",
        "" => path.split('/').next().unwrap_or(path),
        mount => mount,
    }
}

/// What a request does.
struct Deed {
    kind: EventKind,
    words: &'static [&'static str],
}

impl Deed {
    fn of(operation: &str, path: &str, mount: &str) -> Deed {
        let part = |at: usize| path.split('/').nth(at).unwrap_or("");
        let writes = matches!(operation, "update" | "create" | "patch");
        let (kind, words): (EventKind, &'static [&'static str]) = match (operation, mount) {
            _ if path.starts_with("auth/") && is_login(path) => (EventKind::Authenticated, &[]),
            ("read", "kv" | "generic" | "cubbyhole") if part(1) != "metadata" => (EventKind::Read, &[]),
            ("read", "transit") if part(1) == "export" => (EventKind::Read, &["export"]),
            ("read", "transit") if part(1) == "backup" => (EventKind::Read, &["export"]),
            ("read", "database" | "aws" | "ldap" | "rabbitmq" | "consul") if part(1).contains("creds") => {
                (EventKind::Read, &["create-key"])
            }
            (_, "pki") if writes && matches!(part(1), "issue" | "sign" | "sign-verbatim") => {
                (EventKind::Changed, &["create-key"])
            }
            (_, "ssh") if writes && matches!(part(1), "issue" | "sign" | "creds") => {
                (EventKind::Changed, &["create-key"])
            }
            // Signing and encrypting use a key, and change nothing.
            (_, "transit") if writes && !matches!(part(1), "keys" | "restore" | "config") => (EventKind::Used, &[]),
            (_, "transit") if writes && part(1) == "keys" && part(3).is_empty() => {
                (EventKind::Changed, &["create-key"])
            }
            ("delete", _) if path.starts_with("sys/audit") => (EventKind::Changed, &["delete", "audit"]),
            (_, _) if writes && path.starts_with("sys/audit") => (EventKind::Changed, &["audit"]),
            (_, _) if writes && path.starts_with("sys/polic") => (EventKind::Changed, &["grant"]),
            (_, "kv") if writes && part(1) == "destroy" => (EventKind::Changed, &["delete"]),
            (_, "kv") if writes && part(1) == "delete" => (EventKind::Changed, &["delete"]),
            (_, "userpass" | "ldap") if writes && path.contains("/users/") => (EventKind::Changed, &["create-account"]),
            // A token's own life is no change to anything else.
            (_, "token" | "ns_token") => (EventKind::Used, &[]),
            ("delete", _) => (EventKind::Changed, &["delete"]),
            _ if writes && !path.starts_with("sys/wrapping") => (EventKind::Changed, &[]),
            _ => (EventKind::Used, &[]),
        };
        Deed { kind, words }
    }
}

/// Whether the path signs somebody in: `auth/userpass/login/alice`, `auth/approle/login`.
fn is_login(path: &str) -> bool {
    path.ends_with("/login") || path.contains("/login/") || path.ends_with("/oidc/callback")
}

/// The login in the path of a sign-in: `auth/userpass/login/alice`.
fn tried(path: &str) -> &str {
    path.rsplit_once("/login/").map_or("", |(_, login)| login)
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("")
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let kind = record.get("type").and_then(|kind| kind.as_str());
        let request = record.get("request").and_then(|request| request.get("operation"));
        matches!(kind, Some("request" | "response")) && request.is_some()
    });
    (share >= 0.3).then(|| ((share * 97.0) as u8, "audit records with `request.operation`".to_owned()))
}
