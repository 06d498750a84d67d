//! The shop's ordinary traffic: members sign in, their apps renew tokens silently, services call.
//!
//! Every token here is minted by the issuer and used within its life. Apps wander between addresses
//! with the same token, hang up before the answer, and hit limits: none of that is misuse.

use super::gateway::{AGENTS, BOOK, EDIT, ORDERS, PROFILE, Request, Route, SERVICE_AGENT, STOCK, Token, address};
use super::members::Members;
use crate::Play;
use crate::chance::Chance;
use crate::moment::{DAY, HOUR, MINUTE, Ms, SECOND, at, weekday};

/// Sessions on a working day at full scale: a small share of a real shop's, so that a thousandth of
/// it is played in seconds. At the default scale this makes some 350,000 events in all.
const SESSIONS_PER_DAY: u64 = 88_000;
/// The same at the most: from a fifth of the real size on the background stays as it is, for all of it would
/// not fit a disk of ours (at full size these are 300 million events more, and 30 GB).
const SESSIONS_PER_DAY_MAX: u64 = 17_600;
/// How the hours of a local day weigh.
const HOURS: [u64; 24] = [5, 3, 2, 1, 1, 2, 4, 8, 11, 12, 12, 13, 15, 13, 12, 12, 12, 13, 15, 17, 19, 20, 17, 11];
/// How long a token lives.
pub(super) const LIFE_SECS: i64 = 3_600;
/// The key that signs members' tokens, all the time.
pub(super) const KEY: &str = "kid-2024-04";

/// A day's traffic, before it is put in order.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub minted: Vec<Token>,
    pub requests: Vec<Request>,
}

pub(super) struct Shop<'a> {
    members: &'a Members,
    chance: Chance,
    per_day: u64,
}

impl<'a> Shop<'a> {
    pub(super) fn new(play: &Play, members: &'a Members) -> Shop<'a> {
        Shop {
            members,
            chance: Chance::of(play.seed, "shop"),
            per_day: play.scaled(SESSIONS_PER_DAY, 4).min(SESSIONS_PER_DAY_MAX),
        }
    }

    /// Tokens from before the gateway's log begins, still in use as it does.
    pub(super) fn before(&mut self, begin: Ms, into: &mut Traffic) {
        for _ in 0..self.per_day / 8 {
            let minted = begin - self.chance.within(2 * MINUTE, 40 * MINUTE);
            let member = self.members.shopper(self.chance.below(u64::MAX), begin);
            let token = self.token(Some(self.members.id(member)), KEY, "shop-android", minted);
            into.minted.push(token);
            let (home, agent) = (address(self.chance.below(u64::MAX)), self.chance.pick(&AGENTS));
            let used = begin + self.chance.within(SECOND, 15 * MINUTE);
            into.requests.push(request(used, token, PROFILE, home, agent, 200));
        }
    }

    /// Makes up the local day that begins at an instant.
    pub(super) fn day(&mut self, begin: Ms, into: &mut Traffic) {
        let weekend = weekday(begin + 9 * HOUR) >= 5;
        let usual = self.per_day + if weekend { self.per_day / 6 } else { 0 };
        let sessions = usual + self.chance.below(usual / 8 + 1);
        for _ in 0..sessions {
            let start = begin + self.chance.hour_of(&HOURS) + self.chance.within(0, HOUR - 1);
            self.session(start, into);
        }
        for (service, hour) in [("svc-stock", 2), ("svc-billing", 4), ("svc-reports", 5)] {
            let start = begin + hour * HOUR + self.chance.within(0, 5 * MINUTE);
            self.service(service, start, into);
        }
    }

    /// A member signs in and looks around; the app renews its token as long as it is open.
    fn session(&mut self, start: Ms, into: &mut Traffic) {
        let member = self.members.shopper(self.chance.below(u64::MAX), start);
        let subject = Some(self.members.id(member));
        let client = *self.chance.pick(&["shop-android", "shop-ios", "shop-web"]);
        let agent = *self.chance.pick(&AGENTS);
        let home = address(self.chance.below(u64::MAX));
        let mut minted = start;
        for renewal in 0..3 {
            if renewal > 0 && !self.chance.per_mille(500) {
                break;
            }
            let token = self.token(subject, KEY, client, minted);
            into.minted.push(token);
            let mut used = minted + self.chance.within(200, 4 * SECOND);
            for _ in 0..1 + self.chance.below(4) {
                // On the way from the office to the tram.
                let from = if self.chance.per_mille(40) { address(self.chance.below(u64::MAX)) } else { home };
                let status = self.status();
                into.requests.push(request(used, token, self.route(), from, agent, status));
                used += self.chance.within(2 * SECOND, 12 * MINUTE);
            }
            minted += self.chance.within(50 * MINUTE, 58 * MINUTE);
        }
    }

    /// A service's nightly job: a token of its own, signed with the services' key.
    fn service(&mut self, client: &'static str, start: Ms, into: &mut Traffic) {
        let key = if start < at("2024-09-27T00:00:00Z") { "svc-2024-02" } else { "svc-2024-09" };
        let token = self.token(None, key, client, start);
        into.minted.push(token);
        for call in 1..=3 {
            into.requests.push(request(start + call * 700, token, STOCK, 0x0a14_0510, SERVICE_AGENT, 200));
        }
    }

    fn token(&mut self, subject: Option<u64>, key: &'static str, client: &'static str, minted: Ms) -> Token {
        mint(self.chance.id(), subject, key, client, minted)
    }

    fn route(&mut self) -> &'static Route {
        match self.chance.below(100) {
            0..40 => PROFILE,
            40..62 => BOOK,
            62..66 => EDIT,
            _ => ORDERS,
        }
    }

    fn status(&mut self) -> u16 {
        match self.chance.below(1_000) {
            0..6 => 429,
            6..9 => 499,
            _ => 200,
        }
    }
}

/// A token in the issuer's own shape.
pub(super) fn mint(jti: u128, subject: Option<u64>, key: &'static str, client: &'static str, minted: Ms) -> Token {
    let issued_at = minted.div_euclid(SECOND);
    Token { jti, subject, key, client, minted, issued_at, expires_at: issued_at + LIFE_SECS }
}

fn request(at: Ms, token: Token, route: &'static Route, address: u32, agent: &'static str, status: u16) -> Request {
    Request { at, token, route, address, agent, status, forged: None }
}

impl Chance {
    /// The beginning of an hour of the day, by the hours' weights.
    pub(super) fn hour_of(&mut self, weights: &[u64; 24]) -> Ms {
        let mut left = self.below(weights.iter().sum());
        for (hour, weight) in weights.iter().enumerate() {
            if left < *weight {
                return hour as Ms * HOUR;
            }
            left -= weight;
        }
        DAY - HOUR
    }
}
