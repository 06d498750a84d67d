//! `windows-security`: the Security log of Windows.
//!
//! Every event gives one event of what was done; sign-ins also the session that they opened, Kerberos
//! events the tickets that were given out. What an event id is, stands in [`deed`].

mod deed;
mod fill;
mod table;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, Outcome, Row, Zone};

use super::winlog::{self, Record, Winlog};
use super::{Format, paths, repairs_of};
use crate::mapping::Field;
use crate::sniff::Sample;
use crate::{Framing, when};
use deed::Deed;
use fill::Ids;

pub(super) const FORMAT: Format = Format {
    id: "windows-security",
    title: "Windows Security log",
    about: "The Security log of Windows as JSON, from winlogbeat or Elastic's agent (`winlog.event_id`, \
`winlog.event_data`), NXLog (flat), Sentinel and Azure Monitor (`EventID`, and columns or `EventData`), evtx_dump \
(`Event.System.EventID`, `Event.EventData`) or Wazuh (`data.win`). Events of other logs and providers, AD FS' audits \
among them, are unrelated; of the System log, `104` (a log was cleared) and `7045` (a service was installed) are \
read.\n\n`actor` is the account that acted: in sign-ins and Kerberos the one that signed in (`TargetUserName`), else \
the subject, without its domain; `account` the one acted upon; `resource` the object, group, service, task or share; \
`node` the computer; `client` the workstation; `source_ip` the address; `token_subject` the SID; `session` is \
`computer/logon id`, since logon ids are each computer's own; `credential` a ticket's hash, or the logon GUID. \
`4624`, `4625`, `4648`, `4768`, `4771`, `4776` are `authenticated`; accounts, groups, rights, policies, tasks, \
services and directory objects `changed`, with our words before the id (`create-account 4720 user-created`, `grant \
4728 member-added`, `delete audit 1102 log-cleared`, `audit 4719 audit-policy-changed`); replication of secrets, key \
and credential reads `read`; all else `used`.\n\nNXLog's `EventTime` has no zone: set `zone` under `[log.map]`.",
    joins: "Issuer `kdc`, class `tgt`: `4768` gives out a ticket and names the hash of the answer (`ResponseTicket`), \
`4769` presents it (`RequestTicketHash`); `4770` renews it. A *golden ticket* is a presented hash that no domain \
controller gave out. Only domain controllers since the updates of January 2025 log the hashes, and `n/a` is no hash; \
collect all of them. Issuer `kdc`, class `service-ticket`: `4769` names a logon GUID, and so does the `4624` at the \
server where the ticket is used; a sign-in by Kerberos with a GUID that no `4769` has is a *silver ticket*'s mark. \
Servers and controllers must be in one log. Issuer `windows`, class `logon`: `4624` opens a session, and what is done \
in it names its logon id on the same computer. All three are judged `Unjudgeable` until their coverage is declared: \
record ids count the whole log, of which collectors forward a part, so that they measure nothing. NTLM sign-ins \
(`4776`) and passwords are not issued by anyone.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Node],
    make: |settings| {
        let winlog = Winlog::new(PATHS, settings.json_depth_max);
        let zone = settings.zone.clone();
        settings.fixed("windows-security", Windows { winlog, zone, ids: Ids::default(), action: String::new() })
    },
    score,
};

const KDC: &str = "kdc";
const LSA: &str = "windows";

paths! {
    SubjectSid = "SubjectUserSid" Text;
    SubjectName = "SubjectUserName" Text;
    SubjectLogon = "SubjectLogonId" Text;
    TargetSid = "TargetUserSid" Text;
    TargetPlainSid = "TargetSid" Text;
    TargetName = "TargetUserName" Text;
    TargetDomain = "TargetDomainName" Text;
    TargetLogon = "TargetLogonId" Text;
    TargetServer = "TargetServerName" Text;
    LogonType = "LogonType" Text;
    LogonGuid = "LogonGuid" Text;
    Package = "AuthenticationPackageName" Text;
    WorkstationName = "WorkstationName" Text;
    Workstation = "Workstation" Text;
    ClientName = "ClientName" Text;
    ClientAddress = "ClientAddress" Text;
    IpAddress = "IpAddress" Text;
    ProcessName = "ProcessName" Text;
    NewProcess = "NewProcessName" Text;
    Status = "Status" Text;
    ServiceName = "ServiceName" Text;
    ServiceFile = "ServiceFileName" Text;
    ServiceAccount = "ServiceAccount" Text;
    AccountName = "AccountName" Text;
    MemberName = "MemberName" Text;
    MemberSid = "MemberSid" Text;
    OldName = "OldTargetUserName" Text;
    NewName = "NewTargetUserName" Text;
    ObjectName = "ObjectName" Text;
    ObjectDn = "ObjectDN" Text;
    Properties = "Properties" Text;
    Attribute = "AttributeLDAPDisplayName" Text;
    TaskName = "TaskName" Text;
    ShareName = "ShareName" Text;
    ShareFile = "RelativeTargetName" Text;
    Privileges = "PrivilegeList" Text;
    AccessGranted = "AccessGranted" Text;
    Subcategory = "SubcategoryId" Text;
    PolicyChanges = "AuditPolicyChanges" Text;
    KeyName = "KeyName" Text;
    Thumbprint = "CertThumbprint" Text;
    ResponseTicket = "ResponseTicket" Text;
    RequestHash = "RequestTicketHash" Text;
    ResponseHash = "ResponseTicketHash" Text;
    Requester = "Requester" Text;
    Subject = "Subject" Text;
    DomainName = "DomainName" Text;
    Cleared = "Channel" Text;
    Target = "Target" Text;
    TargetPlainName = "TargetName" Text;
    CredentialManager = "Resource" Text;
}

