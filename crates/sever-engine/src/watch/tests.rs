//! A watch finds what a scan of the same logs finds, once each, whenever it was killed.

mod world;

use proptest::prelude::*;
use sever_model::Stage;
use world::{Act, World};

/// What was found, without what depends on the order of evidence.
fn sentences(findings: &[sever_model::Finding]) -> Vec<String> {
    findings.iter().map(|it| serde_json::to_string(it).expect("it is data")).collect()
}

#[test]
fn what_is_found_live_is_what_a_scan_finds() {
    let mut world = World::new(7);
    world.run(&[Act::Write, Act::Turn, Act::Write, Act::Turn, Act::Write, Act::Turn]);
    world.finish();
    let told = world.told.values().filter(|finding| finding.stage == Stage::Confirmed).count();
    assert!(told > 3, "{:?}", world.told);
    let (watched, scanned) = world.conclude();
    assert_eq!(sentences(&watched), sentences(&scanned));
    assert!(watched.iter().any(|finding| finding.detector == "token-never-issued"), "{watched:?}");
}

#[test]
fn a_rotation_loses_and_repeats_nothing() {
    for act in [Act::Rename, Act::CopyTruncate, Act::Gzip] {
        let mut world = World::new(11);
        world.run(&[Act::Write, Act::Turn, Act::Write, act, Act::Write, Act::Turn, Act::Turn, act, Act::Write]);
        world.finish();
        let (watched, scanned) = world.conclude();
        assert_eq!(sentences(&watched), sentences(&scanned), "{act:?}");
        assert!(watched.len() > 3, "{act:?}");
    }
}

#[test]
fn what_was_told_before_a_kill_is_told_the_same_after_it() {
    let mut world = World::new(3);
    for _ in 0..12 {
        world.run(&[Act::Write, Act::Turn, Act::Turn]);
        let before = world.told.clone();
        world.run(&[Act::Kill, Act::Turn, Act::Turn]);
        for (key, finding) in &before {
            assert_eq!(world.told.get(key), Some(finding));
        }
    }
    world.finish();
    let (watched, scanned) = world.conclude();
    assert_eq!(sentences(&watched), sentences(&scanned));
}

#[test]
fn an_event_is_told_within_two_seconds_and_the_settle_window() {
    let mut world = World::new(5);
    for _ in 0..400 {
        world.run(&[Act::Step, Act::Turn]);
    }
    let lags = world.lags_ms();
    assert!(lags.len() > 3, "{lags:?}");
    assert!(lags.iter().all(|lag| *lag <= 2_000), "{lags:?}");
}

#[test]
fn kills_that_once_lost_or_repeated_something() {
    use Act::{CopyTruncate, Gzip, Kill, KillBeforeTelling, Rename, TornJournal, Turn, Write};
    let stories: [(u64, &[Act]); 7] = [
        // Cut while it was being read again.
        (6, &[Write, Gzip, Write, Turn, Write, Turn, Kill, CopyTruncate]),
        // What had ended must be judged again, out of its compressed form.
        (0, &[Gzip, Kill, Turn, Turn, Turn, Kill]),
        // Judged again, and written down again as if it were new.
        (0, &[Write, KillBeforeTelling, Rename, Kill, Write]),
        // A generation that was only ever seen compressed comes before the next.
        (42, &[Turn, Write, Turn, Write, Turn, Write, Write, Write, CopyTruncate, Write, Gzip, Write, Write, Write]),
        // Cut and written past the old end while rows waited to be handed on.
        (450_347, &[CopyTruncate, Turn, Write, Kill, KillBeforeTelling, CopyTruncate, Write, Write]),
        (0, &[Write, Write, Write, Write, Gzip, Turn, Turn, Write, Write, Kill, CopyTruncate, Write, Rename, Write]),
        (0, &[CopyTruncate, Write, TornJournal, Write, Write]),
    ];
    for (seed, acts) in stories {
        let mut world = World::new(seed);
        world.run(acts);
        world.finish();
        assert_eq!(world.losses, Vec::<String>::new(), "{seed} {acts:?}");
        let (watched, scanned) = world.conclude();
        let (watched, scanned) = (sentences(&watched), sentences(&scanned));
        let only = |these: &[String], others: &[String]| -> Vec<String> {
            these.iter().filter(|it| !others.contains(it)).cloned().collect()
        };
        let differ = (only(&watched, &scanned), only(&scanned, &watched));
        assert_eq!(differ, Default::default(), "{seed} {acts:?}");
    }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => Just(Act::Write),
        8 => Just(Act::Turn),
        1 => Just(Act::Checkpoint),
        1 => Just(Act::Rename),
        1 => Just(Act::Gzip),
        1 => Just(Act::CopyTruncate),
        2 => Just(Act::Kill),
        1 => Just(Act::KillBeforeTelling),
        1 => Just(Act::TornJournal),
    ];
    proptest::collection::vec(act, 5..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Killed anywhere, however the log was rotated and cut into writes: the findings are a scan's, and each
    /// was told once.
    #[test]
    fn exactly_once_over_kills(seed in 0_u64..1_000_000, acts in acts()) {
        let mut world = World::new(seed);
        world.run(&acts);
        world.finish();
        prop_assert_eq!(world.losses.clone(), Vec::<String>::new());
        let (watched, scanned) = world.conclude();
        prop_assert_eq!(sentences(&watched), sentences(&scanned));
    }
}
