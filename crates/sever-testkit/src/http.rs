//! As much HTTP as a test needs: one request, one answer, over loopback, as HTTP/1.0 so that no
//! answer comes in chunks.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

const TIMEOUT: Duration = Duration::from_secs(30);

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head: the lines after the first.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The first header of a name, in whatever case it is written.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// Asks a server on a loopback port.
///
/// # Errors
/// When it does not answer.
pub fn request(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("cannot connect")?;
    stream.set_read_timeout(Some(TIMEOUT)).context("no timeout")?;
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).context("cannot ask")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).context("no answer")?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").context("an answer without an end of its head")?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).context("an answer without a status")?;
    let head = head.split_once("\r\n").map_or("", |(_, head)| head);
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// A name and password, as a header says them.
pub(crate) fn basic((user, password): (&str, &str)) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// What curl printed, where it was told to write the status into a line of its own at the end.
pub(crate) fn curled(printed: &str) -> Result<Answer> {
    let (body, status) = printed.trim_end().rsplit_once('\n').context("curl printed no status")?;
    let status = status.parse().context("curl printed no status")?;
    Ok(Answer { status, head: String::new(), body: body.to_owned() })
}
