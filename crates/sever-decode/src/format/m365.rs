//! `m365`: the unified audit log of Microsoft 365.
//!
//! Every record gives one event of what was done; a sign-in that opened a session gives its issuance,
//! too. What an operation is, is decided in [`deed`].

mod deed;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row, Zone};

use super::{Format, address, paths, repairs_of};
use crate::json::{Found, Plan, Reader, each_pair, pair};
use crate::mapping::Field;
use crate::memo::Memo;
use crate::sniff::{self, Sample};
use crate::{Framing, action, when};
use deed::Deed;

pub(super) const FORMAT: Format = Format {
    id: "m365",
    title: "Microsoft 365 unified audit log",
    about: "Records of the Office 365 Management Activity API (`CreationTime`, `Operation`, `RecordType`, `Workload`, \
`UserId` …), one a line or as an array, and of Purview's search as JSON, whose `AuditData` holds the record in a text. \
The search's CSV is not read. A record with an `Operation` and without the log's other fields is unrelated.\n\n\
`actor` is `UserId`; `account` the target's principal name, the mailbox or whom something was shared with; `resource` \
the object; \
`fields` the properties modified and the parameters given, with the address where mail is forwarded to; `source_ip` the client's, without its port; `client` the app; `session` \
`AADSessionId`; `node` the server. `UserLoggedIn` and `UserLoginFailed` are `authenticated`; administration, sharing, \
deletion and rules `changed`, with our words before Microsoft's (`grant AddedToSecureLink`, `export New-InboxRule` \
where it forwards, `audit Set-AdminAuditLogConfig`, `delete HardDelete`); reading mail and files is `used`. \
Operations of Entra (`Add user.`) read as the `entra` format reads them. Where there is no `ResultStatus`, SharePoint \
and Teams say by the operation that it was done. Times are UTC, as Microsoft documents, though they do not say so.",
    joins: "By session, in this log: `UserLoggedIn` names the session that it opened (`DeviceProperties`, `SessionId`) \
and what is done in it names `AADSessionId` (join `session`, issuer `sts.windows.net`, class `session`). By token \
id, with Entra's log: `AppAccessContext.UniqueTokenId` is the `uniqueTokenIdentifier` of the sign-in that gave the \
token out; configure a class with issuer `sts.windows.net`, token type `access`, `issued_in` the `entra` log and \
`used_in` this one. Workloads write either only for some operations (Exchange and SharePoint for most), and records \
come up to a day late. Coverage is unknown until it is declared: Microsoft numbers no records.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Actor],
    make: |settings| {
        let reader = || Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        settings.fixed("m365", M365 { reader: reader(), inner: reader(), texts: Texts::default(), data: String::new() })
    },
    score,
};

const ISSUER: &str = "sts.windows.net";

paths! {
    Time = "CreationTime" Raw;
    SearchTime = "CreationDate" Raw;
    Operation = "Operation" Text;
    RecordType = "RecordType" Text;
    Workload = "Workload" Text;
    User = "UserId" Text;
    UserKey = "UserKey" Text;
    UserType = "UserType" Text;
    Organization = "OrganizationId" Text;
    ClientIp = "ClientIP" Text;
    ClientAddress = "ClientIPAddress" Text;
    ActorIp = "ActorIpAddress" Text;
    Object = "ObjectId" Text;
    Result = "ResultStatus" Text;
    LogonError = "LogonError" Text;
    Application = "ApplicationId" Text;
    App = "AppId" Text;
    ClientApp = "ClientAppId" Text;
    TokenApp = "AppAccessContext.ClientAppId" Text;
    TokenSession = "AppAccessContext.AADSessionId" Text;
    Token = "AppAccessContext.UniqueTokenId" Text;
    TokenIssued = "AppAccessContext.IssuedAtTime" Raw;
    Session = "SessionId" Text;
    Agent = "UserAgent" Text;
    ClientInfo = "ClientInfoString" Text;
    Owner = "MailboxOwnerUPN" Text;
    Server = "OriginatingServer" Text;
    SharedWith = "TargetUserOrGroupName" Text;
    File = "SourceFileName" Text;
    Site = "SiteUrl" Text;
    Item = "Item.Id" Text;
    Folder = "Folder.Path" Text;
    Folders = "Folders.Path" Text;
    Team = "TeamName" Text;
    MemberUpn = "Members.UPN" Text;
    TargetId = "Target.ID" Many;
    Parameters = "Parameters" Json;
    Extended = "ExtendedProperties" Json;
    Modified = "ModifiedProperties" Json;
    Device = "DeviceProperties" Json;
    AuditData = "AuditData" Json;
}

/// Fields that tell the log apart, beside its operation.
const OWN: &[Path] = &[Path::Workload, Path::RecordType, Path::UserKey];
/// Fields of which others may have one.
const COMMON: &[Path] = &[
    Path::Time,
    Path::User,
    Path::UserType,
    Path::Organization,
    Path::ClientIp,
    Path::ClientAddress,
    Path::Object,
    Path::Result,
    Path::Parameters,
    Path::Extended,
    Path::Modified,
    Path::TokenSession,
    Path::Owner,
];

