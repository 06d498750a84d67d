//! The ports between the rooms: what a source, a decoder and a detector promise.

use std::fmt;
use std::ops::Range;

use crate::{
    AccountIx, Batch, Class, CoverageLine, CredentialIx, EventSource, EventTime, FindingSet, Inventory, Judgement,
    Limits, Listing, Meta, Record, Row, SourceId, Stage, SubjectRegister, Symbols,
};

/// Reads facts from one system or export. Never writes.
pub trait Source {
    /// Its name in the configuration.
    fn id(&self) -> &SourceId;

    /// The listings there are now, oldest first: usually one; one per file where a source is a
    /// series of dated snapshots.
    ///
    /// # Errors
    /// When it cannot be reached or read at all.
    fn listings(&self) -> Result<Vec<ListingRef>, SourceError>;

    /// Reads one listing, handing over its records one by one, and says what was covered.
    ///
    /// # Errors
    /// When nothing of it can be used. A listing that breaks off half-way is no error: what was read
    /// is handed over, and the pull says [`Listing::Partial`].
    fn pull(&self, listing: &ListingRef, each: &mut dyn FnMut(Record)) -> Result<Pull, SourceError>;
}

/// One listing of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRef {
    /// What tells it apart from the source's others: a file name.
    pub name: String,
    /// The instant it speaks of.
    pub at: EventTime,
    /// A digest of its content and of the settings that read it: where it is the same as last time,
    /// nothing has changed.
    pub digest: String,
}

/// What a pull gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Pull {
    /// The instant it speaks of.
    pub at: EventTime,
    /// What its silence means.
    pub listing: Listing,
    /// What was seen.
    pub coverage: CoverageLine,
    /// What could not be read, up to [`Limits::rejects_kept_max`]; all are counted in the coverage.
    pub rejects: Vec<Reject>,
}

/// Why a source gave nothing.
#[derive(Debug, thiserror::Error)]
#[error("{source_id}: {what}")]
pub struct SourceError {
    /// The source.
    pub source_id: SourceId,
    /// What went wrong, with the place.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Turns the frames of one log format into events.
pub trait Decoder {
    /// Decodes one frame (a line, or a record of an array) that begins at `offset` of the
    /// decompressed log, pushing the events it holds: none, one, or several.
    ///
    /// # Errors
    /// Why the frame holds no event; the caller counts it and goes on.
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason>;

    /// Ends the log: pushes what was held back for what might have followed. Nothing, unless the format
    /// holds back.
    fn finish(&mut self, _out: &mut dyn EventSink) {}

    /// What it met so far and went on from. Nothing, unless the format says so.
    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

/// What a decoder met and went on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// In one word: `absent`, `unreadable`, `repaired`.
    pub what: &'static str,
    /// The field, or what was repaired.
    pub of: &'static str,
    /// In how many records.
    pub count: u64,
}

/// Takes events from a decoder.
pub trait EventSink {
    /// Takes one event.
    fn push(&mut self, row: &Row<'_>);

    /// Takes an event whose record does not say when it was. It is rejected, since nothing can be
    /// judged of it; this is for those who show what a record says.
    fn untimed(&mut self, _row: &Row<'_>) {}
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Where it begins, in bytes of the decompressed input.
    pub offset: u64,
    /// Its line, where the input has lines; from 1.
    pub line: Option<u64>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Why.
    pub reason: Reason,
}

/// Why a record could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// Longer than [`Limits::frame_bytes_max`].
    TooLong,
    /// Nested deeper than [`Limits::json_depth_max`].
    TooDeep,
    /// Not UTF-8.
    NotUtf8,
    /// Not the syntax that the format is written in; what is wrong.
    Syntax(String),
    /// The input breaks off inside it.
    Truncated,
    /// A field that it cannot do without is missing.
    Missing(&'static str),
    /// A field holds something that it cannot hold: the field and the value, shortened.
    Invalid(&'static str, String),
    /// Well-formed, and not of this format.
    Unrelated,
    /// Compressed data that does not decompress.
    Corrupt(String),
    /// It contradicts another record: which, and how.
    Conflict(String),
    /// It says what cannot be so: two of its own fields contradict each other.
    Impossible(String),
}

impl Reason {
    /// The kind of reason, for counting.
    pub const fn word(&self) -> &'static str {
        match self {
            Reason::TooLong => "too-long",
            Reason::TooDeep => "too-deep",
            Reason::NotUtf8 => "not-utf8",
            Reason::Syntax(_) => "syntax",
            Reason::Truncated => "truncated",
            Reason::Missing(_) => "missing",
            Reason::Invalid(..) => "invalid",
            Reason::Unrelated => "unrelated",
            Reason::Corrupt(_) => "corrupt",
            Reason::Conflict(_) => "conflict",
            Reason::Impossible(_) => "impossible",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::TooLong => f.write_str("longer than the limit"),
            Reason::TooDeep => f.write_str("nested deeper than the limit"),
            Reason::NotUtf8 => f.write_str("not UTF-8"),
            Reason::Syntax(what) => write!(f, "syntax: {what}"),
            Reason::Truncated => f.write_str("breaks off"),
            Reason::Missing(field) => write!(f, "lacks `{field}`"),
            Reason::Invalid(field, value) => write!(f, "`{value}` is no `{field}`"),
            Reason::Unrelated => f.write_str("another kind of record"),
            Reason::Corrupt(what) => write!(f, "does not decompress: {what}"),
            Reason::Conflict(what) | Reason::Impossible(what) => f.write_str(what),
        }
    }
}

/// What every detector may look at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Who works here, what they hold, and when.
    pub inventory: &'a Inventory,
    /// Who is a customer, where there is a register.
    pub register: Option<&'a dyn SubjectRegister>,
    /// The classes of token.
    pub classes: &'a [Class],
    /// The run's texts.
    pub symbols: &'a Symbols,
    /// The logs, by the number that events carry.
    pub sources: &'a [EventSource],
    /// The run's limits.
    pub limits: &'a Limits,
}

/// What an event's names stand for in the inventory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Who acted; where the log names only a credential, the account that it opens.
    pub actor: Option<AccountIx>,
    /// The account acted upon.
    pub account: Option<AccountIx>,
    /// The key that signed the token.
    pub key: Option<CredentialIx>,
    /// The credential presented, where it is a standing one.
    pub credential: Option<CredentialIx>,
}

/// A run of events of one log, in order.
#[derive(Clone, Copy)]
pub struct Events<'a> {
    /// The log's number in [`View::sources`].
    pub source: usize,
    /// The batch they stand in.
    pub batch: &'a Batch,
    /// First and last row, half open.
    pub rows: (usize, usize),
    /// What each row's names stand for; indexed from the first row.
    pub resolved: &'a [Resolved],
    /// What the ledger says of each row, `None` where it is no use of a token or has yet to settle;
    /// indexed from the first row.
    pub judged: &'a [Option<Judgement>],
}

