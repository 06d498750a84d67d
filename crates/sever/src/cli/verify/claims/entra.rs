//! Results of Microsoft Entra lifecycle workflows: `taskProcessingResults` and `userProcessingResults` of
//! Microsoft Graph (`identityGovernance/lifecycleWorkflows`, v1.0), as the responses are.
//!
//! What a task did is told by its definition, which has the same id in every tenant; a user is named by the
//! object id, and by the principal name where `$expand=subject` asked for it. A result of a user whose tasks
//! are not in it claims the whole account.

use serde_json::Value;
use sever_model::DoorKind;

use super::{Claim, Said, text, time};

/// What built-in tasks close, by the id of their definition.
const TASKS: [(&str, &[DoorKind]); 9] = [
    ("1dfdfcc7-52fa-4c2e-bf3a-e3919cc12950", &[DoorKind::Login]),
    ("8d18588d-9ad3-4c0f-99d0-ec215f0e3dff", &[]),
    ("509589a4-0466-4471-829e-49c5e502bdee", &[DoorKind::Session, DoorKind::RefreshToken]),
    ("b3a31406-2a15-4c9a-b25b-a658fa5f07fc", &[DoorKind::Membership]),
    ("1953a66c-751c-45e5-8bfe-01462c70da3c", &[DoorKind::Membership]),
    ("81f7b200-2816-4b3b-8c5d-dc556f07b024", &[DoorKind::Membership]),
    ("06aa7acb-01af-4824-8899-b14e5ed788d6", &[DoorKind::Membership]),
    ("42ae2956-193d-4f39-be06-691b8ac4fa1d", &[DoorKind::Membership]),
    ("4a0b64f2-c7ec-46ba-b117-18f262946c50", &[DoorKind::Membership]),
];

/// Whether a record is a result of a user or of a task.
pub(super) fn is(record: &Value) -> bool {
    text(record, "/processingStatus").is_some() && record.get("subject").is_some_and(Value::is_object)
}

/// Reads a result.
pub(super) fn read(record: &Value, said: &mut Said) {
    let tasks = record.get("taskProcessingResults").and_then(Value::as_array);
    match (tasks, record.get("task")) {
        (Some(tasks), _) => tasks.iter().for_each(|task| one(task, record, said)),
        (None, Some(_)) => one(record, record, said),
        (None, None) => whole(record, said),
    }
}

fn one(result: &Value, user: &Value, said: &mut Said) {
    let mut names = [names(result), names(user)].concat();
    names.dedup();
    let whom = names.first().cloned().unwrap_or_default();
    if !done(result) {
        return said.pass_over("for its own tool says that it is not done", &whom);
    }
    let id = text(result, "/task/taskDefinitionId").unwrap_or_default();
    let Some((_, kinds)) = TASKS.iter().find(|(known, _)| known.eq_ignore_ascii_case(id)) else {
        let name = text(result, "/task/displayName").unwrap_or(id);
        return said.pass_over(format!("for the task `{name}` closes no door"), &whom);
    };
    said.claims.push(claim(names, kinds.to_vec(), result));
}

/// A user's result without its tasks.
fn whole(result: &Value, said: &mut Said) {
    let names = names(result);
    let failed = result.get("failedTasksCount").and_then(Value::as_u64).unwrap_or(0);
    if !done(result) || failed > 0 {
        return said.pass_over("for its own tool says that it is not done", names.first().map_or("", String::as_str));
    }
    said.claims.push(claim(names, Vec::new(), result));
}

fn claim(names: Vec<String>, kinds: Vec<DoorKind>, result: &Value) -> Claim {
    Claim {
        names,
        system: None,
        kinds,
        at: time(result, "/completedDateTime"),
        tool: "the lifecycle workflow".to_owned(),
        ticket: text(result, "/id").map(|id| format!("result {id}")),
    }
}

fn done(result: &Value) -> bool {
    text(result, "/processingStatus").is_some_and(|status| status.eq_ignore_ascii_case("completed"))
}

fn names(result: &Value) -> Vec<String> {
    let paths = ["/subject/id", "/subject/userPrincipalName", "/subject/mail"];
    paths.iter().filter_map(|path| text(result, path)).map(str::to_owned).collect()
}
