//! A temporary company: the files that a small firm would have, with one departure in them.
//!
//! ```text
//! ann    platform engineer, still here
//! bob    platform engineer, left on 2026-03-31; made `kid-1`, which still signs, and an account in
//!        the name of nobody
//! issuer 2026-04-01 09:00 to 09:40, a token every two seconds, numbered
//! uses   each token once, a second after; and three at the end that nobody issued
//! ```
//!
//! So a check names the key and the ghost account, and a scan the three tokens. Files only: nothing
//! here knows how they are read.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use tempfile::TempDir;

/// A folder of files, removed with it.
pub struct Company {
    folder: TempDir,
}

/// Tokens that the issuer logged.
const TOKENS: u32 = 1_200;

/// Tokens used that it did not.
const FORGED: u32 = 3;

const SETTINGS: &str = r#"zone = "UTC"

[[source]]
name = "hr"
kind = "people"
path = "people.csv"

[[source]]
name = "shop"
kind = "accounts"
path = "accounts.csv"

[[source]]
name = "keys"
kind = "keys"
path = "keys.csv"
system = "shop"

[[source]]
name = "custody"
kind = "custody"
path = "custody.csv"
system = "shop"

[[log]]
name = "issuer"
path = "issuer.jsonl"
format = "json-lines"
system = "shop"
[log.map]
time = "ts"
kind = "event"
issuer = "iss"
key_id = "kid"
credential = "jti"
token_subject = "sub"
issued_at = "iat"
expires_at = "exp"
node = "node"
sequence = "seq"

[[log]]
name = "gateway"
path = "gateway.jsonl"
format = "json-lines"
system = "shop"
[log.map]
time = "ts"
kind = "event"
outcome = "status"
issuer = "iss"
key_id = "kid"
credential = "jti"
token_subject = "sub"
issued_at = "iat"
expires_at = "exp"
data_subjects = "about"
resource = "path"
source_ip = "ip"

[[class]]
issuer = "https://id.shop.example"
name = "access"
issued_in = "issuer"
used_in = ["gateway"]
join = "jti"
bound = ["key_id", "token_subject", "issued_at", "expires_at"]
lifetime_max = "1h"
settle = "2m"
coverage = "sequence"
"#;

const PEOPLE: &str = "\
Employee ID,Legal Name,Email,User Name,Worker Type,Department,Business Title,Manager ID,Hire Date,Last Day of Work
1001,Ann Lee,ann@shop.example,ann,Employee,Platform,Engineer,,2020-01-06,
1002,Bob Ray,bob@shop.example,bob,Employee,Platform,Engineer,1001,2021-02-01,2026-03-31
";

const ACCOUNTS: &str = "\
account_id,login,display_name,email,employee_number,kind,status,owner,created_at,created_by,last_used,deleted_at
a-1,ann,Ann Lee,ann@shop.example,1001,human,enabled,,2020-01-06T08:00:00Z,,2026-04-01T08:00:00Z,
a-2,bob,Bob Ray,bob@shop.example,1002,human,enabled,,2021-02-01T08:00:00Z,,2026-03-31T15:00:00Z,
a-3,zoe.temp,Zoe Temp,,,human,enabled,,2026-02-02T08:00:00Z,bob,2026-03-30T15:00:00Z,
a-4,reports,Nightly reports,,,service,enabled,ann@shop.example,2022-02-02T08:00:00Z,ann,2026-04-01T01:00:00Z,
";

const KEYS: &str = "\
key_id,issuer,kind,account,kept_at,exportable,created_at,created_by,activated_at,retired_at,expires_at,rotated_at,last_used
kid-1,https://id.shop.example,signing-key,,,yes,2025-01-01T00:00:00Z,bob,2025-01-01T00:00:00Z,,,,2026-04-01T09:00:00Z
";

const CUSTODY: &str = "\
key_id,holder,holder_kind,strength,since,until,evidence
kid-1,1002,person,read,2025-06-01T00:00:00Z,,ticket 77: exported to debug the mobile app
";

impl Company {
    /// The company described above.
    ///
    /// # Errors
    /// When its files cannot be written.
    pub fn small() -> Result<Company> {
        let folder = tempfile::Builder::new().prefix("sever-company-").tempdir().context("no folder")?;
        let company = Company { folder };
        company.write("severance.toml", SETTINGS)?;
        company.write("people.csv", PEOPLE)?;
        company.write("accounts.csv", ACCOUNTS)?;
        company.write("keys.csv", KEYS)?;
        company.write("custody.csv", CUSTODY)?;
        company.write("issuer.jsonl", &(0..TOKENS).map(|at| issuance(at) + "\n").collect::<String>())?;
        company.write("gateway.jsonl", &(0..TOKENS + FORGED).map(|at| used(at) + "\n").collect::<String>())?;
        Ok(company)
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its configuration.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("severance.toml")
    }

    /// Writes one more file, or another text into one that is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        std::fs::write(self.folder.path().join(name), text).with_context(|| format!("cannot write {name}"))
    }
}

/// The moment `secs` after the issuer's log begins, on the one day of the logs.
fn moment(secs: u32) -> String {
    let of_day = 9 * 3_600 + secs;
    format!("2026-04-01T{:02}:{:02}:{:02}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

/// The claims of a token, the same on both sides.
fn claims(at: u32) -> serde_json::Value {
    json!({
        "iss": "https://id.shop.example", "kid": "kid-1", "jti": format!("t-{at:06}"),
        "sub": format!("c{:04}", at % 500), "iat": moment(at * 2), "exp": moment(at * 2 + 3_600),
    })
}

fn issuance(at: u32) -> String {
    with(claims(at), &json!({ "ts": moment(at * 2), "event": "issued", "node": "id-1", "seq": at + 1 }))
}

fn used(at: u32) -> String {
    let own = json!({
        "ts": moment(at * 2 + 1), "event": "used", "status": 200, "path": "/api/me", "ip": "192.0.2.7",
        "about": [format!("c{:04}", at % 500)],
    });
    with(claims(at), &own)
}

fn with(mut line: serde_json::Value, own: &serde_json::Value) -> String {
    if let (Some(line), Some(own)) = (line.as_object_mut(), own.as_object()) {
        line.extend(own.clone());
    }
    line.to_string()
}
