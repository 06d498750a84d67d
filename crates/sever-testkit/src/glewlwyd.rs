//! A real Glewlwyd: an OAuth 2 and OpenID Connect provider that logs sign-ins and tokens by itself.
//!
//! Its database is SQLite, made from the schema that Debian packages, and it is set up through its own
//! administration interface, as its page does.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::client;
use crate::http::{self, Answer};
use crate::server::{Server, program_or_skip};

/// A running Glewlwyd with one client, `desk`, and no people but its administrator.
pub struct Glewlwyd {
    server: Server,
    /// The administrator's session.
    cookie: String,
}

/// The schema, with an administrator whose password is `password`.
const SCHEMA: &str = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";

const CONFIGURATION: &str = r#"
port=PORT
bind_address="127.0.0.1"
external_url="http://127.0.0.1:PORT"
api_prefix="api"
login_url="login.html"
log_mode="file"
log_level="INFO"
log_file="FOLDER/glewlwyd.log"
cookie_secure=0
session_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
login_api_enabled=true
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database =
{
  type = "sqlite3"
  path = "FOLDER/glewlwyd.db"
};
"#;

impl Glewlwyd {
    /// Who its tokens say issued them.
    pub const ISSUER: &'static str = "https://desk.shop.example";
    /// Its administrator, and their password.
    pub const ADMINISTRATOR: (&'static str, &'static str) = ("admin", "password");
    /// Its one client, and its secret.
    pub const CLIENT: (&'static str, &'static str) = ("desk", "desk-of-a-test");

