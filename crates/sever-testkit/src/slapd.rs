//! A real OpenLDAP: Debian's slapd with the overlays that tell who did what and when.
//!
//! `stats` log on stderr, as in a container; `accesslog` beside it; `lastbind` and `memberOf` on the
//! entries; `ppolicy` for lockouts. The directory begins with `ou=people`, `ou=groups` and a group
//! `cn=administrators`, whose members may write it.

use std::process::Command;

use anyhow::{Context, Result};

use crate::client::{self, Done};
use crate::server::{Server, program_or_skip};

/// A running slapd.
pub struct Slapd {
    server: Server,
}

/// The password of the manager of a directory that lives for one test, on loopback.
const MANAGER_PASSWORD: &str = "manager-of-a-test";

const CONFIGURATION: &str = r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload accesslog
moduleload memberof
moduleload ppolicy
moduleload lastbind
pidfile FOLDER/slapd.pid
loglevel stats

database mdb
suffix "cn=accesslog"
directory FOLDER/accesslog
rootdn "cn=manager,dc=shop,dc=example"
index reqStart eq

database mdb
suffix "dc=shop,dc=example"
rootdn "cn=manager,dc=shop,dc=example"
rootpw MANAGER
directory FOLDER/people
overlay accesslog
logdb "cn=accesslog"
logops writes session
logsuccess FALSE
overlay memberof
overlay lastbind
overlay ppolicy
ppolicy_default "cn=default,ou=policies,dc=shop,dc=example"
access to attrs=userPassword
  by group.exact="cn=administrators,ou=groups,dc=shop,dc=example" =wx
  by self =wx
  by anonymous auth
  by * none
access to *
  by group.exact="cn=administrators,ou=groups,dc=shop,dc=example" write
  by users read
  by * none
"#;

const BEGINNING: &str = "\
dn: dc=shop,dc=example
objectClass: dcObject
objectClass: organization
o: Shop
dc: shop

dn: ou=people,dc=shop,dc=example
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=shop,dc=example
objectClass: organizationalUnit
ou: groups

dn: ou=policies,dc=shop,dc=example
objectClass: organizationalUnit
ou: policies

dn: cn=default,ou=policies,dc=shop,dc=example
objectClass: device
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 5

dn: cn=administrators,ou=groups,dc=shop,dc=example
objectClass: groupOfNames
cn: administrators
member: cn=manager,dc=shop,dc=example
";

impl Slapd {
    /// Below what everything is.
    pub const BASE: &'static str = "dc=shop,dc=example";
    /// Who may do everything.
    pub const MANAGER: &'static str = "cn=manager,dc=shop,dc=example";

    /// Starts one; `None`, and a reported skip, where it or its clients are not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start() -> Result<Option<Slapd>> {
        let Some(slapd) = program_or_skip("slapd", "slapd") else { return Ok(None) };
        if program_or_skip("slapd", "ldapsearch").is_none() {
            return Ok(None);
        }
        let server = Server::start("slapd", &|folder, port| {
            for name in ["accesslog", "people"] {
                std::fs::create_dir(folder.join(name)).context("cannot make its folders")?;
            }
            let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
            let text = CONFIGURATION.replace("FOLDER", folder_text).replace("MANAGER", MANAGER_PASSWORD);
            std::fs::write(folder.join("slapd.conf"), text).context("cannot write its configuration")?;
            let mut command = Command::new(&slapd);
            // With `-d` it stays in the foreground.
            command.args(["-d", "stats", "-h"]).arg(format!("ldap://127.0.0.1:{port}"));
            command.arg("-f").arg(folder.join("slapd.conf"));
            Ok(command)
        })?;
        let slapd = Slapd { server };
        slapd.manage("ldapadd", &[], BEGINNING)?.text()?;
        Ok(Some(slapd))
    }

    /// The distinguished name of a person.
    pub fn person(uid: &str) -> String {
        format!("uid={uid},ou=people,{}", Slapd::BASE)
    }

    /// Runs one of OpenLDAP's clients (`ldapsearch`, `ldapadd` …), bound as somebody.
    ///
    /// # Errors
    /// When the client cannot be run; that the server refuses is in what is done.
    pub fn ask(&self, client: &str, bind: (&str, &str), words: &[&str], stdin: &str) -> Result<Done> {
        let (dn, password) = bind;
        let mut command = client::client(client)?;
        command.args(["-x", "-H"]).arg(format!("ldap://{}", self.server.address()));
        command.args(["-D", dn, "-w", password]).args(words);
        client::run(&mut command, stdin)
    }

    /// The same as the manager.
    ///
    /// # Errors
    /// When the client cannot be run.
    pub fn manage(&self, client: &str, words: &[&str], stdin: &str) -> Result<Done> {
        self.ask(client, (Slapd::MANAGER, MANAGER_PASSWORD), words, stdin)
    }

    /// Its stats log, as it is now.
    pub fn stats_log(&self) -> String {
        self.server.said()
    }

    /// Its access log, as LDIF.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn access_log(&self) -> Result<String> {
        self.manage("ldapsearch", &["-LLL", "-b", "cn=accesslog", "*"], "")?.text()
    }

    /// The export that the page of the source `ldif` tells to make, which holds no password.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn export(&self, bind: (&str, &str)) -> Result<String> {
        self.ask("ldapsearch", bind, &["-LLL", "-b", Slapd::BASE, "*", "+"], "")?.text()
    }
}
