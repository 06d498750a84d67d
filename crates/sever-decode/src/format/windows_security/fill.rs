//! How an event's data become an event of ours: who, whom, with what.

use sever_model::{EventKind, Outcome, Row};

use super::deed::Deed;
use super::{KDC, LSA, Path};
use crate::action;
use crate::format::winlog::Record;

/// Ids of one event that are put together, or written in one way.
#[derive(Default)]
pub(super) struct Ids {
    /// `computer/0x3a1f` of the session that somebody acted in.
    pub session: String,
    /// The logon GUID, in lower case and without braces; empty where it is none.
    pub guid: String,
    /// The file within a share.
    pub shared: String,
}

impl Ids {
    /// Those of a record, in place of the last one's.
    pub fn read(&mut self, record: &Record<'_>) {
        for text in [&mut self.session, &mut self.guid, &mut self.shared] {
            text.clear();
        }
        let opens_or_closes = matches!(record.id, 4624 | 4634 | 4647 | 4964);
        let of_target = said(record, Path::TargetLogon);
        let logon = if opens_or_closes && !of_target.is_empty() { of_target } else { said(record, Path::SubjectLogon) };
        // The system's own sessions stand from the start, and nobody signed in to them.
        let own = ["0x0", "0x3e3", "0x3e4", "0x3e5", "0x3e7"];
        let is_told = !logon.is_empty() && !record.computer.is_empty();
        if is_told && !own.iter().any(|id| logon.eq_ignore_ascii_case(id)) {
            self.session.push_str(record.computer);
            self.session.push('/');
            self.session.push_str(logon);
            self.session.make_ascii_lowercase();
        }
        let guid = said(record, Path::LogonGuid).trim_matches(['{', '}']);
        if guid.bytes().any(|byte| !matches!(byte, b'0' | b'-')) {
            self.guid.push_str(guid);
            self.guid.make_ascii_lowercase();
        }
        let (share, file) = (said(record, Path::ShareName), said(record, Path::ShareFile));
        if !file.is_empty() {
            self.shared.push_str(share);
            self.shared.push('\\');
            self.shared.push_str(file);
        }
    }
}

/// A datum's text; empty where Windows writes that there is none.
pub(super) fn said<'a>(record: &Record<'a>, path: Path) -> &'a str {
    let text = record.data.text(path as usize);
    if text.is_empty() {
        return "";
    }
    let text = text.trim();
    if matches!(text, "-" | "N/A" | "n/a" | "%%1793" | "S-1-0-0" | "NULL SID") { "" } else { text }
}

/// The id and our name for it, with our words before, and the type of a sign-in after.
pub(super) fn write_action(into: &mut String, deed: &Deed, id: u32, logon_type: &str) {
    let kind = match logon_type {
        "2" => " interactive",
        "3" => " network",
        "4" => " batch",
        "5" => " service",
        "7" => " unlock",
        "8" => " network-cleartext",
        "9" => " new-credentials",
        "10" => " remote-interactive",
        "11" => " cached-interactive",
        _ => "",
    };
    action::write(into, deed.words, &[]);
    into.push_str(&id.to_string());
    if !deed.name.is_empty() {
        into.push(' ');
        into.push_str(deed.name);
    }
    into.push_str(kind);
}

/// How it ended: Kerberos and NTLM say so by their status, whatever the keywords; what neither says
/// is known where an event is only ever written for one of both.
pub(super) fn outcome(record: &Record<'_>, deed: &Deed) -> Outcome {
    let status = match record.id {
        4768 | 4769 | 4776 => said(record, Path::Status),
        _ => "",
    };
    let by_status = match status.trim_start_matches("0x") {
        "" => Outcome::Unknown,
        zero if zero.bytes().all(|byte| byte == b'0') => Outcome::Answered,
        _ => Outcome::Refused,
    };
    let known = [by_status, record.outcome(), deed.outcome].into_iter().find(|outcome| *outcome != Outcome::Unknown);
    known.unwrap_or_default()
}

