//! `handovers`: sanctioned hand-overs of accounts and credentials, as a table that people keep.

use sever_model::port::Reason;
use sever_model::{AccountId, CredentialId, Fact, FactKind, Handover, Record, SystemId};

use crate::row::{Row, id_of_any};
use crate::tables::{Rows, Table};
use crate::{Column, Provider};

pub(crate) const PROVIDER: Provider = Provider {
    id: "handovers",
    title: "Sanctioned hand-overs",
    about: "One row per account or credential that may be used, for a time, although its holder has left: who \
            answers for it now, who sanctioned it and why. A row without a reason is rejected. \
            Uses by the new holder within the time are then no finding; what was used before or \
            after it still is.",
    scope: "none: a list that people keep",
    kinds: TABLE.kinds,
    columns: TABLE.columns,
    together: false,
    sniff: |sample| TABLE.sniff(sample),
    open: |settings| TABLE.open(settings),
};

static TABLE: Table = Table {
    id: "handovers",
    columns: COLUMNS,
    needs: &[&[&ACCOUNT, &CREDENTIAL], &[&TO], &[&REASON]],
    kinds: &[FactKind::Handover],
    rows: |context| Box::new(Handovers { system: context.system.clone() }),
};

const COLUMNS: &[&Column] = &[&ACCOUNT, &CREDENTIAL, &TO, &REASON, &FROM, &UNTIL];
static ACCOUNT: Column =
    Column::text(0, "account", &["accountid"], "the account handed over, its system first (`ldap/alice`)");
static CREDENTIAL: Column =
    Column::text(1, "credential", &["credentialid", "keyid", "key"], "or the credential, likewise");
static TO: Column = Column::text(2, "to", &["newowner", "handedto", "successor"], "who answers for it now");
static REASON: Column = Column::text(3, "reason", &["why", "ticket", "note"], "who sanctioned it and why");
static FROM: Column = Column::time(4, "from", &["since", "start"], "since when");
static UNTIL: Column = Column::time(5, "until", &["end", "expires"], "until when; a day counts whole");

struct Handovers {
    system: SystemId,
}

impl Rows for Handovers {
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason> {
        let id = |name| id_of_any(&self.system, name);
        let handover = Handover {
            account: row.some(&ACCOUNT).map(|name| AccountId::from(id(name))),
            credential: row.some(&CREDENTIAL).map(|name| CredentialId::from(id(name))),
            to: row.need(&TO)?.to_owned(),
            reason: row.need(&REASON)?.to_owned(),
        };
        if handover.account.is_none() && handover.credential.is_none() {
            return Err(Reason::Missing(ACCOUNT.name));
        }
        emit(Record { fact: Fact::Handover(handover), valid: row.valid(&FROM, &UNTIL)? });
        Ok(())
    }
}
