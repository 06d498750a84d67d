//! `snowflake`: rows of Snowflake's account usage views.
//!
//! Four views are read, each row known by its columns: LOGIN_HISTORY, SESSIONS, QUERY_HISTORY and
//! ACCESS_HISTORY. What a statement does is decided in [`statement`]; rows of CSV are read in [`csv`].

mod csv;
mod row;
mod statement;

use sever_model::Zone;
use sever_model::port::{Decoder, EventSink, Note, Reason};

use super::{Format, paths, repairs};
use crate::json::{Found, Plan, Reader};
use crate::mapping::Field;
use crate::search::{cut_at, until};
use crate::sniff::{Sample, has};
use crate::{Framing, when};

pub(super) const FORMAT: Format = Format {
    id: "snowflake",
    title: "Snowflake account usage",
    about: "Rows of `SNOWFLAKE.ACCOUNT_USAGE`, one JSON object a line with the columns' names as keys (`SELECT \
OBJECT_CONSTRUCT(*)`, or unloaded as JSON); LOGIN_HISTORY also as CSV with its header. Set `TIMEZONE = 'UTC'` for the \
session that exports: an instant without an offset is read as UTC, or in the `zone` of the mapping. The views lag \
by up to three hours.\n\nLOGIN_HISTORY gives `authenticated`, with the factors in the action (`LOGIN PASSWORD+OTP`), \
the error behind them, the login's `EVENT_ID` as `parent` and the factor's id as `key_id`. SESSIONS gives `issued`: the \
session, and its login (`LOGIN_EVENT_ID`) as `parent`. QUERY_HISTORY gives a use of the session by each statement: \
`changed` for what creates, alters, grants or loads, else `used`, with our words before the query type \
(`create-account CREATE_USER`, `grant GRANT`, `delete DROP_TABLE`, `export UNLOAD`); `resource` is the database and \
schema, `subject_ref` the query's id, `node` the warehouse, `audience` the role. `subject_count` is the rows that a \
SELECT gave or an UNLOAD wrote: an upper bound of people, and of them only where the rows are people. \
ACCESS_HISTORY gives the objects that a query read as `resource` and their columns as `fields`.",
    joins: "By session: SESSIONS names each session that was opened and QUERY_HISTORY the session of each statement \
(join `session`, issuer `snowflake`, class `session`), where both stand in one log. SESSIONS leaves out the ephemeral \
sessions of the SQL API and those of Snowflake's own internal users, so that a statement of theirs has no issuance: do \
not declare the log complete where they occur. Sessions can be kept alive, so that the class's lifetime is a year, and an unknown \
session may be from before the log until that is as old: where a session policy ends them, declare the class with its \
limit. A login joins its session by `parent`. Tokens and keys that a login was \
made with are not in the views but for the id of the factor.",
    framing: Framing::Json,
    whole: &[Field::Time, Field::Outcome, Field::Actor, Field::Action],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        let zone = settings.zone.clone().unwrap_or(Zone::UTC);
        let (table, text) = (csv::Table::default(), row::Text::default());
        settings.fixed("snowflake", Snowflake { reader, zone, table, text })
    },
    score,
};

paths! {
    EventId = "EVENT_ID" Text;
    EventTime = "EVENT_TIMESTAMP" Raw;
    EventType = "EVENT_TYPE" Text;
    User = "USER_NAME" Text;
    Ip = "CLIENT_IP" Text;
    ClientType = "REPORTED_CLIENT_TYPE" Text;
    ClientVersion = "REPORTED_CLIENT_VERSION" Text;
    FirstFactor = "FIRST_AUTHENTICATION_FACTOR" Text;
    SecondFactor = "SECOND_AUTHENTICATION_FACTOR" Text;
    FactorId = "FIRST_AUTHENTICATION_FACTOR_ID" Text;
    Success = "IS_SUCCESS" Text;
    ErrorCode = "ERROR_CODE" Text;
    ErrorMessage = "ERROR_MESSAGE" Text;
    RelatedEvent = "RELATED_EVENT_ID" Text;
    Connection = "CONNECTION" Text;
    SessionId = "SESSION_ID" Text;
    CreatedOn = "CREATED_ON" Raw;
    LoginEvent = "LOGIN_EVENT_ID" Text;
    Method = "AUTHENTICATION_METHOD" Text;
    Application = "CLIENT_APPLICATION_ID" Text;
    QueryId = "QUERY_ID" Text;
    QueryType = "QUERY_TYPE" Text;
    QueryText = "QUERY_TEXT" Text;
    StartTime = "START_TIME" Raw;
    EndTime = "END_TIME" Raw;
    Status = "EXECUTION_STATUS" Text;
    Role = "ROLE_NAME" Text;
    Database = "DATABASE_NAME" Text;
    Schema = "SCHEMA_NAME" Text;
    Warehouse = "WAREHOUSE_NAME" Text;
    RowsProduced = "ROWS_PRODUCED" Raw;
    RowsUnloaded = "ROWS_UNLOADED" Raw;
    QueryStart = "QUERY_START_TIME" Raw;
    BaseObjects = "BASE_OBJECTS_ACCESSED.objectName" Joined(',');
    BaseColumns = "BASE_OBJECTS_ACCESSED.columns.columnName" Joined(',');
    DirectObjects = "DIRECT_OBJECTS_ACCESSED.objectName" Joined(',');
    DirectColumns = "DIRECT_OBJECTS_ACCESSED.columns.columnName" Joined(',');
    Modified = "OBJECTS_MODIFIED.objectName" Joined(',');
}

