//! `cargo xtask tidy`: the house checks itself.
//!
//! Each check looks at the checkout as text and complains with a place and a cure:
//! `path:line: what is wrong, use X instead`. [`CHECKS`] lists them all. What is excused, and why,
//! stands in `xtask/tidy-exceptions.txt`, a list that may only shrink.
//!
//! Only the last step needs the built binary: whether the generated pages are fresh.

mod edges;
mod exceptions;
mod licences;
mod markdown;
mod registry;
mod rooms;
mod shape;
mod source;

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::command::{self, Build};
use crate::gen_docs;
use crate::tree::Tree;

/// What to leave out.
#[derive(Args)]
pub(crate) struct TidyArgs {
    /// Do not build the binary to see whether the generated pages are fresh
    #[arg(long)]
    no_docs: bool,
}

/// Something that is not as the house promises.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Complaint {
    path: String,
    /// From 1; 0 for the file as a whole.
    line: usize,
    check: &'static str,
    what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} [{}]", self.path, self.line.max(1), self.what, self.check)
    }
}

/// Looks at the checkout and complains.
type Check = fn(&Tree, &mut Complaints);

/// Every check by its name, which the exceptions use.
const CHECKS: [(&str, Check); 13] = [
    ("edges", edges::check),
    ("guides", markdown::guides),
    ("house-rules", shape::house_rules),
    ("licences", licences::check),
    ("machine", shape::machine),
    ("markdown-commands", markdown::commands),
    ("markdown-paths", markdown::paths),
    ("module-doc", shape::module_doc),
    ("panics", rooms::panics),
    ("registry", registry::check),
    ("rooms", rooms::check),
    ("size", shape::size),
    ("tests", rooms::tests_of_tests),
];

/// The complaints of one check so far.
#[derive(Debug, Default)]
pub(crate) struct Complaints {
    check: &'static str,
    all: Vec<Complaint>,
}

impl Complaints {
    /// Complains about a place.
    fn add(&mut self, path: &str, line: usize, what: impl Into<String>) {
        self.all.push(Complaint { path: path.to_owned(), line, check: self.check, what: what.into() });
    }
}

/// Runs every check; fails when there is a complaint that nothing excuses.
pub(crate) fn run(args: &TidyArgs) -> Result<ExitCode> {
    let tree = Tree::read(&command::root())?;
    let mut complaints = Complaints::default();
    for (name, check) in CHECKS {
        complaints.check = name;
        check(&tree, &mut complaints);
    }
    let mut left = exceptions::apply(&tree, complaints.all);
    left.sort();
    for complaint in &left {
        command::print(&complaint.to_string());
    }
    let fresh = args.no_docs || gen_docs::fresh(Build::Now)?;
    command::say(&format!("tidy: {} files, {} checks, {} complaints", tree.files().count(), CHECKS.len(), left.len()));
    Ok(if left.is_empty() && fresh { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests;
