//! `exec` and `http`, on a small system of one's own (`own/doors.py`).

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use sever_connect::{Connection, Login};
use sever_model::act::{ActError, Trial};
use sever_model::{AccountId, Door, DoorKind, DoorState, Secret, UnknownWhy};
use sever_testkit::{find_program, skip, wait_until};
use tempfile::TempDir;

use crate::suite::{self, Expected, For, World};

const STATE: &str = r#"{
  "bob": {"enabled": true, "password": "bob-secret", "keys": {"k1": "key-secret"}, "gone": []},
  "ann": {"enabled": true, "password": "ann-secret", "keys": {}, "gone": []},
  "twin": {"enabled": true, "password": "twin-secret", "keys": {}, "gone": []}
}"#;

struct Own {
    folder: TempDir,
    python: PathBuf,
    /// The service, and where it listens.
    service: Option<(Child, u16)>,
}

impl Own {
    fn start(as_service: bool) -> Result<Option<Own>> {
        let Some(python) = find_program("python3") else {
            skip("own", "`python3` is not installed");
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("doors.py"), include_str!("own/doors.py"))?;
        std::fs::write(folder.path().join("state.json"), STATE)?;
        let mut own = Own { folder, python, service: None };
        if as_service {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut command = own.script();
            let child = command.args(["serve", &port.to_string()]).stderr(Stdio::null()).spawn()?;
            own.service = Some((child, port));
            wait_until("the service to listen", || Ok(std::net::TcpStream::connect(("127.0.0.1", port)).ok()))?;
        }
        Ok(Some(own))
    }

    fn script(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.folder.path().join("doors.py")).arg(self.folder.path().join("state.json"));
        command
    }

    fn enters(&self, account: &str, way: &str, secret: &str) -> Result<bool> {
        Ok(self.script().args(["enter", account, way, secret]).status().context("no client")?.success())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.stop();
    }
}

impl World for Own {
    fn connector(&self) -> &'static str {
        if self.service.is_some() { "http" } else { "exec" }
    }

    fn connection(&self, what: For) -> Option<Connection> {
        let mut settings = BTreeMap::new();
        settings.insert("closes".to_owned(), "login, api-key".to_owned());
        settings.insert("undoes".to_owned(), "login".to_owned());
        settings.insert("replaces".to_owned(), "login".to_owned());
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let program = format!("{} {} {}", self.python.display(), path("doors.py"), path("state.json"));
        settings.insert("program".to_owned(), program);
        let wrong = what == For::ProbingWrongly;
        if wrong && self.service.is_none() {
            return None;
        }
        let secret = if wrong { "wrong-secret" } else { "service-secret" };
        Some(Connection {
            id: "own".into(),
            system: "own".into(),
            url: self.service.as_ref().map(|(_, port)| format!("http://127.0.0.1:{port}")).unwrap_or_default(),
            settings,
            login: Some(Login { user: "severance".to_owned(), secret: Secret::new(secret.to_owned()) }),
            twin: None,
        })
    }

    fn leaver(&self) -> (AccountId, String) {
        ("own/bob".into(), "bob".to_owned())
    }

    fn doors(&self) -> Vec<(DoorKind, usize)> {
        vec![(DoorKind::Login, 1), (DoorKind::ApiKey, 1)]
    }

    fn expected(&self, _door: &Door) -> Expected {
        Expected::TRIED
    }

    fn secret(&self, door: &Door) -> Option<Secret<String>> {
        let secret = if door.kind == DoorKind::Login { "bob-secret" } else { "key-secret" };
        Some(Secret::new(secret.to_owned()))
    }

    fn gets_in(&self, door: &Door) -> Result<Option<bool>> {
        let way = if door.kind == DoorKind::Login { "password" } else { door.native.as_str() };
        let secret = self.secret(door).context("no secret")?;
        self.enters("bob", way, secret.expose()).map(Some)
    }

    fn bystander_gets_in(&self) -> Result<bool> {
        self.enters("ann", "password", "ann-secret")
    }

    fn stop(&mut self) {
        if let Some((child, _)) = &mut self.service {
            child.kill().ok();
            child.wait().ok();
        } else {
            std::fs::remove_file(self.folder.path().join("doors.py")).ok();
        }
    }
}

#[test]
fn exec_keeps_the_contract() -> Result<()> {
    let Some(mut own) = Own::start(false)? else { return Ok(()) };
    suite::keeps(&mut own)
}

#[test]
fn http_keeps_the_contract() -> Result<()> {
    let Some(mut own) = Own::start(true)? else { return Ok(()) };
    suite::keeps(&mut own)
}

/// What a program does wrong ends in `Unknown` with its reason, and shows no secret.
#[test]
fn a_program_that_misbehaves_closes_nothing() -> Result<()> {
    let Some(own) = Own::start(false)? else { return Ok(()) };
    let cases = [
        ("exit 3", UnknownWhy::TimedOut),
        ("echo not-json", UnknownWhy::Unexpected),
        ("cat", UnknownWhy::Unexpected),
        ("sleep 600 & sleep 600", UnknownWhy::TimedOut),
        (r#"echo '{"error":"unreachable","what":"down"}'"#, UnknownWhy::Unreachable),
        (r#"echo '{"state":"closed","strength":"tried","evidence":"trust me"}'"#, UnknownWhy::Ambiguous),
        (
            r#"echo '{"state":"closed","strength":"tried","controls":[{"kind":"positive","what":"","answer":"","held":false}]}'"#,
            UnknownWhy::ControlFailed,
        ),
    ];
    let hasty = sever_model::act::Cx { patience: sever_model::Span::secs(1), ..suite::cx() };
    for (script, why) in cases {
        let path = own.folder.path().join("misbehaves.sh");
        std::fs::write(&path, format!("{script}\n"))?;
        let mut connection = own.connection(For::Probing).context("no connection")?;
        connection.settings.insert("program".to_owned(), format!("/bin/sh {}", path.display()));
        let probe =
            sever_connect::connector("exec").ok().and_then(|it| it.open_probe).context("no probe")?(&connection)?;
        let door = Door::new(&"own".into(), DoorKind::Login, "bob");
        let secret = Secret::new("bob-secret".to_owned());
        let trial = Trial { nonce: "severance-x", secret: Some(&secret), replaced: false };
        let tried = probe.try_door(&door, &trial, &hasty);
        assert_eq!(tried.state, DoorState::Unknown(why), "{script}: {tried:?}");
        for secret in ["bob-secret", "service-secret"] {
            assert!(!format!("{tried:?}").contains(secret), "{script}: {tried:?}");
        }
    }
    Ok(())
}

#[test]
fn a_program_that_is_not_there_is_unreachable() -> Result<()> {
    let Some(own) = Own::start(false)? else { return Ok(()) };
    let mut connection = own.connection(For::Reading).context("no connection")?;
    connection.settings.insert("program".to_owned(), "/nowhere/at-all".to_owned());
    let doors = sever_connect::connector("exec").ok().and_then(|it| it.open_doors).context("no doors")?(&connection)?;
    let said = doors.doors(&"own/bob".into(), "bob", &suite::cx());
    assert!(matches!(said, Err(ActError::Unreachable(_))), "{said:?}");
    Ok(())
}