struct M365 {
    reader: Reader,
    /// Reads the record within a record of Purview's search.
    inner: Reader,
    texts: Texts,
    data: String,
}

/// Texts that are put together for one record.
#[derive(Default)]
struct Texts {
    /// What operations tell, by their name and workload, the names of their parameters, and whether one of
    /// these sends mail on.
    deeds: Memo<4, Deed>,
    action: String,
    agent: String,
    session: String,
    mailbox: String,
    /// Who was given rights to it.
    grantee: String,
    /// The role or group that a user was put into.
    membership: String,
    /// Where mail is sent on to.
    forward: String,
    fields: String,
}

impl Decoder for M365 {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let M365 { reader, inner, texts, data } = self;
        let found = reader.read(frame)?;
        let written = found.text(Path::AuditData as usize);
        if written.is_empty() || found.has(Path::Operation as usize) {
            return push(&found, texts, offset, out);
        }
        if written.starts_with('{') {
            return push(&inner.read_part(written)?, texts, offset, out);
        }
        *data = serde_json::from_str(written).map_err(|_| Reason::Unrelated)?;
        if !data.trim_start().starts_with('{') {
            return Err(Reason::Unrelated);
        }
        push(&inner.read(data.as_bytes())?, texts, offset, out)
    }

    fn notes(&self) -> Vec<Note> {
        repairs_of(&[&self.reader, &self.inner])
    }
}

fn push(found: &Found<'_>, texts: &mut Texts, offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
    let text = |path: Path| found.text(path as usize);
    if !is_own(&|path| found.has(path as usize)) || text(Path::Operation).is_empty() {
        return Err(Reason::Unrelated);
    }
    let slots = [Path::Time as usize, Path::SearchTime as usize];
    let (time, fault) = when::or_untimed(when::said(found, "CreationTime", &slots, Some(&Zone::UTC)));
    texts.read(found);
    let forwards = if texts.forward.is_empty() { "" } else { "forwards" };
    let said = [text(Path::Operation), text(Path::Workload), texts.fields.as_str(), forwards];
    let deed = texts.deeds.told(said, |[operation, workload, fields, forwards]| {
        Deed::of(operation, workload, fields, !forwards.is_empty())
    });
    action::write(&mut texts.action, deed.words, &[text(Path::Operation)]);
    let mut row = Row::new(time, deed.kind, offset);
    row.action = &texts.action;
    row.outcome = outcome(found, &deed);
    row.actor = known(text(Path::User));
    row.token_subject = known(text(Path::UserKey));
    row.account = account(found, texts, &deed, row.actor);
    row.resource = first(&[&texts.membership, resource(found)]);
    let ips = [Path::ClientIp, Path::ClientAddress, Path::ActorIp].map(|path| path as usize);
    row.source_ip = address(found.first(&ips));
    row.user_agent = &texts.agent;
    let apps = [Path::TokenApp, Path::ClientApp, Path::App, Path::Application].map(|path| path as usize);
    row.client = found.first(&apps);
    row.session = first(&[text(Path::TokenSession), &texts.session, text(Path::Session)]);
    row.fields = &texts.fields;
    row.node = text(Path::Server).trim();
    push_with_token(found, row, out);
    fault
}

/// Hands the event over with what was presented; a sign-in with the session that it opened.
fn push_with_token<'r>(found: &Found<'r>, mut row: Row<'r>, out: &mut dyn EventSink) {
    let text = |path: Path| found.text(path as usize);
    if row.kind == EventKind::Authenticated {
        out.push(&row);
        if row.outcome == Outcome::Answered && !row.session.is_empty() {
            row.issued_at = Some(row.time).filter(|at| *at != EventTime::MIN);
            out.push(&Row { kind: EventKind::Issued, issuer: ISSUER, token_type: "session", ..row });
        }
        return;
    }
    row.issued_at = when::instant(found, Path::TokenIssued as usize, Some(&Zone::UTC));
    if !text(Path::Token).is_empty() {
        row.credential = text(Path::Token).trim_end_matches('=');
        (row.issuer, row.token_type) = (ISSUER, "access");
    } else if !text(Path::TokenSession).is_empty() {
        (row.issuer, row.token_type) = (ISSUER, "session");
    }
    out.push(&row);
}

