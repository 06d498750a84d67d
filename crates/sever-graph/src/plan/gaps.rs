//! What a plan does not cover, in words.

use std::collections::BTreeSet;

use sever_model::{CoverageLine, Inventory, Listing, Seen};

use super::steps::Steps;
use super::theirs::Theirs;
use super::{PlanInput, words};

/// Everything that could not be seen, and everything that a human must say.
pub(super) fn tell(
    inventory: &Inventory,
    input: &PlanInput<'_>,
    theirs: &Theirs,
    steps: &Steps,
    gaps: &mut Vec<String>,
) {
    let coverage = inventory.coverage();
    if coverage.lines.is_empty() {
        gaps.push("no source has been pulled".to_owned());
    }
    gaps.extend(coverage.lines.iter().filter_map(|line| of_source(line, input)));
    if inventory.credentials().is_empty() {
        gaps.push("no source tells of keys, so that nobody knows which they could read".to_owned());
    }
    of_lists(input, gaps);
    of_accounts(inventory, input, theirs, gaps);
    for ix in &theirs.unconfirmed {
        gaps.push(format!(
            "{}: a human must say whether it is theirs: `sever list review`",
            words::account(inventory, *ix)
        ));
    }
    if steps.unowned > 0 {
        gaps.push(format!(
            "{} handed off to nobody by name: give `owner` under `[cutting.hand_off]`",
            if steps.unowned == 1 { "1 step is".to_owned() } else { format!("{} steps are", steps.unowned) }
        ));
    }
    let mut seen = BTreeSet::new();
    gaps.retain(|gap| seen.insert(gap.clone()));
}

fn of_source(line: &CoverageLine, input: &PlanInput<'_>) -> Option<String> {
    let mut because = line.gaps.clone();
    if line.rejected > 0 {
        because.push(format!("{} of {} records could not be read", line.rejected, line.records + line.rejected));
    }
    if let Some(to) = line.to.filter(|to| input.at.since(*to) > input.stale_after) {
        because.push(format!("seen last {to}, {} before", input.at.since(to)));
    }
    if line.listing == Listing::Partial && line.seen == Seen::Whole && because.is_empty() {
        because.push("a partial listing: what is not in it may be there all the same".to_owned());
    }
    match (line.seen, because.is_empty()) {
        (Seen::Whole, true) => None,
        (Seen::NotAtAll, true) => Some(format!("{}: not seen at all", line.source)),
        (Seen::Partly, true) => Some(format!("{}: seen in part", line.source)),
        (_, false) => Some(format!("{}: {}", line.source, because.join("; "))),
    }
}

/// What connections could not list.
fn of_lists(input: &PlanInput<'_>, gaps: &mut Vec<String>) {
    for listed in input.lists {
        match &listed.list {
            Err(why) => {
                gaps.push(format!("{}: the doors of {} were not listed: {why}", listed.connection, listed.account))
            }
            Ok(list) => {
                gaps.extend(list.gaps.iter().map(|gap| format!("{}: {gap}", listed.connection)));
                if list.listing == Listing::Partial && list.gaps.is_empty() {
                    gaps.push(format!("{}: the doors of {} were listed in part", listed.connection, listed.account));
                }
            }
        }
    }
}

/// Accounts whose sessions and tokens nobody was asked for.
fn of_accounts(inventory: &Inventory, input: &PlanInput<'_>, theirs: &Theirs, gaps: &mut Vec<String>) {
    let mut unseen: BTreeSet<String> = BTreeSet::new();
    for account in theirs.closed().iter().filter_map(|ix| inventory.account(*ix)).map(|entry| &entry.it.id) {
        let mut links = input.systems.iter().filter(|link| link.can_list && link.system.as_str() == account.system());
        let Some(link) = links.next() else {
            unseen.insert(account.system().to_owned());
            continue;
        };
        if !input.lists.iter().any(|listed| listed.account == *account) {
            gaps.push(format!("{}: was not asked for the doors of {account}", link.connection));
        }
    }
    for system in unseen {
        gaps.push(format!("{system}: no connection lists its sessions, tokens and live connections"));
    }
}
