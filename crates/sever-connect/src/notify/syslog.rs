//! A finding as a message of RFC 5424, over TCP, framed by its length (RFC 6587 §3.4.1).
//!
//! TCP says that the bytes were sent, not that they were read: a message is taken once the other side has
//! not closed the connection for it. Syslog has no more to say.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::{NotTaken, address};

/// Facility `log audit`.
const FACILITY: u8 = 13;

pub(super) fn tell(place: &str, private: bool, body: &str, patience: Duration) -> Result<(), NotTaken> {
    let wrong = || NotTaken::new("its `url` is not `tcp://host:port`");
    let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let addresses = address::checked(host.trim_matches(['[', ']']), port, private).map_err(NotTaken::new)?;
    let mut failed = NotTaken::new("it has no address");
    for address in addresses {
        match send(&address, body, patience) {
            Ok(()) => return Ok(()),
            Err(error) => failed = NotTaken::new(format!("{address}: {error}")),
        }
    }
    Err(failed)
}

fn send(address: &std::net::SocketAddr, body: &str, patience: Duration) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(address, patience)?;
    stream.set_write_timeout(Some(patience))?;
    let message = message(body);
    stream.write_all(format!("{} {message}", message.len()).as_bytes())?;
    stream.flush()?;
    stream.shutdown(Shutdown::Write)
}

/// The message: a header, and the document.
pub(super) fn message(body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    let severity = match text("/finding/severity") {
        "critical" => 2,
        "high" => 3,
        "medium" => 4,
        "low" => 5,
        _ => 6,
    };
    let id = text("/id").replace(|c: char| !c.is_ascii_graphic(), "_");
    let time = text("/finding/known_at");
    format!("<{}>1 {time} - severance - {id} - {body}", FACILITY * 8 + severity)
}
