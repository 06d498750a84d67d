//! `adfs`: the audits of Active Directory Federation Services, which stand in the Security log of its
//! servers.
//!
//! Since Windows Server 2016 an audit's data are an activity id and the audit as XML; before, and in
//! verbose audits, they are numbered parameters. What an audit is about is read in [`audit`].

mod audit;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, Outcome, Row, Zone};

use super::winlog::{self, Record, Winlog};
use super::{Format, paths, repairs_of};
use crate::mapping::Field;
use crate::sniff::Sample;
use crate::{Framing, action, when};
use audit::Audit;

pub(super) const FORMAT: Format = Format {
    id: "adfs",
    title: "AD FS audits",
    about: "The audits of Active Directory Federation Services: events of the provider `AD FS Auditing` in the \
Security log of each federation server, as winlogbeat, NXLog, Sentinel, evtx_dump or Wazuh write them as JSON. Switch \
them on with `auditpol` (Application Generated) and `Set-AdfsProperties -AuditLevel Verbose`. Events of other \
providers are unrelated.\n\n`1200` (a token was issued; before 2016, and in verbose audits, `299`) is `issued`: \
`credential` is the activity id, `audience` and `resource` the relying party, `account` and `token_subject` the user, \
`client` the OAuth client, `token_type` `saml` or `oauth`; issuer `adfs`. `1201` and `324` are the same refused. \
`1202`, `1203`, `411`, `412`, `413` and `1210` are sign-ins; password changes (`1204`, `405`) `changed` with \
`create-key`; requests, answers and what adds to another event (`403`, `404`, `410`, `500`, `501`, `510`) are `used`. \
`session` is the instance id that joins a request's events, else the activity id; `parent` the activity id where the \
event is no issuance.\n\nNXLog's `EventTime` has no zone: set `zone` under `[log.map]`.",
    joins: "By activity id, which AD FS hands on: Entra's sign-in for an assertion that it accepted carries it as \
`correlationId`. *Golden SAML* is an assertion accepted at the relying party that no `1200` or `299` issued. Configure \
a class with issuer `adfs`, `issued_in` this log, `used_in` the `entra` log, token type `saml`, join `parent`: a \
federated sign-in there names the assertion as its `parent`. It needs the log of every federation server of the farm, \
and clients may send the id, so that its absence is firm and its presence is not. Relying parties that do not log the \
activity id (most do not) cannot be joined: the log holds no assertion id, and no digest of one. Within this log \
alone nothing is a use of a token, so that no class is built in.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Node],
    make: |settings| {
        let winlog = Winlog::new(PATHS, settings.json_depth_max);
        let zone = settings.zone.clone();
        settings.fixed("adfs", Adfs { winlog, zone, audit: Audit::default(), action: String::new() })
    },
    score,
};

const PROVIDER: &str = "AD FS Auditing";
/// Who issues: every server of a farm signs with the same key.
pub(super) const ISSUER: &str = "adfs";

paths! {
    First = "param1" Text;
    Second = "param2" Text;
    Third = "param3" Text;
    Fourth = "param4" Text;
    Fifth = "param5" Text;
    Sixth = "param6" Text;
    Seventh = "param7" Text;
    Eighth = "param8" Text;
    Ninth = "param9" Text;
    Tenth = "param10" Text;
    Eleventh = "param11" Text;
    Twelfth = "param12" Text;
    Thirteenth = "param13" Text;
    Fourteenth = "param14" Text;
}

struct Adfs {
    winlog: Winlog,
    zone: Option<Zone>,
    audit: Audit,
    action: String,
}

impl Decoder for Adfs {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Adfs { winlog, zone, audit, action } = self;
        let record = winlog.read(frame)?;
        if !is_own(&record) {
            return Err(Reason::Unrelated);
        }
        let (time, fault) = when::or_untimed(record.time(zone.as_ref()));
        audit.read(&record);
        let deed = Deed::of(record.id);
        action::write(action, deed.words, &[deed.name]);
        if deed.name.is_empty() {
            action.push_str(&record.id.to_string());
            action.push(' ');
            action.push_str(&audit.kind);
        }
        let mut row = Row::new(time, deed.kind, offset);
        row.action = action.trim_end();
        row.outcome = first_known(&[audit.outcome, deed.outcome, record.outcome()]);
        row.node = record.computer;
        // `CORP\ann` is `ann` to the directory; `ann@corp.example` is a name of its own.
        row.actor = audit.user.rsplit('\\').next().unwrap_or("");
        (row.account, row.token_subject) = (row.actor, &audit.user);
        (row.audience, row.client) = (&audit.relying_party, &audit.client);
        row.resource = if audit.endpoint.is_empty() || deed.kind == EventKind::Issued {
            &audit.relying_party
        } else {
            &audit.endpoint
        };
        (row.source_ip, row.user_agent) = (&audit.ip, &audit.user_agent);
        row.session = if audit.instance.is_empty() { &audit.activity } else { &audit.instance };
        if deed.kind == EventKind::Issued {
            if row.outcome == Outcome::Refused {
                row.kind = EventKind::Authenticated;
            } else {
                (row.issuer, row.credential) = (ISSUER, &audit.activity);
                row.token_type = audit.token_type();
                row.issued_at = Some(time).filter(|at| *at != sever_model::EventTime::MIN);
            }
        }
        if row.credential.is_empty() {
            row.parent = &audit.activity;
        }
        out.push(&row);
        fault
    }

    fn notes(&self) -> Vec<Note> {
        repairs_of(&self.winlog.readers())
    }
}

