//! The folder that a security engineer would have in the evening: each system's export, made as its page
//! tells to, and the logs as they are.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::people::{Day, Left};
use super::servers::{Colleague, PEOPLE, Servers, password};
use crate::{OidcProvider, OpenBao, Slapd};

/// Roles that can sign in, and whose they are by the company's comments; what people are told to run.
const ROLES: &str = r"
select rolname as login,
  case when rolname = 'postgres' or comment like 'service of %' then 'service' else 'human' end as kind,
  case when rolcanlogin then 'enabled' else 'disabled' end as status,
  substring(comment from '^employee (.*)$') as employee_number,
  case when rolname = 'postgres' then 'ann@shop.example' else substring(comment from '^service of (.*)$') end as owner
from pg_roles left join lateral (select shobj_description(oid, 'pg_authid') as comment) c on true
where rolname !~ '^pg_' order by 1;";

const GRANTS: &str = r"
select grantee as holder, table_schema || '.' || table_name as resource, lower(privilege_type) as rights,
  grantor as granted_by
from information_schema.role_table_grants where table_schema = 'public' order by 1, 2, 3;";

pub(super) fn write(servers: &Servers, day: &Day<'_>, left: &Left, folder: &Path) -> Result<()> {
    let file = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))
    };
    file("people.csv", &people(left))?;
    file("directory.ldif", &servers.slapd.export((&Slapd::person("auditor"), &password("auditor")))?)?;
    file("domain.ldif", &servers.samba.export()?)?;
    file("database.csv", &servers.postgres.manage(ROLES)?.text()?)?;
    file("database-rights.csv", &servers.postgres.manage(GRANTS)?.text()?)?;
    file("desk.json", &servers.glewlwyd.users()?.to_string())?;
    file("host.csv", &host(day))?;
    file("host-keys.csv", &host_keys(day))?;
    file("keys.csv", &keys())?;
    file("jwks.json", &servers.provider.jwks()?)?;
    file("decisions.csv", DECISIONS)?;
    file("customers.csv", &customers())?;
    vault(&servers.bao, &folder.join("vault"))?;

    file("directory.log", &servers.slapd.stats_log())?;
    file("domain-audit.json", &servers.samba.audit_log()?)?;
    file("database-log.csv", &servers.postgres.csv_log()?)?;
    file("desk.log", &servers.glewlwyd.log()?)?;
    file("issuer.jsonl", &servers.provider.log()?)?;
    file("gateway.jsonl", &servers.gateway.access_log()?)?;
    file("host-auth.log", &servers.sshd.auth_log("Accepted")?)?;
    let audit = servers.bao.audit_log()?;
    std::fs::write(folder.join("vault-audit.log"), audit).context("cannot write vault-audit.log")
}

/// HR's report, with the instant at which access ended in HR's own zone.
fn people(left: &Left) -> String {
    let mut text = String::from("Employee ID,Legal Name,Email,User Name,Worker Type,Department,Hire Date,Access End\n");
    for Colleague { login, name, number } in &PEOPLE {
        let team = if *login == "zoe" { "Support" } else { "Platform" };
        let end = if *login == "bob" { left.text.as_str() } else { "" };
        text.push_str(&format!("{number},{name},{login}@shop.example,{login},Employee,{team},2021-02-01,{end}\n"));
    }
    text
}

/// Accounts that are nobody's own, and who answers for them.
const DECISIONS: &str = "\
account,person,decided_by,reason
domain/Administrator,1001,security,break-glass: the envelope is in ann's safe
domain/dns-dc1,1001,security,made with the domain for its name server: ann keeps that
vault/token,1001,security,the root token of the day on which ann set it up
desk/admin,1001,security,the desk's administrator: ann installs it
";

/// The host's shared account, and those whose keys open it.
fn host(day: &Day<'_>) -> String {
    let mut text = String::from(
        "account_id,login,kind,status,owner,employee_number\nroot,root,service,enabled,ann@shop.example,\n",
    );
    for (login, _) in &day.host_keys {
        let number = PEOPLE.iter().find(|it| it.login == *login).map_or("", |it| it.number);
        text.push_str(&format!("{login},{login},human,enabled,,{number}\n"));
    }
    text
}

fn host_keys(day: &Day<'_>) -> String {
    let rows = day.host_keys.iter().map(|(login, fingerprint)| format!("{fingerprint},ssh-key,{login}\n"));
    std::iter::once("key_id,kind,account\n".to_owned()).chain(rows).collect()
}

fn keys() -> String {
    format!(
        "key_id,issuer,kind,kept_at,exportable,created_at\n{},{},signing-key,vault/secret/signing/kid-1,yes,2026-01-05T09:00:00Z\n",
        OidcProvider::KEY_ID,
        OidcProvider::ISSUER
    )
}

/// Who is a customer.
fn customers() -> String {
    let rows = (0..OidcProvider::CUSTOMERS).map(|at| format!("{},2025-06-01T00:00:00Z\n", OidcProvider::customer(at)));
    std::iter::once("customer_id,created\n".to_owned()).chain(rows).collect()
}

/// The export that the page of the source `openbao` tells to make.
fn vault(bao: &OpenBao, folder: &Path) -> Result<()> {
    let ask = |method: &str, path: &str| bao.ask(method, path, &Value::Null);
    let names = |listed: Value| -> Vec<String> {
        let keys = listed.pointer("/data/keys").and_then(Value::as_array).cloned().unwrap_or_default();
        keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect()
    };
    std::fs::create_dir_all(folder.join("policies")).context("cannot make the vault's folder")?;
    let file = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).with_context(|| format!("cannot write vault/{name}"))
    };
    for name in names(ask("LIST", "sys/policies/acl")?) {
        let policy = ask("GET", &format!("sys/policies/acl/{name}"))?;
        let text = policy.pointer("/data/policy").and_then(Value::as_str).unwrap_or_default();
        file(&format!("policies/{name}.hcl"), text)?;
    }
    let mut entities = Vec::new();
    for id in names(ask("LIST", "identity/entity/id")?) {
        entities.push(ask("GET", &format!("identity/entity/id/{id}"))?);
    }
    file("entities.json", &Value::Array(entities).to_string())?;
    let mut auth = serde_json::Map::new();
    for Colleague { login, .. } in &PEOPLE {
        let path = format!("auth/userpass/users/{login}");
        let user = ask("GET", &path)?;
        auth.insert(path, user.get("data").cloned().unwrap_or(Value::Null));
    }
    file("auth.json", &json!(auth).to_string())
}
