//! The plays, one file each.

pub(crate) mod cash_app;
pub(crate) mod coupang;
pub(crate) mod finwise;
pub(crate) mod gucci;
