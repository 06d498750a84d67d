//! A real server that speaks S3, IAM and STS: moto, in memory, on loopback, and the client that it is
//! made with. Its listings of objects come in pages of ten.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::client::{client, run};
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

    /// Does something at IAM or STS before it asks who may; the answer.
    ///
    /// # Errors
    /// When it refuses.
    pub fn act(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let mut body = format!("Action={action}");
        for (name, value) in parameters {
            let bytes = value.bytes().map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            });
            body.push_str(&format!("&{name}={}", bytes.collect::<String>()));
        }
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let signed = (IAM.0, IAM.1.replace("/iam/", &format!("/{service}/")));
        let answer = http::request(self.server.port(), "POST", "/", &[form, (signed.0, &signed.1)], &body)?;
        if answer.status != 200 {
            bail!("{action}: {} {}", answer.status, answer.body.trim());
        }
        Ok(answer.body)
    }

    /// Makes a user with one policy of its own, and an access key.
    ///
    /// # Errors
    /// When it refuses.
    pub fn user(&self, name: &str, policy: &str) -> Result<AwsKey> {
        self.act("iam", "CreateUser", &[("UserName", name)])?;
        let with = [("UserName", name), ("PolicyName", "own"), ("PolicyDocument", policy)];
        self.act("iam", "PutUserPolicy", &with)?;
        AwsKey::of(&self.act("iam", "CreateAccessKey", &[("UserName", name)])?)
    }

    /// From now on it asks who may, and looks at signatures.
    ///
    /// # Errors
    /// When it does not.
    pub fn enforce(&self) -> Result<()> {
        let answer = http::request(self.server.port(), "POST", "/moto-api/reset-auth", &[], "0")?;
        if answer.status != 200 {
            bail!("reset-auth: {}", answer.status);
        }
        Ok(())
    }

    /// Calls something by boto3, the real client; `ok`, or the code of the error.
    ///
    /// # Errors
    /// When the client cannot be run, or fails otherwise.
    pub fn call(&self, key: &AwsKey, service: &str, call: &str) -> Result<String> {
        let asked = serde_json::json!({
            "service": service, "call": call, "url": self.url(), "id": key.id, "secret": key.secret, "token": key.token,
        });
        let done = run(client("python3")?.args(["-c", CALL]), &asked.to_string())?;
        Ok(done.text()?.trim().to_owned())
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

/// A key of AWS's: its id, its secret, and a session's token.
#[derive(Debug, Clone)]
pub struct AwsKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// The token of a session's.
    pub token: Option<String>,
}

impl AwsKey {
    /// The key in an answer.
    ///
    /// # Errors
    /// When there is none in it.
    pub fn of(answer: &str) -> Result<AwsKey> {
        let between = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>"))?;
            rest.split_once('<').map(|(text, _)| text.to_owned())
        };
        let (id, secret) = (between("AccessKeyId"), between("SecretAccessKey"));
        let (id, secret) = id.zip(secret).context("no key in the answer")?;
        Ok(AwsKey { id, secret, token: between("SessionToken") })
    }
}

/// boto3 as it is used.
const CALL: &str = "import sys, json, boto3, botocore
a = json.load(sys.stdin)
client = boto3.client(a['service'], region_name='us-east-1', endpoint_url=a['url'], aws_access_key_id=a['id'],
    aws_secret_access_key=a['secret'], aws_session_token=a['token'],
    config=botocore.config.Config(retries={'max_attempts': 0}))
try:
    getattr(client, a['call'])()
    print('ok')
except botocore.exceptions.ClientError as error:
    print(error.response['Error']['Code'])
";

/// What tells the store which of its services is meant; the signature is not looked at.
const KEY: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260710/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);
const IAM: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260710/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0",
);
