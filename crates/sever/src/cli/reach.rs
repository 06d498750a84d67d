//! `sever reach`: whose data a thing touched; or, the other way round, what touched a person.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::json;
use sever_lake::{Detail, Filter, Pivot, ReachAnswer, ReachQuery, code_of, dictionary};
use sever_model::{EventTime, Outcome, SubjectRegister, counted};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::{Moment, Site, lake_failure};
use crate::cli::who;
use crate::config::Deed;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Say whose data a thing touched, and when
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A key id, account, person, token id, session, network address or issuer
    #[arg(required_unless_present = "subject")]
    pub thing: Option<String>,
    /// The other way round: what touched this person's data
    #[arg(long, value_name = "ID", conflicts_with = "thing")]
    pub subject: Option<String>,
    /// Only uses judged so
    #[arg(long, value_name = "AS")]
    pub judged: Option<Judged>,
    /// Split the answer
    #[arg(long, value_name = "BY")]
    pub by: Option<By>,
    /// What kind of thing it is, where its name does not tell
    #[arg(long, value_name = "KIND")]
    pub kind: Option<Kind>,
    /// Only uses from then on (RFC 3339 or a date)
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only uses before then (RFC 3339 or a date)
    #[arg(long, value_name = "TIME", visible_alias = "as-of")]
    pub to: Option<String>,
    /// Write the ids of all who were surely touched to a file, with the first time of each
    #[arg(long, value_name = "FILE")]
    pub subjects: Option<PathBuf>,
}

/// What the ledger said of a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Judged {
    /// Never issued, or a copied id
    Forged,
    /// Nobody issued it
    NeverIssued,
    /// A known id with other claims
    Mismatch,
    /// The issuer made it
    Issued,
    /// Used after its end
    Expired,
    /// It cannot be told
    Unjudgeable,
}

impl Judged {
    const fn word(self) -> &'static str {
        match self {
            Judged::Forged => "forged",
            Judged::NeverIssued => "never-issued",
            Judged::Mismatch => "mismatch",
            Judged::Issued => "issued",
            Judged::Expired => "expired",
            Judged::Unjudgeable => "unjudgeable",
        }
    }
}

/// How to split an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// By day, UTC
    Day,
    /// By field of the data
    Field,
    /// By what was asked for
    Endpoint,
}

/// What kind of thing a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A signing key
    Key,
    /// An issuer
    Issuer,
    /// An account
    Account,
    /// A person
    Person,
    /// A token or other credential, by its own id
    Credential,
    /// A session
    Session,
    /// A network address
    Address,
}

impl Kind {
    const fn pivot(self) -> Pivot {
        match self {
            Kind::Key => Pivot::Key,
            Kind::Issuer => Pivot::Issuer,
            Kind::Account => Pivot::Account,
            Kind::Person => Pivot::Person,
            Kind::Credential => Pivot::Credential,
            Kind::Session => Pivot::Session,
            Kind::Address => Pivot::Address,
        }
    }
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    if let Some(subject) = &args.subject {
        return touched(&site, subject, out);
    }
    let word = site.real(args.thing.as_deref().unwrap_or_default())?;
    let thing = thing(&site, &word, args.kind)?;
    let time = |text: &Option<String>| text.as_deref().map(EventTime::parse).transpose().map_err(anyhow::Error::from);
    let filter = Filter { thing: Some(thing.clone()), from: time(&args.from)?, to: time(&args.to)? };
    let query = ReachQuery {
        filter,
        also: Vec::new(),
        judged: args.judged.map(|judged| judged.word().to_owned()),
        detail: Detail { split: matches!(args.by, Some(By::Field | By::Endpoint)), listed: args.subjects.is_some() },
    };
    let register = site.register(out)?;
    let register = register.as_ref().map(|register| register as &dyn SubjectRegister);
    let answer = site.reach(&query, register)?;
    if answer.rows == 0 || answer.requests.attempted == 0 {
        return Err(Failure::new(format!("no judged use of {} `{}` is kept", thing.0.word(), thing.1))
            .hint("`sever scan` judges the logs and keeps every use; `--judged` and `--from` narrow the answer")
            .exit(Exit::NothingLooked));
    }
    if let Some(path) = &args.subjects {
        site.allow(Deed::Subjects, global)?;
        let unnamed = write_subjects(&site, path, &answer)?;
        out.note(&format!("{} ids written to {}", answer.people.len() as u64 - unnamed, path.display()));
        if unnamed > 0 {
            out.note(&format!("{unnamed} more were touched whose ids are not kept: they were erased"));
        }
    }
    let title = match args.judged {
        Some(judged) => format!("reach of {} {}, judged {}", thing.0.word(), thing.1, judged.word()),
        None => format!("reach of {} {}", thing.0.word(), thing.1),
    };
    let mut sheet = match args.by {
        None => whole(title, &answer),
        Some(By::Day) => by_day(title, &answer),
        Some(By::Field) => by_name(title, "field", answer.by_field.iter()),
        Some(By::Endpoint) => by_name(title, "endpoint", answer.by_endpoint.iter()),
    };
    notes(&answer, &mut sheet.notes);
    summary(&answer, &mut sheet.summary);
    out.sheet(&sheet)?;
    Ok(vec![if answer.upper == Some(answer.lower) { Exit::Clean } else { Exit::CoverageIncomplete }])
}

