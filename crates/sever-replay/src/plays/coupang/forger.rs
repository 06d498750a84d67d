//! The forger: tokens that nobody issued, signed with a key that was not rotated.
//!
//! Each token names one member and is used for that member's own data only, a handful of times within
//! minutes, from one of 2,313 addresses: per token, per session and per user, everything looks normal.
//! The tokens have the issuer's own shape; only the issuer's log knows that it never made them.
//!
//! Which token comes when is a fixed permutation, so that nothing is stored per token.

use super::gateway::{AGENTS, BOOK, EDIT, Forged, ORDERS, PROFILE, Request, Route, Token, address};
use super::members::Members;
use super::shop::{KEY, LIFE_SECS, mint};
use crate::Play;
use crate::chance::{Chance, scatter};
use crate::moment::{DAY, HOUR, MINUTE, Ms, SECOND, at};

/// Requests in the real incident, by endpoint (FACTS: the ministry's count).
const PROFILES: u64 = 33_673_817;
const BOOKS: u64 = 148_056_502;
const EDITS: u64 = 50_474;
const ORDER_LISTS: u64 = 102_682;
/// Addresses it came through.
const ADDRESSES: u64 = 2_313;
/// Days from the first to the last harvest.
pub(super) const DAYS: u64 = 209;
/// How the hours of a local day weigh: a machine, slowed a little while people sleep.
const HOURS: [u64; 24] = [9, 8, 8, 8, 8, 8, 8, 9, 10, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 10, 9];

pub(super) struct Forger<'a> {
    members: &'a Members,
    chance: Chance,
    addresses: Vec<u32>,
    /// Tokens that name members, and all tokens.
    known: u64,
    tokens: u64,
    /// Address-list requests by tokens that name members.
    books: u64,
    edits: u64,
    orders: u64,
    /// A step that visits every token once, coprime to their number.
    step: u64,
    /// Where each day's tokens end, as a share of [`WEIGHTS`].
    ends: Vec<u64>,
    /// Whether it copies the ids of live tokens.
    copies: bool,
}

