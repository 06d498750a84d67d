//! `rights`: who may do what to which resource, as a table.
//!
//! Read without keeping anything of a row: ten million rows take the memory of one.

use sever_model::port::Reason;
use sever_model::{
    AccountId, CredentialId, Fact, FactKind, Grant, GroupId, Holder, PersonId, Record, ResourceId, Rights, SystemId,
};

use crate::row::{Row, scoped, shortened};
use crate::tables::{Rows, Table};
use crate::{Column, Provider};

pub(crate) const PROVIDER: Provider = Provider {
    id: "rights",
    title: "Rights on resources",
    about: "One row per holder and resource. Rights are words (`read write delete use export create-accounts grant \
            audit admin`, and what databases call them: `select`, `update`, `sign`, `owner` …). A resource may be a \
            pattern: `*` ends a prefix, `+` stands for one path segment. It is a record of what was given; whether \
            the system enforces it has to be tried. \
            It cannot say when a right was last used, unless the system notes it.",
    scope: "a role that can list grants, such as a security auditor",
    kinds: TABLE.kinds,
    columns: TABLE.columns,
    together: false,
    sniff: |sample| TABLE.sniff(sample),
    open: |settings| TABLE.open(settings),
};

static TABLE: Table = Table {
    id: "rights",
    columns: COLUMNS,
    needs: &[&[&HOLDER], &[&RESOURCE], &[&RIGHTS]],
    kinds: &[FactKind::Grant],
    rows: |context| Box::new(Grants { system: context.system.clone() }),
};

const COLUMNS: &[&Column] =
    &[&HOLDER, &HOLDER_KIND, &RESOURCE, &RIGHTS, &SINCE, &UNTIL, &GRANTED_BY, &LAST_USED, &HOLDER_SYSTEM];
static HOLDER: Column =
    Column::text(0, "holder", &["grantee", "principal", "account", "accountid", "user", "username", "member"], "who");
static HOLDER_KIND: Column = Column::text(
    1,
    "holder_kind",
    &["holdertype", "granteetype", "principaltype"],
    "`account` (the default), `group`, `person` or `credential`",
);
static RESOURCE: Column =
    Column::text(2, "resource", &["resourceid", "object", "target", "path", "table", "scope"], "on what");
static RIGHTS: Column = Column::text(
    3,
    "rights",
    &[
        "right",
        "privilege",
        "privileges",
        "privilegetype",
        "permission",
        "permissions",
        "access",
        "actions",
        "capabilities",
    ],
    "what they may do",
);
static SINCE: Column = Column::time(4, "since", &["from", "grantedat", "validfrom", "granted"], "since when");
static UNTIL: Column = Column::time(5, "until", &["to", "revokedat", "validto", "expires", "revoked"], "until when");
static GRANTED_BY: Column =
    Column::text(6, "granted_by", &["grantor", "grantedby"], "who gave it, as the system names them");
static LAST_USED: Column =
    Column::time(7, "last_used", &["lastused", "lastaccessed", "lastaccess"], "when it was last exercised");
static HOLDER_SYSTEM: Column =
    Column::text(8, "holder_system", &["holdersystem"], "the holder's system, where it is not the resource's");

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Account,
    Group,
    Person,
    Credential,
}

/// The words for kinds of holder; custody rows use them too.
pub(crate) const KINDS: [(&str, Kind); 15] = [
    ("account", Kind::Account),
    ("user", Kind::Account),
    ("serviceaccount", Kind::Account),
    ("service", Kind::Account),
    ("group", Kind::Group),
    ("role", Kind::Group),
    ("policy", Kind::Group),
    ("team", Kind::Group),
    ("person", Kind::Person),
    ("employee", Kind::Person),
    ("worker", Kind::Person),
    ("credential", Kind::Credential),
    ("key", Kind::Credential),
    ("apikey", Kind::Credential),
    ("token", Kind::Credential),
];

struct Grants {
    system: SystemId,
}

impl Rows for Grants {
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason> {
        let kind = row.word(&HOLDER_KIND, &KINDS, Kind::Account)?;
        let holder = row.need(&HOLDER)?;
        let holder = match row.some(&HOLDER_SYSTEM) {
            Some(system) => holder_of(kind, &SystemId::from(system), holder),
            None => holder_of(kind, &self.system, holder),
        };
        let rights =
            Rights::parse(row.need(&RIGHTS)?).map_err(|word| Reason::Invalid(RIGHTS.name, shortened(&word)))?;
        let grant = Grant {
            holder,
            resource: ResourceId::from(scoped(&self.system, row.need(&RESOURCE)?)),
            rights,
            granted_by: row.owned(&GRANTED_BY),
            last_used: row.start(&LAST_USED)?,
        };
        emit(Record { fact: Fact::Grant(grant), valid: row.valid(&SINCE, &UNTIL)? });
        Ok(())
    }
}

fn holder_of(kind: Kind, system: &SystemId, name: &str) -> Holder {
    match kind {
        Kind::Account => Holder::Account(AccountId::from(scoped(system, name))),
        Kind::Group => Holder::Group(GroupId::from(scoped(system, name))),
        Kind::Person => Holder::Person(PersonId::from(name)),
        Kind::Credential => Holder::Credential(CredentialId::from(scoped(system, name))),
    }
}
