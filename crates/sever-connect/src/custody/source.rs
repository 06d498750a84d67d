//! `custody`: who made, held, read or could read a key, as a table that people keep.

use sever_model::port::Reason;
use sever_model::{
    AccountId, CredentialId, Custody, Fact, FactKind, GroupId, Holder, PersonId, Record, Strength, SystemId,
};

use crate::rights::source::{KINDS, Kind};
use crate::row::{Row, id_of_any};
use crate::tables::{Rows, Table};
use crate::{Column, Provider};

pub(crate) const PROVIDER: Provider = Provider {
    id: "custody",
    title: "Custody of keys, as told",
    about: "One row per key and holder, from key ceremonies, hand-over forms or memory: what no system records. \
            `made` and `read` are knowledge, which only rotation ends; `could-read` and `could-use` are opportunity, \
            from `since` until `until`. Where rights on the place of a key are known, custody is derived from them \
            and needs no row here.",
    scope: "none: a list that people keep",
    kinds: TABLE.kinds,
    columns: TABLE.columns,
    together: false,
    sniff: |sample| TABLE.sniff(sample),
    open: |settings| TABLE.open(settings),
};

static TABLE: Table = Table {
    id: "custody",
    columns: COLUMNS,
    needs: &[&[&KEY], &[&HOLDER], &[&STRENGTH]],
    kinds: &[FactKind::Custody],
    rows: |context| Box::new(Told { system: context.system.clone() }),
};

const COLUMNS: &[&Column] = &[&KEY, &HOLDER, &HOLDER_KIND, &STRENGTH, &SINCE, &UNTIL, &EVIDENCE];
static KEY: Column = Column::text(0, "key_id", &["kid", "keyid", "key", "credential", "credentialid"], "the key");
static HOLDER: Column = Column::text(1, "holder", &["person", "account", "who", "employeeid", "custodian"], "who");
static HOLDER_KIND: Column =
    Column::text(2, "holder_kind", &["holdertype"], "`person` (the default), `account`, `group` or `credential`");
static STRENGTH: Column =
    Column::text(3, "strength", &["custody", "how"], "`made`, `read`, `could-read` or `could-use`");
static SINCE: Column = Column::time(4, "since", &["from", "date", "at"], "since when");
static UNTIL: Column = Column::time(5, "until", &["to"], "until when");
static EVIDENCE: Column = Column::text(6, "evidence", &["source", "note", "reason", "record"], "by what record");

const STRENGTHS: [(&str, Strength); 9] = [
    ("made", Strength::Made),
    ("held", Strength::Made),
    ("madeorheld", Strength::Made),
    ("read", Strength::Read),
    ("exported", Strength::Read),
    ("couldread", Strength::CouldRead),
    ("canread", Strength::CouldRead),
    ("coulduse", Strength::CouldUse),
    ("canuse", Strength::CouldUse),
];

struct Told {
    system: SystemId,
}

impl Rows for Told {
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason> {
        let name = row.need(&HOLDER)?;
        let holder = match row.word(&HOLDER_KIND, &KINDS, Kind::Person)? {
            Kind::Person => Holder::Person(PersonId::from(name)),
            Kind::Account => Holder::Account(AccountId::from(id_of_any(&self.system, name))),
            Kind::Group => Holder::Group(GroupId::from(id_of_any(&self.system, name))),
            Kind::Credential => Holder::Credential(CredentialId::from(id_of_any(&self.system, name))),
        };
        let credential = CredentialId::from(id_of_any(&self.system, row.need(&KEY)?));
        row.need(&STRENGTH)?;
        let strength = row.word(&STRENGTH, &STRENGTHS, Strength::CouldUse)?;
        let evidence = row.owned(&EVIDENCE).unwrap_or_else(|| "told, without a record".to_owned());
        let custody = Custody { holder, credential, strength, evidence };
        emit(Record { fact: Fact::Custody(custody), valid: row.valid(&SINCE, &UNTIL)? });
        Ok(())
    }
}
