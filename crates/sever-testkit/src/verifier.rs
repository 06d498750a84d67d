//! An application that believes the tokens of an issuer, on npm's `jose`: a careful one, one that caches the
//! keys for too long, or one that has them built in.

use anyhow::Result;

use crate::http::{self, Answer};
use crate::node::Node;
use crate::server::Server;

const PROGRAM: &str = include_str!("../node/verifier.mjs");

/// How a [`Verifier`] comes by the issuer's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys<'a> {
    /// It fetches them, and believes what it fetched for so many milliseconds.
    Cached(u64),
    /// It has one built in, by the key's id, and believes it for ever.
    BuiltIn(&'a str),
}

/// A running verifier.
pub struct Verifier {
    server: Server,
}

impl Verifier {
    /// Starts one that believes the keys of a set, in tokens for an audience; `None`, and a reported skip,
    /// where Node or its packages are not installed.
    ///
    /// # Errors
    /// When they are installed and it does not come up.
    pub fn start(jwks_url: &str, audience: &str, keys: Keys<'_>) -> Result<Option<Verifier>> {
        let Some(node) = Node::found("verifier") else { return Ok(None) };
        let server = Server::start("verifier", &|folder, port| {
            let mut command = node.program(folder, "verifier.mjs", PROGRAM)?;
            let cache = match keys {
                Keys::Cached(millis) => millis.to_string(),
                Keys::BuiltIn(key_id) => format!("built-in:{key_id}"),
            };
            command.args([&port.to_string(), jwks_url, audience, &cache]);
            Ok(command)
        })?;
        Ok(Some(Verifier { server }))
    }

    /// Its page for whoever has a token.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/me", self.server.port())
    }

    /// Shows it a token.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn show(&self, token: &str) -> Result<Answer> {
        http::request(self.server.port(), "GET", "/me", &[("Authorization", &format!("Bearer {token}"))], "")
    }
}
