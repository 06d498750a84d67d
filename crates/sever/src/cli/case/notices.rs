//! `sever case notices`: drafts of what a law wants told, one for each law and audience.
//!
//! A draft is Markdown. Every number is linked to the frozen answer that it is of and to the command that
//! opens its rows; what a program cannot know is marked `[FILL IN: …]`. Nothing is sent: people read,
//! change and send it, and `sever case told` records that they did.

use std::path::{Path, PathBuf};

use serde_json::json;
use sever_model::{Case, CaseAct, Law, Version, WallTime, sha256_hex};

use super::say::{Said, grouped_people, sentences};
use super::{COUNSEL, Desk, NoticesArgs, version};
use crate::cli::output::Output;
use crate::cli::reach::ask::Ask;
use crate::cli::reach::frozen::short;
use crate::cli::reach::svg::grouped;
use crate::config::CaseConfig;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

pub(super) fn run(args: &NoticesArgs, desk: &mut Desk, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let case = desk.open_case(&args.name)?;
    let version = version(&case, args.answer)?;
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}-notices", case.name)));
    std::fs::create_dir_all(&folder)?;
    let now = crate::clock::now();
    let mut sheet =
        Sheet::new("case-notices", format!("case {}, drafts", case.name), &["law", "to", "due", "stands", "file"]);
    let mut acts = Vec::new();
    for clock in case.clocks(now) {
        let draft = draft(&case, version, clock.law, clock.to, clock.due_at, &desk.site.config.case)?;
        let path = folder.join(format!("{}-{}-v{}.md", clock.law.id, clock.to, version.number));
        write(&path, &draft, args.force)?;
        acts.push(CaseAct::Drafted {
            law: clock.law.id.clone(),
            to: clock.to.to_owned(),
            version: version.number,
            digest: sha256_hex(draft.as_bytes()),
        });
        let file = json!(path.to_string_lossy());
        sheet.rows.push(vec![
            json!(clock.law.id),
            json!(clock.to),
            json!(clock.due_at),
            json!(clock.state.words()),
            file,
        ]);
    }
    desk.record(&case.name, &acts)?;
    sheet.notes.push("what is marked `[FILL IN: …]` no program knows".to_owned());
    sheet.notes.push(format!("{COUNSEL}; nothing was sent"));
    out.sheet(&sheet)?;
    out.hint(&format!("once one was given: `sever case told {} LAW --to WHOM --how RECEIPT`", case.name));
    Ok(vec![Exit::Clean])
}

/// Writes a draft; never over one that somebody may have changed.
fn write(path: &Path, draft: &str, force: bool) -> Result<(), Failure> {
    match std::fs::read(path) {
        Ok(there) if there != draft.as_bytes() && !force => {
            Err(Failure::new(format!("`{}` is there and is another", path.display()))
                .hint("`--out DIR` writes elsewhere, `--force` writes over it")
                .exit(Exit::Refused))
        }
        _ => Ok(std::fs::write(path, draft)?),
    }
}

/// What a law wants to be in a notice.
#[derive(Debug, Clone, Copy)]
enum Part {
    Nature,
    People,
    Fields,
    When,
    Consequences,
    Measures,
    Advice,
    Contact,
    NotKnown,
}

