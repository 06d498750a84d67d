//! The plays, one file each.

pub(crate) mod cash_app;
mod changes;
pub(crate) mod coinbase;
pub(crate) mod coupang;
mod customers;
pub(crate) mod desjardins;
pub(crate) mod finwise;
pub(crate) mod gucci;
mod lookups;
pub(crate) mod ncs;
pub(crate) mod opexus;
pub(crate) mod storm_0558;
pub(crate) mod stradis;
pub(crate) mod ubiquiti;
