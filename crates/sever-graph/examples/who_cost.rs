//! What `who` costs over ten million rights: builds an inventory of a large company and asks.
//!
//! `cargo run --release -p sever-graph --example who_cost -- 10000000`
//!
//! A million accounts, a hundred thousand resources, and as many rights as asked for; a hundred keys in
//! a vault, read by policies of groups that hold up to ten thousand accounts.

use std::io::Write;
use std::time::{Duration, Instant};

use sever_graph::{Asked, build, find, who};
use sever_model::{
    Account, AccountKind, AccountStatus, Coverage, Credential, CredentialKind, EventTime, Exportable, Fact, FactRow,
    Grant, Holder, Membership, Person, Rights, SourceId, Valid, WallTime,
};

const ACCOUNTS: u64 = 1_000_000;
const RESOURCES: u64 = 100_000;
const KEYS: u64 = 100;

fn main() -> std::io::Result<()> {
    let rights: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10_000_000);
    let facts = company(rights);
    let count = facts.len();
    let at = EventTime::from_secs(1_800_000_000);
    let begun = Instant::now();
    let inventory = build(facts, at, WallTime::MAX, Coverage::default());
    let built = begun.elapsed();
    let mut taken: Vec<Duration> = Vec::new();
    let (mut rows, mut asked) = (0, 0);
    for key in 0..KEYS {
        let begun = Instant::now();
        for thing in find(&inventory, &format!("kid-{key}")) {
            if matches!(thing, Asked::Credential(_)) {
                rows += who(&inventory, thing, at).len();
                asked += 1;
            }
        }
        taken.push(begun.elapsed());
    }
    let out = &mut std::io::stdout();
    writeln!(out, "{count} facts, {} rights: built in {built:.2?}", inventory.grants().len())?;
    // The first large allocation after a build makes the allocator tidy what the build freed.
    let first = taken.first().copied().unwrap_or_default();
    taken.sort();
    let at = |part: usize| taken.get(taken.len().saturating_sub(1) * part / 100).copied().unwrap_or_default();
    let (median, slow) = (at(50), at(98));
    let each = rows / asked.max(1);
    writeln!(
        out,
        "{asked} keys asked, {each} rows each: median {median:.2?}, 98 of 100 in {slow:.2?}, the first {first:.2?}"
    )
}

fn company(rights: u64) -> Vec<FactRow> {
    let source = SourceId::from("src");
    let row = |fact: Fact| FactRow {
        fact,
        valid: Valid::since(EventTime::from_secs(1_700_000_000)),
        known_from: WallTime::from_secs(0),
        known_to: None,
        source: source.clone(),
        seen_at: EventTime::from_secs(0),
    };
    let mut facts = Vec::with_capacity((rights + 3 * ACCOUNTS) as usize);
    for at in 0..ACCOUNTS {
        facts.push(row(Fact::Person(Person {
            id: at.to_string().into(),
            name: format!("Given{} Family{}", at % 5_000, at / 5_000),
            emails: vec![format!("user-{at}@shop.example")],
            logins: vec![],
            employee_number: None,
            manager: None,
        })));
        facts.push(row(Fact::Account(Account {
            id: format!("ldap/user-{at}").into(),
            login: format!("user-{at}"),
            display_name: format!("Given{} Family{}", at % 5_000, at / 5_000),
            emails: vec![format!("user-{at}@shop.example")],
            employee_number: (at % 2 == 0).then(|| at.to_string()),
            kind: AccountKind::Human,
            status: AccountStatus::Enabled,
            owner: None,
            created_by: None,
            last_used: None,
        })));
    }
    let grant = |holder, resource: String, rights| {
        row(Fact::Grant(Grant { holder, resource: resource.into(), rights, granted_by: None, last_used: None }))
    };
    for at in 0..rights {
        let holder = Holder::Account(format!("ldap/user-{}", at * 7 % ACCOUNTS).into());
        facts.push(grant(holder, format!("orders/table-{}", (at / ACCOUNTS * 9_973 + at) % RESOURCES), Rights::READ));
    }
    for key in 0..KEYS {
        let members = 100 * (key % 100 + 1);
        let (team, policy) = (format!("ldap/team-{key}"), format!("vault/policy/{key}"));
        for at in 0..members {
            let member = Holder::Account(format!("ldap/user-{}", (key * 9_973 + at) % ACCOUNTS).into());
            facts.push(row(Fact::Membership(Membership { member, group: team.as_str().into() })));
        }
        let member = Holder::Group(team.into());
        facts.push(row(Fact::Membership(Membership { member, group: policy.as_str().into() })));
        facts.push(grant(Holder::Group(policy.into()), format!("vault/signing/{key}/*"), Rights::READ));
        facts.push(row(Fact::Credential(Credential {
            id: format!("shop/kid-{key}").into(),
            kind: CredentialKind::SigningKey,
            account: None,
            issuer: None,
            kept_at: Some(format!("vault/signing/{key}/private").into()),
            exportable: Exportable::Yes,
            created_by: None,
            rotated_at: None,
            activated_at: None,
            retired_at: None,
            expires_at: None,
            last_used: None,
        })));
    }
    facts
}
