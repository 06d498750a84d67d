//! Waiting, on a clock that the test moves.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use super::*;

/// A clock that each wait moves on; one of them may be a long sleep of the machine, or be interrupted.
struct Moved {
    micros: AtomicI64,
    waits: AtomicUsize,
    sleeps: Option<(usize, Span)>,
    interrupted: Option<usize>,
}

impl Moved {
    fn at(secs: i64) -> Moved {
        Moved { micros: AtomicI64::new(secs * 1_000_000), waits: AtomicUsize::new(0), sleeps: None, interrupted: None }
    }
}

impl Clock for Moved {
    fn now(&self) -> WallTime {
        WallTime::from_micros(self.micros.load(Ordering::SeqCst))
    }
    fn wait(&self, span: Span) -> bool {
        let wait = self.waits.fetch_add(1, Ordering::SeqCst);
        let slept = self.sleeps.filter(|(at, _)| *at == wait).map_or(Span::ZERO, |(_, slept)| slept);
        self.micros.fetch_add(span.plus(slept).micros(), Ordering::SeqCst);
        self.interrupted != Some(wait)
    }
}

#[test]
fn it_waits_until_the_instant_and_not_longer() {
    let begin = WallTime::from_micros(1_790_787_600_500_000);
    let clock = Moved::at(1_790_787_590);
    let mut told = Vec::new();
    assert!(until(begin, &clock, &mut |left| told.push(left.to_string())));
    assert_eq!(clock.now(), begin);
    assert_eq!(
        (told.len(), told.first().map(String::as_str), told.last().map(String::as_str)),
        (11, Some("10 s"), Some("0.5 s"))
    );
    // What has come is not waited for.
    assert!(until(begin, &clock, &mut |_| panic!("it has come")));
}

#[test]
fn a_machine_that_slept_wakes_to_the_right_time_and_an_interruption_ends_it() {
    let begin = WallTime::from_secs(1_790_787_600);
    let slept = Moved { sleeps: Some((2, Span::secs(86_400))), ..Moved::at(1_790_780_000) };
    assert!(until(begin, &slept, &mut |_| {}));
    assert_eq!(slept.waits.load(Ordering::SeqCst), 3);
    let interrupted = Moved { interrupted: Some(4), ..Moved::at(1_790_780_000) };
    assert!(!until(begin, &interrupted, &mut |_| {}));
    assert!(interrupted.now() < begin);
}
