//! What the store knows of its own use of people's data: pseudonyms, who saw what, legal bases,
//! what is past its time, and who was erased.
//!
//! [`names`]: texts that give a person away and the pseudonyms that stand for them. [`record`]: what
//! was done with people's data and on which basis. [`forget`]: retention and erasure.

mod forget;
mod names;
mod record;

pub use forget::{Erased, Held, Retention, Swept};
pub use names::{Known, Name};
pub use record::{Access, Basis};
