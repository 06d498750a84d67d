//! One issuer's log: how far it is known, since when, and what is missing from it.
//!
//! Three things are read off an issuer's log, and none of them off the uses of its tokens:
//!
//! - the **watermark**: until when we know what it issued. Its issuances move it, and its
//!   heartbeats; so does a poll that proves it idle. The end of a file does not.
//! - the **epoch**: since when.
//! - **gaps**: numbers missing from a node's sequence, a sequence that began anew, or silence where
//!   heartbeats are promised.
//!
//! A log is one pipeline even where several issuers or nodes write into it: a sign of life from
//! any of them moves the watermark. A node that is merely behind must catch up within the settle
//! window; what it brings later is a late issuance, and retracts.
//!
//! Bounded by [`NODES_MAX`] nodes (the longest unheard is forgotten) and by [`Gaps`].

use serde::{Deserialize, Serialize};
use sever_model::{EventTime, Span};

use super::gaps::Gaps;
use super::measure::Measure;
use super::report::GapKind;

/// Nodes whose numbering is followed.
const NODES_MAX: usize = 4_096;
/// How often, in log time, what is past is looked for.
const FORGET_EVERY: Span = Span::secs(30);
/// The lane of what no node wrote.
const NO_LANE: usize = usize::MAX;

/// One issuer's log.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Feed {
    /// Until when it is known.
    pub watermark: Option<EventTime>,
    /// Since when.
    pub epoch: Option<EventTime>,
    /// Numbered records seen, of those that the numbers show.
    pub numbered: Measure,
    /// Heartbeats seen, and silences.
    pub beats: Measure,
    pub gaps: Gaps,
    lanes: Vec<Lane>,
    /// The lane of the last record: logs come in runs of one node.
    last_lane: usize,
    /// Silence longer than this is a gap; absent where no class is covered by heartbeats.
    silence: Option<Span>,
    /// The last sign of life.
    sign: Option<EventTime>,
    /// The last heartbeat that no node in particular wrote.
    beat: Option<EventTime>,
    /// When to look for what is past next.
    forget: Option<EventTime>,
}

/// One node's numbering.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Lane {
    node: Box<str>,
    next: u64,
    last: EventTime,
    /// Since when it numbers as it does: before that it, or another process of its name, began lower
    /// or higher.
    since: EventTime,
}

/// A sign of life: an issuance or a heartbeat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sign {
    /// When.
    pub at: EventTime,
    /// For a poll that proved the issuer idle: since when, and in how many even steps.
    pub idle: Option<(EventTime, u64)>,
    /// Whether it is a heartbeat.
    pub heartbeat: bool,
}

impl Sign {
    /// The log time at which the watermark passed `deadline`, which it did by this sign.
    pub(super) fn passed(&self, deadline: EventTime) -> EventTime {
        let Some((since, steps)) = self.idle.filter(|(since, steps)| *steps > 0 && *since < self.at) else {
            return self.at;
        };
        // The k-th poll of n stood at since + k·span/n; the first at or after the deadline counts.
        let span = i128::from(self.at.since(since).micros());
        let wanted = i128::from(deadline.since(since).micros()).max(1);
        let steps = i128::from(steps);
        let k = (wanted * steps + span - 1).div_euclid(span).clamp(1, steps);
        let ahead = (k * span + steps - 1).div_euclid(steps);
        since.plus(Span::from_micros(i64::try_from(ahead).unwrap_or(i64::MAX))).min(self.at)
    }
}

impl Feed {
    /// A log that nothing is known of yet.
    pub(super) fn new(silence: Option<Span>) -> Feed {
        Feed { silence, last_lane: NO_LANE, ..Feed::default() }
    }

