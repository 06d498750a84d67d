//! A folder with a company's files, and `sever` run in it.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

/// A folder.
pub struct World {
    dir: TempDir,
}

/// What a run said and how it ended.
pub struct Said {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// All of it, for snapshots.
    pub fn all(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.exit, self.stdout, self.stderr)
    }

    /// The lines of stderr that hold a word.
    pub fn told(&self, word: &str) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.contains(word)).collect()
    }

    /// Stdout as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.all()))
    }
}

impl World {
    /// An empty folder.
    pub fn empty() -> World {
        World { dir: tempfile::tempdir().unwrap() }
    }

    /// A folder with an HR list and an account list, configured.
    pub fn with_people() -> World {
        let world = World::empty();
        world.write("hr.csv", HR);
        world.write("accounts.csv", ACCOUNTS);
        world.write("severance.toml", format!("{HR_SOURCE}{ACCOUNTS_SOURCE}"));
        world
    }

    /// The same with a gateway's and an issuer's log, twelve uses of tokens that nobody issued in the
    /// first.
    pub fn with_logs() -> World {
        let world = World::with_people();
        world.write("gateway.jsonl", gateway());
        world.write("issuer.jsonl", issuer());
        world.append("severance.toml", LOGS);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn append(&self, name: &str, content: impl AsRef<[u8]>) {
        let mut all = fs::read(self.path(name)).unwrap();
        all.extend_from_slice(content.as_ref());
        self.write(name, all);
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// `sever` with these words, ready to be started.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sever"));
        command.args(words.split_whitespace()).current_dir(self.dir.path()).stdin(Stdio::null());
        // Nothing of who runs the tests: no configuration, no colours, no zone, no home.
        command.env_clear().env("HOME", self.dir.path()).env("RUST_BACKTRACE", "1").env("USER", "tester");
        command
    }

    /// Runs `sever` with these words.
    pub fn sever(&self, words: &str) -> Said {
        let output = self.command(words).output().unwrap();
        let text = |bytes: Vec<u8>| self.steady(&String::from_utf8(bytes).unwrap());
        let said =
            Said { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!said.stderr.contains("panicked"), "`sever {words}` panicked\n{}", said.all());
        said
    }

    /// Text without what differs from run to run.
    pub fn steady(&self, text: &str) -> String {
        let real = self.dir.path().canonicalize().unwrap();
        let text = text.replace(&*real.to_string_lossy(), "<dir>");
        let text = text.replace(&*self.dir.path().to_string_lossy(), "<dir>");
        let text = text.replace(&format!("who = [\"{}\"]", sever::operator::login()), "who = [\"<login>\"]");
        without_pseudonyms(&without_runs(&without_now(&text)))
    }
}

/// Instants with fractions of a second come from the clock or from a file's change time: fixtures have
/// none.
fn without_now(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some(dot) = rest.find('.') {
        let (before, after) = rest.split_at(dot);
        let digits = after[1..].bytes().take_while(u8::is_ascii_digit).count();
        let start = before.len().checked_sub(19).filter(|start| before.is_char_boundary(*start));
        let instant = start.is_some_and(|start| before.as_bytes()[start + 10] == b'T' && is_second(&before[start..]));
        if instant && digits > 0 && after[1 + digits..].starts_with('Z') {
            steady.push_str(&before[..start.unwrap()]);
            steady.push_str("<now>");
            rest = &after[digits + 2..];
        } else {
            steady.push_str(before);
            steady.push('.');
            rest = &after[1..];
        }
    }
    steady + rest
}

fn is_second(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'T' | b':'))
}

/// Ids of runs hold the clock.
fn without_runs(text: &str) -> String {
    let mut steady = text.to_owned();
    for word in ["scan-", "check-"] {
        let mut parts = steady.split(word);
        let mut replaced = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            match digits {
                16 => write!(replaced, "{word}<run>{}", &part[digits..]).unwrap(),
                _ => write!(replaced, "{word}{part}").unwrap(),
            }
        }
        steady = replaced;
    }
    steady
}

/// Pseudonyms are made under the data directory's own key.
fn without_pseudonyms(text: &str) -> String {
    let mut parts = text.split("person-");
    let mut steady = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let letters = part.bytes().take_while(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')).count();
        let rest = if letters == 8 { &part[8..] } else { part };
        write!(steady, "person-{}{rest}", if letters == 8 { "………" } else { "" }).unwrap();
    }
    steady
}

/// As Workday exports it: two leavers, a rehire, a contractor whose end has come.
pub const HR: &str = "\
Employee ID,Legal Name,Preferred Name,Work Email,User Name,Worker Type,Department,Business Title,Manager ID,Hire Date,Termination Date,Last Day of Work,Cost Center
10001,Mina Park,Mina,mina.park@shop.example,mina.park,Employee,Platform,Staff Engineer,,2019-03-04,,,4410
10002,Jun Seo,Jun,jun.seo@shop.example,jun.seo,Employee,Platform,Platform Engineer,10001,2020-06-15,2025-09-30,2025-09-30,4410
10003,Aiko Tanaka,,aiko.tanaka@shop.example,aiko.tanaka,Employee,Payments,Engineer,10001,2021-01-11,,,4420
10004,\"O'Brien, Liam\",Liam,liam.obrien@shop.example,liam.obrien,Contractor,Platform,SRE (contract),10001,2024-11-01,2025-10-31,2025-10-31,4410
10005,Sara Lind,Sara,sara.lind@shop.example,sara.lind,Employee,Finance,Analyst,10001,2018-08-20,2023-02-28,2023-02-28,4500
10005,Sara Lind,Sara,sara.lind@shop.example,sara.lind,Employee,Finance,Senior Analyst,10001,2024-05-02,,,4500
10006,Tomás Rivera,,tomas.rivera@shop.example,tomas.rivera,Employee,Support,Agent,10001,2022-02-14,2025-08-15,2025-08-15,4600
";

