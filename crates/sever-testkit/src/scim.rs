//! Real servers that speak SCIM 2.0, each with users and groups in memory: PyPI's `scim2-server`, and a
//! small one on npm's `scimmy-routers`.
//!
//! They differ where servers in the field do. The first has versions of resources, takes `"False"` for
//! false, and pages; the second refuses texts for truth values, ignores `startIndex` and `count`, and can
//! be told to lie.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::http::{self, Answer};
use crate::node::Node;
use crate::server::{Server, program_or_skip};

const SCIMMY: &str = include_str!("../node/scim.mjs");

/// Whether a server does what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    /// It does.
    Honest,
    /// It answers each change of `active` as if it were done, and does nothing.
    Lies,
    /// It does, but knows no `PATCH`.
    KnowsNoPatch,
}

/// A running server.
pub struct ScimServer {
    server: Server,
    /// Where its resources are, below its port.
    base: &'static str,
}

impl ScimServer {
    /// A bearer token that may read; what else, depends on the server.
    pub const READING: &'static str = "reading-token-of-a-test";
    /// A bearer token that may do everything.
    pub const WRITING: &'static str = "writing-token-of-a-test";

    /// Starts PyPI's `scim2-server`, which knows one kind of token; `None`, and a reported skip, where it
    /// is not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn scim2_server() -> Result<Option<ScimServer>> {
        let Some(program) = program_or_skip("scim2-server", "scim2-server") else { return Ok(None) };
        let server = Server::start("scim2-server", &|_, port| {
            let mut command = Command::new(&program);
            command.args(["--hostname", "127.0.0.1", "--port", &port.to_string()]);
            command.args(["--bearer-token", ScimServer::READING, "--bearer-token", ScimServer::WRITING]);
            Ok(command)
        })?;
        Ok(Some(ScimServer { server, base: "/v2" }))
    }

    /// Starts one on npm's `scimmy-routers`, whose reading token may only read; `None`, and a reported
    /// skip, where Node or its packages are not installed.
    ///
    /// # Errors
    /// When they are installed and it does not come up.
    pub fn scimmy(honesty: Honesty) -> Result<Option<ScimServer>> {
        let Some(node) = Node::found("scimmy-routers") else { return Ok(None) };
        let server = Server::start("scimmy", &|folder, port| {
            let mut command = node.program(folder, "scim.mjs", SCIMMY)?;
            let how = match honesty {
                Honesty::Honest => "honest",
                Honesty::Lies => "lies",
                Honesty::KnowsNoPatch => "no-patch",
            };
            command.args([&port.to_string(), ScimServer::READING, ScimServer::WRITING, how]);
            Ok(command)
        })?;
        Ok(Some(ScimServer { server, base: "/scim/v2" }))
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.server.port(), self.base)
    }

    /// Its port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Where it is by another way that leads to its port.
    pub fn url_by(&self, port: u16) -> String {
        format!("http://127.0.0.1:{port}{}", self.base)
    }

    /// Makes a user with roles; its id.
    ///
    /// # Errors
    /// When it refuses.
    pub fn add_user(&self, name: &str, roles: &[&str]) -> Result<String> {
        let roles: Vec<Value> = roles.iter().map(|role| json!({ "value": role })).collect();
        self.made(
            "/Users",
            &json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": true,
                "emails": [{ "value": format!("{name}@shop.example"), "type": "work" }], "roles": roles,
            }),
        )
    }

    /// Makes a group with members; its id.
    ///
    /// # Errors
    /// When it refuses.
    pub fn add_group(&self, name: &str, members: &[&str]) -> Result<String> {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        self.made(
            "/Groups",
            &json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": members,
            }),
        )
    }

    /// A user or group (`Users`, `Groups`) as it is now; `None` where there is none.
    ///
    /// # Errors
    /// When it does not answer with either.
    pub fn resource(&self, kind: &str, id: &str) -> Result<Option<Value>> {
        let answer = self.ask("GET", &format!("/{kind}/{id}"), "")?;
        match answer.status {
            200 => serde_json::from_str(&answer.body).map(Some).context("no resource"),
            404 => Ok(None),
            status => bail!("GET {kind}: {status} {}", answer.body.trim()),
        }
    }

    /// Deletes a user or group (`Users`, `Groups`).
    ///
    /// # Errors
    /// When it refuses.
    pub fn delete(&self, kind: &str, id: &str) -> Result<()> {
        let answer = self.ask("DELETE", &format!("/{kind}/{id}"), "")?;
        match answer.status {
            204 => Ok(()),
            status => bail!("DELETE {kind}: {status} {}", answer.body.trim()),
        }
    }

    fn made(&self, path: &str, resource: &Value) -> Result<String> {
        let answer = self.ask("POST", path, &resource.to_string())?;
        if answer.status != 201 {
            bail!("POST {path}: {} {}", answer.status, answer.body.trim());
        }
        let made: Value = serde_json::from_str(&answer.body).context("no resource")?;
        made.get("id").and_then(Value::as_str).map(str::to_owned).context("a resource without an id")
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let bearer = format!("Bearer {}", ScimServer::WRITING);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/scim+json")];
        http::request(self.server.port(), method, &format!("{}{path}", self.base), &headers, body)
    }
}
