//! `postgres-json`: PostgreSQL's log as JSON (`log_destination = jsonlog`, 15 and later).

use sever_model::port::{Decoder, EventSink, Note, Reason};
use sever_model::{EventTime, LocalTimes};

use super::postgres::{self, Record, Writer};
use super::{Format, paths, repairs};
use crate::json::{Plan, Reader};
use crate::mapping::Field;
use crate::sniff::{Sample, has, text};
use crate::{Framing, when};

pub(super) const FORMAT: Format = Format {
    id: "postgres-json",
    title: "PostgreSQL jsonlog",
    about: "`log_destination = jsonlog`, from PostgreSQL 15 on: an object a line, with the columns of `postgres-csv` \
under their names (`timestamp`, `user`, `dbname`, `remote_host`, `session_id`, `ps`, `error_severity`, `state_code`, \
`message`, `context`, `application_name`). Each becomes what it becomes there, pgaudit's messages too, and times need \
`zone` where they do there. A record is told by its `error_severity` and one of the others' names.",
    joins: postgres::JOINS,
    framing: Framing::Json,
    whole: &[Field::Time],
    make: |settings| {
        let reader = Reader::new(Plan::any_case(PATHS), settings.json_depth_max);
        let times = settings.local_times();
        settings.fixed("postgres-json", PostgresJson { reader, writer: Writer::default(), times })
    },
    score,
};

paths! {
    Timestamp = "timestamp" Text;
    User = "user" Text;
    Database = "dbname" Text;
    Process = "pid" Text;
    Host = "remote_host" Text;
    Session = "session_id" Text;
    Doing = "ps" Text;
    Severity = "error_severity" Text;
    State = "state_code" Text;
    Message = "message" Text;
    Context = "context" Text;
    Application = "application_name" Text;
    Backend = "backend_type" Text;
}

struct PostgresJson {
    reader: Reader,
    writer: Writer,
    times: Option<LocalTimes>,
}

impl Decoder for PostgresJson {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let found = self.reader.read(frame)?;
        let text = |path: Path| found.text(path as usize);
        let beside = [Path::State, Path::Backend, Path::Session, Path::Process];
        if !postgres::is_severity(text(Path::Severity)) || !beside.into_iter().any(|path| !text(path).is_empty()) {
            return Err(Reason::Unrelated);
        }
        let said = text(Path::Timestamp);
        // What shippers rewrite has an offset.
        let time = match when::instant_text(said, None) {
            Some(time) => time,
            None if !found.has(Path::Timestamp as usize) => EventTime::MIN,
            None => postgres::time(said, self.times.as_mut())?,
        };
        let record = Record {
            time,
            offset,
            user: text(Path::User),
            database: text(Path::Database),
            host: text(Path::Host),
            session: text(Path::Session),
            doing: text(Path::Doing),
            severity: text(Path::Severity),
            state: text(Path::State),
            message: text(Path::Message),
            context: text(Path::Context),
            application: text(Path::Application),
        };
        self.writer.push(&record, out);
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn EventSink) {
        self.writer.finish(out);
    }

    fn notes(&self) -> Vec<Note> {
        repairs(&self.reader)
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.share(|record| {
        postgres::is_severity(text(record, "error_severity"))
            && ["state_code", "backend_type", "session_id", "pid"].iter().any(|key| has(record, key))
    });
    (share >= 0.3).then(|| ((share * 97.0) as u8, "jsonlog's `error_severity`".to_owned()))
}
