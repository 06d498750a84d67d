//! The one place that reads the clock.

use sever_model::WallTime;

/// Now.
pub fn now() -> WallTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    WallTime::from_micros(since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
}

/// How long something has taken: never jumps, whatever becomes of the clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// From now on.
    pub fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    /// Since it was started.
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

/// The clock of the machine, for what acts.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl sever_model::act::Clock for SystemClock {
    fn now(&self) -> WallTime {
        now()
    }

    fn wait(&self, span: sever_model::Span) -> bool {
        let span = std::time::Duration::from_micros(u64::try_from(span.micros()).unwrap_or(0));
        let begun = std::time::Instant::now();
        // Whoever parks a thread may be woken for no reason.
        while let Some(left) = span.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
        true
    }
}
