//! Rows on their way into a segment, by column.
//!
//! A text that is the one before it is kept once: of what logs say most is said again in the next
//! line. Rows are sorted by key, credential and time, so that what one credential did stands together
//! and a question about it reads few row groups.

use std::collections::HashMap;

use bytes::Bytes;
use parquet::data_type::ByteArray;
use sever_model::{Judgement, Stage};

use crate::LakeError;
use crate::row::{CREDENTIAL, JUDGEMENT, KEY, SOURCE, TEXTS, UseRow, stage, write_reason};

/// Bytes that a row takes beside its texts: its numbers, and where each text stands.
const ROW_BYTES: usize = 3 * 8 + (TEXTS.len() + 2) * 8;

/// Rows, by column.
#[derive(Default)]
pub(crate) struct Rows {
    pub times: Vec<i64>,
    pub offsets: Vec<i64>,
    pub counts: Vec<Option<i64>>,
    texts: [Texts; TEXTS.len()],
    subjects: Texts,
    /// Where each row's subjects end.
    ends: Vec<u32>,
    /// How many of them take an earlier one back.
    retracted: u64,
    bytes: usize,
    /// The last judgement, and its reason as it is written.
    reason: (Option<Judgement>, String),
}

/// Texts of one column, in one arena.
#[derive(Default)]
struct Texts {
    arena: String,
    /// How many there are.
    count: usize,
    /// Where each begins, and its length; empty as long as all are the same.
    spans: Vec<(u32, u32)>,
    /// The last one's.
    last: (u32, u32),
}

impl Texts {
    /// Adds a text; how many bytes it took.
    fn push(&mut self, text: &str) -> usize {
        let same = self.count > 0 && self.text(self.last) == text;
        let mut taken = 0;
        if !same {
            if self.count > 0 && self.spans.is_empty() {
                self.spans.resize(self.count, self.last);
            }
            // INVARIANT: an arena holds less than 4 GiB, for rows are sealed long before.
            self.last = (self.arena.len() as u32, text.len() as u32);
            self.arena.push_str(text);
            taken = text.len();
        }
        if !self.spans.is_empty() {
            self.spans.push(self.last);
        }
        self.count += 1;
        taken
    }

    fn span(&self, at: usize) -> (u32, u32) {
        if self.spans.is_empty() { self.last } else { self.spans.get(at).copied().unwrap_or_default() }
    }

    fn at(&self, at: usize) -> &str {
        self.text(self.span(at))
    }

    fn text(&self, (start, length): (u32, u32)) -> &str {
        self.arena.get(start as usize..start as usize + length as usize).unwrap_or("")
    }
}

