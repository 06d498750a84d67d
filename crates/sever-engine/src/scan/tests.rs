//! A scan sees events in one order, whatever the files and however they are read.

use std::io::{Cursor, Read};

use sever_decode::{Field, Format, Mapping, Pick};
use sever_model::port::Events;
use sever_model::{Coverage, EventSource, EventTime, FingerprintKey, Inventory, Limits, Symbols, WallTime};

use super::*;

/// Gives at most `step` bytes at a time, and breaks after `good` bytes.
struct Slow {
    bytes: Cursor<Vec<u8>>,
    step: usize,
    good: u64,
}

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.bytes.position() >= self.good {
            return Err(std::io::Error::other("the disk is gone"));
        }
        let end = buffer.len().min(self.step);
        self.bytes.read(&mut buffer[..end])
    }
}

fn input(name: &str, times: &[i64], step: usize, good: u64) -> LogInput {
    let lines: String = times.iter().map(|at| format!("{{\"ts\":{at},\"who\":\"{name}\"}}\n")).collect();
    let mapping = Mapping::new().with(Field::Time, "ts").with(Field::Actor, Pick::from("who"));
    LogInput {
        source: EventSource::of(name.into(), None),
        format: Format::named("json-lines").expect("it is registered"),
        mapping: Some(mapping),
        bytes: lines.len() as u64,
        open: Box::new(move || {
            let bytes = Cursor::new(lines.clone().into_bytes());
            Ok(Box::new(Slow { bytes, step, good }) as Box<dyn Read>)
        }),
    }
}

/// The order in which events are seen, and the files' reports.
fn seen(inputs: Vec<LogInput>) -> (Vec<(i64, String)>, Vec<LogReport>) {
    let tables = sever_model::Tables::default();
    let inventory = Inventory::new(tables, EventTime::MAX, WallTime::MAX, Coverage::default());
    let mut order = Vec::new();
    let mut watch = |events: &Events<'_>, symbols: &Symbols| {
        for row in events.range() {
            let actor = symbols.text(events.batch.names(row).actor).to_owned();
            order.push((events.batch.time(row).micros() / 1_000_000, actor));
        }
    };
    let setup = ScanSetup {
        inputs,
        inventory: &inventory,
        register: None,
        classes: Vec::new(),
        detectors: Vec::new(),
        key: FingerprintKey::new([1; 16]),
        limits: Limits::default(),
        knocks: Vec::new(),
        lake: None,
        watch: Some(&mut watch),
    };
    let outcome = scan(setup, &mut crate::Quiet).expect("it scans");
    (order, outcome.logs)
}

#[test]
fn files_are_merged_by_time_and_ties_go_to_the_first() {
    const ALL: u64 = u64::MAX;
    let (order, _) =
        seen(vec![input("a", &[1_000, 1_003, 1_005], 9_999, ALL), input("b", &[1_001, 1_003], 9_999, ALL)]);
    let order: Vec<(i64, &str)> = order.iter().map(|(at, who)| (*at, who.as_str())).collect();
    assert_eq!(order, [(1_000, "a"), (1_001, "b"), (1_003, "a"), (1_003, "b"), (1_005, "a")]);
}

#[test]
fn the_order_does_not_depend_on_how_files_are_read() {
    let times = |from: i64, step: i64| -> Vec<i64> { (0..200).map(|at| from + at * step - (at % 7) * 3).collect() };
    let orders: Vec<_> = [1, 13, 4_096]
        .map(|step| {
            let files = [("a", 3), ("b", 2), ("c", 5)];
            let inputs = files.map(|(name, pace)| input(name, &times(10_000, pace), step, u64::MAX));
            seen(inputs.into()).0
        })
        .into();
    assert_eq!(orders[0].len(), 600);
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[test]
fn a_file_that_breaks_off_is_told_and_the_others_go_on() {
    let (order, logs) =
        seen(vec![input("a", &[1_000, 1_002, 1_004], 26, 52), input("b", &[1_001, 1_009], 9_999, u64::MAX)]);
    assert_eq!(order.last().map(|(at, _)| *at), Some(1_009));
    let broken: Vec<_> = logs.iter().map(|log| log.broken.as_deref()).collect();
    assert_eq!(broken, [Some("the disk is gone"), None]);
}
