//! A real nginx that writes a JSON access log with nginx's own variable names as keys.
//!
//! A real one would take the claims from the token (`auth_jwt`, njs); here the request's headers
//! `X-Issuer`, `X-Token-Id` and `X-Subject` stand for them.

use std::process::Command;

use anyhow::{Context, Result};

use crate::http::{self, Answer};
use crate::server::{Server, program_or_skip};

/// A running nginx.
pub struct Nginx {
    server: Server,
}

/// Foreground, one process, everything in its own folder. `escape=json` is what makes each line JSON
/// whatever a client sends.
const CONFIGURATION: &str = r#"
daemon off;
master_process off;
error_log FOLDER/error.log;
pid FOLDER/nginx.pid;
events {}
http {
    log_format sever escape=json
        '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","request_method":"$request_method",'
        '"request_uri":"$uri","status":$status,"http_user_agent":"$http_user_agent",'
        '"jwt_claim_iss":"$http_x_issuer","jwt_claim_jti":"$http_x_token_id","jwt_claim_sub":"$http_x_subject"}';
    access_log FOLDER/access.log sever;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    server {
        listen 127.0.0.1:PORT;
        location /api/ { return 200 "{}"; }
        location / { return 403; }
    }
}
"#;

impl Nginx {
    /// Starts one; `None`, and a reported skip, where it is not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start() -> Result<Option<Nginx>> {
        let Some(nginx) = program_or_skip("nginx", "nginx") else { return Ok(None) };
        let server = Server::start("nginx", &|folder, port| {
            let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
            let text = CONFIGURATION.replace("FOLDER", folder_text).replace("PORT", &port.to_string());
            let configuration = folder.join("nginx.conf");
            std::fs::write(&configuration, text).context("cannot write its configuration")?;
            let mut command = Command::new(&nginx);
            command.arg("-e").arg(folder.join("error.log"));
            command.arg("-p").arg(folder).arg("-c").arg(configuration);
            Ok(command)
        })?;
        Ok(Some(Nginx { server }))
    }

    /// Asks it for a path: under `/api/` it answers, elsewhere it refuses.
    ///
    /// # Errors
    /// When it does not answer at all.
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        http::request(self.server.port(), "GET", path, headers, "")
    }

    /// Its access log, as it is now. A line is there before the answer ends.
    ///
    /// # Errors
    /// When there is none.
    pub fn access_log(&self) -> Result<String> {
        std::fs::read_to_string(self.server.folder().join("access.log")).context("no access log")
    }
}
