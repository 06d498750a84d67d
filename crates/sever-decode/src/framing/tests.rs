//! Frames cut bytes without losing one, however they arrive.

use proptest::prelude::*;

use super::*;

/// The pieces of a log as text, pushed in chunks.
fn pieces(framing: Framing, frame_max: usize, log: &[u8], chunk: usize) -> Vec<String> {
    let shape = match framing {
        Framing::Json => Shape::of_json(log),
        Framing::Csv => Shape::Csv,
        Framing::Lines | Framing::Syslog => Shape::of_lines(log),
    };
    let mut framer = Framer::new(shape, frame_max);
    let (mut pieces, mut blank) = (Vec::new(), 0);
    let mut each = |piece: Piece<'_>| {
        let place = |place: Place| format!("{}:{}+{}", place.line, place.offset, place.bytes);
        match piece {
            Piece::Blank(bytes) => blank += bytes,
            Piece::Frame(at, frame) => pieces.push(format!("{} {}", place(at), String::from_utf8_lossy(frame))),
            Piece::TooLong(at) => pieces.push(format!("{} too long", place(at))),
            Piece::Broken(at) => pieces.push(format!("{} broken", place(at))),
            Piece::Torn(at) => pieces.push(format!("{} torn", place(at))),
            Piece::Truncated(at) => pieces.push(format!("{} truncated", place(at))),
        }
    };
    for part in log.chunks(chunk.max(1)) {
        framer.feed(part, &mut each);
    }
    framer.finish(&mut each);
    pieces.push(format!("blank {blank}"));
    pieces
}

fn check(framing: Framing, log: &str, expect: &[&str]) {
    for chunk in [1, 2, 3, 5, 64, log.len()] {
        assert_eq!(pieces(framing, 40, log.as_bytes(), chunk), expect, "{log:?} in chunks of {chunk}");
    }
}

#[test]
fn lines_end_with_the_line() {
    check(Framing::Lines, "one\ntwo\r\n\n  \nlast", &["1:0+4 one", "2:4+5 two", "5:13+4 last", "blank 4"]);
    check(Framing::Lines, "[1]\n{\"Records\":[]}", &["1:0+4 [1]", "2:4+14 {\"Records\":[]}", "blank 0"]);
    check(Framing::Lines, "", &["blank 0"]);
}

#[test]
fn a_byte_order_mark_is_blank() {
    check(Framing::Lines, "\u{feff}one\n", &["1:3+4 one", "blank 3"]);
    check(Framing::Json, "\u{feff}[{\"a\":1}]", &["1:4+7 {\"a\":1}", "blank 5"]);
    check(Framing::Lines, "a\n\u{feff}one\n", &["1:0+2 a", "2:2+7 \u{feff}one", "blank 0"]);
}

#[test]
fn a_line_past_the_limit_is_dropped_and_the_next_is_read() {
    let long = "x".repeat(41);
    check(Framing::Lines, &format!("{long}\nnext\n"), &["1:0+42 too long", "2:42+5 next", "blank 0"]);
    check(Framing::Lines, &format!("{}\n", &long[1..]), &[&format!("1:0+41 {}", &long[1..]), "blank 0"]);
    check(Framing::Lines, &long.repeat(9), &["1:0+369 too long", "blank 0"]);
}

#[test]
fn arrays_and_wrapped_arrays_give_their_elements() {
    check(Framing::Json, "[{\"a\":1},\n {\"b\":[2]} ]\n", &["1:1+7 {\"a\":1}", "2:11+9 {\"b\":[2]}", "blank 7"]);
    check(Framing::Json, "{ \"Records\" : [ {\"a\":1} ] }", &["1:16+7 {\"a\":1}", "blank 20"]);
    check(Framing::Json, "{\"Records\":[]}{\"Records\":[{}]}\n", &["1:26+2 {}", "blank 29"]);
    check(Framing::Json, "[{\"a\":\"}],[\\\"\"}]", &["1:1+14 {\"a\":\"}],[\\\"\"}", "blank 2"]);
    check(Framing::Json, "[{},7,\"x\",null]", &["1:1+2 {}", "1:4+1 7", "1:6+3 \"x\"", "1:10+4 null", "blank 5"]);
}

#[test]
fn lines_of_objects_are_lines() {
    check(Framing::Json, "{\"a\":1}\n{\"b\":2}\n", &["1:0+8 {\"a\":1}", "2:8+8 {\"b\":2}", "blank 0"]);
    check(Framing::Json, "{\"Record\":1}\n{\"Rec", &["1:0+13 {\"Record\":1}", "2:13+5 {\"Rec", "blank 0"]);
    check(Framing::Json, "\n\n[1,2]\n[3]", &["3:2+6 [1,2]", "4:8+3 [3]", "blank 2"]);
}

