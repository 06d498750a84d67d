//! `bench reach`: whose data was touched, asked of an index as large as the incident's.
//!
//! What stands in the index is made as columns, from fixed numbers: of every thousand events 182 are
//! forged, from 2,313 addresses, over 209 days, and the rest are customers at home. The lake's rows
//! are not needed, and are not made.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use sever_lake::index::{Index, IndexWriter, RunBuilder, SegmentOf, Segments};
use sever_lake::{Filter, LakeError, People, Pivot, ReachAnswer, ReachQuery, UseRow, code_of};
use sever_model::{ClaimSet, EventTime, Fingerprint, FingerprintKey, Judgement, Outcome, Stage};

use crate::process::median;
use crate::report::Row;

const EVENTS: f64 = 1e9;
const PEOPLE: f64 = 37_550_000.0;
const DAYS: i64 = 209;
const FIRST_DAY: i64 = 20_263;
const FORGED_PER_MILLE: u64 = 182;
const ADDRESSES: u64 = 2_313;
const KEY: &str = "signing-2023";
/// Questions of each kind.
const ROUNDS: usize = 100;

/// The rows of `bench reach`.
pub(crate) fn rows(scale: f64) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("no folder")?;
    let world = World::of(scale);
    world.write(folder.path())?;
    let index = Index::open(folder.path(), &Names)?;
    let size = index.size();
    let mut rows = Vec::new();
    let spans = |round: usize| {
        let start = FIRST_DAY + (round as i64 * 37) % (DAYS - 30);
        [start, start + 30].map(|day| EventTime::from_secs(day * 86_400))
    };
    let key = [(Pivot::Key, KEY.to_owned())];
    let addresses: Vec<(Pivot, String)> = (0..ADDRESSES).map(|at| (Pivot::Address, address_of_forger(at))).collect();
    let (worst, middle, answer) = ask(&index, &key, spans)?;
    let what = format!("key x never issued, 30 days: {} people, p50 {middle:.1} ms, p99", answer.lower);
    rows.push(Row::limit(&what, worst, "ms", 100.0));
    let (worst, middle, answer) = ask(&index, &addresses, spans)?;
    let what =
        format!("{ADDRESSES} addresses x never issued, 30 days: {} people, p50 {middle:.1} ms, p99", answer.lower);
    rows.push(Row::limit(&what, worst, "ms", 100.0));
    let whole = [FIRST_DAY, FIRST_DAY + DAYS].map(|day| EventTime::from_secs(day * 86_400));
    let (worst, middle, answer) = ask(&index, &key, |_| whole)?;
    let what =
        format!("the key by day, {} days, {} people, p50 {middle:.1} ms, p99", answer.by_day.len(), answer.lower);
    rows.push(Row::limit(&what, worst, "ms", 10.0));
    let people = People::new(FORGED_KEY);
    let mut times = Vec::new();
    for round in 0..10 * ROUNDS as u64 {
        let begun = Instant::now();
        index.touched(fingerprint(mix(round) % world.people), &people, &mut |_, _| Ok(0))?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    rows.push(Row::limit(
        &format!("who touched one person, p50 {:.3} ms, p99", median(times.clone())),
        quantile(times, 0.99),
        "ms",
        20.0,
    ));
    for (name, facet) in ["actors", "addresses", "clients"].iter().zip(&size.facets) {
        let per = |bytes: u64| bytes as f64 * 8.0 / facet.pairs.max(1) as f64;
        let what =
            format!("bits an entry, {name}: {} lists, {:.1} more to find them", facet.lists, per(facet.beside_bytes));
        rows.push(Row::against(
            &what,
            per(facet.set_bytes),
            "bits",
            "theory",
            facet.bound / facet.pairs.max(1) as f64,
            1.25,
        ));
    }
    let pairs = size.back_pairs.max(1) as f64;
    rows.push(Row::against(
        "bits an entry, the way back",
        size.back_bytes as f64 * 8.0 / pairs,
        "bits",
        "theory",
        size.back_bound / pairs,
        1.25,
    ));
    Ok(rows)
}

