//! Cutting on a simulated system that fails in every way that real ones do. Seeds are printed.

mod world;

use std::sync::Arc;

use sever_model::{Act, ActRow, Departure, DoorKind, DoorState, Inverse, Round, Span, StepState, UnknownWhy, WallTime};

use super::CutEnd;
use world::{Call, Fault, Kept, START, World, real, run};

fn closed(case: &Departure) -> usize {
    case.counts().proven
}

/// INVARIANT of every test: what a verdict calls closed is closed when it is tried.
fn honest(world: &World, case: &Departure) {
    for door in &case.doors {
        for (round, verdict) in &door.verdicts {
            if verdict.state == DoorState::Closed {
                assert!(!world.is_open(&verdict.door, verdict.at), "{} {round:?} {verdict:?}", verdict.door);
            }
        }
    }
}

#[test]
fn every_door_is_closed_once_and_proven_past_its_window() {
    let world = Arc::new(World::with(8));
    let (plan, mut journal) = (world.plan(), Kept::default());
    let (end, case) = run(&world, &plan, &["ann"], &mut journal).unwrap();
    assert_eq!((end, closed(&case)), (CutEnd::Done, 8));
    assert!(world.real.lock().unwrap().values().all(|real| real.effects == 1));
    honest(&world, &case);
    for door in &case.doors {
        assert!(matches!(door.before().unwrap().state, DoorState::Open { .. }), "{}", door.door.id);
        let last = door.verdicts.last().unwrap();
        assert_eq!(last.0, Round::Settled);
        assert!(last.1.at >= case.settles_at(&door.door.id).unwrap(), "tried within the window only");
    }
}

#[test]
fn intent_is_written_before_effect() {
    let world = Arc::new(World::with(4));
    let (plan, mut journal) = (world.plan(), Kept::default());
    run(&world, &plan, &["ann"], &mut journal).unwrap();
    for step in &plan.steps {
        let at = |wanted: &dyn Fn(&Act) -> bool| journal.rows.iter().position(|row| wanted(&row.act)).unwrap();
        let intended = at(&|act| matches!(act, Act::Intended { step: number } if *number == step.number));
        let answered = at(&|act| matches!(act, Act::Answered { step: number, .. } if *number == step.number));
        assert!(intended < answered);
    }
    // And where the intent cannot be written, nothing is asked: the first write that fails is an intent's.
    for killed in 0.. {
        let world = Arc::new(World::with(4));
        let mut journal = Kept { killed: Some((killed, false)), ..Kept::default() };
        if run(&world, &plan, &["ann"], &mut journal).is_ok() {
            break;
        }
        let intended = journal.rows.iter().filter(|row| matches!(row.act, Act::Intended { .. })).count();
        assert!(world.count(Call::Execute) <= intended, "killed at write {killed}");
    }
}

#[test]
fn killed_at_every_boundary_nothing_is_skipped_and_nothing_that_was_answered_is_done_again() {
    for written in [false, true] {
        for killed in 0.. {
            let world = Arc::new(World::with(6));
            let plan = world.plan();
            let mut journal = Kept { killed: Some((killed, written)), ..Kept::default() };
            if run(&world, &plan, &["ann"], &mut journal).is_ok() {
                // It ended before so many writes: every boundary has been tried.
                assert!(killed > 10, "only {killed} boundaries");
                break;
            }
            let answered = |rows: &[ActRow]| -> Vec<u32> {
                let of = rows.iter().filter_map(|row| match &row.act {
                    Act::Answered { step, .. } => Some(*step),
                    _ => None,
                });
                of.collect()
            };
            let before = answered(&journal.rows);
            let mark = journal.rows.len();
            let (end, case) = run(&world, &plan, &["ann"], &mut journal).unwrap();
            let what = format!("killed at write {killed}, written: {written}");
            assert_eq!((end, closed(&case)), (CutEnd::Done, 6), "{what}");
            let again = answered(&journal.rows[mark..]);
            assert!(again.iter().all(|step| !before.contains(step)), "{what}: {before:?} again {again:?}");
            assert!(world.real.lock().unwrap().values().all(|real| real.effects == 1), "{what}");
            honest(&world, &case);
        }
    }
}

