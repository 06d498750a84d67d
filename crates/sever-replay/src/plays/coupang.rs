//! A shop, 2024–2025: a signing key that a leaver had read, forged tokens, and 209 days of quiet.
//!
//! ```text
//! 2024-04-10   kid-2024-04 made          2025-01-06   five forged requests, to try
//! 2024-11-02   the developer reads it    2025-04-14   the harvest begins: 2,313 addresses
//! 2024-12-31   he leaves; accounts       2025-11-08   it ends
//!              closed, key not rotated   2025-11-18   the logs end
//! ```
//!
//! After the incident of 2025 (FACTS in the design notes): the numbers of members, requests by
//! endpoint, addresses and days are in proportion; names, files and background are ours. Played day
//! by day, and each log compressed on a thread of its own: nothing is held but a day's requests and twelve
//! bytes for each person whom the forger meets.

use std::path::Path;

use crate::chance::Chance;
use crate::files::Log;
use crate::moment::{DAY, HOUR, MINUTE, Ms, SECOND, at, event};
use crate::truth::{MisuseList, Narrowed, write_sorted};
use crate::{Expected, Incident, Play, Real, ReplayError, Truth};

mod forger;
mod gateway;
mod issuer;
mod members;
mod office;
mod shop;
#[cfg(test)]
mod tests;

use forger::Forger;
use gateway::{BOOK, Forged, Gateway, Request, Token};
use issuer::{Issuer, Trouble};
use members::{Contact, Members};
use office::Office;
use shop::{Shop, Traffic};

pub(crate) const INCIDENT: Incident = Incident {
    id: "coupang",
    title: "Coupang, 2025",
    real: Real {
        noticed_after: "216 days (14 Apr to 16 Nov 2025)",
        how: "a customer's e-mail",
        people: Some(37_550_000),
        source: "dates and requests: news of the ministry's report; people: regulator, June 2026, one secondary source",
    },
    variants: &[
        ("known-subjects", "every forged token names a member who exists"),
        ("copied-ids", "forged tokens carry the ids of live tokens, with other claims"),
        ("probe-only", "only the five requests of January"),
        ("late-issuance", "issuances are logged up to 15 minutes late, past the settle window"),
        ("lost-issuance", "issuances are lost: one in a hundred, and all for ten hours"),
        ("skewed-clocks", "the gateway's and the issuer's clocks disagree by up to 80 seconds"),
        ("duplicated-issuance", "every fifth issuance is logged twice, up to an hour later"),
    ],
    write,
};

const BEGIN: &str = "2024-06-01T00:00:00+09:00";
/// The issuer's log begins longer before the gateway's than any token lives, so that every token used
/// in the one is in the other: as a company that kept both would have it.
const ISSUER_BEGIN: &str = "2024-05-31T22:00:00+09:00";
const END: &str = "2025-11-18T00:00:00+09:00";
const HARVEST: &str = "2025-04-14T00:00:00+09:00";
const PROBE_DAY: &str = "2025-01-06T00:00:00+09:00";
const OUTAGE: (&str, &str) = ("2025-06-12T09:00:00+09:00", "2025-06-12T19:00:00+09:00");

fn write(play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
    play.report("people, keys and customers", 0.0);
    let members = Members::new(play);
    let mut office = Office::new(play);
    office.write(dir)?;
    members.write_register(dir)?;
    members.write_book(dir)?;
    let mut stage = Stage::new(play, dir, &members)?;
    let (begin, end) = (at(BEGIN), at(END));
    let days = (end - begin) / DAY;
    let mut shop = Shop::new(play, &members);
    let mut forger = Forger::new(play, &members);
    shop.before(begin, &mut stage.traffic);
    for number in 0..days {
        let day = begin + number * DAY;
        shop.day(day, &mut stage.traffic);
        if day == at(PROBE_DAY) {
            forger.probe(&mut stage.traffic.requests);
        }
        let harvest = (day - at(HARVEST)).div_euclid(DAY);
        if (0..forger::DAYS as i64).contains(&harvest) && !play.is("probe-only") {
            let live = stage.live(day);
            forger.day(harvest as u64, day, &live, &mut stage.traffic.requests);
        }
        office.day(day, &mut stage.staff_log)?;
        stage.play_until(if number + 1 == days { Ms::MAX } else { day + DAY })?;
        play.report("logs", number as f64 / days as f64);
    }
    let truth = stage.finish(play, dir, &office)?;
    play.report("logs", 1.0);
    Ok(truth)
}

