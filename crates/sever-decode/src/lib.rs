//! Bytes to events: framing and one file per log format; sans-io.
