//! Facts, findings and the subject register in a data directory.