/// The disk is full at every write, by enumeration: nothing is done whose intent is not durable, nothing
/// at all while it stays full, and once there is room it goes on.
#[test]
fn full_at_every_write_nothing_is_done_and_with_room_it_goes_on() {
    for width in [1, 4] {
        for room in 0.. {
            let mut world = World::with(6);
            world.width = width;
            let world = Arc::new(world);
            let plan = world.plan();
            let what = format!("room for {room} writes, {width} at once");
            let mut journal = Kept { room: Some(room), ..Kept::default() };
            let Err(error) = run(&world, &plan, &["ann"], &mut journal) else {
                assert!(room > 10, "only {room} writes");
                break;
            };
            assert!(error.to_string().contains("full"), "{what}: {error}");
            let intended = journal.rows.iter().filter(|row| matches!(row.act, Act::Intended { .. })).count();
            let done = world.count(Call::Execute);
            assert!(done <= intended, "{what}: {done} of {intended} intended");
            // Full still: the beginning cannot be written, and nobody is asked for anything.
            let asked = world.calls.lock().unwrap().clone();
            assert!(run(&world, &plan, &["ann"], &mut journal).is_err(), "{what}");
            assert_eq!(*world.calls.lock().unwrap(), asked, "{what}");

            journal.room = None;
            let (end, case) = run(&world, &plan, &["ann"], &mut journal).unwrap();
            assert_eq!((end, closed(&case)), (CutEnd::Done, 6), "{what}");
            assert!(world.real.lock().unwrap().values().all(|real| real.effects == 1), "{what}");
            honest(&world, &case);
        }
    }
}

/// A system whose clock is hours from ours: nothing is closed by that, windows are counted by ours, and
/// nobody waits for theirs.
#[test]
fn a_clock_that_is_hours_off_closes_nothing_and_is_not_waited_for() {
    for seed in 0..200_u64 {
        let key = sever_model::FingerprintKey::new(*b"skews of a test!");
        let chance = |what: &str, of: u64| (key.hash64(format!("{seed} {what}").as_bytes()) % of) as i64;
        let mut world = World::with(6);
        world.skew = Span::secs(chance("skew", 48 * 3_600) - 24 * 3_600);
        world.takes = Span::secs(chance("takes", 9));
        // Some of them end by themselves, in the time that the system has, hours from now.
        for (at, real) in world.real.get_mut().unwrap().values_mut().enumerate() {
            let there = WallTime::from_secs(START).plus(world.skew);
            let ends = chance(&format!("ends {at}"), 2) == 0;
            real.until = ends.then(|| there.plus(Span::secs(3_600 + chance(&format!("until {at}"), 36_000))));
        }
        // One lies, so that something is open in the end.
        let liar = chance("liar", 6) as usize;
        world.fault = Box::new(move |call, at| (call == Call::Execute && at == liar).then_some(Fault::Lies));
        let what =
            format!("seed {seed}: a clock {} s off, {} s until closed", world.skew.as_secs(), world.takes.as_secs());
        let world = Arc::new(world);
        let (end, case) = run(&world, &world.plan(), &["ann"], &mut Kept::default()).unwrap();
        honest(&world, &case);
        assert_eq!((end, closed(&case), case.counts().open), (CutEnd::Done, 5, 1), "{what}");
        let took = world_now(&world).since(WallTime::from_secs(START));
        assert!(took < Span::secs(60), "{what}: it took {} s of ours", took.as_secs());
        for door in &case.doors {
            let StepState::Answered(receipt) = &case.steps_of(&door.door.id).next().unwrap().state else {
                panic!("{what}: not answered")
            };
            let off = receipt.at.since(WallTime::from_secs(START));
            assert!(off >= Span::ZERO && off < Span::secs(60), "{what}: answered at {} by our clock", receipt.at);
            let (round, last) = door.verdicts.last().unwrap();
            assert_eq!(*round, Round::Settled, "{what}");
            assert!(last.at >= receipt.at.plus(Span::secs(10)), "{what}: tried within its window only");
        }
    }
}

#[test]
fn who_says_done_and_does_nothing_is_found_open() {
    let mut world = World::with(3);
    world.fault = Box::new(|call, at| (call == Call::Execute && at == 1).then_some(Fault::Lies));
    let world = Arc::new(world);
    let (end, case) = run(&world, &world.plan(), &["ann"], &mut Kept::default()).unwrap();
    assert_eq!((end, case.counts().open, closed(&case)), (CutEnd::Done, 1, 2));
    honest(&world, &case);
}

#[test]
fn a_lost_answer_is_asked_again_and_the_effect_is_one() {
    let mut world = World::with(3);
    world.fault = Box::new(|call, at| (call == Call::Execute && at < 2).then_some(Fault::LosesAnswer));
    let world = Arc::new(world);
    let (end, case) = run(&world, &world.plan(), &["ann"], &mut Kept::default()).unwrap();
    assert_eq!((end, closed(&case)), (CutEnd::Done, 3));
    assert!(world.real.lock().unwrap().values().all(|real| real.effects == 1));
}

