//! `postgres-csv`: PostgreSQL's log as CSV (`log_destination = csvlog`).

use std::borrow::Cow;

use sever_model::LocalTimes;
use sever_model::port::{Decoder, EventSink, Note, Reason};

use super::columns::Columns;
use super::postgres::{self, Record, Writer};
use super::{Format, repaired, shortened};
use crate::Framing;
use crate::mapping::Field;
use crate::search::cut_last;
use crate::sniff::Sample;

pub(super) const FORMAT: Format = Format {
    id: "postgres-csv",
    title: "PostgreSQL csvlog",
    about: "`log_destination = csvlog` (23 columns before 13, 24 in 13, 26 since; further ones are left alone), with \
`log_connections` and `log_disconnections` on and pgaudit, or `log_statement`. Records span lines where a statement \
does; a file torn by a crash or cut in the middle loses the records around the tear, counted, and nothing that a client \
wrote is taken for one.\n\nEach record gives at most one event, but for statements that hold several.\n\n\
`connection authorized` is a sign-in (`authenticated`, answered), with the database as `resource` and, from \
`connection authenticated` (14 and later), the method as `action` and the identity that it proved as `token_subject`. It is \
told once it stands: at the session's next record, or five seconds on, for the server looks only then whether the role may \
log in. A FATAL record of authentication or start-up is a sign-in that was refused. `connection received` and `disconnection` are \
`used`. `session` is the session's id, `actor` the role that signed in, whatever `SET ROLE` says later, `user_agent` \
the application's name, `source_ip` the host.\n\npgaudit's lines (`AUDIT: SESSION,…`, `AUDIT: OBJECT,…`) give what was \
done: reading is `used` (`read` for `pg_authid` and other tables of secrets) with the relation as `resource`, the \
statement as `subject_ref`, and, with `pgaudit.log_rows`, the rows as `subject_count`; `COPY … TO` carries `export`; \
writing is `changed`; roles, rights and definitions are `changed` with our words: `create-account CREATE ROLE`, \
`create-key ALTER ROLE` (a password), `enable`, `disable` (LOGIN, NOLOGIN), `grant GRANT`, `delete DROP TABLE`, `audit \
ALTER SYSTEM` (settings of pgaudit and of the log). Without pgaudit the same is read from `log_statement` and \
`log_min_duration_statement` lines, as far as their text tells: the first relation of a SELECT, no function's doings. \
Rows deleted are a change, not a deletion. A refused right (`42501`) is `used`, refused; `received replication command: \
BASE_BACKUP` carries `export`. Where both pgaudit and `log_statement` are on, each deed is told \
twice. Transaction control and all other lines say nothing about access and give no event.\n\n\
Resources are named as the inventory of PostgreSQL names them: `shop/public/customers`, `role/ann`, `shop`. A statement \
is kept only where it reads, for others may hold a password.\n\nTimes are in `log_timezone`. UTC, GMT and numeric \
abbreviations (`+03`) are read as they are; with any other (`CEST`) set `zone` under `[log.map]`, for abbreviations are \
not unique. A record whose abbreviation that zone does not have is rejected.",
    joins: postgres::JOINS,
    framing: Framing::Csv,
    whole: &[Field::Time],
    make: |settings| {
        let (columns, writer) = (Columns::default(), Writer::default());
        settings.fixed("postgres-csv", PostgresCsv { columns, writer, times: settings.local_times(), utf8_repairs: 0 })
    },
    score,
};

/// The columns of releases before 13; later ones have more behind these.
const COLUMNS_MIN: usize = 23;

// The columns that are read, by their place in every release.
const TIME: usize = 0;
const USER: usize = 1;
const DATABASE: usize = 2;
const CONNECTION: usize = 4;
const SESSION: usize = 5;
const DOING: usize = 7;
const SEVERITY: usize = 11;
const STATE: usize = 12;
const MESSAGE: usize = 13;
const CONTEXT: usize = 18;
const APPLICATION: usize = 22;

struct PostgresCsv {
    columns: Columns,
    writer: Writer,
    times: Option<LocalTimes>,
    utf8_repairs: u64,
}

impl Decoder for PostgresCsv {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        let PostgresCsv { columns, writer, times, utf8_repairs } = self;
        let text = repaired(frame);
        *utf8_repairs += u64::from(matches!(text, Cow::Owned(_)));
        let columns = columns.split(&text);
        let at = |column| columns.at(column);
        if !begins_with_time(at(TIME)) {
            return Err(Reason::Unrelated);
        }
        if columns.len() < COLUMNS_MIN {
            return Err(Reason::Syntax(format!("csvlog has at least {COLUMNS_MIN} columns, not {}", columns.len())));
        }
        if !postgres::is_severity(at(SEVERITY)) {
            return Err(Reason::Invalid("error_severity", shortened(at(SEVERITY))));
        }
        let record = Record {
            time: postgres::time(at(TIME), times.as_mut())?,
            offset,
            user: at(USER),
            database: at(DATABASE),
            host: host(at(CONNECTION)),
            session: at(SESSION),
            doing: at(DOING),
            severity: at(SEVERITY),
            state: at(STATE),
            message: at(MESSAGE),
            context: at(CONTEXT),
            application: at(APPLICATION),
        };
        writer.push(&record, out);
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn EventSink) {
        self.writer.finish(out);
    }

    fn notes(&self) -> Vec<Note> {
        let repaired = Note { what: "repaired", of: "utf-8", count: self.utf8_repairs };
        Some(repaired).filter(|note| note.count > 0).into_iter().collect()
    }
}

/// A host without its port, which follows the last colon whatever the address is: `2001:db8::1:5432`.
fn host(connection: &str) -> &str {
    cut_last(connection, ":").map_or(connection, |(host, _)| host)
}

/// Whether a text begins as `2026-03-31 09:00:00`.
fn begins_with_time(text: &str) -> bool {
    let shape = b"0000-00-00 00:00:00";
    let fits = |(byte, of): (&u8, &u8)| if *of == b'0' { byte.is_ascii_digit() } else { byte == of };
    text.len() >= shape.len() && text.as_bytes().iter().zip(shape).all(fits)
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let mut columns = Columns::default();
    let mut begins = |line: &str| {
        let columns = columns.split(line);
        let session = columns.at(SESSION).split_once('.');
        let hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        begins_with_time(columns.at(TIME))
            && session.is_some_and(|(start, process)| hex(start) && hex(process))
            && postgres::is_severity(columns.at(SEVERITY))
    };
    // Most lines may be those of long statements.
    let count = sample.lines.iter().filter(|line| begins(line)).count();
    let share = count as f64 / sample.lines.len().max(1) as f64;
    (share >= 0.02)
        .then(|| ((90.0 + share * 8.0) as u8, "csvlog's session ids and severities in their columns".to_owned()))
}
