//! `sever decode`: what the decoders make of a log, event by event.
//!
//! Streams: an event is printed as soon as it is decoded, so that a log of any size can be looked
//! at. Fields that a record does not have are left out.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sever_decode::{Accounting, FORMATS, Format as LogFormat, LogStream, Mapping};
use sever_model::port::EventSink;
use sever_model::{EventTime, Row, counted};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::{places, site};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Format;

/// Print what the decoders make of a log, event by event
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The log: a file, a folder or `s3://bucket/prefix`; gzip and zstd are unpacked, `-` is standard input
    pub file: PathBuf,
    /// Read it as this format instead of sniffing (`sever formats` lists them)
    // Its own id: that of `format` is the global flag's.
    #[arg(id = "as", long = "as", value_name = "FORMAT")]
    pub format: Option<String>,
    /// Print only the count of events and rejects
    #[arg(long)]
    pub summary: bool,
    /// Stop after so many events
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

/// How much of a file is read at once, and looked at to tell its format.
const CHUNK_BYTES: usize = 256 << 10;

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let printing = match out.format {
        Format::Json | Format::Jsonl => Printing::Json,
        Format::Table | Format::Tsv => Printing::Line,
        other => {
            return Err(Failure::usage(format!("events cannot be printed as {}", other.name()))
                .hint("`--format jsonl`, or none for a line per event"));
        }
    };
    let mut left = args.limit;
    let mut exits = Vec::new();
    let files = places::named(&args.file)?;
    for place in &files {
        match one(&place.path, args, global, printing, &mut left, out) {
            // One of many that cannot be read keeps none of the others from being shown.
            Err(failure) if files.len() > 1 => {
                out.note(&failure.what);
                exits.push(Exit::CoverageIncomplete);
            }
            exit => exits.push(exit?),
        }
        if left == Some(0) {
            break;
        }
    }
    // Of many files one without an event is nothing to tell.
    if exits.iter().any(|exit| *exit != Exit::NothingLooked) {
        exits.retain(|exit| *exit != Exit::NothingLooked);
    }
    Ok(exits)
}

/// Prints one file.
fn one(
    file: &Path,
    args: &Args,
    global: &Global,
    printing: Printing,
    left: &mut Option<u64>,
    out: &mut Output,
) -> Result<Exit, Failure> {
    let name = file.to_string_lossy().into_owned();
    let mut reader = places::open(file).map_err(|error| site::cannot_read(file, error))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut read = read_full(&mut *reader, &mut chunk).map_err(|error| site::cannot_read(file, error))?;
    let head = chunk.get(..read).unwrap_or_default();
    let (format, mapping) = choose(file, args, global, head, out)?;
    let limits = sever_model::Limits::default();
    let stream = LogStream::of(format, mapping.as_ref(), &limits);
    let mut stream = stream.map_err(|error| Failure::usage(error.to_string()).hint(error.hint()))?;
    let mut printer = Printer { out, printing, name: &name, left: *left, quiet: args.summary };
    while read > 0 && printer.left != Some(0) {
        stream.feed(chunk.get(..read).unwrap_or_default(), &mut printer);
        read = read_full(&mut *reader, &mut chunk).map_err(|error| site::cannot_read(file, error))?;
    }
    let stopped = printer.left == Some(0) && read > 0;
    if !stopped {
        stream.finish(&mut printer);
    }
    *left = printer.left;
    let what = sever_decode::named(format, stream.envelopes());
    Ok(told(&name, &what, stream.accounting(), stopped, out))
}

/// What became of a file's bytes.
fn told(name: &str, what: &str, accounting: &Accounting, stopped: bool, out: &mut Output) -> Exit {
    for reject in &accounting.kept {
        let line = reject.line.map_or(String::new(), |line| format!(" (line {line})"));
        out.note(&format!("rejected at byte {}{line}, {} bytes: {}", reject.offset, reject.bytes, reject.reason));
    }
    let more = accounting.rejects.saturating_sub(accounting.kept.len() as u64);
    if more > 0 {
        out.note(&format!("and {more} more rejected"));
    }
    for note in &accounting.notes {
        out.note(&format!("{}({}): {}", note.what, note.of, note.count));
    }
    out.note(&format!(
        "{name} as {what}: {}, {}, {} rejected; {} bytes = {} in events + {} rejected + {} blank{}",
        counted(accounting.frames, "record"),
        counted(accounting.events, "event"),
        accounting.rejects,
        accounting.bytes,
        accounting.event_bytes,
        accounting.rejected_bytes,
        accounting.blank_bytes,
        if stopped { "; stopped at the limit" } else { "" },
    ));
    match (accounting.events, accounting.damaged()) {
        (0, _) => Exit::NothingLooked,
        (_, 0) => Exit::Clean,
        _ => Exit::CoverageIncomplete,
    }
}

