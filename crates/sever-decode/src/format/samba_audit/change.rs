//! Changes to entries, passwords and groups.

use sever_model::port::EventSink;
use sever_model::{EventKind, EventTime, Row};

use super::{Names, Path, address, outcome};
use crate::action;
use crate::json::Found;

/// Classes of entries that somebody can sign in to.
const ACCOUNTS: [&str; 5] =
    ["user", "computer", "inetOrgPerson", "msDS-GroupManagedServiceAccount", "msDS-ManagedServiceAccount"];

/// The controller itself.
const SYSTEM: &str = "S-1-5-18";

/// Where and by whom: the fields that the three kinds of change share.
struct By {
    status: Path,
    sid: Path,
    from: Path,
    session: Path,
}

pub(super) fn entry(
    found: &Found<'_>,
    (time, offset): (EventTime, u64),
    names: &mut Names,
    action: &mut String,
    out: &mut dyn EventSink,
) {
    let text = |path: Path| found.text(path as usize);
    if text(Path::ChangedBy) == SYSTEM && text(Path::ChangedFrom).is_empty() {
        return;
    }
    let (operation, dn) = (text(Path::Operation), text(Path::ChangedDn));
    let adds = operation.eq_ignore_ascii_case("add");
    let is_account = found.texts(Path::Classes as usize).any(|class| ACCOUNTS.contains(&class));
    if is_account || names.of_entry.contains_key(&dn.to_lowercase()) {
        names.learn_entry(dn, text(Path::Login));
    }
    let disabled = text(Path::Flags).parse::<u32>().map(|flags| flags & 2 != 0);
    let has = |path: Path| found.has(path as usize);
    let words: [(bool, &str); 6] = [
        (operation.eq_ignore_ascii_case("delete"), "delete"),
        (adds && is_account, "create-account"),
        (has(Path::KeyLink) || has(Path::AltIdentities), "create-key"),
        (has(Path::Members) && !is_account, "grant"),
        (!adds && disabled == Ok(false), "enable"),
        (!adds && disabled == Ok(true), "disable"),
    ];
    let words: Vec<&str> = words.into_iter().filter(|(said, _)| *said).map(|(_, word)| word).collect();
    action::write(action, &words, &[operation]);
    let by = By { status: Path::Changed, sid: Path::ChangedBy, from: Path::ChangedFrom, session: Path::ChangedSession };
    push(found, (time, offset), by, (names.of_entry(dn), dn), names, action, out);
}

pub(super) fn password(
    found: &Found<'_>,
    (time, offset): (EventTime, u64),
    names: &Names,
    action: &mut String,
    out: &mut dyn EventSink,
) {
    let text = |path: Path| found.text(path as usize);
    action::write(action, &[], &["passwordChange ", text(Path::PasswordAction)]);
    let by = By {
        status: Path::PasswordStatus,
        sid: Path::PasswordBy,
        from: Path::PasswordFrom,
        session: Path::PasswordSession,
    };
    let dn = text(Path::PasswordDn);
    push(found, (time, offset), by, (names.of_entry(dn), dn), names, action, out);
}

pub(super) fn group(
    found: &Found<'_>,
    (time, offset): (EventTime, u64),
    names: &Names,
    action: &mut String,
    out: &mut dyn EventSink,
) {
    let text = |path: Path| found.text(path as usize);
    action::write(action, &["grant"], &["groupChange ", text(Path::GroupAction)]);
    let by = By { status: Path::GroupStatus, sid: Path::GroupBy, from: Path::GroupFrom, session: Path::GroupSession };
    push(found, (time, offset), by, (names.of_entry(text(Path::Member)), text(Path::Group)), names, action, out);
}

fn push(
    found: &Found<'_>,
    (time, offset): (EventTime, u64),
    by: By,
    (account, resource): (&str, &str),
    names: &Names,
    action: &str,
    out: &mut dyn EventSink,
) {
    let text = |path: Path| found.text(path as usize);
    let mut row = Row::new(time, EventKind::Changed, offset);
    (row.outcome, row.actor, row.action) = (outcome(text(by.status)), names.of_sid(text(by.sid)), action);
    (row.account, row.resource) = (account, resource);
    (row.source_ip, row.session) = (address(text(by.from)), text(by.session));
    out.push(&row);
}
