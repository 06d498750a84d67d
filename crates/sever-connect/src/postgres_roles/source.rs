//! `postgres-roles`: roles, memberships and privileges of a PostgreSQL cluster.
//!
//! Reads what one documented query answers in each database, and what `pg_dumpall` writes of roles.
//!
//! Bounded by the roles and objects of one cluster.

use serde_json::Value;
use sever_model::port::{Reason, Source, SourceError};
use sever_model::{FactKind, Rights};

use super::dump::{Statement, statement, until};
use super::roles::{Cluster, Member, Object, Privilege, Role, rights_of};
use crate::documents::{Documents, Text, each, only};
use crate::files::Parts;
use crate::gathered::Gathered;
use crate::lines::{Found, Lines, Place};
use crate::members::{is_true, list, need, owned, text};
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings, wire};

pub(crate) const PROVIDER: Provider = Provider {
    id: "postgres-roles",
    title: "PostgreSQL roles",
    about: concat!(
        "What the query below members, once in each database (roles are the cluster's, privileges the database's): \
         save it as `export.sql` and run `psql -XAtq -d DATABASE -f export.sql > DATABASE.json`. Give every database \
         of one cluster in one folder. The output of `pg_dumpall --roles-only` (or `--globals-only`) is read too; it \
         has roles and memberships, and no privileges. It writes password verifiers: use `--no-role-passwords`.\n\n\
         Roles that may log in become accounts, by the name that the server's log has; roles that may not, or that \
         have members, groups. Superusers administer `SYSTEM/*`; the right to make roles, to replicate and of the \
         predefined roles is on `SYSTEM/*` too. Privileges are on `SYSTEM/DATABASE/SCHEMA/TABLE`, with who granted \
         them; default privileges, for tables that are yet to be made, on `SYSTEM/default/DATABASE/SCHEMA`. A comment on a \
         role is its shown name.\n\n\
         PostgreSQL keeps neither when a role was made or by whom, nor when it was last used: that is in its log. \
         Privileges on single columns are not read, nor are `pg_hba.conf` and passwords; whether a role has a \
         password is known only if it ends or from a dump.\n\n```sql\n",
        include_str!("export.sql"),
        "```\n"
    ),
    scope: "any role that may connect to the database: the catalogue is readable by all, and no table is read",
    kinds: &[
        FactKind::Account,
        FactKind::Group,
        FactKind::Membership,
        FactKind::Resource,
        FactKind::Grant,
        FactKind::Credential,
    ],
    columns: &[],
    together: true,
    sniff,
    open: |settings| {
        only(&settings, &[])?;
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

/// The arrays of the query's answer.
const SECTIONS: [&str; 3] = ["roles", "members", "objects"];

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let has = |text: &str| memchr::memmem::find(sample.head, text.as_bytes()).is_some();
    if wire::is_json(sample.head) {
        // The answer's own mark may stand after all its arrays.
        let is = has("\"postgres_roles\"") || has("\"bypassrls\"") && has("\"createrole\"") && has("\"login\"");
        return is.then(|| (97, "an answer of the query for PostgreSQL's roles".to_owned()));
    }
    (has("CREATE ROLE ") && has("ALTER ROLE ")).then(|| (95, "roles as `pg_dumpall` writes them".to_owned()))
}

#[derive(Default)]
struct Reading {
    cluster: Cluster,
    /// Privileges of unknown names.
    unknown: u64,
    objects: u64,
    passwords: bool,
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut reading = Reading::default();
    each(settings, parts, tally, &mut |file, tally| {
        if wire::is_json(&file.bytes) {
            reading.json(settings, file, tally);
        } else {
            reading.sql(settings, file, tally);
        }
    })?;
    if reading.cluster.is_empty() {
        tally.partial("no role in the export".to_owned());
    }
    if reading.objects == 0 {
        tally.gap("no privileges in the export: who may read which table is not known".to_owned());
    }
    if reading.unknown > 0 {
        let privileges = crate::row::counted(reading.unknown, "privilege");
        tally.gap(format!("{privileges} of a kind that is not known, left out"));
    }
    if reading.passwords {
        tally.gap(
            "the dump holds password verifiers, which can be guessed against: make it with `--no-role-passwords`, \
                   and delete this one"
                .to_owned(),
        );
    }
    tally.gap("PostgreSQL keeps neither when a role was made nor when it was last used".to_owned());
    let mut into = Gathered::default();
    reading.cluster.finish(&settings.system, &mut into);
    into.finish(tally);
    Ok(())
}

impl Reading {
    fn json(&mut self, settings: &SourceSettings, file: &Text<'_>, tally: &mut Tally<'_>) {
        let depth_max = settings.limits.json_depth_max;
        let scan = wire::sections(&file.bytes, depth_max, &SECTIONS, &mut |section, place, element| {
            let value = element.and_then(wire::read::<Value>);
            let taken = value.and_then(|value| match section {
                "roles" => self.cluster.role(role(&value)?),
                "members" => {
                    let (role, member) = (need(&value, "/role")?.to_owned(), need(&value, "/member")?.to_owned());
                    let (grantor, admin) = (owned(&value, "/grantor"), is_true(&value, "/admin"));
                    self.cluster.member(Member { role, member, grantor, admin });
                    Ok(())
                }
                "objects" => self.object(&value),
                _ => Err(Reason::Unrelated),
            });
            if let Err(reason) = taken {
                tally.reject(&file.name, place, reason);
            }
        });
        if let Some(line) = scan.breaks_off {
            tally.partial(format!("{}: breaks off at line {line}", file.name));
        }
    }

    fn object(&mut self, value: &Value) -> Result<(), Reason> {
        let (kind, name) = (need(value, "/kind")?.to_owned(), need(value, "/name")?.to_owned());
        let mut grants = Vec::new();
        for grant in list(value, "/grants") {
            let Some(rights) = rights_of(need(grant, "/privilege")?) else {
                self.unknown += 1;
                continue;
            };
            let rights = if is_true(grant, "/grantable") { rights.with(Rights::GRANT) } else { rights };
            let grantee = need(grant, "/grantee")?.to_owned();
            grants.push(Privilege { grantee, grantor: owned(grant, "/grantor"), rights });
        }
        self.objects += 1;
        self.cluster.object(Object { kind, name, owner: owned(value, "/owner"), grants });
        Ok(())
    }

    fn sql(&mut self, settings: &SourceSettings, file: &Text<'_>, tally: &mut Tally<'_>) {
        let mut lines = Lines::new(Box::new(std::io::Cursor::new(file.bytes.clone())), settings.limits.frame_bytes_max);
        let mut found = false;
        loop {
            let count = match lines.find(0) {
                Found::Nothing => break,
                Found::TooLong => {
                    tally.reject(&file.name, lines.skip_line(), Reason::TooLong);
                    continue;
                }
                Found::Whole(count) | Found::Last(count) => count,
            };
            let line = String::from_utf8_lossy(lines.bytes(count)).into_owned();
            let place = lines.take(count);
            found |= line.contains("database cluster dump complete");
            self.line(&line, &file.name, place, tally);
        }
        if !found {
            tally.partial(format!("{}: does not end in `PostgreSQL database cluster dump complete`", file.name));
        }
    }

    fn line(&mut self, line: &str, file: &str, place: Place, tally: &mut Tally<'_>) {
        match statement(line) {
            Ok(Statement::Other) => {}
            Ok(Statement::Created(name)) => drop(self.cluster.role_mut(&name)),
            Ok(Statement::Altered(role)) => {
                self.passwords |= role.password;
                let held = self.cluster.role_mut(&role.name);
                let comment = held.comment.take();
                *held = Role { comment, ..role };
            }
            Ok(Statement::Granted(member)) => self.cluster.member(member),
            Ok(Statement::Commented(name, comment)) => self.cluster.role_mut(&name).comment = Some(comment),
            Err(what) => tally.reject(file, place, Reason::Syntax(what)),
        }
    }
}

fn role(value: &Value) -> Result<Role, Reason> {
    let end = text(value, "/valid_until").map_or(Ok(None), until);
    Ok(Role {
        name: need(value, "/name")?.to_owned(),
        login: is_true(value, "/login"),
        superuser: is_true(value, "/super"),
        createrole: is_true(value, "/createrole"),
        createdb: is_true(value, "/createdb"),
        replication: is_true(value, "/replication"),
        bypassrls: is_true(value, "/bypassrls"),
        password: false,
        valid_until: end.map_err(|_| Reason::Invalid("valid_until", "not a time".to_owned()))?,
        comment: owned(value, "/comment"),
    })
}