/// Whether an event is of AD FS: by its provider, or by the audit in it where that was left out.
fn is_own(record: &Record<'_>) -> bool {
    if record.provider.is_empty() {
        let second = record.data.text(Path::Second as usize);
        return second.contains("<AuditBase") || record.message.contains("<AuditBase");
    }
    record.provider.trim().eq_ignore_ascii_case(PROVIDER)
}

fn first_known(outcomes: &[Outcome]) -> Outcome {
    outcomes.iter().copied().find(|outcome| *outcome != Outcome::Unknown).unwrap_or_default()
}

/// What an audit tells.
struct Deed {
    kind: EventKind,
    outcome: Outcome,
    words: &'static [&'static str],
    /// The id, and AD FS' own name for it.
    name: &'static str,
}

impl Deed {
    /// Source: the list of AD FS events of Microsoft's AD FS Help.
    fn of(id: u32) -> Deed {
        use EventKind::{Authenticated, Changed, Issued, Used};
        use Outcome::{Answered, Refused, Unknown};
        let (kind, outcome, name) = match id {
            299 => (Issued, Answered, "299 TokenIssuanceSuccessAudit"),
            1200 => (Issued, Answered, "1200 AppTokenSuccessAudit"),
            1201 => (Authenticated, Refused, "1201 AppTokenFailureAudit"),
            324 => (Authenticated, Refused, "324 TokenIssuanceAuthorizationFailureAudit"),
            325 => (Authenticated, Refused, "325 TokenIssuanceDelegationAuthorizationFailureAudit"),
            1202 => (Authenticated, Answered, "1202 FreshCredentialSuccessAudit"),
            1203 => (Authenticated, Refused, "1203 FreshCredentialFailureAudit"),
            411 => (Authenticated, Refused, "411 SecurityTokenValidationFailureAudit"),
            412 => (Authenticated, Answered, "412 AuthenticationSuccessAudit"),
            413 => (Authenticated, Refused, "413 AuthenticationFailureAudit"),
            1210 => (Authenticated, Refused, "1210 ExtranetLockoutAudit"),
            512 | 515 | 516 => (Authenticated, Refused, "ExtranetLockoutUserAudit"),
            1204 => (Changed, Answered, "1204 PasswordChangeBasicSuccessAudit"),
            1205 => (Changed, Refused, "1205 PasswordChangeBasicFailureAudit"),
            405 => (Changed, Answered, "405 PasswordChangeSuccessAudit"),
            406 => (Changed, Refused, "406 PasswordChangeFailureAudit"),
            1206 => (Used, Answered, "1206 SignOutSuccessAudit"),
            1207 => (Used, Refused, "1207 SignOutFailureAudit"),
            403 => (Used, Unknown, "403 RequestReceivedSuccessAudit"),
            404 => (Used, Unknown, "404 ResponseSentSuccessAudit"),
            410 => (Used, Unknown, "410 RequestContextHeadersSuccessAudit"),
            500 => (Used, Unknown, "500 IssuedIdentityClaims"),
            501 => (Used, Unknown, "501 CallerIdentityClaims"),
            502 => (Used, Unknown, "502 OnBehalfOfUserClaims"),
            503 => (Used, Unknown, "503 ActAsUserClaims"),
            510 => (Used, Unknown, "510 LongText"),
            _ => (Used, Unknown, ""),
        };
        let words: &[&str] = if kind == Changed && outcome == Answered { &["create-key"] } else { &[] };
        Deed { kind, outcome, words, name }
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let (provider, _, has_id) = winlog::said_by(record);
        has_id && provider.trim().eq_ignore_ascii_case(PROVIDER)
    });
    (share >= 0.2).then(|| ((70.0 + share * 28.0) as u8, format!("events of `{PROVIDER}`")))
}
