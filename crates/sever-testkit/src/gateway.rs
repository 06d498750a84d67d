//! A real nginx in front of the shop, whose access log names the token that each request presented.
//!
//! nginx cannot look into a token by itself: the application verifies it and tells nginx in headers of
//! its answer, which nginx logs under its own names and keeps from the client.

use std::process::Command;

use anyhow::{Context, Result};

use crate::client;
use crate::http::{self, Answer};
use crate::node::{OidcProvider, Shop};
use crate::server::{Server, program_or_skip};

/// A running gateway, and the shop behind it.
pub struct Gateway {
    server: Server,
    _shop: Shop,
}

/// `$upstream_http_x_token_…` is what the application told of the token that it verified.
const CONFIGURATION: &str = r#"
daemon off;
master_process off;
error_log FOLDER/error.log;
pid FOLDER/nginx.pid;
events {}
http {
    log_format sever escape=json
        '{"msec":"$msec","remote_addr":"$remote_addr",'
        '"request_method":"$request_method","request_uri":"$uri","status":$status,'
        '"http_user_agent":"$http_user_agent",'
        '"jwt_claim_iss":"$upstream_http_x_token_iss","jwt_claim_aud":"$upstream_http_x_token_aud",'
        '"jwt_claim_jti":"$upstream_http_x_token_jti","jwt_header_kid":"$upstream_http_x_token_kid",'
        '"jwt_claim_sub":"$upstream_http_x_token_sub","jwt_claim_client_id":"$upstream_http_x_token_client",'
        '"jwt_claim_iat":"$upstream_http_x_token_iat","jwt_claim_exp":"$upstream_http_x_token_exp",'
        '"data_subjects":"$upstream_http_x_data_subjects"}';
    access_log FOLDER/access.log sever;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    server {
        listen 127.0.0.1:PORT;
        location /api/ {
            proxy_pass http://127.0.0.1:UPSTREAM;
            proxy_hide_header X-Token-Iss;
            proxy_hide_header X-Token-Aud;
            proxy_hide_header X-Token-Jti;
            proxy_hide_header X-Token-Kid;
            proxy_hide_header X-Token-Sub;
            proxy_hide_header X-Token-Client;
            proxy_hide_header X-Token-Iat;
            proxy_hide_header X-Token-Exp;
            proxy_hide_header X-Data-Subjects;
        }
        location / { return 403; }
    }
}
"#;

impl Gateway {
    /// Starts one before a shop that trusts a provider's keys; `None`, and a reported skip, where nginx
    /// or Node is not installed.
    ///
    /// # Errors
    /// When they are installed and do not come up.
    pub fn start(provider: &OidcProvider) -> Result<Option<Gateway>> {
        let Some(nginx) = program_or_skip("nginx", "nginx") else { return Ok(None) };
        let Some(shop) = Shop::start(provider)? else { return Ok(None) };
        let server = Server::start("nginx", &|folder, port| {
            let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
            let text = CONFIGURATION.replace("FOLDER", folder_text).replace("PORT", &port.to_string());
            let text = text.replace("UPSTREAM", &shop.port().to_string());
            let configuration = folder.join("nginx.conf");
            std::fs::write(&configuration, text).context("cannot write its configuration")?;
            let mut command = Command::new(&nginx);
            command.arg("-e").arg(folder.join("error.log"));
            command.arg("-p").arg(folder).arg("-c").arg(configuration);
            Ok(command)
        })?;
        Ok(Some(Gateway { server, _shop: shop }))
    }

    /// Asks for a path with a token, as an application does.
    ///
    /// # Errors
    /// When it does not answer at all.
    pub fn get(&self, path: &str, token: &str) -> Result<Answer> {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("User-Agent", "shop-app/4.2")];
        http::request(self.server.port(), "GET", path, &headers, "")
    }

    /// The same with curl.
    ///
    /// # Errors
    /// When curl cannot be run or gets no answer.
    pub fn curl(&self, path: &str, token: &str) -> Result<Answer> {
        let mut command = client::client("curl")?;
        command.args(["--silent", "--show-error", "--write-out", "\n%{http_code}"]);
        command.arg("--header").arg(format!("Authorization: Bearer {token}"));
        command.arg(format!("http://127.0.0.1:{}{path}", self.server.port()));
        http::curled(&client::run(&mut command, "")?.text()?)
    }

    /// Its access log, as it is now. A line is there before the answer ends.
    ///
    /// # Errors
    /// When there is none.
    pub fn access_log(&self) -> Result<String> {
        self.server.file("access.log")
    }
}
