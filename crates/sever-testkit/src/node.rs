//! Node's programs of this crate: an OpenID Connect provider on npm's `oidc-provider` with the
//! documented listener, and the shop's application. [`crate::ScimServer`] runs one too.
//!
//! `cargo xtask test` installs a pinned Node and the packages of `node/package.json` into the target
//! folder's `test-env/node`, and names that folder in `SEVER_TEST_NODE`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::client;
use crate::http::{self, Answer};
use crate::server::{self, Server};

/// What a user of `oidc-provider` pastes beside their server, to have its issuances logged.
pub const LISTENER: &str = include_str!("../node/severance-listener.mjs");

/// What a user of `oidc-provider` mounts beside their server, to have what somebody holds listed and taken
/// away.
pub const ADMINISTRATION: &str = include_str!("../node/severance-administration.mjs");

/// What a user of `oidc-provider` pastes beside their server, to have the gate told of every token before it leaves.
pub const PUSH: &str = include_str!("../node/severance-push.mjs");

const PROVIDER: &str = include_str!("../node/oidc-provider.mjs");
const SHOP: &str = include_str!("../node/shop.mjs");

/// A running OpenID Connect provider, whose customers are `c0000` to `c0199`.
pub struct OidcProvider {
    server: Server,
}

/// The application behind a gateway.
pub(crate) struct Shop {
    server: Server,
}

impl OidcProvider {
    /// Who its tokens say issued them.
    pub const ISSUER: &'static str = "https://id.shop.example";
    /// The id of its signing key.
    pub const KEY_ID: &'static str = "kid-1";
    /// What its tokens are good for.
    pub const AUDIENCE: &'static str = "https://shop.example/api";
    /// How many customers it knows.
    pub const CUSTOMERS: u32 = 200;
    /// The token that may read what somebody holds.
    pub const READING: &'static str = "reading-token-of-a-test";
    /// The token that may take it away.
    pub const CUTTING: &'static str = "cutting-token-of-a-test";
    /// The client at which customers sign in, and its secret.
    pub const DESK: (&'static str, &'static str) = ("desk", "desk-of-a-test");
    /// Where that client is sent back to.
    pub const BACK: &'static str = "https://desk.shop.example/back";

    /// Starts one that signs with an RSA key in PEM; `None`, and a reported skip, where Node or its
    /// packages are not installed.
    ///
    /// # Errors
    /// When they are installed and it does not come up.
    pub fn start(key_pem: &str) -> Result<Option<OidcProvider>> {
        OidcProvider::start_with(key_pem, &[])
    }

    /// The same, telling a gate of every token before it leaves, with a secret.
    ///
    /// # Errors
    /// As [`OidcProvider::start`].
    pub fn start_pushing(key_pem: &str, issued_url: &str, secret: &str) -> Result<Option<OidcProvider>> {
        OidcProvider::start_with(key_pem, &[issued_url, secret])
    }

    fn start_with(key_pem: &str, more: &[&str]) -> Result<Option<OidcProvider>> {
        let Some(node) = Node::found("oidc-provider") else { return Ok(None) };
        let server = Server::start("oidc-provider", &|folder, port| {
            std::fs::write(folder.join("key.pem"), key_pem).context("cannot write its key")?;
            let mut command = node.program(folder, "oidc-provider.mjs", PROVIDER)?;
            command.args([&port.to_string(), OidcProvider::ISSUER]).arg(folder.join("key.pem"));
            command.arg(OidcProvider::KEY_ID).arg(folder.join("oidc-provider.jsonl"));
            command.arg(OidcProvider::CUSTOMERS.to_string());
            command.args([OidcProvider::READING, OidcProvider::CUTTING]).args(more);
            Ok(command)
        })?;
        Ok(Some(OidcProvider { server }))
    }

    /// A customer's id.
    pub fn customer(at: u32) -> String {
        format!("c{at:04}")
    }

    /// The customer's password: their id backwards.
    pub fn password(customer: &str) -> String {
        customer.chars().rev().collect()
    }