#[test]
fn who_asks_to_wait_is_waited_for() {
    let mut world = World::with(2);
    world.fault = Box::new(|call, at| (call == Call::Execute && at == 0).then_some(Fault::RateLimits));
    let world = Arc::new(world);
    let mut journal = Kept::default();
    let (end, case) = run(&world, &world.plan(), &["ann"], &mut journal).unwrap();
    assert_eq!((end, closed(&case)), (CutEnd::Done, 2));
    let first = case.steps[0].clone();
    let StepState::Answered(receipt) = first.state else { panic!("{first:?}") };
    assert!(receipt.at >= WallTime::from_secs(START + 90), "not waited for");
}

#[test]
fn to_be_asked_to_wait_often_is_no_failure_and_for_ever_is_one() {
    // Each time for 90 to 135 seconds: twenty times is less than an hour.
    let mut world = World::with(1);
    world.fault = Box::new(|call, at| (call == Call::Execute && at < 20).then_some(Fault::RateLimits));
    let world = Arc::new(world);
    let (end, case) = run(&world, &world.plan(), &["ann"], &mut Kept::default()).unwrap();
    assert_eq!((end, closed(&case), world.count(Call::Execute)), (CutEnd::Done, 1, 21));

    let mut world = World::with(1);
    world.fault = Box::new(|call, _| (call == Call::Execute).then_some(Fault::RateLimits));
    let world = Arc::new(world);
    let (end, case) = run(&world, &world.plan(), &["ann"], &mut Kept::default()).unwrap();
    assert_eq!((end, case.counts().open), (CutEnd::Partly, 1));
    assert!((27..=40).contains(&world.count(Call::Execute)), "{}", world.count(Call::Execute));
}

#[test]
fn who_goes_away_half_way_leaves_unknown_and_is_gone_on_with_later() {
    let mut world = World::with(5);
    let gone = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = gone.clone();
    world.fault = Box::new(move |call, at| {
        let down = flag.load(std::sync::atomic::Ordering::SeqCst);
        let half = (call == Call::Execute && at >= 3) || (call == Call::Try && at >= 5);
        (half && !down).then_some(Fault::Gone)
    });
    let world = Arc::new(world);
    let (plan, mut journal) = (world.plan(), Kept::default());
    let (end, case) = run(&world, &plan, &["ann"], &mut journal).unwrap();
    assert_eq!(end, CutEnd::Partly);
    assert_eq!(case.counts().closed, 0, "nobody could try any");
    assert!(case.doors.iter().all(|door| door.state() == DoorState::Unknown(UnknownWhy::Unreachable)));
    gone.store(true, std::sync::atomic::Ordering::SeqCst);
    let (end, case) = run(&world, &plan, &["ann"], &mut journal).unwrap();
    assert_eq!((end, closed(&case)), (CutEnd::Done, 5));
}

#[test]
fn a_refused_step_is_not_asked_again_and_its_door_is_open() {
    let mut world = World::with(2);
    world.fault = Box::new(|call, at| (call == Call::Execute && at == 0).then_some(Fault::Refuses));
    let world = Arc::new(world);
    let (end, case) = run(&world, &world.plan(), &["ann"], &mut Kept::default()).unwrap();
    assert_eq!((end, case.counts().open), (CutEnd::Partly, 1));
    assert_eq!(world.count(Call::Execute), 2);
}

#[test]
fn what_was_made_meanwhile_is_found_and_closed_in_the_same_way() {
    let world = Arc::new(World::with(2));
    let plan = world.plan();
    let mut early = real(DoorKind::ApiKey, "made-after-the-plan");
    early.listed_from = WallTime::from_secs(START);
    let mut late = real(DoorKind::Session, "made-while-cutting");
    late.listed_from = WallTime::from_secs(START + 3);
    world.add(early);
    world.add(late);
    let (end, case) = run(&world, &plan, &["ann"], &mut Kept::default()).unwrap();
    assert_eq!((end, case.doors.len(), closed(&case)), (CutEnd::Done, 4, 4));
    assert_eq!(case.doors.iter().filter(|door| door.found).count(), 2);
    honest(&world, &case);
}

#[test]
fn what_only_facts_told_of_and_the_listing_shows_is_closed_and_not_only_asked_for() {
    let world = Arc::new(World::with(2));
    let mut plan = world.plan();
    for step in &mut plan.steps {
        step.work = sever_model::Work::HandOff { owner: "helpdesk".to_owned(), deadline_secs: 60 };
        step.window_secs = 0;
    }
    let (end, case) = run(&world, &plan, &["ann"], &mut Kept::default()).unwrap();
    assert_eq!((end, case.doors.len(), closed(&case)), (CutEnd::Done, 2, 2));
    honest(&world, &case);
}

