//! Dates read as people write them, and ambiguous ones not at all.

use super::*;

fn read(text: &str, order: Order) -> String {
    let zone = Zone::named("Asia/Seoul").unwrap();
    let dates = Dates::new(&zone, None, Box::new(move || order));
    match dates.read(text) {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(When::Day(day))) => day,
        Ok(Some(When::Instant(at))) => at.to_string(),
        Err(bad) => format!("bad: {bad}"),
    }
}

#[test]
fn shapes() {
    let cases = [
        ("2026-09-30", "2026-09-30"),
        ("2026/09/30", "2026-09-30"),
        ("20260930", "2026-09-30"),
        ("2026-09-30-07:00", "2026-09-30"),
        ("2026-09-30Z", "2026-09-30"),
        ("2026-09-30T17:00:00Z", "2026-09-30T17:00:00Z"),
        ("2026-09-30T17:00:00+09:00", "2026-09-30T08:00:00Z"),
        ("2026-09-30 17:00", "2026-09-30T08:00:00Z"),
        ("2026/09/30 17:00:00", "2026-09-30T08:00:00Z"),
        ("30.09.2026", "2026-09-30"),
        ("3.4.2026", "2026-04-03"),
        ("30/09/2026", "2026-09-30"),
        ("09/30/2026", "2026-09-30"),
        ("9/30/2026 5:00 PM", "2026-09-30T08:00:00Z"),
        ("12/30/2026 12:30 AM", "2026-12-29T15:30:00Z"),
        ("30-Sep-2026", "2026-09-30"),
        ("Sep 30, 2026", "2026-09-30"),
        ("30 September 2026", "2026-09-30"),
        ("", "nothing"),
        ("-", "nothing"),
        ("0000-00-00", "nothing"),
        ("9999-12-31", "nothing"),
        ("31.12.9999", "nothing"),
        ("03/03/2026", "2026-03-03"),
        ("03/04/2026", "bad: 03/04/2026 (day or month first? nothing in the file tells)"),
        ("45383", "bad: 45383 (a spreadsheet's day number; format the column as a date and export again)"),
        ("30/13/2026", "bad: 30/13/2026"),
        ("2026-02-30", "bad: 2026-02-30"),
        ("soon", "bad: soon"),
        ("1/2/26", "bad: 1/2/26"),
    ];
    for (text, expect) in cases {
        assert_eq!(read(text, Order::Unknown), expect, "{text}");
    }
}

#[test]
fn the_order_of_one_date_is_the_order_of_all() {
    assert_eq!(read("03/04/2026", Order::DayFirst), "2026-04-03");
    assert_eq!(read("03/04/2026", Order::MonthFirst), "2026-03-04");
    let learnt = |texts: &[&str]| texts.iter().fold(Order::Unknown, |order, text| order.learn(text));
    assert_eq!(learnt(&["03/04/2026", "2026-01-31", "31.01.2026"]), Order::Unknown);
    assert_eq!(learnt(&["03/04/2026", "31/01/2026 10:00"]), Order::DayFirst);
    assert_eq!(learnt(&["1/31/2026"]), Order::MonthFirst);
    assert_eq!(learnt(&["1/31/2026", "31/1/2026"]), Order::Mixed);
}

#[test]
fn a_day_has_a_beginning_and_an_end_in_its_zone_across_a_change_of_clocks() {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let dates = Dates::new(&zone, Some(Order::DayFirst), Box::new(|| Order::Unknown));
    assert_eq!(dates.start("29/03/2026").unwrap().unwrap().to_string(), "2026-03-28T23:00:00Z");
    assert_eq!(dates.end("29/03/2026").unwrap().unwrap().to_string(), "2026-03-29T22:00:00Z");
}
