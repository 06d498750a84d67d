//! The issued ledger.
