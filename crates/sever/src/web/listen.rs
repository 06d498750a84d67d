//! Connections: how many, how long, how large; whatever is asked on them.
//!
//! HTTP/1.1 with keep-alive, no TLS: this listens to a proxy beside it. Every limit is here:
//!
//! - connections at once: more wait in the system's queue, and cost nothing;
//! - a head must be there whole [`HEAD_SECS`] after its first byte, whoever drips it in, and within
//!   [`HEAD_BYTES_MAX`] and a hundred headers (hyper's own limit), else the answer is 431;
//! - a connection may be idle for [`IDLE_SECS`], longer than proxies keep theirs, so that it is they who
//!   close it and no request falls between.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep};

/// How long a head may take from its first byte.
const HEAD_SECS: u64 = 5;
/// How long a connection may be idle.
const IDLE_SECS: u64 = 90;
/// How large a head may be: what a proxy passes on, twice over.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// An answer.
pub type Answer = Response<Full<Bytes>>;

/// Answers requests; a [`Session`](Answers::Session) is what it keeps of one connection.
pub trait Answers: Send + Sync + 'static {
    /// What is kept of one connection.
    type Session: Send + Sync + 'static;

    /// Begins a connection.
    fn begin(&self) -> Self::Session;

    /// Answers one request.
    fn answer(&self, session: &Self::Session, request: Request<Incoming>) -> impl Future<Output = Answer> + Send;
}

/// What became of connections.
#[derive(Debug, Default)]
pub struct Connections {
    /// Opened so far.
    pub opened: AtomicU64,
    /// Ended because they were too slow.
    pub slow: AtomicU64,
    /// Ended by what was no HTTP, or too large.
    pub broken: AtomicU64,
}

/// Serves until it is told to stop. Connections that are open then are dropped.
pub async fn serve<A: Answers>(
    listener: TcpListener,
    answers: Arc<A>,
    connections_max: usize,
    connections: Arc<Connections>,
    stop: impl Future<Output = ()>,
) {
    let free = Arc::new(Semaphore::new(connections_max));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = std::pin::pin!(accept(&listener, &free));
        let Some((stream, permit)) = first(accepted, stop.as_mut()).await else { return };
        connections.opened.fetch_add(1, Ordering::Relaxed);
        let (answers, connections) = (Arc::clone(&answers), Arc::clone(&connections));
        tokio::spawn(async move {
            serve_one(stream, answers, &connections).await;
            drop(permit);
        });
    }
}

async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    loop {
        let permit = Arc::clone(free).acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, _)) => return Some((stream, permit)),
            // Out of file handles, or a client that is gone already: neither ends the service.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// What the first gives, unless the second is ready before.
async fn first<T>(
    one: Pin<&mut impl Future<Output = Option<T>>>,
    mut other: Pin<&mut impl Future<Output = ()>>,
) -> Option<T> {
    let mut one = one;
    std::future::poll_fn(move |cx| {
        if other.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        one.as_mut().poll(cx)
    })
    .await
}

async fn serve_one<A: Answers>(stream: TcpStream, answers: Arc<A>, connections: &Connections) {
    // What is answered is small: it must not wait for more.
    stream.set_nodelay(true).ok();
    let pace = Arc::new(Pace::default());
    let paced = Paced { stream, pace: Arc::clone(&pace), due: None, armed_for: Phase::Idle };
    let session = Arc::new(answers.begin());
    let service = service_fn(|request| {
        pace.serving.store(true, Ordering::Relaxed);
        let (answers, session, pace) = (Arc::clone(&answers), Arc::clone(&session), Arc::clone(&pace));
        async move {
            let answer = answers.answer(&session, request).await;
            pace.answered();
            Ok::<Answer, Infallible>(answer)
        }
    });
    let mut http = http1::Builder::new();
    http.max_buf_size(HEAD_BYTES_MAX).half_close(false);
    if let Err(error) = http.serve_connection(TokioIo::new(paced), service).await {
        let slow = pace.slow.load(Ordering::Relaxed);
        let of = if slow { &connections.slow } else { &connections.broken };
        if slow || !error.is_incomplete_message() {
            of.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Binds an address.
///
/// # Errors
/// When it cannot be listened on.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// How far a connection is.
#[derive(Debug, Default)]
struct Pace {
    /// Bytes of a head have come, and not all of it.
    heading: AtomicBool,
    /// A request is being answered.
    serving: AtomicBool,
    /// It was ended for being slow.
    slow: AtomicBool,
}

impl Pace {
    fn answered(&self) {
        self.heading.store(false, Ordering::Relaxed);
        self.serving.store(false, Ordering::Relaxed);
    }

    fn phase(&self) -> Phase {
        match (self.serving.load(Ordering::Relaxed), self.heading.load(Ordering::Relaxed)) {
            (true, _) => Phase::Serving,
            (false, true) => Phase::Head,
            (false, false) => Phase::Idle,
        }
    }
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Serving,
}

/// A stream that ends when its client is too slow. The clock is only looked at where nothing is to be read.
struct Paced {
    stream: TcpStream,
    pace: Arc<Pace>,
    due: Option<Pin<Box<Sleep>>>,
    armed_for: Phase,
}

impl Paced {
    /// Whether the client has taken too long for what is being waited for.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let phase = self.pace.phase();
        let secs = match phase {
            Phase::Idle => IDLE_SECS,
            Phase::Head => HEAD_SECS,
            // Whoever reads a body sees to it.
            Phase::Serving => {
                self.due = None;
                return false;
            }
        };
        if self.armed_for != phase {
            self.due = None;
        }
        self.armed_for = phase;
        let due = self.due.get_or_insert_with(|| Box::pin(sleep(Duration::from_secs(secs))));
        due.as_mut().poll(cx).is_ready()
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Pending if self.is_late(cx) => {
                self.pace.slow.store(true, Ordering::Relaxed);
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(read) => {
                if buffer.filled().len() > before && self.pace.phase() == Phase::Idle {
                    self.pace.heading.store(true, Ordering::Relaxed);
                    self.due = None;
                }
                Poll::Ready(read)
            }
        }
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }
}
