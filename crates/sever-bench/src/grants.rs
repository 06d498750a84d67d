//! `who KEY`: everybody who could have read a key, among ten million grants.

use anyhow::{Context, Result, bail};
use sever_graph::{find, who};
use sever_model::{
    Account, AccountKind, AccountStatus, Coverage, Credential, CredentialKind, EventTime, Exportable, Fact, FactRow,
    Grant, Group, Holder, Membership, Rights, SourceId, Valid, WallTime,
};

use crate::process::{Numbers, median, timed};

/// Accounts that hold the grants.
const ACCOUNTS: u64 = 100_000;

/// Resources that they are on.
const RESOURCES: u64 = 500_000;

/// Accounts in the group that may read the keys' folder.
const READERS: u64 = 500;

const NOW: EventTime = EventTime::from_secs(1_775_001_600);

/// Loads `count` grants and asks.
pub(crate) fn one(count: u64) -> Result<Numbers> {
    let facts = facts(count);
    let inventory = sever_graph::build(facts, NOW, WallTime::from_secs(1_775_001_600), Coverage::default());
    let (mut times, mut rows) = (Vec::new(), 0);
    for _ in 0..5 {
        let (secs, answer) = timed(|| {
            let asked = *find(&inventory, "kid-1").first().context("the key is not found")?;
            Ok(who(&inventory, asked, NOW))
        })?;
        times.push(secs);
        rows = answer.len();
    }
    if (rows as u64) < READERS {
        bail!("{READERS} could have read the key and {rows} are named");
    }
    Ok(Numbers::from([("millis".to_owned(), median(times) * 1e3), ("rows".to_owned(), rows as f64)]))
}

fn facts(count: u64) -> Vec<FactRow> {
    let mut facts = Vec::with_capacity(usize::try_from(count + ACCOUNTS + READERS + 8).unwrap_or(0));
    let mut tell = |fact: Fact| {
        facts.push(FactRow {
            fact,
            valid: Valid::since(EventTime::from_secs(1_600_000_000)),
            known_from: WallTime::from_secs(0),
            known_to: None,
            source: SourceId::from("bench"),
            seen_at: NOW,
        });
    };
    for number in 0..ACCOUNTS {
        tell(Fact::Account(account(number)));
    }
    let group = || Group { id: "shop/signers".into(), name: "signers".to_owned() };
    tell(Fact::Group(group()));
    for number in 0..READERS {
        let member = Holder::Account(format!("shop/a{}", number * 37 % ACCOUNTS).into());
        tell(Fact::Membership(Membership { member, group: group().id }));
    }
    tell(Fact::Grant(grant(Holder::Group(group().id), "vault/secret/signing/*")));
    tell(Fact::Credential(key()));
    for number in 0..count {
        let holder = Holder::Account(format!("shop/a{}", number % ACCOUNTS).into());
        // Every pair is another one: the account's turn decides how far the resource is shifted.
        let resource = (number + number / ACCOUNTS * 7) % RESOURCES;
        tell(Fact::Grant(grant(holder, &format!("shop/repo/{resource}"))));
    }
    facts
}

fn account(number: u64) -> Account {
    Account {
        id: format!("shop/a{number}").into(),
        login: format!("p{number}"),
        display_name: String::new(),
        emails: Vec::new(),
        employee_number: None,
        kind: AccountKind::Human,
        status: AccountStatus::Enabled,
        owner: None,
        created_by: None,
        last_used: None,
    }
}

fn grant(holder: Holder, resource: &str) -> Grant {
    Grant { holder, resource: resource.into(), rights: Rights::READ, granted_by: None, last_used: None }
}

fn key() -> Credential {
    Credential {
        id: "vault/kid-1".into(),
        kind: CredentialKind::SigningKey,
        account: None,
        issuer: Some("https://id.shop.example".to_owned()),
        kept_at: Some("vault/secret/signing/kid-1".into()),
        exportable: Exportable::Yes,
        created_by: None,
        rotated_at: None,
        activated_at: None,
        retired_at: None,
        expires_at: None,
        last_used: None,
    }
}