/// The parts of a notice, with the headings that its law gives.
fn outline(law: &str, to: &str) -> Vec<(&'static str, Part)> {
    use Part::{Advice, Consequences, Contact, Fields, Measures, Nature, NotKnown, People, When};
    match (law, to) {
        ("gdpr-33", _) => vec![
            ("Nature of the breach (article 33(3)(a))", Nature),
            ("Data subjects and records concerned, approximately (article 33(3)(a))", People),
            ("Categories of data (article 33(3)(a))", Fields),
            ("When", When),
            ("Contact (article 33(3)(b))", Contact),
            ("Likely consequences (article 33(3)(c))", Consequences),
            ("Measures taken or proposed (article 33(3)(d))", Measures),
            ("Not known yet; to follow in phases (article 33(4))", NotKnown),
        ],
        ("pipa-34", "authority") => vec![
            ("Items of personal information (article 34(1)1)", Fields),
            ("People concerned", People),
            ("When and how (article 34(1)2)", When),
            ("What happened", Nature),
            ("What people were advised to do (article 34(1)3)", Advice),
            ("Response and remedies (article 34(1)4)", Measures),
            ("Department and contact (article 34(1)5)", Contact),
            ("Not confirmed yet; to be added as soon as it is", NotKnown),
        ],
        ("network-act-48-3", _) => vec![
            ("When the incident occurred, and its cause", When),
            ("What happened", Nature),
            ("Damage", People),
            ("Measures taken", Measures),
            ("Contact", Contact),
            ("Not known yet", NotKnown),
        ],
        (_, "people") => vec![
            ("What happened", Nature),
            ("Which of your data", Fields),
            ("When", When),
            ("How many people", People),
            ("What may follow", Consequences),
            ("What you can do", Advice),
            ("What we have done", Measures),
            ("Whom to ask", Contact),
            ("What we do not know", NotKnown),
        ],
        _ => vec![
            ("What happened", Nature),
            ("People concerned", People),
            ("Data concerned", Fields),
            ("When", When),
            ("Likely consequences", Consequences),
            ("Measures", Measures),
            ("Contact", Contact),
            ("Not known yet", NotKnown),
        ],
    }
}

/// A draft in the making: its text, and what its numbers are linked to.
struct Draft<'a> {
    text: String,
    links: Vec<String>,
    case: &'a Case,
    version: &'a Version,
    config: &'a CaseConfig,
    command: String,
}

fn draft(
    case: &Case,
    version: &Version,
    law: &Law,
    to: &str,
    due_at: Option<WallTime>,
    config: &CaseConfig,
) -> Result<String, Failure> {
    let command = Ask::again(&version.frozen)?.command();
    let said = sentences(case, version)?;
    let mut draft = Draft { text: String::new(), links: Vec::new(), case, version, config, command };
    let whom = if to == "people" { "the people concerned" } else { "the authority" };
    let due = due_at.map_or_else(|| "without undue delay".to_owned(), |at| at.to_string());
    let organisation = config.organisation.as_deref().map_or_else(|| fill("name of the organisation"), plain);
    draft.line(&format!("# DRAFT: notice to {whom} ({})", law.name));
    draft.line(&format!(
        "> **Not sent.** Drafted from version {} of case `{}` (frozen answer `{}` of {}). Due: {due}, from awareness at {}.\n\
         > Source: {}.\n> {COUNSEL}.",
        version.number,
        case.name,
        short(&version.frozen.digest),
        version.frozen.at,
        case.aware_at,
        law.source,
    ));
    draft.line(&format!("Organisation: {organisation}"));
    for (heading, part) in outline(&law.id, to) {
        draft.line(&format!("## {heading}"));
        draft.part(part, to, &said);
    }
    draft.line("---");
    for (at, link) in std::mem::take(&mut draft.links).iter().enumerate() {
        draft.line(&format!("[^{}]: {link}", at + 1));
    }
    Ok(draft.text)
}