struct Windows {
    winlog: Winlog,
    zone: Option<Zone>,
    ids: Ids,
    action: String,
}

impl Decoder for Windows {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Windows { winlog, zone, ids, action } = self;
        let record = winlog.read(frame)?;
        if !is_own(&record) {
            return Err(Reason::Unrelated);
        }
        let (time, fault) = when::or_untimed(record.time(zone.as_ref()));
        ids.read(&record);
        let text = |path: Path| record.data.text(path as usize);
        let deed = Deed::of(record.id, text(Path::Attribute), text(Path::Properties));
        fill::write_action(action, &deed, record.id, text(Path::LogonType));
        let mut row = Row::new(time, deed.kind, offset);
        row.action = action;
        row.outcome = fill::outcome(&record, &deed);
        fill::who(&record, &deed, &mut row);
        fill::what(&record, &mut row, ids);
        fill::what_with(&record, ids, &mut row);
        out.push(&row);
        if row.outcome != Outcome::Refused {
            push_issued(&record, row, ids, out);
        }
        fault
    }

    fn notes(&self) -> Vec<Note> {
        repairs_of(&self.winlog.readers())
    }
}

/// What an event gave out: a session, or tickets.
fn push_issued(record: &Record<'_>, done: Row<'_>, ids: &Ids, out: &mut dyn EventSink) {
    let text = |path: Path| fill::said(record, path);
    let issued = Row {
        kind: EventKind::Issued,
        issued_at: Some(done.time).filter(|at| *at != sever_model::EventTime::MIN),
        credential: "",
        issuer: KDC,
        ..done
    };
    let tgt = |hash, parent| Row { credential: hash, parent, token_type: "tgt", ..issued };
    match record.id {
        4624 if !done.session.is_empty() => {
            out.push(&Row { issuer: LSA, token_type: "logon", parent: &ids.guid, ..issued });
        }
        4768 if !text(Path::ResponseTicket).is_empty() => out.push(&tgt(text(Path::ResponseTicket), "")),
        4769 => {
            if !ids.guid.is_empty() {
                let (credential, parent) = (ids.guid.as_str(), text(Path::RequestHash));
                out.push(&Row { credential, parent, token_type: "service-ticket", ..issued });
            }
            // A ticket to hand on is one for the ticket service itself.
            let for_itself = text(Path::ServiceName).split('/').next().unwrap_or("").eq_ignore_ascii_case("krbtgt");
            if for_itself && !text(Path::ResponseHash).is_empty() {
                out.push(&tgt(text(Path::ResponseHash), text(Path::RequestHash)));
            }
        }
        4770 if !text(Path::ResponseHash).is_empty() => {
            out.push(&tgt(text(Path::ResponseHash), text(Path::RequestHash)));
        }
        _ => {}
    }
}

/// Whether an event is of the Security log: by its provider and log; where both were left out, by an
/// id that is known, in a wrapping that only Windows' events have, or beside data that only they have.
fn is_own(record: &Record<'_>) -> bool {
    let provider = record.provider.trim();
    let is = |name: &str| provider.eq_ignore_ascii_case(name);
    let known = deed::is_known(record.id);
    if is("Microsoft-Windows-Security-Auditing") || is("Security") {
        return true;
    }
    if is("Microsoft-Windows-Eventlog") {
        return known;
    }
    if is("Service Control Manager") {
        return record.id == 7045;
    }
    if !provider.is_empty() {
        return false;
    }
    if !record.channel.is_empty() {
        return record.channel.eq_ignore_ascii_case("Security")
            || (record.channel.eq_ignore_ascii_case("System") && matches!(record.id, 104 | 7045));
    }
    let marks = [Path::SubjectSid, Path::SubjectName, Path::SubjectLogon, Path::TargetSid, Path::TargetLogon];
    let marked = marks.iter().any(|path| record.data.has(*path as usize));
    let named = record.data.has(Path::TargetName as usize) && !record.computer.is_empty();
    known && (record.wrapped || marked || named)
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let (provider, channel, has_id) = winlog::said_by(record);
        let provider = provider.trim();
        let of_log = provider.is_empty() && channel.eq_ignore_ascii_case("Security");
        has_id && (provider.eq_ignore_ascii_case("Microsoft-Windows-Security-Auditing") || of_log)
    });
    (share >= 0.2).then(|| ((70.0 + share * 27.0) as u8, "events of the Windows Security log".to_owned()))
}

#[cfg(test)]
mod tests;
