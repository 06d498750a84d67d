//! `bench decode`: what decoding each format costs, beside parsing the same bytes alone.
//!
//! Each format reads the fixtures of its `tests/formats/<id>/basic`, each repeated in memory to some
//! megabytes, as a [`LogStream`] fed as the engine feeds it; and, where they lie beside the checkout,
//! vendors' own samples. The floor, in turns with it: [`crate::parse`].

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;
use sever_decode::{FORMATS, Format, LogStream, Mapping, head};
use sever_model::port::EventSink;
use sever_model::{Limits, Row};

use crate::parse::{self, Shape};
use crate::process::{Numbers, cpu_timed, in_child, median};

/// Decoding over parsing alone, at most.
const BAR: f64 = 1.6;

/// Turns of each; odd, so that there is a middle one.
const TURNS: usize = 15;

/// Bytes of each format that the bar is about.
const BYTES: f64 = 32e6;

/// As much as the engine reads at once.
const CHUNK_BYTES: usize = 256 << 10;

/// The most that a stored log is unpacked to.
const UNPACKED_BYTES_MAX: usize = 64 << 20;

/// What the project's own input is called.
const FIXTURES: &str = "fixtures";

/// Where vendors' samples lie, if they do.
const BESIDE: &str = "../shared/data";

/// Vendors' samples: a file of [`BESIDE`], and its format.
const SAMPLES: &[(&str, &str)] = &[
    ("cloudtrail-stratus.ndjson.gz", "cloudtrail"),
    ("formats/AWS.CloudTrail.jsonl.gz", "cloudtrail"),
    ("formats/Amazon.EKS.Audit.jsonl.gz", "kubernetes-audit"),
    ("formats/Auth0.Events.jsonl.gz", "auth0"),
    ("formats/Azure.Audit.jsonl.gz", "entra"),
    ("formats/GCP.AuditLog.jsonl.gz", "gcp-audit"),
    ("formats/GSuite.ActivityEvent.jsonl.gz", "google-workspace"),
    ("formats/GitHub.Audit.jsonl.gz", "github-audit"),
    ("formats/Gravitational.TeleportAudit.jsonl.gz", "teleport"),
    ("formats/Microsoft365.Audit.AzureActiveDirectory.jsonl.gz", "m365"),
    ("formats/Okta.SystemLog.jsonl.gz", "okta"),
    ("formats/OneLogin.Events.jsonl.gz", "onelogin"),
    ("formats/OnePassword.SignInAttempt.jsonl.gz", "onepassword"),
    ("formats/Slack.AuditLogs.jsonl.gz", "slack-audit"),
    ("formats/Snowflake.LoginHistory.jsonl.gz", "snowflake"),
];

/// What decoding a format costs.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cost {
    format: String,
    /// `fixtures`, or the file of a vendor's.
    input: String,
    /// How the floor parses it.
    parsed_as: String,
    events_per_sec: f64,
    megabytes_per_sec: f64,
    parse_megabytes_per_sec: f64,
    /// Decoding over parsing alone.
    ratio: f64,
    bar: f64,
    holds: bool,
}

/// Every format's cost, the dearest first.
pub(crate) fn costs(scale: f64) -> Result<Vec<Cost>> {
    let numbers = in_child("decode", (BYTES * scale) as u64)?;
    let mut rows: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for (name, value) in &numbers {
        let (row, what) = name.rsplit_once('\t').context("a number without a name")?;
        rows.entry(row).or_default().insert(what, *value);
    }
    let mut costs: Vec<Cost> = rows.iter().map(|(row, of)| Cost::of(row, of)).collect();
    costs.sort_by(|a, b| b.ratio.total_cmp(&a.ratio));
    Ok(costs)
}

impl Cost {
    fn of(row: &str, numbers: &BTreeMap<&str, f64>) -> Cost {
        let of = |name: &str| numbers.get(name).copied().unwrap_or(f64::NAN);
        let (format, rest) = row.split_once('\t').unwrap_or((row, ""));
        let (input, parsed_as) = rest.split_once('\t').unwrap_or((rest, ""));
        let ratio = of("ratio");
        Cost {
            format: format.to_owned(),
            input: input.to_owned(),
            parsed_as: parsed_as.to_owned(),
            events_per_sec: of("events") / of("decode_secs"),
            megabytes_per_sec: of("bytes") / of("decode_secs") / 1e6,
            parse_megabytes_per_sec: of("bytes") / of("parse_secs") / 1e6,
            ratio,
            bar: BAR,
            holds: ratio <= BAR,
        }
    }
}

