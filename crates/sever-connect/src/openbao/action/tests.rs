//! What is asked, and what an answer to it means, at servers that answer anything.

use sever_model::{Approval, Coverage, Inverse, Phase, Plan, PlanOf, Request, Step, Work};

use super::*;
use crate::openbao::canned::{Answers, Still, cx, serve};
use sever_model::act::Clock as _;

const OWN: (&str, &str, &str) = (
    "GET /v1/auth/token/lookup-self",
    "200 OK",
    "{\"data\":{\"policies\":[\"cut\"],\"entity_id\":\"ours\",\"accessor\":\"a\"}}",
);

/// Does one operation at a server that answers so.
fn execute(answers: Answers, verb: &str, target: &str, arguments: &[(&str, &str)]) -> Result<Receipt, ActError> {
    let action = open(&serve(answers).expect("a server")).expect("an action");
    let operation = Operation {
        connection: "bao".into(),
        verb: verb.to_owned(),
        target: target.to_owned(),
        arguments: arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    let step = Step {
        number: 1,
        door: "bao/session/x".into(),
        phase: Phase::Cut,
        work: Work::Operate(operation),
        how: String::new(),
        reason: String::new(),
        after: Vec::new(),
        breaks: Vec::new(),
        inverse: Inverse::Renewed,
        replaces_secret: false,
        window_secs: 0,
    };
    let plan = Plan {
        version: 1,
        about: PlanOf::Account { id: "bao/bob".into() },
        typed: "bob".to_owned(),
        made_at: Still.now(),
        not_before: None,
        doors: Vec::new(),
        steps: vec![step],
        swept: Vec::new(),
        excluded: Vec::new(),
        not_covered: Vec::new(),
        coverage: Coverage::default(),
    };
    let digest = plan.digest();
    let approval = Approval { digest: digest.clone(), by: "ann".to_owned(), at: Still.now(), signed_by: String::new() };
    let approvals = [approval];
    let request = Request { digest: &digest, typed: "bob", approvals: &approvals, tripped: None, now: Still.now() };
    let approved = plan.approve(&request).expect("approved");
    let step = approved.steps().next().expect("a step");
    action.execute(&step, &cx())
}

#[test]
fn what_is_queued_is_not_done() {
    let queued: Answers =
        &[OWN, ("PUT /v1/sys/leases/revoke-prefix/pki/issue/bob", "202 Accepted", "{\"warnings\":[\"queued\"]}")];
    let receipt = execute(queued, "revoke-below", "pki/issue/bob", &[]).expect("an answer");
    assert_eq!(receipt.said, Said::Queued);
    let done: Answers = &[OWN, ("PUT /v1/sys/leases/revoke-prefix/pki/issue/bob", "204 No Content", "")];
    assert_eq!(execute(done, "revoke-below", "pki/issue/bob", &[]).expect("an answer").said, Said::Done);
}

#[test]
fn what_is_more_than_one_leavers_is_not_revoked() {
    let all: Answers = &[OWN, ("PUT", "204 No Content", "")];
    for prefix in ["auth", "auth/approle/login", "pki/../sys", "pki/issue/"] {
        assert!(matches!(execute(all, "revoke-below", prefix, &[]), Err(ActError::BadStep(_))), "{prefix}");
    }
}

#[test]
fn it_is_known_whether_something_may_have_been_done() {
    type Is = fn(&ActError) -> bool;
    let answers: [(Answers, Is); 5] = [
        (&[OWN, ("POST", "500 Internal Server Error", "{\"errors\":[\"disk\"]}")], |it| {
            matches!(it, ActError::LostAnswer(_))
        }),
        (&[OWN, ("POST", "503 Service Unavailable", "{\"errors\":[\"Vault is sealed\"]}")], |it| {
            matches!(it, ActError::Unreachable(_))
        }),
        (
            &[OWN, ("POST", "403 Forbidden", "")],
            |it| matches!(it, ActError::NotAllowed { lacking, .. } if lacking.contains("revoke-accessor")),
        ),
        (&[OWN, ("POST", "429 Too Many Requests", "")], |it| matches!(it, ActError::RateLimited(None))),
        (&[OWN, ("POST", "307 Temporary Redirect", "")], |it| matches!(it, ActError::Unexpected(_))),
    ];
    for (answers, is) in answers {
        let error = execute(answers, "revoke-accessor", "abc", &[]).expect_err("refused");
        assert!(is(&error), "{answers:?}: {error:?}");
    }
    let gone: Answers = &[OWN, ("POST", "400 Bad Request", "{\"errors\":[\"invalid accessor\"]}")];
    assert_eq!(execute(gone, "revoke-accessor", "abc", &[]).expect("an answer").said, Said::Already);
}

#[test]
fn our_own_entity_and_token_are_refused() {
    let all: Answers = &[OWN, ("", "200 OK", "{\"data\":{\"disabled\":false}}")];
    for (verb, target) in [("disable-entity", "ours"), ("revoke-accessor", "a")] {
        assert!(matches!(execute(all, verb, target, &[]), Err(ActError::Refused(_))), "{verb}");
    }
    let user = [("mount", "auth/userpass")];
    assert!(matches!(execute(all, "delete-user", "../../sys", &user), Err(ActError::BadStep(_))));
}
