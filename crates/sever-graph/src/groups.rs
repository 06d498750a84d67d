//! Who is in a group, through groups in groups, and when.
//!
//! Walks down from a group, meeting the intervals on the way. A group reached again in an interval
//! that an earlier way covers is not walked again, so that cycles end; the number of different
//! intervals on any way is finite, and the walk is bounded by [`STEPS_MAX`] besides.

use std::collections::HashMap;
use std::rc::Rc;

use sever_model::{AccountIx, GroupIx, HolderIx, MembershipRow, Valid};

/// Memberships walked from one group; reaching it is a gap.
pub(crate) const STEPS_MAX: usize = 20_000_000;

/// The members of every group that was asked for.
pub(crate) struct Groups<'a> {
    /// Sorted by group.
    rows: Vec<&'a MembershipRow>,
    known: HashMap<GroupIx, Rc<Members>>,
}

/// The accounts in a group, directly or through others.
#[derive(Default)]
pub(crate) struct Members {
    /// Account, when, and through which way.
    pub(crate) accounts: Vec<(AccountIx, Valid, u32)>,
    /// Each way: its last group, and the way before that.
    ways: Vec<(GroupIx, Option<u32>)>,
    /// Whether the walk was cut short.
    pub(crate) cut_short: bool,
}

impl Members {
    /// The groups from the one asked for down to the one that holds the account.
    pub(crate) fn way(&self, way: u32) -> Vec<GroupIx> {
        let mut groups = Vec::new();
        let mut next = Some(way);
        while let Some((group, before)) = next.and_then(|at| self.ways.get(at as usize)) {
            groups.push(*group);
            next = *before;
        }
        groups.reverse();
        groups
    }
}

impl<'a> Groups<'a> {
    pub(crate) fn new(memberships: &'a [MembershipRow]) -> Groups<'a> {
        let mut rows: Vec<&MembershipRow> = memberships.iter().collect();
        rows.sort_by_key(|row| (row.group, row.member));
        Groups { rows, known: HashMap::new() }
    }

    /// The members of a group.
    pub(crate) fn members(&mut self, group: GroupIx) -> Rc<Members> {
        if let Some(members) = self.known.get(&group) {
            return Rc::clone(members);
        }
        let members = Rc::new(self.walk(group));
        self.known.insert(group, Rc::clone(&members));
        members
    }

    fn walk(&self, group: GroupIx) -> Members {
        let mut members = Members { ways: vec![(group, None)], ..Members::default() };
        let mut reached: HashMap<GroupIx, Vec<Valid>> = HashMap::from([(group, vec![Valid::ALWAYS])]);
        let mut pending = vec![(group, Valid::ALWAYS, 0u32)];
        let mut steps = 0;
        while let Some((group, when, way)) = pending.pop() {
            for row in self.direct(group) {
                steps += 1;
                if steps > STEPS_MAX {
                    members.cut_short = true;
                    return members;
                }
                let Some(valid) = when.meet(&row.valid) else { continue };
                match row.member {
                    HolderIx::Account(account) => members.accounts.push((account, valid, way)),
                    HolderIx::Group(inner) => {
                        let before = reached.entry(inner).or_default();
                        if !before.iter().any(|known| covers(known, &valid)) {
                            before.push(valid);
                            members.ways.push((inner, Some(way)));
                            pending.push((inner, valid, members.ways.len() as u32 - 1));
                        }
                    }
                    HolderIx::Person(_) | HolderIx::Credential(_) => {}
                }
            }
        }
        members
    }

    fn direct(&self, group: GroupIx) -> &[&'a MembershipRow] {
        let from = self.rows.partition_point(|row| row.group < group);
        let to = self.rows.partition_point(|row| row.group <= group);
        self.rows.get(from..to).unwrap_or_default()
    }
}

/// Whether the first interval is at every instant at least as sure as the second.
pub(crate) fn covers(whole: &Valid, part: &Valid) -> bool {
    whole.earliest_start() <= part.earliest_start()
        && whole.latest_start() <= part.latest_start()
        && whole.earliest_end() >= part.earliest_end()
        && whole.latest_end() >= part.latest_end()
}

/// Whether two intervals surely share an instant or touch surely, so that together they are one.
pub(crate) fn joins(a: &Valid, b: &Valid) -> bool {
    a.latest_start() <= b.earliest_end() && b.latest_start() <= a.earliest_end()
}
