//! The incidents as plays: the files a company would have had, and the truth beside them.
//!
//! Each [`Incident`] is a public one (see [`Real`] for what is known of it and how surely). Its play
//! writes a directory as such a company would have had it:
//!
//! ```text
//! DIR/severance.toml       what Severance would be told
//! DIR/hr/*.csv …           people, accounts, groups, rights, keys, custody
//! DIR/logs/*.gz            what happened, with the background that hides it
//! DIR/truth.json, truth/   what really happened: only the comparison reads it
//! ```
//!
//! All names are invented, every number that is public is kept in proportion, and everything that is
//! not public (who the background is, what the files look like) is ours: a table made from a play
//! says that the data was generated. The same seed gives the same bytes.
//!
//! A play never decides what counts as detected: [`Truth::expected`] lists every claim that is true
//! in it, and whatever else is said is a false finding. [`usual`] is what the play is compared with:
//! the per-address threshold and the short-window baseline that most companies run.

mod chance;
mod company;
mod files;
mod moment;
mod plays;
mod truth;
pub mod usual;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use truth::{Expected, MisuseIndex, MisuseRow, Narrowed, Touched, Truth};

/// The incidents that can be played, alphabetically.
pub static INCIDENTS: &[Incident] = &[
    plays::cash_app::INCIDENT,
    plays::coinbase::INCIDENT,
    plays::coupang::INCIDENT,
    plays::desjardins::INCIDENT,
    plays::finwise::INCIDENT,
    plays::gucci::INCIDENT,
    plays::ncs::INCIDENT,
    plays::opexus::INCIDENT,
    plays::storm_0558::INCIDENT,
    plays::stradis::INCIDENT,
    plays::ubiquiti::INCIDENT,
];

/// An incident that can be played.
#[derive(Debug, Clone, Copy)]
pub struct Incident {
    /// What commands call it.
    pub id: &'static str,
    /// Company and year.
    pub title: &'static str,
    /// What is publicly known of the real one.
    pub real: Real,
    /// Other ways to play it: name, and what is different.
    pub variants: &'static [(&'static str, &'static str)],
    /// Writes the play's files into an existing directory and returns the truth, which it has also
    /// written there.
    pub write: fn(&Play, &Path) -> Result<Truth, ReplayError>,
}

/// What is publicly known of the real incident.
#[derive(Debug, Clone, Copy)]
pub struct Real {
    /// How long it took until somebody noticed.
    pub noticed_after: &'static str,
    /// By what it was noticed.
    pub how: &'static str,
    /// How many people's data was touched, where that was the harm.
    pub people: Option<u64>,
    /// Where these figures come from, and how sure they are.
    pub source: &'static str,
}

/// How to play.
#[derive(Clone)]
pub struct Play {
    /// Share of the real numbers, above 0 and up to 1.
    pub scale: f64,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// One of [`Incident::variants`]; `None` for the incident as it was.
    pub variant: Option<String>,
    /// Share of forged tokens that name somebody who never existed, 0 to 0.9.
    pub unknown_share: f64,
    /// Told what is being written, and the share done.
    pub progress: Option<Progress>,
}

/// A listener to what is being written, and the share of it done (0 to 1).
pub type Progress = Arc<dyn Fn(&str, f64) + Send + Sync>;

impl Default for Play {
    fn default() -> Play {
        Play { scale: 0.001, seed: 1, variant: None, unknown_share: 0.23, progress: None }
    }
}

impl std::fmt::Debug for Play {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Play")
            .field("scale", &self.scale)
            .field("seed", &self.seed)
            .field("variant", &self.variant)
            .field("unknown_share", &self.unknown_share)
            .finish_non_exhaustive()
    }
}

impl Play {
    /// A real number at this play's scale, at least `least`.
    fn scaled(&self, real: u64, least: u64) -> u64 {
        ((real as f64 * self.scale).round() as u64).max(least)
    }

    fn report(&self, what: &str, share: f64) {
        if let Some(progress) = &self.progress {
            progress(what, share);
        }
    }

    /// Whether the named variant is played.
    fn is(&self, variant: &str) -> bool {
        self.variant.as_deref() == Some(variant)
    }
}

impl Incident {
    /// Writes the play into `dir`, which is made if need be.
    ///
    /// # Errors
    /// When the settings make no sense, or a file cannot be written.
    pub fn play(&self, play: &Play, dir: &Path) -> Result<Truth, ReplayError> {
        if !(play.scale > 0.0 && play.scale <= 1.0) {
            return Err(ReplayError::Scale(play.scale));
        }
        if !(0.0..=0.9).contains(&play.unknown_share) {
            return Err(ReplayError::UnknownShare(play.unknown_share));
        }
        if let Some(variant) = &play.variant
            && !self.variants.iter().any(|(name, _)| name == variant)
        {
            let known = self.variants.iter().map(|(name, _)| *name).collect();
            return Err(ReplayError::Variant { incident: self.id, variant: variant.clone(), known });
        }
        std::fs::create_dir_all(dir).map_err(|error| ReplayError::Write(dir.to_owned(), error))?;
        (self.write)(play, dir)
    }
}

/// The incident of that id.
///
/// # Errors
/// [`ReplayError::Incident`] when there is none.
pub fn incident(id: &str) -> Result<&'static Incident, ReplayError> {
    INCIDENTS.iter().find(|incident| incident.id == id).ok_or_else(|| ReplayError::Incident(id.to_owned()))
}

/// Why a play could not be written or its truth not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// No incident of that id.
    #[error("no incident is called `{0}`")]
    Incident(String),
    /// The incident has no such variant.
    #[error("`{incident}` has no variant `{variant}`")]
    Variant {
        /// The incident.
        incident: &'static str,
        /// What was asked for.
        variant: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// A scale that is not above 0 and at most 1.
    #[error("a scale of {0} is not above 0 and at most 1")]
    Scale(f64),
    /// A share that is not between 0 and 0.9.
    #[error("a share of {0} is not between 0 and 0.9")]
    UnknownShare(f64),
    /// A file could not be written.
    #[error("cannot write `{}`: {}", .0.display(), .1)]
    Write(PathBuf, #[source] std::io::Error),
    /// A file of the truth could not be read.
    #[error("cannot read `{}`: {}", .0.display(), .1)]
    Read(PathBuf, #[source] std::io::Error),
    /// A file of the truth does not hold what it should.
    #[error("`{}` is no truth of a play: {}", .0.display(), .1)]
    Truth(PathBuf, String),
}

impl ReplayError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ReplayError::Incident(_) => {
                let ids: Vec<_> = INCIDENTS.iter().map(|incident| incident.id).collect();
                Some(format!("the incidents are {}", ids.join(", ")))
            }
            ReplayError::Variant { incident, known, .. } if known.is_empty() => {
                Some(format!("`{incident}` is played in one way only"))
            }
            ReplayError::Variant { known, .. } => Some(format!("its variants are {}", known.join(", "))),
            ReplayError::Scale(_) => Some("0.001 is a thousandth of the real incident".to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