#[test]
fn a_bracket_among_lines_swallows_nothing() {
    check(
        Framing::Json,
        "{\"a\":1}\n[{\"open\":\n{\"b\":2}\n",
        &["1:0+8 {\"a\":1}", "2:8+10 [{\"open\":", "3:18+8 {\"b\":2}", "blank 0"],
    );
}

#[test]
fn an_element_past_the_limit_ends_where_its_brackets_close() {
    let long = format!("{{\"a\":[{}{{\"planted\":1}}]}}", "1,".repeat(40));
    let log = format!("[{long},{{\"b\":2}}]");
    check(
        Framing::Json,
        &log,
        &[&format!("1:1+{} too long", long.len()), &format!("1:{}+7 {{\"b\":2}}", long.len() + 2), "blank 3"],
    );
}

#[test]
fn a_raw_line_end_in_a_string_ends_a_broken_element() {
    check(Framing::Json, "[{\"a\":\"open\n{\"b\":2}]", &["1:1+11 broken", "2:12+7 {\"b\":2}", "blank 2"]);
}

#[test]
fn an_element_that_never_ends_is_truncated() {
    check(Framing::Json, "[{\"a\":1},{\"b\":", &["1:1+7 {\"a\":1}", "1:9+5 truncated", "blank 2"]);
    check(Framing::Json, "{\"Records\":[{\"b\":\"x\\", &["1:12+8 truncated", "blank 12"]);
}

#[test]
fn what_stands_around_a_pages_records_is_blank() {
    check(Framing::Json, "{\"Records\":[{}],\"count\":1}\n{\"Records\":[{}]}", &["1:12+2 {}", "2:39+2 {}", "blank 39"]);
    check(
        Framing::Json,
        "{\"@odata.nextLink\":\"[{\\\"\",\n\"value\": [ {\"a\":1} ] }",
        &["2:38+7 {\"a\":1}", "blank 42"],
    );
    check(
        Framing::Json,
        "{\"took\":1,\"hits\":{\"total\":{\"hits\":[]},\"hits\":[{\"a\":[1]},{}]},\"status\":0}",
        &["1:46+9 {\"a\":[1]}", "1:56+2 {}", "blank 61"],
    );
    check(Framing::Json, "{\"results\":[[{\"f\":1}]],\"status\":\"x\"}", &["1:12+9 [{\"f\":1}]", "blank 27"]);
}

#[test]
fn an_object_with_a_list_is_a_page_only_where_all_else_is_furniture() {
    for log in [
        "{\"time\":1,\"items\":[{}]}",
        "{\"items\":[{}],\"user\":2}",
        "{\"a\":{\"items\":[{}]}}",
        "{\"items\":[7]}",
        "{\"items\":\"[{}]\"}",
    ] {
        check(Framing::Json, log, &[&format!("1:0+{} {log}", log.len()), "blank 0"]);
    }
    // The same inside a stream of pages: a record of its own.
    check(
        Framing::Json,
        "{\"items\":[{}]}\n{\"who\":1,\"items\":[{}]}\n{\"kind\":1}",
        &["1:10+2 {}", "2:15+22 {\"who\":1,\"items\":[{}]}", "3:38+10 {\"kind\":1}", "blank 14"],
    );
}

#[test]
fn values_may_be_printed_over_lines_or_stand_without_any_between() {
    check(
        Framing::Json,
        "{\n \"a\": \"}\\\"{\"\n}\n{\n}\n",
        &["1:0+16 {\n \"a\": \"}\\\"{\"\n}", "4:17+3 {\n}", "blank 2"],
    );
    check(
        Framing::Json,
        "{\"a\":1}{\"b\":2} {}\nx\n{}",
        &["1:0+7 {\"a\":1}", "1:7+7 {\"b\":2}", "1:15+2 {}", "2:18+2 x", "3:20+2 {}", "blank 2"],
    );
    // Only structure decides: a line that a value ends early is a line.
    check(Framing::Json, "{\"a\":1} x{}\n{}\n", &["1:0+12 {\"a\":1} x{}", "2:12+3 {}", "blank 0"]);
}

