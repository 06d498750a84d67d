//! Both framings, in any pieces.

use super::*;

fn lines(stream: &[u8], step: usize) -> String {
    let mut frames = Frames::default();
    stream.chunks(step).for_each(|piece| frames.feed(piece));
    frames.finish();
    String::from_utf8(frames.lines).expect("it was text")
}

#[test]
fn messages_are_cut_by_length_or_by_line_end() {
    let stream = b"<34>1 2026-01-01T00:00:00Z h a - - - one\n26 <13>Oct 11 22:14:15 h a: 2\n5 <1>x\n<1>broken";
    let expected = "<34>1 2026-01-01T00:00:00Z h a - - - one\n<13>Oct 11 22:14:15 h a: 2\n<1>x\n<1>broken\n";
    for step in [1, 2, 7, 1_000] {
        assert_eq!(lines(stream, step), expected, "{step}");
    }
}

#[test]
fn a_line_end_inside_a_counted_message_is_no_end() {
    assert_eq!(lines(b"9 <1>a\nb\nc\n7 <2>next", 3), "<1>a#012b#012c\n<2>next\n");
}

#[test]
fn a_message_without_end_is_cut_and_the_next_is_read() {
    let mut stream = b"<1>".to_vec();
    stream.extend(std::iter::repeat_n(b'x', 1 << 20));
    stream.extend_from_slice(b"\n<2>next\n");
    let read = lines(&stream, 4_096);
    assert_eq!(read.len(), MESSAGE_BYTES_MAX + 1 + 8);
    assert!(read.ends_with("\n<2>next\n"));
}
