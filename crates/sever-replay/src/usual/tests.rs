//! Usual monitoring says what it should, neither more nor less.

use super::*;

fn request(hour: i64, second: i64, source_ip: &str, misuse: bool) -> Request<'_> {
    let time = EventTime::from_secs(hour * 3_600 + second);
    Request { time, source_ip, actor: "", endpoint: "/list", subjects: 1, misuse }
}

#[test]
fn an_address_over_the_threshold_alerts_once_an_hour() {
    let mut usual = Usual::new();
    for hour in 0..2 {
        for at in 0..1_500 {
            usual.observe(&request(hour, at % 3_600, "100.64.0.1", true));
        }
    }
    let rate: Vec<_> = usual.alerts().iter().filter(|alert| alert.rule == Rule::AddressRate).collect();
    assert_eq!(rate.len(), 2);
    assert_eq!(rate[0].requests, ADDRESS_REQUESTS_PER_HOUR + 1);
    assert!(rate[0].points_at_misuse());
}

#[test]
fn a_baseline_needs_history_and_speaks_at_a_jump() {
    let mut usual = Usual::new();
    // A new endpoint that is busy from its first hour is no anomaly: there is nothing to compare.
    for hour in 0..100 {
        for at in 0..200 + hour % 7 {
            usual.observe(&request(hour, at, "", false));
        }
    }
    assert_eq!(usual.alerts(), []);
    for at in 0..400 {
        usual.observe(&request(100, at, "", true));
    }
    assert_eq!(usual.alerts().len(), 1);
    assert_eq!(usual.first_at_misuse().map(|alert| alert.rule), Some(Rule::EndpointBaseline));
}

#[test]
fn many_addresses_below_the_threshold_are_quiet() {
    let mut usual = Usual::new();
    for address in 0..2_313 {
        let ip = format!("100.64.{}.{}", address / 256, address % 256);
        for hour in 0..16 {
            let mut one = request(hour, address % 3_600, &ip, true);
            one.endpoint = "";
            usual.observe(&one);
        }
    }
    assert_eq!(usual.alerts(), []);
    assert_eq!(usual.seen(), 2_313 * 16);
}

#[test]
fn an_alert_about_the_background_does_not_point_at_misuse() {
    let mut usual = Usual::new();
    for at in 0..2_000 {
        usual.observe(&request(0, at, "100.64.0.1", at % 10 == 0));
    }
    assert_eq!(usual.alerts().len(), 1);
    assert!(usual.first_at_misuse().is_none());
}
