//! `sever case open`: what says that something happened, and who is named in it.

use std::collections::BTreeSet;
use std::path::Path;

use sever_lake::Pivot;
use sever_model::{CaseAct, Law, Lookup, OpenedBy, SubjectRegister, ThingKind, WallTime, counted, sha256_hex};

use super::mail::Mail;
use super::{Desk, OpenArgs, moment, show};
use crate::cli::common;
use crate::cli::output::Output;
use crate::cli::reach::ask::Ask;
use crate::cli::site::{cannot_read, lake_failure};
use crate::exit::Exit;
use crate::hint::Failure;

/// Characters of a case's name.
const NAME_CHARS_MAX: usize = 64;

/// What a case is opened by, gathered from the flags.
#[derive(Default)]
struct Opening {
    by: Option<OpenedBy>,
    /// The moment that what it is opened by gives.
    aware_at: Option<WallTime>,
    /// Ids as they stand somewhere, where each is meant as one.
    listed: BTreeSet<String>,
    /// Words that may be ids.
    words: BTreeSet<String>,
}

pub(super) fn run(args: &OpenArgs, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if args.name.is_empty() || args.name.len() > NAME_CHARS_MAX || !args.name.chars().all(plain) {
        return Err(Failure::usage(format!("`{}` is no name for a case", args.name))
            .hint("letters, digits, `-`, `_` and `.`, as in `2025-11-16-mail`"));
    }
    let laws = laws(args, &desk.site.config.case.laws)?;
    let opening = gather(args, desk)?;
    let (people, unknown) = named(&opening, desk, out)?;
    let aware_at = match (&args.aware, opening.aware_at) {
        (None, Some(at)) => at,
        (text, _) => moment(text.as_deref())?,
    };
    let now = crate::clock::now();
    if aware_at > now {
        return Err(Failure::usage(format!("`--aware {aware_at}` is still to come")));
    }
    let Some(by) = opening.by else { return Err(Failure::usage("a case is opened by something")) };
    let from = by.what.clone();
    let mut acts = vec![CaseAct::Opened { by, aware_at, laws }];
    let count = people.len() as u64;
    if count + unknown > 0 {
        acts.push(CaseAct::Named { people, unknown, from });
    }
    let (name, who) = (args.name.as_str(), desk.who.clone());
    desk.site.store_mut(async |store| store.open_case(name, now, &who, &acts).await)?;
    let case = desk.case(name)?;
    let mut sheet = show::clocks(&case, now);
    if count + unknown > 0 {
        sheet.notes.push(format!(
            "{} known here named in it; {}; kept as codes, not as ids",
            counted(count, "person"),
            match unknown {
                0 => "no other id".to_owned(),
                unknown => format!("{} of nobody who is known here", counted(unknown, "id")),
            }
        ));
    }
    if args.aware.is_none() {
        let from = if opening.aware_at.is_some() { "the e-mail's date" } else { "this moment" };
        sheet.notes.push(format!("aware since {aware_at}, which is {from}: `--aware` says otherwise"));
    }
    sheet.notes.push(format!("case {name} is opened; until it is held, what is past its time is still deleted"));
    out.sheet(&sheet)?;
    let next = if count > 1 { "common" } else { "reach" };
    out.hint(&format!("`sever case hold {name}`, then `sever case {next} {name}`"));
    Ok(vec![Exit::Clean])
}

/// The laws that are asked for, of those that are configured.
fn laws(args: &OpenArgs, configured: &[Law]) -> Result<Vec<Law>, Failure> {
    let known = || configured.iter().map(|law| law.id.as_str());
    for name in &args.laws {
        if !known().any(|law| law == name) {
            return Err(Failure::unknown("law", name, known()));
        }
    }
    let wanted = |law: &&Law| args.laws.is_empty() || args.laws.contains(&law.id);
    Ok(configured.iter().filter(wanted).cloned().collect())
}

