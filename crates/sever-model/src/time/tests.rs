//! Times parse, print and compare as the standards say.

use super::*;

#[test]
fn rfc3339_reads_as_jiff_does() {
    for text in [
        "1970-01-01T00:00:00Z",
        "2026-09-30T17:00:00+09:00",
        "2024-02-29T23:59:59.123456789Z",
        "1969-12-31T23:59:59.5-05:30",
        "2000-03-01T00:00:00.000001Z",
    ] {
        let expect: jiff::Timestamp = text.parse().expect("jiff reads it");
        assert_eq!(EventTime::parse(text).expect(text).micros(), expect.as_nanosecond().div_euclid(1000) as i64);
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z",
    ] {
        assert!(EventTime::parse(text).is_err(), "{text}");
    }
    assert!(Zone::named("Asia/Soul").is_err());
}

#[test]
fn a_last_day_ends_at_midnight_of_its_own_zone() {
    let seoul = Zone::named("Asia/Seoul").expect("bundled");
    assert_eq!(seoul.end_of("2024-12-31").expect("a date").to_string(), "2024-12-31T15:00:00Z");
    assert_eq!(seoul.local("2024-12-31 18:30:00").expect("local").to_string(), "2024-12-31T09:30:00Z");
}

#[test]
fn local_times_read_in_turn_are_those_of_the_zone() {
    for name in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Seoul", "UTC"] {
        let zone = Zone::named(name).expect("bundled");
        let mut times = LocalTimes::of(zone.clone());
        // Past both changes of a year and back, in steps that meet every hour of the day, and the gap and the
        // fold themselves.
        let hours = (0..400_i64).map(|step| step * 23).chain((0..400).rev().map(|step| step * 23 + 1));
        let near = (2_000..2_200).chain(7_000..7_300);
        for hour in hours.chain(near) {
            let written = EventTime::from_secs(1_735_689_600 + hour * 3_600 + 1_800).to_string();
            let text = written.trim_end_matches('Z');
            assert_eq!(times.read(text), zone.local(text), "{name} {text}");
            for called in ["CET", "CEST", "EST", "EDT", "KST", "UTC", "+11"] {
                assert_eq!(times.read_called(text, called), zone.local_called(text, called), "{name} {text} {called}");
            }
        }
        for text in ["", "2025-07-01", "2025-07-01T00:00:60", "2025-07-01T00:00:00Z", "1969-12-31T23:59:59.5"] {
            assert_eq!(times.read(text), zone.local(text), "{name} {text}");
        }
    }
}

#[test]
fn an_uncertain_end_is_possible_between_and_sure_after() {
    let at = EventTime::from_secs;
    let valid = Valid { from: Bound::At(at(10)), to: Bound::Between(at(20), at(30)) };
    let seen: Vec<Certainty> = [9, 10, 19, 20, 29, 30].map(|secs| valid.at(at(secs))).to_vec();
    use Certainty::{No, Possible, Yes};
    assert_eq!(seen, [No, Yes, Yes, Possible, Possible, No]);
}

#[test]
fn spans_print_their_two_largest_units() {
    let text: Vec<String> = [0, 5, 125, 7_500, 18_060_000].map(|s| Span::secs(s).to_string()).to_vec();
    assert_eq!(text, ["0 s", "5 s", "2 m 5 s", "2 h 5 m", "209 d"]);
}

proptest::proptest! {
    #[test]
    fn printing_and_parsing_is_the_identity(micros in -60_000_000_000_000_000i64..200_000_000_000_000_000) {
        let at = EventTime::from_micros(micros);
        proptest::prop_assert_eq!(EventTime::parse(&at.to_string()), Ok(at));
    }
}

#[test]
fn meet_is_as_sure_as_the_less_sure_and_join_as_the_surer() {
    let at = EventTime::from_secs;
    let bounds = [Bound::Unbounded, Bound::At(at(3)), Bound::Between(at(1), at(5)), Bound::Between(at(4), at(6))];
    let ends = [Bound::Unbounded, Bound::At(at(8)), Bound::Between(at(7), at(10)), Bound::Between(at(9), at(12))];
    let every = || bounds.iter().flat_map(|from| ends.iter().map(|to| Valid { from: *from, to: *to }));
    for (a, b) in every().flat_map(|a| every().map(move |b| (a, b))) {
        let (meet, join) = (a.meet(&b).unwrap(), a.join(&b));
        for instant in (0..14).map(at) {
            assert_eq!(meet.at(instant), a.at(instant).min(b.at(instant)), "{a:?} meet {b:?} at {instant}");
            assert_eq!(join.at(instant), a.at(instant).max(b.at(instant)), "{a:?} join {b:?} at {instant}");
        }
    }
}

#[test]
fn an_abbreviation_tells_the_two_hours_apart() {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let at = |text, abbreviation| zone.local_called(text, abbreviation).map(|at| at.to_string()).ok();
    assert_eq!(at("2026-10-25 02:30:00.5", "CEST").as_deref(), Some("2026-10-25T00:30:00.5Z"));
    assert_eq!(at("2026-10-25 02:30:00.5", "CET").as_deref(), Some("2026-10-25T01:30:00.5Z"));
    assert_eq!(at("2026-07-01 12:00:00", "CEST").as_deref(), Some("2026-07-01T10:00:00Z"));
    assert_eq!(at("2026-07-01 12:00:00", "CET"), None, "in July it is not called so");
    assert_eq!(at("2026-07-01 12:00:00", "KST"), None, "another zone's");
}

#[test]
fn an_instant_is_shown_as_a_clock_in_its_zone_does() {
    let at = EventTime::parse("2026-09-30T15:00:00Z").unwrap();
    assert_eq!(Zone::named("Europe/Berlin").unwrap().shown(at), "2026-09-30 17:00:00 CEST");
    assert_eq!(Zone::UTC.shown(at), "2026-09-30 15:00:00 UTC");
    assert_eq!(Zone::UTC.shown(EventTime::MAX), EventTime::MAX.to_string());
}
