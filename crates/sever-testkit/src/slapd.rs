//! A real OpenLDAP: Debian's slapd with the overlays that tell who did what and when.
//!
//! `stats` log on stderr, as in a container; `accesslog` beside it; `lastbind` and `memberOf` on the
//! entries; `ppolicy` for lockouts, which says that an account is locked to clients that ask (see
//! [`Slapd::start_silent`]); `cn=Monitor` for open connections; StartTLS. The directory begins with
//! `ou=people`, `ou=groups` and a group `cn=administrators`, whose members may write it.
//!
//! [`Slapd::add_staff`] adds the accounts that the connector `openldap` is documented to need, each with
//! no more rights than its page says: [`Slapd::READING`], [`Slapd::PROBING`], [`Slapd::CUTTING`], and a
//! [`Slapd::TWIN`] of the people who leave.

use std::path::PathBuf;
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
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey'
  EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY
  MAY ( sshPublicKey $ uid ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload accesslog
moduleload memberof
moduleload ppolicy
moduleload lastbind
pidfile FOLDER/slapd.pid
loglevel stats
TLSCertificateFile FOLDER/cert.pem
TLSCertificateKeyFile FOLDER/key.pem

database monitor
access to dn.subtree="cn=Monitor"
  by dn.exact="cn=severance-reading,ou=services,dc=shop,dc=example" read
  by dn.exact="cn=severance-probing,ou=services,dc=shop,dc=example" read
  by * none

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
DISCLOSURE
access to attrs=userPassword
  by dn.exact="cn=severance-cutting,ou=services,dc=shop,dc=example" =w
  by * break
access to attrs=pwdAccountLockedTime,shadowExpire,member,uniqueMember,roleOccupant,memberUid,sshPublicKey,userCertificate
  by dn.exact="cn=severance-cutting,ou=services,dc=shop,dc=example" write
  by dn.exact="cn=severance-reading,ou=services,dc=shop,dc=example" read
  by dn.exact="cn=severance-probing,ou=services,dc=shop,dc=example" read
  by * break
access to attrs=entry,objectClass,entryUUID,uid,cn,createTimestamp,structuralObjectClass,memberOf,authTimestamp,pwdLastSuccess,pwdChangedTime,pwdReset,pwdEndTime,pwdFailureTime,pwdPolicySubentry
  by dn.exact="cn=severance-cutting,ou=services,dc=shop,dc=example" read
  by dn.exact="cn=severance-reading,ou=services,dc=shop,dc=example" read
  by dn.exact="cn=severance-probing,ou=services,dc=shop,dc=example" read
  by * break
access to dn.subtree="ou=policies,dc=shop,dc=example"
  by dn.exact="cn=severance-probing,ou=services,dc=shop,dc=example" read
  by * break
access to *
  by dn.children="ou=services,dc=shop,dc=example" none
  by * break
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

/// What [`Slapd::add_staff`] adds: three services and a twin.
const STAFF: &str = "\
dn: ou=services,dc=shop,dc=example
objectClass: organizationalUnit
ou: services

dn: cn=severance-reading,ou=services,dc=shop,dc=example
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: severance-reading
userPassword: reading-of-a-test

dn: cn=severance-probing,ou=services,dc=shop,dc=example
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: severance-probing
userPassword: probing-of-a-test

dn: cn=severance-cutting,ou=services,dc=shop,dc=example
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: severance-cutting
userPassword: cutting-of-a-test

dn: uid=severance-twin,ou=people,dc=shop,dc=example
objectClass: inetOrgPerson
uid: severance-twin
cn: Severance Twin
sn: Twin
userPassword: twin-of-a-test
";

impl Slapd {
    /// Who lists doors, with the password.
    pub const READING: (&'static str, &'static str) =
        ("cn=severance-reading,ou=services,dc=shop,dc=example", "reading-of-a-test");
    /// Who tries them.
    pub const PROBING: (&'static str, &'static str) =
        ("cn=severance-probing,ou=services,dc=shop,dc=example", "probing-of-a-test");
    /// Who closes them.
    pub const CUTTING: (&'static str, &'static str) =
        ("cn=severance-cutting,ou=services,dc=shop,dc=example", "cutting-of-a-test");
    /// An account like those of the people who leave.
    pub const TWIN: (&'static str, &'static str) =
        ("uid=severance-twin,ou=people,dc=shop,dc=example", "twin-of-a-test");
    /// The policy of all accounts: five wrong passwords lock one.
    pub const POLICY: &'static str = "cn=default,ou=policies,dc=shop,dc=example";
    /// Below what everything is.
    pub const BASE: &'static str = "dc=shop,dc=example";
    /// Who may do everything.
    pub const MANAGER: &'static str = "cn=manager,dc=shop,dc=example";

    /// Starts one; `None`, and a reported skip, where it or its clients are not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start() -> Result<Option<Slapd>> {
        Slapd::start_with("ppolicy_use_lockout")
    }

    /// The same, but as it is by default: a locked account is answered as a wrong password is.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start_silent() -> Result<Option<Slapd>> {
        Slapd::start_with("")
    }

    /// The same as [`Slapd::start`], in another time: its clock is so far from ours, such as `+5h`.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start_at_another_time(offset: &str) -> Result<Option<Slapd>> {
        let Some(faketime) = program_or_skip("slapd", "faketime") else { return Ok(None) };
        let mut clock = Command::new(faketime);
        clock.args(["-f", offset]);
        Slapd::start_as("ppolicy_use_lockout", Some(clock))
    }

    fn start_with(disclosure: &str) -> Result<Option<Slapd>> {
        Slapd::start_as(disclosure, None)
    }

    fn start_as(disclosure: &str, within: Option<Command>) -> Result<Option<Slapd>> {
        let Some(slapd) = program_or_skip("slapd", "slapd") else { return Ok(None) };
        for name in ["ldapsearch", "openssl"] {
            if program_or_skip("slapd", name).is_none() {
                return Ok(None);
            }
        }
        let server = Server::start("slapd", &|folder, port| {
            for name in ["accesslog", "people"] {
                std::fs::create_dir(folder.join(name)).context("cannot make its folders")?;
            }
            let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
            client::self_signed(&folder.join("key.pem"), &folder.join("cert.pem"), "localhost", "127.0.0.1")?;
            let text = CONFIGURATION.replace("FOLDER", folder_text).replace("MANAGER", MANAGER_PASSWORD);
            let text = text.replace("DISCLOSURE", disclosure);
            std::fs::write(folder.join("slapd.conf"), text).context("cannot write its configuration")?;
            let mut command = match &within {
                Some(within) => {
                    let mut command = Command::new(within.get_program());
                    command.args(within.get_args()).arg(&slapd);
                    command
                }
                None => Command::new(&slapd),
            };
            // With `-d` it stays in the foreground.
            command.args(["-d", "stats", "-h"]).arg(format!("ldap://127.0.0.1:{port}"));
            command.arg("-f").arg(folder.join("slapd.conf"));
            Ok(command)
        })?;
        let slapd = Slapd { server };
        slapd.manage("ldapadd", &[], BEGINNING)?.text()?;
        Ok(Some(slapd))
    }

    /// Adds the accounts that Severance works with, and the twin.
    ///
    /// # Errors
    /// When they cannot be added.
    pub fn add_staff(&self) -> Result<()> {
        self.manage("ldapadd", &[], STAFF)?.text()?;
        Ok(())
    }

    /// Where it is, for clients of our own.
    pub fn url(&self) -> String {
        format!("ldap://{}", self.server.address())
    }

    /// Its port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Ends it; what it holds stays.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts it again where it was, after [`Slapd::stop`].
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_again(&mut self) -> Result<()> {
        self.server.start_again("slapd")
    }

    /// What it was started with: `slapd.conf`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn configuration(&self) -> Result<String> {
        self.server.file("slapd.conf")
    }

    /// The certificate that clients trust it by, after StartTLS.
    pub fn ca(&self) -> PathBuf {
        self.server.folder().join("cert.pem")
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
