//! A server of tests that answers by the beginning of a request's line, whatever the request.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};

use sever_model::act::{Clock, Cx, Secrets};
use sever_model::{ConnectionId, Secret, Span, WallTime};

use crate::connector::{Connection, Login};

/// Answers: the beginning of the request's line, a status and a body.
pub(super) type Answers = &'static [(&'static str, &'static str, &'static str)];

/// The first answer whose beginning fits; a connection to it.
pub(super) fn serve(answers: Answers) -> std::io::Result<Connection> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    // Ends with the test's process.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut bytes = [0; 4096];
            // A body that follows later is never read: the answer does not depend on it.
            while !head.windows(4).any(|it| it == b"\r\n\r\n") {
                match stream.read(&mut bytes) {
                    Ok(count) if count > 0 => head.extend(bytes.iter().take(count)),
                    _ => break,
                }
            }
            let line = String::from_utf8_lossy(&head).into_owned();
            let found = answers.iter().find(|(begin, ..)| line.starts_with(begin));
            let (_, status, body) = found.copied().unwrap_or(("", "404 Not Found", "{\"errors\":[]}"));
            let length = body.len();
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            stream.write_all(text.as_bytes()).ok();
            // What is left of the request is read, so that closing does not take the answer back.
            stream.shutdown(std::net::Shutdown::Write).ok();
            while stream.read(&mut bytes).is_ok_and(|count| count > 0) {}
        }
    });
    let login = || Login { user: "twin".to_owned(), secret: Secret::new("s.of-a-test".to_owned()) };
    Ok(Connection {
        id: ConnectionId::from("bao"),
        system: "bao".into(),
        url,
        settings: Default::default(),
        login: Some(login()),
        twin: Some(login()),
    })
}

/// Time that stands still, and secrets of the purpose's length.
pub(super) struct Still;

impl Clock for Still {
    fn now(&self) -> WallTime {
        WallTime::from_micros(1_700_000_000_000_000)
    }
    fn wait(&self, _span: Span) -> bool {
        false
    }
}

impl Secrets for Still {
    fn derive(&self, purpose: &str) -> Secret<String> {
        Secret::new(format!("Aa1-{}-of-a-test-of-a-test-of", purpose.len()))
    }
}

/// What acting needs.
pub(super) fn cx() -> Cx<'static> {
    Cx { clock: &Still, secrets: &Still, patience: Span::secs(5) }
}
