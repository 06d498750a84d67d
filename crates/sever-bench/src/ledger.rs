//! Memory of the issued ledger: bytes per live token, and how far growth overshoots.

use anyhow::{Result, bail};
use sever_detect::{Pipeline, SettledSink, Setup};
use sever_model::port::Settled;
use sever_model::{
    Batch, ClaimSet, Class, Coverage, CoverageBy, EventKind, EventSource, EventTime, FingerprintKey, Inventory, Join,
    Limits, Row, SourceId, Span, Symbols, Tables, WallTime,
};

use crate::process::{Numbers, memory};

/// The key that everything of a benchmark is fingerprinted under.
pub(crate) const KEY: FingerprintKey = FingerprintKey::new(*b"severance-bench!");

/// 2026-04-01T00:00:00Z.
const BEGIN_SECS: i64 = 1_775_001_600;

/// The class of the tokens of all benchmarks.
pub(crate) fn class() -> Class {
    Class {
        issuer: "https://id.shop.example".to_owned(),
        name: "access".to_owned(),
        issued_in: Some(SourceId::from("issuer")),
        used_in: vec![SourceId::from("gateway")],
        token_type: String::new(),
        audiences: Vec::new(),
        key_ids: Vec::new(),
        join: Join::Jti,
        bound: [ClaimSet::SUBJECT, ClaimSet::AUDIENCE, ClaimSet::CLIENT, ClaimSet::ISSUED_AT, ClaimSet::EXPIRES_AT]
            .into_iter()
            .fold(ClaimSet::KEY_ID, ClaimSet::with),
        lifetime_max: Span::secs(2 * 3_600),
        settle: Span::secs(120),
        coverage: CoverageBy::Sequence,
    }
}

/// Issues `count` tokens that all live, and watches the memory.
pub(crate) fn one(count: u64) -> Result<Numbers> {
    let inventory =
        Inventory::new(Tables::default(), EventTime::MIN, WallTime::from_secs(BEGIN_SECS), Coverage::default());
    let mut symbols = Symbols::new(KEY, Limits::default().symbols_max);
    let mut pipeline = Pipeline::new(Setup {
        classes: vec![class()],
        sources: vec![EventSource::of(SourceId::from("issuer"), None)],
        limits: Limits::default(),
        key: KEY,
        detectors: Vec::new(),
    });
    let mut batch = Batch::new();
    let mut issue = |from: u64, to: u64| {
        batch.clear();
        for token in from..to {
            push(&mut batch, &mut symbols, token, count);
        }
        pipeline.observe(0, &batch, (0, batch.len()), &inventory, None, &symbols, &mut Nothing);
    };
    // The first batch pays for what does not grow with tokens.
    let step = Limits::default().batch_rows as u64;
    issue(0, step);
    let base = memory("VmRSS")?;
    let mut peak_per_token: f64 = 0.0;
    let mut issued = step;
    while issued < count {
        issue(issued, issued + step);
        issued += step;
        // Below a million, what does not grow with tokens still shows.
        if issued >= 1_000_000 && issued.is_multiple_of(step * 16) {
            peak_per_token = peak_per_token.max((memory("VmHWM")? - base) as f64 / issued as f64);
        }
    }
    let per_token = (memory("VmRSS")?.saturating_sub(base)) as f64 / (issued - step) as f64;
    let report = pipeline.report();
    if report.ledger_entries < issued {
        bail!("{issued} tokens were issued and the ledger holds {}", report.ledger_entries);
    }
    Ok(Numbers::from([
        ("bytes_per_token".to_owned(), per_token),
        ("peak_bytes_per_token".to_owned(), peak_per_token.max(per_token)),
        ("own_bytes_per_token".to_owned(), report.ledger_bytes as f64 / report.ledger_entries as f64),
    ]))
}

/// One issuance; all of them within an hour, each for two.
fn push(batch: &mut Batch, symbols: &mut Symbols, token: u64, count: u64) {
    let micros = (token as f64 / count as f64 * 3_600e6) as i64;
    let at = EventTime::from_secs(BEGIN_SECS).plus(Span::from_micros(micros));
    let id = format!("{:016x}{token:016x}", token.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let subject = format!("c{:08}", token % 1_000_000);
    let mut row = Row::new(at, EventKind::Issued, token * 700);
    row.issuer = "https://id.shop.example";
    row.key_id = "kid-1";
    row.audience = "shop";
    row.client = "app-ios";
    row.credential = &id;
    row.token_subject = &subject;
    row.issued_at = Some(at);
    row.expires_at = Some(at.plus(Span::secs(2 * 3_600)));
    row.node = "id-1";
    row.sequence = Some(token + 1);
    batch.push(&row, symbols);
}

/// Takes settled uses and keeps none.
struct Nothing;

impl SettledSink for Nothing {
    fn settled(&mut self, _settled: &Settled<'_>, _symbols: &Symbols) {}
}
