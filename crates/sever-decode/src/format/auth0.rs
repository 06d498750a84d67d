//! `auth0`: tenant logs of Auth0.
//!
//! Log streams wrap each event in `{"log_id", "data": {…}}`, the Management API gives the inner object.
//! What a code is, is decided in [`code`], and what a call of the Management API is in [`call`].

mod call;
mod code;

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventKind, EventTime, Outcome, Row};

use super::{Format, http_outcome, paths, repairs};
use crate::json::{Found, Plan, Reader, Value};
use crate::mapping::Field;
use crate::memo::Memo;
use crate::sniff::{Sample, has, text};
use crate::{Framing, action, when};

pub(super) const FORMAT: Format = Format {
    id: "auth0",
    title: "Auth0 tenant logs",
    about: "Auth0's tenant logs: from a log stream (`{\"log_id\", \"data\": {\"type\", \"date\", …}}`) or as the Management \
API returns them (`GET /api/v2/logs`: the inner object, with `log_id` and `_id`). A record is told by its type code with a \
`log_id`, or by a code of Auth0's list with enough of its other fields beside it.\n\n`s`, `f`, `fp`, `fu`, `ssa`, \
`gd_auth_succeed` and the like are sign-ins, answered or refused; exchanges that succeed (`seacft`, `seccft`, `sertft`, \
`sepft`, …) are `issued`, of type `access`, for `user_id`, with the tenant's host as `issuer` (`https://shop.example/`); \
those that fail are `used` or sign-ins, refused. `ss` makes an account, `du` and `sdu` delete one, `scp` and second factors \
are `create-key`. A call of the Management API (`sapi`, `fapi`, `mgmt_api_read`) is told by its method and path \
(`delete`, `create-account`, `create-key`, `grant`, `audit` for log streams, `enable` and `disable` for attack \
protection), with the path as `resource`, the administrator as `actor`, and the `jti` of the token it was made with as \
`credential`, class `management`. `actor` is the user name or e-mail address where there is one, then the id; `client` is \
the client id; `node` the tenant; `resource` of a sign-in the connection.",
    joins: "Not by id: an exchange is logged without the `jti` of the token it gave, so that an access token's use cannot \
be found among them. `session_id` is that of the sign-in; ID tokens carry it as `sid`, and a verifier that logs that can \
join by `session`; access tokens do not carry it. Refresh tokens are never named. Calls of the Management API name their \
token's `jti`, whose issuance is logged by no one. So no class is built in, and uses are `unjudgeable`; add the id of the \
token in an Action (`api.accessToken.setCustomClaim`, and a log of your own) to have both sides.",
    framing: Framing::Json,
    whole: &[Field::Time],
    make: |settings| {
        let reader = Reader::new(plan(), settings.json_depth_max);
        settings.fixed(
            "auth0",
            Auth0 {
                reader,
                codes: Memo::default(),
                action: String::new(),
                issuer: String::new(),
                account: String::new(),
            },
        )
    },
    score,
};

paths! {
    LogId = "log_id" Text;
    Type = "type" Text;
    Date = "date" Text;
    UserId = "user_id" Text;
    UserName = "user_name" Text;
    ClientId = "client_id" Text;
    ClientName = "client_name" Text;
    Ip = "ip" Text;
    Agent = "user_agent" Text;
    Connection = "connection" Text;
    Audience = "audience" Text;
    Session = "session_id" Text;
    Tenant = "tenant_name" Text;
    Host = "hostname" Text;
    Description = "description" Text;
    Organization = "organization_name" Text;
    Method = "details.request.method" Text;
    Called = "details.request.path" Text;
    Administrator = "details.request.auth.user.email" Text;
    AdministratorName = "details.request.auth.user.name" Text;
    AdministratorId = "details.request.auth.user.user_id" Text;
    Jti = "details.request.auth.credentials.jti" Text;
    OnUser = "details.request.body.email" Text;
    OnUserToo = "details.request.body.user_id" Text;
    Made = "details.response.body.user_id" Text;
    Enabled = "details.response.body.enabled" Raw;
    Blocked = "details.request.body.blocked" Raw;
    Password = "details.request.body.password" Text;
    Status = "details.response.statusCode" Raw;
    Factor = "details.authenticator.type" Text;
}

/// What else tells an event of Auth0's, where it has lost its id.
const BESIDE: [Path; 10] = [
    Path::Date,
    Path::UserId,
    Path::UserName,
    Path::ClientId,
    Path::ClientName,
    Path::Ip,
    Path::Agent,
    Path::Description,
    Path::Called,
    Path::Host,
];

/// Where an event stands in what a log stream sends.
const WRAPPER: &str = "data.";

/// Slots of the bare writing; those of the wrapped one follow.
const BARE: usize = PATHS.len();

fn plan() -> Plan {
    let wrapped: Vec<(String, crate::json::Want)> =
        PATHS.iter().map(|(path, want)| (format!("{WRAPPER}{path}"), *want)).collect();
    let wrapped = wrapped.iter().map(|(path, want)| (path.as_str(), *want));
    Plan::any_case(&PATHS.iter().copied().chain(wrapped).collect::<Vec<_>>())
}

/// An event, whichever way it is written.
#[derive(Clone, Copy)]
struct Event<'a>(Found<'a>);

