//! How a row of the list is told: each window with what is usual, and what the sets say.

use sever_model::port::View;
use sever_model::{Confidence, EventTime, FindingSet, Meta, Raise, Severity, Span, Stage};

use super::norm::{Counts, Norm, WINDOWS};
use super::seen::Of;
use super::{Settings, Tracked, say};

/// A thing that lies far from normal.
pub(super) struct Row {
    pub id: u64,
    /// Which people are counted.
    pub of: Of,
    pub counts: Counts,
    pub own: [Option<Norm>; 5],
    pub peers: [Option<Norm>; 5],
    /// The furthest of its windows, and which.
    pub score: f64,
    pub window: usize,
}

/// A row of a day's list.
pub(super) struct Told<'a> {
    pub row: &'a Row,
    pub rank: usize,
    /// Things above the limit on that day, told or not.
    pub above: usize,
    pub day: i64,
    /// Things, and reasons, forgotten for want of room so far.
    pub forgotten: (u64, u64),
    pub settings: &'a Settings,
    pub meta: &'static Meta,
}

/// From here on a row is graver.
const FAR: f64 = 10.0;
/// People about whom a set must agree, at the least.
const AGREED_MIN: u64 = 5;

impl Told<'_> {
    pub(super) fn raise(&self, tracked: &Tracked, view: &View<'_>, out: &mut FindingSet) {
        let Some(mut evidence) = tracked.record.clone() else { return };
        let row = self.row;
        let (name, days) = WINDOWS.get(row.window).copied().unwrap_or(("1 d", 1));
        let count = row.counts.get(row.window).copied().unwrap_or(0);
        let pick = |norms: &[Option<Norm>; 5]| norms.get(row.window).copied().flatten();
        let (own, peers) = (pick(&row.own), pick(&row.peers));
        // The norm that it is furthest from is the one to tell.
        let beside = match (own, peers) {
            (Some(own), Some(peers)) if peers.score > own.score => ("like ones", peers),
            (Some(own), _) => ("itself before", own),
            (None, Some(peers)) => ("like ones", peers),
            (None, None) => return,
        };
        let agreed = tracked.seen.within(self.day, days.max(1), Of::Agreed);
        let surplus = count.saturating_sub(beside.1.usual);
        let agrees = agreed >= AGREED_MIN && agreed * 2 >= surplus;
        let end = EventTime::from_secs((self.day + 1) * 86_400).minus(Span::from_micros(1));
        evidence.shows = format!("{}: {count} people in {name}, rank {} of {}", say::day(end), self.rank, self.above);
        out.raise(&Raise {
            meta: self.meta,
            accused: tracked.thing.clone(),
            variant: "",
            severity: match agrees {
                true => Severity::High,
                false if row.score >= FAR => Severity::Medium,
                false => Severity::Low,
            },
            confidence: if agrees { Confidence::Likely } else { Confidence::Possible },
            stage: if agrees { Stage::Confirmed } else { Stage::Provisional },
            was: None,
            at: evidence.at,
            known_at: end,
            evidence,
            tell: &|| {
                let unexplained = if row.of == Of::Unexplained { " without a ticket or case" } else { "" };
                let also = match agreed {
                    0 => String::new(),
                    _ if agrees => {
                        format!("; {agreed} of them by forged uses, as people who never were, or after its holder left")
                    }
                    _ => format!("; of {agreed} of them a set says more"),
                };
                let title = format!(
                    "{} reached {count} different people{unexplained} in {name} to {}, {} times as many as {}{also}",
                    say::thing(view.inventory, &tracked.thing),
                    say::day(end),
                    (beside.1.ratio.exp() * 10.0).round() / 10.0,
                    beside.0,
                );
                (title, Vec::new(), self.inputs(tracked, agreed))
            },
        });
    }

    fn inputs(&self, tracked: &Tracked, agreed: u64) -> say::Inputs {
        let row = self.row;
        let mut inputs = vec![
            say::input("score, in deviations", (row.score * 10.0).round() / 10.0),
            say::input("told from", self.settings.score_min),
            say::input("rank of the day", format!("{} of {} above that", self.rank, self.above)),
        ];
        for (window, (name, _)) in WINDOWS.iter().enumerate() {
            let count = row.counts.get(window).copied().unwrap_or(0);
            let mut told = format!("{count} people");
            let error = tracked.seen.error(count);
            if error > 0.0 {
                told.push_str(&format!(" (an estimate, ±{:.1} %)", error * 100.0));
            }
            let norms = [("own past", row.own), ("peers", row.peers)];
            for (of, norm) in norms.iter().filter_map(|(of, norms)| Some((of, norms.get(window).copied().flatten()?))) {
                told.push_str(&format!("; {of} {} (median of {}), ", norm.usual, norm.samples));
                told.push_str(&format!("{:.1} deviations", norm.score));
            }
            inputs.push(say::input(&format!("within {name}"), told));
        }
        if row.of == Of::Unexplained {
            inputs.push(say::input("counted", "people without a ticket, case or assignment"));
        }
        if agreed > 0 {
            inputs.push(say::input("of whom a set says more", agreed));
        }
        for (what, count) in [("things", self.forgotten.0), ("reasons", self.forgotten.1)] {
            if count > 0 {
                inputs.push(say::input(&format!("{what} forgotten for want of room"), count));
            }
        }
        inputs
    }
}
