//! The columns of one record of CSV, unquoted.

/// The columns of a record; kept from record to record, so that reading one allocates nothing.
///
/// Quoted columns lose their marks, and doubled marks become one. Bounded by the record.
#[derive(Debug, Default)]
pub(super) struct Columns {
    text: String,
    /// Where each ends in `text`.
    ends: Vec<usize>,
}

impl Columns {
    /// Takes the columns of the next record. Whatever stands between a column's closing mark and the
    /// next comma belongs to it as it is.
    pub fn split(&mut self, record: &str) {
        self.text.clear();
        self.ends.clear();
        let mut rest = Some(record);
        while let Some(column) = rest {
            let after = match column.strip_prefix('"') {
                Some(quoted) => self.unquote(quoted),
                None => column,
            };
            let (plain, next) = after.split_once(',').map_or((after, None), |(plain, next)| (plain, Some(next)));
            self.text.push_str(plain);
            self.ends.push(self.text.len());
            rest = next;
        }
    }

    /// Takes what a quoted column holds, and gives what follows its closing mark.
    fn unquote<'a>(&mut self, mut quoted: &'a str) -> &'a str {
        while let Some((text, after)) = quoted.split_once('"') {
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
        self.ends.len()
    }

    /// The n-th, from 0; empty where there is none.
    pub fn at(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let span = start.zip(self.ends.get(at).copied());
        span.and_then(|(start, end)| self.text.get(start..end)).unwrap_or("")
    }
}
