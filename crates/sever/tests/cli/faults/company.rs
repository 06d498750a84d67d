//! People who leave one after the other, with an account on a real slapd and a role on a real PostgreSQL,
//! and ann, who stays. What is so is asked of OpenLDAP's and PostgreSQL's own clients.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, MutexGuard};

use anyhow::{Context, Result, ensure};
use sever_testkit::{Postgres, Slapd};

use crate::cut::verdicts;
use crate::world::{Said, World};

/// The rules of `sever explain connections/postgresql`, and ann.
const ROLES: &str = "
CREATE ROLE readers;
CREATE ROLE data_owner;
CREATE ROLE ann LOGIN PASSWORD 'ann-of-a-test';
CREATE ROLE severance_read LOGIN PASSWORD 'reading-of-a-test';
CREATE ROLE severance_probe LOGIN PASSWORD 'probing-of-a-test';
CREATE ROLE severance_cut LOGIN CREATEROLE PASSWORD 'cutting-of-a-test';
CREATE ROLE severance_twin LOGIN PASSWORD 'twin-of-a-test';
GRANT pg_read_all_stats TO severance_read, severance_probe, severance_cut;
GRANT pg_signal_backend, data_owner TO severance_cut;
GRANT readers TO severance_cut WITH ADMIN OPTION;
SET ROLE severance_cut;
GRANT readers TO ann;
RESET ROLE;
GRANT CREATE ON SCHEMA public TO data_owner;
";

const ROLE: &str = "
CREATE ROLE BOB LOGIN PASSWORD 'BOB-of-a-test';
GRANT BOB TO severance_cut WITH ADMIN OPTION;
SET ROLE severance_cut;
GRANT readers TO BOB;
RESET ROLE;
CREATE TABLE discounts_of_BOB (percent integer);
ALTER TABLE discounts_of_BOB OWNER TO BOB;
";

const ENTRIES: &str = "\
dn: uid=BOB,ou=people,dc=shop,dc=example
objectClass: inetOrgPerson
uid: BOB
cn: BOB
sn: BOB
userPassword: BOB-of-a-test

dn: cn=team-BOB,ou=groups,dc=shop,dc=example
objectClass: groupOfNames
cn: team-BOB
member: uid=BOB,ou=people,dc=shop,dc=example
member: uid=ann,ou=people,dc=shop,dc=example
";

const SETTINGS: &str = r#"zone = "UTC"

[[source]]
name = "hr"
kind = "people"
path = "people.csv"

[[source]]
name = "directory"
kind = "accounts"
path = "directory.csv"

[[source]]
name = "database"
kind = "accounts"
path = "database.csv"

[[source]]
name = "keys"
kind = "keys"
path = "keys.csv"
system = "directory"

[[connection]]
name = "directory"
kind = "openldap"
url = "ldap://127.0.0.1:DIRECTORY"
reading = { user = "cn=severance-reading,ou=services,dc=shop,dc=example", secret = { file = "secrets/reading" } }
probing = { user = "cn=severance-probing,ou=services,dc=shop,dc=example", secret = { file = "secrets/probing" } }
cutting = { user = "cn=severance-cutting,ou=services,dc=shop,dc=example", secret = { file = "secrets/cutting" } }
twin = { user = "uid=severance-twin,ou=people,dc=shop,dc=example", secret = { file = "secrets/twin" } }
[connection.settings]
base = "dc=shop,dc=example"
policy = "cn=default,ou=policies,dc=shop,dc=example"

[[connection]]
name = "database"
kind = "postgresql"
url = "postgres://127.0.0.1:DATABASE/postgres"
reading = { user = "severance_read", secret = { file = "secrets/reading" } }
probing = { user = "severance_probe", secret = { file = "secrets/probing" } }
cutting = { user = "severance_cut", secret = { file = "secrets/cutting" } }
twin = { user = "severance_twin", secret = { file = "secrets/twin" } }
[connection.settings]
tls = "off"
owner = "data_owner"
"#;

/// Ann's: what is known of keys is complete.
const KEYS: &str = "\
key_id,issuer,kind,account,created_at,created_by
k9,,api-key,directory/ann,2025-01-01T00:00:00Z,ann
";

