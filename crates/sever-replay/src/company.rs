//! The company behind a play, to come.
