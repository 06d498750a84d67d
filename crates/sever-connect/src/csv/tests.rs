//! The splitter reads well-formed CSV as the `csv` crate does, and gets over what is not.

use proptest::prelude::*;

use super::*;

fn lines_of(text: &[u8], line_max: usize) -> Lines {
    Lines::new(Box::new(std::io::Cursor::new(text.to_vec())), line_max)
}

/// Every record, or why there is none, with its line and length.
fn read(text: &[u8], line_max: usize) -> Vec<(u64, u64, Result<Vec<String>, Reason>)> {
    let mut lines = lines_of(text, line_max);
    let mut record = CsvRecord::default();
    let mut found = Vec::new();
    loop {
        match record.next(&mut lines, b',') {
            Next::End => return found,
            Next::Blank => {}
            Next::Bad(place, reason) => found.push((place.line, place.bytes, Err(reason))),
            Next::Record(place, _) => {
                let fields = (0..record.len()).map(|at| record.field(at).unwrap().to_owned()).collect();
                found.push((place.line, place.bytes, Ok(fields)));
            }
        }
    }
}

#[test]
fn a_long_line_is_skipped_and_counted() {
    let text = format!("a,b\n{}\nc,d", "x".repeat(500_000));
    let found = read(text.as_bytes(), 1_000);
    assert_eq!(found.len(), 3);
    assert_eq!(found[1], (2, 500_001, Err(Reason::TooLong)));
    assert_eq!(found[2], (3, 3, Ok(vec!["c".to_owned(), "d".to_owned()])));
}

#[test]
fn an_open_quote_costs_its_own_line() {
    let text = b"a,\"b\nc,d\ne,\"f\ng\",\"h\"\n\"i";
    let found = read(text, 1_000);
    let bad = Err(Reason::Syntax("a quote is opened and never closed".to_owned()));
    let fields = |text: &str| Ok(text.split('|').map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(
        found.iter().map(|it| it.2.clone()).collect::<Vec<_>>(),
        [bad.clone(), fields("c|d"), fields("e|f\ng|h"), bad]
    );
}

proptest! {
    #[test]
    fn well_formed_records_read_as_the_csv_crate_reads_them(
        rows in prop::collection::vec(prop::collection::vec("[ab\"\n\r,; é]{0,6}", 2..5), 1..6),
    ) {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let text = writer.into_inner().unwrap();
        let read: Vec<_> = read(&text, 10_000).into_iter().map(|(_, _, fields)| fields.unwrap()).collect();
        let kept: Vec<_> = rows.into_iter().filter(|row| row.iter().any(|field| !field.trim().is_empty())).collect();
        prop_assert_eq!(read, kept);
    }

    #[test]
    fn anything_is_read_to_its_end(text in prop::collection::vec(prop::sample::select(b"a,\"\n\r\xff ;".to_vec()), 0..200)) {
        let found = read(&text, 20);
        let bytes: u64 = found.iter().map(|it| it.1).sum();
        prop_assert!(bytes <= text.len() as u64);
        let mut lines = lines_of(&text, 20);
        let mut record = CsvRecord::default();
        while record.next(&mut lines, b',') != Next::End {}
        prop_assert_eq!(lines.take(0).offset, text.len() as u64);
    }
}
