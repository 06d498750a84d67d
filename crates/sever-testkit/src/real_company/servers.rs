//! The company's servers, started together, and what they hold before the day begins.

use std::thread;

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use crate::{Gateway, Glewlwyd, OidcProvider, OpenBao, Postgres, SambaAdDc, Slapd, Sshd};

/// All of them.
pub(super) struct Servers {
    pub slapd: Slapd,
    pub samba: SambaAdDc,
    pub postgres: Postgres,
    pub bao: OpenBao,
    pub sshd: Sshd,
    pub glewlwyd: Glewlwyd,
    pub provider: OidcProvider,
    pub gateway: Gateway,
}

/// A colleague: their login, name and HR's number.
pub(super) struct Colleague {
    pub login: &'static str,
    pub name: &'static str,
    pub number: &'static str,
}

/// Everybody.
pub(super) const PEOPLE: [Colleague; 3] = [
    Colleague { login: "ann", name: "Ann Lee", number: "1001" },
    Colleague { login: "bob", name: "Bob Ray", number: "1002" },
    Colleague { login: "zoe", name: "Zoe Ash", number: "1003" },
];

/// Where the signing key lies, and what opens it.
pub(super) const KEY_PATH: &str = "secret/data/signing/kid-1";
const SIGNING: &str = r#"path "secret/data/signing/*" { capabilities = ["read"] }
path "auth/token/create" { capabilities = ["update"] }"#;
const SUPPORT: &str = r#"path "secret/data/support/*" { capabilities = ["read"] }"#;

/// Somebody's password, the same everywhere; Active Directory has its own wishes.
pub(super) fn password(login: &str) -> String {
    format!("{login}-Works-here-1")
}

impl Servers {
    /// Starts them and moves in; `None` where one is not installed, which it has reported.
    pub(super) fn start() -> Result<Option<Servers>> {
        let key = crate::new_signing_key()?;
        // Each moves in as soon as it is up: one takes seconds, most take none.
        let (samba, postgres, bao, rest) = thread::scope(|scope| {
            let samba = scope.spawn(|| with(SambaAdDc::start()?, domain));
            let postgres = scope.spawn(|| with(Postgres::start()?, database));
            let bao = scope.spawn(|| with(OpenBao::start()?, |bao| vault(bao, &key)));
            let rest = scope.spawn(|| -> Result<_> {
                let slapd = with(Slapd::start()?, directory)?;
                let glewlwyd = with(Glewlwyd::start()?, desk)?;
                let sshd = Sshd::start()?;
                Ok((slapd, glewlwyd, sshd))
            });
            (joined(samba), joined(postgres), joined(bao), joined(rest))
        });
        let (samba, postgres, bao, (slapd, glewlwyd, sshd)) = (samba?, postgres?, bao?, rest?);
        // The provider is given its key by the vault, as it would be when it is deployed.
        let Some(bao) = bao else { return Ok(None) };
        let kept = bao.ask("GET", KEY_PATH, &serde_json::Value::Null)?;
        let key = kept.pointer("/data/data/pem").and_then(|pem| pem.as_str()).context("the vault has no key")?;
        let Some(provider) = OidcProvider::start(key)? else { return Ok(None) };
        let gateway = Gateway::start(&provider)?;
        let all = (slapd, samba, postgres, sshd, glewlwyd, gateway);
        let (Some(slapd), Some(samba), Some(postgres), Some(sshd), Some(glewlwyd), Some(gateway)) = all else {
            return Ok(None);
        };
        Ok(Some(Servers { slapd, samba, postgres, bao, sshd, glewlwyd, provider, gateway }))
    }
}

/// A server that somebody has moved into.
fn with<S>(server: Option<S>, move_in: impl FnOnce(&S) -> Result<()>) -> Result<Option<S>> {
    if let Some(server) = &server {
        move_in(server)?;
    }
    Ok(server)
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a server's thread panicked"))?
}

