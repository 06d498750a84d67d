//! What the catalogue of a cluster says of one role. The same questions are asked by the listing, the
//! cutting and the probing role, each in a session of its own.
//!
//! `pg_shdepend` names what a role owns, and where it stands in an access list, in *every* database, so
//! that nothing is missed in one that we may not enter. Answers are read as text, whole number or truth.

use sever_model::Span;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::wire::{Failed, Session};

/// Classes of objects that `REASSIGN OWNED` leaves where they are.
const STAYS: [&str; 2] = ["pg_user_mapping", "pg_default_acl"];

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) oid: i64,
    pub(crate) can_login: bool,
    pub(crate) is_superuser: bool,
}

/// A connection that is open now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) pid: i64,
    /// When it began, in microseconds since 1970; `None` where our role may not see it.
    pub(crate) started: Option<i64>,
    pub(crate) database: String,
    pub(crate) application: String,
    pub(crate) from: String,
}

/// That a role is a member of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) group: String,
    pub(crate) member: String,
    pub(crate) grantor: String,
    pub(crate) admin: bool,
    pub(crate) inherit: bool,
    pub(crate) set: bool,
}

/// What depends on a role in one database, or, with no name, in the cluster as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Depends {
    pub(crate) database: String,
    /// The catalogue that the objects are in: `pg_class`.
    pub(crate) class: String,
    /// Whether it owns them; otherwise it stands in their access lists.
    pub(crate) owns: bool,
    pub(crate) count: i64,
}

/// One privilege on one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Privilege {
    /// As `GRANT` writes it: `TABLE`.
    pub(crate) kind: String,
    /// Its name, quoted.
    pub(crate) name: String,
    /// The column, quoted; empty for the whole.
    pub(crate) column: String,
    pub(crate) owner: String,
    /// Empty for everybody.
    pub(crate) grantee: String,
    pub(crate) grantor: String,
    pub(crate) privilege: String,
    pub(crate) grantable: bool,
}

/// A job of pg_cron.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: i64,
    pub(crate) schedule: String,
    pub(crate) database: String,
    pub(crate) active: bool,
}

/// The role of a name.
pub(crate) fn role(session: &Session, name: &str) -> Result<Option<Role>, Failed> {
    let sql = "select oid::int8, rolcanlogin, rolsuper from pg_roles where rolname::text = $1";
    let rows = session.rows(sql, &[&name])?;
    let read = |row: &Row| Ok(Role { oid: cell(row, 0)?, can_login: cell(row, 1)?, is_superuser: cell(row, 2)? });
    rows.first().map(read).transpose()
}

/// The version, as 150018.
pub(crate) fn version(session: &Session) -> Result<i64, Failed> {
    let rows = session.rows("select current_setting('server_version_num')::int8", &[])?;
    rows.first().map_or(Ok(0), |row| cell(row, 0))
}

/// The open connections of a role, the oldest first.
pub(crate) fn live(session: &Session, role: i64) -> Result<Vec<Live>, Failed> {
    let sql = "select pid::int8, (extract(epoch from backend_start) * 1000000)::int8, coalesce(datname::text, ''), \
               coalesce(application_name, ''), coalesce(host(client_addr), 'the same machine') \
               from pg_stat_activity where usesysid = $1::int8::oid and backend_type is distinct from 'parallel worker' \
               order by 2, 1";
    let read = |row: &Row| {
        Ok(Live {
            pid: cell(row, 0)?,
            started: cell(row, 1)?,
            database: cell(row, 2)?,
            application: cell(row, 3)?,
            from: cell(row, 4)?,
        })
    };
    session.rows(sql, &[&role])?.iter().map(read).collect()
}

/// The memberships of a role (`member`), or those that it granted to others (`grantor`).
pub(crate) fn members(session: &Session, column: MemberColumn, role: i64) -> Result<Vec<Member>, Failed> {
    // Before version 16 a membership has neither option, and works as if it had both.
    let sql = format!(
        "select g.rolname::text, m.rolname::text, coalesce(b.rolname::text, ''), a.admin_option, \
         coalesce((to_jsonb(a) ->> 'inherit_option')::bool, m.rolinherit), \
         coalesce((to_jsonb(a) ->> 'set_option')::bool, true) \
         from pg_auth_members a join pg_roles g on g.oid = a.roleid join pg_roles m on m.oid = a.member \
         left join pg_roles b on b.oid = a.grantor where a.{} = $1::int8::oid order by 1, 2, 3",
        column.name()
    );
    let read = |row: &Row| {
        Ok(Member {
            group: cell(row, 0)?,
            member: cell(row, 1)?,
            grantor: cell(row, 2)?,
            admin: cell(row, 3)?,
            inherit: cell(row, 4)?,
            set: cell(row, 5)?,
        })
    };
    session.rows(&sql, &[&role])?.iter().map(read).collect()
}