    /// Gives the client `shop` a token for a customer, by their password; `None` where it refuses.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn token(&self, customer: &str, password: &str) -> Result<Option<String>> {
        let form = format!("grant_type=password&username={customer}&password={password}&scope=orders");
        self.granted("shop:shop-of-a-test", &form)
    }

    /// Gives the client `batch` a token of its own.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn batch_token(&self) -> Result<Option<String>> {
        self.granted("batch:batch-of-a-test", "grant_type=client_credentials&scope=orders")
    }

    /// Its published keys.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn jwks(&self) -> Result<String> {
        Ok(http::request(self.server.port(), "GET", "/jwks", &[], "")?.body)
    }

    /// Its listener's log, as it is now.
    ///
    /// # Errors
    /// When there is none.
    pub fn log(&self) -> Result<String> {
        self.server.file("oidc-provider.jsonl")
    }

    /// Where that is.
    pub fn log_path(&self) -> PathBuf {
        self.server.folder().join("oidc-provider.jsonl")
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    fn granted(&self, client: &str, form: &str) -> Result<Option<String>> {
        use base64::prelude::{BASE64_STANDARD, Engine as _};
        let basic = format!("Basic {}", BASE64_STANDARD.encode(client));
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", basic.as_str())];
        let Answer { status, body, .. } = http::request(self.server.port(), "POST", "/token", &headers, form)?;
        if status != 200 {
            return Ok(None);
        }
        let answer: serde_json::Value = serde_json::from_str(&body).context("an answer that is no JSON")?;
        Ok(answer.get("access_token").and_then(serde_json::Value::as_str).map(str::to_owned))
    }
}

impl Shop {
    /// Starts one that trusts the keys of a provider.
    pub(crate) fn start(provider: &OidcProvider) -> Result<Option<Shop>> {
        let Some(node) = Node::found("shop") else { return Ok(None) };
        let jwks = format!("http://127.0.0.1:{}/jwks", provider.port());
        let server = Server::start("shop", &|folder, port| {
            let mut command = node.program(folder, "shop.mjs", SHOP)?;
            command.args([&port.to_string(), OidcProvider::ISSUER, &jwks]);
            Ok(command)
        })?;
        Ok(Some(Shop { server }))
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }
}

/// Where Node and the packages are.
pub(crate) struct Node {
    folder: PathBuf,
}

impl Node {
    pub(crate) fn found(suite: &str) -> Option<Node> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-env/node");
        let folder = std::env::var_os("SEVER_TEST_NODE").map_or(own, PathBuf::from);
        let there = folder.join("bin/node").is_file()
            && folder.join("node_modules/oidc-provider").is_dir()
            && folder.join("node_modules/scimmy-routers").is_dir();
        if !there {
            crate::skip(suite, "Node and its packages are not installed; `cargo xtask test` installs them");
        }
        there.then_some(Node { folder })
    }

    /// A command that runs a program in a folder, with the packages beside it.
    pub(crate) fn program(&self, folder: &Path, name: &str, text: &str) -> Result<Command> {
        let write = |name: &str, text: &str| {
            std::fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))
        };
        write(name, text)?;
        write("severance-listener.mjs", LISTENER)?;
        write("severance-push.mjs", PUSH)?;
        write("severance-administration.mjs", ADMINISTRATION)?;
        let packages = self.folder.join("node_modules").canonicalize().context("no packages of Node")?;
        std::os::unix::fs::symlink(packages, folder.join("node_modules")).context("cannot link the packages")?;
        let mut command = Command::new(self.folder.join("bin/node"));
        command.arg(folder.join(name)).current_dir(folder);
        Ok(command)
    }
}

/// A new RSA key, as PEM.
///
/// # Errors
/// When `openssl` is not there or makes none.
pub fn new_signing_key() -> Result<String> {
    server::find_program("openssl").context("`openssl` is not installed")?;
    let mut command = client::client("openssl")?;
    command.args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    client::run(&mut command, "")?.text()
}
