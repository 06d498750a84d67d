//! The same list of operations, controls and probes by the plain clients: `ldap3` and `tokio-postgres`, with a
//! session of its own for each as the connectors have, and as many side by side. Nothing is planned,
//! recorded, proven, bounded or retried.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use ldap3::controls::RawControl;
use ldap3::exop::PasswordModify;
use ldap3::{Ldap, LdapConnAsync, Mod, Scope};
use sever_testkit::Slapd;
use tokio::runtime::Builder;
use tokio_postgres::{Client, NoTls};

use super::shop::{GROUPS, Leaver, PASSWORD, ROLES, Shop, group_dn};
use super::{OURS, WIDTH};

/// The control by which slapd says that an account is locked.
const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// One operation, control or probe of a leaver.
#[derive(Debug, Clone, Copy)]
enum Job {
    ListEntry,
    TryEntry { cut: bool },
    TryGroup { group: usize, cut: bool },
    Lock,
    ResetEntry,
    LeaveGroup(usize),
    ListRole,
    TryRole { cut: bool },
    SeeMember,
    SeeOwned,
    NoLogin,
    ResetRole,
    Reassign,
    Revoke(usize),
}

/// Takes one leaver out, in the order of a plan. How many doors were seen closed.
pub(super) fn cut(shop: &Shop, leaver: &Leaver) -> Result<usize> {
    let groups = |cut| (0..GROUPS).map(move |group| Job::TryGroup { group, cut });
    let entry = |cut| [Job::TryEntry { cut }].into_iter().chain(groups(cut));
    let role =
        |cut| [Job::TryRole { cut }, Job::SeeOwned].into_iter().chain(std::iter::repeat_n(Job::SeeMember, ROLES));
    let list = || vec![Job::ListEntry, Job::ListRole];
    // As the engine does: listed, tried before, contained, listed again, handed over, cut, tried, tried past the
    // directory's window, swept.
    let waves: Vec<Vec<Job>> = vec![
        list(),
        entry(false).chain(role(false)).collect(),
        vec![Job::Lock, Job::NoLogin],
        vec![Job::ResetEntry, Job::ResetRole],
        list(),
        vec![Job::Reassign],
        (0..GROUPS).map(Job::LeaveGroup).chain((0..ROLES).map(Job::Revoke)).collect(),
        entry(true).chain(role(true)).collect(),
        entry(true).collect(),
        list(),
    ];
    let last = waves.len().saturating_sub(3);
    let mut closed = 0;
    for (at, wave) in waves.iter().enumerate() {
        let seen = side_by_side(shop, leaver, wave)?;
        closed += if at == last { seen } else { 0 };
    }
    Ok(closed)
}

/// Does some jobs, as many at once at each server as the engine does; how many saw a closed door.
fn side_by_side(shop: &Shop, leaver: &Leaver, jobs: &[Job]) -> Result<usize> {
    let (entry, role): (Vec<Job>, Vec<Job>) = jobs.iter().partition(|job| job.is_of_directory());
    let lanes = [(entry, AtomicUsize::new(0)), (role, AtomicUsize::new(0))];
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (jobs, next) in &lanes {
            for _ in 0..WIDTH.min(jobs.len()) {
                threads.push(scope.spawn(move || worker(shop, leaver, jobs, next)));
            }
        }
        let mut closed = 0;
        for thread in threads {
            closed += thread.join().map_err(|_| anyhow::anyhow!("a worker broke down"))??;
        }
        Ok(closed)
    })
}

fn worker(shop: &Shop, leaver: &Leaver, jobs: &[Job], next: &AtomicUsize) -> Result<usize> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut closed = 0;
    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
        let done = runtime.block_on(async {
            if job.is_of_directory() { entry_job(shop, leaver, *job).await } else { role_job(shop, leaver, *job).await }
        });
        closed += usize::from(done.with_context(|| format!("{job:?} of {}", leaver.login))?);
    }
    Ok(closed)
}

impl Job {
    fn is_of_directory(&self) -> bool {
        use Job::{LeaveGroup, ListEntry, Lock, ResetEntry, TryEntry, TryGroup};
        matches!(self, ListEntry | TryEntry { .. } | TryGroup { .. } | Lock | ResetEntry | LeaveGroup(_))
    }
}

/// A connection that is bound, and the code of the bind.
async fn bound(shop: &Shop, (name, secret): (&str, &str)) -> Result<(Ldap, u32)> {
    let (connection, mut ldap) = LdapConnAsync::new(&shop.slapd.url()).await?;
    tokio::spawn(async move { connection.drive().await.ok() });
    let asked = RawControl { ctype: PASSWORD_POLICY.to_owned(), crit: false, val: None };
    let code = ldap.with_controls(vec![asked]).simple_bind(name, secret).await?.rc;
    Ok((ldap, code))
}