/// The costs as a table.
pub(crate) fn table(costs: &[Cost]) -> String {
    let input = costs.iter().map(|cost| cost.input.chars().count()).max().unwrap_or(5);
    let mut text = format!(
        "{:17} {:input$} {:>10} {:>7} {:>11} {:8} {:>6} {:>5}\n",
        "format", "input", "events/s", "MB/s", "parse MB/s", "as", "ratio", "bar"
    );
    for cost in costs {
        text.push_str(&format!(
            "{:17} {:input$} {:>10.0} {:>7.0} {:>11.0} {:8} {:>6.2} {:>5.2}  {}\n",
            cost.format,
            cost.input,
            cost.events_per_sec,
            cost.megabytes_per_sec,
            cost.parse_megabytes_per_sec,
            cost.parsed_as,
            cost.ratio,
            cost.bar,
            if cost.holds { "holds" } else { "over" },
        ));
    }
    let over = costs.iter().filter(|cost| !cost.holds).count();
    text.push_str(&format!("{} of {} hold\n", costs.len() - over, costs.len()));
    text
}

/// Measures every format in turn, over about `bytes` of each.
pub(crate) fn one(bytes: u64) -> Result<Numbers> {
    // To look at one format under a profiler.
    let only = std::env::var("BENCH_FORMAT").ok();
    let mut numbers = Numbers::new();
    for format in FORMATS.iter().filter(|format| only.as_ref().is_none_or(|only| only == format.id)) {
        measure(format, FIXTURES, &fixtures(format, bytes as usize)?, &mut numbers)?;
    }
    for (file, id) in SAMPLES.iter().filter(|(_, id)| only.as_ref().is_none_or(|only| only == id)) {
        let format = Format::named(id).with_context(|| format!("no format {id}"))?;
        let Some(log) = sample(format, file, bytes as usize)? else { continue };
        let name = file.rsplit('/').next().and_then(|name| name.split(".json").next()).unwrap_or(file);
        measure(format, name.trim_end_matches(".ndjson.gz"), &[log], &mut numbers)?;
    }
    Ok(numbers)
}

/// A log in memory.
struct Log {
    bytes: Vec<u8>,
    mapping: Option<Mapping>,
    shape: Shape,
}

impl Log {
    /// A log, repeated to about so many bytes; all but the header of a table, which stands once. Of one whose
    /// times have no year, all but its first month: each turn of the year is a year later.
    fn of(once: &[u8], format: &Format, csv: bool, mapping: Option<Mapping>, bytes: usize) -> Log {
        let headed = csv && once.first().is_some_and(u8::is_ascii_alphabetic);
        let header = memchr::memchr(b'\n', once).filter(|_| headed).map_or(0, |end| end + 1);
        let (mut header, mut rows) = once.split_at(header);
        let month: Vec<u8>;
        if mapping.as_ref().is_some_and(|mapping| mapping.year.is_some()) {
            let lines = once.split_inclusive(|byte| *byte == b'\n');
            month = lines.filter(|line| line.get(..3) == once.get(..3)).flatten().copied().collect();
            (header, rows) = (once, &month);
        }
        let mut whole = Vec::with_capacity(bytes + once.len() + 1);
        whole.extend_from_slice(header);
        while whole.len() < bytes {
            whole.extend_from_slice(rows);
            if rows.last() != Some(&b'\n') {
                whole.push(b'\n');
            }
        }
        Log { shape: Shape::of(&whole, csv, format.id), bytes: whole, mapping }
    }
}

