//! What is excused, and why: `xtask/tidy-exceptions.txt`.
//!
//! One exception a line: `check path reason…`. It excuses every complaint of that check in that file
//! (a path that ends in `/` in that folder). An exception that excuses nothing, or that gives no
//! reason, is itself a complaint, and the header's `at most N` is how long the list may be: it goes
//! down with the list and never up.

use super::{CHECKS, Complaint};
use crate::tree::Tree;

/// Where the list is.
const LIST: &str = "xtask/tidy-exceptions.txt";

const CHECK: &str = "exceptions";

/// The complaints that are left, and those about the list itself.
pub(crate) fn apply(tree: &Tree, mut complaints: Vec<Complaint>) -> Vec<Complaint> {
    let text = tree.text(LIST).unwrap_or_default();
    let mut about_list = Vec::new();
    let mut complain = |line: usize, what: String| {
        about_list.push(Complaint { path: LIST.to_owned(), line, check: CHECK, what });
    };
    let mut count = 0;
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')) {
        count += 1;
        let mut words = line.split_whitespace();
        let (Some(check), Some(path)) = (words.next(), words.next()) else {
            complain(at + 1, "not an exception, write `check path reason`".to_owned());
            continue;
        };
        if words.next().is_none() {
            complain(at + 1, "no reason, say why this one is right".to_owned());
        }
        if !CHECKS.iter().any(|(name, _)| *name == check) {
            complain(at + 1, format!("there is no check `{check}`"));
            continue;
        }
        let before = complaints.len();
        complaints
            .retain(|it| it.check != check || !(it.path == path || path.ends_with('/') && it.path.starts_with(path)));
        if complaints.len() == before {
            complain(at + 1, format!("excuses nothing, remove `{check} {path}` and lower `at most`"));
        }
    }
    let allowed = text.lines().find_map(|line| line.strip_prefix("# at most ")?.trim().parse::<usize>().ok());
    if allowed != Some(count) {
        complain(1, format!("{count} exceptions where the header does not say `# at most {count}`"));
    }
    complaints.extend(about_list);
    complaints
}
