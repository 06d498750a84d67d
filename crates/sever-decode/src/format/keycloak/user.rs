//! User events: sign-ins, issuances, refreshes, and what users do to their accounts.

use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Outcome, Row};

use super::Path;
use crate::format::quoted;
use crate::json::Found;

/// A user event, from any of its writings.
#[derive(Default)]
pub(super) struct Event<'a> {
    pub name: &'a str,
    pub realm: &'a str,
    realm_name: &'a str,
    client: &'a str,
    user: &'a str,
    session: &'a str,
    ip: &'a str,
    error: &'a str,
    user_name: &'a str,
    token: &'a str,
    refresh: &'a str,
    refresh_type: &'a str,
    new_refresh: &'a str,
    code: &'a str,
    impersonator: &'a str,
    node: &'a str,
}

impl<'a> Event<'a> {
    pub fn from_json(found: &Found<'a>) -> Event<'a> {
        let text = |path: Path| found.text(path as usize);
        Event {
            name: text(Path::Type),
            realm: text(Path::RealmId),
            realm_name: text(Path::RealmName),
            client: text(Path::ClientId),
            user: text(Path::UserId),
            session: text(Path::SessionId),
            ip: text(Path::IpAddress),
            error: text(Path::Error),
            user_name: text(Path::UserName),
            token: text(Path::TokenId),
            refresh: text(Path::RefreshId),
            refresh_type: text(Path::RefreshType),
            new_refresh: text(Path::NewRefreshId),
            code: text(Path::CodeId),
            impersonator: text(Path::Impersonator),
            node: text(Path::OnHost),
        }
    }

    /// Reads `type="LOGIN", realmId="shop", …`; before version 22 the values stand without marks.
    pub fn from_message(message: &'a str) -> Option<Event<'a>> {
        let mut event = Event::default();
        let mut rest = message;
        while let Some((key, after)) = rest.split_once('=') {
            let (value, next) = match after.strip_prefix('"') {
                Some(rest) => quoted(rest)?,
                None => after.split_at(after.find(", ").unwrap_or(after.len())),
            };
            let place = match key.trim_start_matches([',', ' ']) {
                "type" => &mut event.name,
                "realmId" => &mut event.realm,
                "realmName" => &mut event.realm_name,
                "clientId" => &mut event.client,
                "userId" => &mut event.user,
                "sessionId" => &mut event.session,
                "ipAddress" => &mut event.ip,
                "error" => &mut event.error,
                "username" => &mut event.user_name,
                "token_id" => &mut event.token,
                "refresh_token_id" => &mut event.refresh,
                "refresh_token_type" => &mut event.refresh_type,
                "updated_refresh_token_id" => &mut event.new_refresh,
                "code_id" => &mut event.code,
                "impersonator" => &mut event.impersonator,
                _ => &mut "",
            };
            // The first of a name counts: later ones may stand in a text that a client chose.
            if place.is_empty() && value != "null" {
                *place = value;
            }
            rest = next;
        }
        (!event.name.is_empty()).then_some(event)
    }

    /// Hands over what the event says: one thing, or an issuance with what went into it.
    pub fn push(&self, time: EventTime, offset: u64, out: &mut dyn EventSink) {
        let name = self.name.strip_suffix("_ERROR").unwrap_or(self.name);
        let failed = name.len() < self.name.len() || !self.error.is_empty();
        let mut row = Row::new(time, EventKind::Used, offset);
        row.outcome = if failed { Outcome::Refused } else { Outcome::Answered };
        row.action = self.name;
        row.actor = first(&[self.impersonator, self.user_name, self.user]);
        row.account = self.user;
        row.issuer = first(&[self.realm_name, self.realm]);
        row.client = self.client;
        // A code is named after the session that it was given out in.
        row.session = first(&[self.session, self.code]);
        row.token_subject = self.user;
        (row.source_ip, row.node) = (self.ip, self.node);
        match name {
            "CODE_TO_TOKEN"
            | "CLIENT_LOGIN"
            | "TOKEN_EXCHANGE"
            | "OAUTH2_DEVICE_CODE_TO_TOKEN"
            | "PERMISSION_TOKEN" => {
                if failed {
                    row.kind = EventKind::Authenticated;
                    out.push(&row);
                } else {
                    self.push_issued(row, "", self.refresh, out);
                }
            }
            "REFRESH_TOKEN" => {
                let used = Row { credential: self.refresh, token_type: self.refresh_type(), ..row };
                out.push(&used);
                if !failed {
                    self.push_issued(row, self.refresh, self.new_refresh, out);
                }
            }
            // A password grant signs in and issues at once.
            "LOGIN" if !failed && !self.token.is_empty() => {
                out.push(&Row { kind: EventKind::Authenticated, ..row });
                self.push_issued(row, "", self.refresh, out);
            }
            _ => {
                row.kind = kind(name);
                row.action = action(self.name, name);
                if row.kind == EventKind::Used {
                    (row.credential, row.token_type) = (self.token, "access");
                }
                out.push(&row);
            }
        }
    }

    fn push_issued(&self, row: Row<'_>, parent: &str, refresh: &str, out: &mut dyn EventSink) {
        let issued = Row { kind: EventKind::Issued, parent, issued_at: Some(row.time), ..row };
        out.push(&Row { credential: self.token, token_type: "access", ..issued });
        if !refresh.is_empty() {
            out.push(&Row { credential: refresh, token_type: self.refresh_type(), ..issued });
        }
    }

    fn refresh_type(&self) -> &'static str {
        if self.refresh_type.eq_ignore_ascii_case("offline") { "offline" } else { "refresh" }
    }
}

fn kind(name: &str) -> EventKind {
    match name {
        "LOGIN"
        | "IMPERSONATE"
        | "IDENTITY_PROVIDER_LOGIN"
        | "IDENTITY_PROVIDER_FIRST_LOGIN"
        | "RESTART_AUTHENTICATION"
        | "OAUTH2_DEVICE_AUTH"
        | "OAUTH2_DEVICE_VERIFY_USER_CODE"
        | "PUSHED_AUTHORIZATION_REQUEST" => EventKind::Authenticated,
        "USER_INFO_REQUEST" | "INTROSPECT_TOKEN" | "VALIDATE_ACCESS_TOKEN" | "CLIENT_INFO" => EventKind::Used,
        // What a later version adds is more likely something done to an account than anything else.
        _ => EventKind::Changed,
    }
}

/// The action with our word before it. A fixed list: the names are Keycloak's own.
fn action<'a>(own: &'a str, name: &str) -> &'a str {
    match (name, own.len() == name.len()) {
        ("DELETE_ACCOUNT", true) => "delete DELETE_ACCOUNT",
        ("REGISTER", true) => "create-account REGISTER",
        ("UPDATE_PASSWORD", true) => "create-key UPDATE_PASSWORD",
        ("UPDATE_TOTP", true) => "create-key UPDATE_TOTP",
        ("UPDATE_CREDENTIAL", true) => "create-key UPDATE_CREDENTIAL",
        ("RESET_PASSWORD", true) => "create-key RESET_PASSWORD",
        ("GRANT_CONSENT", true) => "grant GRANT_CONSENT",
        _ => own,
    }
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("")
}
