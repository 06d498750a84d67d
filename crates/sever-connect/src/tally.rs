//! What a pull has come to so far: records, rejects with their places, gaps, and what silence means.

use std::collections::BTreeMap;

use sever_model::port::{Pull, Reason, Reject};
use sever_model::{CoverageLine, EventTime, FactKind, Listing, Record, Seen};

use crate::SourceSettings;
use crate::lines::Place;

/// Counts for one pull.
pub(crate) struct Tally<'a> {
    each: &'a mut dyn FnMut(Record),
    records: u64,
    rejected: u64,
    rejects: Vec<Reject>,
    rejects_kept_max: usize,
    /// Per file, how many rows it lost and an example.
    lost: BTreeMap<String, (u64, String)>,
    gaps: Vec<String>,
    partial: bool,
    unseen: bool,
}

impl<'a> Tally<'a> {
    /// Nothing yet; records go to `each`.
    pub(crate) fn new(settings: &SourceSettings, each: &'a mut dyn FnMut(Record)) -> Tally<'a> {
        Tally {
            each,
            records: 0,
            rejected: 0,
            rejects: Vec::new(),
            rejects_kept_max: settings.limits.rejects_kept_max,
            lost: BTreeMap::new(),
            gaps: Vec::new(),
            partial: !settings.complete,
            unseen: false,
        }
    }

    /// Hands a record over.
    pub(crate) fn record(&mut self, record: Record) {
        self.records += 1;
        (self.each)(record);
    }

    /// Counts a row that could not be read.
    pub(crate) fn reject(&mut self, file: &str, place: Place, reason: Reason) {
        self.rejected += 1;
        // A row that repeats another hides nothing that the other does not show; any other lost row
        // may have been all that was said of a thing, so that its silence must end nothing.
        if !matches!(reason, Reason::Conflict(_)) {
            let lost =
                self.lost.entry(file.to_owned()).or_insert_with(|| (0, format!("line {}: {reason}", place.line)));
            lost.0 += 1;
        }
        if self.rejects.len() < self.rejects_kept_max {
            let line = Some(place.line).filter(|line| *line > 0);
            self.rejects.push(Reject { offset: place.offset, line, bytes: place.bytes, reason });
        }
    }

    /// Says what is missing, once.
    pub(crate) fn gap(&mut self, gap: String) {
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Says that something may be missing, and what.
    pub(crate) fn partial(&mut self, gap: String) {
        self.partial = true;
        self.gap(gap);
    }

    /// Says that a file holds nothing.
    pub(crate) fn empty(&mut self, gap: String) {
        self.unseen = true;
        self.gap(gap);
    }

    /// How many records were handed over.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// What the pull gave.
    pub(crate) fn finish(mut self, settings: &SourceSettings, kinds: &[FactKind], at: EventTime) -> Pull {
        let broken = self.partial && settings.complete;
        for (file, (count, example)) in std::mem::take(&mut self.lost) {
            let rows = crate::row::counted(count, "row");
            let consequence =
                if settings.complete { "; nothing missing from this listing is taken as ended" } else { "" };
            self.gap(format!("{file}: {rows} rejected ({example}){consequence}"));
            self.partial = true;
        }
        let seen = match (self.records, self.unseen, broken) {
            (0, ..) => Seen::NotAtAll,
            (_, false, false) if self.rejected == 0 => Seen::Whole,
            _ => Seen::Partly,
        };
        let listing = if self.partial { Listing::Partial } else { Listing::Complete };
        let coverage = CoverageLine {
            source: settings.id.clone(),
            kinds: kinds.to_vec(),
            seen,
            listing,
            from: Some(at),
            to: Some(at),
            records: self.records,
            rejected: self.rejected,
            gaps: self.gaps,
        };
        Pull { at, listing, coverage, rejects: self.rejects }
    }
}
