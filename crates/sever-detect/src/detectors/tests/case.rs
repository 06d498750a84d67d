//! The language of the fixtures: one JSON object a line. `tests/detectors/README.md` explains it.

use serde::Deserialize;
use sever_model::{
    AccountKind, AccountStatus, Confidence, CoverageBy, CoverageLine, CredentialKind, EventKind, EventTime, Exportable,
    Judgement, Outcome, Severity, Stage, Strength,
};

use crate::registry::Settings;

/// One line.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Line {
    Why(String),
    Settings(Box<Settings>),
    Limits(LimitsLine),
    Person(PersonLine),
    Account(Box<AccountLine>),
    Key(Box<KeyLine>),
    Custody(CustodyLine),
    Group(GroupLine),
    Resource(ResourceLine),
    Grant(GrantLine),
    Handover(HandoverLine),
    Coverage(Box<CoverageLine>),
    Register(RegisterLine),
    Subject(SubjectLine),
    Log(LogLine),
    Class(Box<ClassLine>),
    Event(Box<EventLine>),
    Settle(SettleLine),
    Stand(EventTime),
    Expect(Box<Expect>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsLine {
    pub skew_secs: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonLine {
    pub id: String,
    #[serde(default)]
    pub emails: Vec<String>,
    #[serde(default)]
    pub stints: Vec<StintLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StintLine {
    pub from: String,
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub team: String,
    #[serde(default)]
    pub contractor: bool,
    #[serde(default)]
    pub known: Option<EventTime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountLine {
    pub id: String,
    /// What people type, where the id says something else.
    pub login: Option<String>,
    #[serde(default = "human")]
    pub kind: AccountKind,
    #[serde(default = "enabled")]
    pub status: AccountStatus,
    pub owner: Option<String>,
    pub created_by: Option<String>,
    pub last_used: Option<EventTime>,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    pub known: Option<EventTime>,
    /// Whose it is.
    pub of: Option<String>,
    /// Whose it may be, for a human to say.
    pub ask: Option<String>,
    /// Matched by attributes only.
    #[serde(default)]
    pub likely: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyLine {
    pub id: String,
    #[serde(default = "signing_key")]
    pub kind: CredentialKind,
    pub issuer: Option<String>,
    pub account: Option<String>,
    pub kept_at: Option<String>,
    #[serde(default = "readable")]
    pub exportable: Exportable,
    pub created_by: Option<String>,
    pub rotated: Option<EventTime>,
    pub activated: Option<EventTime>,
    pub retired: Option<EventTime>,
    pub expires: Option<EventTime>,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustodyLine {
    pub key: String,
    pub person: Option<String>,
    pub account: Option<String>,
    pub strength: Strength,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub evidence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupLine {
    pub id: String,
    /// Ids of accounts, and of groups written before.
    pub members: Vec<String>,
    /// Adds members `{n}` of `0..repeat_members`.
    #[serde(default)]
    pub and: Option<Many>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Many {
    pub of: String,
    pub count: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceLine {
    pub id: String,
    #[serde(default)]
    pub kind: String,
    pub owner: Option<String>,
    pub subjects: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantLine {
    /// Id of an account, a group or a person.
    pub holder: String,
    pub resource: String,
    pub rights: String,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    pub by: Option<String>,
    pub last_used: Option<EventTime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HandoverLine {
    pub account: Option<String>,
    pub credential: Option<String>,
    pub to: String,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub until: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterLine {
    pub complete_until: EventTime,
    /// How many it says it holds, where more than the subjects written out.
    #[serde(default)]
    pub len: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectLine {
    pub id: String,
    pub created: Option<EventTime>,
    pub deleted: Option<EventTime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogLine {
    pub name: String,
    pub system: Option<String>,
    pub format: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassLine {
    pub issuer: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub used_in: Vec<String>,
    #[serde(default)]
    pub token_type: String,
    #[serde(default)]
    pub key_ids: Vec<String>,
    #[serde(default)]
    pub audiences: Vec<String>,
    #[serde(default)]
    pub lifetime_secs: i64,
    #[serde(default = "by_sequence")]
    pub coverage: CoverageBy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine {
    pub log: String,
    pub time: EventTime,
    /// In a repeated line, how much later each one is than the one before.
    #[serde(default)]
    pub every_secs: i64,
    /// Filled in by repetition.
    #[serde(skip)]
    pub nth: usize,
    pub kind: EventKind,
    #[serde(default)]
    pub outcome: Outcome,
    #[serde(default)]
    pub actor: String,
    #[serde(default)]
    pub account: String,
    #[serde(default)]
    pub action: String,
    #[serde(default)]
    pub issuer: String,
    #[serde(default)]
    pub token_type: String,
    #[serde(default)]
    pub audience: String,
    #[serde(default)]
    pub client: String,
    #[serde(default)]
    pub key_id: String,
    #[serde(default)]
    pub credential: String,
    #[serde(default)]
    pub token_subject: String,
    #[serde(default)]
    pub session: String,
    #[serde(default)]
    pub node: String,
    pub sequence: Option<u64>,
    /// In a repeated line, each one's number is by one more than the one before.
    #[serde(default)]
    pub counts_up: bool,
    pub issued_at: Option<EventTime>,
    /// In seconds after `issued_at`.
    pub lives_secs: Option<i64>,
    #[serde(default)]
    pub subjects: Vec<String>,
    pub subject_count: Option<u64>,
    #[serde(default)]
    pub resource: String,
    #[serde(default)]
    pub ip: String,
    #[serde(default)]
    pub agent: String,
    /// Where its record begins, for events that are of the same one.
    pub record: Option<u64>,
    /// What the ledger says at once.
    pub judged: Option<Judgement>,
    /// By what a `settle` line names it.
    #[serde(default)]
    pub label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleLine {
    #[serde(rename = "use")]
    pub label: String,
    pub judgement: Judgement,
    pub stage: Stage,
    pub was: Option<Stage>,
    pub at: EventTime,
}

/// A finding that must be there; what is not said is not compared.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    /// `credential idp/k1`
    pub accuses: String,
    #[serde(default = "confirmed")]
    pub stage: Stage,
    pub severity: Option<Severity>,
    pub confidence: Option<Confidence>,
    pub count: Option<u64>,
    pub first: Option<EventTime>,
    pub known_at: Option<EventTime>,
    /// The whole sentence.
    pub says: Option<String>,
    /// Other things that must be named with it.
    #[serde(default)]
    pub names: Vec<String>,
    /// A rule input that must be there, and its value.
    pub input: Option<(String, String)>,
}

fn human() -> AccountKind {
    AccountKind::Human
}
fn enabled() -> AccountStatus {
    AccountStatus::Enabled
}
fn signing_key() -> CredentialKind {
    CredentialKind::SigningKey
}
fn readable() -> Exportable {
    Exportable::Yes
}
fn by_sequence() -> CoverageBy {
    CoverageBy::Sequence
}
fn confirmed() -> Stage {
    Stage::Confirmed
}

/// Reads a fixture. A line with `repeat` stands for so many lines, in which `{n}` counts from 0.
pub(super) fn read(text: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for (number, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let wrong = |error: serde_json::Error| format!("line {}: {error}", number + 1);
        let mut value: serde_json::Value = serde_json::from_str(text).map_err(wrong)?;
        let repeat = value.as_object_mut().and_then(|object| object.remove("repeat"));
        let Some(repeat) = repeat else {
            lines.push(serde_json::from_value(value).map_err(wrong)?);
            continue;
        };
        let pattern = value.to_string();
        for nth in 0..repeat.as_u64().unwrap_or(0) {
            let mut line: Line = serde_json::from_str(&pattern.replace("{n}", &nth.to_string())).map_err(wrong)?;
            if let Line::Event(event) = &mut line {
                event.nth = nth as usize;
            }
            lines.push(line);
        }
    }
    Ok(lines)
}