/// By which of its roles memberships are looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MemberColumn {
    /// Who has it.
    Member,
    /// Who gave it.
    Grantor,
}

impl MemberColumn {
    fn name(self) -> &'static str {
        match self {
            MemberColumn::Member => "member",
            MemberColumn::Grantor => "grantor",
        }
    }
}

/// How many memberships the catalogue shows at all: every cluster is made with some.
pub(crate) fn members_in_all(session: &Session) -> Result<i64, Failed> {
    let rows = session.rows("select count(*) from pg_auth_members", &[])?;
    rows.first().map_or(Ok(0), |row| cell(row, 0))
}

/// What depends on a role, in every database.
pub(crate) fn depends(session: &Session, role: i64) -> Result<Vec<Depends>, Failed> {
    // The access list of a database is looked at from within it.
    let sql = "select coalesce(d.datname::text, i.datname::text, ''), s.classid::regclass::text, s.deptype = 'o', \
               count(*) from pg_shdepend s left join pg_database d on d.oid = s.dbid \
               left join pg_database i on s.dbid = 0 and s.deptype = 'a' and s.classid = 'pg_database'::regclass \
               and i.oid = s.objid \
               where s.refclassid = 'pg_authid'::regclass and s.refobjid = $1::int8::oid and s.deptype in ('o', 'a') \
               group by 1, 2, 3 order by 1, 2, 3";
    let read = |row: &Row| {
        Ok(Depends { database: cell(row, 0)?, class: cell(row, 1)?, owns: cell(row, 2)?, count: cell(row, 3)? })
    };
    session.rows(sql, &[&role])?.iter().map(read).collect()
}

/// How many dependencies of any role the catalogue shows at all.
pub(crate) fn depends_in_all(session: &Session) -> Result<i64, Failed> {
    let rows = session.rows("select count(*) from pg_shdepend", &[])?;
    rows.first().map_or(Ok(0), |row| cell(row, 0))
}

impl Depends {
    /// Whether `REASSIGN OWNED` hands it over.
    pub(crate) fn is_handed_over(&self) -> bool {
        self.owns && !STAYS.contains(&self.class.as_str())
    }
}

/// The objects of a role in the session's database and those of the whole cluster, as `class/oid`.
pub(crate) fn owned(session: &Session, role: i64, database: &str) -> Result<Vec<String>, Failed> {
    // With no name, those of the cluster as a whole.
    let sql = "select s.classid::regclass::text || '/' || s.objid from pg_shdepend s \
               where s.refclassid = 'pg_authid'::regclass and s.refobjid = $1::int8::oid and s.deptype = 'o' \
               and s.dbid = coalesce((select oid from pg_database where datname::text = $2), 0) \
               and s.classid not in ('pg_user_mapping'::regclass, 'pg_default_acl'::regclass) order by 1";
    session.rows(sql, &[&role, &database])?.iter().map(|row| cell(row, 0)).collect()
}

/// Privileges in the session's database, on objects of others, that a role gave or was given.
pub(crate) fn privileges(session: &Session, column: PrivilegeColumn, role: i64) -> Result<Vec<Privilege>, Failed> {
    let sql = format!("{PRIVILEGES} where {} order by 1, 2, 3, 5, 7", column.condition());
    session.rows(&sql, &[&role])?.iter().map(privilege).collect()
}

/// How many privileges the session's database shows at all: every database is made with some.
pub(crate) fn privileges_in_all(session: &Session) -> Result<i64, Failed> {
    let rows = session.rows(&format!("select count(*) from ({PRIVILEGES}) as every"), &[])?;
    rows.first().map_or(Ok(0), |row| cell(row, 0))
}

fn privilege(row: &Row) -> Result<Privilege, Failed> {
    Ok(Privilege {
        kind: cell(row, 0)?,
        name: cell(row, 1)?,
        column: cell(row, 2)?,
        owner: cell(row, 3)?,
        grantee: cell(row, 4)?,
        grantor: cell(row, 5)?,
        privilege: cell(row, 6)?,
        grantable: cell(row, 7)?,
    })
}

/// By which of its roles privileges are looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PrivilegeColumn {
    /// The role gave it to somebody else.
    Grantor,
    /// The owner gave it to the role.
    GranteeOfOwner,
    /// The owner gave it to anybody, on something on which the role gave a privilege too.
    OfOwnerBeside,
    /// Somebody who is not the owner gave it to the role.
    GranteeOfOthers,
}

impl PrivilegeColumn {
    fn condition(self) -> &'static str {
        match self {
            PrivilegeColumn::Grantor => "x.grantor = $1::int8::oid and o.owner <> $1::int8::oid",
            PrivilegeColumn::GranteeOfOwner => "x.grantee = $1::int8::oid and x.grantor = o.owner",
            PrivilegeColumn::OfOwnerBeside => {
                "x.grantor = o.owner and exists (select from aclexplode(o.acl) y where y.grantor = $1::int8::oid)"
            }
            PrivilegeColumn::GranteeOfOthers => {
                "x.grantee = $1::int8::oid and x.grantor <> o.owner and x.grantor <> $1::int8::oid"
            }
        }
    }
}