impl Rows {
    /// Adds a row, its subjects given by code.
    pub(crate) fn push<'a>(&mut self, row: &UseRow<'_>, subjects: impl Iterator<Item = &'a str>) {
        let mut bytes = ROW_BYTES;
        if self.reason.0 != row.judgement {
            write_reason(row.judgement, &mut self.reason.1);
            self.reason.0 = row.judgement;
        }
        self.times.push(row.time.micros());
        self.offsets.push(i64::try_from(row.offset).unwrap_or(i64::MAX));
        self.counts.push(row.subject_count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)));
        for (column, text) in self.texts.iter_mut().zip(row.texts(&self.reason.1)) {
            bytes += column.push(text);
        }
        for code in subjects {
            bytes += self.subjects.push(code) + 8;
        }
        self.ends.push(self.subjects.count as u32);
        self.retracted += u64::from(row.stage == Stage::Retracted);
        self.bytes += bytes;
    }

    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// Memory taken.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The first and the last time.
    pub(crate) fn span(&self, order: &[u32]) -> Option<(i64, i64)> {
        let times = || order.iter().filter_map(|at| self.times.get(*at as usize).copied());
        times().min().zip(times().max())
    }

    pub(crate) fn text(&self, column: usize, at: u32) -> &str {
        self.texts.get(column).map_or("", |texts| texts.at(at as usize))
    }

    pub(crate) fn source(&self, at: u32) -> &str {
        self.text(SOURCE, at)
    }

    /// Whether a row takes an earlier one back.
    pub(crate) fn takes_back(&self, at: u32) -> bool {
        self.retracted > 0 && stage(self.text(crate::row::STAGE, at)) == Stage::Retracted
    }

    /// Where the subjects of a row stand.
    pub(crate) fn subjects_of(&self, at: u32) -> std::ops::Range<usize> {
        let at = at as usize;
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        at.checked_sub(1).map_or(0, end)..end(at)
    }

    /// Hands over rows in an order.
    pub(crate) fn each(
        &self,
        order: &[u32],
        mut each: impl FnMut(&UseRow<'_>) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let mut subjects: Vec<&str> = Vec::new();
        for at in order {
            let mut texts = [""; TEXTS.len()];
            for (text, column) in texts.iter_mut().zip(&self.texts) {
                *text = column.at(*at as usize);
            }
            subjects.clear();
            subjects.extend(self.subjects_of(*at).map(|subject| self.subjects.at(subject)));
            let number = |column: &[i64]| column.get(*at as usize).copied().unwrap_or(0);
            let count = self.counts.get(*at as usize).copied().flatten();
            let row = UseRow::of(number(&self.times), number(&self.offsets), count, &texts);
            each(&UseRow { data_subjects: &subjects, ..row })?;
        }
        Ok(())
    }

    /// The rows that stand, sorted: a row and the word that takes it back are both left out, and a word
    /// whose row is not here stays.
    pub(crate) fn sorted(&self) -> Vec<u32> {
        self.by_credential(self.standing())
    }

    /// All rows, sorted.
    pub(crate) fn all_sorted(&self) -> Vec<u32> {
        self.by_credential((0..self.len() as u32).collect())
    }

    fn by_credential(&self, mut order: Vec<u32>) -> Vec<u32> {
        // Few keys sign many tokens: their ranks, the head of the credential and the time decide
        // almost every comparison without looking a text up.
        let mut keys: Vec<&str> = order.iter().map(|at| self.text(KEY, *at)).collect();
        keys.dedup();
        keys.sort_unstable();
        keys.dedup();
        let ranks: HashMap<&str, u64, foldhash::fast::RandomState> = keys.into_iter().zip(0..).collect();
        let mut last = ("", 0);
        let mut sorted: Vec<(u64, u64, u32)> = Vec::with_capacity(order.len());
        for at in &order {
            let key = self.text(KEY, *at);
            if key != last.0 {
                last = (key, ranks.get(key).copied().unwrap_or(0));
            }
            sorted.push((last.1, head(self.text(CREDENTIAL, *at)), *at));
        }
        sorted.sort_unstable_by(|a, b| {
            (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| {
                let credential = |at: u32| self.text(CREDENTIAL, at);
                let time = |at: u32| self.times.get(at as usize);
                // The place in the log decides last, so that the same rows give the same segment.
                credential(a.2).cmp(credential(b.2)).then_with(|| time(a.2).cmp(&time(b.2))).then(a.2.cmp(&b.2))
            })
        });
        order.clear();
        order.extend(sorted.into_iter().map(|(.., at)| at));
        order
    }

    fn standing(&self) -> Vec<u32> {
        let all = 0..self.len() as u32;
        if self.retracted == 0 {
            return all.collect();
        }
        let place = |at: u32| (self.source(at), self.offsets.get(at as usize), self.text(JUDGEMENT, at));
        let back = all.clone().filter(|at| self.takes_back(*at)).map(|at| (place(at), false));
        let mut back: HashMap<_, bool, foldhash::fast::RandomState> = back.collect();
        let mut order = Vec::with_capacity(self.len());
        for at in all.clone().filter(|at| !self.takes_back(*at)) {
            match back.get_mut(&place(at)) {
                Some(found) => *found = true,
                None => order.push(at),
            }
        }
        order.extend(all.filter(|at| self.takes_back(*at) && back.get(&place(*at)) == Some(&false)));
        order
    }

    /// A text column of these rows, as the Parquet writer takes it.
    pub(crate) fn values(&self, column: usize, order: &[u32]) -> Vec<ByteArray> {
        let Some(texts) = self.texts.get(column) else { return Vec::new() };
        texts.values(order.iter().map(|at| *at as usize))
    }

    /// The subjects of these rows, and how many each has.
    pub(crate) fn subject_values(&self, order: &[u32]) -> (Vec<ByteArray>, Vec<u32>) {
        let counts = order.iter().map(|at| self.subjects_of(*at).len() as u32).collect();
        (self.subjects.values(order.iter().flat_map(|at| self.subjects_of(*at))), counts)
    }
}

impl Texts {
    /// These texts, sharing one allocation.
    fn values(&self, order: impl Iterator<Item = usize> + Clone) -> Vec<ByteArray> {
        let mut arena = Vec::new();
        let mut last = None;
        let spans = order.map(|at| self.span(at));
        for span in spans.clone() {
            if last != Some(span) {
                let (start, length) = (span.0 as usize, span.1 as usize);
                arena.extend_from_slice(self.arena.as_bytes().get(start..start + length).unwrap_or_default());
                last = Some(span);
            }
        }
        let arena = Bytes::from(arena);
        let (mut end, mut last) = (0, None);
        let mut value = ByteArray::from(Bytes::new());
        let values = spans.map(|span| {
            if last != Some(span) {
                let start = end;
                end += span.1 as usize;
                value = ByteArray::from(arena.slice(start..end));
                last = Some(span);
            }
            value.clone()
        });
        values.collect()
    }
}

/// The first eight bytes of a text, as a number that sorts as they do.
fn head(text: &str) -> u64 {
    let mut bytes = [0; 8];
    for (byte, from) in bytes.iter_mut().zip(text.bytes()) {
        *byte = from;
    }
    u64::from_be_bytes(bytes)
}
