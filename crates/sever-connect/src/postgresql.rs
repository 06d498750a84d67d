//! `postgresql`: the roles of a PostgreSQL cluster as doors.
//!
//! ```text
//! wire (a session) ─► catalogue (what it says of a role) ─► doors ─► steps ─► action
//!                                                      └─► probe ─► verdict (what an answer means)
//! ```

mod action;
mod catalogue;
pub(crate) mod connector;
mod doors;
mod grants;
mod probe;
mod steps;
mod verdict;
mod wire;

use sever_model::Secret;

use crate::connector::Login;

/// A login for the capability that is opened, to be dropped with it.
fn copy(login: &Login) -> Login {
    Login { user: login.user.clone(), secret: Secret::new(login.secret.expose().clone()) }
}
