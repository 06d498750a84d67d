//! `samba-audit`: the JSON audit log of Samba as an Active Directory domain controller.
//!
//! A change names who made it by SID only. Sign-ins in the same log say whose SIDs those are, so they
//! are remembered, as is which account an entry that was made is: at most [`NAMES_MAX`] of either, then
//! no more are learnt, which is noted.

mod change;

use std::collections::HashMap;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row};

use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::sniff::{self, Sample};
use crate::{Framing, when};

pub(super) const FORMAT: Format = Format {
    id: "samba-audit",
    title: "Samba AD DC audit log, JSON",
    about: "What a Samba domain controller writes with, in `smb.conf`, `log level = 1 auth_json_audit:3 \
dsdb_json_audit:5 dsdb_password_json_audit:5 dsdb_group_json_audit:5` (each class may go to a file: \
`auth_json_audit:3@/var/log/samba/audit.json`); other lines of Samba's log are counted as unrelated. \
`Authentication` is a sign-in (`authenticated`; the account that it became, else the one it was mapped to, is `actor` \
and `account`; `status` other than `NT_STATUS_OK` is refused and stands after the way in as `action`), `Authorization` \
and `KDC Authorization` are `used`; `dsdbChange`, `passwordChange` and `groupChange` are `changed`, with our words \
before Samba's (`create-account Add`, `grant groupChange Added`, `disable Modify`, `delete Delete`), the entry as \
`resource` and, as far as the log has told its name, its account as `account`. Changes name their maker by SID: `actor` \
is the account's name once a sign-in in the same log has told it, else the SID. What the controller does by itself \
(`S-1-5-18` without an address, `dsdbTransaction`, replication) gives no event.",
    joins: "Sign-ins and changes only: Kerberos tickets are issued, but neither their issuance nor their use carries an \
id, so that nothing can be looked up. They are judged by whose account it is. `sessionId` joins a sign-in's \
authorization to the changes made in it.",
    framing: Framing::Json,
    whole: &[Field::Time],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        settings.fixed("samba-audit", Samba { reader, names: Names::default(), action: String::new() })
    },
    score,
};

/// SIDs, and entries, whose account's name is remembered.
const NAMES_MAX: usize = 65_536;

/// The types that tell something, each with an object of the same name.
const TYPES: [&str; 8] = [
    "Authentication",
    "Authorization",
    "KDC Authorization",
    "dsdbChange",
    "passwordChange",
    "groupChange",
    "dsdbTransaction",
    "replicatedUpdate",
];

paths! {
    Time = "timestamp" Raw;
    Type = "type" Text;
    Status = "Authentication.status" Text;
    RemoteAddress = "Authentication.remoteAddress" Text;
    Service = "Authentication.serviceDescription" Text;
    Way = "Authentication.authDescription" Text;
    ClientAccount = "Authentication.clientAccount" Text;
    Became = "Authentication.becameAccount" Text;
    BecameSid = "Authentication.becameSid" Text;
    Mapped = "Authentication.mappedAccount" Text;
    Workstation = "Authentication.workstation" Text;
    PasswordType = "Authentication.passwordType" Text;
    UsedAddress = "Authorization.remoteAddress" Text;
    UsedService = "Authorization.serviceDescription" Text;
    UsedAccount = "Authorization.account" Text;
    UsedSid = "Authorization.sid" Text;
    UsedSession = "Authorization.sessionId" Text;
    TicketStatus = "KDC Authorization.status" Text;
    TicketAddress = "KDC Authorization.remoteAddress" Text;
    TicketService = "KDC Authorization.serviceDescription" Text;
    TicketAccount = "KDC Authorization.account" Text;
    TicketSid = "KDC Authorization.sid" Text;
    Operation = "dsdbChange.operation" Text;
    Changed = "dsdbChange.status" Text;
    ChangedBy = "dsdbChange.userSid" Text;
    ChangedFrom = "dsdbChange.remoteAddress" Text;
    ChangedDn = "dsdbChange.dn" Text;
    ChangedSession = "dsdbChange.sessionId" Text;
    Classes = "dsdbChange.attributes.objectClass.actions.values.value" Many;
    Login = "dsdbChange.attributes.sAMAccountName.actions.values.value" Text;
    Flags = "dsdbChange.attributes.userAccountControl.actions.values.value" Text;
    Members = "dsdbChange.attributes.member.actions.values.value" Text;
    KeyLink = "dsdbChange.attributes.msDS-KeyCredentialLink.actions.action" Text;
    AltIdentities = "dsdbChange.attributes.altSecurityIdentities.actions.action" Text;
    PasswordAction = "passwordChange.action" Text;
    PasswordStatus = "passwordChange.status" Text;
    PasswordBy = "passwordChange.userSid" Text;
    PasswordFrom = "passwordChange.remoteAddress" Text;
    PasswordDn = "passwordChange.dn" Text;
    PasswordSession = "passwordChange.sessionId" Text;
    GroupAction = "groupChange.action" Text;
    GroupStatus = "groupChange.status" Text;
    GroupBy = "groupChange.userSid" Text;
    GroupFrom = "groupChange.remoteAddress" Text;
    Group = "groupChange.group" Text;
    Member = "groupChange.user" Text;
    GroupSession = "groupChange.sessionId" Text;
}

struct Samba {
    reader: Reader,
    names: Names,
    action: String,
}

/// Whose SIDs and entries are which accounts, as the log has told so far.
#[derive(Default)]
struct Names {
    of_sid: HashMap<String, String>,
    of_entry: HashMap<String, String>,
    not_kept: u64,
}

