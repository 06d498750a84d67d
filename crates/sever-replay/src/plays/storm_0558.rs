//! A mail service, 2023: a consumer signing key, two years past its end, opens companies' mailboxes.
//!
//! ```text
//! 2021-04-04  the consumer key `msa-2016` ends; newer ones sign, and it stays in a list of trusted keys
//! 2023-05-15  tokens signed with it, by the consumer issuer's name, are presented for companies' mail
//! 2023-07-07  the last of them is refused
//! ```
//!
//! The verifier looked at the signature and neither at the key's end nor at whose mail the issuer may open.
//! Dates, and some 500 people at 22 organisations, are public; how the key was come by was never settled,
//! and the play asserts nothing. No issuance log was joined to uses then: the play has none, so that *never
//! issued* is what must not be said, and *out of life* what must.

use std::path::Path;

use crate::chance::Chance;
use crate::company::{Company, Listed, listed};
use crate::files::{self, Log};
use crate::moment::{DAY, HOUR, Ms, SECOND, at, event, weekday};
use crate::plays::customers::Customers;
use crate::truth::{MisuseList, write_people};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

pub(crate) const INCIDENT: Incident = Incident {
    id: "storm-0558",
    title: "Storm-0558, 2023",
    real: Real {
        noticed_after: "32 days (15 May to 16 Jun 2023)",
        how: "a customer's own detection rule",
        people: Some(503),
        source: "report of the Cyber Safety Review Board, March 2024",
    },
    variants: &[],
    write,
};

const BEGIN: &str = "2023-04-15T00:00:00+00:00";
const END: &str = "2023-07-12T00:00:00+00:00";
/// The key's end.
const ENDED: &str = "2021-04-04T00:00:00+00:00";
const FIRST: &str = "2023-05-15T03:20:41+00:00";
const LAST_DAY: &str = "2023-07-07T00:00:00+00:00";
const DAYS: [&str; 2] = ["2023-04-15", "2023-07-11"];
const OLD_KEY: &str = "msa-2016";
const CONSUMER: (&str, &str, &str) = ("https://login.home.example", "msa-2022", "home-mail");
const WORK: (&str, &str, &str) = ("https://login.work.example", "work-2022", "work-mail");
const KEYS: &str = super::changes::KEYS;
/// Uses on a working day by those whose mail it is.
const USES: u64 = 160;

/// A use of a token.
struct Use {
    at: Ms,
    /// Issuer, key and audience.
    claims: (&'static str, &'static str, &'static str),
    subject: u64,
    ip: String,
    forged: bool,
}

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    play.report("people and mailboxes", 0.0);
    let touched = play.scaled(503, 90);
    let boxes = Customers::new(play.seed, touched * 8);
    boxes.write(dir, BEGIN)?;
    let mut company = Company::new(play.seed, "mail.example", 0);
    company.hire("people", "Head of people", "2012-05-07");
    company.staff("identity", "Engineer", 6, "2023-01-01");
    for day in DAYS {
        company.hr(dir, day)?;
    }
    company.listings(dir, "keys/keys", KEYS, &keys(), &DAYS)?;
    files::text(dir, "severance.toml", include_str!("storm_0558/severance.toml"))?;
    let (misuse, events, people) = logs(play, dir, &boxes, touched)?;
    write_people(dir, people)?;
    let truth = Truth {
        people_count: touched,
        expected: vec![
            Expected::must("key-out-of-life", OLD_KEY),
            Expected::may("key-too-old", OLD_KEY),
            Expected::may("key-too-old", CONSUMER.1),
            Expected::may("key-too-old", WORK.1),
        ],
        ..Truth::of(INCIDENT.id, (ENDED, at(ENDED)), misuse, events)
    };
    truth.write(dir)?;
    play.report("logs", 1.0);
    Ok(truth)
}