    /// Reads a record's place in its node's numbering. `at` is its time.
    pub(super) fn number(&mut self, node: &str, number: Option<u64>, at: EventTime) {
        let Some(number) = number else {
            // An issuance outside the numbering: there may be others that no gap would show.
            self.numbered.note(0, 1);
            return;
        };
        let lane = self.lane(node, number, at);
        let beat = self.beat;
        let Some(known) = self.lanes.get_mut(lane) else { return };
        let (next, last) = (known.next, known.last);
        if at < known.since {
            // A copy, or a straggler, of a numbering that has ended. A gap of it stays as it is told.
            return;
        }
        if number >= next {
            known.next = number.saturating_add(1);
            known.last = last.max(at);
            let lost = number - next;
            self.numbered.note(1, lost.saturating_add(1));
            if lost > 0 {
                self.gaps.hole(lane, (last, at), (next, number - 1));
            }
        } else if self.gaps.fill(lane, number) {
            known.last = last.max(at);
            self.numbered.found();
        } else if at > last {
            // Lower than expected, missing nowhere and newer than all before: the node began anew.
            // What it wrote last before that may be lost, and nothing counts it.
            known.next = number.saturating_add(1);
            (known.last, known.since) = (at, at);
            self.numbered.note(1, 1);
            let from = beat.map_or(last, |beat| beat.min(at).max(last));
            self.gaps.uncounted(lane, GapKind::Restart, (from, at));
        }
        // Else it is a copy of a record that was seen.
    }

    /// Notes a heartbeat of a node, which shows that nothing of it was lost until then.
    pub(super) fn beat(&mut self, node: &str, at: EventTime) {
        if node.is_empty() {
            self.beat = self.beat.max(Some(at));
        } else if let Some(lane) = self.lanes.iter_mut().find(|lane| *lane.node == *node) {
            lane.last = lane.last.max(at);
        }
    }

    /// Moves the watermark by a sign of life; whether it moved.
    pub(super) fn sign(&mut self, sign: Sign) -> bool {
        let begin = sign.idle.map_or(sign.at, |(since, _)| since.min(sign.at));
        self.epoch.get_or_insert(begin);
        if let (Some(silence), Some(last)) = (self.silence, self.sign) {
            let steps = sign.idle.map_or(1, |(_, steps)| steps.max(1));
            if begin > last.plus(silence) {
                self.beats.note(0, 1);
                self.gaps.uncounted(NO_LANE, GapKind::Silence, (last, begin));
            }
            if sign.heartbeat && sign.at > last {
                self.beats.note(steps, steps);
            }
        }
        self.sign = self.sign.max(Some(sign.at));
        let moved = self.watermark.is_none_or(|known| sign.at > known);
        self.watermark = self.watermark.max(Some(sign.at));
        moved
    }

    /// Whether it is time to look for what is past.
    pub(super) fn is_due(&mut self, now: EventTime) -> bool {
        let due = self.forget.is_none_or(|due| now >= due);
        if due {
            self.forget = Some(now.plus(FORGET_EVERY));
        }
        due
    }

    /// The name of a lane's node.
    pub(super) fn node(&self, lane: usize) -> String {
        self.lanes.get(lane).map_or(String::new(), |lane| lane.node.to_string())
    }

    /// The lane of a node; a new node's numbering begins with this record.
    fn lane(&mut self, node: &str, number: u64, at: EventTime) -> usize {
        if self.lanes.get(self.last_lane).is_some_and(|lane| *lane.node == *node) {
            return self.last_lane;
        }
        self.last_lane = self.lanes.iter().position(|lane| *lane.node == *node).unwrap_or_else(|| {
            let lane = Lane { node: node.into(), next: number, last: at, since: EventTime::MIN };
            if self.lanes.len() < NODES_MAX {
                self.lanes.push(lane);
                return self.lanes.len() - 1;
            }
            let oldest = self.lanes.iter().enumerate().min_by_key(|(_, lane)| lane.last).map_or(0, |(at, _)| at);
            if let Some(slot) = self.lanes.get_mut(oldest) {
                *slot = lane;
            }
            oldest
        });
        self.last_lane
    }
}

#[cfg(test)]
mod tests;