/// People with their numbers, a service account that makes exports, and who may write.
fn directory(slapd: &Slapd) -> Result<()> {
    let mut entries = String::new();
    for Colleague { login, name, number } in &PEOPLE {
        let (dn, sn) = (Slapd::person(login), name.split(' ').next_back().unwrap_or(name));
        entries.push_str(&format!(
            "dn: {dn}\nobjectClass: inetOrgPerson\nuid: {login}\ncn: {name}\nsn: {sn}\nmail: {login}@shop.example\n\
             employeeNumber: {number}\nuserPassword: {}\n\n",
            password(login)
        ));
    }
    entries.push_str(&format!(
        "dn: {}\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: auditor\nuserPassword: {}\n\n",
        Slapd::person("auditor"),
        password("auditor"),
    ));
    for login in ["ann", "bob"] {
        entries.push_str(&format!(
            "dn: cn=administrators,ou=groups,{}\nchangetype: modify\nadd: member\nmember: {}\n\n",
            Slapd::BASE,
            Slapd::person(login)
        ));
    }
    slapd.manage("ldapmodify", &["-a"], &entries)?.text()?;
    Ok(())
}

fn domain(samba: &SambaAdDc) -> Result<()> {
    let mut entries = String::new();
    for Colleague { login, name, number } in &PEOPLE {
        entries.push_str(&format!(
            "dn: {}\nobjectClass: user\nsAMAccountName: {login}\nuserPrincipalName: {login}@shop.example\n\
             displayName: {name}\nemployeeID: {number}\nmail: {login}@shop.example\nuserAccountControl: 512\n{}\n\n",
            SambaAdDc::named(name),
            SambaAdDc::unicode_password(&password(login)),
        ));
    }
    entries.push_str(&format!(
        "dn: {0}\nobjectClass: group\nsAMAccountName: platform\nmember: {1}\nmember: {2}\n",
        SambaAdDc::named("platform"),
        SambaAdDc::named("Ann Lee"),
        SambaAdDc::named("Bob Ray"),
    ));
    samba.manage("ldapadd", &[], &entries)?.text()?;
    Ok(())
}

/// Roles whose comments say whose they are, as the company's rule is.
fn database(postgres: &Postgres) -> Result<()> {
    let mut sql = String::from(
        "create table orders (id int primary key, customer text, street text);\n\
         insert into orders select at, 'c' || lpad(at::text, 4, '0'), 'Example Street ' || at\n\
         from generate_series(0, 199) at;\n\
         create role reports login password 'reports-Works-here-1';\n\
         comment on role reports is 'service of ann@shop.example';\n\
         grant select on orders to reports;\n",
    );
    for Colleague { login, number, .. } in &PEOPLE {
        let makes_roles = if *login == "zoe" { "" } else { " createrole" };
        sql.push_str(&format!(
            "create role {login} login{makes_roles} password '{}';\ncomment on role {login} is 'employee {number}';\n\
             grant select on orders to {login} with grant option;\n",
            password(login)
        ));
    }
    postgres.manage(&sql)?.text()?;
    Ok(())
}

fn vault(bao: &OpenBao, key: &str) -> Result<()> {
    let ask = |method: &str, path: &str, body: serde_json::Value| bao.ask(method, path, &body);
    ask("POST", KEY_PATH, json!({ "data": { "pem": key } }))?;
    ask("POST", "secret/data/support/desk", json!({ "data": { "greeting": "hello" } }))?;
    ask("PUT", "sys/policies/acl/signing", json!({ "policy": SIGNING }))?;
    ask("PUT", "sys/policies/acl/support", json!({ "policy": SUPPORT }))?;
    ask("POST", "sys/auth/userpass", json!({ "type": "userpass" }))?;
    for Colleague { login, .. } in &PEOPLE {
        let policies = if *login == "zoe" { json!(["support"]) } else { json!(["signing", "support"]) };
        let user = json!({ "password": password(login), "token_policies": policies });
        ask("POST", &format!("auth/userpass/users/{login}"), user)?;
    }
    Ok(())
}

fn desk(glewlwyd: &Glewlwyd) -> Result<()> {
    for Colleague { login, name, .. } in &PEOPLE {
        glewlwyd.add_user(login, name, &password(login))?;
    }
    Ok(())
}