/// The format and mapping: as asked, as configured for this file, or as sniffed.
fn choose(
    file: &Path,
    args: &Args,
    global: &Global,
    head: &[u8],
    out: &mut Output,
) -> Result<(&'static LogFormat, Option<Mapping>), Failure> {
    let configured = site::Site::configured_log(global, file)?;
    if args.format.is_none()
        && let Some((format, mapping)) = configured
    {
        return Ok((format, mapping));
    }
    let plain = site::unpacked(head);
    let format = match &args.format {
        Some(id) => LogFormat::named(id)
            .ok_or_else(|| Failure::unknown("log format", id, FORMATS.iter().map(|format| format.id)))?,
        None => {
            let sniffed = sever_decode::sniff(&plain);
            let best = sniffed.first().ok_or_else(|| {
                Failure::new(format!("cannot tell what `{}` is", file.display()))
                    .hint("name its format with `--as`; `sever formats` lists them")
                    .exit(Exit::NothingLooked)
            })?;
            out.note(&format!("read as {}: {}", best.what(), best.why));
            best.format
        }
    };
    let mapping = (format.id == "json-lines").then(|| Mapping::guess(&plain));
    if let Some(guess) = &mapping {
        out.note(&format!("fields mapped by their names: {}", guess.why));
    }
    Ok((format, mapping.map(|guess| guess.mapping)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Printing {
    Json,
    Line,
}

struct Printer<'a> {
    out: &'a mut Output,
    printing: Printing,
    name: &'a str,
    left: Option<u64>,
    quiet: bool,
}

impl EventSink for Printer<'_> {
    fn untimed(&mut self, row: &Row<'_>) {
        self.push(row);
    }

    fn push(&mut self, row: &Row<'_>) {
        if self.quiet || self.left == Some(0) {
            return;
        }
        self.left = self.left.map(|left| left - 1);
        let event = event(row, self.name);
        match self.printing {
            Printing::Json => self.out.text(&format!("{}\n", Value::Object(event))),
            Printing::Line => {
                self.out.text(&format!("{}\n", line(&event)));
            }
        }
    }
}

/// An event with the fields it has, in the order that documents give.
pub(super) fn event(row: &Row<'_>, source: &str) -> Map<String, Value> {
    let mut event = Map::new();
    let mut text = |field: &str, value: &str| {
        if !value.is_empty() {
            event.insert(field.to_owned(), json!(value));
        }
    };
    if row.time != EventTime::MIN {
        text("time", &row.time.to_string());
    }
    text("kind", json!(row.kind).as_str().unwrap_or_default());
    text("actor", row.actor);
    text("account", row.account);
    text("action", row.action);
    text("outcome", json!(row.outcome).as_str().unwrap_or_default());
    text("issuer", row.issuer);
    text("token_type", row.token_type);
    text("audience", row.audience);
    text("client", row.client);
    text("credential", row.credential);
    text("key_id", row.key_id);
    text("session", row.session);
    text("parent", row.parent);
    text("token_subject", row.token_subject);
    text("issued_at", &row.issued_at.map(|at| at.to_string()).unwrap_or_default());
    text("expires_at", &row.expires_at.map(|at| at.to_string()).unwrap_or_default());
    if !row.data_subjects.is_empty() {
        event.insert("data_subjects".to_owned(), json!(row.data_subjects));
    }
    if let Some(count) = row.subject_count {
        event.insert("subject_count".to_owned(), json!(count));
    }
    let mut text = |field: &str, value: &str| {
        if !value.is_empty() {
            event.insert(field.to_owned(), json!(value));
        }
    };
    text("subject_ref", row.subject_ref);
    text("fields", row.fields);
    text("resource", row.resource);
    text("source_ip", row.source_ip);
    text("user_agent", row.user_agent);
    text("node", row.node);
    text("idle_since", &row.idle_since.map(|at| at.to_string()).unwrap_or_default());
    if let Some(sequence) = row.sequence {
        event.insert("sequence".to_owned(), json!(sequence));
    }
    event.insert("source".to_owned(), json!(source));
    event.insert("offset".to_owned(), json!(row.offset));
    event
}

/// Reads until the buffer is full or the input ends.
fn read_full(reader: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The first few events of a log, a line each; none where it cannot be read.
pub(super) fn first_events(input: &sever_engine::LogInput, count: usize) -> Vec<String> {
    struct First {
        lines: Vec<String>,
        count: usize,
    }
    impl EventSink for First {
        fn push(&mut self, row: &Row<'_>) {
            if self.lines.len() < self.count {
                self.lines.push(line(&event(row, "")));
            }
        }
    }
    let mut first = First { lines: Vec::new(), count };
    let limits = sever_model::Limits::default();
    let stream = LogStream::of(input.format, input.mapping.as_ref(), &limits);
    if let (Ok(mut stream), Ok(mut reader)) = (stream, (input.open)()) {
        let mut chunk = vec![0; CHUNK_BYTES];
        // What cannot be read is told by `sever decode`, which reads all of it.
        let read = read_full(&mut *reader, &mut chunk).unwrap_or(0);
        stream.feed(chunk.get(..read).unwrap_or_default(), &mut first);
        if read < CHUNK_BYTES {
            stream.finish(&mut first);
        }
    }
    first.lines
}

/// An event as one line of words, safe for a terminal.
fn line(event: &Map<String, Value>) -> String {
    let pairs = event.iter().filter(|(_, value)| *value != &json!("")).map(|(field, value)| match value {
        Value::String(text) => format!("{field}={text}"),
        other => format!("{field}={other}"),
    });
    crate::render::plain(&pairs.collect::<Vec<_>>().join(" ")).into_owned()
}