fn keys() -> Vec<Listed> {
    let row = |(issuer, key): (&str, &str), made: &str, ends: &str| {
        // Kept in a module that signs and hands nothing out.
        listed(made, None, &format!("{key},{issuer},signing-key,,,no,,,{made},,{ends},,"))
    };
    vec![
        row((CONSUMER.0, OLD_KEY), "2016-04-04T00:00:00Z", ENDED),
        row((CONSUMER.0, CONSUMER.1), "2022-11-01T00:00:00Z", "2027-11-01T00:00:00Z"),
        row((WORK.0, WORK.1), "2022-10-01T00:00:00Z", "2027-10-01T00:00:00Z"),
    ]
}

type Logged = ((sever_model::EventTime, sever_model::EventTime, u64), u64, Vec<(i64, bool, String)>);

fn logs(play: &Play, dir: &Path, boxes: &Customers, touched: u64) -> Result<Logged, ReplayError> {
    let (mut home, mut work) = (Log::new(dir, "home-mail")?, Log::new(dir, "work-mail")?);
    let mut misuse = MisuseList::new(dir)?;
    let mut chance = Chance::of(play.seed, "storm-0558");
    let (mut people, mut next) = (Vec::new(), 0);
    let nights = (at(LAST_DAY) - at(FIRST)) / DAY;
    for number in 0..(at(END) - at(BEGIN)) / DAY {
        let day = at(BEGIN) + number * DAY;
        let mut uses = ordinary(day, boxes, &mut chance);
        let night = (day - at("2023-05-15T00:00:00+00:00")).div_euclid(DAY);
        if (0..nights).contains(&night) {
            let to = (touched * (night as u64 + 1) / nights as u64).max(next);
            let mut now = if night == 0 { at(FIRST) } else { day + 3 * HOUR + chance.within(0, HOUR) };
            let to = if night == nights - 1 { touched } else { to };
            for number in next..to {
                for _ in 0..1 + chance.below(3) {
                    let claims = (CONSUMER.0, OLD_KEY, WORK.2);
                    let ip = format!("100.64.{}.{}", chance.below(4), 1 + chance.below(250));
                    uses.push(Use { at: now, claims, subject: boxes.id(number * 8), ip, forged: true });
                    now += chance.within(4 * SECOND, 90 * SECOND);
                }
            }
            next = to;
        }
        uses.sort_by_key(|one| (one.at, one.subject));
        for one in &uses {
            let log = if one.claims.2 == WORK.2 { &mut work } else { &mut home };
            let jti = format!("{:032x}", chance.id());
            let place = log.record(one.at, &one.record(&jti))?;
            if one.forged {
                misuse.add(event(one.at), log.file(place), place.offset, &jti)?;
                let id = one.subject.to_string();
                if !people.iter().any(|(_, _, known)| *known == id) {
                    people.push((one.at * 1_000, true, id));
                }
            }
        }
    }
    let events = home.lines + work.lines;
    home.finish()?;
    work.finish()?;
    Ok((misuse.finish()?, events, people))
}

/// A day of mail by those whose it is.
fn ordinary(day: Ms, boxes: &Customers, chance: &mut Chance) -> Vec<Use> {
    let uses = if weekday(day) >= 5 { USES / 3 } else { USES };
    let one = |_| {
        let claims = if chance.per_mille(500) { CONSUMER } else { WORK };
        let at = day + 6 * HOUR + chance.within(0, 16 * HOUR);
        let ip = format!("198.51.100.{}", 1 + chance.below(250));
        Use { at, claims, subject: boxes.any(chance), ip, forged: false }
    };
    (0..uses).map(one).collect()
}

impl Use {
    fn record(&self, jti: &str) -> String {
        let (issuer, key, audience) = self.claims;
        let issued = self.at / SECOND - 600;
        format!(
            "\"event\":\"request\",\"client_ip\":\"{}\",\"path\":\"/mail/messages\",\"status\":200,\"jwt\":{{\"iss\":\"{issuer}\",\
             \"jti\":\"{jti}\",\"sub\":\"{}\",\"aud\":\"{audience}\",\"kid\":\"{key}\",\"iat\":{issued},\"exp\":{}}}",
            self.ip,
            self.subject,
            issued + 3_600
        )
    }
}
