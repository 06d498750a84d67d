//! Asks over connections that are kept: as fast as it goes, or at a rate.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Connections that are asked in turn.
const CONNECTIONS: usize = 32;
/// Threads that ask at a rate: so many requests can be under way.
const THREADS: usize = 16;

/// A request but for its path.
pub(super) struct Asking {
    whole: Vec<u8>,
    behind_path: Vec<u8>,
}

/// Latencies of requests at a rate.
pub(super) struct Latencies {
    pub p99: f64,
}

impl Asking {
    pub(super) fn with(token: &str) -> Asking {
        let behind = format!(
            " HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {token}\r\nUser-Agent: ShopApp/7.42.1\r\n\
             X-Original-URI: /api/orders?page=2\r\nX-Original-Method: GET\r\nX-Real-IP: 192.0.2.7\r\n\r\n"
        );
        Asking { whole: format!("GET /auth{behind}").into_bytes(), behind_path: behind.into_bytes() }
    }
}

/// Asks so many times, in turn over some connections: each is asked before any is listened to.
pub(super) fn rounds(port: u16, asking: &[Asking], count: usize) -> Result<()> {
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS.min(count) {
        streams.push(connect(port)?);
    }
    let mut buffer = [0u8; 4_096];
    let mut requests = asking.iter().cycle();
    let mut done = 0;
    while done < count {
        let together = streams.len().min(count - done);
        for stream in streams.iter_mut().take(together) {
            let one = requests.next().context("nothing to ask")?;
            stream.write_all(&one.whole)?;
        }
        for stream in streams.iter_mut().take(together) {
            heard(stream, &mut buffer)?;
        }
        done += together;
    }
    Ok(())
}

/// Asks at a rate, each request at its time whether the one before was answered or not, and times it from when
/// it was due.
pub(super) fn latencies_ms(port: u16, path: &str, asking: &[Asking], rate: u64, count: usize) -> Result<Latencies> {
    let next = AtomicUsize::new(0);
    let begun = Instant::now() + Duration::from_millis(100);
    let results: Vec<Result<Vec<f64>>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|_| scope.spawn(|| at_rate(port, path, asking, (rate, count), &next, begun))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| bail!("a thread failed"))).collect()
    });
    let mut all = Vec::with_capacity(count);
    for one in results {
        all.extend(one?);
    }
    all.sort_by(f64::total_cmp);
    let p99 = all.get(all.len() * 99 / 100).copied().context("nothing was asked")?;
    Ok(Latencies { p99 })
}

fn at_rate(
    port: u16,
    path: &str,
    asking: &[Asking],
    (rate, count): (u64, usize),
    next: &AtomicUsize,
    begun: Instant,
) -> Result<Vec<f64>> {
    let mut stream = connect(port)?;
    let mut buffer = [0u8; 4_096];
    let mut taken = Vec::new();
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= count {
            return Ok(taken);
        }
        let due = begun + Duration::from_nanos(at as u64 * 1_000_000_000 / rate);
        if let Some(early) = due.checked_duration_since(Instant::now()) {
            std::thread::park_timeout(early);
        }
        let one = asking.get(at % asking.len().max(1)).context("nothing to ask")?;
        let mut bytes = format!("GET {path}").into_bytes();
        bytes.extend_from_slice(&one.behind_path);
        stream.write_all(&bytes)?;
        heard(&mut stream, &mut buffer)?;
        taken.push(due.elapsed().as_secs_f64() * 1_000.0);
    }
}

fn connect(port: u16) -> Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("cannot connect")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

/// Reads one answer, which must be 200: a head, and as much body as it says.
fn heard(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    loop {
        let read = stream.read(buffer.get_mut(filled..).context("an answer that is too long")?)?;
        if read == 0 {
            bail!("the connection was closed");
        }
        filled += read;
        let said = buffer.get(..filled).unwrap_or_default();
        if !said.starts_with(b"HTTP/1.1 200") {
            bail!("answered {}", String::from_utf8_lossy(said.get(..40).unwrap_or(said)));
        }
        let Some(end) = memchr::memmem::find(said, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(said.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if filled >= end + 4 + length.unwrap_or(0) {
            return Ok(());
        }
    }
}
