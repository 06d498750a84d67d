//! Sources whose files are not rows: each file is read by the provider itself.

use std::path::Path;

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

/// One file of a listing, read whole.
pub(crate) struct Text<'a> {
    pub(crate) path: &'a Path,
    /// Its name without its folder, for messages.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Reads each file of a listing whole and hands it on.
pub(crate) fn each(
    settings: &SourceSettings,
    parts: &Parts,
    tally: &mut Tally<'_>,
    take: &mut dyn FnMut(&Text<'_>, &mut Tally<'_>),
) -> Result<(), SourceError> {
    for path in &parts.paths {
        let name = files::file_name(path);
        let fail = |error: std::io::Error| files::failed(settings, path, &error.to_string());
        let (bytes, broken) = files::read_whole(path, settings.limits.file_bytes_max).map_err(fail)?;
        if let Some(broken) = broken {
            tally.partial(format!("{name}: does not decompress to its end: {broken}"));
        } else if bytes.iter().all(u8::is_ascii_whitespace) {
            tally.empty(format!("{name}: empty"));
            continue;
        }
        take(&Text { path, name, bytes }, tally);
    }
    Ok(())
}

/// Refuses settings under `map` that a provider does not have.
pub(crate) fn only(settings: &SourceSettings, known: &[(&str, &str)]) -> Result<(), SourceError> {
    let Some(unknown) = settings.map.keys().find(|key| !known.iter().any(|(name, _)| name == key)) else {
        return Ok(());
    };
    let has = known.iter().map(|(name, what)| format!("`{name}`, {what}")).collect::<Vec<_>>();
    Err(SourceError {
        source_id: settings.id.clone(),
        what: format!("`map` names `{unknown}`, which this kind of source does not have"),
        hint: (!has.is_empty()).then(|| format!("it has {}", has.join("; "))),
    })
}
