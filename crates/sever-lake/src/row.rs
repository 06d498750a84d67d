//! One judged use, and the columns it is kept in.

use sever_model::{EventTime, Judgement, Outcome, Stage, Unjudgeable};

/// One judged use. Text is borrowed; empty text is absence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UseRow<'a> {
    /// When.
    pub time: EventTime,
    /// What kind of event: the kind's word.
    pub kind: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// What the ledger says; `None` for an event that presents no token.
    pub judgement: Option<Judgement>,
    /// How final that is.
    pub stage: Stage,
    /// The file it stands in, as evidence names it.
    pub source: &'a str,
    /// Its byte offset there.
    pub offset: u64,
    /// The issuer claimed.
    pub issuer: &'a str,
    /// The signing key's id.
    pub key_id: &'a str,
    /// The credential's own id.
    pub credential: &'a str,
    /// The session.
    pub session: &'a str,
    /// Whom the token names: an id when it is pushed, its code when it is read.
    pub token_subject: &'a str,
    /// The account that acted: its id where known, else as the log names it.
    pub account: &'a str,
    /// The person whose account it is, where known.
    pub person: &'a str,
    /// The address it came from.
    pub source_ip: &'a str,
    /// The client software.
    pub user_agent: &'a str,
    /// What was touched.
    pub resource: &'a str,
    /// Which fields were in the answer, separated by commas.
    pub fields: &'a str,
    /// Whose data was in the answer: ids when they are pushed, their codes when they are read.
    pub data_subjects: &'a [&'a str],
    /// How many people's, where the record gives a count.
    pub subject_count: Option<u64>,
    /// What rebuilds them.
    pub subject_ref: &'a str,
}

/// The text columns by their paths, in file order.
///
/// Source: the names of OCSF 1.x where it has one for the thing (objects `actor`, `session`, `user`,
/// `metadata`, `network_endpoint`, `http_request`, `resource_details`); ours elsewhere.
pub(crate) const TEXTS: [&str; 18] = [
    "activity_name",
    "status",
    "judgement",
    "reason",
    "stage",
    "metadata.log_name",
    "actor.session.issuer",
    "actor.session.uid",
    "actor.user.credential_uid",
    "actor.user.uid",
    "key_id",
    "token_subject",
    "person",
    "src_endpoint.ip",
    "http_request.user_agent",
    "resource.uid",
    "fields",
    "subject_ref",
];

/// Where in [`TEXTS`] the columns stand that rows are sorted, grouped and taken back by.
pub(crate) const JUDGEMENT: usize = 2;
pub(crate) const STAGE: usize = 4;
pub(crate) const SOURCE: usize = 5;
pub(crate) const CREDENTIAL: usize = 8;
pub(crate) const KEY: usize = 10;

/// The file's schema. No column is dictionary-typed, and every engine knows every type in it.
pub(crate) const SCHEMA: &str = "
message judged_use {
  required int64 time (TIMESTAMP(MICROS,true));
  required int64 offset;
  optional int64 subject_count;
  required binary activity_name (STRING);
  required binary status (STRING);
  required binary judgement (STRING);
  required binary reason (STRING);
  required binary stage (STRING);
  required group metadata {
    required binary log_name (STRING);
  }
  required group actor {
    required group session {
      required binary issuer (STRING);
      required binary uid (STRING);
    }
    required group user {
      required binary credential_uid (STRING);
      required binary uid (STRING);
    }
  }
  required binary key_id (STRING);
  required binary token_subject (STRING);
  required binary person (STRING);
  required group src_endpoint {
    required binary ip (STRING);
  }
  required group http_request {
    required binary user_agent (STRING);
  }
  required group resource {
    required binary uid (STRING);
  }
  required binary fields (STRING);
  required binary subject_ref (STRING);
  required group data_subjects (LIST) {
    repeated group list {
      required binary element (STRING);
    }
  }
}";

/// Columns before the texts: time, offset, subject_count.
pub(crate) const NUMBERS: usize = 3;

impl<'a> UseRow<'a> {
    /// The text columns, in file order; `reason` is what [`write_reason`] writes.
    pub(crate) fn texts(&self, reason: &'a str) -> [&'a str; TEXTS.len()] {
        [
            self.kind,
            outcome_word(self.outcome),
            self.judgement.map_or("", |judgement| judgement.word()),
            reason,
            stage_word(self.stage),
            self.source,
            self.issuer,
            self.session,
            self.credential,
            self.account,
            self.key_id,
            self.token_subject,
            self.person,
            self.source_ip,
            self.user_agent,
            self.resource,
            self.fields,
            self.subject_ref,
        ]
    }

