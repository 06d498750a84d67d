//! `accounts`: a system's accounts, as a table.

use sever_model::port::Reason;
use sever_model::{Account, AccountId, AccountKind, AccountStatus, Fact, FactKind, Record};

use crate::row::{Row, scoped};
use crate::tables::{Rows, Seen, Table};
use crate::{Column, Provider};

pub(crate) const PROVIDER: Provider = Provider {
    id: "accounts",
    title: "Accounts of a system",
    about: "One row per account of one system: who it is for, whether it can be used, who made it and when. \
            Disabled accounts belong in it. It cannot say who knows an account's password.",
    scope: "a role that can list users, such as a directory reader or read-only auditor",
    kinds: TABLE.kinds,
    columns: TABLE.columns,
    together: false,
    sniff: |sample| TABLE.sniff(sample),
    open: |settings| TABLE.open(settings),
};

static TABLE: Table = Table {
    id: "accounts",
    columns: COLUMNS,
    needs: &[&[&ID, &LOGIN]],
    kinds: &[FactKind::Account],
    rows: |context| Box::new(Accounts { system: context.system.clone(), seen: Seen::default() }),
};

const COLUMNS: &[&Column] = &[
    &ID,
    &LOGIN,
    &NAME,
    &EMAIL,
    &NUMBER,
    &KIND,
    &STATUS,
    &OWNER,
    &CREATED,
    &CREATED_BY,
    &LAST_USED,
    &DELETED,
    &FIRST,
    &LAST,
];
static ID: Column = Column::text(
    0,
    "account_id",
    &["id", "userid", "accountname", "useruuid", "uuid", "objectid", "objectguid", "arn", "principalid"],
    "the account's stable id; the login where there is none",
);
static LOGIN: Column = Column::text(
    1,
    "login",
    &["username", "userlogin", "loginname", "loginid", "uid", "samaccountname", "userprincipalname", "account", "user"],
    "what is typed, and what logs usually name",
);
static NAME: Column =
    Column::text(2, "display_name", &["displayname", "fullname", "name", "nameformatted", "cn"], "the name shown");
static EMAIL: Column = Column::text(
    3,
    "email",
    &["emails", "emailsvalue", "mail", "emailaddress", "primaryemail", "workemail"],
    "e-mail addresses; several separated by `;`",
);
static NUMBER: Column = Column::text(
    4,
    "employee_number",
    &["employeenumber", "employeeid", "workerid", "personnelnumber", "hrid", "personid"],
    "the HR id or number that the system carries: the surest way to a person",
);
static KIND: Column =
    Column::text(5, "kind", &["accounttype", "usertype", "type", "accountkind"], "`human`, `service` or `shared`");
static STATUS: Column = Column::text(
    6,
    "status",
    &["state", "enabled", "active", "isactive", "accountenabled", "accountstatus"],
    "whether it can be used: `enabled`, `disabled`, or true and false",
);
static OWNER: Column = Column::text(
    7,
    "owner",
    &["owneremail", "ownerid", "responsible", "custodian"],
    "who answers for an account that is nobody's own",
);
static CREATED: Column = Column::time(
    8,
    "created_at",
    &["created", "createdat", "createddate", "creationdate", "createdtime", "createtime", "usercreationtime"],
    "when it was made",
);
static CREATED_BY: Column =
    Column::text(9, "created_by", &["createdby", "creator", "createdbyuser"], "who made it, as the system names them");
static LAST_USED: Column = Column::time(
    10,
    "last_used",
    &["lastused", "lastlogin", "lastsignin", "lastlogon", "lastactivity", "lastseen", "passwordlastused"],
    "when it was last used",
);
static DELETED: Column =
    Column::time(11, "deleted_at", &["deleted", "deletedat", "deletiondate", "removedat"], "when it was deleted");
static FIRST: Column =
    Column::text(12, "first_name", &["firstname", "givenname", "namegivenname"], "with `last_name`, the name shown");
static LAST: Column =
    Column::text(13, "last_name", &["lastname", "surname", "sn", "familyname", "namefamilyname"], "see `first_name`");

const KINDS: [(&str, AccountKind); 21] = [
    ("human", AccountKind::Human),
    ("user", AccountKind::Human),
    ("person", AccountKind::Human),
    ("personal", AccountKind::Human),
    ("member", AccountKind::Human),
    ("employee", AccountKind::Human),
    ("standard", AccountKind::Human),
    ("admin", AccountKind::Human),
    ("service", AccountKind::Service),
    ("serviceaccount", AccountKind::Service),
    ("machine", AccountKind::Service),
    ("bot", AccountKind::Service),
    ("app", AccountKind::Service),
    ("application", AccountKind::Service),
    ("system", AccountKind::Service),
    ("robot", AccountKind::Service),
    ("shared", AccountKind::Shared),
    ("generic", AccountKind::Shared),
    ("group", AccountKind::Shared),
    ("unknown", AccountKind::Unknown),
    ("other", AccountKind::Unknown),
];

struct Accounts {
    system: sever_model::SystemId,
    seen: Seen,
}

impl Rows for Accounts {
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason> {
        let native = row.some(&ID).or_else(|| row.some(&LOGIN)).ok_or(Reason::Missing(ID.name))?;
        let id = scoped(&self.system, native);
        let account = Account {
            id: AccountId::from(id.clone()),
            login: row.some(&LOGIN).unwrap_or(native).to_owned(),
            display_name: display_name(row),
            emails: row.emails(&EMAIL),
            employee_number: row.owned(&NUMBER),
            // A word that we do not know is no reason to lose the account.
            kind: row.word(&KIND, &KINDS, AccountKind::Unknown).unwrap_or(AccountKind::Unknown),
            status: status(row.text(&STATUS)),
            owner: row.owned(&OWNER),
            created_by: row.owned(&CREATED_BY),
            last_used: row.start(&LAST_USED)?,
        };
        let valid = row.valid(&CREATED, &DELETED)?;
        self.seen.once(&id, row.place)?;
        emit(Record { fact: Fact::Account(account), valid });
        Ok(())
    }
}

fn display_name(row: &Row<'_>) -> String {
    match row.some(&NAME) {
        Some(name) => name.to_owned(),
        None => format!("{} {}", row.text(&FIRST), row.text(&LAST)).trim().to_owned(),
    }
}

/// Words for whether an account can be used; a word that is not known is not taken for either.
fn status(text: &str) -> AccountStatus {
    match crate::columns::normal(text).as_str() {
        "enabled" | "active" | "true" | "1" | "yes" | "y" | "ok" | "normal" | "open" => AccountStatus::Enabled,
        "disabled" | "inactive" | "false" | "0" | "no" | "n" | "locked" | "suspended" | "deactivated" | "blocked"
        | "deprovisioned" | "deleted" | "terminated" | "expired" | "revoked" => AccountStatus::Disabled,
        _ => AccountStatus::Unknown,
    }
}
