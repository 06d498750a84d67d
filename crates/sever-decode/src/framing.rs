//! Cuts a pushed stream into records, without a copy where a record lies whole in what was pushed.
//!
//! [`Framing::Lines`] is one record a line. [`Framing::Csv`] is that where no field is quoted: within
//! quotation marks a line may end. [`Framing::Json`] is one record a line, and also the elements of a
//! bare array of objects, those of an object that keeps its records under a member (see [`page`]), and
//! values that are broken into lines or follow each other without a line end. Which of these a stream
//! is, its [`Shape`], is decided from its head and stays; such documents may be strung together. What
//! has begun as lines stays lines, so that a stray bracket in one cannot swallow those that follow.
//!
//! A record longer than the limit is never held: its bytes are counted and dropped until it ends. In
//! lines it ends with the line. In an array it ends where its brackets close, or at a raw line end
//! inside a string, which no JSON writer makes. It does *not* end at something that merely looks like
//! the next record: whoever can choose a value inside one could then plant an event of their own.
//! The same holds of CSV ([`csv`]). Only the outermost object of a document can be a page, so that a
//! value that looks like one is none.

mod array;
mod counted;
mod csv;
mod page;
mod shape;

use array::Element;
use page::{Around, Page};
pub(crate) use shape::{Shape, solid};

/// How a format's records are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One record a line.
    Lines,
    /// CSV: one record a line, but that quoted fields may hold line ends.
    Csv,
    /// One record a line of syslog, which the format reads with its header.
    Syslog,
    /// JSON: one record a line, the elements of an array or of an object that wraps one, or values
    /// one after another.
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

/// What stands around the records of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outer {
    /// Nothing.
    Nothing,
    /// A page.
    Page { page: &'static Page, around: Around },
    /// There is no array: the record stands by itself.
    Alone,
}

impl Outer {
    /// Where the stream is once the array has ended.
    fn after(self) -> State {
        match self {
            Outer::Page { page, around } => State::Around { page, around },
            Outer::Nothing | Outer::Alone => State::Start,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first record, or after a document.
    Start,
    /// In a line.
    Line,
    /// In a record of CSV, or before one.
    Csv(csv::Record),
    /// Between the elements of an array.
    Between { outer: Outer },
    /// In an element.
    Within { outer: Outer, element: Element },
    /// In a page, before or after its records.
    Around { page: &'static Page, around: Around },
    /// In the number of bytes of a record: what it is by now.
    Count(usize),
    /// In a record of which so many bytes are left.
    Counted(usize),
}

/// Cuts a stream into records.
#[derive(Debug)]
pub(crate) struct Framer {
    /// [`Shape::Lines`] once lines have begun that stay lines.
    shape: Shape,
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
    pub fn new(shape: Shape, frame_max: usize) -> Framer {
        // Places within a record are 32-bit numbers.
        let frame_max = frame_max.min(u32::MAX as usize);
        let state = match shape {
            Shape::Lines => State::Line,
            Shape::Csv => State::Csv(csv::Record::default()),
            Shape::Counted => State::Count(0),
            Shape::Records | Shape::Values | Shape::Pages(_) => State::Start,
        };
        let place = Place { offset: 0, line: 1, bytes: 0 };
        Framer { shape, frame_max, state, held: Vec::new(), place, offset: 0, line: 1 }
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
                State::Between { outer } => self.between(bytes, outer, each),
                State::Within { outer, element } => self.within(bytes, outer, element, each),
                State::Around { page, around } => self.around(bytes, page, around, each),
                State::Count(count) => self.count(bytes, count, each),
                State::Counted(left) => self.counted(bytes, left, each),
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
            State::Csv(record) if record.is_torn() => {
                let place = self.end_frame();
                self.held.clear();
                each(Piece::Torn(place));
            }
            State::Csv(record) if !record.is_open() => self.emit(&[], each),
            State::Within { element, .. } if element.is_scalar() => self.emit(&[], each),
            State::Start | State::Line => self.emit(&[], each),
            _ => {
                let place = self.end_frame();
                self.held.clear();
                each(Piece::Truncated(place));
            }
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
        self.state = match self.shape {
            Shape::Lines => State::Line,
            Shape::Csv => State::Csv(csv::Record::default()),
            Shape::Counted => State::Count(0),
            Shape::Records | Shape::Values | Shape::Pages(_) => State::Start,
        };
        used
    }

    /// Skips what is blank, and decides what kind of document begins.
    fn at_start(&mut self, bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) -> usize {
        if self.place.bytes > 0 {
            return self.at_start_held(bytes, each);
        }
        let blank = self.skip(bytes, |byte| byte.is_ascii_whitespace(), each);
        let rest = bytes.get(blank..).unwrap_or_default();
        let Some(first) = rest.first() else { return blank };
        match (self.shape, first) {
            (Shape::Pages(page), b'{') => self.state = State::Around { page, around: Around::default() },
            (Shape::Values, b'{') => {
                self.state = State::Within { outer: Outer::Alone, element: Element::beginning_with(*first) };
            }
            (_, b'[') => match opens_array(rest) {
                Some(true) => {
                    self.blank(1, each);
                    self.state = State::Between { outer: Outer::Nothing };
                    return blank + 1;
                }
                Some(false) => self.begin_line(),
                None => {
                    self.hold(rest);
                    return bytes.len();
                }
            },
            _ => self.begin_line(),
        }
        blank
    }

    /// A line where a document might have begun. Among plain records all that follow are lines.
    fn begin_line(&mut self) {
        self.state = State::Line;
        if self.shape == Shape::Records {
            self.shape = Shape::Lines;
        }
    }

    /// The same where too little was seen last time to decide whether an array begins.
    fn at_start_held(&mut self, bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) -> usize {
        let before = self.held.len();
        let taken = bytes.get(..OPENING_BYTES.saturating_sub(before).min(bytes.len())).unwrap_or_default();
        let mut head = std::mem::take(&mut self.held);
        head.extend_from_slice(taken);
        let Some(array) = opens_array(&head) else {
            self.hold(taken);
            self.held = head;
            return taken.len();
        };
        // Go back to where the document began.
        self.offset = self.place.offset;
        self.place.bytes = 0;
        let used = usize::from(array);
        if array {
            self.blank(1, each);
            self.state = State::Between { outer: Outer::Nothing };
        } else {
            self.begin_line();
        }
        // What was pushed before lies in front of this push, and nowhere else.
        self.feed(head.get(used..before).unwrap_or_default(), each);
        0
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

/// Looks for `[` before an object or the array's end, blanks between them: an array of records.
/// Nothing where there is too little to tell.
fn opens_array(head: &[u8]) -> Option<bool> {
    let inside = head.strip_prefix(b"[").unwrap_or_default();
    let first = inside.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(first) => Some(matches!(first, b'{' | b']')),
        None if head.len() < OPENING_BYTES => None,
        None => Some(false),
    }
}

#[cfg(test)]
mod tests;
