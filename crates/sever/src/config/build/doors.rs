//! `[[connection]]` and `[cutting]` from the tree, with the checks that need more than one value.

use std::collections::{BTreeMap, BTreeSet};

use sever_model::{ConnectionId, Span, SystemId};

use super::{Section, items, leaf_text, value};
use crate::config::doors::{
    Approver, ConnectionConfig, CutBrakes, CuttingConfig, HandOffConfig, HandOffPlace, LoginConfig,
};
use crate::config::read::{Node, Tree};
use crate::config::{Origin, Problem, SecretFrom};

/// The roles that a connection has credentials for.
const LOGINS: [&str; 4] = ["reading", "probing", "cutting", "twin"];

/// Most questions that one system is asked at once.
const SIDE_BY_SIDE_MAX: usize = 64;

/// Longest wait between two questions: one that is longer is no rate, but a stop.
const PAUSE_MAX: Span = Span::secs(60);

pub(super) fn connection(at: &Section<'_>) -> ConnectionConfig {
    let name = at.text("name");
    let login = |role: &str| {
        let at = at.section(role);
        LoginConfig { user: at.text("user"), secret: secret(&at, "secret") }
    };
    let login = |role: &str| at.node.get(role).map(|_| login(role));
    ConnectionConfig {
        system: at.optional("system").map_or_else(|| SystemId::from(name.as_str()), SystemId::from),
        id: ConnectionId::from(name),
        kind: at.text("kind"),
        url: at.text("url"),
        settings: texts_by_name(at, "settings").into_iter().collect(),
        reading: login("reading"),
        probing: login("probing"),
        cutting: login("cutting"),
        twin: login("twin"),
        side_by_side: usize::try_from(at.count("side_by_side")).unwrap_or(1).clamp(1, SIDE_BY_SIDE_MAX),
        pause: at.span("pause"),
        origin: at.node.origin.clone(),
    }
}

