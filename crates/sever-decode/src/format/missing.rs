//! Counts the fields that whole records have and these lack: records are trimmed by shippers, exports
//! and samplers, and what is judged from them should say so.

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventTime, Outcome, Row};

use crate::mapping::Field;

/// A decoder whose records are looked at for what they lack.
pub(super) struct Counting {
    decoder: Box<dyn Decoder + Send>,
    whole: &'static [Field],
    /// Records that lack each of `whole`.
    missing: Vec<u64>,
}

impl Counting {
    pub(super) fn new(decoder: Box<dyn Decoder + Send>, whole: &'static [Field]) -> Counting {
        Counting { decoder, whole, missing: vec![0; whole.len()] }
    }
}

impl Decoder for Counting {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let mut seen = Seen { out, whole: self.whole, has: 0, any: false };
        let decoded = self.decoder.decode(frame, offset, &mut seen);
        if seen.any {
            let has = seen.has;
            let lacked = self.missing.iter_mut().enumerate().filter(|(at, _)| has & (1 << at) == 0);
            lacked.for_each(|(_, count)| *count += 1);
        }
        decoded
    }

    fn finish(&mut self, out: &mut dyn EventSink) {
        self.decoder.finish(out);
    }

    fn notes(&self) -> Vec<Note> {
        let missing = self.whole.iter().zip(&self.missing).filter(|(_, count)| **count > 0);
        let missing = missing.map(|(field, count)| Note { what: "missing", of: field.name(), count: *count });
        self.decoder.notes().into_iter().chain(missing).collect()
    }
}

/// What the events of one record have between them.
struct Seen<'a> {
    out: &'a mut dyn EventSink,
    whole: &'static [Field],
    /// A bit for each of `whole`: there are 27 fields.
    has: u32,
    any: bool,
}

impl EventSink for Seen<'_> {
    fn push(&mut self, row: &Row<'_>) {
        self.any = true;
        for (at, field) in self.whole.iter().enumerate() {
            self.has |= u32::from(has(*field, row)) << at;
        }
        self.out.push(row);
    }
}

fn has(field: Field, row: &Row<'_>) -> bool {
    match field {
        Field::Time => row.time != EventTime::MIN,
        Field::Kind => true,
        Field::Outcome => row.outcome != Outcome::Unknown,
        Field::IssuedAt => row.issued_at.is_some(),
        Field::ExpiresAt => row.expires_at.is_some(),
        Field::IdleSince => row.idle_since.is_some(),
        Field::SubjectCount => row.subject_count.is_some(),
        Field::Sequence => row.sequence.is_some(),
        Field::DataSubjects => !row.data_subjects.is_empty(),
        text => text.said(row).is_some_and(|text| !text.is_empty()),
    }
}
