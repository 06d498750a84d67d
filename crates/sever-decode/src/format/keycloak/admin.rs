//! Admin events: what somebody changed in a realm.

use sever_model::port::{EventSink, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row};

use super::Path;
use crate::action;
use crate::json::Found;

pub(super) fn decode(
    found: &Found<'_>,
    time: EventTime,
    offset: u64,
    action: &mut String,
    out: &mut dyn EventSink,
) -> Result<(), Reason> {
    let text = |path: Path| found.text(path as usize);
    let (operation, kind, path) = (text(Path::Operation), text(Path::ResourceType), text(Path::OnPath));
    action::write(action, words(operation, kind, path), &[operation, " ", kind]);
    let mut row = Row::new(time, EventKind::Changed, offset);
    row.action = action.trim_end();
    row.outcome = if found.has(Path::Error as usize) { Outcome::Refused } else { Outcome::Answered };
    row.actor = text(Path::AdminUser);
    row.client = text(Path::AdminClient);
    row.source_ip = text(Path::AdminIp);
    row.issuer = found.first(&[Path::AdminRealmName as usize, Path::AdminRealm as usize]);
    row.resource = path;
    row.account = path.strip_prefix("users/").and_then(|rest| rest.split('/').next()).unwrap_or("");
    out.push(&row);
    Ok(())
}

fn words(operation: &str, kind: &str, path: &str) -> &'static [&'static str] {
    let grants = kind.ends_with("ROLE_MAPPING") || matches!(kind, "GROUP_MEMBERSHIP" | "CLIENT_SCOPE_MAPPING");
    match operation {
        _ if path.starts_with("events") => &["audit"],
        "CREATE" if grants => &["grant"],
        "CREATE" if kind == "USER" => &["create-account"],
        "ACTION" if path.ends_with("reset-password") => &["create-key"],
        "CREATE" if path.contains("client-secret") || path.contains("/certificates/") => &["create-key"],
        // Taking a right away destroys nothing.
        "DELETE" if !grants => &["delete"],
        _ => &[],
    }
}