pub(super) fn cutting(at: &Section<'_>) -> CuttingConfig {
    let (hand_off, brakes) = (at.section("hand_off"), at.section("brakes"));
    let approver = |at: &Section<'_>| Approver { name: at.text("name"), key: at.text("key").trim().to_owned() };
    CuttingConfig {
        break_glass: at.texts("break_glass"),
        own_accounts: at.texts("own_accounts"),
        owners: texts_by_name(at, "owners").into_iter().map(|(system, who)| (SystemId::from(system), who)).collect(),
        hand_off: HandOffConfig {
            owner: hand_off.optional("owner"),
            deadline: hand_off.span("deadline"),
            to: hand_off.optional("to").map(|to| match is_url(&to) {
                true => HandOffPlace::Url(to),
                false => HandOffPlace::File(hand_off.path("to")),
            }),
        },
        brakes: CutBrakes { count: brakes.count("count"), share: brakes.share("share") },
        approvers: at.each("approvers").iter().map(approver).collect(),
        plan_age_max: at.span("plan_age_max"),
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

fn texts_by_name(at: &Section<'_>, name: &str) -> BTreeMap<String, String> {
    at.table(name).into_iter().filter_map(|(name, text)| Some((name, text.as_str()?.to_owned()))).collect()
}

/// Where a secret comes from, where that is said.
pub(super) fn secret(at: &Section<'_>, name: &str) -> Option<SecretFrom> {
    let secret = at.section(name);
    let variable = secret.optional("env").map(SecretFrom::Variable);
    let file = || secret.optional("file").map(|_| SecretFrom::File(secret.path("file")));
    let command =
        || Some(SecretFrom::Command(secret.texts("command"))).filter(|_| secret.node.get("command").is_some());
    variable.or_else(file).or_else(command)
}

/// A secret comes from one place.
pub(super) fn one_way(secret: &Node, name: &str, problems: &mut Vec<Problem>) {
    let ways = ["env", "file", "command"].iter().filter(|way| secret.get(way).is_some()).count();
    if ways != 1 {
        let what = format!("`{name}` names one of `env`, `file` and `command`");
        problems.push(Problem { origin: secret.origin.clone(), what, hint: None });
    }
}

/// Every secret of a connection comes from one place, and no role borrows another's.
pub(super) fn connections_say_how(root: &Node, problems: &mut Vec<Problem>) {
    for connection in items(root, "connection") {
        let name = leaf_text(connection, "name").unwrap_or_default();
        for role in LOGINS {
            if let Some(secret) = connection.get(role).and_then(|login| login.get("secret")) {
                one_way(secret, &format!("{role}.secret` of connection `{name}"), problems);
            }
        }
        let plain = |role: &str| connection.get(role).map(Node::plain).filter(|login| login.get("secret").is_some());
        if let (Some(cutting), Some(other)) = (plain("cutting"), plain("reading"))
            && cutting == other
        {
            let origin = connection.get("cutting").map_or_else(Origin::default, |node| node.origin.clone());
            let what = format!("connection `{name}` reads and cuts with the same credentials");
            let hint =
                "make a role of its own for cutting: a reader that is stolen must not be able to change anything";
            problems.push(Problem { origin, what, hint: Some(hint.to_owned()) });
        }
    }
}

/// A connection is asked at least one question at once, and goes on after a pause.
pub(super) fn connections_are_asked(root: &Node, problems: &mut Vec<Problem>) {
    for connection in items(root, "connection") {
        let name = leaf_text(connection, "name").unwrap_or_default();
        let mut wrong = |setting: &str, what: String| {
            let origin = connection.get(setting).map_or_else(Origin::default, |node| node.origin.clone());
            problems.push(Problem { origin, what: format!("connection `{name}`: {what}"), hint: None });
        };
        if let Some(Node { tree: Tree::Leaf(toml::Value::Integer(count)), .. }) = connection.get("side_by_side")
            && !(1..=SIDE_BY_SIDE_MAX as i64).contains(count)
        {
            wrong("side_by_side", format!("`side_by_side` is from 1 to {SIDE_BY_SIDE_MAX}, not {count}"));
        }
        let pause = leaf_text(connection, "pause").and_then(|text| value::duration("pause", &text).ok());
        if let Some(pause) = pause.filter(|pause| *pause > PAUSE_MAX) {
            wrong("pause", format!("a `pause` of {pause} is longer than {PAUSE_MAX}"));
        }
    }
}

/// Two approvals must be of two people: each has a name and a key of their own.
pub(super) fn approvers_are_people(root: &Node, problems: &mut Vec<Problem>) {
    let Some(cutting) = root.get("cutting") else { return };
    let mut seen: BTreeSet<(&str, String)> = BTreeSet::new();
    for approver in items(cutting, "approvers") {
        for member in ["name", "key"] {
            let Some(text) = leaf_text(approver, member) else { continue };
            let origin = match approver.get(member) {
                Some(Node { tree: Tree::Leaf(_), origin }) => origin.clone(),
                _ => approver.origin.clone(),
            };
            // A comment at the end of a key makes it no other key.
            let mut words = text.split_whitespace();
            let bare = match member {
                "key" => [words.next(), words.next()].map(Option::unwrap_or_default).join(" "),
                _ => text.trim().to_lowercase(),
            };
            if member == "key" && (!bare.starts_with("ssh-ed25519 ") || bare.len() < 60) {
                let hint = "the line of an `id_ed25519.pub`, which `ssh-keygen -t ed25519` makes".to_owned();
                let what = "`key` of an approver is no Ed25519 key of OpenSSH's".to_owned();
                problems.push(Problem { origin, what, hint: Some(hint) });
            } else if !seen.insert((member, bare)) {
                let what = format!("two approvers have the same `{member}`: then they are one person");
                problems.push(Problem { origin, what, hint: None });
            }
        }
    }
}
