//! The registry of detectors.
