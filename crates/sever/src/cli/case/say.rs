//! `sever case say`: what can be said of an incident, and what cannot.
//!
//! Each sentence has its number, how it is known (*exactly*, *at least*, *at most*, *unknown*), and the
//! command that opens its rows. What no log can say (what was kept, who it was) is said to be unknown,
//! so that nobody fills it with a guess.

use serde_json::json;
use sever_model::{Case, Figures, Frozen, Version, counted};

use super::{Desk, show, version};
use crate::cli::output::Output;
use crate::cli::reach::ask::Ask;
use crate::cli::reach::frozen::short;
use crate::cli::reach::svg::grouped;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) sentence: String,
    /// `exactly`, `at least`, `at most`, `unknown`.
    pub(super) known: &'static str,
    pub(super) number: Option<u64>,
    /// The command that opens its rows; empty where there are none.
    pub(super) rows: String,
}

pub(super) fn run(name: &str, number: Option<usize>, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let case = desk.case(name)?;
    let version = version(&case, number)?;
    desk.looked(name, &format!("what can be said of version {}", version.number))?;
    let title = format!("case {name}, what can be said of version {}", version.number);
    let mut sheet = Sheet::new("case-say", title, &["known", "number", "sentence", "rows"]);
    for said in sentences(&case, version)? {
        sheet.rows.push(vec![json!(said.known), json!(said.number), json!(said.sentence), json!(said.rows)]);
    }
    for before in case.versions.iter().filter(|before| before.number < version.number) {
        let why = before.frozen.differences(&version.frozen).why;
        sheet.notes.push(format!(
            "version {} of {} said: {}; since then: {}",
            before.number,
            before.frozen.at,
            show::bounds(&before.frozen),
            if why.is_empty() { "nothing changed".to_owned() } else { why.join("; ") }
        ));
    }
    let digest = short(&version.frozen.digest);
    sheet.notes.push(format!("all numbers are of the frozen answer {digest}; rows are as they are now"));
    sheet.notes.push(show::bounds(&version.frozen));
    out.sheet(&sheet)?;
    out.hint(&format!("`sever case notices {name}` drafts the notices from it"));
    Ok(vec![Exit::Clean])
}

/// Everything that can be said of a version, and that cannot.
///
/// # Errors
/// When it is about a kind of thing that this program does not know.
pub(super) fn sentences(case: &Case, version: &Version) -> Result<Vec<Said>, Failure> {
    let frozen = &version.frozen;
    let command = Ask::again(frozen)?.command();
    let mut all = people(&frozen.figures, &command);
    all.extend(fields(frozen, &command));
    all.extend(requests(&frozen.figures, &command));
    all.extend(those_named(case));
    all.extend(not_known(frozen));
    Ok(all)
}

fn said(known: &'static str, number: Option<u64>, sentence: impl Into<String>, rows: impl Into<String>) -> Said {
    Said { sentence: sentence.into(), known, number, rows: rows.into() }
}

fn people(figures: &Figures, command: &str) -> Vec<Said> {
    let by_day = format!("{command} --by day");
    let lower = figures.at_least;
    let known = if figures.at_most == Some(lower) { "exactly" } else { "at least" };
    let count = |number: u64| grouped_people(number);
    let mut all = vec![said(known, Some(lower), format!("the data of {} was in an answer", count(lower)), by_day)];
    match figures.at_most {
        Some(upper) if upper == lower => {}
        Some(upper) => {
            all.push(said("at most", Some(upper), format!("it was the data of {}", count(upper)), command));
        }
        None => all.push(said("unknown", None, "of how many people at most it was the data", command)),
    }
    let members = format!("{} of them are members, by the register", count(figures.members));
    all.push(said(known, Some(figures.members), members, command));
    let others = format!("{} of them are no members and stood in somebody's answer", count(figures.others));
    all.push(said(known, Some(figures.others), others, command));
    if figures.nonexistent > 0 {
        let ids = grouped(figures.nonexistent);
        let sentence = format!("{ids} ids were named that were never given out: they are nobody's data");
        all.push(said("exactly", Some(figures.nonexistent), sentence, command));
    }
    if figures.unnamed > 0 {
        let sentence = format!("{} were counted and not named", count(figures.unnamed));
        all.push(said("at most", Some(figures.unnamed), sentence, command));
    }
    all
}

