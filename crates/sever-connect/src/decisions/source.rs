//! `decisions`: what people have decided about whose an account is, as a table.

use sever_model::port::Reason;
use sever_model::{AccountId, Fact, FactKind, Link, PersonId, Record, SystemId, Valid};

use crate::row::{Row, id_of_any};
use crate::tables::{Rows, Seen, Table};
use crate::{Column, Provider};

pub(crate) const PROVIDER: Provider = Provider {
    id: "decisions",
    title: "Decisions about accounts",
    about: "One row per account that a human has looked at: whose it is, or `nobody`. It overrides every guess. A \
            row without who decided and why is rejected.",
    scope: "none: a list that people keep",
    kinds: TABLE.kinds,
    columns: TABLE.columns,
    together: false,
    sniff: |sample| TABLE.sniff(sample),
    open: |settings| TABLE.open(settings),
};

static TABLE: Table = Table {
    id: "decisions",
    columns: COLUMNS,
    needs: &[&[&ACCOUNT], &[&PERSON], &[&DECIDED_BY], &[&REASON]],
    kinds: &[FactKind::Link],
    rows: |context| Box::new(Decisions { system: context.system.clone(), seen: Seen::default() }),
};

const COLUMNS: &[&Column] = &[&ACCOUNT, &PERSON, &DECIDED_BY, &REASON];
static ACCOUNT: Column = Column::text(0, "account", &["accountid"], "the account, its system first (`ldap/alice`)");
static PERSON: Column = Column::text(1, "person", &["personid", "employeeid"], "the HR id of the person, or `nobody`");
static DECIDED_BY: Column = Column::text(2, "decided_by", &["decidedby", "by", "reviewer"], "who decided");
static REASON: Column = Column::text(3, "reason", &["why", "note"], "why");

struct Decisions {
    system: SystemId,
    seen: Seen,
}

impl Rows for Decisions {
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason> {
        let account = id_of_any(&self.system, row.need(&ACCOUNT)?);
        let person = row.need(&PERSON)?;
        let nobody = matches!(person.to_lowercase().as_str(), "nobody" | "none" | "-");
        let link = Link {
            account: AccountId::from(account.clone()),
            person: (!nobody).then(|| PersonId::from(person)),
            decided_by: row.need(&DECIDED_BY)?.to_owned(),
            reason: row.need(&REASON)?.to_owned(),
        };
        self.seen.once(&account, row.place)?;
        emit(Record { fact: Fact::Link(link), valid: Valid::ALWAYS });
        Ok(())
    }
}
