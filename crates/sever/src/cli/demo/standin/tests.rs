//! What the stand-ins let in, before a cut and after it, and what their probes make of that.

use sever_graph::SystemLink;
use sever_model::act::{Action, Clock as _, Cx, Probe as _, Secrets, Trial};
use sever_model::{
    AccountId, Approval, Coverage, Door, DoorKind, DoorState, EventTime, Plan, PlanOf, Request, Secret, Span, Step,
    SystemId, WallTime, Work,
};

use super::{Answer, CACHE, Presented, StandIns, State, links};

const LIFETIME: Span = Span::secs(3_600);
const START: WallTime = WallTime::from_secs(1_735_635_600);

/// Derives nothing worth keeping.
struct Plain;

impl Secrets for Plain {
    fn derive(&self, purpose: &str) -> Secret<String> {
        Secret::new(format!("instead of {purpose}"))
    }
}

fn state() -> State {
    let mut state = State { lifetime: LIFETIME, ..State::default() };
    for login in ["bob", "zoe", "netadmin"] {
        state.add_account(&AccountId::from(format!("ad/{login}").as_str()), login, EventTime::MIN, true);
    }
    state.add_key("kid-1", &"id".into(), (EventTime::MIN, EventTime::MAX));
    state
}

fn door(system: &str, kind: DoorKind, native: &str) -> Door {
    let mut door = Door::new(&system.into(), kind, native);
    door.account = (kind != DoorKind::SigningKey).then(|| format!("{system}/{native}").as_str().into());
    door
}

/// A plan of what the stand-ins propose for some doors, and nothing else.
fn plan(doors: &[Door], stand_ins: &std::sync::Arc<StandIns>, links: &[SystemLink]) -> Plan {
    let mut steps = Vec::new();
    for door in doors {
        let Some(link) = links.iter().find(|link| link.system == door.system) else { continue };
        for draft in stand_ins.port(link).steps(door) {
            steps.push(Step {
                number: steps.len() as u32 + 1,
                door: door.id.clone(),
                phase: draft.phase,
                work: Work::Operate(draft.operation),
                how: draft.how,
                reason: draft.reason,
                after: Vec::new(),
                breaks: Vec::new(),
                inverse: draft.inverse,
                replaces_secret: draft.replaces_secret,
                window_secs: draft.window.as_secs(),
            });
        }
    }
    Plan {
        version: 1,
        about: PlanOf::Account { id: "ad/bob".into() },
        typed: "bob".to_owned(),
        made_at: START,
        not_before: None,
        doors: Vec::new(),
        steps,
        swept: Vec::new(),
        excluded: Vec::new(),
        not_covered: Vec::new(),
        coverage: Coverage::default(),
    }
}

/// Does everything that closes some doors, twice.
fn closed(doors: &[Door], gateways: &[SystemId]) -> std::sync::Arc<StandIns> {
    let stand_ins = StandIns::at(START, state());
    let links = links(&state(), gateways);
    let plan = plan(doors, &stand_ins, &links);
    let digest = plan.digest();
    let approvals = [Approval { digest: digest.clone(), by: "ann".into(), at: START, signed_by: "a key".into() }];
    let request = Request { digest: &digest, typed: "bob", approvals: &approvals, tripped: None, now: START };
    let approved = plan.approve(&request).unwrap();
    let cx = Cx { clock: &*stand_ins, secrets: &Plain, patience: Span::secs(1) };
    for _ in 0..2 {
        for step in approved.steps() {
            let link = links.iter().find(|link| link.connection == step.operation().connection).unwrap();
            stand_ins.port(link).execute(&step, &cx).unwrap();
        }
    }
    stand_ins
}

/// What a probe says of a door, with what was taken along.
fn tried(stand_ins: &std::sync::Arc<StandIns>, door: &Door, replaced: bool) -> (DoorState, String) {
    let links = links(&state(), &["gateway".into()]);
    let link = links.iter().find(|link| link.system == door.system).unwrap();
    let taken = stand_ins.taken(door);
    let trial = Trial { nonce: "n", secret: taken.as_ref(), replaced };
    let cx = Cx { clock: &**stand_ins, secrets: &Plain, patience: Span::secs(1) };
    let tried = stand_ins.port(link).try_door(door, &trial, &cx);
    assert!(tried.controls.iter().all(|control| control.held), "{:?}", tried.controls);
    (tried.state, tried.evidence)
}

