//! The plays, one file each.

pub(crate) mod cash_app;
pub(crate) mod coupang;
mod customers;
pub(crate) mod finwise;
pub(crate) mod gucci;
