//! How many questions a connection is asked at once, and how long each waits before the next: counted.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use sever_model::act::Clock;
use sever_model::{Span, WallTime};

use super::super::Connected;
use super::side_by_side;

/// Counts what is waited.
#[derive(Default)]
struct Waits {
    count: AtomicUsize,
    micros: AtomicI64,
}

impl Clock for Waits {
    fn now(&self) -> WallTime {
        WallTime::from_micros(self.micros.load(Ordering::SeqCst))
    }
    fn wait(&self, span: Span) -> bool {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.micros.fetch_add(span.micros(), Ordering::SeqCst);
        true
    }
}

fn connected(width: usize, pause: Span) -> Connected {
    Connected { id: "sim".into(), system: "sim".into(), doors: None, action: None, probe: None, width, pause }
}

/// Runs so many jobs at each connection; the most that ran at once at any, and what was waited.
fn run(connections: &[Connected], jobs: usize) -> (usize, Waits) {
    let lanes = connections.len();
    let jobs: Vec<(usize, usize)> = (0..jobs * lanes).map(|at| (at % lanes, at)).collect();
    let running: Vec<AtomicUsize> = (0..lanes).map(|_| AtomicUsize::new(0)).collect();
    let (most, clock, mut done) = (AtomicUsize::new(0), Waits::default(), 0);
    let work = |at: &usize| {
        let lane = &running[at % lanes];
        most.fetch_max(lane.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::yield_now();
        lane.fetch_sub(1, Ordering::SeqCst);
    };
    let each = |together: Vec<(usize, ())>| {
        done += together.len();
        Ok::<(), ()>(())
    };
    side_by_side(connections, &clock, &jobs, work, each).unwrap();
    assert_eq!(done, jobs.len());
    (most.into_inner(), clock)
}

#[test]
fn no_more_are_asked_at_once_than_a_connection_takes() {
    for width in [1, 2, 8] {
        let (most, clock) = run(&[connected(width, Span::ZERO), connected(width, Span::ZERO)], 200);
        assert!(most <= width, "{most} at once of {width}");
        assert_eq!(clock.count.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn after_each_answer_a_pause_is_made() {
    let pause = Span::from_micros(200_000);
    let (most, clock) = run(&[connected(1, pause), connected(1, Span::ZERO)], 25);
    // One after the other: twenty-five questions take five seconds of the clock, and the other connection waits for none.
    assert_eq!((most, clock.count.load(Ordering::SeqCst), clock.now().micros()), (1, 25, 5_000_000));
}