#[test]
fn an_account_opens_by_its_secret_until_it_is_disabled() {
    let bob = door("ad", DoorKind::Login, "bob");
    let open = StandIns::at(START, state());
    assert_eq!(tried(&open, &bob, false).0, DoorState::Open { until: None });
    let shut = closed(std::slice::from_ref(&bob), &[]);
    let (is, why) = tried(&shut, &bob, false);
    assert_eq!((is, why.as_str()), (DoorState::Closed, Answer::Disabled.words()));
    let (before, after) = (state(), shut.state());
    let secret = before.secret("ad", "bob").unwrap();
    assert_eq!(after.sign_in("ad", "bob", secret), Answer::Disabled);
    assert_eq!(after.sign_in("ad", "bob", "a guess"), Answer::WrongSecret);
    assert_eq!(after.sign_in("ad", "zoe", after.secret("ad", "zoe").unwrap()), Answer::LetIn);
}

#[test]
fn a_shared_secret_that_was_taken_along_is_worth_nothing_once_replaced() {
    let shared = door("ad", DoorKind::Secret, "netadmin");
    let shut = closed(std::slice::from_ref(&shared), &[]);
    assert_eq!(tried(&shut, &shared, true).0, DoorState::Closed);
    let (before, after) = (state(), shut.state());
    assert_eq!(after.sign_in("ad", "netadmin", before.secret("ad", "netadmin").unwrap()), Answer::WrongSecret);
    assert_eq!(after.sign_in("ad", "netadmin", after.secret("ad", "netadmin").unwrap()), Answer::LetIn);
}

#[test]
fn a_key_that_was_read_opens_no_gateway_once_rotated_and_nobody_honest_is_turned_away() {
    let doors = [door("id", DoorKind::SigningKey, "kid-1"), door("gateway", DoorKind::SigningKey, "kid-1")];
    let shut = closed(&doors, &["gateway".into()]);
    let (before, after) = (state(), shut.state());
    let at = |secs: i64| START.as_event().plus(Span::secs(secs));
    let present = |by: &State, signer: &str, said: &str, secs| {
        let signature = by.sign(signer, "bob").unwrap();
        after.present("gateway", &Presented { key_id: said, claims: "bob", signature }, at(secs))
    };
    // Minted at any second, used at once and at the end of its life: always let in.
    for minted in (-3_600..3 * 3_600).step_by(60) {
        let signer = after.signer("kid-1", at(minted));
        for used in [minted, minted + LIFETIME.as_secs()].into_iter().filter(|used| *used >= 0) {
            assert_eq!(present(&after, signer, signer, used), Answer::LetIn, "minted {minted}, used {used}");
        }
    }
    let over = LIFETIME.plus(CACHE).plus(CACHE).plus(CACHE).as_secs();
    // The overlap that spares the honest spares the forger as long, and the trials say so.
    assert_eq!(present(&before, "kid-1", "kid-1", over - 1), Answer::LetIn);
    assert_eq!(tried(&shut, &doors[1], false).0, DoorState::Open { until: None });
    shut.wait(Span::secs(over));
    assert_eq!(present(&before, "kid-1", "kid-1", over), Answer::UnknownKey);
    assert_eq!(present(&before, "kid-1", "kid-1-next", over), Answer::WrongSignature);
    assert_eq!(tried(&shut, &doors[0], false).0, DoorState::Closed);
    assert_eq!(tried(&shut, &doors[1], false).0, DoorState::Closed);
}

#[test]
fn a_gateway_that_nobody_told_goes_by_what_it_has_fetched_a_little_longer() {
    let shut = closed(&[door("id", DoorKind::SigningKey, "kid-1")], &["gateway".into()]);
    let gone = START.as_event().plus(LIFETIME).plus(CACHE).plus(CACHE).plus(CACHE);
    let signature = state().sign("kid-1", "bob").unwrap();
    let token = Presented { key_id: "kid-1", claims: "bob", signature };
    assert_eq!(shut.state().present("gateway", &token, gone), Answer::LetIn);
    assert_eq!(shut.state().present("gateway", &token, gone.plus(CACHE)), Answer::UnknownKey);
    assert_eq!(shut.state().present("id", &token, gone), Answer::UnknownKey);
}
