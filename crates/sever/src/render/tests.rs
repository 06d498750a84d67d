//! Renderers, each on the same sheet.
