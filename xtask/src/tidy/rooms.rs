//! What may be done only in its room: reading the clock, the network, the disk, printing; and what
//! may not be done at all where hostile input is read.

use super::Complaints;
use super::source::{self, CodeLine};
use crate::tree::Tree;

/// Something that belongs in certain rooms only.
struct Room {
    /// What is looked for.
    words: &'static [&'static str],
    /// Where it may stand, as prefixes of paths.
    at: &'static [&'static str],
    /// What to use elsewhere.
    cure: &'static str,
}

/// The chores, the benchmarks and the pretended world are not the product: they do what they need.
const OUTSIDE: [&str; 3] = ["xtask/", "crates/sever-bench/", "crates/sever-testkit/"];

const ROOMS: [Room; 4] = [
    Room {
        words: &[
            "SystemTime::now",
            "Instant::now",
            "Timestamp::now",
            "Zoned::now",
            "Utc::now",
            "Local::now",
            "TimeZone::system",
        ],
        at: &["crates/sever/src/clock.rs"],
        cure: "take the moment as an argument; the binary's clock.rs reads it",
    },
    Room {
        words: &[
            "std::net::Tcp",
            "std::net::Udp",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "tokio::net",
            "reqwest",
            "hyper::",
        ],
        // `web/` answers whoever asks, and asks nobody.
        at: &["crates/sever-connect/src/", "crates/sever/src/web/"],
        cure: "speak to the customer's systems in sever-connect only",
    },
    Room {
        words: &["std::fs", "fs::File", "File::open", "File::create", "OpenOptions", "tokio::fs"],
        at: &[
            "crates/sever/src/",
            "crates/sever-connect/src/",
            "crates/sever-store/src/",
            "crates/sever-lake/src/",
            "crates/sever-replay/src/",
        ],
        cure: "take a reader or bytes as an argument",
    },
    Room {
        words: &["println!", "print!(", "eprintln!", "eprint!(", "io::stdout", "io::stderr"],
        at: &["crates/sever/src/"],
        cure: "return what is to be said and let the binary render it",
    },
];

/// Rooms that read hostile input: nothing in them may panic.
const HOSTILE: [&str; 3] = ["crates/sever-decode/src/", "crates/sever-detect/src/", "crates/sever-connect/src/"];

const PANICS: [&str; 7] =
    [".unwrap()", ".expect(", ".unwrap_err()", "panic!(", "unreachable!(", "todo!(", "unimplemented!("];

/// Clock, network, disk and print only in their rooms.
pub(crate) fn check(tree: &Tree, complaints: &mut Complaints) {
    for (path, line) in product_code(tree) {
        for room in &ROOMS {
            let allowed = room.at.iter().chain(&OUTSIDE).any(|prefix| path.starts_with(prefix));
            if allowed {
                continue;
            }
            if let Some(word) = room.words.iter().find(|word| has_word(&line.code, word)) {
                complaints.add(path, line.number, format!("`{word}` is not for this room, {}", room.cure));
            }
        }
    }
}

/// No panic, indexing or slicing where hostile input is read.
pub(crate) fn panics(tree: &Tree, complaints: &mut Complaints) {
    for (path, line) in product_code(tree) {
        if !HOSTILE.iter().any(|room| path.starts_with(room)) {
            continue;
        }
        if let Some(word) = PANICS.iter().find(|word| line.code.contains(*word)) {
            complaints.add(path, line.number, format!("`{word}` can panic, return an error or a reject instead"));
        } else if indexes(&line.code) {
            complaints.add(path, line.number, "indexing can panic, use `.get(…)` instead");
        }
    }
}

/// Tests that sleep or are switched off are no tests.
pub(crate) fn tests_of_tests(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.under("", ".rs") {
        for line in source::lines(path, text) {
            if line.code.contains("thread::sleep(") || line.code.contains("time::sleep(") {
                complaints.add(path, line.number, "sleeps, poll a condition with a deadline instead");
            }
            if line.code.trim_start().starts_with("#[ignore") {
                complaints.add(path, line.number, "a test that does not run, make it run or delete it");
            }
        }
    }
}

fn product_code(tree: &Tree) -> impl Iterator<Item = (&str, CodeLine)> {
    let files = tree.under("", ".rs");
    files.flat_map(|(path, text)| {
        source::lines(path, text).into_iter().filter(|line| !line.test).map(move |line| (path, line))
    })
}

/// Whether the code names this path or macro, and not one that only ends like it.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Whether something is indexed: a `[` right after a name, a call or another index. Types, arrays,
/// attributes and macros have something else before it.
fn indexes(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.windows(2).any(|pair| {
        matches!(pair, [before, b'['] if before.is_ascii_alphanumeric() || matches!(before, b'_' | b')' | b']' | b'?'))
    })
}
