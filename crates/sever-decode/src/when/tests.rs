//! Times in every shape that the formats write.

use super::*;

fn check(text: &str, expect: &str) {
    let zone = Zone::named("Asia/Seoul").expect("a zone");
    let at = instant_text(text, Some(&zone)).map_or_else(|| "none".to_owned(), |at| at.to_string());
    assert_eq!(at, expect, "{text}");
}

#[test]
fn the_shapes_of_logs_are_read() {
    check("2026-09-30T17:00:00Z", "2026-09-30T17:00:00Z");
    check("2026-09-30T17:00:00.123456789+02:00", "2026-09-30T15:00:00.123456Z");
    check("2026-09-30 17:00:00", "2026-09-30T08:00:00Z");
    check("2026-09-30 17:00:00.5", "2026-09-30T08:00:00.5Z");
    check("10/Oct/2023:13:55:36 -0700", "2023-10-10T20:55:36Z");
    check("1696118400", "2023-10-01T00:00:00Z");
    check("1696118400.25", "2023-10-01T00:00:00.25Z");
    check("1696118400250", "2023-10-01T00:00:00.25Z");
    check("1696118400250000", "2023-10-01T00:00:00.25Z");
    check("1696118400250000000", "2023-10-01T00:00:00.25Z");
    check("Jul 10, 2023, 12:09:47 PM", "2023-07-10T12:09:47Z");
    check("Jul 10, 2023 12:09:47 AM", "2023-07-10T00:09:47Z");
    check("Jul 1, 2023, 1:09:47\u{202f}PM", "2023-07-01T13:09:47Z");
}

#[test]
fn the_end_of_time_in_seconds_stays_there() {
    assert_eq!(epoch(253_402_300_799), EventTime::from_secs(253_402_300_799));
    assert!(epoch(u64::MAX) > epoch(1_696_118_400), "no overflow");
    assert!(epoch(253_402_300_799) > epoch(1_696_118_400));
    assert!(epoch(253_402_300_800) < epoch(1_696_118_400), "milliseconds of January 1978");
}

#[test]
fn what_is_no_instant_is_none() {
    for text in [
        "",
        "soon",
        "-1",
        "1.2.3",
        "2026-13-01T00:00:00Z",
        "99/Oct/2023:13:55:36 -0700",
        "Jul 10, 2023, 13:09:47 PM",
        "é",
    ] {
        check(text, "none");
    }
    assert_eq!(instant_text("2026-09-30 17:00:00", None), None, "a local time of no zone is no instant");
}

#[test]
fn times_without_a_year_take_it_from_elsewhere() {
    let mut times = LocalTimes::of(Zone::named("Europe/Berlin").expect("a zone"));
    let mut read = |text, year| syslog(text, year, &mut times).map(|at| at.to_string());
    assert_eq!(read("Jul  1 11:54:42", 2025).as_deref(), Some("2025-07-01T09:54:42Z"));
    assert_eq!(read("Jan  1 11:54:42", 2025).as_deref(), Some("2025-01-01T10:54:42Z"));
    assert_eq!(read("Feb 29 11:54:42", 2025), None);
    assert_eq!(read("Foo 29 11:54:42", 2025), None);
    assert_eq!(read("Jul 101 11:54:42", 2025), None);
    assert_eq!(read("Jul  1 11:54:42", 12_025), None);
}