/// Who acted, and on whom.
pub(super) fn who<'a>(record: &Record<'a>, deed: &Deed, row: &mut Row<'a>) {
    let text = |path: Path| said(record, path);
    let subject = without_domain(text(Path::SubjectName), "");
    let target = without_domain(text(Path::TargetName), text(Path::TargetDomain));
    if deed.is_sign_in {
        row.actor = first(&[target, without_domain(text(Path::AccountName), ""), subject]);
        row.account = row.actor;
        row.token_subject = first(&[text(Path::TargetSid), text(Path::TargetPlainSid)]);
    } else {
        row.actor = first(&[subject, without_domain(text(Path::Requester), "")]);
        row.token_subject = text(Path::SubjectSid);
        row.account = match record.id {
            4648 => target,
            4697 | 7045 => first(&[text(Path::ServiceAccount), text(Path::AccountName)]),
            _ if deed.is_membership => first(&[text(Path::MemberName), text(Path::MemberSid)]),
            id if is_of_group(id) => "",
            _ if deed.kind == EventKind::Changed => {
                first(&[target, text(Path::NewName), text(Path::OldName), text(Path::TargetPlainSid)])
            }
            _ => target,
        };
    }
    if row.actor.is_empty() {
        row.actor = without_domain(record.account(), "");
    }
    let ip = first(&[text(Path::IpAddress), text(Path::ClientAddress)]);
    row.source_ip = ip.strip_prefix("::ffff:").unwrap_or(ip);
    row.client = first(&[text(Path::WorkstationName), text(Path::Workstation), text(Path::ClientName)]);
    row.node = record.computer;
}

/// What it was done to.
pub(super) fn what<'a>(record: &Record<'a>, row: &mut Row<'a>, ids: &'a Ids) {
    let text = |path: Path| said(record, path);
    let group = without_domain(text(Path::TargetName), text(Path::TargetDomain));
    row.resource = match record.id {
        104 => first(&[text(Path::Cleared), record.channel]),
        1100..=1105 => first(&[record.channel, "Security"]),
        id if is_of_group(id) && !group.is_empty() => group,
        4719 => first(&[text(Path::Subcategory), text(Path::PolicyChanges)]),
        4672 | 4673 | 4674 | 4703..=4705 => first(&[text(Path::ObjectName), text(Path::Privileges)]),
        4717 | 4718 => text(Path::AccessGranted),
        4688 => text(Path::NewProcess),
        4624 | 4625 | 4634 | 4647 | 4776..=4779 => record.computer,
        5145 if !ids.shared.is_empty() => &ids.shared,
        _ => first(&[
            text(Path::ObjectDn),
            text(Path::ObjectName),
            text(Path::TaskName),
            text(Path::ServiceName),
            text(Path::TargetServer),
            text(Path::ShareName),
            text(Path::KeyName),
            text(Path::Subject),
            text(Path::CredentialManager),
            text(Path::TargetPlainName),
            text(Path::Target),
            text(Path::DomainName),
            text(Path::ServiceFile),
        ]),
    };
    row.fields = text(Path::Attribute);
    row.user_agent = text(Path::ProcessName);
}

/// Whether the target is a group.
fn is_of_group(id: u32) -> bool {
    matches!(id, 4727..=4735 | 4737 | 4744..=4764 | 4783..=4792)
}

/// With what it was done: a ticket, or the session.
pub(super) fn what_with<'a>(record: &Record<'a>, ids: &'a Ids, row: &mut Row<'a>) {
    let text = |path: Path| said(record, path);
    row.session = &ids.session;
    row.key_id = text(Path::Thumbprint);
    let by_ntlm = text(Path::Package).eq_ignore_ascii_case("NTLM");
    match record.id {
        4769 | 4770 if !text(Path::RequestHash).is_empty() => {
            (row.issuer, row.token_type, row.credential) = (KDC, "tgt", text(Path::RequestHash));
        }
        4624 if !ids.guid.is_empty() && !by_ntlm => {
            (row.issuer, row.token_type, row.credential) = (KDC, "service-ticket", &ids.guid);
        }
        4624 | 4625 | 4768..=4777 => {}
        _ if !ids.session.is_empty() => (row.issuer, row.token_type) = (LSA, "logon"),
        _ => {}
    }
}

/// A name without the domain that it may have before or after it: `CORP\ann`, `ann@CORP.EXAMPLE`.
fn without_domain<'a>(name: &'a str, domain: &str) -> &'a str {
    let name = name.rsplit_once('\\').map_or(name, |(_, name)| name);
    match name.split_once('@') {
        Some((plain, realm)) if !domain.is_empty() && realm.eq_ignore_ascii_case(domain) => plain,
        _ => name,
    }
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("")
}
