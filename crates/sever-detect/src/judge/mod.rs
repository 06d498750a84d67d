//! The judge: was this token issued?

mod builtin;
mod report;

pub use builtin::builtin_classes;
pub use report::{ClassReport, Gap, GapKind, Report};
