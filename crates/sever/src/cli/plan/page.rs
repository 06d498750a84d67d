//! A plan on a screen: doors as they are closed, what is left alone, what is not covered.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sever_graph::Asked;
use sever_model::{CredentialKind, DoorKind, EventTime, Inventory, Phase, Plan, PlanOf, PlannedDoor, Why, Work};

use crate::render::{Align, Sheet};

/// Mark of what may break something.
const RISK: &str = "⚠";

pub(super) fn sheet(plan: &Plan, inventory: &Inventory, asked: Asked) -> Sheet {
    let columns = [
        "#",
        "door",
        "opens",
        "how",
        "may_break",
        "id",
        "kind",
        "held",
        "evidence",
        "steps",
        "until",
        "last_used",
        "tried_by",
    ];
    let mut sheet =
        Sheet::new("plan", title(plan, inventory, asked), &columns).brief(&["#", "door", "opens", "how", "may_break"]);
    for column in &mut sheet.columns {
        if matches!(&*column.name, "opens" | "how" | "may_break" | "evidence") {
            column.align = Align::Text;
        }
    }
    for (at, planned) in plan.doors.iter().enumerate() {
        let row = row(plan, at + 1, planned);
        sheet.rows.push(row);
    }
    let mut notes = Vec::new();
    notes.extend(plan.excluded.iter().map(|one| format!("left alone: {} ({})", name(&one.door), one.reason)));
    notes.extend(plan.not_covered.iter().map(|gap| format!("not covered: {gap}")));
    notes.extend(waits(plan));
    notes.push(summary(plan));
    sheet.notes = notes;
    sheet
}

/// `Alice Kim · Platform · last day 2026-09-30 · access ends … · 5 accounts, 9 credentials`.
fn title(plan: &Plan, inventory: &Inventory, asked: Asked) -> String {
    let mut parts = vec![plan.typed.clone()];
    match (&plan.about, asked) {
        (PlanOf::Person { end, why, .. }, Asked::Person(ix)) => {
            let stint = inventory.stints(ix).last();
            parts.extend(stint.map(|stint| stint.it.team.clone()).filter(|team| !team.is_empty()));
            let day = stint.and_then(|stint| stint.it.last_day.clone());
            parts.extend(day.filter(|_| *why == Why::Leaves).map(|day| format!("last day {day}")));
            parts.extend(end.map(|end| format!("access ends {end}")));
            parts.extend((*why == Why::Moves).then(|| "moves".to_owned()));
        }
        (PlanOf::Credential { .. }, Asked::Credential(ix)) => {
            let kind = inventory.credential(ix).map(|entry| entry.it.kind);
            let what = if kind == Some(CredentialKind::SigningKey) { "a signing key that is out" } else { "it is out" };
            parts.push(what.to_owned());
        }
        _ => {}
    }
    let accounts = plan.doors.iter().filter(|it| it.door.kind == DoorKind::Login).count();
    let is_credential = |kind: DoorKind| {
        matches!(
            kind,
            DoorKind::ApiKey | DoorKind::SshKey | DoorKind::Certificate | DoorKind::Secret | DoorKind::SigningKey
        )
    };
    // A key is one, however many believe it.
    let credentials = plan.doors.iter().filter(|it| is_credential(it.door.kind));
    let credentials: BTreeSet<&str> = credentials
        .map(|it| it.door.credential.as_ref().map_or(it.door.id.as_str(), |credential| credential.as_str()))
        .collect();
    let credentials = credentials.len();
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    parts.push(format!("{}, {}", plural(accounts, "account"), plural(credentials, "credential")));
    parts.join(" · ")
}

fn name(door: &sever_model::Door) -> &str {
    if door.title.is_empty() { door.id.as_str() } else { &door.title }
}

fn row(plan: &Plan, number: usize, planned: &PlannedDoor) -> Vec<Value> {
    let door = &planned.door;
    let held = planned.strength.map(|strength| strength.words());
    let how = match held {
        Some(held) => format!("{} ({held})", planned.how),
        None => planned.how.clone(),
    };
    let may_break = match planned.breaks.as_slice() {
        [] => String::new(),
        breaks => format!("{RISK} {}", breaks.join("; ")),
    };
    let steps = plan.steps.iter().filter(|step| step.door == door.id);
    let steps: Vec<String> = steps.map(|step| format!("{} {}", step.number, step.phase.word())).collect();
    let time = |at: Option<EventTime>| at.map_or(Value::Null, |at| json!(at));
    vec![
        json!(number),
        json!(name(door)),
        text(&door.opens),
        json!(how),
        text(&may_break),
        json!(door.id),
        json!(door.kind),
        json!(held),
        json!(planned.evidence),
        json!(steps.join(", ")),
        time(door.until),
        time(door.last_used),
        json!(planned.connection),
    ]
}

fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

/// When it may begin, where it may not now.
fn waits(plan: &Plan) -> Option<String> {
    plan.not_before.map(|begin| format!("not to begin before {begin}"))
}

/// How many doors and steps, and what of them wants a look.
fn summary(plan: &Plan) -> String {
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let count = |phase: Phase| plan.steps.iter().filter(|step| step.phase == phase).count();
    let phases = [Phase::Contain, Phase::HandOver, Phase::Rotate, Phase::Cut];
    let phases: Vec<String> = phases.iter().map(|phase| format!("{} {}", count(*phase), phase.word())).collect();
    let risky = plan.doors.iter().filter(|planned| !planned.breaks.is_empty()).count();
    let asked = plan.steps.iter().filter(|step| matches!(step.work, Work::HandOff { .. })).count();
    let untried = plan.doors.iter().filter(|planned| planned.connection.is_none()).count();
    let mut parts = vec![
        plural(plan.doors.len(), "door"),
        format!("{} ({})", plural(plan.steps.len(), "step"), phases.join(", ")),
        format!("{risky} may break something"),
    ];
    let mut also = |count: usize, what: &str| parts.extend((count > 0).then(|| format!("{count} {what}")));
    also(asked, "only asked for");
    also(untried, "that nothing here can try");
    also(plan.excluded.len(), "left alone");
    also(plan.not_covered.len(), "not covered");
    parts.join(" · ")
}
