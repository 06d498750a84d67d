//! pgaudit's lines: `SESSION,1,1,READ,SELECT,TABLE,public.customers,"select …",<none>,7`.
//!
//! Columns: kind of audit, statement and sub-statement in the session, class, command, kind and name of
//! the object, statement, parameters, and, with `pgaudit.log_rows`, rows. The command is what was
//! executed; the statement may be a text of several.

use sever_model::EventKind;
use sever_model::port::EventSink;

use super::deed::{Deed, Object, is_secret};
use super::sql::{Tokens, each_statement};
use super::{Record, Writer};

const CLASS: usize = 3;
const COMMAND: usize = 4;
const OBJECT: usize = 6;
const STATEMENT: usize = 7;
const ROWS: usize = 9;

/// Pushes what a line of pgaudit says.
pub(super) fn push(writer: &mut Writer, audited: &str, record: &Record<'_>, out: &mut dyn EventSink) {
    let mut kept = std::mem::take(&mut writer.audit);
    let columns = kept.split(audited);
    if matches!(columns.at(0), "SESSION" | "OBJECT") && columns.len() > COMMAND {
        let (class, command, named) = (columns.at(CLASS), columns.at(COMMAND), columns.at(OBJECT));
        let statement = match columns.at(STATEMENT) {
            "<not logged>" | "<previously logged>" => "",
            statement => statement,
        };
        if let Some((mut deed, written)) = deed(command, statement) {
            // Objects that a definition names are of several kinds, and only relations are told whole.
            if !named.is_empty() && !matches!(deed.object, Object::Role(_) | Object::Setting(_) | Object::Database(_)) {
                deed.object = Object::Within(named);
            }
            deed.kind = match class {
                "READ" if is_secret(named) => EventKind::Read,
                "WRITE" | "ROLE" | "DDL" => EventKind::Changed,
                _ => deed.kind,
            };
            let reads = class == "READ";
            let mut row = writer.row_of(&deed, &[command], deed.object, record);
            row.account = deed.account;
            if reads {
                row.subject_ref = written;
                // pgaudit does not count what COPY copies, and says 0.
                row.subject_count = columns.at(ROWS).parse().ok().filter(|rows| *rows > 0 || command != "COPY");
            }
            out.push(&row);
        }
    }
    writer.audit = kept;
}

/// What a command does, and its text: told by the statement of that name, else by its name alone. The
/// text may hold other statements too, with a password in them.
fn deed<'a>(command: &'a str, statement: &'a str) -> Option<(Deed<'a>, &'a str)> {
    let by_name = Deed::of(Tokens::of(command))?;
    let (mut told, mut count) = (None, 0);
    each_statement(statement, &mut |tokens, written| {
        // `SET` and `GRANT` are the tags of more than one kind of statement.
        let fits = |deed: &Deed<'_>| deed.verb == by_name.verb && (by_name.of.is_empty() || deed.of == by_name.of);
        let deed = Deed::of(tokens).filter(fits);
        told = told.take().or(deed.map(|deed| (deed, written)));
        count += 1;
    });
    // What is executed may be named otherwise than it begins (`WITH` is a SELECT): where the text is of
    // one statement, it is that.
    Some(told.unwrap_or((by_name, if count == 1 { statement } else { "" })))
}