/// Which view a row is of.
#[derive(Clone, Copy)]
enum View {
    Login,
    Session,
    Query,
    Access,
}

struct Snowflake {
    reader: Reader,
    zone: Zone,
    table: csv::Table,
    text: row::Text,
}

impl Decoder for Snowflake {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let Snowflake { reader, zone, table, text } = self;
        let found = match frame.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => reader.read(frame)?,
            _ => match table.read(frame, reader)? {
                Some(row) => row,
                None => return Ok(()),
            },
        };
        let view = view(&found).ok_or(Reason::Unrelated)?;
        let times: &[Path] = match view {
            View::Login => &[Path::EventTime],
            View::Session => &[Path::CreatedOn],
            View::Query => &[Path::StartTime, Path::EndTime],
            View::Access => &[Path::QueryStart],
        };
        let slot = times.iter().map(|path| *path as usize).find(|slot| found.has(*slot));
        let slot = slot.unwrap_or(Path::EventTime as usize);
        let time = match with_offset(found.text(slot)) {
            Some(time) => time,
            None => when::said(&found, "time", &[slot], Some(zone))?,
        };
        row::push(&found, view, time, offset, text, out);
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

/// `2024-10-08 07:38:46.061 -0700`, as Snowflake writes what has a zone.
fn with_offset(text: &str) -> Option<sever_model::EventTime> {
    let (date, rest) = cut_at(text, b' ')?;
    let (clock, offset) = cut_at(rest, b' ')?;
    let mut written = when::Written::of(date)?;
    for part in ["T", clock, until(offset, b' ')] {
        written.push(part)?;
    }
    sever_model::EventTime::read(written.text())
}

/// Which view a row is of: by a column that only that view has, and one more.
fn view(found: &Found<'_>) -> Option<View> {
    let has = |paths: &[Path]| paths.iter().any(|path| found.has(*path as usize));
    let factor = [Path::FirstFactor, Path::ClientType, Path::ClientVersion, Path::RelatedEvent, Path::Success];
    let login = [Path::EventType, Path::EventId, Path::EventTime, Path::User, Path::Ip];
    let session = [Path::LoginEvent, Path::Method, Path::Application];
    let query = [Path::QueryType, Path::Status, Path::Warehouse, Path::Role, Path::RowsProduced, Path::SessionId];
    let access = [Path::BaseObjects, Path::DirectObjects, Path::Modified, Path::QueryStart];
    match () {
        () if has(&[Path::QueryId]) && has(&access) => Some(View::Access),
        () if has(&[Path::QueryId]) && has(&query) => Some(View::Query),
        () if has(&[Path::SessionId]) && has(&session) => Some(View::Session),
        () if has(&factor) && has(&login) => Some(View::Login),
        () => None,
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        let all = |keys: &[&str]| keys.iter().all(|key| has(record, key));
        all(&["EVENT_TYPE", "IS_SUCCESS", "REPORTED_CLIENT_TYPE"])
            || all(&["EVENT_TYPE", "FIRST_AUTHENTICATION_FACTOR"])
            || all(&["SESSION_ID", "LOGIN_EVENT_ID"])
            || all(&["QUERY_ID", "QUERY_TYPE"])
            || all(&["QUERY_ID", "DIRECT_OBJECTS_ACCESSED"])
    });
    let header = sample.lines.first().is_some_and(|line| csv::is_header(line));
    if header {
        return Some((96, "the header of LOGIN_HISTORY".to_owned()));
    }
    (share >= 0.3).then(|| ((share * 96.0) as u8, "columns of Snowflake's account usage views".to_owned()))
}