impl Texts {
    /// What stands in the record's lists of names and values.
    fn read(&mut self, found: &Found<'_>) {
        let Texts { action, agent, session, mailbox, grantee, membership, forward, fields, .. } = self;
        [action, &mut *agent, &mut *session, &mut *mailbox].into_iter().for_each(String::clear);
        [&mut *grantee, &mut *membership, &mut *forward, &mut *fields].into_iter().for_each(String::clear);
        let list = |path: Path| found.text(path as usize);
        agent.push_str(list(Path::Agent));
        if agent.is_empty() && !list(Path::Extended).is_empty() {
            agent.push_str(&pair(list(Path::Extended), ("Name", "Value"), "UserAgent").unwrap_or_default());
        }
        if agent.is_empty() {
            agent.push_str(list(Path::ClientInfo));
        }
        if !list(Path::Device).is_empty() {
            session.push_str(&pair(list(Path::Device), ("Name", "Value"), "SessionId").unwrap_or_default());
        }
        each_pair(list(Path::Parameters), ("Name", "Value"), &mut |name, value| {
            let is = |names: &[&str]| names.iter().any(|of| name.eq_ignore_ascii_case(of));
            if is(&["Mailbox"]) || (mailbox.is_empty() && is(&["Identity"])) {
                mailbox.clear();
                mailbox.push_str(value);
            } else if grantee.is_empty() && is(&["User", "Trustee", "Member", "Delegate"]) {
                grantee.push_str(value);
            }
            note(fields, name);
            if deed::FORWARDS.iter().any(|of| name.eq_ignore_ascii_case(of)) && !value.is_empty() {
                forward.push_str(value);
                fields.push('=');
                fields.push_str(value.get(..FIELDS_BYTES_MAX).unwrap_or(value));
            }
        });
        each_pair(list(Path::Modified), ("Name", "NewValue"), &mut |name, value| {
            note(fields, name);
            let names = ["Role.DisplayName", "Group.DisplayName"];
            if membership.is_empty() && names.iter().any(|of| name.eq_ignore_ascii_case(of)) {
                membership.push_str(value.trim_matches('"'));
            }
        });
    }
}

/// Names of properties that are remembered.
const FIELDS_BYTES_MAX: usize = 500;

fn note(fields: &mut String, name: &str) {
    if fields.len() + name.len() < FIELDS_BYTES_MAX && !name.eq_ignore_ascii_case("Included Updated Properties") {
        if !fields.is_empty() {
            fields.push(',');
        }
        fields.push_str(name);
    }
}

/// Whom it was done to: the user among the targets, the mailbox, or whom something was shared with.
fn account<'a>(found: &Found<'a>, texts: &'a Texts, deed: &Deed, actor: &'a str) -> &'a str {
    let text = |path: Path| found.text(path as usize);
    if deed.kind == EventKind::Authenticated {
        return actor;
    }
    let is_name = |name: &&str| name.contains('@');
    let target = found.texts(Path::TargetId as usize).find(is_name).unwrap_or("");
    let object = Some(text(Path::Object)).filter(|name| is_name(name) && !name.contains('/')).unwrap_or("");
    let mailbox = first(&[text(Path::Owner), &texts.mailbox]);
    first(&[text(Path::SharedWith), target, text(Path::MemberUpn), &texts.grantee, mailbox, object])
}

fn resource<'a>(found: &Found<'a>) -> &'a str {
    let places =
        [Path::Object, Path::Item, Path::Folder, Path::Folders, Path::Team, Path::File, Path::Site, Path::Owner];
    let named = found.first(&places.map(|path| path as usize));
    if named.is_empty() { found.texts(Path::TargetId as usize).next().unwrap_or("") } else { named }
}

/// How it ended. A sign-in that failed is logged as a success of logging it.
fn outcome(found: &Found<'_>, deed: &Deed) -> Outcome {
    let text = |path: Path| found.text(path as usize);
    let any = |words: &[&str]| words.iter().any(|word| text(Path::Result).eq_ignore_ascii_case(word));
    if deed.is_failure || !text(Path::LogonError).is_empty() {
        Outcome::Refused
    } else if any(&["Success", "Succeeded", "True", "PartiallySucceeded", "Pass"]) {
        Outcome::Answered
    } else if any(&["Failed", "Failure", "False", "Fail", "Error"]) {
        Outcome::Refused
    } else if text(Path::Result).is_empty() && deed.is_done {
        Outcome::Answered
    } else {
        Outcome::Unknown
    }
}

fn known(text: &str) -> &str {
    if text.eq_ignore_ascii_case("Not Available") || text.eq_ignore_ascii_case("Unknown") { "" } else { text }
}

/// Whether a record is of this log.
fn is_own(has: &dyn Fn(Path) -> bool) -> bool {
    let count = |paths: &[Path]| paths.iter().filter(|path| has(**path)).count();
    has(Path::Operation) && (count(OWN) >= 1 || count(COMMON) >= 2)
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("")
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let has = |path: Path| PATHS.get(path as usize).is_some_and(|(path, _)| sniff::has(record, path));
        let searched = sniff::has(record, "AuditData") && sniff::has(record, "Operations");
        searched || (is_own(&has) && (has(Path::Workload) || has(Path::RecordType)))
    });
    (share >= 0.3)
        .then(|| ((share * 96.0) as u8, "Microsoft 365's `Operation`, `Workload` and `RecordType`".to_owned()))
}

#[cfg(test)]
mod tests;
