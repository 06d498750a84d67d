//! The wire between a client and a real server, with somebody on it who sees every turn and may cut it.
//!
//! A *turn* is what the client sends after the server has spoken, and the answer to that. It is seen
//! twice: before the server gets it, and before the client gets the answer; that is where a process can
//! be killed, a server stopped, or somebody else be quicker. Whatever is spoken on the wire, what is
//! passed on is passed on as it is.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};

/// Bytes that are passed on at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Bytes of a connection's beginning that are kept.
const OPENING_BYTES_MAX: usize = 4 << 10;

/// Where a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A client connects, and the server does not know yet.
    Connects,
    /// The client has asked, and the server does not know yet.
    Asked,
    /// The server has answered, and the client does not know yet.
    Answered,
}

/// What is seen on the wire.
#[derive(Debug)]
pub struct Turn<'a> {
    /// Where it is.
    pub moment: Moment,
    /// What the client said first on this connection, which mostly tells who it is.
    pub opening: &'a [u8],
    /// What the client asked: the first that it said in this turn.
    pub asked: &'a [u8],
    /// The first that is said now: the question, or the answer.
    pub said: &'a [u8],
}

impl Turn<'_> {
    /// Whether the connection's beginning has a word in it.
    pub fn is_by(&self, word: &str) -> bool {
        has(self.opening, word)
    }

    /// Whether the question has a word in it.
    pub fn asks(&self, word: &str) -> bool {
        has(self.asked, word)
    }

    /// Whether what is said now has a word in it.
    pub fn says(&self, word: &str) -> bool {
        has(self.said, word)
    }
}

fn has(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len().max(1)).any(|window| window == word.as_bytes())
}

/// Whether the wire holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// What is said goes on.
    On,
    /// Both ends find the connection ended, and what is said is lost.
    Cut,
}

/// Who sees the turns. Several connections are seen at once.
type Seen = Arc<dyn Fn(&Turn<'_>) -> Pass + Send + Sync>;

/// A port that leads to a server.
pub struct Wire {
    port: u16,
    over: Arc<AtomicBool>,
}

impl Wire {
    /// Leads to a server on loopback.
    ///
    /// # Errors
    /// When there is no port.
    pub fn to(server: u16, each: impl Fn(&Turn<'_>) -> Pass + Send + Sync + 'static) -> Result<Wire> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port")?;
        let port = listener.local_addr().context("no port")?.port();
        let over = Arc::new(AtomicBool::new(false));
        let (ended, seen): (_, Seen) = (over.clone(), Arc::new(each));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let seen = seen.clone();
                // Ends with the connection.
                std::thread::spawn(move || lead(client, (Ipv4Addr::LOCALHOST, server).into(), &seen));
            }
        });
        Ok(Wire { port, over })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes who listens, who then ends.
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok();
    }
}

/// Who spoke last on a connection, and how it began.
#[derive(Default)]
struct Talk {
    opening: Vec<u8>,
    asked: Vec<u8>,
    /// Whether it was the client.
    client: bool,
}

impl Talk {
    /// Hears what one side says; where that begins a turn, or its answer, how the connection and the turn
    /// began.
    fn goes_on(&mut self, said: &[u8], moment: Moment) -> Option<(Vec<u8>, Vec<u8>)> {
        let client = moment == Moment::Asked;
        let begins = self.client != client;
        self.client = client;
        if begins && client {
            self.asked = said.to_vec();
            if self.opening.is_empty() {
                self.opening = said.iter().take(OPENING_BYTES_MAX).copied().collect();
            }
        }
        begins.then(|| (self.opening.clone(), self.asked.clone()))
    }
}

/// Leads one connection to the server until either side ends it.
fn lead(client: TcpStream, server: SocketAddr, seen: &Seen) {
    let connects = Turn { moment: Moment::Connects, opening: &[], asked: &[], said: &[] };
    if seen(&connects) == Pass::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(server) else { return };
    let talk = Mutex::new(Talk::default());
    std::thread::scope(|scope| {
        scope.spawn(|| pass(&client, &server, Moment::Asked, &talk, seen));
        pass(&server, &client, Moment::Answered, &talk, seen);
    });
}

/// Passes on what one side says; where it ends, the other end of the wire does.
fn pass(mut from: &TcpStream, mut to: &TcpStream, moment: Moment, talk: &Mutex<Talk>, seen: &Seen) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        let said = chunk.get(..count).unwrap_or_default();
        let Ok(turn) = talk.lock().map(|mut talk| talk.goes_on(said, moment)) else { break };
        if let Some((opening, asked)) = turn
            && seen(&Turn { moment, opening: &opening, asked: &asked, said }) == Pass::Cut
        {
            from.shutdown(Shutdown::Both).ok();
            break;
        }
        if to.write_all(said).is_err() {
            break;
        }
    }
    to.shutdown(Shutdown::Both).ok();
    from.shutdown(Shutdown::Both).ok();
}

#[cfg(test)]
mod tests;
