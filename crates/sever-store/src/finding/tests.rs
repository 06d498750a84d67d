//! Findings across runs, and what people decide about them.

use sever_model::{Confidence, EventTime, Finding, FindingId, Severity, Stage, WallTime};

use crate::{Closed, FindingFilter, FindingState, How, Run, RunKind, Store, StoreError};

fn finding(id: &str, last: i64) -> Finding {
    Finding {
        id: FindingId::from(id),
        detector: "ghost-account".to_owned(),
        severity: Severity::High,
        confidence: Confidence::Certain,
        stage: Stage::Confirmed,
        title: "`vpn/x` is nobody's".to_owned(),
        things: vec![],
        first: EventTime::from_secs(1),
        last: EventTime::from_secs(last),
        known_at: EventTime::from_secs(1),
        count: 1,
        inputs: vec![],
        evidence: vec![],
    }
}

fn run(id: &str, kind: RunKind, at: i64) -> Run {
    Run { id: id.to_owned(), kind, known_at: WallTime::from_secs(at), inputs: vec![], summary: serde_json::json!({}) }
}

fn closed(how: How) -> Closed {
    Closed { how, reason: "looked at it".to_owned(), by: "ann".to_owned(), at: WallTime::from_secs(50) }
}

async fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    (dir, store)
}

#[tokio::test]
async fn a_check_that_no_longer_raises_it_says_it_is_gone_and_a_scan_says_nothing() {
    let (_dir, mut store) = store().await;
    store.save_findings(&run("c1", RunKind::Check, 1), &[finding("aa", 1), finding("ab", 1)]).await.unwrap();
    store.save_findings(&run("s1", RunKind::Scan, 2), &[]).await.unwrap();
    assert_eq!(store.finding("ab").await.unwrap().state(), FindingState::Open);
    store.save_findings(&run("c2", RunKind::Check, 3), &[finding("aa", 1)]).await.unwrap();
    assert_eq!(store.finding("ab").await.unwrap().state(), FindingState::Gone);
    let open = FindingFilter { state: Some(FindingState::Open), ..FindingFilter::default() };
    let ids: Vec<String> = store.findings(&open).await.unwrap().iter().map(|it| it.finding.id.to_string()).collect();
    assert_eq!(ids, ["aa"]);
    assert_eq!(store.runs().await.unwrap().iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["c2", "s1", "c1"]);
}

#[tokio::test]
async fn what_was_dealt_with_opens_again_at_a_later_event_and_what_is_expected_does_not() {
    let (_dir, mut store) = store().await;
    for (id, how) in [("real", How::Real), ("fine", How::Expected)] {
        store.save_findings(&run("s1", RunKind::Scan, 1), &[finding(id, 10)]).await.unwrap();
        store.close_finding(&FindingId::from(id), &closed(how)).await.unwrap();
        store.save_findings(&run("s2", RunKind::Scan, 2), &[finding(id, 10)]).await.unwrap();
        assert_eq!(store.finding(id).await.unwrap().state(), FindingState::Closed);
        store.save_findings(&run("s3", RunKind::Scan, 3), &[finding(id, 11)]).await.unwrap();
    }
    assert_eq!(store.finding("real").await.unwrap().state(), FindingState::Open);
    assert_eq!(store.finding("fine").await.unwrap().closed, Some(closed(How::Expected)));
}

#[tokio::test]
async fn a_finding_is_found_by_the_beginning_of_its_id() {
    let (_dir, mut store) = store().await;
    store
        .save_findings(&run("s", RunKind::Scan, 1), &[finding("ab1", 1), finding("ab2", 1), finding("ab", 1)])
        .await
        .unwrap();
    assert_eq!(store.finding("ab1").await.unwrap().finding.id.as_str(), "ab1");
    assert_eq!(store.finding("ab").await.unwrap().finding.id.as_str(), "ab");
    assert!(matches!(store.finding("a").await, Err(StoreError::Finding { matches: 3, .. })));
    assert!(matches!(store.finding("x").await, Err(StoreError::Finding { matches: 0, .. })));
    assert!(store.close_finding(&FindingId::from("x"), &closed(How::Real)).await.is_err());
}
