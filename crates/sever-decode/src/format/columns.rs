//! The columns of one record of CSV, unquoted.

use crate::search::{cut_at, place_of, until};

/// Where the columns of a record stand; kept from record to record, so that reading one allocates nothing.
///
/// Quoted columns lose their marks, and doubled marks become one. Bounded by the record.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The columns that stand otherwise in the record.
    unquoted: String,
    /// Where each stands in the record, or, past its end, in `unquoted`.
    places: Vec<(usize, usize)>,
}

/// The columns of one record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split<'a> {
    record: &'a str,
    columns: &'a Columns,
}

impl Columns {
    /// Tells the columns of the next record apart. Whatever stands between a column's closing mark and the
    /// next comma belongs to it as it is.
    pub fn split<'a>(&'a mut self, record: &'a str) -> Split<'a> {
        self.unquoted.clear();
        self.places.clear();
        let bytes = record.as_bytes();
        let mut at = 0;
        loop {
            let end = match bytes.get(at) {
                Some(b'"') => self.quoted(record, at + 1),
                Some(b',') => self.put(at, at),
                _ => self.put(at, next(b',', bytes, at)),
            };
            if end >= record.len() {
                return Split { record, columns: self };
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
        let bytes = record.as_bytes();
        let close = next(b'"', bytes, from);
        match bytes.get(close..) {
            Some([b'"', b',', ..] | [b'"']) => {
                self.places.push((from, close));
                close + 1
            }
            _ => {
                let start = record.len() + self.unquoted.len();
                let after = self.unquote(record.get(from..).unwrap_or(""));
                let plain = until(after, b',');
                self.unquoted.push_str(plain);
                self.places.push((start, record.len() + self.unquoted.len()));
                record.len() - after.len() + plain.len()
            }
        }
    }

    /// Writes what a quoted column holds, and gives what follows its closing mark.
    fn unquote<'a>(&mut self, mut quoted: &'a str) -> &'a str {
        while let Some((text, after)) = cut_at(quoted, b'"') {
            self.unquoted.push_str(text);
            let Some(rest) = after.strip_prefix('"') else { return after };
            self.unquoted.push('"');
            quoted = rest;
        }
        self.unquoted.push_str(quoted);
        ""
    }
}

/// Where a mark next stands, from a place on; the end where there is none.
fn next(mark: u8, bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + place_of(mark, rest).unwrap_or(rest.len())
}

impl<'a> Split<'a> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.columns.places.len()
    }

    /// The n-th, from 0; empty where there is none.
    pub fn at(self, at: usize) -> &'a str {
        let Some((start, end)) = self.columns.places.get(at).copied() else { return "" };
        let own = || self.columns.unquoted.get(start - self.record.len()..end - self.record.len());
        if end <= self.record.len() { self.record.get(start..end) } else { own() }.unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    fn check(record: &str, expect: &[&str]) {
        let mut columns = Columns::default();
        columns.split("before,\"it\"\"\"");
        let split = columns.split(record);
        let seen: Vec<&str> = (0..split.len()).map(|at| split.at(at)).collect();
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