#[test]
fn a_page_that_breaks_off_or_is_too_long_is_counted() {
    check(Framing::Json, "{\"value\":[{\"b\":1}", &["1:10+7 {\"b\":1}", "blank 10"]);
    check(Framing::Json, "{\"value\":[{}],\"co", &["1:10+2 {}", "1:13+4 truncated", "blank 11"]);
    check(Framing::Json, "{\"value\":[]}{\"value", &["1:12+7 truncated", "blank 12"]);
    check(Framing::Json, "{\"value\":[]}\n{\"kind\":\"a\nb\"}", &["2:13+11 broken", "3:24+3 b\"}", "blank 13"]);
    let log = format!("{{\"value\":[]}}{{\"kind\":\"{}\"}}", "x".repeat(50));
    check(Framing::Json, &log, &["1:12+61 too long", "blank 12"]);
}

#[test]
fn counted_records_are_as_long_as_they_say() {
    check(
        Framing::Lines,
        "6 <34>a\n9 <3> a\nb c7 <1>late",
        &["1:0+8 <34>a", "2:8+11 <3> a\nb c", "3:19+9 <1>late", "blank 0"],
    );
    check(Framing::Lines, "5 <3>ab5 <3>", &["1:0+7 <3>ab", "1:7+5 truncated", "blank 0"]);
    check(Framing::Lines, "5 <3>ab\nlost\n5 <3>cd", &["1:0+7 <3>ab", "2:8+5 lost", "3:13+7 <3>cd", "blank 1"]);
    check(Framing::Lines, "4 <3>", &["1:0+5 truncated", "blank 0"]);
}

#[test]
fn a_quoted_field_of_csv_holds_line_ends() {
    check(Framing::Csv, "a,\"b\nc\"\nd,e\r\n", &["1:0+8 a,\"b\nc\"", "3:8+5 d,e", "blank 0"]);
    check(
        Framing::Csv,
        "a,\"\"\"b\"\"\n,\"\"\",\"\"\n\nlast",
        &["1:0+17 a,\"\"\"b\"\"\n,\"\"\",\"\"", "4:18+4 last", "blank 1"],
    );
    check(Framing::Csv, "a,\"open\n", &["1:0+8 truncated", "blank 0"]);
    check(Framing::Csv, "\"a\"", &["1:0+3 \"a\"", "blank 0"]);
}

#[test]
fn a_record_of_csv_past_the_limit_ends_outside_its_quotes() {
    let long = format!("a,\"{}\nplanted\n\"", "x".repeat(40));
    let log = format!("{long}\nb\n");
    check(
        Framing::Csv,
        &log,
        &[&format!("1:0+{} too long", long.len() + 1), &format!("4:{}+2 b", long.len() + 1), "blank 0"],
    );
}

#[test]
fn torn_csv_goes_on_with_the_record_after_the_one_that_settles_it() {
    // Broken off in a field: the next record's first mark closes it, and cannot.
    check(Framing::Csv, "1,\"torn\n2,\"b\",c\n3,\"d\"\n", &["1:0+16 torn", "3:16+6 3,\"d\"", "blank 0"]);
    // Begun in a field: what its author wrote there as records of their own is none.
    let text = "\n9,planted\nx\",c\n2,\"b\"\n";
    check(Framing::Csv, &format!("1,\"a\" {text}"), &["1:0+22 torn", "4:22+6 2,\"b\"", "blank 0"]);
    check(Framing::Csv, "1,a\"b", &["1:0+5 torn", "blank 0"]);
}

/// What trips framers, to be strung together.
const PARTS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\"",
    b"\\",
    b"\n",
    b"\r\n",
    b" ",
    b"a",
    b"{\"Records\":[",
    b"{\"took\":1,\"hits\":{\"hits\":[",
    b"{\"kind\":0,\"items\":[",
    b"{\n",
    b"},",
    b":",
    b"\"items\"",
    b"5 <1>",
    b"{\"a\":1}",
    b"\"\"",
    b"\",\"",
    b"\xef\xbb\xbf",
    b"\xff\x00",
    b"                                        ",
];

proptest! {
    #[test]
    fn any_bytes_are_accounted_for_whatever_the_chunks(
        log in prop::collection::vec(prop::sample::select(PARTS), 0..60),
        chunk in 1usize..40,
        framing in prop::sample::select(vec![Framing::Lines, Framing::Csv, Framing::Json]),
        frame_max in 1usize..60,
    ) {
        let log: Vec<u8> = log.concat();
        let whole = pieces(framing, frame_max, &log, log.len());
        prop_assert_eq!(&whole, &pieces(framing, frame_max, &log, chunk));
        let bytes = |piece: &String| -> u64 {
            let number = piece.strip_prefix("blank ").or_else(|| piece.split(['+', ' ']).nth(1));
            number.and_then(|number| number.parse().ok()).expect("a piece has its bytes")
        };
        prop_assert_eq!(whole.iter().map(bytes).sum::<u64>(), log.len() as u64);
    }
}
