//! The journal of a case: in order, of one case, and only ever longer.

use sever_model::{CaseAct, Law, OpenedBy, WallTime};

use crate::{Store, StoreError};

fn opened(what: &str) -> CaseAct {
    let by = OpenedBy { kind: "thing".to_owned(), what: what.to_owned(), digest: None, thing: None, judged: None };
    CaseAct::Opened { by, aware_at: WallTime::from_secs(1_000), laws: Law::known() }
}

fn looked(at: &str) -> CaseAct {
    CaseAct::Looked { at: at.to_owned() }
}

#[tokio::test]
async fn a_journal_reads_back_in_order_and_only_of_its_own_case() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut store = Store::open(dir.path()).await?;
    let at = WallTime::from_secs;
    store.open_case("one", at(1), "ann", &[opened("kid-1")]).await?;
    store.open_case("two", at(2), "bob", &[opened("kid-2")]).await?;
    store.record_case("one", at(3), "zoe", &[looked("show"), looked("log")]).await?;
    let again = store.open_case("one", at(4), "ann", &[opened("kid-3")]).await;
    assert!(matches!(again, Err(StoreError::CaseExists(name)) if name == "one"));
    drop(store);
    let store = Store::open(dir.path()).await?;
    let rows = store.case_rows("one").await?;
    let told: Vec<_> = rows.iter().map(|row| (row.at, row.who.as_str(), &row.act)).collect();
    assert_eq!(
        told,
        [(at(1), "ann", &opened("kid-1")), (at(3), "zoe", &looked("show")), (at(3), "zoe", &looked("log"))]
    );
    let cases = store.cases().await?;
    assert_eq!(cases.iter().map(|case| (case.name.as_str(), case.looks)).collect::<Vec<_>>(), [("one", 2), ("two", 0)]);
    assert!(store.case_rows("three").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_was_written_can_neither_be_changed_nor_deleted() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut store = Store::open(dir.path()).await?;
    store.open_case("one", WallTime::from_secs(1), "ann", &[opened("kid-1")]).await?;
    for sql in ["UPDATE incident_act SET who = 'eve'", "DELETE FROM incident_act", "DELETE FROM incident"] {
        assert!(sqlx::query(sql).execute(store.connection.get_mut()).await.is_err(), "{sql}");
    }
    let of_no_case = store.record_case("three", WallTime::from_secs(2), "ann", &[looked("show")]).await;
    assert!(of_no_case.is_err(), "an act of a case that was never opened");
    assert_eq!(store.case_rows("one").await?.len(), 1);
    Ok(())
}
