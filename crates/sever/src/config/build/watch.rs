//! `[watch]` and `[[notify]]` from the tree, with the checks that need more than one value.

use sever_model::{Severity, SourceId};

use super::{Section, doors, items, leaf_text, word};
use crate::config::Problem;
use crate::config::read::Node;
use crate::config::watch::{InputKind, NotifyConfig, NotifyKind, WatchConfig, WatchInput};

pub(super) fn watch(at: &Section<'_>) -> WatchConfig {
    WatchConfig {
        listen: at.optional("listen"),
        hold: at.span("hold"),
        checkpoint: at.span("checkpoint"),
        body_bytes_max: at.count("body_bytes_max"),
        spool_bytes_max: at.count("spool_bytes_max"),
        inputs: at.each("input").iter().map(input).collect(),
    }
}

fn input(at: &Section<'_>) -> WatchInput {
    WatchInput {
        log: SourceId::from(at.text("log")),
        kind: if at.text("kind") == "syslog" { InputKind::Syslog } else { InputKind::Http },
        listen: at.optional("listen"),
        token: doors::secret(at, "token"),
        origin: at.node.origin.clone(),
    }
}

pub(super) fn notify(at: &Section<'_>) -> NotifyConfig {
    NotifyConfig {
        name: at.text("name"),
        kind: match at.text("kind").as_str() {
            "syslog" => NotifyKind::Syslog,
            "file" => NotifyKind::File,
            "ssf" => NotifyKind::Ssf,
            _ => NotifyKind::Webhook,
        },
        url: at.text("url"),
        path: at.optional("path").map(|_| at.path("path")),
        severity_min: word(&at.text("severity_min")).unwrap_or(Severity::Medium),
        private: at.bool("private"),
        token: doors::secret(at, "token"),
        issuer: at.text("issuer"),
        audience: at.text("audience"),
        origin: at.node.origin.clone(),
    }
}

/// Pushed logs must be there, with what their kind needs; receivers likewise.
pub(super) fn says_how(root: &Node, problems: &mut Vec<Problem>) {
    let logs: Vec<String> = items(root, "log").iter().filter_map(|log| leaf_text(log, "name")).collect();
    let logs: Vec<&str> = logs.iter().map(String::as_str).collect();
    let mut add = |node: &Node, what: String, hint: Option<String>| {
        problems.push(Problem { origin: node.origin.clone(), what, hint });
    };
    for input in root.get("watch").map_or(&[][..], |watch| items(watch, "input")) {
        let log = leaf_text(input, "log").unwrap_or_default();
        if !logs.contains(&log.as_str()) {
            add(
                input,
                format!("[[watch.input]] names a log `{log}`, and there is none"),
                super::nearest_or_all(&log, &logs),
            );
        }
        let kind = leaf_text(input, "kind").unwrap_or_default();
        if kind == "syslog" && input.get("listen").is_none() {
            add(
                input,
                format!("the syslog input of `{log}` lacks `listen`"),
                Some("such as \"127.0.0.1:6514\"".to_owned()),
            );
        }
        if kind == "http" && input.get("token").is_none() {
            let hint = "what is pushed is judged: `token = { file = \"…\" }` says who may".to_owned();
            add(input, format!("the http input of `{log}` lacks `token`"), Some(hint));
        }
    }
    for notify in items(root, "notify") {
        let name = leaf_text(notify, "name").unwrap_or_default();
        let kind = leaf_text(notify, "kind").unwrap_or_default();
        let needs: &[&str] = match kind.as_str() {
            "file" => &["path"],
            "ssf" => &["url", "issuer", "audience"],
            _ => &["url"],
        };
        for need in needs.iter().filter(|need| notify.get(need).is_none()) {
            add(notify, format!("[[notify]] `{name}` of kind `{kind}` lacks `{need}`"), None);
        }
        let url = leaf_text(notify, "url").unwrap_or_default();
        let scheme = if kind == "syslog" { &["tcp://"][..] } else { &["https://", "http://"][..] };
        if !url.is_empty() && !scheme.iter().any(|scheme| url.starts_with(scheme)) {
            add(notify, format!("`url` of [[notify]] `{name}` must begin with `{}`", scheme.join("` or `")), None);
        }
    }
}
