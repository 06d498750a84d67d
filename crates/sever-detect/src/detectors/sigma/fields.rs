//! A row as a Sigma rule sees it: our own field names, and the vendor's where the row holds them.
//!
//! A field is looked up when a rule asks for it; nothing is built per event.

use std::borrow::Cow;

use rsigma_eval::{Event, EventValue};
use serde_json::Value;
use sever_model::port::View;
use sever_model::{Batch, EventKind, EventTime, Outcome, Row};

use super::formats::Known;

/// A field of a row, by the name that `sever decode` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Account,
    Action,
    Actor,
    Audience,
    Client,
    Credential,
    DataSubjects,
    ExpiresAt,
    Fields,
    IssuedAt,
    Issuer,
    KeyId,
    Kind,
    Log,
    Node,
    Outcome,
    Parent,
    Resource,
    Sequence,
    Session,
    Source,
    SourceIp,
    SubjectCount,
    SubjectRef,
    Time,
    TokenSubject,
    TokenType,
    UserAgent,
}

/// Every field by its name.
pub(super) static FIELDS: &[(&str, Field)] = &[
    ("account", Field::Account),
    ("action", Field::Action),
    ("actor", Field::Actor),
    ("audience", Field::Audience),
    ("client", Field::Client),
    ("credential", Field::Credential),
    ("data_subjects", Field::DataSubjects),
    ("expires_at", Field::ExpiresAt),
    ("fields", Field::Fields),
    ("issued_at", Field::IssuedAt),
    ("issuer", Field::Issuer),
    ("key_id", Field::KeyId),
    ("kind", Field::Kind),
    ("log", Field::Log),
    ("node", Field::Node),
    ("outcome", Field::Outcome),
    ("parent", Field::Parent),
    ("resource", Field::Resource),
    ("sequence", Field::Sequence),
    ("session", Field::Session),
    ("source", Field::Source),
    ("source_ip", Field::SourceIp),
    ("subject_count", Field::SubjectCount),
    ("subject_ref", Field::SubjectRef),
    ("time", Field::Time),
    ("token_subject", Field::TokenSubject),
    ("token_type", Field::TokenType),
    ("user_agent", Field::UserAgent),
];

/// How a vendor's field is read from a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A field as it is.
    Whole(Field),
    /// The action without our words.
    Own,
    /// Its first word.
    First,
    /// Its second word, up to a slash.
    Second,
    /// Its last word.
    Last,
    /// What stands after the service and a colon.
    After,
    /// The service before the colon, as AWS writes it.
    AwsSource,
    /// The application before the colon, as Google writes it.
    GoogleService,
    /// The credential that was presented: where one was made of it, its parent.
    Presented,
    /// Whose token was used, else who acted; of what was minted the row holds neither.
    Principal,
    /// Who acted, where it is no sign-in.
    Subject,
    /// Who signed in, or was acted upon.
    Target,
}

/// The words of ours that a decoder writes before the log's own action.
const OUR_WORDS: [&str; 8] =
    ["delete", "create-account", "create-key", "grant", "enable", "disable", "audit", "export"];

/// What a rule's field is in the rows of a log of this format, where they have it.
pub(super) fn known(format: Option<&Known>, name: &str) -> Option<Part> {
    // The vendor's name comes first: GitHub's `action` is not ours.
    let own = || FIELDS.iter().find(|(field, _)| *field == name).map(|(_, field)| Part::Whole(*field));
    format.and_then(|format| format.alias(name)).or_else(own)
}

/// One row.
pub(super) struct Seen<'a> {
    pub row: Row<'a>,
    pub source: &'a str,
    pub log: &'a str,
    pub format: Option<&'static Known>,
}

impl<'a> Seen<'a> {
    pub fn of(
        view: &View<'a>,
        source: usize,
        (batch, row): (&'a Batch, usize),
        format: Option<&'static Known>,
        subjects: &'a mut Vec<&'a str>,
    ) -> Seen<'a> {
        let named = view.sources.get(source);
        Seen {
            row: batch.row(row, view.symbols, subjects),
            source: named.map_or("", |source| source.id.as_str()),
            log: named.map_or("", |source| source.log.as_str()),
            format,
        }
    }

