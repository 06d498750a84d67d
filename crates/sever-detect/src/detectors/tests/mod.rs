//! The fixtures under `tests/detectors`, walked.