impl<'a> Forger<'a> {
    pub(super) fn new(play: &Play, members: &'a Members) -> Forger<'a> {
        let mut chance = Chance::of(play.seed, "forger");
        let share = if play.is("known-subjects") { 0.0 } else { play.unknown_share };
        let known = play.scaled(PROFILES, 1).max(members.touched);
        let unknown = (known as f64 * share / (1.0 - share)).round() as u64;
        let tokens = known + unknown;
        let addresses = (0..ADDRESSES).map(|_| address(chance.below(u64::MAX))).collect();
        let weights: Vec<u64> = (0..DAYS).map(|_| 850 + chance.below(300)).collect();
        let total: u64 = weights.iter().sum();
        let mut sum = 0;
        let ends = weights.iter().map(|weight| {
            sum += weight;
            (u128::from(tokens) * u128::from(sum) / u128::from(total)) as u64
        });
        Forger {
            members,
            addresses,
            known,
            tokens,
            // Those who never existed were asked for their address list too, so that all requests
            // together are as many as in the real incident.
            books: play.scaled(BOOKS, 1).saturating_sub(unknown).max(known * 4),
            edits: play.scaled(EDITS, 1),
            orders: play.scaled(ORDER_LISTS, 1),
            step: coprime_step(tokens),
            ends: ends.collect(),
            copies: play.is("copied-ids"),
            chance,
        }
    }

    /// The test in January: five requests for two customers, the first of which fails.
    pub(super) fn probe(&mut self, into: &mut Vec<Request>) {
        let begin = at("2025-01-06T22:14:05+09:00");
        let steps: [(Ms, u64, &'static Route, u16); 5] = [
            (0, 0, PROFILE, 401),
            (41, 0, PROFILE, 200),
            (58, 0, BOOK, 200),
            (193, 1, PROFILE, 200),
            (207, 1, BOOK, 200),
        ];
        for (secs, victim, route, status) in steps {
            let used = begin + secs * SECOND + self.chance.within(0, 900);
            let token = self.forge(self.members.id(self.members.touched(victim)), used, None);
            let (address, agent) = (self.addresses.first().copied().unwrap_or(0), AGENTS[0]);
            let forged = Some(Forged::Victim(victim));
            into.push(Request { at: used, token, route, address, agent, status, forged });
        }
    }

    /// One day of the harvest, which begins at a local midnight. `live` are the tokens minted in the
    /// last day, for a forger who copies their ids.
    pub(super) fn day(&mut self, day: u64, begin: Ms, live: &[Token], into: &mut Vec<Request>) {
        let end = |day: u64| self.ends.get(day as usize).copied().unwrap_or(self.tokens);
        let (from, to) = (if day == 0 { 0 } else { end(day - 1) }, end(day));
        for token in from..to {
            // It begins in the night of the first day and ends before the last midnight; what would
            // fall outside is spread over the day, for a pile of it would be a signal of ours.
            let earliest = begin + if day == 0 { 2 * HOUR + 12 * MINUTE } else { 0 };
            let latest = begin + DAY - if day == DAYS - 1 { 10 * MINUTE } else { 0 };
            let mut start = begin + self.chance.hour_of(&HOURS) + self.chance.within(0, HOUR - 1);
            if token == 0 {
                start = begin + 2 * HOUR + 11 * MINUTE + 9 * SECOND;
            } else if !(earliest..latest).contains(&start) {
                start = self.chance.within(earliest, latest - 1);
            }
            self.token(token, start, live, into);
        }
    }

    /// One token's requests.
    fn token(&mut self, number: u64, start: Ms, live: &[Token], into: &mut Vec<Request>) {
        let which = (u128::from(number) * u128::from(self.step) % u128::from(self.tokens.max(1))) as u64;
        let home = self.addresses[(number % ADDRESSES) as usize];
        let agent = *self.chance.pick(&AGENTS);
        let model = if self.copies { self.live_at(start, live) } else { None };
        let start = model.map_or(start, |(_, used)| used);
        if which >= self.known {
            let subject = self.members.never_given(self.chance.below(u64::MAX), which);
            let token = self.forge(subject, start, model.map(|(token, _)| token));
            // Most services say that there is no such member; some answer with an empty list.
            let status = if self.chance.per_mille(700) { 404 } else { 200 };
            let forged = Some(Forged::Nobody);
            into.push(Request { at: start, token, route: BOOK, address: home, agent, status, forged });
            return;
        }
        let first = which < self.members.touched;
        let victim = if first { which } else { scatter(which) % self.members.touched };
        let token = self.forge(self.members.id(self.members.touched(victim)), start, model.map(|(token, _)| token));
        let share = |total: u64| total * (which + 1) / self.known - total * which / self.known;
        let plan =
            [(PROFILE, 1), (BOOK, self.books_of(which)), (EDIT, share(self.edits)), (ORDERS, share(self.orders))];
        let mut used = start;
        for (route, count) in plan {
            for nth in 0..count {
                // Every victim's profile and list were answered at least once; so the count of people
                // does not hang on chance.
                let status = if first && nth == 0 { 200 } else { self.status() };
                let address = if self.chance.per_mille(100) { *self.chance.pick(&self.addresses) } else { home };
                let forged = Some(Forged::Victim(victim));
                into.push(Request { at: used, token, route, address, agent, status, forged });
                used += self.chance.within(SECOND, 40 * SECOND);
            }
        }
    }

    /// How often a token asks for the address list: uneven, and exact in sum, by evening out between
    /// two neighbours.
    fn books_of(&self, which: u64) -> u64 {
        let share = self.books * (which + 1) / self.known - self.books * which / self.known;
        let pair = which / 2;
        let lean = if pair * 2 + 1 < self.known { scatter(pair) % 3 } else { 0 };
        if which.is_multiple_of(2) { share + lean } else { share - lean }
    }

    /// A live token whose id is copied, and when it is used: while the original lives.
    fn live_at(&mut self, wanted: Ms, live: &[Token]) -> Option<(Token, Ms)> {
        let near = live.partition_point(|token| token.minted < wanted);
        let token = *live.get(near.checked_sub(1).unwrap_or(near))?;
        let age = (wanted - token.minted).clamp(3 * MINUTE, 50 * MINUTE);
        Some((token, token.minted + age))
    }

    /// A token in the issuer's shape, with an id of its own or a copied one.
    fn forge(&mut self, subject: u64, used: Ms, model: Option<Token>) -> Token {
        let client = *self.chance.pick(&["shop-android", "shop-ios", "shop-web"]);
        let minted = used - self.chance.within(2 * SECOND, 50 * SECOND);
        let mut token = mint(self.chance.id(), Some(subject), KEY, client, minted);
        if let Some(model) = model {
            // All claims but the id are the forger's; where chance made them the same, one is not.
            token.jti = model.jti;
            if token.subject == model.subject && token.issued_at == model.issued_at {
                (token.issued_at, token.expires_at) = (token.issued_at - 1, token.issued_at - 1 + LIFE_SECS);
            }
        }
        token
    }

    fn status(&mut self) -> u16 {
        match self.chance.below(1_000) {
            0..12 => 429,
            12..14 => 499,
            _ => 200,
        }
    }
}

/// A step that has no divisor in common with `count`, near the golden section of it.
fn coprime_step(count: u64) -> u64 {
    let mut step = (count as f64 * 0.618) as u64 | 1;
    while gcd(step, count) != 1 {
        step += 2;
    }
    step
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