/// An account left open, one in nobody's name made by a leaver, one under another login, one disabled.
pub const ACCOUNTS: &str = "\
account_id,login,display_name,email,employee_number,kind,status,created_at,created_by,last_used
a-1,mina.park,Mina Park,mina.park@shop.example,10001,person,active,2019-03-04T01:00:00Z,,2025-11-17T02:00:00Z
a-2,jun.seo,Jun Seo,jun.seo@shop.example,10002,person,active,2020-06-15T01:00:00Z,mina.park,2025-10-20T02:00:00Z
a-3,aiko.tanaka,Aiko Tanaka,aiko.tanaka@shop.example,10003,person,active,2021-01-11T01:00:00Z,,2025-11-17T02:00:00Z
a-4,liam.obrien,Liam O'Brien,liam.obrien@shop.example,,person,disabled,2024-11-01T01:00:00Z,,2025-10-30T02:00:00Z
a-5,sara.lind,Sara Lind,sara.lind@shop.example,10005,person,active,2018-08-20T01:00:00Z,,2025-11-16T02:00:00Z
a-6,trivera,Tomás Rivera,tomas.rivera@shop.example,,person,active,2022-02-14T01:00:00Z,,2025-11-14T02:00:00Z
a-9,p.keller,Paul Keller,p.keller@shop.example,,person,active,2025-06-02T21:10:00Z,jun.seo,2025-11-12T23:00:00Z
a-10,svc-report,Nightly report,,,service,active,2022-01-01T00:00:00Z,mina.park,2025-11-17T03:00:00Z
";

pub const HR_SOURCE: &str = "[[source]]\nname = \"hr\"\nkind = \"people\"\npath = \"hr.csv\"\n";
pub const ACCOUNTS_SOURCE: &str = "[[source]]\nname = \"shop\"\nkind = \"accounts\"\npath = \"accounts.csv\"\n";

const LOGS: &str = r#"
[[log]]
name = "gateway"
path = "gateway.jsonl"
[[log]]
name = "issuer"
path = "issuer.jsonl"
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

/// 2025-11-16T00:00:00Z.
const MIDNIGHT: i64 = 1_763_251_200;
/// Tokens issued, one a minute.
const ISSUED: i64 = 600;
/// Members, who take turns.
const MEMBERS: i64 = 40;
/// The hour after which tokens that nobody issued are used, and how many.
const FORGED_FROM: i64 = 5 * 3_600;
const FORGED: i64 = 12;

fn instant(secs: i64) -> String {
    let of_day = secs - MIDNIGHT;
    format!("2025-11-16T{:02}:{:02}:{:02}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

fn claims(id: &str, member: i64, issued_at: i64) -> serde_json::Value {
    json!({
        "iss": "https://id.shop.example", "jti": id, "kid": "kid-2024-04", "sub": format!("m-{}", 1_000 + member),
        "iat": issued_at, "exp": issued_at + 3_600,
    })
}

/// The issuer's log: numbered, without a hole.
pub fn issuer() -> String {
    let mut log = String::new();
    for number in 0..ISSUED {
        let at = MIDNIGHT + 60 * number;
        let mut line = claims(&format!("t-{number}"), number % MEMBERS, at);
        line["ts"] = json!(instant(at));
        line["event"] = json!("token_issued");
        line["seq"] = json!(number + 1);
        writeln!(log, "{line}").unwrap();
    }
    log
}

/// The gateway's log: two uses of every token, and the forged ones, each naming another member.
pub fn gateway() -> String {
    let mut uses: Vec<(i64, String, i64, i64, &str)> = Vec::new();
    for number in 0..ISSUED {
        let issued = MIDNIGHT + 60 * number;
        for later in [5, 1_200] {
            uses.push((issued + later, format!("t-{number}"), number % MEMBERS, issued, "203.0.113.9"));
        }
    }
    for number in 0..FORGED {
        let at = MIDNIGHT + FORGED_FROM + 20 * number;
        uses.push((at, format!("f-{number}"), number, at - 60, "198.51.100.7"));
    }
    uses.sort();
    let mut log = String::new();
    for (at, id, member, issued, address) in uses {
        let line = json!({
            "ts": instant(at), "method": "GET", "path": "/api/address-book", "status": 200, "remote_addr": address,
            "user_agent": "ShopApp/7.1", "jwt": claims(&id, member, issued), "member_ids": [format!("m-{}", 1_000 + member)],
        });
        writeln!(log, "{line}").unwrap();
    }
    log
}

/// The register of members: all that the logs name.
pub fn register() -> String {
    let mut register = "id,created,deleted,member\n".to_owned();
    for member in 0..MEMBERS {
        writeln!(register, "m-{},2020-01-01,,true", 1_000 + member).unwrap();
    }
    register
}
