//! Acts as claims of the proof log: what names nobody in the open, names and values committed to.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sever_model::{Act, Departure, DoorId, DoorState, PlanOf, WallTime, Work};
use sever_store::proof::{Claim, ClaimKind};

/// Longest private value that is stated; a longer one is cut.
const VALUE_CHARS_MAX: usize = 4_000;

/// An act as a claim. `number` is its place in the departure's journal, from 0; `case` is the departure with
/// the act in it.
pub fn claim(case: &Departure, number: usize, at: WallTime, act: &Act) -> Claim {
    let mut private = BTreeMap::new();
    let (kind, mut public) = said(case, act, &mut private);
    if let Some(members) = public.as_object_mut() {
        members.insert("act".to_owned(), json!(number));
    }
    let shortened = private.into_iter().filter(|(_, value): &(String, String)| !value.is_empty());
    let private = shortened.map(|(name, value)| (name, value.chars().take(VALUE_CHARS_MAX).collect())).collect();
    Claim { kind, departure: case.digest.clone(), at, public, private }
}

fn said(case: &Departure, act: &Act, private: &mut BTreeMap<String, String>) -> (ClaimKind, Value) {
    let mut keep = |name: &str, value: &str| {
        private.insert(name.to_owned(), value.to_owned());
    };
    match act {
        // INVARIANT: a plan's digest stands in no public word. It is the departure's id, and whoever has the
        // plan, whose names are then erased here, could tell by it whose statements these are.
        Act::Begun { digest } => {
            keep("plan", digest);
            keep("about", &about(&case.plan.about));
            keep("name", &case.plan.typed);
            let (doors, steps) = (case.plan.doors.len(), case.plan.steps.len());
            (ClaimKind::Plan, json!({ "doors": doors, "steps": steps }))
        }
        Act::Approved(approval) => {
            keep("plan", &approval.digest);
            keep("by", &approval.by);
            keep("signed_by", &approval.signed_by);
            (ClaimKind::Approval, json!({ "at": approval.at.to_string() }))
        }
        Act::Intended { step } => (ClaimKind::Intent, of_step(case, *step, &mut keep)),
        Act::Answered { step, receipt } => {
            let mut public = of_step(case, *step, &mut keep);
            keep("answer", &receipt.answer);
            set(&mut public, "said", json!(receipt.said));
            set(&mut public, "answered_at", json!(receipt.at.to_string()));
            (ClaimKind::Receipt, public)
        }
        Act::Failed { step, why, passing } => {
            let mut public = of_step(case, *step, &mut keep);
            keep("why", why);
            set(&mut public, "said", json!("failed"));
            set(&mut public, "passing", json!(passing));
            (ClaimKind::Receipt, public)
        }
        Act::Ticketed { step, owner, due_at, ticket } => {
            let mut public = of_step(case, *step, &mut keep);
            keep("owner", owner);
            keep("ticket", ticket);
            set(&mut public, "said", json!("handed off"));
            set(&mut public, "due_at", json!(due_at.to_string()));
            (ClaimKind::Receipt, public)
        }
        Act::Listed { connection, account, listing, gaps, doors, found } => {
            keep("connection", connection.as_str());
            keep("account", account.as_str());
            keep("gaps", &gaps.join("; "));
            let found_ids: Vec<&str> = found.iter().map(|it| it.door.id.as_str()).collect();
            keep("found", &found_ids.join(" "));
            (
                ClaimKind::Coverage,
                json!({ "listing": listing, "doors": doors, "found": found.len(), "gaps": gaps.len() }),
            )
        }
        Act::Tried { round, verdict } => {
            of_door(case, &verdict.door, &mut keep);
            keep("evidence", &verdict.evidence);
            keep("nonce", &verdict.nonce);
            let controls = verdict.controls.iter();
            let controls: Vec<Value> = controls.map(|it| json!({ "kind": it.kind, "held": it.held })).collect();
            let mut public = json!({
                "round": round,
                "state": verdict.state.word(),
                "strength": verdict.strength,
                "controls": controls,
                "tried_at": verdict.at.to_string(),
                "window_secs": verdict.window_secs,
            });
            match &verdict.state {
                DoorState::Unknown(why) => set(&mut public, "why", json!(why)),
                DoorState::Open { until: Some(until) } => set(&mut public, "until", json!(until.to_string())),
                DoorState::Open { until: None } | DoorState::Closed => {}
            }
            (ClaimKind::Verdict, public)
        }
        Act::Ended => {
            let counts = case.counts();
            (ClaimKind::Coverage, json!({ "ended": true, "counts": counts, "gaps": case.gaps.len() }))
        }
    }
}

/// What names nobody of a step; its door and what it does are committed to.
fn of_step(case: &Departure, number: u32, keep: &mut dyn FnMut(&str, &str)) -> Value {
    let Some(step) = case.steps.iter().map(|it| &it.step).find(|step| step.number == number) else {
        return json!({ "step": number });
    };
    of_door(case, &step.door, keep);
    keep("how", &step.how);
    let mut public = json!({ "step": number, "phase": step.phase, "window_secs": step.window_secs });
    match &step.work {
        Work::Operate(operation) => {
            keep("connection", operation.connection.as_str());
            keep("target", &operation.target);
            set(&mut public, "verb", json!(operation.verb));
        }
        Work::HandOff { .. } => set(&mut public, "verb", json!("hand-off")),
    }
    public
}

fn of_door(case: &Departure, id: &DoorId, keep: &mut dyn FnMut(&str, &str)) {
    keep("door", id.as_str());
    if let Some(account) = case.door(id).and_then(|it| it.door.account.as_ref()) {
        keep("account", account.as_str());
    }
}

fn about(about: &PlanOf) -> String {
    match about {
        PlanOf::Person { id, .. } => format!("person {id}"),
        PlanOf::Credential { id } => format!("credential {id}"),
        PlanOf::Account { id } => format!("account {id}"),
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
