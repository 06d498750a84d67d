//! What stands between a directory's server and the client library: the connection, TLS, and a line that
//! lets only sound messages through.
//!
//! The library takes messages of any length, and follows their nesting by recursion: a server could end
//! our process by one of many megabytes of brackets. So each message is read whole here, bounded by
//! [`MESSAGE_BYTES_MAX`] and [`DEPTH_MAX`], before it is handed on.
//!
//! ```text
//! server ─── TCP ─── TLS ─── this: read a message, look at it ─── a pair of sockets ─── ldap3
//! ```

use std::io::{self, Error, ErrorKind};
use std::os::unix::net::UnixStream as Pair;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::reply::element;

/// Longest message that is read: a page of entries is many messages, each a group at most.
pub(super) const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// Deepest nesting: a value of an attribute of an entry is at 6.
const DEPTH_MAX: usize = 16;

/// What every message begins with.
const SEQUENCE: u8 = 0x30;

/// Asks for TLS (RFC 4511 §4.14.1): an extended request named `1.3.6.1.4.1.1466.20037`.
const STARTTLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Where to, and how.
pub(crate) struct Line {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) starttls: bool,
}

/// A stream of either kind.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

impl Line {
    /// Connects, and gives one end of a pair of sockets, through which sound messages go. `unsound` is set
    /// when one was not, which ends the connection.
    ///
    /// # Errors
    /// When it cannot be reached, refuses TLS, or has a certificate that is not trusted.
    pub(super) async fn open(&self, unsound: Arc<AtomicBool>) -> io::Result<Pair> {
        let wire = self.connect().await?;
        let (near, far) = Pair::pair()?;
        far.set_nonblocking(true)?;
        let (mut asked, mut answered) = UnixStream::from_std(far)?.into_split();
        let (mut from, mut to) = split(wire);
        // Both end with the connection, or with the runtime that they are spawned on.
        tokio::spawn(async move { tokio::io::copy(&mut asked, &mut to).await.ok() });
        tokio::spawn(async move {
            while let Ok(message) = message(&mut from).await {
                if !is_sound(&message) {
                    unsound.store(true, Ordering::Relaxed);
                    break;
                }
                if answered.write_all(&message).await.is_err() {
                    break;
                }
            }
        });
        Ok(near)
    }

    async fn connect(&self) -> io::Result<Box<dyn Wire>> {
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        if self.starttls {
            stream.write_all(STARTTLS).await?;
            let answer = message(&mut stream).await?;
            if extended_code(&answer) != Some(0) {
                return Err(Error::new(ErrorKind::Unsupported, "the server refuses StartTLS"));
            }
        }
        let name = ServerName::try_from(self.host.clone()).map_err(Error::other)?;
        Ok(Box::new(TlsConnector::from(tls.clone()).connect(name, stream).await?))
    }
}

/// Reads one message whole: its tag, its length, as much as that says.
async fn message(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = vec![from.read_u8().await?];
    if head.first() != Some(&SEQUENCE) {
        // Not LDAP: is_sound says so, and nothing more is waited for.
        return Ok(head);
    }
    head.push(from.read_u8().await?);
    let length = match head.last().copied().unwrap_or_default() {
        short @ 0..=0x7f => usize::from(short),
        long @ 0x81..=0x84 => {
            let mut length = 0usize;
            for _ in 0x80..long {
                let byte = from.read_u8().await?;
                head.push(byte);
                length = (length << 8) | usize::from(byte);
            }
            length
        }
        // No end, or one that no message has: what follows cannot be told apart, and is_sound says so.
        _ => return Ok(head),
    };
    if length > MESSAGE_BYTES_MAX {
        return Ok(head);
    }
    // As it comes, so that a length that is a lie takes no memory.
    let read = from.take(length as u64).read_to_end(&mut head).await?;
    if read == length { Ok(head) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// Whether bytes are one sequence in BER with definite lengths, nothing past its end, and not too deep.
fn is_sound(message: &[u8]) -> bool {
    const CONSTRUCTED: u8 = 0x20;
    if message.first() != Some(&SEQUENCE) {
        return false;
    }
    // What is left of each element that we are within, the outermost first.
    let mut within: Vec<&[u8]> = vec![message];
    while let Some(rest) = within.pop() {
        if rest.is_empty() {
            continue;
        }
        let Some((tag, content, after)) = definite(rest) else { return false };
        // Only one message at a time.
        if within.is_empty() && rest.len() == message.len() && !after.is_empty() {
            return false;
        }
        within.push(after);
        if tag & CONSTRUCTED != 0 {
            within.push(content);
        }
        if within.len() > DEPTH_MAX {
            return false;
        }
    }
    true
}

/// One element of BER with a definite length of at most four bytes: its tag, its content, what follows.
fn definite(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0usize, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

/// The result code of an extended answer.
fn extended_code(message: &[u8]) -> Option<u8> {
    const EXTENDED: u8 = 0x78;
    let (_, inner, _) = element(message)?;
    let (_, _, answer) = element(inner)?;
    let (tag, result, _) = element(answer)?;
    let (_, code, _) = element(result).filter(|_| tag == EXTENDED)?;
    match code {
        [code] => Some(*code),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
