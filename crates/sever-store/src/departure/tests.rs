//! The journal: in order, of one departure, by one process at a time.

use sever_model::{Act, Coverage, Plan, PlanOf, WallTime};

use crate::{Store, StoreError};

fn plan(typed: &str) -> Plan {
    Plan {
        version: 1,
        about: PlanOf::Account { id: "ldap/bob".into() },
        typed: typed.to_owned(),
        made_at: WallTime::from_secs(1_000),
        not_before: None,
        doors: Vec::new(),
        steps: Vec::new(),
        swept: Vec::new(),
        excluded: Vec::new(),
        not_covered: Vec::new(),
        coverage: Coverage::default(),
    }
}

#[tokio::test]
async fn the_journal_reads_back_in_order_and_only_of_its_own_departure() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut store = Store::open(dir.path()).await?;
    let (bob, eve) = (plan("bob"), plan("eve"));
    let now = WallTime::from_secs(2_000);
    let of_bob = store.hold(&bob, now).await?;
    let of_eve = store.hold(&eve, now).await?;
    let acts = [Act::Begun { digest: bob.digest() }, Act::Intended { step: 1 }];
    store.record_acts(&of_bob, now, &acts).await?;
    store.record_acts(&of_eve, now, &[Act::Ended]).await?;
    store.record_acts(&of_bob, now, &[Act::Ended]).await?;
    let read: Vec<Act> = store.acts(&bob.digest()).await?.into_iter().map(|row| row.act).collect();
    assert_eq!(read, [acts[0].clone(), acts[1].clone(), Act::Ended]);
    let plans: Vec<Plan> = store.departures().await?.into_iter().map(|row| row.plan).collect();
    assert_eq!(plans.len(), 2);
    assert!(plans.contains(&bob) && plans.contains(&eve));
    Ok(())
}

#[tokio::test]
async fn two_cannot_work_on_one_departure() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (mut one, mut other) = (Store::open(dir.path()).await?, Store::open(dir.path()).await?);
    let bob = plan("bob");
    let held = one.hold(&bob, WallTime::from_secs(1)).await?;
    assert!(matches!(other.hold(&bob, WallTime::from_secs(1)).await, Err(StoreError::Held(_))));
    drop(held);
    other.hold(&bob, WallTime::from_secs(1)).await?;
    Ok(())
}