    /// The row that these columns hold, but for its subjects.
    pub(crate) fn of(time: i64, offset: i64, subject_count: Option<i64>, texts: &[&'a str; TEXTS.len()]) -> UseRow<'a> {
        let [kind, status, judged, reason, at, source, issuer, session, credential, account, ..] = *texts;
        let [.., key_id, token_subject, person, source_ip, user_agent, resource, fields, subject_ref] = *texts;
        UseRow {
            time: EventTime::from_micros(time),
            kind,
            outcome: outcome(status),
            judgement: judgement(judged, reason),
            stage: stage(at),
            source,
            offset: u64::try_from(offset).unwrap_or(0),
            issuer,
            key_id,
            credential,
            session,
            token_subject,
            account,
            person,
            source_ip,
            user_agent,
            resource,
            fields,
            data_subjects: &[],
            subject_count: subject_count.and_then(|count| u64::try_from(count).ok()),
            subject_ref,
        }
    }
}

/// What a question can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pivot {
    /// A signing key.
    Key,
    /// An issuer.
    Issuer,
    /// An account.
    Account,
    /// A person who works or worked here.
    Person,
    /// A token or other credential, by its own id.
    Credential,
    /// A session.
    Session,
    /// A network address.
    Address,
    /// The network that an address is in: the first three numbers of four, or the first three groups.
    Network,
    /// Client software, as it calls itself.
    UserAgent,
    /// What was touched.
    Endpoint,
}

impl Pivot {
    /// Every pivot, in the order that answers prefer.
    pub const ALL: [Pivot; 10] = [
        Pivot::Key,
        Pivot::Account,
        Pivot::Person,
        Pivot::Credential,
        Pivot::Session,
        Pivot::Address,
        Pivot::Network,
        Pivot::Issuer,
        Pivot::UserAgent,
        Pivot::Endpoint,
    ];

    /// The pivot of a word.
    pub fn named(word: &str) -> Option<Pivot> {
        Pivot::ALL.into_iter().find(|pivot| pivot.word() == word)
    }

    /// The pivot's word.
    pub const fn word(self) -> &'static str {
        match self {
            Pivot::Key => "key",
            Pivot::Issuer => "issuer",
            Pivot::Account => "account",
            Pivot::Person => "person",
            Pivot::Credential => "credential",
            Pivot::Session => "session",
            Pivot::Address => "address",
            Pivot::Network => "network",
            Pivot::UserAgent => "user-agent",
            Pivot::Endpoint => "endpoint",
        }
    }

    /// The column it is kept in.
    pub(crate) const fn column(self) -> &'static str {
        match self {
            Pivot::Key => "key_id",
            Pivot::Issuer => "actor.session.issuer",
            Pivot::Account => "actor.user.uid",
            Pivot::Person => "person",
            Pivot::Credential => "actor.user.credential_uid",
            Pivot::Session => "actor.session.uid",
            Pivot::Address | Pivot::Network => "src_endpoint.ip",
            Pivot::UserAgent => "http_request.user_agent",
            Pivot::Endpoint => "resource.uid",
        }
    }

    /// What a row has there.
    pub fn of<'a>(self, row: &UseRow<'a>) -> &'a str {
        match self {
            Pivot::Key => row.key_id,
            Pivot::Issuer => row.issuer,
            Pivot::Account => row.account,
            Pivot::Person => row.person,
            Pivot::Credential => row.credential,
            Pivot::Session => row.session,
            Pivot::Address => row.source_ip,
            Pivot::Network => network(row.source_ip),
            Pivot::UserAgent => row.user_agent,
            Pivot::Endpoint => row.resource,
        }
    }
}

/// The part of an address that names its network: `192.0.2` of `192.0.2.7`, `2001:db8:1` of
/// `2001:db8:1:2::3`; nothing of what is neither.
pub(crate) fn network(address: &str) -> &str {
    if let Some((network, _)) = address.rsplit_once('.').filter(|_| !address.contains(':')) {
        return network;
    }
    let third = address.match_indices(':').nth(2).map(|(at, _)| at);
    // A group left out (`::`) before the third: the address is shorter than its network.
    third
        .and_then(|at| address.get(..at))
        .filter(|network| !network.contains("::") && !network.ends_with(':'))
        .unwrap_or("")
}

/// How an outcome is written: OCSF's captions of `status_id`.
pub(crate) const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unknown => "Unknown",
        Outcome::Refused => "Failure",
        Outcome::Answered => "Success",
    }
}

pub(crate) fn outcome(word: &str) -> Outcome {
    match word {
        "Failure" => Outcome::Refused,
        "Success" => Outcome::Answered,
        _ => Outcome::Unknown,
    }
}

pub(crate) const fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Retracted => "retracted",
        Stage::Provisional => "provisional",
        Stage::Confirmed => "confirmed",
    }
}

pub(crate) fn stage(word: &str) -> Stage {
    match word {
        "retracted" => Stage::Retracted,
        "provisional" => Stage::Provisional,
        _ => Stage::Confirmed,
    }
}

/// Writes the reason beside a judgement: the claims compared, or why it cannot be told.
pub(crate) fn write_reason(judgement: Option<Judgement>, into: &mut String) {
    into.clear();
    match judgement {
        Some(Judgement::Issued(claims) | Judgement::Mismatch(claims)) => {
            into.push_str(claims.bits().to_string().as_str())
        }
        Some(Judgement::Unjudgeable(why)) => into.push_str(why.words()),
        _ => {}
    }
}

pub(crate) fn judgement(word: &str, reason: &str) -> Option<Judgement> {
    let claims = || sever_model::ClaimSet::from_bits(reason.parse().unwrap_or_default());
    match word {
        "issued" => Some(Judgement::Issued(claims())),
        "mismatch" => Some(Judgement::Mismatch(claims())),
        "never-issued" => Some(Judgement::NeverIssued),
        "expired" => Some(Judgement::Expired),
        "unjudgeable" => {
            let known = Unjudgeable::ALL.into_iter().find(|why| why.words() == reason);
            Some(Judgement::Unjudgeable(known.unwrap_or(Unjudgeable::ClassNotCovered)))
        }
        _ => None,
    }
}
