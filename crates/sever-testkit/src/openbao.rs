//! A real OpenBao: in memory, unsealed, with a file audit device.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::client::{self, Done};
use crate::http;
use crate::server::{Server, program_or_skip};

/// A running OpenBao server.
pub struct OpenBao {
    server: Server,
}

/// The root token of a server that lives for one test, on loopback, with nothing in it.
const ROOT_TOKEN: &str = "root-of-a-test";

impl OpenBao {
    /// Starts one; `None`, and a reported skip, where it is not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start() -> Result<Option<OpenBao>> {
        let Some(bao) = program_or_skip("openbao", "bao") else { return Ok(None) };
        let server = Server::start("openbao", &|folder, port| {
            let audit = folder.join("audit.log");
            let text = format!("audit \"file\" \"file\" {{\n  options = {{ file_path = {audit:?} }}\n}}\n");
            std::fs::write(folder.join("bao.hcl"), text).context("cannot write its configuration")?;
            let mut command = Command::new(&bao);
            command.args(["server", "-dev", "-dev-no-store-token"]);
            command.arg(format!("-dev-root-token-id={ROOT_TOKEN}"));
            command.arg(format!("-dev-listen-address=127.0.0.1:{port}"));
            command.arg("-config").arg(folder.join("bao.hcl"));
            command.env("HOME", folder);
            Ok(command)
        })?;
        let bao = OpenBao { server };
        crate::wait_until("openbao to be unsealed", || {
            let health = http::request(bao.server.port(), "GET", "/v1/sys/health", &[], "");
            // In development mode it mounts the secrets engine after it is unsealed.
            let mounts = bao.ask_as(ROOT_TOKEN, "GET", "sys/mounts", &Value::Null);
            let ready = health.is_ok_and(|it| it.status == 200)
                && mounts.is_ok_and(|it| it.pointer("/data/secret~1").is_some());
            Ok(ready.then_some(()))
        })?;
        Ok(Some(bao))
    }

    /// Asks it as its root user; the answer's JSON, `Null` for an empty one.
    ///
    /// # Errors
    /// When it refuses.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.ask_as(ROOT_TOKEN, method, path, body)
    }

    /// Asks it with another token.
    ///
    /// # Errors
    /// When it refuses.
    pub fn ask_as(&self, token: &str, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("X-Vault-Token", token)];
        let answer = http::request(self.server.port(), method, &format!("/v1/{path}"), &headers, &body)?;
        if !(200..300).contains(&answer.status) {
            bail!("{method} {path}: {} {}", answer.status, answer.body.trim());
        }
        if answer.body.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&answer.body).with_context(|| format!("{method} {path}: no JSON"))
    }

    /// Runs its own client, with a token or without one.
    ///
    /// # Errors
    /// When the client cannot be run; that the server refuses is in what is done.
    pub fn bao(&self, token: &str, words: &[&str]) -> Result<Done> {
        let mut command = client::client("bao")?;
        command.env("BAO_ADDR", format!("http://127.0.0.1:{}", self.server.port()));
        command.env("BAO_TOKEN", token).env("HOME", self.server.folder()).args(words);
        client::run(&mut command, "")
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    /// Its audit log, as it is now.
    ///
    /// # Errors
    /// When there is none.
    pub fn audit_log(&self) -> Result<Vec<u8>> {
        std::fs::read(self.server.folder().join("audit.log")).context("no audit log")
    }
}
