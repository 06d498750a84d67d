//! Which envelopes a stream is in, told from its head.
//!
//! The head's records are opened layer by layer: an envelope is the stream's where nearly all of them
//! are in it. How many of the layers a format is under is where it scores best; the general format
//! takes the innermost that is JSON. A reading of the log begins with this and keeps to it.

use sever_model::{EventTime, Limits};

use super::unwrap::{Lines, as_line};
use super::{DEPTH_MAX, ENVELOPES, Envelope, Inner, Outer};
use crate::framing::{Framer, Piece, Shape, solid};
use crate::sniff::{Sample, has};
use crate::{Format, Framing};

/// Bytes of a decompressed log that decide.
pub(crate) const HEAD_BYTES: usize = 64 << 10;
/// Records of a head that are opened.
const RECORDS_MAX: usize = 200;
/// Share of the records that must be in an envelope.
const SHARE_MIN: f64 = 0.8;

/// The head of a log, layer by layer.
pub(crate) struct Peeled {
    /// The envelopes, from the outermost.
    chain: Vec<&'static Envelope>,
    /// What the first so many envelopes leave.
    layers: Vec<Layer>,
}

struct Layer {
    sample: Sample,
    /// The same for formats that read lines of syslog, where that differs.
    lines: Option<Sample>,
}

/// An inner record that outlives its envelope.
#[derive(Default)]
struct Kept {
    text: String,
    time: Option<EventTime>,
    host: String,
    program: String,
    process: String,
}

impl Peeled {
    /// Opens a head.
    pub fn of(head: &[u8]) -> Peeled {
        let mut peeled = Peeled { chain: Vec::new(), layers: vec![Layer { sample: Sample::of(head), lines: None }] };
        let shape = shape(Framing::Json, head, true);
        let mut records = records(shape, head);
        while peeled.chain.len() < DEPTH_MAX {
            let Some(envelope) = envelope(&records, &peeled.chain) else { break };
            let mut inner = Vec::new();
            for record in &records {
                let outer = record.inner();
                let opened = envelope.open(&Outer::of(outer.text.trim_ascii()), &mut |found| {
                    inner.push(Kept::of(&Inner { text: found.text, ..found }.within(&outer)));
                });
                // As it is decoded then, too.
                if !opened {
                    inner.push(Kept::of(&outer));
                }
                inner.truncate(RECORDS_MAX);
            }
            inner.retain(|record| !record.text.trim_ascii().is_empty());
            if inner.is_empty() {
                break;
            }
            records = inner;
            peeled.chain.push(envelope);
            peeled.layers.push(Layer::of(&records));
        }
        peeled
    }

    /// How many envelopes a format's records are in, and how well that fits: the score, and why.
    pub fn best(&self, format: &Format) -> (usize, Option<(u8, String)>) {
        let whole = format.framing == Framing::Syslog;
        let mut best: Option<(usize, u8, String)> = None;
        for (depth, layer) in self.layers.iter().enumerate() {
            let sample = layer.lines.as_ref().filter(|_| whole).unwrap_or(&layer.sample);
            let Some((score, why)) = format.score(sample) else { continue };
            // Lines of syslog stay whole where the format reads them so; other records are bare.
            let better = |than: u8| format.is_general() || score > than || (score == than && !whole);
            if best.as_ref().is_none_or(|(_, than, _)| better(*than)) {
                best = Some((depth, score, why));
            }
        }
        let syslog = self.chain.iter().position(|envelope| envelope.id == "syslog").filter(|_| whole);
        let deepest = syslog.unwrap_or(self.chain.len());
        match best {
            Some((depth, score, why)) => (depth, Some((score, why))),
            // What is named by its user and not seen in the head may stand further down.
            None => (deepest, None),
        }
    }

