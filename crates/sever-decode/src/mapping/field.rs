//! The fields of an event, by name.

use sever_model::Row;
use strsim::jaro_winkler;

/// A field of an event, as a mapping names it: those of [`sever_model::Row`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the field of `Row` of the same name, documented there")]
pub enum Field {
    Time,
    Kind,
    Outcome,
    Actor,
    Account,
    Action,
    Issuer,
    TokenType,
    Audience,
    Client,
    KeyId,
    Credential,
    Session,
    Parent,
    TokenSubject,
    IssuedAt,
    ExpiresAt,
    DataSubjects,
    SubjectCount,
    SubjectRef,
    Fields,
    Resource,
    SourceIp,
    UserAgent,
    Node,
    Sequence,
    IdleSince,
}

use Field::*;

impl Field {
    /// All fields, in the order of a row.
    pub const ALL: [Field; 27] = [
        Time,
        Kind,
        Outcome,
        Actor,
        Account,
        Action,
        Issuer,
        TokenType,
        Audience,
        Client,
        KeyId,
        Credential,
        Session,
        Parent,
        TokenSubject,
        IssuedAt,
        ExpiresAt,
        DataSubjects,
        SubjectCount,
        SubjectRef,
        Fields,
        Resource,
        SourceIp,
        UserAgent,
        Node,
        Sequence,
        IdleSince,
    ];

    /// Its name in a mapping and in decoded output.
    pub const fn name(self) -> &'static str {
        match self {
            Time => "time",
            Kind => "kind",
            Outcome => "outcome",
            Actor => "actor",
            Account => "account",
            Action => "action",
            Issuer => "issuer",
            TokenType => "token_type",
            Audience => "audience",
            Client => "client",
            KeyId => "key_id",
            Credential => "credential",
            Session => "session",
            Parent => "parent",
            TokenSubject => "token_subject",
            IssuedAt => "issued_at",
            ExpiresAt => "expires_at",
            DataSubjects => "data_subjects",
            SubjectCount => "subject_count",
            SubjectRef => "subject_ref",
            Fields => "fields",
            Resource => "resource",
            SourceIp => "source_ip",
            UserAgent => "user_agent",
            Node => "node",
            Sequence => "sequence",
            IdleSince => "idle_since",
        }
    }

    /// The field of that name.
    pub fn named(name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|field| field.name() == name)
    }

    /// What to say of a name that is no field's.
    pub(crate) fn unknown(name: &str) -> String {
        let near = |field: &Field| jaro_winkler(name, field.name());
        let nearest = Field::ALL.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)));
        match nearest.filter(|field| near(field) > 0.8) {
            Some(field) => format!("`{name}` is no field of an event; did you mean `{}`?", field.name()),
            None => {
                let names: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
                format!("`{name}` is no field of an event (they are {}, zone, year, envelope)", names.join(", "))
            }
        }
    }

    /// Whether it is an instant.
    pub(crate) const fn is_time(self) -> bool {
        matches!(self, Time | IssuedAt | ExpiresAt | IdleSince)
    }

    /// Whether it is a number.
    pub(crate) const fn is_count(self) -> bool {
        matches!(self, SubjectCount | Sequence)
    }

    /// Whether it is plain text.
    pub(crate) const fn is_text(self) -> bool {
        !self.is_time() && !self.is_count() && !matches!(self, Kind | Outcome | DataSubjects)
    }

    /// Puts a text in its place; fields that are no text are left alone.
    pub(crate) fn put<'a>(self, row: &mut Row<'a>, text: &'a str) {
        if let Some(place) = self.place(row) {
            *place = text;
        }
    }

    /// Where a text field stands in a row.
    pub(crate) fn place<'r, 'a>(self, row: &'r mut Row<'a>) -> Option<&'r mut &'a str> {
        Some(match self {
            Actor => &mut row.actor,
            Account => &mut row.account,
            Action => &mut row.action,
            Issuer => &mut row.issuer,
            TokenType => &mut row.token_type,
            Audience => &mut row.audience,
            Client => &mut row.client,
            KeyId => &mut row.key_id,
            Credential => &mut row.credential,
            Session => &mut row.session,
            Parent => &mut row.parent,
            TokenSubject => &mut row.token_subject,
            SubjectRef => &mut row.subject_ref,
            Fields => &mut row.fields,
            Resource => &mut row.resource,
            SourceIp => &mut row.source_ip,
            UserAgent => &mut row.user_agent,
            Node => &mut row.node,
            Time | Kind | Outcome | IssuedAt | ExpiresAt | DataSubjects | SubjectCount | Sequence | IdleSince => {
                return None;
            }
        })
    }

    /// What a row says in a text field.
    pub(crate) fn said<'a>(self, row: &Row<'a>) -> Option<&'a str> {
        Some(match self {
            Actor => row.actor,
            Account => row.account,
            Action => row.action,
            Issuer => row.issuer,
            TokenType => row.token_type,
            Audience => row.audience,
            Client => row.client,
            KeyId => row.key_id,
            Credential => row.credential,
            Session => row.session,
            Parent => row.parent,
            TokenSubject => row.token_subject,
            SubjectRef => row.subject_ref,
            Fields => row.fields,
            Resource => row.resource,
            SourceIp => row.source_ip,
            UserAgent => row.user_agent,
            Node => row.node,
            Time | Kind | Outcome | IssuedAt | ExpiresAt | DataSubjects | SubjectCount | Sequence | IdleSince => {
                return None;
            }
        })
    }
}