#[test]
fn what_cannot_be_undone_and_nobody_saw_in_the_plan_is_left_to_two_people() {
    for (people, expected) in [(&["ann"][..], (CutEnd::Partly, 1)), (&["ann", "zoe"][..], (CutEnd::Done, 0))] {
        let world = Arc::new(World::with(1));
        let plan = world.plan();
        let mut key = real(DoorKind::ApiKey, "made-after-the-plan");
        key.reversible = false;
        world.add(key);
        let (end, case) = run(&world, &plan, people, &mut Kept::default()).unwrap();
        assert_eq!((end, case.counts().open), expected);
    }
}

#[test]
fn who_is_made_anew_by_signing_in_is_found_open_again() {
    let world = World::with(1);
    for real in world.real.lock().unwrap().values_mut() {
        real.reopens_at = Some(WallTime::from_secs(START + 8));
    }
    let world = Arc::new(world);
    let (end, case) = run(&world, &world.plan(), &["ann"], &mut Kept::default()).unwrap();
    assert_eq!((end, case.counts().open, case.counts().closed), (CutEnd::Done, 1, 0));
    assert!(
        case.doors[0].verdicts.iter().any(|(round, it)| *round == Round::Settling && it.state == DoorState::Closed)
    );
}

#[test]
fn a_window_longer_than_promised_is_open_now_and_closed_in_the_next_run() {
    let mut world = World::with(1);
    world.takes = Span::secs(300);
    let world = Arc::new(world);
    let (plan, mut journal) = (world.plan(), Kept::default());
    let (_, case) = run(&world, &plan, &["ann"], &mut journal).unwrap();
    assert_eq!(case.counts().open, 1);
    world.now.fetch_add(400_000_000, std::sync::atomic::Ordering::SeqCst);
    let (_, case) = run(&world, &plan, &["ann"], &mut journal).unwrap();
    assert_eq!(closed(&case), 1);
}

#[test]
fn under_any_faults_closed_means_closed_and_without_them_all_is_closed_in_the_end() {
    let faults = [Fault::Lies, Fault::LosesAnswer, Fault::RateLimits, Fault::Gone, Fault::Refuses];
    for seed in 0..200_u64 {
        let key = sever_model::FingerprintKey::new(*b"faults of a test");
        let calm = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let flag = calm.clone();
        let mut world = World::with(6);
        world.fault = Box::new(move |call, at| {
            let hash = key.hash64(format!("{seed} {call:?} {at}").as_bytes());
            let storm = !flag.load(std::sync::atomic::Ordering::SeqCst) && hash % 10 < 3;
            storm.then(|| faults[(hash / 16 % 5) as usize])
        });
        let world = Arc::new(world);
        let (plan, mut journal) = (world.plan(), Kept::default());
        let (_, case) = run(&world, &plan, &["ann"], &mut journal).unwrap();
        honest(&world, &case);
        // Whoever lied is open and known to be: it is closed only by a new plan, for its steps are done.
        calm.store(true, std::sync::atomic::Ordering::SeqCst);
        let (end, case) = run(&world, &plan, &["ann"], &mut journal).unwrap();
        honest(&world, &case);
        assert_eq!(end, CutEnd::Done, "seed {seed}");
        for door in &case.doors {
            let really = world.is_open(&door.door.id, world_now(&world));
            assert_eq!(matches!(door.state(), DoorState::Open { .. }), really, "seed {seed}: {}", door.door.id);
        }
    }
}

fn world_now(world: &World) -> WallTime {
    use sever_model::act::Clock as _;
    world.now()
}

#[test]
fn steps_that_cannot_be_undone_need_two_people() {
    let world = World::with(1);
    let mut plan = world.plan();
    plan.steps[0].inverse = Inverse::None;
    let digest = plan.digest();
    let request = sever_model::Request {
        digest: &digest,
        typed: "bob",
        approvals: &[],
        tripped: None,
        now: WallTime::from_secs(START),
    };
    assert!(matches!(plan.approve(&request), Err(sever_model::Refusal::Approvals { need: 2, .. })));
    assert!(matches!(
        plan.approve(&sever_model::Request { typed: "eve", ..request }),
        Err(sever_model::Refusal::Typed(_))
    ));
    plan.steps[0].how.push('!');
    assert!(matches!(plan.approve(&request), Err(sever_model::Refusal::Digest { .. })));
}
