//! The configuration (being written).

/// Why a configuration cannot be used.
#[derive(Debug)]
pub struct ConfigError {
    /// Everything wrong with it.
    pub problems: Vec<Problem>,
}
/// One thing wrong.
#[derive(Debug)]
pub struct Problem {
    /// What.
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
}
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}
impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("configuration")
    }
}
impl std::error::Error for ConfigError {}
