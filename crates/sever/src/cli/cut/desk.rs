//! The desk: tickets for doors that we may not close, as lines of a file or posts to a webhook.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sever_connect::post_json;
use sever_engine::Ticket;

use super::PATIENCE;
use crate::config::{HandOffConfig, HandOffPlace};

/// Where tickets go that no place is configured for.
const FILE: &str = "tickets.jsonl";

/// Files tickets.
pub(super) struct Desk {
    place: HandOffPlace,
}

impl Desk {
    /// The desk as configured; a file in the data directory where it is not.
    pub(super) fn of(config: &HandOffConfig, data_dir: &Path) -> Desk {
        let own = || HandOffPlace::File(data_dir.join(FILE));
        Desk { place: config.to.clone().unwrap_or_else(own) }
    }
}

impl sever_engine::Desk for Desk {
    fn hand_off(&self, ticket: &Ticket<'_>) -> Result<String, String> {
        // The same for the same step of the same plan, by which whoever takes it in knows a repetition.
        let id = format!("{}-{}", ticket.digest.get(..16).unwrap_or(ticket.digest), ticket.step.number);
        let body = json!({
            "kind": "door-to-close",
            "id": id,
            "owner": ticket.owner,
            "due_at": ticket.due_at.to_string(),
            "door": ticket.door.id,
            "title": ticket.door.title,
            "opens": ticket.door.opens,
            "how": ticket.step.how,
            "reason": ticket.step.reason,
        });
        match &self.place {
            HandOffPlace::File(path) => add(path, &id, &body),
            HandOffPlace::Url(url) => post_json(url, &body, PATIENCE).map(|()| id).map_err(|error| error.to_string()),
        }
    }
}

/// Adds a line, unless the ticket is there.
fn add(path: &PathBuf, id: &str, body: &Value) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot write `{}`: {error}", path.display());
    let there = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let filed = |line: &str| serde_json::from_str::<Value>(line).is_ok_and(|it| it.get("id") == Some(&json!(id)));
    if !there.lines().any(filed) {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        // A line that broke off is ended first.
        let begin = if there.is_empty() || there.ends_with('\n') { "" } else { "\n" };
        file.write_all(format!("{begin}{body}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    }
    Ok(format!("{id} in {}", path.display()))
}
