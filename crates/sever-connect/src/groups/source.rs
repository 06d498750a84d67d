//! `groups`: who is in which group, as a table.

use std::collections::HashSet;

use sever_model::port::Reason;
use sever_model::{AccountId, Fact, FactKind, Group, GroupId, Holder, Membership, Record, SystemId, Valid};

use crate::row::{Row, scoped};
use crate::tables::{Rows, Table};
use crate::{Column, Provider};

pub(crate) const PROVIDER: Provider = Provider {
    id: "groups",
    title: "Groups and their members",
    about: "One row per membership. A member is an account or another group; a group whose row has no member is \
            empty. Without `since`, a membership is dated by the listings that show it. \
            It cannot say what a group may do: `rights` does.",
    scope: "a role that can list groups and their members",
    kinds: TABLE.kinds,
    columns: TABLE.columns,
    together: false,
    sniff: |sample| TABLE.sniff(sample),
    open: |settings| TABLE.open(settings),
};

static TABLE: Table = Table {
    id: "groups",
    columns: COLUMNS,
    needs: &[&[&GROUP], &[&MEMBER]],
    kinds: &[FactKind::Group, FactKind::Membership],
    rows: |context| Box::new(Groups { system: context.system.clone(), named: HashSet::new() }),
};

const COLUMNS: &[&Column] = &[&GROUP, &MEMBER, &MEMBER_KIND, &SINCE, &UNTIL];
static GROUP: Column = Column::text(
    0,
    "group",
    &["groupname", "groupid", "role", "rolename", "team", "policy"],
    "the group's id or name; lists of roles and policies will do too",
);
static MEMBER: Column = Column::text(
    1,
    "member",
    &["memberid", "account", "accountid", "user", "username", "login", "userid", "principal"],
    "who is in it",
);
static MEMBER_KIND: Column = Column::text(
    2,
    "member_kind",
    &["membertype", "type", "kind", "principaltype"],
    "`account` (the default) or `group`",
);
static SINCE: Column = Column::time(3, "since", &["from", "added", "addedat", "validfrom", "joined"], "since when");
static UNTIL: Column = Column::time(4, "until", &["to", "removed", "removedat", "validto", "expires"], "until when");

#[derive(Clone, Copy)]
enum Kind {
    Account,
    Group,
}

const KINDS: [(&str, Kind); 8] = [
    ("account", Kind::Account),
    ("user", Kind::Account),
    ("human", Kind::Account),
    ("service", Kind::Account),
    ("serviceaccount", Kind::Account),
    ("group", Kind::Group),
    ("role", Kind::Group),
    ("team", Kind::Group),
];

struct Groups {
    system: SystemId,
    named: HashSet<Box<str>>,
}

impl Rows for Groups {
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason> {
        let name = row.need(&GROUP)?;
        let kind = row.word(&MEMBER_KIND, &KINDS, Kind::Account)?;
        let valid = row.valid(&SINCE, &UNTIL)?;
        let id = scoped(&self.system, name);
        if self.named.insert(id.clone()) {
            let group = Group { id: GroupId::from(id.clone()), name: name.to_owned() };
            emit(Record { fact: Fact::Group(group), valid: Valid::ALWAYS });
        }
        if let Some(member) = row.some(&MEMBER) {
            let member = scoped(&self.system, member);
            let member = match kind {
                Kind::Account => Holder::Account(AccountId::from(member)),
                Kind::Group => Holder::Group(GroupId::from(member)),
            };
            emit(Record { fact: Fact::Membership(Membership { member, group: GroupId::from(id) }), valid });
        }
        Ok(())
    }
}