const PRIVILEGES: &str = "with o(kind, name, part, owner, acl) as (
  select case c.relkind when 'S' then 'SEQUENCE' else 'TABLE' end, format('%I.%I', n.nspname, c.relname), '',
      c.relowner, c.relacl from pg_class c join pg_namespace n on n.oid = c.relnamespace
  union all select 'TABLE', format('%I.%I', n.nspname, c.relname), format('%I', a.attname), c.relowner, a.attacl
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where not a.attisdropped
  union all select 'SCHEMA', format('%I', nspname), '', nspowner, nspacl from pg_namespace
  union all select 'ROUTINE', oid::regprocedure::text, '', proowner, proacl from pg_proc
  union all select 'TYPE', format('%I.%I', n.nspname, t.typname), '', t.typowner, t.typacl
      from pg_type t join pg_namespace n on n.oid = t.typnamespace
  union all select 'LANGUAGE', format('%I', lanname), '', lanowner, lanacl from pg_language
  union all select 'FOREIGN SERVER', format('%I', srvname), '', srvowner, srvacl from pg_foreign_server
  union all select 'FOREIGN DATA WRAPPER', format('%I', fdwname), '', fdwowner, fdwacl from pg_foreign_data_wrapper
  union all select 'LARGE OBJECT', oid::text, '', lomowner, lomacl from pg_largeobject_metadata
  union all select 'DATABASE', format('%I', datname), '', datdba, datacl from pg_database
      where datname = current_database())
select o.kind, o.name, o.part, w.rolname::text, coalesce(e.rolname::text, ''), b.rolname::text, x.privilege_type,
    x.is_grantable
  from o cross join lateral aclexplode(o.acl) x join pg_roles w on w.oid = o.owner join pg_roles b on b.oid = x.grantor
  left join pg_roles e on e.oid = x.grantee";

impl Privilege {
    /// What it is on, as `GRANT` writes it.
    pub(crate) fn on(&self) -> String {
        let part = if self.column.is_empty() { String::new() } else { format!(" ({})", self.column) };
        format!("{}{part} ON {} {}", self.privilege, self.kind, self.name)
    }

    /// The statement that gives it, by whoever runs it.
    pub(crate) fn grant(&self, to: &str, grantable: bool) -> String {
        format!("GRANT {} TO {to}{}", self.on(), if grantable { " WITH GRANT OPTION" } else { "" })
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        format!("{} to {}", self.on(), if self.grantee.is_empty() { "everybody" } else { &self.grantee })
    }
}

/// Where pg_cron keeps its jobs: nowhere where it is not loaded, `Some("")` where we may not see in which
/// database.
pub(crate) fn cron_database(session: &Session) -> Result<Option<String>, Failed> {
    match session.rows("select current_setting('cron.database_name', true)", &[]) {
        Ok(rows) => rows.first().map_or(Ok(None), |row| cell::<Option<String>>(row, 0)),
        Err(Failed::Refused(refusal)) if refusal.code == "42501" => Ok(Some(String::new())),
        Err(failed) => Err(failed),
    }
}

/// The jobs of a role, in the database where pg_cron keeps them, and whether our role sees those of all.
pub(crate) fn jobs(session: &Session, role: &str) -> Result<(Vec<Job>, bool), Failed> {
    let there = session.rows("select to_regclass('cron.job') is not null", &[])?;
    if !there.first().map_or(Ok(false), |row| cell::<bool>(row, 0))? {
        return Ok((Vec::new(), false));
    }
    // Row security hides the jobs of others without a word: a policy of ours must let us see them.
    let sees = "select not row_security_active('cron.job') or exists (select from pg_policies \
                where schemaname = 'cron' and tablename = 'job' and cmd in ('SELECT', 'ALL') and qual = 'true' \
                and ('public' = any (roles) or exists (select from unnest(roles) r where pg_has_role(r, 'usage'))))";
    let sees = session.rows(sees, &[])?.first().map_or(Ok(false), |row| cell::<bool>(row, 0))?;
    let sql = "select jobid::int8, schedule, database, active from cron.job where username = $1 order by jobid";
    let read = |row: &Row| {
        Ok(Job { id: cell(row, 0)?, schedule: cell(row, 1)?, database: cell(row, 2)?, active: cell(row, 3)? })
    };
    let jobs: Result<Vec<Job>, Failed> = session.rows(sql, &[&role])?.iter().map(read).collect();
    Ok((jobs?, sees))
}

/// How often something is looked at that is to come true.
pub(crate) const LOOK_AGAIN: Span = Span::from_micros(50_000);

fn cell<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, Failed> {
    row.try_get(at).map_err(|error| Failed::Meaningless(error.to_string()))
}
