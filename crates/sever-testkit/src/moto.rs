//! A real server that speaks S3: moto, in memory, on loopback. Its listings come in pages of ten.

use std::process::Command;

use anyhow::{Result, bail};

use crate::http;
use crate::server::{Server, program_or_skip};

/// A running store.
pub struct Moto {
    server: Server,
}

impl Moto {
    /// Starts one; `None`, and a reported skip, where it is not installed. After `free` requests it
    /// asks whether a request is allowed; with none it never does.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start(free: Option<u32>) -> Result<Option<Moto>> {
        let Some(moto) = program_or_skip("moto", "moto_server") else { return Ok(None) };
        let server = Server::start("moto", &|_, port| {
            let mut command = Command::new(&moto);
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            // So that a few objects are more than a page.
            command.env("MOTO_S3_DEFAULT_MAX_KEYS", "10");
            if let Some(free) = free {
                command.env("INITIAL_NO_AUTH_ACTION_COUNT", free.to_string());
            }
            Ok(command)
        })?;
        Ok(Some(Moto { server }))
    }

    /// Where it is, as `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    /// Makes a bucket, or puts an object: `bucket` or `bucket/key`.
    ///
    /// # Errors
    /// When it refuses.
    pub fn put(&self, path: &str, body: &str) -> Result<()> {
        let answer = http::request(self.server.port(), "PUT", &format!("/{path}"), &[KEY], body)?;
        if answer.status != 200 {
            bail!("PUT {path}: {} {}", answer.status, answer.body.trim());
        }
        Ok(())
    }

    /// Makes a user who may do nothing; the id of its access key, and the secret.
    ///
    /// # Errors
    /// When it refuses.
    pub fn user_without_rights(&self) -> Result<(String, String)> {
        let act = |act: &str| {
            let form = ("Content-Type", "application/x-www-form-urlencoded");
            let body = format!("Action={act}&UserName=ann&Version=2010-05-08");
            http::request(self.server.port(), "POST", "/", &[form, IAM], &body)
        };
        act("CreateUser")?;
        let made = act("CreateAccessKey")?.body;
        let between = |name: &str| {
            let rest = made.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
            rest.and_then(|rest| rest.split_once('<')).map(|(text, _)| text.to_owned())
        };
        match (between("AccessKeyId"), between("SecretAccessKey")) {
            (Some(id), Some(secret)) => Ok((id, secret)),
            _ => bail!("no access key in {made}"),
        }
    }
}

/// What tells the store which of its services is meant; the signature is not looked at.
const KEY: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260710/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);
const IAM: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260710/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0",
);