/// What a name stands for among the things that uses are kept by: what the inventory says it is,
/// else what its shape says, else whatever the lake has of that name.
pub(super) fn thing(site: &Site, word: &str, kind: Option<Kind>) -> Result<(Pivot, String), Failure> {
    if let Some(kind) = kind {
        return Ok((kind.pivot(), word.to_owned()));
    }
    let inventory = site.inventory(&Moment::now())?;
    if let Some(found) = who::one(&inventory, word)? {
        return Ok(found);
    }
    if word.parse::<std::net::IpAddr>().is_ok() {
        return Ok((Pivot::Address, word.to_owned()));
    }
    for pivot in [Pivot::Key, Pivot::Issuer, Pivot::Credential, Pivot::Session, Pivot::Account, Pivot::Person] {
        let filter = Filter { thing: Some((pivot, word.to_owned())), ..Filter::default() };
        let mut any = false;
        sever_lake::read(&site.lake_dir(), &filter, &mut |_| any = true).map_err(lake_failure)?;
        if any {
            return Ok((pivot, word.to_owned()));
        }
    }
    Err(Failure::new(format!("nothing here is called `{word}`"))
        .hint("a key id, account, person, token id, session, address or issuer; `sever list keys` shows the keys")
        .exit(Exit::NothingLooked))
}

fn whole(title: String, answer: &ReachAnswer) -> Sheet {
    let mut sheet = Sheet::new("reach", title, &["what", "number", "how_it_is_known"]);
    let mut row = |what: &str, number: serde_json::Value, how: String| {
        sheet.rows.push(vec![json!(what), number, json!(how)]);
    };
    let known = if answer.register { "in the register" } else { "no register: nobody was told apart from nobody" };
    row("members", json!(answer.members), format!("their data was in an answer; {known}"));
    row("other people", json!(answer.others), "in an answer, and not members".to_owned());
    row("lower bound", json!(answer.lower), "distinct people, confirmed and answered".to_owned());
    for step in answer.steps.iter().skip(1) {
        row(&format!("with those {}", step.what), json!(step.total), format!("{} more", step.adds));
    }
    match answer.upper {
        Some(upper) => row("upper bound", json!(upper), "distinct people at most".to_owned()),
        None => {
            row("upper bound", json!("unknown"), format!("{} answers do not say whose data they gave", answer.unsaid))
        }
    }
    row("named and deleted before", json!(answer.deleted), "in the register, deleted before the use".to_owned());
    row("named and never existed", json!(answer.nonexistent), "ids never given out: nobody's data".to_owned());
    let requests = answer.requests;
    row(
        "requests attempted",
        json!(requests.attempted),
        match answer.addresses {
            Some(1) => "from 1 address".to_owned(),
            Some(several) => format!("from {several} addresses"),
            None => String::new(),
        },
    );
    row("requests answered", json!(requests.answered), String::new());
    row("requests refused", json!(requests.refused), "they touched nobody".to_owned());
    row("requests of unknown outcome", json!(requests.unknown), "the log does not say".to_owned());
    sheet
}

fn by_day(title: String, answer: &ReachAnswer) -> Sheet {
    let mut sheet = Sheet::new("reach-by-day", title, &["day", "requests", "people", "new_people", "people_so_far"]);
    let mut so_far = 0;
    for (day, by) in &answer.by_day {
        so_far += by.new;
        sheet.rows.push(vec![json!(date(*day)), json!(by.requests), json!(by.people), json!(by.new), json!(so_far)]);
    }
    sheet
}

fn by_name<'a>(title: String, name: &'static str, counts: impl Iterator<Item = (&'a Box<str>, &'a u64)>) -> Sheet {
    let mut sheet = Sheet::new("reach-by", title, &[name, "people"]);
    let mut rows: Vec<_> = counts.collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    sheet.rows.extend(rows.into_iter().map(|(name, count)| vec![json!(name), json!(count)]));
    sheet
}

