//! Cuts a pushed stream into records, without a copy where a record lies whole in what was pushed.
//!
//! Three framings. [`Framing::Lines`] is one record a line. [`Framing::Csv`] is that where no field is
//! quoted: within quotation marks a line may end. [`Framing::Json`] is that too, and also the
//! elements of a bare array of objects and of `{"Records": […]}` (CloudTrail's files), however they are
//! broken into lines. Which it is, is decided at the start, and anew after each array, so that such
//! files may be strung together; what has begun as lines stays lines, so that a stray bracket in one
//! cannot swallow those that follow.
//!
//! A record longer than the limit is never held: its bytes are counted and dropped until it ends. In
//! lines it ends with the line. In an array it ends where its brackets close, or at a raw line end
//! inside a string, which no JSON writer makes. It does *not* end at something that merely looks like
//! the next record: whoever can choose a value inside one could then plant an event of their own.
//! The same holds of CSV ([`csv`]).

mod array;
mod csv;

use array::Element;

/// How a format's records are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One record a line.
    Lines,
    /// CSV: one record a line, but that quoted fields may hold line ends.
    Csv,
    /// JSON: one record a line, or the elements of an array, or those of `{"Records": […]}`.
    Json,
}

/// A piece of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Bytes that hold nothing.
    Blank(u64),
    /// A record.
    Frame(Place, &'a [u8]),
    /// A record longer than the limit.
    TooLong(Place),
    /// An element of an array that a raw line end broke.
    Broken(Place),
    /// Records of CSV between which a quotation mark is lost.
    Torn(Place),
    /// An element of an array, or a quoted field, that the end of the input broke.
    Truncated(Place),
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its first byte.
    pub offset: u64,
    /// Its line, from 1.
    pub line: u64,
    /// How many bytes it takes up, with its line end.
    pub bytes: u64,
}

/// Longest prefix that is looked at to tell an array from a record on a line.
const OPENING_BYTES: usize = 64;

const BOM: &[u8] = &[0xef, 0xbb, 0xbf];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first record, or after an array (JSON framing only).
    Start,
    /// In a line.
    Line,
    /// In a record of CSV, or before one.
    Csv(csv::Record),
    /// Between the elements of an array; whether the array stands in a wrapping object.
    Between { wrapped: bool },
    /// In an element.
    Within { wrapped: bool, element: Element },
    /// After the array of a wrapping object.
    After,
}

/// Cuts a stream into records.
#[derive(Debug)]
pub(crate) struct Framer {
    /// Whether an array may begin where a line ends.
    undecided: bool,
    frame_max: usize,
    state: State,
    /// What is held of a record that is not yet whole.
    held: Vec<u8>,
    /// Where it began, and how long it is by now, held or not.
    place: Place,
    /// Where the stream stands.
    offset: u64,
    line: u64,
}