    /// How many envelopes the records of a mapped log are in: as many as leave what the mapping
    /// names. Where nothing of that is seen, as the format fits best.
    pub fn mapped(&self, format: &Format, paths: &[String]) -> usize {
        let named = |layer: &Layer| -> usize {
            let records = layer.sample.records.iter();
            records.map(|record| paths.iter().filter(|path| has(record, path)).count()).sum()
        };
        let counted = self.layers.iter().map(named).enumerate();
        let (depth, most) = counted.max_by_key(|(_, count)| *count).unwrap_or_default();
        if most > 0 { depth } else { self.best(format).0 }
    }

    /// The first so many envelopes.
    pub fn chain(&self, depth: usize) -> &[&'static Envelope] {
        self.chain.get(..depth).unwrap_or_default()
    }

    /// The records that the first so many envelopes leave.
    pub fn sample(&self, depth: usize) -> Option<&Sample> {
        self.layers.get(depth).map(|layer| &layer.sample)
    }
}

/// How the outermost records of a log are told apart: in envelopes by their own writing, else as the
/// format says.
pub(crate) fn shape(framing: Framing, head: &[u8], enveloped: bool) -> Shape {
    if framing == Framing::Csv && !enveloped {
        return Shape::Csv;
    }
    let json = if enveloped { matches!(solid(head).first(), Some(b'{' | b'[')) } else { framing == Framing::Json };
    if json { Shape::of_json(head) } else { Shape::of_lines(head) }
}

/// The envelope that nearly all the records are in; none of those that have been opened.
fn envelope(records: &[Kept], opened: &[&'static Envelope]) -> Option<&'static Envelope> {
    let outers: Vec<Outer<'_>> = records.iter().map(|record| Outer::of(record.text.trim_ascii())).collect();
    let is_in = |envelope: &Envelope| outers.iter().filter(|outer| envelope.open(outer, &mut |_| {})).count();
    let left = ENVELOPES.iter().filter(|envelope| !opened.contains(envelope));
    let counted = left.map(|envelope| (is_in(envelope), envelope));
    // Of two that fit as well, the first of the registry.
    let best = counted.fold((0, None), |best, (count, it)| if count > best.0 { (count, Some(it)) } else { best });
    best.1.filter(|_| best.0 as f64 >= SHARE_MIN * records.len() as f64)
}

fn records(shape: Shape, head: &[u8]) -> Vec<Kept> {
    let mut records = Vec::new();
    let mut framer = Framer::new(shape, Limits::default().frame_bytes_max);
    let mut each = |piece: Piece<'_>| {
        if let Piece::Frame(_, frame) = piece
            && records.len() < RECORDS_MAX
        {
            records.push(Kept { text: String::from_utf8_lossy(frame).into_owned(), ..Kept::default() });
        }
    };
    framer.feed(head, &mut each);
    framer.finish(&mut each);
    // The last line of a head may be cut.
    if records.len() > 1 && !head.ends_with(b"\n") && !head.ends_with(b"}") && !head.ends_with(b"]") {
        records.pop();
    }
    records
}

impl Kept {
    fn of(inner: &Inner<'_>) -> Kept {
        let Inner { text, time, host, program, process } = *inner;
        let owned = str::to_owned;
        Kept { text: owned(text), time, host: owned(host), program: owned(program), process: owned(process) }
    }

    fn inner(&self) -> Inner<'_> {
        let Kept { text, time, host, program, process } = self;
        Inner { text, time: *time, host, program, process }
    }
}

impl Layer {
    fn of(records: &[Kept]) -> Layer {
        let plain = records.iter().map(|record| record.text.as_str());
        let mut line = String::new();
        let mut made = false;
        let mut lines = Vec::new();
        for record in records {
            let is_made = as_line(&record.inner(), &mut line);
            made |= is_made;
            lines.push(if is_made { line.clone() } else { record.text.clone() });
        }
        Layer { sample: Sample::of_records(plain), lines: made.then(|| Sample::of_lines(lines)) }
    }
}

impl From<Framing> for Lines {
    fn from(framing: Framing) -> Lines {
        if framing == Framing::Syslog { Lines::Whole } else { Lines::Payload }
    }
}