fn notes(answer: &ReachAnswer, notes: &mut Vec<String>) {
    if !answer.register {
        notes.push("no [register]: whether an id ever existed, and who is a member, cannot be told".to_owned());
    }
    if answer.unsaid > 0 {
        notes.push(format!(
            "{} without a word of whose data was in it: map `data_subjects` or `subject_count` in that log",
            counted(answer.unsaid, "answer")
        ));
    }
    if answer.unnamed > 0 {
        notes.push(format!(
            "{} counted by records and named by nothing: add their [[subject_set]]",
            counted(answer.unnamed, "person")
        ));
    }
    if let (Some(first), Some(last)) = (answer.first, answer.last) {
        notes.push(format!("first {first}, last {last}"));
    }
    let lower = counted(answer.lower, "person");
    notes.push(match answer.upper {
        Some(upper) if upper == answer.lower => format!("{lower}, exactly"),
        Some(upper) => format!("at least {lower}, at most {upper}"),
        None => format!("at least {lower}; how many at most is unknown"),
    });
}

fn summary(answer: &ReachAnswer, into: &mut serde_json::Map<String, serde_json::Value>) {
    let figures = json!({
        "lower": answer.lower, "upper": answer.upper, "members": answer.members, "others": answer.others,
        "nonexistent": answer.nonexistent, "deleted": answer.deleted, "attempted": answer.requests.attempted,
        "answered": answer.requests.answered, "refused": answer.requests.refused,
        "outcome_unknown": answer.requests.unknown, "unsaid": answer.unsaid, "unnamed": answer.unnamed,
        "addresses": answer.addresses, "first": answer.first, "last": answer.last,
    });
    if let serde_json::Value::Object(figures) = figures {
        into.extend(figures);
    }
}

/// The ids are people's: the file is the user's own, made readable by nobody else.
fn write_subjects(site: &Site, path: &std::path::Path, answer: &ReachAnswer) -> Result<u64, Failure> {
    let people = site.people()?;
    let codes: Vec<_> = answer.people.iter().map(|(who, _)| code_of(*who)).collect();
    let people_named = answer.people.iter().map(|(who, _)| people.name(*who));
    let beyond = codes.iter().zip(people_named).filter(|(_, name)| name.is_none()).map(|(code, _)| &**code);
    let ids = dictionary::names(&site.dictionary_path(), &site.dictionary_key()?, beyond).map_err(lake_failure)?;
    let mut named = BTreeMap::new();
    for ((who, first), code) in answer.people.iter().zip(&codes) {
        if let Some(id) = people.name(*who).or_else(|| ids.get(code).map(AsRef::as_ref)) {
            named.insert(id, first);
        }
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let mut table = csv::Writer::from_writer(file);
    let mut write = |row: [&str; 2]| table.write_record(row).map_err(|error| Failure::new(error.to_string()));
    write(["id", "first_day"])?;
    for (id, first) in &named {
        write([id, &date(**first)])?;
    }
    table.flush()?;
    Ok((answer.people.len() - named.len()) as u64)
}

fn touched(site: &Site, subject: &str, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let touches = site.touched(subject)?;
    let columns =
        ["key", "account", "judged", "outcome", "endpoint", "fields", "through_others", "days", "first", "last"];
    let mut sheet = Sheet::new("touched", format!("what touched the data of {subject}"), &columns);
    let mut forged: BTreeSet<i64> = BTreeSet::new();
    for touch in &touches {
        if matches!(&*touch.judged, "never-issued" | "mismatch") {
            forged.extend(&touch.days);
        }
        let day = |day: Option<&i64>| day.map(|day| date(*day));
        sheet.rows.push(vec![
            json!(touch.key_id),
            json!(touch.account),
            json!(touch.judged),
            json!(if touch.outcome == Outcome::Answered { "answered" } else { "unknown" }),
            json!(touch.endpoint),
            json!(touch.fields),
            json!(if touch.through_others { "yes" } else { "no" }),
            json!(touch.days.len()),
            json!(day(touch.days.first())),
            json!(day(touch.days.last())),
        ]);
    }
    sheet.notes.push(match (touches.is_empty(), forged.len()) {
        (true, _) => format!("no kept use touched {subject}; only scanned logs are looked at"),
        (_, 0) => "by no forged token, as far as is judged".to_owned(),
        (_, days) => format!("by forged tokens on {}", counted(days as u64, "day")),
    });
    out.sheet(&sheet)?;
    Ok(vec![if touches.is_empty() { Exit::NothingLooked } else { Exit::Clean }])
}

/// A day since the Unix epoch, as a date in UTC.
fn date(day: i64) -> String {
    let start = EventTime::from_secs(day.saturating_mul(86_400)).to_string();
    start.split('T').next().unwrap_or(&start).to_owned()
}