impl<'a> Event<'a> {
    fn text(self, path: Path) -> &'a str {
        self.0.first(&[BARE + path as usize, path as usize])
    }

    fn first(self, paths: &[Path]) -> &'a str {
        paths.iter().map(|path| self.text(*path)).find(|text| !text.is_empty()).unwrap_or("")
    }

    fn value(self, path: Path) -> Value {
        match self.0.value(BARE + path as usize) {
            Value::Absent => self.0.value(path as usize),
            value => value,
        }
    }

    /// Whether it is one of Auth0's. A type alone is anybody's.
    fn is_known(self, told_by: code::Told) -> bool {
        let code = self.text(Path::Type);
        if !code.is_empty() && !self.text(Path::LogId).is_empty() {
            return true;
        }
        // Wrapped, the rest of an event may be trimmed away; bare, a letter or two may be anybody's. Users'
        // ids of Auth0's name their connection before a bar.
        let sure = [Path::Tenant, Path::Connection, Path::Jti];
        let sure = !self.first(&sure).is_empty() || self.text(Path::UserId).contains('|');
        let beside = BESIDE.iter().filter(|path| self.value(**path) != Value::Absent).count();
        let wrapped = self.0.has(BARE + Path::Type as usize);
        let enough = if wrapped && code.len() > 2 { 1 } else { 2 };
        let named = wrapped || !self.first(&[Path::ClientId, Path::UserId]).is_empty();
        told_by.is_known && (sure || named && beside >= enough)
    }
}

struct Auth0 {
    reader: Reader,
    codes: Memo<1, code::Told>,
    action: String,
    issuer: String,
    /// A user's id of a path, decoded.
    account: String,
}

impl Decoder for Auth0 {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Auth0 { reader, codes, action, issuer, account } = self;
        let event = Event(reader.read(frame)?);
        let code = event.text(Path::Type);
        let told_by = codes.told([code], |[code]| code::Told::of(code));
        if !event.is_known(told_by) {
            return Err(Reason::Unrelated);
        }
        let (time, told) = when::said_or_not(&event.0, "date", &[BARE + Path::Date as usize, Path::Date as usize]);
        let called = told_by.is_call;
        let (kind, words) = if called { call::deed(code, &called_with(event)) } else { told_by.deed };
        // What a call does is described in Auth0's words; of other types the description is a client's.
        let described = if called { event.text(Path::Description) } else { "" };
        action::write(action, words, &[code, if described.is_empty() { "" } else { " " }, described]);
        issuer.clear();
        if !event.text(Path::Host).is_empty() {
            issuer.extend(["https://", event.text(Path::Host), "/"]);
        }
        let mut row = Row::new(time, kind, offset);
        row.action = action;
        row.outcome = outcome(event, told_by);
        row.source_ip = event.text(Path::Ip);
        row.user_agent = event.text(Path::Agent);
        row.client = event.first(&[Path::ClientId, Path::ClientName]);
        row.node = event.first(&[Path::Tenant, Path::Host]);
        row.session = event.text(Path::Session);
        row.audience = event.text(Path::Audience);
        row.resource = event.first(&[Path::Called, Path::Connection, Path::Factor, Path::Organization, Path::Audience]);
        row.token_subject = event.text(Path::UserId);
        let acted = [Path::UserName, Path::UserId, Path::ClientName, Path::ClientId];
        row.actor = event.first(&acted);
        match kind {
            EventKind::Authenticated => row.account = event.first(&[Path::UserName, Path::UserId]),
            EventKind::Issued => {
                (row.issuer, row.token_type) = (issuer, "access");
                row.account = event.first(&[Path::UserName, Path::UserId]);
                row.issued_at = Some(time).filter(|time| *time != EventTime::MIN);
            }
            _ if called || !event.text(Path::Jti).is_empty() => by_call(event, issuer, account, &mut row),
            EventKind::Changed => row.account = event.first(&[Path::UserName, Path::UserId]),
            _ => {}
        }
        out.push(&row);
        told
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// Who called the Management API, with what, and upon whom.
fn by_call<'a>(event: Event<'a>, issuer: &'a str, account: &'a mut String, row: &mut Row<'a>) {
    const CALLERS: &[Path] = &[
        Path::Administrator,
        Path::UserName,
        Path::AdministratorName,
        Path::AdministratorId,
        Path::UserId,
        Path::ClientName,
        Path::ClientId,
    ];
    row.actor = event.first(CALLERS);
    row.token_subject = event.first(&[Path::AdministratorId, Path::UserId]);
    row.credential = event.text(Path::Jti);
    if !row.credential.is_empty() {
        (row.issuer, row.token_type) = (issuer, "management");
    }
    if row.kind == EventKind::Changed {
        let named = event.first(&[Path::OnUser, Path::Made, Path::OnUserToo]);
        call::user(event.text(Path::Called), account);
        row.account = if named.is_empty() { account } else { named };
    }
}

fn called_with(event: Event<'_>) -> call::Call<'_> {
    let truth = |path| match event.value(path) {
        Value::Bool(truth) => Some(truth),
        _ => event.text(path).parse().ok(),
    };
    call::Call {
        method: event.text(Path::Method),
        path: event.text(Path::Called),
        enabled: truth(Path::Enabled),
        blocked: truth(Path::Blocked),
        sets_password: !event.text(Path::Password).is_empty(),
    }
}

fn outcome(event: Event<'_>, told_by: code::Told) -> Outcome {
    let status = match event.value(Path::Status) {
        Value::Unsigned(status) => Some(status),
        _ => event.text(Path::Status).parse().ok(),
    };
    match status {
        Some(status) => http_outcome(status),
        None => told_by.outcome,
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let inner = record.get("data").filter(|data| data.is_object()).unwrap_or(record);
        let code = text(inner, "type");
        let id = has(record, "log_id") || has(inner, "log_id");
        !code.is_empty() && id && (code::is_known(code) || has(inner, "client_id") || has(inner, "tenant_name"))
    });
    (share >= 0.3).then(|| ((share * 96.0) as u8, "Auth0's `log_id` and `type`".to_owned()))
}
