//! What each form of claims comes to.

use sever_model::DoorKind::{Login, Membership, RefreshToken, Session};

use super::*;

fn claims(text: &str) -> Vec<(String, Option<String>, Vec<DoorKind>)> {
    let said = read(text.as_bytes()).unwrap();
    said.claims.into_iter().map(|it| (it.names.join(" "), it.system, it.kinds)).collect()
}

fn lines(text: &str) -> Vec<String> {
    read(text.as_bytes()).unwrap().lines("F")
}

const TASKS: &str = r#"{
  "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identityGovernance/lifecycleWorkflows/…/taskProcessingResults",
  "value": [
    {"completedDateTime": "2026-03-31T17:00:05.3529197Z", "createdDateTime": "2026-03-31T17:00:04.5490995Z",
     "id": "05a96d7a-0000-4000-8000-000000000001", "processingStatus": "completed",
     "startedDateTime": "2026-03-31T17:00:05.1234966Z", "failureReason": null,
     "subject": {"id": "ea09ac2e-0000-4000-8000-00000000b0b0"},
     "task": {"category": "leaver", "continueOnError": false, "displayName": "Disable user account",
              "executionSequence": 1, "isEnabled": true, "arguments": [],
              "taskDefinitionId": "1dfdfcc7-52fa-4c2e-bf3a-e3919cc12950"}},
    {"id": "2", "processingStatus": "completed", "subject": {"id": "ea09ac2e-0000-4000-8000-00000000b0b0"},
     "task": {"displayName": "Revoke all refresh tokens for user", "taskDefinitionId": "509589a4-0466-4471-829e-49c5e502bdee"}},
    {"id": "3", "processingStatus": "failed", "failureReason": "…", "subject": {"id": "bob"},
     "task": {"displayName": "Delete user account", "taskDefinitionId": "8d18588d-9ad3-4c0f-99d0-ec215f0e3dff"}},
    {"id": "4", "processingStatus": "completed", "subject": {"id": "bob"},
     "task": {"displayName": "Send email on users last day", "taskDefinitionId": "9c0a1eaf-5bda-4392-9d9e-6e155bb57411"}}
  ]
}"#;

#[test]
fn tasks_of_a_lifecycle_workflow_are_claims_about_kinds_of_door() {
    let bob = "ea09ac2e-0000-4000-8000-00000000b0b0".to_owned();
    assert_eq!(claims(TASKS), [(bob.clone(), None, vec![Login]), (bob, None, vec![Session, RefreshToken])]);
    let first = read(TASKS.as_bytes()).unwrap().claims.remove(0);
    assert_eq!(first.at, Some(WallTime::parse("2026-03-31T17:00:05.352919Z").unwrap()));
    assert_eq!(
        lines(TASKS),
        [
            "1 claim of F not tried, for its own tool says that it is not done: bob",
            "1 claim of F not tried, for the task `Send email on users last day` closes no door: bob",
        ]
    );
}

#[test]
fn a_user_of_a_lifecycle_workflow_is_a_claim_about_the_account_or_its_tasks_are() {
    let user = |more: &str| {
        format!(
            r#"{{"id": "7", "completedDateTime": "2026-03-31T17:00:09Z", "processingStatus": "completed", "subject": {{"id": "u-1", "userPrincipalName": "bob@shop.example"}}{more}}}"#
        )
    };
    assert_eq!(claims(&user("")), [("u-1 bob@shop.example".to_owned(), None, vec![])]);
    assert_eq!(claims(&user(r#", "failedTasksCount": 1"#)), []);
    let tasks = r#", "taskProcessingResults": [{"processingStatus": "completed", "task": {"taskDefinitionId": "b3a31406-2a15-4c9a-b25b-a658fa5f07fc"}}]"#;
    assert_eq!(claims(&user(tasks)), [("u-1 bob@shop.example".to_owned(), None, vec![Membership])]);
}

#[test]
fn deprovisioning_in_a_system_log_is_a_claim_about_the_user_or_an_application() {
    let event = |kind: &str, result: &str, targets: &str| {
        format!(
            r#"{{"uuid": "e-1", "published": "2026-03-31T17:00:00.000Z", "eventType": "{kind}", "outcome": {{"result": "{result}"}}, "target": [{targets}]}}"#
        )
    };
    let user = r#"{"id": "00u1", "type": "User", "alternateId": "bob@shop.example", "displayName": "Bob Ray"}"#;
    let in_app = format!(
        r#"{user}, {{"id": "0ua1", "type": "AppUser", "alternateId": "bob", "displayName": "Bob Ray"}}, {{"id": "0oa1", "type": "AppInstance", "alternateId": "Wiki", "displayName": "wiki"}}"#
    );
    let log = [
        event("user.lifecycle.deactivate", "SUCCESS", user),
        event("user.session.clear", "SUCCESS", user),
        event("application.provision.user.deactivate", "SUCCESS", &in_app),
        event("user.lifecycle.suspend", "FAILURE", user),
        event("user.session.start", "SUCCESS", user),
        event("application.user_membership.remove", "SUCCESS", user),
    ];
    let named = "00u1 bob@shop.example".to_owned();
    let expected = [
        (named.clone(), None, vec![]),
        (named.clone(), None, vec![Session]),
        (format!("0ua1 bob {named}"), Some("wiki".to_owned()), vec![Login]),
    ];
    assert_eq!(claims(&format!("[{}]", log.join(","))), expected);
    assert_eq!(claims(&log.join("\n")), expected, "or one a line");
    assert_eq!(
        lines(&log.join("\n")),
        [
            "1 claim of F not tried, for `user.session.start` closes no door: bob@shop.example",
            "1 claim of F not tried, for it does not say of whom, or where: bob@shop.example",
            "1 claim of F not tried, for its own tool says that it is not done: bob@shop.example",
        ]
    );
}

#[test]
fn a_table_may_say_which_door_where_and_by_which_ticket() {
    let text =
        "account,system,kind,claimed_at,tool,ticket\nbob,own,api-key,2026-03-31T17:00:00Z,helpdesk,T-77\n,,,,,\n";
    let said = read(text.as_bytes()).unwrap();
    assert_eq!(claims(text), [("bob".to_owned(), Some("own".to_owned()), vec![DoorKind::ApiKey])]);
    assert_eq!(words(&said.claims[0]), "helpdesk says that it closed it at 2026-03-31T17:00:00Z (T-77)");
    assert_eq!(said.lines("F"), ["1 claim of F not tried, for it names no account"]);
    assert_eq!(
        read(b"account,kind\nbob,logn\n").unwrap_err(),
        "line 2: there is no kind of door `logn`: did you mean `login`?"
    );
    assert_eq!(read(b"who\nbob\n").unwrap_err(), "it has no column `account`");
    assert!(read(b"{\"value\": [").unwrap_err().starts_with("it is no JSON"));
    assert_eq!(lines("{\"some\": 1}"), ["1 claim of F not tried, for nothing here knows such a record"]);
}
