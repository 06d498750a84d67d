//! Find what a leaver can still reach, and whose data it touched.
fn main() {}
