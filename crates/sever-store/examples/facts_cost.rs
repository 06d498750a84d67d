//! What facts cost: a million people, accounts and grants applied, applied again unchanged, listed
//! as of an instant, and read whole.
//!
//! `cargo run --release -p sever-store --example facts_cost [N]` prints one line of JSON: milliseconds
//! that passed, and those of processor time, which a busy machine does not stretch.

use std::time::{Duration, Instant};

use sever_model::port::{ListingRef, Pull};
use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, CoverageLine, EventTime, Fact, FactKind, Grant, Holder, Listing,
    Person, PersonId, Record, ResourceId, Rights, Seen, SourceId, Valid, WallTime,
};
use sever_store::{Brake, ListQuery, Store, When};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let mut store = Store::open(dir.path()).await?;
    let source = SourceId::from("company");
    let mut figures = Vec::new();

    let records = records(count);
    let start = Watch::start();
    let applied = store.apply(&source, &listing(1), &pull(1), records.clone(), at(1), &Brake::default()).await?;
    anyhow::ensure!(applied.added == count);
    figures.push(("load", start.elapsed()));

    let start = Watch::start();
    let applied = store.apply(&source, &listing(2), &pull(2), records, at(2), &Brake::default()).await?;
    anyhow::ensure!(applied.unchanged == count);
    figures.push(("unchanged, other digest", start.elapsed()));

    for (name, kind) in [("people", FactKind::Person), ("accounts", FactKind::Account), ("grants", FactKind::Grant)] {
        let when = When::At(EventTime::from_secs(1));
        let query = ListQuery { kind, when, known_at: at(2), offset: 0, limit: 1_000 };
        let start = Watch::start();
        let page = store.list(&query).await?;
        figures.push((name, start.elapsed()));
        anyhow::ensure!(page.rows.len() == 1_000 && page.total > count / 20);
    }
    let start = Watch::start();
    anyhow::ensure!(store.facts(at(2)).await?.len() as u64 == count);
    figures.push(("read whole", start.elapsed()));

    let bytes = std::fs::metadata(dir.path().join("store.sqlite"))?.len();
    let mut line = serde_json::json!({ "facts": count, "bytes_per_fact": bytes / count });
    for (name, (passed, worked)) in figures {
        line[name] = serde_json::json!({ "ms": passed.as_millis(), "cpu_ms": worked.as_millis() });
    }
    std::io::Write::write_all(&mut std::io::stdout(), format!("{line}\n").as_bytes())?;
    Ok(())
}

/// Time passed and processor time spent since it was started.
struct Watch(Instant, Duration);

impl Watch {
    fn start() -> Watch {
        Watch(Instant::now(), worked())
    }

    fn elapsed(&self) -> (Duration, Duration) {
        (self.0.elapsed(), worked().saturating_sub(self.1))
    }
}

/// Processor time of this process, in steps of 10 ms; nothing where the system does not say.
fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

/// One person to three accounts to six grants.
fn records(count: u64) -> Vec<Record> {
    let fact = |number: u64| match number % 10 {
        0 => Fact::Person(Person {
            id: PersonId::from(format!("{number:08}")),
            name: format!("Person Number {number}"),
            emails: vec![format!("person.{number}@example.com")],
            logins: vec![format!("p{number}")],
            employee_number: None,
            manager: Some(PersonId::from(format!("{:08}", number / 100 * 10))),
        }),
        1..=3 => Fact::Account(Account {
            id: AccountId::from(format!("system-{}/p{number}", number % 10)),
            login: format!("p{number}"),
            display_name: format!("Person Number {number}"),
            emails: vec![format!("person.{number}@example.com")],
            employee_number: Some(format!("{:08}", number / 10 * 10)),
            kind: AccountKind::Human,
            status: AccountStatus::Enabled,
            owner: None,
            created_by: None,
            last_used: Some(EventTime::from_secs(1_700_000_000 + number as i64)),
        }),
        _ => Fact::Grant(Grant {
            holder: Holder::Account(AccountId::from(format!("system-1/p{}", number / 10 * 10 + 1))),
            resource: ResourceId::from(format!("system-1/table/{}", number % 5_000)),
            rights: Rights::READ.with(Rights::WRITE),
            granted_by: Some("admin".to_owned()),
            last_used: None,
        }),
    };
    (0..count).map(|number| Record { fact: fact(number), valid: Valid::ALWAYS }).collect()
}

fn at(day: i64) -> WallTime {
    WallTime::from_secs(1_800_000_000 + day * 86_400)
}

fn listing(day: i64) -> ListingRef {
    ListingRef { name: "all.csv".to_owned(), at: at(day).as_event(), digest: day.to_string() }
}

fn pull(day: i64) -> Pull {
    let at = at(day).as_event();
    let coverage = CoverageLine {
        source: SourceId::from("company"),
        kinds: vec![FactKind::Person, FactKind::Account, FactKind::Grant],
        seen: Seen::Whole,
        listing: Listing::Complete,
        from: Some(at),
        to: Some(at),
        records: 0,
        rejected: 0,
        gaps: Vec::new(),
    };
    Pull { at, listing: Listing::Complete, coverage, rejects: Vec::new() }
}
