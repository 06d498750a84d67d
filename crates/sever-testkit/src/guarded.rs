//! A real nginx in front of the shop that asks a gate about every token before it lets a request through.

use std::process::Command;

use anyhow::{Context, Result};

use crate::http::{self, Answer};
use crate::node::{OidcProvider, Shop};
use crate::server::{Server, program_or_skip};

/// A running nginx with `auth_request`, and the shop behind it.
pub struct GuardedGateway {
    server: Server,
    _shop: Shop,
}

/// As `docs/gate.md` has it. The keep-alive to the gate is what makes asking cheap.
const CONFIGURATION: &str = r#"
daemon off;
master_process off;
error_log FOLDER/error.log;
pid FOLDER/nginx.pid;
events {}
http {
    log_format sever escape=json
        '{"msec":"$msec","remote_addr":"$remote_addr","request_method":"$request_method","request_uri":"$uri",'
        '"status":$status,"upstream_status":"$upstream_status","sever_decision":"$sever_decision",'
        '"sever_reason":"$sever_reason"}';
    access_log FOLDER/access.log sever;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    upstream gate { server 127.0.0.1:GATE; keepalive 32; }
    server {
        listen 127.0.0.1:PORT;
        location /api/ {
            auth_request /sever-gate;
            auth_request_set $sever_decision $upstream_http_x_sever_decision;
            auth_request_set $sever_reason $upstream_http_x_sever_reason;
            proxy_pass http://127.0.0.1:UPSTREAM;
        }
        location = /sever-gate {
            internal;
            proxy_pass http://gate/auth;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Real-IP $http_x_test_address;
        }
        location / { return 403; }
    }
}
"#;

impl GuardedGateway {
    /// Starts one before a shop that trusts a provider's keys, and behind a gate on a port of this machine;
    /// `None`, and a reported skip, where nginx or Node is not installed.
    ///
    /// # Errors
    /// When they are installed and do not come up.
    pub fn start(provider: &OidcProvider, gate: u16) -> Result<Option<GuardedGateway>> {
        let Some(nginx) = program_or_skip("nginx", "nginx") else { return Ok(None) };
        let Some(shop) = Shop::start(provider)? else { return Ok(None) };
        let server = Server::start("nginx", &|folder, port| {
            let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
            let text = CONFIGURATION.replace("FOLDER", folder_text).replace("PORT", &port.to_string());
            let text = text.replace("UPSTREAM", &shop.port().to_string()).replace("GATE", &gate.to_string());
            let configuration = folder.join("nginx.conf");
            std::fs::write(&configuration, text).context("cannot write its configuration")?;
            let mut command = Command::new(&nginx);
            command.arg("-e").arg(folder.join("error.log"));
            command.arg("-p").arg(folder).arg("-c").arg(configuration);
            Ok(command)
        })?;
        Ok(Some(GuardedGateway { server, _shop: shop }))
    }

    /// Asks for a path with a token, from an address.
    ///
    /// # Errors
    /// When it does not answer at all.
    pub fn get(&self, path: &str, token: &str, address: &str) -> Result<Answer> {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("X-Test-Address", address), ("User-Agent", "shop-app/4.2")];
        http::request(self.server.port(), "GET", path, &headers, "")
    }

    /// Its access log, as it is now.
    ///
    /// # Errors
    /// When there is none.
    pub fn access_log(&self) -> Result<String> {
        self.server.file("access.log")
    }
}

/// A running nginx whose every answer is the same small file, once somebody said that it may be given.
pub struct AskingGateway {
    server: Server,
}

const ASKING: &str = r#"
daemon off;
worker_processes 1;
error_log FOLDER/error.log;
pid FOLDER/nginx.pid;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    upstream gate { server 127.0.0.1:GATE; keepalive 64; keepalive_requests 100000000; }
    upstream yes { server 127.0.0.1:YES; keepalive 64; keepalive_requests 100000000; }
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    server {
        listen 127.0.0.1:PORT;
        root FOLDER/files;
        location /gated/ { auth_request /ask-gate; }
        location /yes/ { auth_request /ask-yes; }
        location = /ask-gate { internal; proxy_pass http://gate/auth; }
        location = /ask-yes { internal; proxy_pass http://yes/auth; }
    }
}
"#;

impl AskingGateway {
    /// Starts one that asks a gate below `/gated/` and another handler below `/yes/`; `None`, and a reported skip,
    /// where nginx is not installed.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start(gate: u16, yes: u16) -> Result<Option<AskingGateway>> {
        let Some(nginx) = program_or_skip("nginx", "nginx") else { return Ok(None) };
        let server = Server::start("nginx", &|folder, port| {
            for part in ["gated", "yes"] {
                std::fs::create_dir_all(folder.join("files").join(part)).context("cannot make a folder")?;
                std::fs::write(folder.join("files").join(part).join("index.html"), "{}")
                    .context("cannot write a file")?;
            }
            let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
            let text = ASKING.replace("FOLDER", folder_text).replace("PORT", &port.to_string());
            let text = text.replace("GATE", &gate.to_string()).replace("YES", &yes.to_string());
            let configuration = folder.join("nginx.conf");
            std::fs::write(&configuration, text).context("cannot write its configuration")?;
            let mut command = Command::new(&nginx);
            command.arg("-e").arg(folder.join("error.log"));
            command.arg("-p").arg(folder).arg("-c").arg(configuration);
            Ok(command)
        })?;
        Ok(Some(AskingGateway { server }))
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.server.port()
    }
}