impl Framer {
    pub fn new(framing: Framing, frame_max: usize) -> Framer {
        // Places within a record are 32-bit numbers.
        let frame_max = frame_max.min(u32::MAX as usize);
        let state = match framing {
            Framing::Lines => State::Line,
            Framing::Csv => State::Csv(csv::Record::default()),
            Framing::Json => State::Start,
        };
        let place = Place { offset: 0, line: 1, bytes: 0 };
        Framer { undecided: framing == Framing::Json, frame_max, state, held: Vec::new(), place, offset: 0, line: 1 }
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) {
        while let (Some(first), Some(mark)) = (bytes.first(), BOM.get(self.offset as usize)) {
            if first != mark || self.place.bytes > 0 {
                break;
            }
            self.blank(1, each);
            bytes = bytes.get(1..).unwrap_or_default();
        }
        while !bytes.is_empty() {
            let used = match self.state {
                State::Line => self.in_line(bytes, each),
                State::Csv(record) => self.in_csv(bytes, record, each),
                State::Start => self.at_start(bytes, each),
                State::Between { wrapped } => self.between(bytes, wrapped, each),
                State::Within { wrapped, element } => self.within(bytes, wrapped, element, each),
                State::After => self.after(bytes, each),
            };
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    /// Ends the stream: a last line needs no line end.
    pub fn finish(&mut self, each: &mut dyn FnMut(Piece<'_>)) {
        if self.place.bytes == 0 {
            return;
        }
        match self.state {
            State::Csv(record) if record.is_torn() || record.is_open() => {
                let place = self.end_frame();
                self.held.clear();
                each(if record.is_torn() { Piece::Torn(place) } else { Piece::Truncated(place) });
            }
            State::Within { element, .. } if !element.is_scalar() => {
                let place = self.end_frame();
                self.held.clear();
                each(Piece::Truncated(place));
            }
            _ => self.emit(&[], each),
        }
    }

    /// How much is held of a record that is not yet whole.
    #[cfg(test)]
    pub fn held_bytes(&self) -> usize {
        self.held.capacity()
    }

    fn in_line(&mut self, bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) -> usize {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.hold(bytes);
            return bytes.len();
        };
        let used = end + 1;
        let line = bytes.get(..used).unwrap_or_default();
        self.begin_frame();
        self.advance(used);
        self.place.bytes += used as u64;
        self.emit(line, each);
        self.line += 1;
        if self.undecided {
            self.state = State::Start;
        }
        used
    }

    /// Skips what is blank, and decides what kind of document begins.
    fn at_start(&mut self, bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) -> usize {
        if self.place.bytes > 0 {
            return self.at_start_held(bytes, each);
        }
        let blank = self.skip(bytes, |byte| byte.is_ascii_whitespace(), each);
        let rest = bytes.get(blank..).unwrap_or_default();
        if rest.is_empty() {
            return blank;
        }
        match opening(rest) {
            Opening::Array { wrapped, bytes } => {
                self.open_array(rest, wrapped, bytes, each);
                blank + bytes
            }
            Opening::Line => {
                (self.state, self.undecided) = (State::Line, false);
                blank
            }
            Opening::Perhaps => {
                self.hold(rest);
                bytes.len()
            }
        }
    }

    fn open_array(&mut self, head: &[u8], wrapped: bool, bytes: usize, each: &mut dyn FnMut(Piece<'_>)) {
        self.count_lines(head.get(..bytes).unwrap_or_default());
        self.blank(bytes, each);
        self.state = State::Between { wrapped };
    }

    /// The same where too little was seen last time to decide.
    fn at_start_held(&mut self, bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) -> usize {
        let before = self.held.len();
        let taken = bytes.get(..OPENING_BYTES.saturating_sub(before).min(bytes.len())).unwrap_or_default();
        let mut head = std::mem::take(&mut self.held);
        head.extend_from_slice(taken);
        let opening = opening(&head);
        if let Opening::Perhaps = opening {
            self.hold(taken);
            self.held = head;
            return taken.len();
        }
        // Go back to where the document began.
        self.offset = self.place.offset;
        self.place.bytes = 0;
        if let Opening::Array { wrapped, bytes } = opening
            && bytes >= before
        {
            self.open_array(&head, wrapped, bytes, each);
            return bytes - before;
        }
        match opening {
            Opening::Array { wrapped, bytes } => self.open_array(&head, wrapped, bytes, each),
            _ => (self.state, self.undecided) = (State::Line, false),
        }
        // What was pushed before lies in front of this push, and nowhere else.
        let used = if let Opening::Array { bytes, .. } = opening { bytes } else { 0 };
        self.feed(head.get(used..before).unwrap_or_default(), each);
        0
    }

    fn after(&mut self, bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) -> usize {
        let blank = self.skip(bytes, |byte| byte.is_ascii_whitespace(), each);
        match bytes.get(blank) {
            None => blank,
            Some(b'}') => {
                self.blank(1, each);
                self.state = State::Start;
                blank + 1
            }
            Some(_) => {
                self.state = State::Line;
                blank
            }
        }
    }

    /// Keeps what there is of a record, unless it has grown past the limit.
    fn hold(&mut self, bytes: &[u8]) {
        self.begin_frame();
        self.advance(bytes.len());
        self.place.bytes += bytes.len() as u64;
        // What is held to be decided upon is short, and must be whole.
        if self.place.bytes > self.frame_max as u64 + 2 && self.state != State::Start {
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(bytes);
        }
    }

    /// Notes where a record begins, if none has begun.
    fn begin_frame(&mut self) {
        if self.place.bytes == 0 {
            self.place = Place { offset: self.offset, line: self.line, bytes: 0 };
        }
    }

    /// Ends the record and gives its place.
    fn end_frame(&mut self) -> Place {
        let place = self.place;
        self.place.bytes = 0;
        place
    }

    /// Hands on the record that ends with `last`, which has been counted already.
    fn emit(&mut self, last: &[u8], each: &mut dyn FnMut(Piece<'_>)) {
        let place = self.end_frame();
        if place.bytes > self.frame_max as u64 + 2 {
            self.held.clear();
            return each(Piece::TooLong(place));
        }
        let held = !self.held.is_empty();
        if held {
            self.held.extend_from_slice(last);
        }
        let whole = if held { self.held.as_slice() } else { last };
        let mut frame = whole.strip_suffix(b"\n").unwrap_or(whole);
        frame = frame.strip_suffix(b"\r").unwrap_or(frame);
        if frame.len() > self.frame_max {
            each(Piece::TooLong(place));
        } else if frame.iter().all(u8::is_ascii_whitespace) {
            each(Piece::Blank(place.bytes));
        } else {
            each(Piece::Frame(place, frame));
        }
        self.held.clear();
    }

    /// Counts the blank bytes at the front and says how many there are.
    fn skip(&mut self, bytes: &[u8], blank: impl Fn(&u8) -> bool, each: &mut dyn FnMut(Piece<'_>)) -> usize {
        let count = bytes.iter().take_while(|byte| blank(byte)).count();
        if count > 0 {
            self.count_lines(bytes.get(..count).unwrap_or_default());
            self.blank(count, each);
        }
        count
    }

    fn blank(&mut self, count: usize, each: &mut dyn FnMut(Piece<'_>)) {
        self.advance(count);
        each(Piece::Blank(count as u64));
    }

    fn advance(&mut self, count: usize) {
        self.offset += count as u64;
    }

    fn count_lines(&mut self, bytes: &[u8]) {
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }
}

/// What a document begins with.
#[derive(Clone, Copy)]
enum Opening {
    /// An array of records, which begins after so many bytes; whether an object wraps it.
    Array { wrapped: bool, bytes: usize },
    /// Anything else.
    Line,
    /// Too little to tell.
    Perhaps,
}

/// Looks for `[` before an object or the array's end, or for `{ "Records" : [`, blanks between them,
/// within the first [`OPENING_BYTES`].
fn opening(bytes: &[u8]) -> Opening {
    let head = bytes.get(..OPENING_BYTES.min(bytes.len())).unwrap_or_default();
    let undecided = if head.len() < OPENING_BYTES { Opening::Perhaps } else { Opening::Line };
    let solid = |at: usize| {
        let rest = head.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
    };
    if head.first() == Some(&b'[') {
        return match head.get(solid(1)) {
            Some(b'{' | b']') => Opening::Array { wrapped: false, bytes: 1 },
            Some(_) => Opening::Line,
            None => undecided,
        };
    }
    let mut at = 0;
    for token in [&b"{"[..], b"\"Records\"", b":", b"["] {
        at = solid(at);
        let rest = head.get(at..).unwrap_or_default();
        if !rest.starts_with(token) {
            return if token.starts_with(rest) { undecided } else { Opening::Line };
        }
        at += token.len();
    }
    Opening::Array { wrapped: true, bytes: at }
}

#[cfg(test)]
mod tests;
