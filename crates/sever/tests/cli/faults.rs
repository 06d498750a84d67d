//! Departures while things fail around them: the disk, the wire, the servers.
//!
//! ```text
//! full     the data directory without room, or not writable
//! company  people who leave, on a real slapd and a real PostgreSQL
//! killed   kill -9 at every question that changes something there, and gone on with
//! away     a server that stops and starts again, and somebody who is made anew
//! ```

mod away;
mod company;
mod full;
mod killed;