/// Where the play happens: the logs being written and what has come of it so far.
struct Stage<'a> {
    members: &'a Members,
    traffic: Traffic,
    issuer: Issuer,
    gateway: Gateway,
    staff_log: Log,
    misuse: MisuseList,
    /// When each victim's, and each contact's, data was first in an answer; [`Ms::MAX`] for never.
    victims: Vec<Ms>,
    others: Vec<Ms>,
    nonexistent: u64,
    /// Tokens minted in the last hours, by time.
    recent: Vec<Token>,
}

impl<'a> Stage<'a> {
    fn new(play: &Play, dir: &Path, members: &'a Members) -> Result<Stage<'a>, ReplayError> {
        let trouble = match play.variant.as_deref() {
            Some("late-issuance") => Trouble::LATE,
            Some("lost-issuance") => Trouble::lossy((at(OUTAGE.0), at(OUTAGE.1))),
            Some("duplicated-issuance") => Trouble::TWICE,
            Some("skewed-clocks") => Trouble::PROMPT,
            _ => Trouble::USUAL,
        };
        let skewed = play.is("skewed-clocks");
        let skews = if skewed { [45 * SECOND, 0, -45 * SECOND] } else { [0; 3] };
        let issuer_skew = if skewed { -35 * SECOND } else { 0 };
        let chance = |name: &str| Chance::of(play.seed, name);
        let issuer_log = Log::new(dir, "issuer")?;
        Ok(Stage {
            members,
            traffic: Traffic::default(),
            issuer: Issuer::new(issuer_log, chance("issuer"), trouble, issuer_skew, at(ISSUER_BEGIN)),
            gateway: Gateway::new(Log::new(dir, "gateway")?, chance("gateway"), skews),
            staff_log: Log::new(dir, "sso")?,
            misuse: MisuseList::new(dir)?,
            victims: vec![Ms::MAX; members.touched as usize],
            others: vec![Ms::MAX; members.others as usize],
            nonexistent: 0,
            recent: Vec::new(),
        })
    }

    /// Tokens that a forger who copies ids may copy on a day, by when they were minted.
    fn live(&self, day: Ms) -> Vec<Token> {
        let fresh = self.traffic.minted.iter().filter(|token| token.subject.is_some());
        let mut live: Vec<Token> = self.recent.iter().chain(fresh).copied().collect();
        live.retain(|token| token.minted >= day - HOUR && token.minted < day + DAY);
        live.sort_by_key(|token| (token.minted, token.jti));
        live
    }

    /// Writes all that happens before an instant, in order, and keeps the rest for the next day.
    fn play_until(&mut self, until: Ms) -> Result<(), ReplayError> {
        self.traffic.minted.sort_by_key(|token| (token.minted, token.jti));
        self.traffic.requests.sort_by_key(|request| (request.at, request.token.jti));
        let split = self.traffic.minted.partition_point(|token| token.minted < until);
        let later = self.traffic.minted.split_off(split);
        let minted = std::mem::replace(&mut self.traffic.minted, later);
        let split = self.traffic.requests.partition_point(|request| request.at < until);
        let later = self.traffic.requests.split_off(split);
        let requests = std::mem::replace(&mut self.traffic.requests, later);
        for token in &minted {
            self.issuer.mint(token)?;
        }
        for request in &requests {
            let (place, said) = self.gateway.write(request)?;
            if let Some(forged) = request.forged {
                self.note(request, forged, place, said)?;
            }
        }
        self.recent = minted;
        self.recent.retain(|token| token.subject.is_some() && token.minted >= until.saturating_sub(HOUR));
        Ok(())
    }

    /// Keeps the truth about a forged request.
    fn note(
        &mut self,
        request: &Request,
        forged: Forged,
        place: crate::files::Place,
        said: Ms,
    ) -> Result<(), ReplayError> {
        let mut uuid = Vec::with_capacity(36);
        gateway::push_uuid(&mut uuid, request.token.jti);
        let file = self.gateway.log.file(place);
        self.misuse.add(event(said), file, place.offset, &String::from_utf8_lossy(&uuid))?;
        let Forged::Victim(victim) = forged else {
            self.nonexistent += 1;
            return Ok(());
        };
        if request.status != 200 {
            return Ok(());
        }
        touch(&mut self.victims, victim, said);
        if request.route == BOOK {
            for contact in self.members.book(victim) {
                match contact {
                    Contact::Other(other) => touch(&mut self.others, other, said),
                    Contact::Member(victim) => touch(&mut self.victims, victim, said),
                }
            }
        }
        Ok(())
    }

    /// Ends the logs and tells the truth.
    fn finish(mut self, play: &Play, dir: &Path, office: &Office) -> Result<Truth, ReplayError> {
        let (people_count, members_count) = self.write_people(dir)?;
        // The issuer's log goes on past the last use, so that the last use too can be settled.
        self.issuer.idle_until(at(END) + 6 * HOUR)?;
        // Proofs of idleness are no events.
        let events = self.gateway.log.lines + self.staff_log.lines + self.issuer.written + self.issuer.doubles;
        self.issuer.log.finish()?;
        self.gateway.log.finish()?;
        self.staff_log.finish()?;
        let misuse = self.misuse.finish()?;
        // Where issuances are late or lost, what is forged and what is honest cannot always be told apart.
        let whole = !(play.is("late-issuance") || play.is("lost-issuance"));
        let (expected, standing) = findings(office, self.nonexistent, whole);
        let truth = Truth {
            variant: play.variant.clone(),
            people_count,
            non_members: people_count - members_count,
            nonexistent_named: self.nonexistent,
            expected,
            standing,
            settle: sever_model::Span::from_micros(2 * MINUTE * 1_000),
            // Five requests in January are no volume; the harvest is, for the key and its issuer.
            ranked: vec![
                Expected::may("slow-reach", shop::KEY),
                Expected::may("slow-reach", gateway::ISSUER),
                Expected::may("endpoint-mix", shop::KEY),
            ],
            ranked_from: Some(event(at(HARVEST))),
            // No right stands between a forged token and the people whom it names. Thirteen could read
            // the key on the last day; nobody had in its first 90 days, so that all of them would have
            // had to ask again, the developer before he read it in November.
            narrowed: Some(Narrowed { people: people_count, readers: Some((13, 0)) }),
            whole,
            ..Truth::of(INCIDENT.id, (office::DEPARTED, at(office::DEPARTED)), misuse, events)
        };
        truth.write(dir)?;
        Ok(truth)
    }
}

impl Stage<'_> {
    /// Writes those whose data was touched, by the time of the first; how many, and how many of them are
    /// members. Four bytes each are sorted, and no id is held.
    fn write_people(&self, dir: &Path) -> Result<(u64, u64), ReplayError> {
        let members = self.members;
        let all = self.victims.iter().chain(&self.others);
        let mut order: Vec<u32> = all.zip(0..).filter(|(first, _)| **first != Ms::MAX).map(|(_, at)| at).collect();
        let of_members = self.victims.len() as u64;
        let first = |at: u32| {
            let (at, members) = (at as usize, self.victims.len());
            let first = if at < members { self.victims.get(at) } else { self.others.get(at - members) };
            first.copied().unwrap_or(Ms::MAX)
        };
        order.sort_unstable_by_key(|at| (first(*at), *at));
        let members_count = order.iter().filter(|at| u64::from(**at) < of_members).count() as u64;
        let people = order.iter().map(|at| {
            let number = u64::from(*at);
            let member = number < of_members;
            let id = match member {
                true => members.id(members.touched(number)),
                false => members.contact_id(number - of_members),
            };
            (first(*at) * 1_000, member, id.to_string())
        });
        write_sorted(dir, people)?;
        Ok((order.len() as u64, members_count))
    }
}

