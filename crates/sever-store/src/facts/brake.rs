//! The brake: a listing that would end too much at once is not believed.
//!
//! A truncated export, an empty file after a failed job or a filter left on looks exactly like a
//! company that has dismissed everybody. Ends that the source dates itself count as well as ends
//! inferred from silence: both make leavers.

use serde::{Deserialize, Serialize};
use sever_model::FactKind;

/// How much of one kind one complete listing may end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brake {
    /// This share of what the source listed last, from 0 to 1 …
    pub share: f64,
    /// … or this many, whichever is more.
    pub count: u64,
}

/// Why a brake held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Braked {
    /// Of what kind there were too many; nothing where the whole listing was empty.
    pub kind: Option<FactKind>,
    /// How many would have ended.
    pub would_end: u64,
    /// Of how many.
    pub of: u64,
    /// As a sentence.
    pub why: String,
}

/// What a listing would do to one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) would_end: u64,
    pub(super) current: u64,
}

impl Default for Brake {
    fn default() -> Brake {
        Brake { share: 0.1, count: 5 }
    }
}

impl Brake {
    /// No brake: two people have looked, and the listing is right.
    pub const OFF: Brake = Brake { share: f64::INFINITY, count: u64::MAX };

    /// Whether the listing must not be believed. `loads` are by kind, `records` are all it holds.
    pub(super) fn holds(&self, loads: &[(FactKind, Load)], records: usize) -> Option<Braked> {
        let off = self.count == u64::MAX;
        let current: u64 = loads.iter().map(|(_, load)| load.current).sum();
        if records == 0 && current > 0 && !off {
            let why = format!("the listing is empty, and there were {current} things");
            return Some(Braked { kind: None, would_end: current, of: current, why });
        }
        let (kind, load) = loads.iter().find(|(_, load)| load.would_end > self.allowed(load.current))?;
        let Load { would_end, current } = *load;
        let why = format!(
            "{would_end} of {current} {} facts would end at once; the brake allows {}",
            kind.word(),
            self.allowed(current)
        );
        Some(Braked { kind: Some(*kind), would_end, of: current, why })
    }

    fn allowed(&self, current: u64) -> u64 {
        // The cast saturates, so that an infinite share allows everything.
        self.count.max((self.share * current as f64) as u64)
    }
}