impl Draft<'_> {
    /// A paragraph.
    fn line(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A number with its link.
    fn number(&mut self, text: &str, figure: &str, rows: &str) -> String {
        let digest = &self.version.frozen.digest;
        self.links.push(format!("version {}, `{figure}`, answer `{digest}`; rows: `{rows}`", self.version.number));
        format!("**{text}**[^{}]", self.links.len())
    }

    fn part(&mut self, part: Part, to: &str, said: &[Said]) {
        let figures = self.version.frozen.figures.clone();
        let command = self.command.clone();
        match part {
            Part::Nature => self.nature(),
            Part::People => self.people(),
            Part::Fields => self.fields(to),
            Part::When => {
                let time =
                    |time: Option<sever_model::EventTime>| time.map_or_else(|| fill("time"), |time| time.to_string());
                let by_day = format!("{command} --by day");
                let first = self.number(&time(figures.first), "first", &by_day);
                let last = self.number(&time(figures.last), "last", &by_day);
                let aware = self.case.aware_at;
                self.line(&format!(
                    "The first such request that is kept in logs was at {first}, the last at {last} (UTC). We became aware \
                     at {aware}. {}",
                    fill("how it was noticed, and the cause as far as it is established")
                ));
            }
            Part::Consequences => self.line(&fill("likely consequences for the people concerned")),
            Part::Measures => {
                let holds = match self.case.holds.len() {
                    0 => String::new(),
                    _ => " All logs of uses that are kept here were put on hold against deletion.".to_owned(),
                };
                self.line(&format!("{}{holds}", fill("what was done to end it, and what is done for the people")));
            }
            Part::Advice => self.line(&fill("what people can do to protect themselves")),
            Part::Contact => {
                let contact = self.config.contact.as_deref().map_or_else(|| fill("name, telephone, e-mail"), plain);
                self.line(&contact);
            }
            Part::NotKnown => {
                let lines: Vec<String> = said
                    .iter()
                    .filter(|said| said.known == "unknown")
                    .map(|said| {
                        format!(
                            "- {}{}",
                            plain(&said.sentence),
                            said.number.map_or_else(String::new, |number| format!(" ({})", grouped(number)))
                        )
                    })
                    .collect();
                self.line(&lines.join("\n"));
            }
        }
    }

    fn nature(&mut self) {
        let figures = self.version.frozen.figures.clone();
        let things = self.version.frozen.question.things.iter().map(|(kind, id)| format!("{kind} `{}`", code(id)));
        let things = things.collect::<Vec<_>>().join(", ");
        let how = match self.version.frozen.question.judged.as_deref() {
            Some("forged" | "never-issued" | "mismatch") => "with credentials that their issuer never made",
            _ => "in a way that was not meant",
        };
        let command = self.command.clone();
        let attempted = self.number(&grouped(figures.attempted), "attempted", &command);
        let views = self.number(&grouped(figures.views), "views", &command);
        self.line(&format!(
            "Data was asked for {how} ({things}): {attempted} requests, of which {views} were answered. {}",
            fill("in plain words: confidentiality, integrity or availability; by whom, if that is established")
        ));
    }

    fn people(&mut self) {
        let figures = self.version.frozen.figures.clone();
        let command = self.command.clone();
        let by_day = format!("{command} --by day");
        let lower = self.number(&grouped_people(figures.at_least), "at_least", &by_day);
        let bounds = match figures.at_most {
            Some(upper) if upper == figures.at_least => format!("The data of exactly {lower} was in an answer."),
            Some(upper) => {
                let upper = self.number(&grouped(upper), "at_most", &command);
                format!("The data of at least {lower}, and at most {upper}, was in an answer.")
            }
            None => format!(
                "The data of at least {lower} was in an answer. How many there are at most is not known yet: {}",
                fill("by when it will be")
            ),
        };
        let members = self.number(&grouped(figures.members), "members", &command);
        let others = self.number(&grouped(figures.others), "others", &command);
        self.line(&format!("{bounds} Of them {members} are members, and {others} are not."));
        if let Some(pairs) = figures.people_by_field {
            let pairs = self.number(&grouped(pairs), "people_by_field", &format!("{command} --by field"));
            self.line(&format!("Records (a person and a field, each once): {pairs}."));
        }
    }

    fn fields(&mut self, to: &str) {
        let fields = self.version.frozen.by_field.clone();
        let rows = format!("{} --by field", self.command);
        if fields.is_empty() {
            self.line(&format!(
                "No log says which fields were in the answers. {}",
                fill("from the endpoint's definition")
            ));
        }
        let mut lines = Vec::new();
        for (name, people) in fields {
            let people = self.number(&grouped_people(people), &format!("by_field.{name}"), &rows);
            lines.push(format!("- `{}`: of {people}", code(&name)));
        }
        if !lines.is_empty() {
            self.line(&lines.join("\n"));
        }
        if to == "people" {
            self.line(&fill(
                "for each person, theirs alone: `sever reach --subject ID` says when, which fields, by what",
            ));
        }
    }
}

fn fill(what: &str) -> String {
    format!("**[FILL IN: {what}]**")
}

/// Text from elsewhere in a code span.
fn code(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '`').collect()
}

/// Text from elsewhere in a sentence: no links, images or HTML of its own making.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars().filter(|c| !c.is_control()) {
        match char {
            '<' => safe.push_str("&lt;"),
            '[' | ']' | '*' | '\\' | '#' => {
                safe.push('\\');
                safe.push(char);
            }
            _ => safe.push(char),
        }
    }
    safe
}
