//! What the judge costs: nanoseconds per issuance and per use, and bytes per live token, at one and
//! ten million live tokens. Run with `cargo run --release -p sever-detect --example ledger_cost [LIVE…]`.
//!
//! Uses are of tokens in no order, so that each looks at cold memory; the records are decoded
//! beforehand, and no detector runs.

#![allow(clippy::print_stdout)] // an example's whole purpose

use std::time::Instant;

use sever_detect::{Pipeline, SettledSink, Setup};
use sever_model::port::Settled;
use sever_model::{
    Batch, ClaimSet, Class, Coverage, CoverageBy, EventKind, EventSource, EventTime, FingerprintKey, Inventory, Join,
    Judgement, Limits, Outcome, Row, SourceId, Span, Symbols, Tables, WallTime,
};

const ROWS: usize = 4_096;
const KEY: FingerprintKey = FingerprintKey::new(*b"ledger cost test");

struct Count {
    issued: u64,
    others: u64,
}

impl SettledSink for Count {
    fn settled(&mut self, settled: &Settled<'_>, _: &Symbols) {
        match settled.judgement {
            Judgement::Issued(_) => self.issued += 1,
            _ => self.others += 1,
        }
    }
}

struct Bench {
    pipeline: Pipeline,
    symbols: Symbols,
    inventory: Inventory,
    sink: Count,
    batch: Batch,
}

impl Bench {
    fn new() -> Bench {
        let log = |name: &str| EventSource::of(SourceId::from(name), None);
        let bound = ClaimSet::KEY_ID.with(ClaimSet::SUBJECT).with(ClaimSet::ISSUED_AT).with(ClaimSet::EXPIRES_AT);
        let class = Class {
            issuer: "https://id.example".to_owned(),
            name: "access".to_owned(),
            issued_in: Some(SourceId::from("issuer")),
            used_in: vec![SourceId::from("gateway")],
            token_type: String::new(),
            audiences: Vec::new(),
            key_ids: Vec::new(),
            join: Join::Jti,
            bound,
            lifetime_max: Span::secs(3_600),
            settle: Span::secs(120),
            coverage: CoverageBy::Sequence,
        };
        let setup = Setup {
            classes: vec![class],
            sources: vec![log("issuer"), log("gateway")],
            limits: Limits::default(),
            key: KEY,
            detectors: Vec::new(),
        };
        let inventory = Inventory::new(
            Tables::default(),
            EventTime::from_secs(0),
            WallTime::from_micros(0),
            Coverage { lines: Vec::new() },
        );
        Bench {
            pipeline: Pipeline::new(setup),
            symbols: Symbols::new(KEY, 1 << 20),
            inventory,
            sink: Count { issued: 0, others: 0 },
            batch: Batch::new(),
        }
    }

    /// Feeds tokens by number in batches and gives the nanoseconds that the pipeline spends per record: the
    /// lowest tenth of the batches, so that a busy machine is not counted.
    fn run(&mut self, issue: bool, count: u64, number: impl Fn(u64) -> u64) -> f64 {
        let mut spent = Vec::new();
        let mut at = 0;
        while at < count {
            self.batch.clear();
            while at < count && self.batch.len() < ROWS {
                self.push(issue, number(at));
                at += 1;
            }
            let begun = Instant::now();
            let rows = (0, self.batch.len());
            let source = usize::from(!issue);
            let (inventory, symbols) = (&self.inventory, &self.symbols);
            self.pipeline.observe(source, &self.batch, rows, inventory, None, symbols, &mut self.sink);
            spent.push(begun.elapsed().as_nanos() as f64 / self.batch.len() as f64);
        }
        spent.sort_by(f64::total_cmp);
        spent.get(spent.len() / 10).copied().unwrap_or_default()
    }

    fn push(&mut self, issue: bool, number: u64) {
        let token = format!("{:016x}-{number:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let subject = format!("{:012}", number.wrapping_mul(7_919) % 37_500_000);
        let kind = if issue { EventKind::Issued } else { EventKind::Used };
        let mut row = Row::new(EventTime::from_secs(1_700_000_000 + i64::from(!issue)), kind, 0);
        row.issuer = "https://id.example";
        row.key_id = "key-1";
        row.credential = &token;
        row.token_subject = &subject;
        row.issued_at = Some(EventTime::from_secs(1_700_000_000));
        row.expires_at = Some(EventTime::from_secs(1_700_003_600));
        row.outcome = Outcome::Answered;
        row.actor = "shop";
        row.action = "GET";
        row.resource = "/api/me";
        row.source_ip = "203.0.113.7";
        row.sequence = issue.then_some(number);
        self.batch.push(&row, &mut self.symbols);
    }
}

/// The numbers of live tokens to try: the arguments, or one and ten million.
fn sizes() -> Vec<u64> {
    let given: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    if given.is_empty() { vec![1_000_000, 10_000_000] } else { given }
}

fn main() {
    println!(
        "{:>12} {:>12} {:>12} {:>12} {:>14}",
        "live tokens", "ns/issuance", "ns/use hit", "ns/use miss", "bytes/token"
    );
    for live in sizes() {
        let mut bench = Bench::new();
        let issuance = bench.run(true, live, |at| at);
        let uses = live.min(1_000_000);
        let hit = bench.run(false, uses, |at| at.wrapping_mul(0x5851_f42d_4c95_7f2d) % live);
        let miss = bench.run(false, uses / 4, |at| live + at);
        let report = bench.pipeline.report();
        let bytes = report.bytes_per_entry().unwrap_or_default();
        println!("{live:>12} {issuance:>12.0} {hit:>12.0} {miss:>12.0} {bytes:>14.2}");
        assert_eq!((bench.sink.issued, bench.sink.others), (uses, 0), "every hit is issued, every miss waits");
    }
}