/// The fixtures of a format, each repeated to its share of so many bytes.
fn fixtures(format: &Format, bytes: usize) -> Result<Vec<Log>> {
    let folder = root().join("tests/formats").join(format.id).join("basic");
    let listed = fs::read_dir(&folder).with_context(|| format!("no fixtures in {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    let beside = [".events.jsonl", ".summary.json", ".map.toml"];
    paths.retain(|path| !beside.iter().any(|end| path.to_string_lossy().ends_with(end)));
    paths.sort();
    let share = bytes / paths.len().max(1);
    paths.iter().map(|path| fixture(format, path, share)).collect()
}

fn fixture(format: &Format, path: &Path, bytes: usize) -> Result<Log> {
    let stored = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let mapping = match fs::read_to_string(path.with_file_name(format!("{stem}.map.toml"))) {
        Ok(text) => Some(toml::from_str(&text).with_context(|| format!("the mapping of {name}"))?),
        Err(_) => None,
    };
    let csv = path.extension().is_some_and(|extension| extension == "csv");
    Ok(Log::of(&head(&stored, UNPACKED_BYTES_MAX), format, csv, mapping, bytes))
}

/// A vendor's samples, if they are there: the events themselves, one a line.
fn sample(format: &Format, file: &str, bytes: usize) -> Result<Option<Log>> {
    let Ok(stored) = fs::read(root().join(BESIDE).join(file)) else { return Ok(None) };
    let unpacked = head(&stored, UNPACKED_BYTES_MAX);
    let mut once = Vec::new();
    for line in unpacked.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        // Each sample of the folder holds its event as text or as an object, beside other things.
        let event: Value = if file.starts_with("formats/") {
            let sample: Value = serde_json::from_slice(line).with_context(|| format!("a sample of {file}"))?;
            sample.get("log").cloned().with_context(|| format!("a sample of {file} without a log"))?
        } else {
            once.extend_from_slice(line);
            once.push(b'\n');
            continue;
        };
        once.extend_from_slice(event.to_string().as_bytes());
        once.push(b'\n');
    }
    let mut whole = Vec::with_capacity(bytes + once.len());
    while whole.len() < bytes && !once.is_empty() {
        whole.extend_from_slice(&once);
    }
    Ok(Some(Log { shape: Shape::of(&whole, false, format.id), bytes: whole, mapping: None }))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Measures some logs of one format, in turns with the floor.
fn measure(format: &Format, input: &str, logs: &[Log], numbers: &mut Numbers) -> Result<()> {
    let (mut parses, mut decodes, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut events, mut bytes) = (0, 0);
    // The first turn warms the caches and is not counted.
    for turn in 0..=TURNS {
        let (parse_secs, parsed) =
            cpu_timed(|| Ok(logs.iter().map(|log| parse::parse(&log.bytes, log.shape)).sum::<u64>()))?;
        black_box(parsed);
        let (decode_secs, decoded) =
            cpu_timed(|| logs.iter().map(|log| decode(format, log)).collect::<Result<Vec<_>>>())?;
        events = decoded.iter().map(|(events, _)| events).sum::<u64>();
        bytes = decoded.iter().map(|(_, bytes)| bytes).sum::<u64>();
        if turn > 0 {
            parses.push(parse_secs);
            decodes.push(decode_secs);
            // Of neighbours: what else a machine does makes both slower.
            ratios.push(decode_secs / parse_secs);
        }
    }
    if events == 0 && input != FIXTURES {
        return Ok(());
    }
    if events == 0 {
        bail!("no event of {} was decoded from {input}", format.id);
    }
    let kinds: std::collections::BTreeSet<&str> = logs.iter().map(|log| log.shape.name()).collect();
    let row = format!("{}\t{input}\t{}", format.id, kinds.into_iter().collect::<Vec<_>>().join("+"));
    for (name, value) in [
        ("decode_secs", median(decodes)),
        ("parse_secs", median(parses)),
        ("ratio", median(ratios)),
        ("events", events as f64),
        ("bytes", bytes as f64),
    ] {
        numbers.insert(format!("{row}\t{name}"), value);
    }
    Ok(())
}

/// Counts events, so that none is left out.
struct Count(u64);

impl EventSink for Count {
    fn push(&mut self, row: &Row<'_>) {
        self.0 += u64::from(black_box(row).offset < u64::MAX);
    }

    // Vendors' samples were trimmed, often of their time; reading them costs the same.
    fn untimed(&mut self, row: &Row<'_>) {
        self.push(row);
    }
}

/// Decodes a log: its events and bytes.
fn decode(format: &Format, log: &Log) -> Result<(u64, u64)> {
    let limits = Limits::default();
    let decoder = format.decoder(log.mapping.as_ref(), &limits).map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut stream = LogStream::new(decoder, format.framing, &limits);
    let mut count = Count(0);
    for chunk in log.bytes.chunks(CHUNK_BYTES) {
        stream.feed(chunk, &mut count);
    }
    stream.finish(&mut count);
    Ok((count.0, stream.accounting().bytes))
}