    fn text(&self, field: Field) -> &str {
        let row = &self.row;
        match field {
            Field::Account => row.account,
            Field::Action => row.action,
            Field::Actor => row.actor,
            Field::Audience => row.audience,
            Field::Client => row.client,
            Field::Credential => row.credential,
            Field::Fields => row.fields,
            Field::Issuer => row.issuer,
            Field::KeyId => row.key_id,
            Field::Kind => row.kind.word(),
            Field::Log => self.log,
            Field::Node => row.node,
            Field::Outcome => outcome(row.outcome),
            Field::Parent => row.parent,
            Field::Resource => row.resource,
            Field::Session => row.session,
            Field::Source => self.source,
            Field::SourceIp => row.source_ip,
            Field::SubjectRef => row.subject_ref,
            Field::TokenSubject => row.token_subject,
            Field::TokenType => row.token_type,
            Field::UserAgent => row.user_agent,
            Field::DataSubjects
            | Field::ExpiresAt
            | Field::IssuedAt
            | Field::Sequence
            | Field::SubjectCount
            | Field::Time => "",
        }
    }

    fn whole(&self, field: Field) -> Option<EventValue<'_>> {
        let row = &self.row;
        let time = |at: EventTime| Some(EventValue::Str(Cow::Owned(at.to_string())));
        let number = |count: u64| EventValue::Int(i64::try_from(count).unwrap_or(i64::MAX));
        match field {
            Field::Time => time(row.time),
            Field::IssuedAt => row.issued_at.and_then(time),
            Field::ExpiresAt => row.expires_at.and_then(time),
            Field::Sequence => row.sequence.map(number),
            Field::SubjectCount => Some(number(row.subjects())),
            Field::DataSubjects if row.data_subjects.is_empty() => None,
            Field::DataSubjects => {
                let ids = row.data_subjects.iter().map(|id| EventValue::Str(Cow::Borrowed(*id)));
                Some(EventValue::Array(ids.collect()))
            }
            text => said(self.text(text)),
        }
    }

    fn part(&self, part: Part) -> Option<EventValue<'_>> {
        let row = &self.row;
        let own = own(row.action);
        let signs_in = row.kind == EventKind::Authenticated;
        match part {
            Part::Whole(field) => self.whole(field),
            Part::Own => said(own),
            Part::First => said(own.split(' ').next().unwrap_or("")),
            Part::Second => said(own.split(' ').nth(1).and_then(|word| word.split('/').next()).unwrap_or("")),
            Part::Last => said(own.rsplit(' ').next().unwrap_or("")),
            Part::After => {
                let after = own.split_once(':').map_or(own, |(_, after)| after);
                said(after.split(' ').next().unwrap_or(""))
            }
            Part::AwsSource => joined(own, ".amazonaws.com"),
            Part::GoogleService => joined(own, ".googleapis.com"),
            Part::Presented if row.kind == EventKind::Issued => said(row.parent),
            Part::Presented => said(row.credential),
            Part::Principal if row.kind == EventKind::Issued => None,
            Part::Principal if row.token_subject.is_empty() => said(row.actor),
            Part::Principal => said(row.token_subject),
            Part::Subject => said(if signs_in { "" } else { row.actor }),
            Part::Target => said(if signs_in { row.actor } else { row.account }),
        }
    }
}

impl Event for Seen<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        self.part(known(self.format, path)?)
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        FIELDS.iter().any(|(_, field)| Some(self.text(*field)).filter(|text| !text.is_empty()).is_some_and(pred))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let texts = FIELDS.iter().map(|(_, field)| self.text(*field));
        texts.filter(|text| !text.is_empty()).map(Cow::Borrowed).collect()
    }

    fn to_json(&self) -> Value {
        let fields =
            FIELDS.iter().filter_map(|(name, field)| Some(((*name).to_owned(), self.whole(*field)?.to_json())));
        Value::Object(fields.collect())
    }
}

/// The log's own action: what follows our words.
fn own(action: &str) -> &str {
    let mut rest = action;
    while let Some((word, after)) = rest.split_once(' ')
        && OUR_WORDS.contains(&word)
    {
        rest = after;
    }
    rest
}

/// The service that stands before a colon, with the vendor's domain.
fn joined<'a>(own: &str, domain: &str) -> Option<EventValue<'a>> {
    let (service, _) = own.split_once(':').filter(|(service, _)| !service.is_empty())?;
    Some(EventValue::Str(Cow::Owned(format!("{service}{domain}"))))
}

fn said(text: &str) -> Option<EventValue<'_>> {
    (!text.is_empty()).then_some(EventValue::Str(Cow::Borrowed(text)))
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "answered",
        Outcome::Refused => "refused",
        Outcome::Unknown => "unknown",
    }
}