fn fields(frozen: &Frozen, command: &str) -> Vec<Said> {
    let rows = format!("{command} --by field");
    if frozen.by_field.is_empty() {
        return vec![said("unknown", None, "which fields were in the answers: no log says", rows)];
    }
    let mut fields: Vec<(&String, &u64)> = frozen.by_field.iter().collect();
    fields.sort_by_key(|(name, people)| (std::cmp::Reverse(**people), *name));
    let of = |(name, people): (&String, &u64)| {
        let sentence = format!("`{name}` was in an answer, of {}", grouped_people(*people));
        said("at least", Some(*people), sentence, rows.clone())
    };
    let mut all: Vec<Said> = fields.into_iter().map(of).collect();
    all.extend(frozen.figures.people_by_field.map(|pairs| {
        said("at least", Some(pairs), "pairs of a person and a field, which is a fourth number and no people", rows)
    }));
    all
}

fn requests(figures: &Figures, command: &str) -> Vec<Said> {
    let (views, made) = (grouped(figures.views), grouped(figures.attempted));
    let views = format!("{views} of {made} requests were answered: views, and not people");
    let mut all = vec![said("exactly", Some(figures.views), views, command)];
    if figures.outcome_unknown > 0 {
        let sentence = "requests are logged without how they ended";
        all.push(said("unknown", Some(figures.outcome_unknown), sentence, command));
    }
    if figures.unsaid > 0 {
        let sentence = "answers do not say whose data was in them";
        all.push(said("unknown", Some(figures.unsaid), sentence, command));
    }
    if let (Some(first), Some(last)) = (figures.first, figures.last) {
        let sentence = format!("it went on from {first}, the first that is kept, to {last}, the last");
        all.push(said("at least", None, sentence, format!("{command} --by day")));
    }
    if let Some(addresses) = figures.addresses {
        let from = if addresses == 1 {
            "1 network address".to_owned()
        } else {
            format!("{} network addresses", grouped(addresses))
        };
        all.push(said("exactly", Some(addresses), format!("the requests came from {from}"), command));
    }
    all
}

/// Those whom the e-mail or the list named.
fn those_named(case: &Case) -> Vec<Said> {
    let given = case.people.len() as u64;
    let Some(first) = case.shared.first().filter(|_| given > 0) else { return Vec::new() };
    let judged = if first.judged.is_empty() { String::new() } else { format!(", judged {}", first.judged) };
    let (of, thing) = (first.of_given, format!("{} {}", first.kind, first.thing));
    let sentence = format!("of the {given} people who were named to us, {of} were touched by {thing}{judged}");
    vec![said("exactly", Some(first.of_given), sentence, format!("sever case common {}", case.name))]
}

fn not_known(frozen: &Frozen) -> Vec<Said> {
    let mut all: Vec<Said> = frozen
        .coverage
        .iter()
        .map(|line| said("unknown", None, format!("beyond this: {line}"), "sever lake"))
        .collect();
    if frozen.inputs.register.is_none() {
        all.push(said("unknown", None, "who exists and who is a member: there is no register", ""));
    }
    if frozen.inputs.resolvers.is_empty() {
        let sentence = "who else stood in the answers: no resolver says, and unknown is not 0";
        all.push(said("unknown", None, sentence, ""));
    }
    all.push(said("unknown", None, "what was kept or passed on by whoever asked: logs say what was answered", ""));
    let things = frozen.question.things.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>();
    let sentence = format!("who it was: {} was used, and a credential is no person", things.join(", "));
    all.push(said("unknown", None, sentence, things.first().map_or_else(String::new, |id| format!("sever who {id}"))));
    all
}

/// `1 person`, `33,673,817 people`.
pub(super) fn grouped_people(number: u64) -> String {
    let plain = counted(number, "person");
    plain.replacen(&number.to_string(), &grouped(number), 1)
}
