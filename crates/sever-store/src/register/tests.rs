//! A register against a map of the same rows, from CSV and Parquet, and when it is damaged.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{BoolType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use sever_model::port::Reason;
use sever_model::{EventTime, FingerprintKey, Lookup, SubjectRegister as _, Zone};

use super::{BuildReport, Columns, Register, RegisterError, RegisterInput};

const KEY: FingerprintKey = FingerprintKey::new(*b"a key for tests!");
const UNTIL: EventTime = EventTime::from_secs(1_800_000_000);

fn input(path: &Path) -> RegisterInput {
    RegisterInput { path: path.to_owned(), columns: Columns::default(), zone: Zone::UTC, complete_until: UNTIL }
}

fn build(path: &Path) -> Result<(BuildReport, Register), RegisterError> {
    let out = path.with_file_name("register.sever");
    let report = Register::build(&input(path), &out, KEY, &mut |_, _| {})?;
    Ok((report, Register::open(&out, KEY)?))
}

fn of_csv(text: &[u8]) -> (tempfile::TempDir, Result<(BuildReport, Register), RegisterError>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("members.csv");
    std::fs::write(&path, text).unwrap();
    let built = build(&path);
    (dir, built)
}

fn time(text: &str) -> EventTime {
    EventTime::parse(text).unwrap()
}

#[test]
fn a_table_with_all_columns() {
    let text = "\u{feff}member_id;Joined;Closed At;is_member\n\
                a;2020-01-02T03:04:05Z;;true\n\
                b;2020-01-02;2021-05-06;no\n\
                c;1600000000;;\n\
                d;;;1\n";
    let (_dir, built) = of_csv(text.as_bytes());
    let (report, register) = built.unwrap();
    assert_eq!((report.meta.ids, report.meta.members, report.meta.deleted), (4, 3, 1));
    assert_eq!(report.columns.map(Option::unwrap), ["member_id", "Joined", "Closed At", "is_member"]);
    assert_eq!((register.complete_until(), register.len()), (UNTIL, 4));
    let of = |id: &str| match register.lookup(id) {
        Lookup::Known { created, deleted, member, .. } => (created, deleted, member),
        Lookup::Never => panic!("{id}"),
    };
    // Created is kept to the minute before, deleted to the end of its day.
    assert_eq!(of("a"), (time("2020-01-02T03:04:00Z"), None, true));
    assert_eq!(of("b"), (time("2020-01-02"), Some(time("2021-05-07")), false));
    assert_eq!(of("c").0, time("2020-09-13T12:26:00Z"));
    assert_eq!(of("d"), (EventTime::MIN, None, true));
    assert_eq!(register.lookup("e"), Lookup::Never);
    register.verify().unwrap();
}

#[test]
fn bad_rows_are_counted_with_their_place_and_the_rest_goes_on() {
    let text = b"id,created,member\na,2020-13-45,1\nb,2020-01-01\n,2020-01-01,1\nc,2020-01-01,perhaps\n\xff,2020-01-01,1\ng,2020-01-01,0\n";
    let (_dir, built) = of_csv(text);
    let (report, register) = built.unwrap();
    assert_eq!((report.meta.ids, report.meta.rejected, register.lookup("a")), (1, 5, Lookup::Never));
    let seen: Vec<(Option<u64>, u64, &Reason)> =
        report.rejects.iter().map(|reject| (reject.line, reject.offset, &reject.reason)).collect();
    let invalid = |field, value: &str| Reason::Invalid(field, value.to_owned());
    assert_eq!(
        seen,
        [
            (Some(2), 18, &invalid("created", "2020-13-45")),
            (Some(3), 33, &Reason::Syntax("2 fields where the header has 3".to_owned())),
            (Some(4), 46, &Reason::Missing("id")),
            (Some(5), 60, &invalid("member", "perhaps")),
            (Some(6), 81, &Reason::NotUtf8),
        ]
    );
}

#[test]
fn of_an_id_given_twice_the_earliest_created_counts() {
    let text = b"id,created,deleted\na,2021-01-01,\na,2020-01-01,2020-06-01\nb,2020-01-01,\nb,2020-01-01,\n";
    let (_dir, built) = of_csv(text);
    let (report, register) = built.unwrap();
    assert_eq!((report.meta.ids, report.meta.duplicates, report.meta.deleted), (2, 2, 1));
    let Lookup::Known { created, deleted, .. } = register.lookup("a") else { panic!() };
    assert_eq!((created, deleted), (time("2020-01-01"), Some(time("2020-06-02"))));
}

#[test]
fn a_table_without_ids_or_with_a_misnamed_column_says_what_there_is() {
    let (_dir, built) = of_csv(b"name,city\nann,oslo\n");
    let error = built.unwrap_err();
    assert!(error.to_string().contains("there are `name`, `city`"), "{error}");
    assert!(error.hint().is_some());

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("members.csv");
    std::fs::write(&path, "id,since\n1,2\n").unwrap();
    let columns = Columns { created: Some("sinc".to_owned()), ..Columns::default() };
    let input = RegisterInput { columns, ..input(&path) };
    let error = Register::build(&input, &dir.path().join("r"), KEY, &mut |_, _| {}).unwrap_err();
    assert!(error.to_string().ends_with("there is no column `sinc` for `created`"), "{error}");
}

