//! `keycloak`: user and admin events of Keycloak.
//!
//! Three writings of the same events are read: the event as JSON (REST, event listeners, database
//! exports), the admin event as JSON, and the server's own JSON log, whose `message` holds the user
//! event as `key="value"` pairs. What a user event becomes is decided in [`user`].

mod admin;
mod user;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventTime, Zone};

use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::sniff::Sample;
use crate::{Framing, when};

pub(super) const FORMAT: Format = Format {
    id: "keycloak",
    title: "Keycloak events",
    about: "Keycloak's user and admin events: as JSON from the REST API, an event listener or the database \
(`type`, `realmId`, `clientId`, `userId`, `sessionId`, `ipAddress`, `details`; `operationType`, `resourcePath`, \
`authDetails`), one a line or as an array; or as the server logs them itself with `--log-console-output=json` and \
the `jboss-logging` listener.\n\n`LOGIN` is a sign-in; `CODE_TO_TOKEN`, `CLIENT_LOGIN`, `TOKEN_EXCHANGE` and \
`REFRESH_TOKEN` are issuances of the access token (`details.token_id`, type `access`) and of the refresh token with \
it (`refresh`, `offline`); `REFRESH_TOKEN` is also a use of the old one; `…_ERROR` is the same thing refused, and \
never an issuance. Changes to passwords, second factors and profiles, and all admin events, are `changed`, with our \
words before Keycloak's (`create-account CREATE USER`, `grant CREATE REALM_ROLE_MAPPING`, `delete DELETE CLIENT`). \
`account` is the user's id, `actor` the user name where the event has it, `issuer` the realm.\n\nTokens name their \
issuer by URL, events name the realm by id: set `issuer = { const = \"https://id.example/realms/shop\" }` under \
`[log.map]`.",
    joins: "By token id: `details.token_id` is the token's `jti`. By session (`sessionId`, in tokens `sid`) where \
verifiers log that instead. Keycloak logs neither key id nor expiry of what it issues, so that a use is compared by \
subject, client, session and time. Refresh tokens join by id within this log alone. Turn on `Save events`, or a \
listener, for `CODE_TO_TOKEN` and `REFRESH_TOKEN`: without them no issuance is seen.",
    framing: Framing::Json,
    whole: &[],
    make: |settings| {
        let reader = Reader::new(Plan::of(PATHS), settings.json_depth_max);
        settings.fixed("keycloak", Keycloak { reader, zone: settings.zone.clone(), action: String::new() })
    },
    score,
};

paths! {
    Time = "time" Raw;
    Timestamp = "timestamp" Raw;
    Type = "type" Text;
    RealmId = "realmId" Text;
    RealmName = "realmName" Text;
    ClientId = "clientId" Text;
    UserId = "userId" Text;
    SessionId = "sessionId" Text;
    IpAddress = "ipAddress" Text;
    Error = "error" Text;
    UserName = "details.username" Text;
    TokenId = "details.token_id" Text;
    RefreshId = "details.refresh_token_id" Text;
    RefreshType = "details.refresh_token_type" Text;
    NewRefreshId = "details.updated_refresh_token_id" Text;
    CodeId = "details.code_id" Text;
    Impersonator = "details.impersonator" Text;
    Operation = "operationType" Text;
    ResourceType = "resourceType" Text;
    OnPath = "resourcePath" Text;
    AdminRealm = "authDetails.realmId" Text;
    AdminRealmName = "authDetails.realmName" Text;
    AdminClient = "authDetails.clientId" Text;
    AdminUser = "authDetails.userId" Text;
    AdminIp = "authDetails.ipAddress" Text;
    Logger = "loggerName" Text;
    Message = "message" Text;
    OnHost = "hostName" Text;
}

struct Keycloak {
    reader: Reader,
    zone: Option<Zone>,
    action: String,
}

impl Decoder for Keycloak {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Keycloak { reader, zone, action } = self;
        let found = reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        if !text(Path::Operation).is_empty() {
            return admin::decode(&found, time(&found, zone.as_ref())?, offset, action, out);
        }
        let event = if text(Path::Logger).starts_with("org.keycloak.events") {
            user::Event::from_message(text(Path::Message)).ok_or(Reason::Unrelated)?
        } else {
            user::Event::from_json(&found)
        };
        if event.name.is_empty() || event.realm.is_empty() {
            return Err(Reason::Unrelated);
        }
        event.push(time(&found, zone.as_ref())?, offset, out);
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

fn time(found: &Found<'_>, zone: Option<&Zone>) -> Result<EventTime, Reason> {
    let slots = [Path::Time as usize, Path::Timestamp as usize];
    if let Some(at) = slots.iter().find_map(|slot| when::instant(found, *slot, zone)) {
        return Ok(at);
    }
    match slots.iter().find(|slot| found.has(**slot)) {
        Some(slot) => Err(Reason::Invalid("time", found.shown(*slot))),
        None => Err(Reason::Missing("time")),
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let has = |key: &str| record.get(key).is_some();
        let user = has("type") && has("realmId") && (has("ipAddress") || has("clientId") || has("userId"));
        let admin = has("operationType") && has("resourcePath") && has("authDetails");
        let logger = record.get("loggerName").and_then(|name| name.as_str());
        user || admin || logger.is_some_and(|name| name.starts_with("org.keycloak.events"))
    });
    (share >= 0.2).then(|| ((70.0 + share * 27.0) as u8, "Keycloak's event fields".to_owned()))
}