    /// Starts one; `None`, and a reported skip, where it is not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start() -> Result<Option<Glewlwyd>> {
        let Some(glewlwyd) = program_or_skip("glewlwyd", "glewlwyd") else { return Ok(None) };
        for name in ["sqlite3", "openssl"] {
            if program_or_skip("glewlwyd", name).is_none() {
                return Ok(None);
            }
        }
        let server = Server::start("glewlwyd", &|folder, port| {
            let schema = std::fs::read_to_string(SCHEMA).with_context(|| format!("no {SCHEMA}"))?;
            let mut command = client::client("sqlite3")?;
            // Made at once: one transaction, and no flush that a test would wait for.
            command.arg(folder.join("glewlwyd.db"));
            client::run(&mut command, &format!("pragma synchronous=off; begin;\n{schema}\ncommit;\n"))?.text()?;
            let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
            let text = CONFIGURATION.replace("FOLDER", folder_text).replace("PORT", &port.to_string());
            std::fs::write(folder.join("glewlwyd.conf"), text).context("cannot write its configuration")?;
            let mut command = Command::new(&glewlwyd);
            command.arg(format!("--config-file={}", folder.join("glewlwyd.conf").display()));
            Ok(command)
        })?;
        let mut glewlwyd = Glewlwyd { server, cookie: String::new() };
        glewlwyd.cookie = glewlwyd.sign_in("admin", "password")?.context("its administrator was not let in")?;
        glewlwyd.set_up()?;
        Ok(Some(glewlwyd))
    }

    /// Signs somebody in as its page does; the session, or `None` where it refuses.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn sign_in(&self, user: &str, password: &str) -> Result<Option<String>> {
        let body = json!({ "username": user, "password": password }).to_string();
        let headers = [("Content-Type", "application/json")];
        let answer = http::request(self.server.port(), "POST", "/api/auth", &headers, &body)?;
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        Ok(cookie.filter(|_| answer.status == 200).map(str::to_owned))
    }

    /// Ends a session, as its page does.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn sign_out(&self, session: &str) -> Result<()> {
        http::request(self.server.port(), "DELETE", "/api/auth/", &[("Cookie", session)], "")?;
        Ok(())
    }

    /// Whether a session is one of somebody who is signed in, as its page asks.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn is_signed_in(&self, session: &str) -> Result<bool> {
        let answer = http::request(self.server.port(), "GET", "/api/profile_list", &[("Cookie", session)], "")?;
        Ok(answer.status == 200)
    }

    /// What the client is answered by one of the endpoints for tokens: `token`, `introspect`, `revoke`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn ask_as_client(&self, endpoint: &str, form: &str) -> Result<Answer> {
        let basic = http::basic(Glewlwyd::CLIENT);
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", basic.as_str())];
        http::request(self.server.port(), "POST", &format!("/api/oidc/{endpoint}"), &headers, form)
    }

    /// Where its interfaces are.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.server.port())
    }

    /// Gives the client `desk` a token for somebody, by their password.
    ///
    /// # Errors
    /// When it does not answer; that it refuses is in the answer.
    pub fn token(&self, user: &str, password: &str) -> Result<Answer> {
        let mut command = client::client("curl")?;
        command.args(["--silent", "--show-error", "--write-out", "\n%{http_code}", "--user"]);
        command.arg(format!("{}:{}", Glewlwyd::CLIENT.0, Glewlwyd::CLIENT.1));
        for (name, value) in [("grant_type", "password"), ("username", user), ("password", password)] {
            command.arg("--data-urlencode").arg(format!("{name}={value}"));
        }
        command.args(["--data-urlencode", "scope=orders"]);
        command.arg(format!("http://127.0.0.1:{}/api/oidc/token", self.server.port()));
        http::curled(&client::run(&mut command, "")?.text()?)
    }

    /// Asks its administration interface.
    ///
    /// # Errors
    /// When it refuses.
    pub fn manage(&self, method: &str, path: &str, body: &Value) -> Result<()> {
        let headers = [("Content-Type", "application/json"), ("Cookie", self.cookie.as_str())];
        let answer = http::request(self.server.port(), method, &format!("/api/{path}"), &headers, &body.to_string())?;
        if answer.status != 200 {
            bail!("{method} {path}: {} {}", answer.status, answer.body.trim());
        }
        Ok(())
    }

    /// Makes an account that may ask for orders.
    ///
    /// # Errors
    /// When it refuses.
    pub fn add_user(&self, user: &str, name: &str, password: &str) -> Result<()> {
        let email = format!("{user}@shop.example");
        let user = json!({
            "username": user, "name": name, "email": email, "password": password, "enabled": true,
            "scope": ["orders", "g_profile"],
        });
        self.manage("POST", "user", &user)
    }

    /// Its accounts, as its administration interface lists them.
    ///
    /// # Errors
    /// When it refuses.
    pub fn users(&self) -> Result<Value> {
        let headers = [("Cookie", self.cookie.as_str())];
        let answer = http::request(self.server.port(), "GET", "/api/user?limit=1000", &headers, "")?;
        serde_json::from_str(&answer.body).context("no list of users")
    }

    /// Its log, as it is now.
    ///
    /// # Errors
    /// When there is none.
    pub fn log(&self) -> Result<String> {
        self.server.file("glewlwyd.log")
    }

    /// The plugin that issues tokens, a scope and a client.
    fn set_up(&self) -> Result<()> {
        let mut command = client::client("openssl")?;
        command.args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
        let key = client::run(&mut command, "")?.text()?;
        let mut command = client::client("openssl")?;
        let public = client::run(command.args(["pkey", "-pubout"]), &key)?.text()?;
        let parameters = json!({
            "iss": Glewlwyd::ISSUER, "jwt-type": "rsa", "jwt-key-size": "256", "key": key, "cert": public,
            "access-token-duration": 3600, "refresh-token-duration": 86400, "code-duration": 600,
            "refresh-token-rolling": true, "allow-non-oidc": true, "auth-type-code-enabled": true,
            "auth-type-password-enabled": true, "auth-type-client-enabled": true, "auth-type-refresh-enabled": true,
            "introspection-revocation-allowed": true, "introspection-revocation-allow-target-client": true,
            "jwks-show": true, "scope": [], "additional-parameters": [],
        });
        let plugin = json!({ "module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "enabled": true,
            "parameters": parameters });
        self.manage("POST", "mod/plugin", &plugin)?;
        let scope = json!({ "name": "orders", "display_name": "Orders", "description": "Orders",
            "password_required": false, "scheme": {} });
        self.manage("POST", "scope", &scope)?;
        let client = json!({
            "client_id": "desk", "name": "Desk", "confidential": true, "password": Glewlwyd::CLIENT.1, "enabled": true,
            "scope": ["orders"], "authorization_type": ["password", "client_credentials", "refresh_token"],
            "redirect_uri": ["https://desk.shop.example/back"], "client_secret": Glewlwyd::CLIENT.1,
            "token_endpoint_auth_method": ["client_secret_basic"],
        });
        self.manage("POST", "client", &client)
    }
}