#[test]
fn an_empty_table_is_a_register_of_nobody() {
    let (_dir, built) = of_csv(b"id\n");
    let (_, register) = built.unwrap();
    assert!(register.is_empty());
    assert_eq!(register.lookup("a"), Lookup::Never);
}

#[test]
fn parquet_gives_what_csv_gives() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("members.parquet");
    let schema = "message m { required int64 user_id; optional int64 created_at (TIMESTAMP(MILLIS,true)); \
                  required boolean member; optional int64 deleted_at (TIMESTAMP(MILLIS,true)); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::default())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let longs =
        |values: &[i64], levels: Option<&[i16]>, group: &mut parquet::file::writer::SerializedRowGroupWriter<'_, _>| {
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<Int64Type>().write_batch(values, levels, None).unwrap();
            column.close().unwrap();
        };
    longs(&[7, 8, 9], None, &mut group);
    longs(&[1_577_934_245_000, 60_000], Some(&[1, 0, 1]), &mut group);
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<BoolType>().write_batch(&[true, false, true], None, None).unwrap();
    column.close().unwrap();
    longs(&[1_577_934_300_000], Some(&[0, 0, 1]), &mut group);
    group.close().unwrap();
    writer.close().unwrap();

    let (report, register) = build(&path).unwrap();
    assert_eq!((report.meta.ids, report.meta.members, report.meta.deleted), (3, 2, 1));
    let of = |id: &str| match register.lookup(id) {
        Lookup::Known { created, deleted, member, .. } => (created, deleted, member),
        Lookup::Never => panic!("{id}"),
    };
    assert_eq!(of("7"), (time("2020-01-02T03:04:00Z"), None, true));
    assert_eq!(of("8"), (EventTime::MIN, None, false));
    assert_eq!(of("9"), (time("1970-01-01T00:01:00Z"), Some(time("2020-01-02T03:05:00Z")), true));
}

#[test]
fn a_damaged_or_foreign_register_is_refused_or_found_out() {
    let (dir, built) = of_csv(b"id\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    drop(built.unwrap());
    let path = dir.path().join("register.sever");
    let whole = std::fs::read(&path).unwrap();
    let what = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        match Register::open(&path, KEY).and_then(|register| register.verify()) {
            Err(RegisterError::Damaged { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    };
    for length in [0, 5, 100] {
        assert!(what(whole.get(..length).unwrap()).contains("cut short"));
    }
    assert_eq!(what(whole.get(..whole.len() - 1).unwrap()), "its length is not what its header says");
    assert_eq!(what(b"id,created\n1,2\n"), "it does not begin like one");
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        what(&flipped);
    }
    std::fs::write(&path, &whole).unwrap();
    let other = FingerprintKey::new(*b"another key here");
    assert!(Register::open(&path, other).unwrap_err().to_string().ends_with("built under another key"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Every id reads back as its earliest row said, ranks are dense, and no other id is known.
    #[test]
    fn a_register_is_a_map(rows in prop::collection::vec((0u16..400, 1i64..30_000_000, any::<bool>(), prop::option::of(1i64..30_000_000)), 0..600)) {
        let mut text = "id,created,deleted,member\n".to_owned();
        let mut model: HashMap<u16, (i64, Option<i64>, bool)> = HashMap::new();
        let mut ambiguous = std::collections::HashSet::new();
        for (id, created, member, deleted) in &rows {
            let at = |minutes: i64| EventTime::from_secs(minutes * 60).to_string();
            text += &format!("u{id},{},{},{member}\n", at(*created), deleted.map(at).unwrap_or_default());
            let row = (*created, *deleted, *member);
            match model.get(id) {
                Some((before, ..)) if before == created => { ambiguous.insert(*id); }
                Some((before, ..)) if before < created => {}
                _ => { model.insert(*id, row); }
            }
        }
        let (_dir, built) = of_csv(text.as_bytes());
        let (report, register) = built.unwrap();
        prop_assert_eq!(report.meta.ids, model.len() as u64);
        prop_assert_eq!(report.meta.duplicates, (rows.len() - model.len()) as u64);
        let mut ranks = vec![false; model.len()];
        for id in 0..400 {
            match (register.lookup(&format!("u{id}")), model.get(&id)) {
                (Lookup::Never, None) => {}
                (Lookup::Known { dense, created, deleted, member }, Some((c, d, m))) => {
                    prop_assert!(!std::mem::replace(&mut ranks[dense as usize], true));
                    if !ambiguous.contains(&id) {
                        let at = |minutes: i64| EventTime::from_secs(minutes * 60);
                        prop_assert_eq!((created, deleted, member), (at(*c), d.map(at), *m));
                    }
                }
                other => prop_assert!(false, "u{}: {:?}", id, other),
            }
        }
    }
}
