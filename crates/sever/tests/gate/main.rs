//! The gate as its proxies and issuers meet it: `sever gate` in a process of its own, asked over HTTP.
//!
//! ```text
//! house    a folder, a running gate, an issuer that pushes, tokens
//! push     what was acknowledged is known: at once, to many, over kill -9
//! follow   an issuer's log that is followed: late lines are waited for
//! loss     an empty, missing, damaged or silent ledger refuses nobody, and says so
//! people   who has left, what was cut, keys out of life, budgets
//! hostile  tokens, heads and connections that mean harm
//! play     a forger's traffic through a real nginx, with a real OpenID Connect provider
//! ```

mod follow;
mod hostile;
mod house;
mod loss;
mod people;
mod play;
mod push;