/// The servers, each of which somebody else may stop.
pub struct Company {
    slapd: Mutex<Slapd>,
    postgres: Mutex<Postgres>,
}

impl Company {
    /// Starts it; nothing, and a reported skip, where a server is not installed.
    pub fn start() -> Result<Option<Company>> {
        let (Some(slapd), Some(postgres)) = (Slapd::start()?, Postgres::start()?) else { return Ok(None) };
        slapd.add_staff()?;
        let ann = ENTRIES.split("\n\n").next().unwrap_or_default().replace("BOB", "ann");
        slapd.manage("ldapadd", &[], &ann)?.text()?;
        postgres.manage(ROLES)?.text()?;
        Ok(Some(Company { slapd: Mutex::new(slapd), postgres: Mutex::new(postgres) }))
    }

    /// The directory. Who holds it keeps all others from it.
    pub fn slapd(&self) -> MutexGuard<'_, Slapd> {
        self.slapd.lock().unwrap()
    }

    /// The database.
    pub fn postgres(&self) -> MutexGuard<'_, Postgres> {
        self.postgres.lock().unwrap()
    }

    /// Gives somebody an entry, a group, a role, a membership and a table.
    pub fn hire(&self, bob: &str) -> Result<()> {
        self.slapd().manage("ldapadd", &[], &ENTRIES.replace("BOB", bob))?.text()?;
        self.postgres().manage(&ROLE.replace("BOB", bob))?.text()?;
        Ok(())
    }

    /// A folder in which somebody leaves, pulled: `severance.toml` leads to the servers, and `wired.toml` by
    /// other ports.
    pub fn leaving(&self, bob: &str, (directory, database): (u16, u16)) -> Result<World> {
        let world = World::empty();
        for name in ["reading", "probing", "cutting", "twin"] {
            let path = format!("secrets/{name}");
            world.write(&path, format!("{name}-of-a-test"));
            fs::set_permissions(world.path(&path), fs::Permissions::from_mode(0o600))?;
        }
        let settings = |directory: u16, database: u16| {
            SETTINGS.replace("DIRECTORY", &directory.to_string()).replace("DATABASE", &database.to_string())
        };
        world.write("severance.toml", settings(self.slapd().port(), self.postgres().port()));
        world.write("wired.toml", settings(directory, database));
        world.write(
            "people.csv",
            format!(
                "Employee ID,Legal Name,Email,Hire Date,Last Day of Work\n1001,Ann,ann@shop.example,2020-01-06,\n\
                 1002,{bob},{bob}@shop.example,2021-02-01,2025-03-31\n"
            ),
        );
        let accounts = |ann: &str, id: &str| {
            let twin = if id == bob { "" } else { "severance-twin,severance-twin,,service,enabled\n" };
            format!(
                "account_id,login,employee_number,kind,status\n{ann},ann,1001,human,enabled\n\
                 {id},{bob},1002,human,enabled\n{twin}"
            )
        };
        world.write("directory.csv", accounts(&self.id("ann")?, &self.id(bob)?));
        world.write("database.csv", accounts("ann", bob));
        world.write("keys.csv", KEYS.replace("directory/ann", &format!("directory/{}", self.id("ann")?)));
        let said = world.sever("sync");
        ensure!(said.exit == 0, "{}", said.all());
        Ok(world)
    }

    /// An entry's `entryUUID`.
    fn id(&self, uid: &str) -> Result<String> {
        let words = ["-LLL", "-b", &Slapd::person(uid), "-s", "base", "entryUUID"];
        let found = self.slapd().manage("ldapsearch", &words, "")?.text()?;
        found.lines().find_map(|line| line.strip_prefix("entryUUID: ")).map(str::to_owned).context("no id")
    }

    /// Whether somebody signs in to the directory with their own password.
    pub fn signs_in(&self, uid: &str) -> Result<bool> {
        let password = format!("{uid}-of-a-test");
        Ok(self.slapd().ask("ldapwhoami", (&Slapd::person(uid), &password), &[], "")?.success)
    }

    /// Whether somebody is in a group of the directory.
    pub fn is_in(&self, group: &str, uid: &str) -> Result<bool> {
        let group = format!("cn={group},ou=groups,{}", Slapd::BASE);
        let assertion = format!("member:{}", Slapd::person(uid));
        Ok(self.slapd().manage("ldapcompare", &[&group, &assertion], "")?.stdout.contains("TRUE"))
    }

    /// What the superuser is answered: the line after the head.
    pub fn sql(&self, sql: &str) -> Result<String> {
        let text = self.postgres().manage(sql)?.text()?;
        Ok(text.lines().nth(1).unwrap_or_default().to_owned())
    }

    /// What all but those who leave have, in one text: nothing of it may change.
    pub fn others(&self) -> Result<String> {
        let filter = "(|(uid=ann)(uid=severance-twin)(objectClass=applicationProcess)(cn=administrators))";
        let names = ["entryUUID", "userPassword", "member", "pwdAccountLockedTime", "shadowExpire", "sshPublicKey"];
        let words: Vec<&str> =
            ["-LLL", "-o", "ldif-wrap=no", "-b", Slapd::BASE, filter].into_iter().chain(names).collect();
        let entries = self.slapd().manage("ldapsearch", &words, "")?.text()?;
        let roles = "select string_agg(rolname || rolcanlogin || coalesce(rolpassword, ''), ' ' order by rolname) || \
                     (select string_agg(roleid::regrole || '/' || member::regrole, ' ' order by 1) from pg_auth_members \
                      where member::regrole::text in ('ann', 'severance_read', 'severance_probe', 'severance_twin')) \
                     from pg_authid where rolname !~ '^bob'";
        Ok(format!("{entries}\n{}", self.sql(roles)?))
    }

    /// That somebody is out of everything, and ann is where she was.
    pub fn is_out(&self, bob: &str) -> Result<()> {
        ensure!(!self.signs_in(bob)?, "{bob} signs in to the directory");
        ensure!(!self.is_in(&format!("team-{bob}"), bob)?, "{bob} is in the group");
        ensure!(self.is_in(&format!("team-{bob}"), "ann")?, "ann is not in {bob}'s group any more");
        let signs_in = self.postgres().ask(bob, &format!("{bob}-of-a-test"), "select 1")?.success;
        ensure!(!signs_in, "{bob} signs in to the database");
        let asked = format!(
            "select pg_has_role('{bob}', 'readers', 'member') or exists \
             (select from pg_class where relowner = '{bob}'::regrole)"
        );
        ensure!(self.sql(&asked)? == "f", "{bob} is a reader still, or owns something");
        let kept = self.sql(&format!("select count(*) from pg_class where relname = 'discounts_of_{bob}'"))?;
        ensure!(kept == "1", "what {bob} made is gone");
        ensure!(self.signs_in("ann")?, "ann does not sign in any more");
        ensure!(self.sql("select pg_has_role('ann', 'readers', 'member')")? == "t", "ann is no reader any more");
        Ok(())
    }
}

/// Plans; the digest.
pub fn plan(world: &World, bob: &str) -> String {
    let plan = world.sever(&format!("plan {bob}@shop.example --out bob.plan.json -f json"));
    plan.json()["digest"].as_str().unwrap_or_else(|| panic!("{}", plan.all())).to_owned()
}

/// The words of a cut, by one of the two configurations.
pub fn cut_words(bob: &str, digest: &str, config: &str) -> String {
    format!("cut {bob}@shop.example --config {config} --plan bob.plan.json --digest {digest} --typed {bob} -f json")
}

/// Cuts by the plain ports; every door is closed, and the proof holds.
pub fn cut_to_the_end(world: &World, bob: &str, digest: &str) -> Result<Said> {
    let said = world.sever(&cut_words(bob, digest, "severance.toml"));
    ensure!(said.exit == 0, "{}", said.all());
    let verdicts = verdicts(&said);
    ensure!(verdicts.len() >= 5 && verdicts.iter().all(|verdict| verdict == "closed"), "{}", said.all());
    let exported = world.sever("proof export --out proof");
    ensure!(exported.exit == 0, "{}", exported.all());
    let checked = world.sever("proof check proof");
    ensure!(checked.exit == 21, "{}", checked.all());
    Ok(said)
}
