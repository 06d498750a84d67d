//! A departure on a screen: every door with its verdict, what is not done, what was not seen.

use std::path::Path;

use serde_json::json;
use sever_model::{Departure, DoorCase, DoorState, Round, StepState, Verdict};

use crate::exit::Exit;
use crate::render::{Align, Sheet};

/// The sheet of `cut` and `verify`.
pub(crate) fn sheet(command: &'static str, case: &Departure) -> Sheet {
    let columns =
        ["door", "verdict", "how_known", "evidence", "tried", "closed_since", "before", "steps", "id", "kind"];
    let mut sheet = Sheet::new(command, format!("{} · plan {}", case.plan.typed, short(&case.digest)), &columns)
        .brief(&["door", "verdict", "how_known", "evidence", "tried"]);
    for column in &mut sheet.columns {
        if matches!(&*column.name, "evidence" | "steps") {
            column.align = Align::Text;
        }
    }
    for door in &case.doors {
        let latest = door.latest();
        sheet.rows.push(vec![
            json!(title(door)),
            json!(words(door)),
            json!(latest.map(|verdict| verdict.strength.words())),
            json!(latest.map_or_else(String::new, evidence)),
            json!(latest.map(|verdict| verdict.at.to_string())),
            json!(door.closed_since().map(|at| at.to_string())),
            json!(door.before().map(|verdict| verdict.state.word())),
            json!(steps(case, door)),
            json!(door.door.id),
            json!(door.door.kind),
        ]);
    }
    let found = case.doors.iter().filter(|door| door.found).count();
    if found > 0 {
        sheet.notes.push(format!("{found} of them were made since the plan, and found by listing again"));
    }
    for step in case.steps.iter().filter(|step| !step.is_done()) {
        let why = match &step.state {
            StepState::Failed { why, .. } => why.clone(),
            StepState::Intended => "it was begun, and no answer is known".to_owned(),
            _ => "it waits for another that is not done".to_owned(),
        };
        sheet.notes.push(format!("not done: step {}, {} ({why})", step.step.number, step.step.how));
    }
    sheet.notes.extend(case.gaps.iter().map(|gap| format!("not covered: {gap}")));
    sheet.notes.extend(case.plan.not_covered.iter().map(|gap| format!("not covered: {gap}")));
    let counts = case.counts();
    sheet.notes.push(format!(
        "{} open · {} unknown · {} closed, {} of them proven by trying",
        counts.open, counts.unknown, counts.closed, counts.proven
    ));
    sheet
}

/// The codes that doors make.
pub(crate) fn exits(case: &Departure) -> Vec<Exit> {
    let counts = case.counts();
    let mut exits = Vec::new();
    if counts.open > 0 {
        exits.push(Exit::DoorsOpen);
    }
    if counts.unknown > 0 {
        exits.push(Exit::DoorsUnknown);
    }
    if !case.gaps.is_empty() || !case.plan.not_covered.is_empty() {
        exits.push(Exit::CoverageIncomplete);
    }
    if exits.is_empty() {
        exits.push(Exit::Clean);
    }
    exits
}

/// What to do next.
pub(crate) fn next(case: &Departure, thing: &str, plan: &Path) -> String {
    let counts = case.counts();
    let departure = &case.digest;
    match (counts.open + counts.unknown, case.steps.iter().all(|step| step.is_done())) {
        (0, true) => format!(
            "the proof: `sever proof export --departure {departure} --out proof`; again later: `sever verify {thing}`"
        ),
        (_, false) => format!("go on: `sever cut {thing} --plan {} --resume`", plan.display()),
        (_, true) => format!("what is open or unknown is tried again by `sever verify {thing}`"),
    }
}

/// The beginning of a digest, as it is shown.
pub(crate) fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

fn title(door: &DoorCase) -> String {
    match door.door.title.as_str() {
        "" => door.door.id.to_string(),
        title => title.to_owned(),
    }
}

/// `CLOSED`, `OPEN until …`, `UNKNOWN`: words before colour.
fn words(door: &DoorCase) -> String {
    match door.state() {
        DoorState::Closed => "closed".to_owned(),
        DoorState::Open { until: Some(until) } => format!("OPEN until {until}"),
        DoorState::Open { until: None } => "OPEN".to_owned(),
        DoorState::Unknown(_) => "UNKNOWN".to_owned(),
    }
}

/// What was answered; of an unknown door, why it is unknown before.
fn evidence(verdict: &Verdict) -> String {
    match &verdict.state {
        DoorState::Unknown(why) => format!("{why}: {}", verdict.evidence),
        _ => verdict.evidence.clone(),
    }
}

fn steps(case: &Departure, door: &DoorCase) -> String {
    let of = case.steps_of(&door.door.id).map(|step| {
        let state = match &step.state {
            StepState::NotBegun => "not begun".to_owned(),
            StepState::Intended => "begun".to_owned(),
            StepState::Answered(receipt) => format!("{:?}: {}", receipt.said, receipt.answer).to_lowercase(),
            StepState::Failed { why, .. } => format!("failed: {why}"),
            StepState::Ticketed { due_at, ticket } => format!("asked, due {due_at} ({ticket})"),
        };
        format!("{} {}: {state}", step.step.number, step.step.how)
    });
    let mut all: Vec<String> = of.collect();
    if door.verdicts.iter().any(|(round, _)| *round == Round::Again) {
        all.push("tried again later".to_owned());
    }
    all.join("; ")
}
