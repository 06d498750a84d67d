//! Elements of a JSON array, one by one, from a stream.
//!
//! Only brackets and strings are looked at; whether an element is sound JSON is for its decoder.

use super::{Framer, Outer, Piece, State};
use crate::search::nearest;

/// How far an element has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Element {
    /// Open brackets; none for a number, a word or a lone string.
    depth: u32,
    scalar: bool,
    quoted: bool,
    escaped: bool,
}

/// How an element ends.
enum End {
    /// With this many bytes of what was looked at.
    Whole(usize),
    /// In a raw line end inside a string, which belongs to it.
    Broken(usize),
    /// Not yet.
    Open,
}

impl Element {
    pub fn is_scalar(self) -> bool {
        self.scalar
    }

    pub fn beginning_with(first: u8) -> Element {
        Element { scalar: !matches!(first, b'{' | b'['), ..Element::default() }
    }

    /// Reads on, to the element's end or that of the bytes.
    fn read(&mut self, bytes: &[u8], begun: bool) -> End {
        let mut at = 0;
        loop {
            if !self.quoted && !self.scalar {
                // `{` is `[` with bit 5 set, and so are those that close.
                let tells = |byte: &u8| *byte == b'"' || matches!(byte | 0x20, b'{' | b'}');
                let rest = bytes.get(at..).unwrap_or_default();
                at += rest.iter().position(tells).unwrap_or(rest.len());
            }
            let Some(byte) = bytes.get(at) else { return End::Open };
            if self.quoted {
                at += self.in_string(bytes.get(at..).unwrap_or_default());
                if !self.quoted && bytes.get(at - 1) == Some(&b'\n') {
                    return End::Broken(at);
                }
                continue;
            }
            match byte {
                b'"' => self.quoted = true,
                // The first byte belongs to the element, whatever it is.
                b',' | b']' | b' ' | b'\t' | b'\r' | b'\n' if self.scalar && (begun || at > 0) => {
                    return End::Whole(at);
                }
                b'{' | b'[' if !self.scalar => self.depth = self.depth.saturating_add(1),
                b'}' | b']' if !self.scalar => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return End::Whole(at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads on within a string: how many bytes, to its end or that of the bytes. A raw line end ends
    /// it too.
    fn in_string(&mut self, bytes: &[u8]) -> usize {
        if self.escaped {
            self.escaped = false;
            return 1;
        }
        let tells = |byte| matches!(byte, b'"' | b'\\' | b'\n');
        match nearest(bytes, tells, |far| memchr::memchr3(b'"', b'\\', b'\n', far)) {
            None => bytes.len(),
            Some(at) => {
                self.escaped = bytes.get(at) == Some(&b'\\');
                self.quoted = self.escaped;
                at + 1
            }
        }
    }
}

impl Framer {
    pub(super) fn between(&mut self, bytes: &[u8], outer: Outer, each: &mut dyn FnMut(Piece<'_>)) -> usize {
        let blank = self.skip(bytes, |byte| byte.is_ascii_whitespace() || *byte == b',', each);
        match bytes.get(blank) {
            None => blank,
            Some(b']') => {
                self.blank(1, each);
                self.state = outer.after();
                blank + 1
            }
            Some(first) => {
                self.state = State::Within { outer, element: Element::beginning_with(*first) };
                blank
            }
        }
    }

    pub(super) fn within(
        &mut self,
        bytes: &[u8],
        outer: Outer,
        mut element: Element,
        each: &mut dyn FnMut(Piece<'_>),
    ) -> usize {
        let (used, broken) = match element.read(bytes, self.place.bytes > 0) {
            End::Open => {
                self.state = State::Within { outer, element };
                self.hold(bytes);
                self.count_lines(bytes);
                return bytes.len();
            }
            End::Whole(used) => (used, false),
            End::Broken(used) => (used, true),
        };
        let last = bytes.get(..used).unwrap_or_default();
        self.begin_frame();
        self.advance(used);
        self.place.bytes += used as u64;
        if broken {
            self.held.clear();
            let place = self.end_frame();
            each(Piece::Broken(place));
        } else {
            self.emit(last, each);
        }
        self.count_lines(last);
        self.state = if outer == Outer::Alone { State::Start } else { State::Between { outer } };
        used
    }
}
