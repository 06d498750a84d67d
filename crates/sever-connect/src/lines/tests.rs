//! Lines are found whole, last, too long or not at all, wherever the reads happen to break.

use std::io::Read;

use super::*;

/// Gives one byte at a time, and then fails where `broken`.
struct Trickle(Vec<u8>, usize, bool);

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match (self.0.get(self.1), into.first_mut()) {
            (Some(byte), Some(slot)) => {
                *slot = *byte;
                self.1 += 1;
                Ok(1)
            }
            _ if self.2 => Err(std::io::Error::other("cut off")),
            _ => Ok(0),
        }
    }
}

fn found(text: &[u8], line_max: usize) -> Vec<(Found, u64, u64)> {
    let mut lines = Lines::new(Box::new(Trickle(text.to_vec(), 0, false)), line_max);
    let mut found = Vec::new();
    loop {
        let next = lines.find(0);
        let place = match next {
            Found::Nothing => return found,
            Found::TooLong => lines.skip_line(),
            Found::Whole(count) | Found::Last(count) => lines.take(count),
        };
        found.push((next, place.line, place.offset));
    }
}

#[test]
fn lines_have_their_places() {
    let expect = [(Found::Whole(3), 1, 0), (Found::Whole(1), 2, 3), (Found::TooLong, 3, 4), (Found::Last(1), 4, 12)];
    assert_eq!(found(b"ab\n\n1234567\nx", 5), expect);
}

#[test]
fn a_failed_read_ends_the_lines_and_is_told() {
    let mut lines = Lines::new(Box::new(Trickle(b"ab\ncd".to_vec(), 0, true)), 100);
    assert_eq!(lines.find(0), Found::Whole(3));
    lines.take(3);
    assert_eq!((lines.find(0), lines.broken()), (Found::Last(2), Some("cut off")));
}
