//! `[case]` from the tree: the laws that are chosen, of the built-in ones and one's own.

use sever_model::{AUDIENCES, Law};

use super::{Section, items, leaf_text};
use crate::config::case::CaseConfig;
use crate::config::read::{Node, Tree};
use crate::config::{Problem, value};
use crate::hint::nearest_or_all;

pub(super) fn case(at: &Section<'_>) -> CaseConfig {
    let own = at.each("law").iter().map(law).collect::<Vec<_>>();
    let is_own = |law: &Law| own.iter().any(|own| own.id == law.id);
    let mut laws: Vec<Law> = Law::known().into_iter().filter(|law| !is_own(law)).chain(own.clone()).collect();
    let chosen = at.texts("laws");
    if !chosen.is_empty() {
        laws.retain(|law| chosen.contains(&law.id));
    }
    CaseConfig { laws, organisation: at.optional("organisation"), contact: at.optional("contact") }
}

fn law(at: &Section<'_>) -> Law {
    Law {
        id: at.text("name"),
        name: at.text("title"),
        source: at.text("source"),
        within: at.optional("within").and_then(|text| value::duration("within", &text).ok()),
        to: at.texts("to"),
    }
}

/// Laws are those that there are, and tell somebody who is to be told.
pub(super) fn laws_exist(root: &Node, problems: &mut Vec<Problem>) {
    let Some(case) = root.get("case") else { return };
    let own = items(case, "law").iter().filter_map(|law| leaf_text(law, "name"));
    let known: Vec<String> = Law::known().into_iter().map(|law| law.id).chain(own).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let mut wrong = |node: Option<&Node>, all: &[&str], what: &dyn Fn(&str) -> String| {
        let Some(Node { tree: Tree::Leaf(list), origin }) = node else { return };
        for word in value::texts(list).unwrap_or_default().iter().filter(|word| !all.contains(&word.as_str())) {
            problems.push(Problem { origin: origin.clone(), what: what(word), hint: nearest_or_all(word, all) });
        }
    };
    wrong(case.get("laws"), &known, &|word| format!("there is no law `{word}`"));
    for law in items(case, "law") {
        let name = leaf_text(law, "name").unwrap_or_default();
        wrong(law.get("to"), &AUDIENCES, &|word| format!("law `{name}` wants `{word}` told, who is nobody known"));
    }
}