async fn found(ldap: &mut Ldap, base: &str, scope: Scope, filter: &str) -> Result<usize> {
    Ok(ldap.search(base, scope, filter, vec!["*", "+"]).await?.success()?.0.len())
}

/// One job at the directory: whether it saw a closed door.
async fn entry_job(shop: &Shop, leaver: &Leaver, job: Job) -> Result<bool> {
    let dn = Slapd::person(&leaver.login);
    let own = format!("(entryUUID={})", leaver.entry);
    match job {
        Job::ListEntry => list_entry(shop, &dn, &own).await.map(|()| false),
        Job::TryEntry { cut } => {
            let (mut ldap, _) = bound(shop, Slapd::PROBING).await?;
            found(&mut ldap, Slapd::BASE, Scope::Subtree, &own).await?;
            ldap.compare(&dn, "pwdFailureTime", "19700101000000Z").await?;
            found(&mut ldap, Slapd::POLICY, Scope::Base, "(objectClass=*)").await?;
            let (_, twin) = bound(shop, Slapd::TWIN).await?;
            found(&mut ldap, Slapd::TWIN.0, Scope::Base, "(objectClass=*)").await?;
            if !cut {
                return Ok(false);
            }
            let nobody = format!("uid=severance-nobody,ou=people,{}", Slapd::BASE);
            let (_, never) = bound(shop, (&nobody, OURS)).await?;
            let (_, tried) = bound(shop, (&dn, OURS)).await?;
            Ok((twin, never, tried) == (0, 49, 49))
        }
        Job::TryGroup { group, cut } => {
            let (mut ldap, _) = bound(shop, Slapd::PROBING).await?;
            found(&mut ldap, &group_dn(group), Scope::Base, "(objectClass=*)").await?;
            let is_member = ldap.compare(&group_dn(group), "member", &dn).await?.equal()?;
            let twin = if cut { ldap.compare(&group_dn(group), "member", Slapd::TWIN.0).await?.equal()? } else { true };
            Ok(twin && !is_member)
        }
        Job::Lock => {
            let (mut ldap, _) = bound(shop, Slapd::CUTTING).await?;
            found(&mut ldap, Slapd::BASE, Scope::Subtree, &own).await?;
            lock(&mut ldap, &dn).await.map(|()| false)
        }
        Job::ResetEntry => {
            let (mut ldap, _) = bound(shop, Slapd::CUTTING).await?;
            found(&mut ldap, Slapd::BASE, Scope::Subtree, &own).await?;
            let set = PasswordModify { user_id: Some(&dn), old_pass: None, new_pass: Some(OURS) };
            ldap.extended(set).await?.success()?;
            lock(&mut ldap, &dn).await.map(|()| false)
        }
        Job::LeaveGroup(group) => {
            let (mut ldap, _) = bound(shop, Slapd::CUTTING).await?;
            found(&mut ldap, &group_dn(group), Scope::Base, "(objectClass=*)").await?;
            let gone = Mod::Delete("member", [dn.as_str()].into());
            ldap.modify(&group_dn(group), vec![gone]).await?.success()?;
            Ok(false)
        }
        _ => anyhow::bail!("{job:?} is not the directory's"),
    }
}

async fn lock(ldap: &mut Ldap, dn: &str) -> Result<()> {
    found(ldap, dn, Scope::Base, "(objectClass=*)").await?;
    let change = Mod::Replace("pwdAccountLockedTime", ["000001010000Z"].into());
    ldap.modify(dn, vec![change]).await?.success()?;
    Ok(())
}

async fn list_entry(shop: &Shop, dn: &str, own: &str) -> Result<()> {
    let (mut ldap, _) = bound(shop, Slapd::READING).await?;
    found(&mut ldap, Slapd::BASE, Scope::Base, "(objectClass=*)").await?;
    found(&mut ldap, Slapd::BASE, Scope::Subtree, own).await?;
    for (name, value) in
        [("pwdAccountLockedTime", "000001010000Z"), ("sshPublicKey", "none"), ("userCertificate", "none")]
    {
        ldap.compare(dn, name, value).await?;
    }
    let mut groups = 0;
    for name in ["member", "uniqueMember", "roleOccupant", "memberUid"] {
        groups += found(&mut ldap, Slapd::BASE, Scope::Subtree, &format!("({name}={dn})")).await?;
    }
    for group in 0..groups {
        found(&mut ldap, Slapd::BASE, Scope::Subtree, &format!("(member={})", group_dn(group))).await?;
    }
    found(&mut ldap, "cn=Connections,cn=Monitor", Scope::Subtree, "(objectClass=*)").await?;
    Ok(())
}