/// Every finding that is true, and those that stand on the day he leaves.
fn findings(office: &Office, nonexistent: u64, whole: bool) -> (Vec<Expected>, Vec<Expected>) {
    let key = shop::KEY;
    let standing = vec![
        Expected::must("key-known-to-leaver", key),
        Expected::must("key-too-widely-readable", key),
        Expected::must("key-extractable", key),
        Expected::may("key-extractable", office::SERVICE_KEY),
        Expected::may("leaver-lookback", office.developer_id()),
    ];
    let mut expected = standing.clone();
    expected.push(Expected::must("token-never-issued", key));
    // A year old in April and September 2025.
    expected.push(Expected::may("key-too-old", key));
    expected.push(Expected::may("key-too-old", office::SERVICE_KEY));
    if nonexistent > 0 {
        expected.push(Expected::must("unknown-subject", key));
    }
    if !whole {
        // More tokens claim the gaps than records were lost: some of them are forged, whichever.
        expected.push(Expected::may("token-never-issued", gateway::ISSUER));
        // And records that are lost are missing from a log that was whole.
        expected.push(Expected::may("evidence-tampered", "issuer"));
    }
    expected.push(Expected::may("leaver-lookback", office.contractor_id()));
    // The harvest is most of what the key, its issuer and each client do by then, and of the address list.
    for thing in [key, gateway::ISSUER].iter().chain(&gateway::AGENTS) {
        expected.push(Expected::may("slow-reach", thing));
    }
    for thing in [key, "shop-android", "shop-ios", "shop-web"] {
        expected.push(Expected::may("endpoint-mix", thing));
    }
    (expected, standing)
}

fn touch(firsts: &mut [Ms], number: u64, at: Ms) {
    if let Some(first) = firsts.get_mut(number as usize) {
        *first = (*first).min(at);
    }
}
