//! The gate, as people write it, and what they are told.

use sever_engine::gate::{BudgetOf, Feeding, OnFault, OrElse, Reason};

use super::*;

const LOGS: &str = "[[log]]\nname = \"issuer\"\npath = \"i.jsonl\"\n[[log]]\nname = \"gate\"\npath = \"g.jsonl\"\n";

#[test]
fn a_gate_is_typed_and_its_defaults_are_the_safe_ones() {
    let text = format!(
        "{LOGS}[gate]\nrefuse = [\"never-issued\"]\ntoken_from = [\"cookie:session\"]\n\
         [[gate.issuer]]\nlog = \"issuer\"\nfeed = \"push\"\nsecret = {{ env = \"S\" }}\n\
         [[gate.budget]]\nof = \"address\"\nsubjects_per_day = 9\n"
    );
    let gate = Place::new().write("severance.toml", &text).load().unwrap().gate.unwrap();
    assert_eq!((gate.enforce, gate.on_fault, gate.no_token), (true, OnFault::Closed, OrElse::Refuse));
    assert_eq!(
        (gate.refuse.as_slice(), gate.token_from.as_slice()),
        (&[Reason::NeverIssued][..], &["cookie:session".to_owned()][..])
    );
    assert_eq!((gate.issuers[0].feeding, gate.issuers[0].secret.is_some()), (Feeding::Push, true));
    assert_eq!((gate.budgets[0].of, gate.budgets[0].subjects_per_day), (BudgetOf::Address, 9));
    let bare = Place::new().write("severance.toml", LOGS).load().unwrap();
    assert!(bare.gate.is_none());
    let all = Place::new().write("severance.toml", format!("{LOGS}[gate]\n")).load().unwrap().gate.unwrap();
    assert_eq!((all.refuse.len(), all.token_from), (Reason::ALL.len(), vec!["header:authorization".to_owned()]));
}

#[test]
fn mistakes_in_a_gate_are_told_with_the_cure() {
    let told = |more: &str| told(format!("{LOGS}[gate]\n{more}"));
    for (more, what) in [
        ("log = \"gte\"\n", "`log` of the gate names a log `gte`, and there is none\nhint: did you mean `gate`?"),
        ("refuse = [\"never\"]\n", "`refuse` names `never`, which is no reason"),
        ("token_from = [\"query:token\"]\n", "`token_from` names `query:token`, which is no place of a token"),
        ("listen = \"everywhere\"\n", "`listen` is no address and port"),
        ("mode = \"strict\"\n", "enforce"),
        ("[[gate.issuer]]\nlog = \"issuer\"\nfeed = \"push\"\n", "pushes and has no `secret`"),
        ("[[gate.issuer]]\nlog = \"isuer\"\nfeed = \"follow\"\n", "did you mean `issuer`?"),
        ("[[gate.issuer]]\nlog = \"issuer\"\nfeed = \"push\"\nsecret = \"hunter2\"\n", "never what it is"),
        ("[[gate.budget]]\nof = \"people\"\nsubjects_per_day = 9\n", "address"),
    ] {
        let said = told(more);
        assert!(said.contains(what), "{more}: {said}");
        assert!(!said.contains("hunter2"));
    }
}
