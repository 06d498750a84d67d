//! A directory and a database of real servers, with people who leave: half of them through Severance,
//! half by the plain clients.

use anyhow::{Context, Result, ensure};
use sever_testkit::{Postgres, Slapd};

/// Groups of the directory that each is in: with the login these are ten doors.
pub(super) const GROUPS: usize = 9;

/// Roles of the database that each is a member of: with the login and a table these are ten doors.
pub(super) const ROLES: usize = 8;

/// Doors of one leaver.
pub(super) const DOORS: usize = 1 + GROUPS + 1 + ROLES + 1;

/// The passwords of our roles in the database; the directory's are the test kit's.
pub(super) const PASSWORD: &str = "role-of-a-bench";

/// Who leaves.
pub(super) struct Leaver {
    /// The login in both systems.
    pub(super) login: String,
    /// The employee number.
    pub(super) number: String,
    /// The entry's `entryUUID`.
    pub(super) entry: String,
}

/// The servers, and who leaves.
pub(super) struct Shop {
    pub(super) slapd: Slapd,
    pub(super) postgres: Postgres,
    /// Through Severance.
    pub(super) ours: Vec<Leaver>,
    /// By the plain clients.
    pub(super) plain: Vec<Leaver>,
}

impl Shop {
    /// Starts both with so many leavers of each kind; nothing, and a reported skip, where one is not installed.
    pub(super) fn start(leavers: usize) -> Result<Option<Shop>> {
        let (Some(slapd), Some(postgres)) = (Slapd::start()?, Postgres::start()?) else { return Ok(None) };
        slapd.add_staff()?;
        let logins: Vec<String> =
            ["ours", "plain"].iter().flat_map(|kind| (0..leavers).map(move |at| format!("{kind}-{at}"))).collect();
        slapd.manage("ldapadd", &[], &entries(&logins))?.text()?;
        postgres.manage(&roles(&logins))?.text()?;
        let found =
            slapd.manage("ldapsearch", &["-LLL", "-b", Slapd::BASE, "(employeeNumber=*)", "uid", "entryUUID"], "")?;
        let mut people = Vec::new();
        let found = found.text()?;
        for entry in found.split("\n\n").filter(|entry| !entry.trim().is_empty()) {
            let value = |name: &str| entry.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let login = value("uid").context("an entry without `uid`")?.to_owned();
            let entry = value("entryUUID").context("an entry without `entryUUID`")?.to_owned();
            people.push(Leaver { number: format!("n-{login}"), login, entry });
        }
        ensure!(people.len() == logins.len(), "{} entries were added and {} found", logins.len(), people.len());
        let (ours, plain) = people.into_iter().partition(|it| it.login.starts_with("ours"));
        Ok(Some(Shop { slapd, postgres, ours, plain }))
    }
}

/// The people and their groups, as LDIF.
fn entries(logins: &[String]) -> String {
    let mut text = String::new();
    for login in logins {
        text.push_str(&format!(
            "dn: {}\nobjectClass: inetOrgPerson\nuid: {login}\ncn: {login}\nsn: {login}\nemployeeNumber: n-{login}\n\
             userPassword: leaver-of-a-bench\n\n",
            Slapd::person(login)
        ));
    }
    for group in 0..GROUPS {
        let name = group_dn(group);
        text.push_str(&format!(
            "dn: {name}\nobjectClass: groupOfNames\ncn: group-{group}\nmember: {}\n",
            Slapd::TWIN.0
        ));
        for login in logins {
            text.push_str(&format!("member: {}\n", Slapd::person(login)));
        }
        text.push('\n');
    }
    text
}

/// A group's distinguished name.
pub(super) fn group_dn(group: usize) -> String {
    format!("cn=group-{group},ou=groups,{}", Slapd::BASE)
}

/// Our roles with the rights that the connector's page says, the people's, their groups and tables, as SQL.
fn roles(logins: &[String]) -> String {
    let mut text = format!(
        "CREATE ROLE severance_read LOGIN PASSWORD '{PASSWORD}';\n\
         CREATE ROLE severance_probe LOGIN PASSWORD '{PASSWORD}';\n\
         CREATE ROLE severance_cut LOGIN CREATEROLE PASSWORD '{PASSWORD}';\n\
         CREATE ROLE severance_twin LOGIN PASSWORD '{PASSWORD}';\n\
         CREATE ROLE data_owner;\n\
         GRANT pg_read_all_stats TO severance_read, severance_probe, severance_cut;\n\
         GRANT pg_signal_backend, data_owner TO severance_cut;\n\
         GRANT CREATE ON SCHEMA public TO data_owner;\n"
    );
    for role in 0..ROLES {
        text.push_str(&format!("CREATE ROLE role_{role};\nGRANT role_{role} TO severance_cut WITH ADMIN OPTION;\n"));
    }
    let all: Vec<String> = (0..ROLES).map(|role| format!("role_{role}")).collect();
    // From version 16 on ours revokes only what it granted itself.
    let all = all.join(", ");
    for login in logins {
        text.push_str(&format!(
            "CREATE ROLE \"{login}\" LOGIN PASSWORD 'leaver-of-a-bench';\n\
             GRANT \"{login}\" TO severance_cut WITH ADMIN OPTION;\n\
             SET ROLE severance_cut;\nGRANT {all} TO \"{login}\";\nRESET ROLE;\n\
             CREATE TABLE \"of_{login}\" (code text);\nALTER TABLE \"of_{login}\" OWNER TO \"{login}\";\n"
        ));
    }
    text
}
