//! Facts to inventory: correlation, custody and rights; pure.
