//! `[gate]` from the tree, with the checks that need more than one value.

use sever_engine::gate::{Budget, BudgetOf, Feeding, OnFault, OrElse, Reason};
use sever_model::SourceId;

use super::{Section, doors, items, leaf_text};
use crate::config::gate::{GateConfig, GateIssuer, Tell};
use crate::config::read::{Node, Tree};
use crate::config::{Problem, value};
use crate::hint::nearest_or_all;

/// Where a token may stand.
const PLACES: [&str; 2] = ["header:", "cookie:"];

pub(super) fn gate(at: &Section<'_>) -> GateConfig {
    let or_else = |name: &str| if at.text(name) == "refuse" { OrElse::Refuse } else { OrElse::Allow };
    let refuse: Vec<Reason> = at.texts("refuse").iter().filter_map(|word| Reason::named(word)).collect();
    let token_from = at.texts("token_from");
    GateConfig {
        listen: at.text("listen"),
        log: SourceId::from(at.text("log")),
        enforce: at.text("mode") == "enforce",
        refuse: if at.node.get("refuse").is_none() { Reason::ALL.to_vec() } else { refuse },
        on_fault: if at.text("on_fault") == "open" { OnFault::Open } else { OnFault::Closed },
        no_token: or_else("no_token"),
        not_covered: or_else("not_covered"),
        coverage_min: at.share("coverage_min"),
        silent_max: at.span("silent_max"),
        wait_ms: at.count("wait_ms"),
        token_from: if token_from.is_empty() { vec!["header:authorization".to_owned()] } else { token_from },
        claims: at.table("claims").into_iter().filter_map(|(of, it)| Some((of, it.as_str()?.to_owned()))).collect(),
        jwks: at.node.get("jwks").map(|_| at.path("jwks")),
        subject_header: at.optional("subject_header"),
        tell: match at.text("tell").as_str() {
            "nothing" => Tell::Nothing,
            "body" => Tell::Body,
            _ => Tell::Header,
        },
        connections_max: at.count("connections_max").max(1),
        threads: at.count("threads"),
        keep: at.span("keep"),
        issuers: at.each("issuer").iter().map(issuer).collect(),
        budgets: at.each("budget").iter().filter_map(budget).collect(),
        budget_entries_max: at.count("budget_entries_max"),
        origin: at.node.origin.clone(),
    }
}

fn issuer(at: &Section<'_>) -> GateIssuer {
    GateIssuer {
        log: SourceId::from(at.text("log")),
        feeding: if at.text("feed") == "push" { Feeding::Push } else { Feeding::Follow },
        secret: doors::secret(at, "secret"),
    }
}

fn budget(at: &Section<'_>) -> Option<Budget> {
    Some(Budget { of: BudgetOf::named(&at.text("of"))?, subjects_per_day: at.count("subjects_per_day") })
}

/// The logs that the gate names must be there, its words must mean something, and who pushes shows a secret.
pub(super) fn gate_says_how(root: &Node, problems: &mut Vec<Problem>) {
    let Some(gate) = root.get("gate") else { return };
    let logs: Vec<String> = items(root, "log").iter().filter_map(|log| leaf_text(log, "name")).collect();
    let logs: Vec<&str> = logs.iter().map(String::as_str).collect();
    let mut log_is_there = |node: &Node, name: &str, said: String| {
        if !logs.contains(&said.as_str()) {
            let origin = node.get(name).map_or(&node.origin, |leaf| &leaf.origin).clone();
            let hint = nearest_or_all(&said, &logs).unwrap_or_else(|| format!("add a [[log]] named `{said}`"));
            let what = format!("`{name}` of the gate names a log `{said}`, and there is none");
            problems.push(Problem { origin, what, hint: Some(hint) });
        }
    };
    // Of the name that it has by itself, `sever gate` tells.
    if let Some(log) = leaf_text(gate, "log").filter(|log| log != "gate") {
        log_is_there(gate, "log", log);
    }
    for issuer in items(gate, "issuer") {
        log_is_there(issuer, "log", leaf_text(issuer, "log").unwrap_or_default());
    }
    for issuer in items(gate, "issuer") {
        let log = leaf_text(issuer, "log").unwrap_or_default();
        match issuer.get("secret") {
            Some(secret) => doors::one_way(secret, &format!("secret` of issuer `{log}"), problems),
            None if leaf_text(issuer, "feed").as_deref() == Some("push") => {
                let what =
                    format!("issuer `{log}` pushes and has no `secret`: anybody could say that a token was issued");
                let hint = "`secret = { file = \"…\" }`: the bearer token that it shows".to_owned();
                problems.push(Problem { origin: issuer.origin.clone(), what, hint: Some(hint) });
            }
            None => {}
        }
    }
    let texts = |name: &str| match gate.get(name) {
        Some(Node { tree: Tree::Leaf(value), origin }) => (value::texts(value).unwrap_or_default(), origin.clone()),
        _ => (Vec::new(), gate.origin.clone()),
    };
    let words = Reason::ALL.map(Reason::word);
    let (refuse, origin) = texts("refuse");
    for word in refuse.iter().filter(|word| Reason::named(word).is_none()) {
        let what = format!("`refuse` names `{word}`, which is no reason");
        problems.push(Problem { origin: origin.clone(), what, hint: nearest_or_all(word, &words) });
    }
    let (places, origin) = texts("token_from");
    for place in
        places.iter().filter(|place| !PLACES.iter().any(|kind| place.len() > kind.len() && place.starts_with(kind)))
    {
        let what = format!("`token_from` names `{place}`, which is no place of a token");
        let hint = Some("`header:NAME` or `cookie:NAME`".to_owned());
        problems.push(Problem { origin: origin.clone(), what, hint });
    }
    if let Some(Node { tree: Tree::Leaf(value), origin }) = gate.get("listen")
        && value.as_str().is_some_and(|text| text.parse::<std::net::SocketAddr>().is_err())
    {
        let what = "`listen` is no address and port".to_owned();
        problems.push(Problem { origin: origin.clone(), what, hint: Some("such as `127.0.0.1:8470`".to_owned()) });
    }
}
