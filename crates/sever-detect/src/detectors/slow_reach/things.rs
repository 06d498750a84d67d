//! The things that reach people: what of a record is counted, and who is like whom.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use sever_model::port::{Resolved, View};
use sever_model::{AccountKind, Batch, Certainty, Sym, Thing, ThingKind};

use super::Settings;
use crate::detectors::whose;

/// What a detector is about: they differ in whether they rank people who work here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// Keys, issuers, clients, networks and service accounts.
    Things,
    /// People, by their accounts.
    People,
}

/// By what it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Pivot {
    /// A key that signs tokens.
    Key,
    /// An issuer.
    Issuer,
    /// The client software, as it calls itself.
    Client,
    /// A network of addresses.
    Network,
    /// An account that is no person's own.
    Service,
    /// A person who works here, by their accounts together.
    Person,
}

/// A thing that a record names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    /// Its place in the table.
    pub id: u64,
    pub pivot: Pivot,
    /// Its own name; of a network, an address in it.
    pub name: &'a str,
    /// Those who do the like.
    pub peers: &'a str,
}

/// The things that a record names: at most one of each pivot.
pub(super) type AllNamed<'a> = [Option<Named<'a>>; 5];

impl Pivot {
    /// The thing accused.
    pub(super) fn thing(self, name: &str, settings: &Settings) -> Thing {
        match self {
            Pivot::Key => Thing::new(ThingKind::Credential, name),
            Pivot::Issuer => Thing::new(ThingKind::Issuer, name),
            Pivot::Client => Thing::new(ThingKind::Client, name),
            Pivot::Network => {
                let words = network(name, settings).map(|(network, bits)| format!("{network}/{bits}"));
                Thing::new(ThingKind::Address, words.unwrap_or_default())
            }
            Pivot::Service | Pivot::Person => Thing::new(ThingKind::Account, name),
        }
    }

    /// Whether things of this kind are many and alike, so that what all of them do on a day is no news.
    /// Of a key or an issuer there are few, and each is its own.
    pub(super) const fn is_crowd(self) -> bool {
        matches!(self, Pivot::Client | Pivot::Network | Pivot::Service | Pivot::Person)
    }
}

/// The things that a record names.
pub(super) fn named<'a>(
    (about, settings): (About, &Settings),
    source: usize,
    (batch, row): (&'a Batch, usize),
    resolved: Resolved,
    view: &View<'a>,
) -> AllNamed<'a> {
    let account = whose::used(batch.kind(row), resolved);
    let entry = account.and_then(|ix| view.inventory.account(ix));
    let shared = entry.is_some_and(|entry| matches!(entry.it.kind, AccountKind::Service | AccountKind::Shared));
    let service = shared && account.is_some_and(|ix| view.inventory.person_of(ix).is_none());
    let at = |pivot: Pivot, name: &'a str, peers: &'a str| {
        let hash = place(view, pivot, name.as_bytes());
        (!name.is_empty()).then_some(Named { id: hash, pivot, name, peers })
    };
    match about {
        About::People if service => [None; 5],
        About::People => {
            let name = entry.map_or(view.symbols.text(batch.names(row).actor), |entry| entry.it.id.as_str());
            let person = account.and_then(|ix| view.inventory.person_of(ix));
            // A person's accounts are counted together, under the first of them.
            let first = person.and_then(|person| view.inventory.accounts_of(person).first());
            let first = first.and_then(|ix| view.inventory.account(*ix)).map_or(name, |entry| entry.it.id.as_str());
            let time = batch.time(row);
            let mut stints = person.into_iter().flat_map(|person| view.inventory.stints(person));
            let stint = stints.find(|stint| stint.valid.at(time) != Certainty::No);
            let unknown = entry.is_none().then(|| view.sources.get(source)?.system.as_ref()).flatten();
            let named = at(Pivot::Person, first, stint.map_or("", |stint| stint.it.team.as_str()));
            // A login that no listing has is one of its system's.
            let scoped = named.map(|it| match unknown {
                Some(system) => Named { id: it.id ^ place(view, Pivot::Person, system.as_str().as_bytes()), ..it },
                None => it,
            });
            [scoped, None, None, None, None]
        }
        About::Things => {
            let names = batch.names(row);
            let of_key = resolved.key.and_then(|ix| view.inventory.credential(ix));
            let symbol = |pivot: Pivot, name: Sym| {
                let told = !name.is_none() && name != Sym::MANY;
                let id = view.symbols.hash(name) ^ salt(pivot);
                told.then(|| Named { id, pivot, name: view.symbols.text(name), peers: "" })
            };
            let key = of_key.map_or_else(
                || symbol(Pivot::Key, names.key_id),
                |key| symbol(Pivot::Key, names.key_id).map(|it| Named { name: key.it.id.as_str(), ..it }),
            );
            let address = batch.source_ip(row);
            let network = network(address, settings).map(|(network, _)| Named {
                id: match network {
                    IpAddr::V4(network) => place(view, Pivot::Network, &network.octets()),
                    IpAddr::V6(network) => place(view, Pivot::Network, &network.octets()),
                },
                pivot: Pivot::Network,
                name: address,
                peers: "",
            });
            let account = entry.filter(|_| service).and_then(|entry| at(Pivot::Service, entry.it.id.as_str(), ""));
            let client = at(Pivot::Client, batch.user_agent(row), "");
            [key, symbol(Pivot::Issuer, names.issuer), client, network, account]
        }
    }
}

/// The place of a thing in the table.
fn place(view: &View<'_>, pivot: Pivot, name: &[u8]) -> u64 {
    view.symbols.key().hash64(name) ^ salt(pivot)
}

const fn salt(pivot: Pivot) -> u64 {
    (pivot as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The network of an address.
fn network(address: &str, settings: &Settings) -> Option<(IpAddr, u8)> {
    match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => {
            let bits = settings.ipv4_prefix.min(32);
            let masked = u32::from(address) & u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            Some((Ipv4Addr::from(masked).into(), bits))
        }
        IpAddr::V6(address) => {
            let bits = settings.ipv6_prefix.min(128);
            let masked = u128::from(address) & u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            Some((Ipv6Addr::from(masked).into(), bits))
        }
    }
}