/// What the flags bring. The e-mail comes first, for it is what a case is then opened by.
fn gather(args: &OpenArgs, desk: &mut Desk) -> Result<Opening, Failure> {
    let mut opening = Opening::default();
    if let Some(path) = &args.email {
        let bytes = read(path)?;
        let mail = Mail::parse(&bytes).ok_or_else(|| {
            Failure::usage(format!("`{}` is no e-mail", path.display()))
                .hint("save it as it was received, with its headers: `.eml`; `--subjects` takes a bare list")
        })?;
        let date = mail.date.map_or_else(|| "without a date".to_owned(), |at| format!("of {at}"));
        opening.by = Some(OpenedBy {
            kind: "e-mail".to_owned(),
            what: format!("e-mail {date} from {}: {}", mail.from, mail.subject),
            digest: Some(sha256_hex(&bytes)),
            thing: None,
            judged: None,
        });
        opening.aware_at = mail.date;
        opening.listed.extend(mail.listed);
        opening.words.extend(mail.words);
    }
    if let Some(path) = &args.subjects {
        opening.listed.extend(common::ids(path)?);
        let digest = Some(sha256_hex(&read(path)?));
        let what = format!("list {}", path.display());
        opening.by.get_or_insert(OpenedBy { kind: "list".to_owned(), what, digest, thing: None, judged: None });
    }
    if let Some(id) = &args.finding {
        let by = of_finding(id, desk)?;
        opening.by = Some(joined(opening.by, by));
    }
    if let Some(word) = &args.thing {
        let found = Ask::about(&mut desk.site, std::slice::from_ref(word), None)?;
        for (pivot, id) in found {
            let what = format!("{} {id}", pivot.word());
            let thing = Some((pivot.word().to_owned(), id));
            let by = OpenedBy { kind: "thing".to_owned(), what, digest: None, thing, judged: None };
            opening.by = Some(joined(opening.by, by));
        }
    }
    Ok(opening)
}

/// What came first, with the thing that a later one accuses.
fn joined(first: Option<OpenedBy>, later: OpenedBy) -> OpenedBy {
    match first {
        None => later,
        Some(first) if first.thing.is_some() => first,
        Some(first) => {
            let what = format!("{}; {}", first.what, later.what);
            OpenedBy { what, thing: later.thing, judged: later.judged, ..first }
        }
    }
}

fn of_finding(id: &str, desk: &Desk) -> Result<OpenedBy, Failure> {
    let finding = desk.site.store(async |store| store.finding(id).await)?.finding;
    let thing = finding.things.iter().find_map(|thing| {
        let native = thing.id.split_once('/').map_or(thing.id.as_str(), |(_, native)| native);
        let (pivot, id) = match thing.kind {
            ThingKind::Credential => (Pivot::Key, native),
            ThingKind::Account => (Pivot::Account, thing.id.as_str()),
            ThingKind::Person => (Pivot::Person, thing.id.as_str()),
            ThingKind::Issuer => (Pivot::Issuer, thing.id.as_str()),
            ThingKind::Session => (Pivot::Session, thing.id.as_str()),
            ThingKind::Address => (Pivot::Address, thing.id.as_str()),
            ThingKind::Client => (Pivot::UserAgent, thing.id.as_str()),
            ThingKind::Group | ThingKind::Resource | ThingKind::Source => return None,
        };
        Some((pivot.word().to_owned(), id.to_owned()))
    });
    let judged = (finding.detector == "token-never-issued").then(|| "forged".to_owned());
    let what = format!("finding {}: {}", finding.id, finding.sentence());
    Ok(OpenedBy { kind: "finding".to_owned(), what, digest: None, thing, judged })
}

/// The codes of those who are named and known here, and how many ids are nobody's.
fn named(opening: &Opening, desk: &mut Desk, out: &mut Output) -> Result<(Vec<String>, u64), Failure> {
    if opening.listed.is_empty() && opening.words.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let key = desk.site.key();
    let register = desk.site.register(out)?;
    let in_lake = sever_lake::subjects(&desk.site.lake_dir()).map_err(lake_failure)?;
    let is_known = |id: &str| {
        register.as_ref().is_some_and(|register| register.lookup(id) != Lookup::Never)
            || in_lake.contains(&sever_lake::code(&key, id))
    };
    let (known, strangers): (Vec<&String>, Vec<&String>) = opening.listed.iter().partition(|id| is_known(id));
    let words = opening.words.iter().filter(|word| !opening.listed.contains(*word) && is_known(word));
    let mut codes: Vec<String> = known.into_iter().chain(words).map(|id| sever_lake::code(&key, id).into()).collect();
    codes.sort_unstable();
    codes.dedup();
    Ok((codes, strangers.len() as u64))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| cannot_read(path, error))
}
