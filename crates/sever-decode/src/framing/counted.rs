//! Records that stand after the number of their bytes: syslog over TCP (RFC 6587), saved as it came.
//!
//! ```text
//! 71 <34>1 2026-07-10T11:54:42Z host app - - - message12 <34>1 …
//! ```
//!
//! Where no number stands, the line is a record, so that a lost count loses one line and no more.

use super::{Framer, Piece, State};

/// Digits of a count: more is none.
const DIGITS_MAX: u64 = 7;

impl Framer {
    /// Reads the number.
    pub(super) fn count(&mut self, bytes: &[u8], count: usize, each: &mut dyn FnMut(Piece<'_>)) -> usize {
        if self.place.bytes == 0 {
            let blank = self.skip(bytes, |byte| byte.is_ascii_whitespace(), each);
            if blank > 0 {
                return blank;
            }
        }
        match bytes.first() {
            Some(digit @ b'0'..=b'9') if self.place.bytes < DIGITS_MAX => {
                self.hold(bytes.get(..1).unwrap_or_default());
                self.state = State::Count(count * 10 + usize::from(digit - b'0'));
                1
            }
            Some(b' ') if count > 0 => {
                self.advance(1);
                self.place.bytes += 1;
                self.held.clear();
                self.state = State::Counted(count);
                1
            }
            _ => {
                self.state = State::Line;
                0
            }
        }
    }

    /// Takes as many bytes as were counted.
    pub(super) fn counted(&mut self, bytes: &[u8], left: usize, each: &mut dyn FnMut(Piece<'_>)) -> usize {
        let used = left.min(bytes.len());
        let taken = bytes.get(..used).unwrap_or_default();
        if used < left {
            self.hold(taken);
            self.state = State::Counted(left - used);
        } else {
            self.advance(used);
            self.place.bytes += used as u64;
            self.emit(taken, each);
            self.state = State::Count(0);
        }
        self.count_lines(taken);
        used
    }
}
