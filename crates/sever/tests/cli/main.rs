//! The binary as its users meet it: every test runs `sever` in a folder of its own, with a scrubbed
//! environment, and looks at the exit code, stdout and stderr.
//!
//! ```text
//! world    a folder, the files that a company has, and `sever` run in it
//! story    one company from its exports to whose data it was
//! help     the whole reference, as one snapshot
//! formats  every format of every kind of answer, and that other programs can read them
//! facts    bad exports: each an error with its place and cure, or a counted reject
//! logs     bad logs, and what is missing
//! objects  logs in object storage
//! plan     what would be closed of a leaver
//! sigma    rules of one's own: they find, or are told to be wrong or not evaluable
//! proof    the evidence of departures: shown, exported, checked
//! reach    whose data: bounds, frozen answers, pictures, ids
//! case     an incident from the e-mail to the notice
//! strangers  the same checked by tools of others, and stamped by them
//! plan     what would be closed, in which order and why
//! departures  a departure beside the cut: connections that answer, the day to come, claims, our own probes
//! cut      a departure from plan to proof; refused; killed at every call
//! faults   disks that are full, servers that go away, kills between every two steps on real servers
//! watch    live: the findings of a scan, once each; pushed records; receivers that are told
//! storms   kill -9, two at once, pipes that close, stores that are damaged
//! ```
//!
//! After a change that is meant, `INSTA_UPDATE=always` writes the reference anew; inline snapshots are
//! corrected by hand or by `cargo insta review`. Times of the run are written `<now>`, the folder `<dir>`, so that snapshots hold anywhere.

mod case;
mod cut;
mod demo;
mod departures;
mod facts;
mod faults;
mod formats;
mod help;
mod lake;
mod logs;
mod objects;
mod plan;
mod privacy;
mod proof;
mod reach;
mod sigma;
mod storms;
mod story;
mod strangers;
mod watch;
mod world;
