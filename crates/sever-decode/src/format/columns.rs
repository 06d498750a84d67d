//! The columns of one record of CSV, unquoted.

use crate::search::{cut_at, until};

/// The columns of a record; kept from record to record, so that reading one allocates nothing.
///
/// Quoted columns lose their marks, and doubled marks become one. Bounded by the record.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The record, and behind it the columns that stand otherwise there.
    text: String,
    /// Where each stands in `text`.
    places: Vec<(usize, usize)>,
}

impl Columns {
    /// Takes the columns of the next record. Whatever stands between a column's closing mark and the
    /// next comma belongs to it as it is.
    pub fn split(&mut self, record: &str) {
        self.text.clear();
        self.text.push_str(record);
        self.places.clear();
        let bytes = record.as_bytes();
        let mut at = 0;
        loop {
            let end = match bytes.get(at) {
                Some(b'"') => self.quoted(record, at + 1),
                Some(b',') => self.put(at, at),
                _ => self.put(at, at + until(record.get(at..).unwrap_or(""), b',').len()),
            };
            if end >= record.len() {
                return;
            }
            at = end + 1;
        }
    }

    fn put(&mut self, start: usize, end: usize) -> usize {
        self.places.push((start, end));
        end
    }

    /// Takes a quoted column from behind its mark on, and gives where it ends: at a comma or at the end.
    fn quoted(&mut self, record: &str, from: usize) -> usize {
        let quoted = record.get(from..).unwrap_or("");
        let close = from + until(quoted, b'"').len();
        match record.as_bytes().get(close..) {
            Some([b'"', b',', ..] | [b'"']) => {
                self.places.push((from, close));
                close + 1
            }
            _ => {
                let start = self.text.len();
                let after = self.unquote(quoted);
                let plain = until(after, b',');
                self.text.push_str(plain);
                self.places.push((start, self.text.len()));
                record.len() - after.len() + plain.len()
            }
        }
    }

    /// Writes what a quoted column holds, and gives what follows its closing mark.
    fn unquote<'a>(&mut self, mut quoted: &'a str) -> &'a str {
        while let Some((text, after)) = cut_at(quoted, b'"') {
            self.text.push_str(text);
            let Some(rest) = after.strip_prefix('"') else { return after };
            self.text.push('"');
            quoted = rest;
        }
        self.text.push_str(quoted);
        ""
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The n-th, from 0; empty where there is none.
    pub fn at(&self, at: usize) -> &str {
        let place = self.places.get(at).copied();
        place.and_then(|(start, end)| self.text.get(start..end)).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    fn check(record: &str, expect: &[&str]) {
        let mut columns = Columns::default();
        columns.split("before,\"it\"\"\"");
        columns.split(record);
        let seen: Vec<&str> = (0..columns.len()).map(|at| columns.at(at)).collect();
        assert_eq!(seen, expect, "{record}");
    }

    #[test]
    fn columns_are_unquoted() {
        check("", &[""]);
        check(",", &["", ""]);
        check("a,\"b\",", &["a", "b", ""]);
        check("\"a,b\",c", &["a,b", "c"]);
        check("\"say \"\"x\"\"\",\"\"\"\",\"\"", &["say \"x\"", "\"", ""]);
        check("\"a\"b,c\"d\"", &["ab", "c\"d\""]);
        check("\"open,é", &["open,é"]);
        check("\"a\"\"", &["a\""]);
    }
}
