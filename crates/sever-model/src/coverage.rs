//! Coverage: what was seen, per source, kind and interval. A figure always means the share *seen*.

use serde::{Deserialize, Serialize};

use crate::{EventTime, FactKind, Listing, SourceId};

/// What was seen of the world, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// One line per source and kind of knowledge.
    pub lines: Vec<CoverageLine>,
}

/// What one source gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageLine {
    /// The source or log.
    pub source: SourceId,
    /// The kinds of fact it speaks of; empty for a log of events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<FactKind>,
    /// How much of it was seen.
    pub seen: Seen,
    /// Whether its silence means anything.
    pub listing: Listing,
    /// The interval it speaks of: for a listing, its instant twice.
    pub from: Option<EventTime>,
    /// The end of that interval.
    pub to: Option<EventTime>,
    /// Records read.
    pub records: u64,
    /// Records rejected, each counted and placed elsewhere.
    pub rejected: u64,
    /// What it cannot say, or what was missing, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}

/// How much of a source was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// All of it.
    Whole,
    /// Some of it.
    Partly,
    /// None: it failed, or a brake stopped it.
    NotAtAll,
}

impl Coverage {
    /// Whether every line was seen whole and without gaps.
    pub fn is_whole(&self) -> bool {
        self.lines.iter().all(|line| line.seen == Seen::Whole && line.gaps.is_empty())
    }

    /// Adds another's lines.
    pub fn extend(&mut self, other: Coverage) {
        self.lines.extend(other.lines);
    }
}