impl Events<'_> {
    /// The rows' numbers in the batch.
    pub fn range(&self) -> Range<usize> {
        self.rows.0..self.rows.1
    }
    /// What a row's names stand for.
    pub fn resolved(&self, row: usize) -> Resolved {
        self.resolved.get(row.wrapping_sub(self.rows.0)).copied().unwrap_or_default()
    }
    /// What the ledger says of a row at once.
    pub fn judged(&self, row: usize) -> Option<Judgement> {
        self.judged.get(row.wrapping_sub(self.rows.0)).copied().flatten()
    }
}

/// A use whose judgement has been reached, at once or later than it was seen, or has changed. Every
/// forged use comes this way, whether or not [`Events::judged`] said it at once.
#[derive(Clone, Copy)]
pub struct Settled<'a> {
    /// The log's number in [`View::sources`].
    pub source: usize,
    /// The batch it is kept in.
    pub batch: &'a Batch,
    /// Its row there.
    pub row: usize,
    /// What its names stand for.
    pub resolved: Resolved,
    /// What the ledger says of it; for [`Stage::Retracted`], the judgement that is taken back.
    pub judgement: Judgement,
    /// How final that is.
    pub stage: Stage,
    /// For [`Stage::Retracted`], how final the word was that is taken back.
    pub was: Option<Stage>,
    /// Log time at which it could be said.
    pub at: EventTime,
    /// The class of token, by its number in [`View::classes`].
    pub class: Option<usize>,
}

/// How many of the tokens that claim a gap in an issuer's log cannot be from it has changed: more
/// distinct tokens may be from the gap than it lost records. It is not known which of them are forged.
#[derive(Clone, Copy)]
pub struct Surplus<'a> {
    /// The class of token, by its number in [`View::classes`].
    pub class: usize,
    /// Log time at which it could be said.
    pub at: EventTime,
    /// How many of them, at the least, were never issued.
    pub now: u64,
    /// The same, as last said of this gap.
    pub before: u64,
    /// Distinct tokens that may be from the gap.
    pub claimants: u64,
    /// Records that it lost.
    pub lost: u64,
    /// The last thing known before it.
    pub from: EventTime,
    /// The first thing known after it.
    pub to: EventTime,
    /// One of the uses that claim it, where one brought the change: log, batch and row.
    pub record: Option<(usize, &'a Batch, usize)>,
}

/// Decides that something is wrong.
///
/// Synchronous, without a clock, bounded in memory, and the same for any cutting of the log into
/// runs. It may look only at what it is handed.
pub trait Detector {
    /// What it is.
    fn meta(&self) -> &'static Meta;

    /// Looks at events as they come.
    fn observe(&mut self, _events: &Events<'_>, _view: &View<'_>, _out: &mut FindingSet) {}

    /// Looks at a use whose judgement has settled.
    fn settle(&mut self, _settled: &Settled<'_>, _view: &View<'_>, _out: &mut FindingSet) {}

    /// Looks at a gap that more, or fewer, tokens claim than it lost records.
    fn surplus(&mut self, _surplus: &Surplus<'_>, _view: &View<'_>, _out: &mut FindingSet) {}

    /// Looks at the standing state as of an instant.
    fn stand(&mut self, _at: EventTime, _view: &View<'_>, _out: &mut FindingSet) {}

    /// Its state, with symbols written as text.
    fn save(&self, symbols: &Symbols) -> serde_json::Value;

    /// Takes up a saved state.
    ///
    /// # Errors
    /// When the state is not one that it wrote.
    fn load(&mut self, state: serde_json::Value, symbols: &mut Symbols) -> Result<(), serde_json::Error>;
}