impl Decoder for Samba {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Samba { reader, names, action } = self;
        // The lines between are for people.
        if frame.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(Reason::Unrelated);
        }
        let found = reader.read(frame)?;
        let kind = found.text(Path::Type as usize);
        if !TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
            return Err(Reason::Unrelated);
        }
        let time = when::said(&found, "timestamp", &[Path::Time as usize], None)?;
        match kind.to_ascii_lowercase().as_str() {
            "authentication" => signed_in(&found, (time, offset), names, action, out),
            "authorization" => used(&found, (time, offset), Authorized::SESSION, names, out),
            "kdc authorization" => used(&found, (time, offset), Authorized::TICKET, names, out),
            "dsdbchange" => change::entry(&found, (time, offset), names, action, out),
            "passwordchange" => change::password(&found, (time, offset), names, action, out),
            "groupchange" => change::group(&found, (time, offset), names, action, out),
            _ => {}
        }
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        let not_kept = Note { what: "not kept", of: "names of accounts", count: self.names.not_kept };
        let limit = Some(not_kept).filter(|note| note.count > 0);
        repairs(&self.reader).into_iter().chain(limit).collect()
    }
}

impl Names {
    fn learn_sid(&mut self, sid: &str, name: &str) {
        let known = self.of_sid.get(sid).is_some_and(|known| known == name);
        if !known && !sid.is_empty() && !name.is_empty() {
            self.not_kept += keep(&mut self.of_sid, sid.to_owned(), name);
        }
    }

    fn learn_entry(&mut self, dn: &str, name: &str) {
        if !dn.is_empty() && !name.is_empty() {
            self.not_kept += keep(&mut self.of_entry, dn.to_lowercase(), name);
        }
    }

    /// The account of a SID, or the SID itself.
    fn of_sid<'a>(&'a self, sid: &'a str) -> &'a str {
        self.of_sid.get(sid).map_or(sid, String::as_str)
    }

    fn of_entry(&self, dn: &str) -> &str {
        self.of_entry.get(&dn.to_lowercase()).map_or("", String::as_str)
    }
}

/// Remembers one; 1 where there is no room.
fn keep(names: &mut HashMap<String, String>, key: String, name: &str) -> u64 {
    if names.len() >= NAMES_MAX && !names.contains_key(&key) {
        return 1;
    }
    names.insert(key, name.to_owned());
    0
}

fn signed_in(
    found: &Found<'_>,
    (time, offset): (EventTime, u64),
    names: &mut Names,
    action: &mut String,
    out: &mut dyn EventSink,
) {
    let text = |path: Path| found.text(path as usize);
    let status = text(Path::Status);
    names.learn_sid(text(Path::BecameSid), text(Path::Became));
    action.clear();
    // `LDAP, simple bind/TLS`, and why not, if not.
    let why = if status == "NT_STATUS_OK" { "" } else { status };
    for part in [text(Path::Service), text(Path::Way), why] {
        if !part.is_empty() {
            action.push_str(if action.is_empty() { "" } else { ", " });
            action.push_str(part);
        }
    }
    let mut row = Row::new(time, EventKind::Authenticated, offset);
    row.outcome = outcome(status);
    // A name that could not be mapped is the client's own word.
    row.actor = found.first(&[Path::Became as usize, Path::Mapped as usize, Path::ClientAccount as usize]);
    (row.account, row.action, row.source_ip) = (row.actor, action, address(text(Path::RemoteAddress)));
    (row.resource, row.client) = (text(Path::Service), text(Path::Workstation));
    row.token_type = text(Path::PasswordType);
    out.push(&row);
}

/// Where an authorization's fields stand.
struct Authorized {
    status: Option<Path>,
    address: Path,
    service: Path,
    account: Path,
    sid: Path,
    session: Option<Path>,
}

impl Authorized {
    const SESSION: Authorized = Authorized {
        status: None,
        address: Path::UsedAddress,
        service: Path::UsedService,
        account: Path::UsedAccount,
        sid: Path::UsedSid,
        session: Some(Path::UsedSession),
    };
    const TICKET: Authorized = Authorized {
        status: Some(Path::TicketStatus),
        address: Path::TicketAddress,
        service: Path::TicketService,
        account: Path::TicketAccount,
        sid: Path::TicketSid,
        session: None,
    };
}

fn used(
    found: &Found<'_>,
    (time, offset): (EventTime, u64),
    at: Authorized,
    names: &mut Names,
    out: &mut dyn EventSink,
) {
    let text = |path: Path| found.text(path as usize);
    names.learn_sid(text(at.sid), text(at.account));
    let mut row = Row::new(time, EventKind::Used, offset);
    row.outcome = at.status.map_or(Outcome::Answered, |status| outcome(text(status)));
    (row.actor, row.resource, row.action) = (text(at.account), text(at.service), "authorization");
    (row.source_ip, row.session) = (address(text(at.address)), at.session.map_or("", text));
    out.push(&row);
}

fn outcome(status: &str) -> Outcome {
    match status {
        "" => Outcome::Unknown,
        "NT_STATUS_OK" | "Success" => Outcome::Answered,
        _ => Outcome::Refused,
    }
}

/// `ipv4:192.0.2.7:41694` or `ipv6:2001:db8::7:41694`; `unix:` for what came over a local socket.
fn address(text: &str) -> &str {
    match text.split_once(':') {
        Some(("ipv4" | "ipv6", rest)) => rest.rsplit_once(':').map_or(rest, |(host, _)| host),
        _ => "",
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let kind = sniff::text(record, "type");
        TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)) && sniff::has(record, kind)
    });
    (share >= 0.05).then(|| ((80.0 + share * 18.0) as u8, "Samba's audit records".to_owned()))
}
