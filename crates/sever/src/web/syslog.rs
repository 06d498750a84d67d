//! Syslog over TCP: each message a line of the log's spool.
//!
//! Source: RFC 6587. A message is framed by its length before it (§3.4.1) or by a line end after it
//! (§3.4.2); which of them is told from each frame's first byte, so that a sender may do either. What a
//! message says (RFC 5424 or 3164) is the decoder's to read. A line end inside a counted message is
//! written `#012`, as rsyslog does.
//!
//! Syslog has no answer: what was read is durable before more is read, so that a watch that stands still,
//! or is full, lets the sender wait. What a sender had sent and we had not read when either died is lost,
//! which only a protocol with answers cures. Bounded: connections, and [`MESSAGE_BYTES_MAX`] a message.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sever_store::watch::Spool;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::watch::Fate;

/// Longest message; a longer one is cut there, and its rest is passed over.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// Connections at once; more wait.
const CONNECTIONS_MAX: usize = 256;
/// How long a sender may be silent in the middle of a message.
const MIDDLE_SECS: u64 = 30;
/// How much is read before it is made durable.
const CHUNK_BYTES: usize = 256 << 10;
/// How long to wait for room.
const ROOM: Duration = Duration::from_secs(1);

/// A bound address.
pub type Listener = TcpListener;

/// Whom to tell what became of a batch.
pub type Note = Arc<dyn Fn(Fate) + Send + Sync>;

/// Takes messages until the process ends.
pub async fn serve(listener: TcpListener, spool: Arc<Mutex<Spool>>, note: Note) {
    let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let (spool, note) = (Arc::clone(&spool), Arc::clone(&note));
                tokio::spawn(async move {
                    receive(stream, &spool, &note).await;
                    drop(permit);
                });
            }
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn receive(mut stream: TcpStream, spool: &Arc<Mutex<Spool>>, note: &Note) {
    let mut frames = Frames::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = stream.read(&mut chunk);
        let read = match frames.is_between() {
            true => read.await,
            false => match timeout(Duration::from_secs(MIDDLE_SECS), read).await {
                Ok(read) => read,
                Err(_) => Ok(0),
            },
        };
        let count = read.unwrap_or(0);
        frames.feed(chunk.get(..count).unwrap_or_default());
        if count == 0 {
            frames.finish();
        }
        let lines = std::mem::take(&mut frames.lines);
        if !lines.is_empty() {
            keep(lines, spool, note).await;
        }
        if count == 0 || frames.broken {
            return;
        }
    }
}

/// Makes lines durable, however long that takes: meanwhile nothing more is read.
async fn keep(lines: Vec<u8>, spool: &Arc<Mutex<Spool>>, note: &Note) {
    let lines = Arc::new(lines);
    loop {
        let (spool, lines) = (Arc::clone(spool), Arc::clone(&lines));
        let kept = tokio::task::spawn_blocking(move || {
            spool.lock().unwrap_or_else(PoisonError::into_inner).append(&lines, None).is_ok()
        });
        if kept.await.unwrap_or(false) {
            return note(Fate::Taken);
        }
        note(Fate::TurnedAway);
        sleep(ROOM).await;
    }
}

/// Cuts a stream into messages.
#[derive(Debug, Default)]
struct Frames {
    state: State,
    /// The messages so far, a line each.
    lines: Vec<u8>,
    /// Bytes of the message at hand that have been kept.
    held: usize,
    /// Whether the stream is no syslog any more: where the next message begins cannot be told.
    broken: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a message.
    #[default]
    Between,
    /// In its length.
    Length(usize),
    /// In a message of which so many bytes are left.
    Counted(usize),
    /// In a message that ends with a line end.
    Line,
}

impl Frames {
    fn is_between(&self) -> bool {
        self.state == State::Between
    }

    fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().copied() {
            if self.broken {
                return;
            }
            self.state = match self.state {
                State::Between => match byte {
                    b'1'..=b'9' => State::Length(usize::from(byte - b'0')),
                    b'\n' | b'\r' | 0 | b' ' => State::Between,
                    byte => {
                        self.keep(byte);
                        State::Line
                    }
                },
                State::Length(length) => match byte {
                    b'0'..=b'9' if length < 100_000_000 => State::Length(length * 10 + usize::from(byte - b'0')),
                    b' ' => State::Counted(length),
                    // A line that begins with a digit: no length after all.
                    byte => {
                        length.to_string().bytes().for_each(|digit| self.keep(digit));
                        self.in_line(byte)
                    }
                },
                State::Counted(left) => {
                    self.counted(byte);
                    match left {
                        0 | 1 => self.end(),
                        left => State::Counted(left - 1),
                    }
                }
                State::Line => self.in_line(byte),
            };
        }
    }

    fn in_line(&mut self, byte: u8) -> State {
        if matches!(byte, b'\n' | 0) {
            return self.end();
        }
        self.keep(byte);
        State::Line
    }

    fn counted(&mut self, byte: u8) {
        match byte {
            b'\n' => b"#012".iter().for_each(|byte| self.keep(*byte)),
            0 => b"#000".iter().for_each(|byte| self.keep(*byte)),
            byte => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.held < MESSAGE_BYTES_MAX {
            self.lines.push(byte);
        }
        self.held += 1;
    }

    fn end(&mut self) -> State {
        if self.held > 0 {
            // rsyslog ends a counted message with a line end of its own.
            if self.lines.ends_with(b"#012") {
                self.lines.truncate(self.lines.len() - 4);
            }
            self.lines.push(b'\n');
        }
        self.held = 0;
        State::Between
    }

    /// What breaks off is a message all the same: its decoder says what is missing.
    fn finish(&mut self) {
        self.state = self.end();
    }
}

#[cfg(test)]
mod tests;