/// A session of a role.
async fn session(shop: &Shop, role: &str, password: &str) -> Result<Client, tokio_postgres::Error> {
    let mut config: tokio_postgres::Config = shop.postgres.url().parse()?;
    config.dbname("postgres").user(role).password(password).ssl_mode(tokio_postgres::config::SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute("set search_path = pg_catalog; set lock_timeout = 15000").await?;
    Ok(client)
}

/// The code by which a role is not let in; nothing where it is.
async fn refused(shop: &Shop, role: &str, password: &str) -> Result<Option<String>> {
    match session(shop, role, password).await {
        Ok(_) => Ok(None),
        Err(error) => Ok(Some(error.code().context("no answer")?.code().to_owned())),
    }
}

const ROLE: &str = "select oid::int8, rolcanlogin from pg_roles where rolname = $1";
const MEMBERS: &str = "select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid \
                       join pg_roles r on r.oid = m.member where r.rolname = $1 order by 1";
const GRANTORS: &str = "select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid \
                        join pg_roles r on r.oid = m.grantor where r.rolname = $1 order by 1";
const DEPENDS: &str = "select dbid::int8, classid::int8, deptype::text, count(*) from pg_shdepend d join pg_roles r \
                       on r.oid = d.refobjid where r.rolname = $1 group by 1, 2, 3";
const OWNS: &str = "select d.objid::int8 from pg_shdepend d join pg_roles r on r.oid = d.refobjid \
                    where r.rolname = $1 and d.deptype = 'o'";
const LIVE: &str = "select pid from pg_stat_activity where usename = $1";
const GRANTS: &str = "select c.oid::int8 from pg_class c, aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantor \
                      where r.rolname = $1";
const CRON: &str = "select extname::text from pg_extension where extname = 'pg_cron' and $1 <> ''";
const ANY_MEMBER: &str = "select count(*) from pg_auth_members where $1 <> ''";
const ANY_DEPENDS: &str = "select count(*) from pg_shdepend where $1 <> ''";

/// One job at the database: whether it saw a closed door.
async fn role_job(shop: &Shop, leaver: &Leaver, job: Job) -> Result<bool> {
    let login = leaver.login.as_str();
    let looks = move |reader: &'static str, questions: &'static [&'static str]| async move {
        let client = session(shop, reader, PASSWORD).await?;
        let mut rows = 0;
        for sql in questions {
            rows = client.query(*sql, &[&login]).await?.len();
        }
        Ok::<usize, anyhow::Error>(rows)
    };
    let does = move |statement: String| async move {
        let client = session(shop, "severance_cut", PASSWORD).await?;
        client.query(ROLE, &[&login]).await?;
        client.batch_execute(&statement).await?;
        Ok::<bool, anyhow::Error>(false)
    };
    match job {
        Job::ListRole => {
            looks("severance_read", &[ROLE, DEPENDS, LIVE, MEMBERS, GRANTORS, CRON]).await?;
            looks("severance_read", &[GRANTS, GRANTS, GRANTS]).await.map(|_| false)
        }
        Job::TryRole { cut } => {
            let tried = if cut { refused(shop, login, OURS).await? } else { None };
            let twin = refused(shop, "severance_twin", PASSWORD).await?;
            let nobody = refused(shop, "severance-nobody", OURS).await?;
            if !cut {
                looks("severance_probe", &[ROLE]).await?;
            }
            Ok(tried.as_deref() == Some("28000") && twin.is_none() && nobody.as_deref() == Some("28P01"))
        }
        Job::SeeMember => Ok(looks("severance_probe", &[ANY_MEMBER, ROLE, MEMBERS]).await? == 0),
        Job::SeeOwned => Ok(looks("severance_probe", &[ANY_DEPENDS, ROLE, OWNS]).await? == 0),
        Job::NoLogin => does(format!("ALTER ROLE \"{login}\" NOLOGIN")).await,
        Job::ResetRole => does(format!("ALTER ROLE \"{login}\" PASSWORD '{OURS}'")).await,
        Job::Reassign => does(format!("REASSIGN OWNED BY \"{login}\" TO data_owner")).await,
        Job::Revoke(role) => does(format!("REVOKE role_{role} FROM \"{login}\"")).await,
        _ => anyhow::bail!("{job:?} is not the database's"),
    }
}

/// That a leaver is out, seen from outside of what was measured.
pub(super) fn is_out(shop: &Shop, leaver: &Leaver) -> Result<()> {
    let own = (Slapd::person(&leaver.login), "leaver-of-a-bench");
    let entry = shop.slapd.ask("ldapwhoami", (&own.0, own.1), &[], "")?;
    let role = shop.postgres.ask(&leaver.login, own.1, "select 1")?;
    ensure!(!entry.success && !role.success, "{} still gets in", leaver.login);
    Ok(())
}