/// Asks again and again; the time of the slowest of a hundred and of the middle one, in milliseconds,
/// and an answer.
fn ask(
    index: &Index,
    things: &[(Pivot, String)],
    span: impl Fn(usize) -> [EventTime; 2],
) -> Result<(f64, f64, ReachAnswer)> {
    let people = People::new(FORGED_KEY);
    let mut times = Vec::new();
    let mut last = None;
    for round in 0..ROUNDS {
        let [from, to] = span(round);
        let query = ReachQuery {
            filter: Filter { thing: None, from: Some(from), to: Some(to) },
            judged: Some("never-issued".to_owned()),
            ..ReachQuery::default()
        };
        let begun = Instant::now();
        let answer = index.reach(things, &query, None, &people, &mut |_, _| Ok(0))?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        last = Some(answer);
    }
    let Some(answer) = last.filter(|answer| answer.lower > 0) else { bail!("nobody was touched") };
    Ok((quantile(times.clone(), 0.99), median(times), answer))
}

fn quantile(mut times: Vec<f64>, share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let at = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
    times.get(at).copied().unwrap_or(f64::NAN)
}

const FORGED_KEY: FingerprintKey = FingerprintKey::new([9; 16]);

/// The index's segments: one a day, whose rows nobody keeps.
struct Names;

fn segment(day: i64) -> String {
    format!("day={day}/bench-0.parquet")
}

impl Segments for Names {
    fn segments(&self) -> Vec<SegmentOf> {
        let of = |day| SegmentOf { name: segment(day), day, takes_back: false };
        (FIRST_DAY..FIRST_DAY + DAYS).map(of).collect()
    }

    fn rows(&self, _: &str, _: &mut dyn FnMut(&UseRow<'_>)) -> Result<(), LakeError> {
        Ok(())
    }
}

struct World {
    people: u64,
    events_a_day: u64,
}

impl World {
    fn of(scale: f64) -> World {
        World { people: (PEOPLE * scale) as u64, events_a_day: (EVENTS * scale) as u64 / DAYS as u64 }
    }

    fn write(&self, dir: &Path) -> Result<()> {
        let writer = IndexWriter::open(dir)?.context("the index is being written")?;
        for day in FIRST_DAY..FIRST_DAY + DAYS {
            let mut run = RunBuilder::new(day);
            for event in 0..self.events_a_day {
                let random = mix((day as u64) << 32 | event);
                let forged = event * 1_000 / self.events_a_day.max(1) < FORGED_PER_MILLE;
                let person = random % self.people;
                let code = code_of(fingerprint(person));
                let address = if forged { address_of_forger(random >> 40) } else { address_at_home(person) };
                let endpoint = ["/profile", "/addresses", "/orders", "/cart"].get((random >> 33) as usize % 4);
                run.row(
                    &UseRow {
                        time: EventTime::from_secs(day * 86_400 + (event * 86_399 / self.events_a_day.max(1)) as i64),
                        kind: "used",
                        outcome: Outcome::Answered,
                        judgement: Some(if forged {
                            Judgement::NeverIssued
                        } else {
                            Judgement::Issued(ClaimSet::NONE)
                        }),
                        stage: Stage::Confirmed,
                        source: "gateway",
                        offset: event,
                        issuer: "https://id.shop.example",
                        key_id: KEY,
                        credential: "",
                        session: "",
                        token_subject: &code,
                        account: "",
                        person: "",
                        source_ip: &address,
                        user_agent: if forged { "okhttp/4.12" } else { "shop/7.1" },
                        resource: endpoint.copied().unwrap_or("/"),
                        fields: "name",
                        data_subjects: &[&code],
                        subject_count: None,
                        subject_ref: "",
                    },
                    &mut writer.numbering(),
                )?;
            }
            writer.save(run, &segment(day))?;
        }
        Ok(())
    }
}

fn fingerprint(person: u64) -> Fingerprint {
    Fingerprint(u128::from(mix(person)) << 64 | u128::from(mix(person ^ 0x5eed)))
}

fn address_of_forger(at: u64) -> String {
    let at = at % ADDRESSES;
    format!("198.18.{}.{}", at / 250, at % 250)
}

fn address_at_home(person: u64) -> String {
    let [_, a, b, c] = (mix(person ^ 0xadd7) as u32).to_be_bytes();
    format!("10.{a}.{b}.{c}")
}

/// Spreads numbers: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
