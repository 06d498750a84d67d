//! Sources whose files are not rows: each file is read by the provider itself.

use sever_model::port::{ListingRef, Pull, Source, SourceError};
use sever_model::{FactKind, Record, SourceId};

use crate::SourceSettings;
use crate::files::{self, Parts};
use crate::tally::Tally;

/// Reads one listing's files into the tally.
pub(crate) type Read = fn(&SourceSettings, &Parts, &mut Tally<'_>) -> Result<(), SourceError>;

/// A source of documents.
pub(crate) struct Documents {
    pub(crate) kind: &'static str,
    pub(crate) kinds: &'static [FactKind],
    pub(crate) settings: SourceSettings,
    pub(crate) read: Read,
}

impl Source for Documents {
    fn id(&self) -> &SourceId {
        &self.settings.id
    }

    fn listings(&self) -> Result<Vec<ListingRef>, SourceError> {
        files::listings(&self.settings, self.kind)
    }

    fn pull(&self, listing: &ListingRef, each: &mut dyn FnMut(Record)) -> Result<Pull, SourceError> {
        let parts = files::parts_of(&self.settings, listing)?;
        let mut tally = Tally::new(&self.settings, each);
        (self.read)(&self.settings, &parts, &mut tally)?;
        Ok(tally.finish(&self.settings, self.kinds, parts.at))
    }
}
