//! What others say of a proof's checkpoints, and whether it is of this log.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sever_model::WallTime;

use super::{Trust, Used};
use crate::proof::digest::Hash;
use crate::proof::error::Flaw;
use crate::proof::note::{Checkpoint, Note, NoteKey};
use crate::proof::read::signed_head;
use crate::proof::stamp;

/// What somebody says of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchored {
    /// How many statements it is about: the first ones of the log.
    pub size: u64,
    /// Who says what.
    pub by: By,
}

/// Who says what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A witness whose key was given saw it.
    Witness {
        /// Its name.
        name: String,
        /// When.
        at: WallTime,
    },
    /// An authority that a given certificate vouches for stamped it.
    Authority {
        /// The subject of its certificate.
        name: String,
        /// When.
        at: WallTime,
    },
    /// Somebody signed it whose key was not given: anybody could have.
    UnknownWitness {
        /// The name that it is signed under.
        name: String,
    },
    /// Somebody stamped it for whom no given certificate vouches: anybody could have.
    UnknownAuthority {
        /// The subject of its certificate.
        name: String,
        /// When, as it says.
        at: WallTime,
    },
}

impl By {
    /// Whether it is somebody whom the reader trusts.
    pub fn is_trusted(&self) -> bool {
        matches!(self, By::Witness { .. } | By::Authority { .. })
    }
}

/// The checkpoints that others were asked about, by size.
pub(super) struct AskedOf(BTreeMap<u64, (String, Checkpoint)>);

/// Reads them.
pub(super) fn asked(names: &BTreeSet<String>, key: &NoteKey, used: &mut Used<'_>) -> Result<AskedOf, Flaw> {
    let mut asked = BTreeMap::new();
    for name in names.iter().filter(|name| name.starts_with("anchors/") && name.ends_with("/checkpoint")) {
        let checkpoint = signed_head(used.file(name)?, key).map_err(|what| Flaw::new(name.as_str(), what))?;
        let folder = format!("anchors/{}/", checkpoint.size);
        if *name != format!("{folder}checkpoint") {
            return Err(Flaw::new(name.as_str(), "it is of another size than its folder"));
        }
        asked.insert(checkpoint.size, (folder, checkpoint));
    }
    Ok(AskedOf(asked))
}

impl AskedOf {
    /// The sizes of the trees whose roots they name.
    pub(super) fn sizes(&self) -> BTreeSet<u64> {
        self.0.keys().copied().collect()
    }

    /// What was said of them, once each is known to be of this log.
    pub(super) fn check(
        &self,
        roots: &HashMap<u64, Hash>,
        newest: &Checkpoint,
        trust: &Trust,
        key: &NoteKey,
        used: &mut Used<'_>,
    ) -> Result<Vec<Anchored>, Flaw> {
        let mut said = Vec::new();
        for (size, (folder, checkpoint)) in &self.0 {
            let place = format!("{folder}checkpoint");
            if *size > newest.size {
                return Err(Flaw::new(place, "it is of a longer log than this: statements are gone"));
            }
            if roots.get(size) != Some(&checkpoint.root) {
                return Err(Flaw::new(place, "the log was rewritten since: its root was another"));
            }
            let (cosigned, stamped) = (format!("{folder}cosigned"), format!("{folder}response.tsr"));
            if used.names.contains(&cosigned) {
                let bytes = used.file(&cosigned)?;
                witnesses(bytes, checkpoint, trust, key, &mut said).map_err(|what| Flaw::new(cosigned, what))?;
            }
            if used.names.contains(&stamped) {
                let stamp = stamp::verify(used.file(&stamped)?, used.file(&place)?, &trust.authorities);
                let stamp = stamp.map_err(|what| Flaw::new(stamped, what))?;
                let (name, at) = (stamp.authority, stamp.at);
                let by = if stamp.vouched { By::Authority { name, at } } else { By::UnknownAuthority { name, at } };
                said.push(Anchored { size: *size, by });
            }
        }
        Ok(said)
    }
}

fn witnesses(
    bytes: &[u8],
    checkpoint: &Checkpoint,
    trust: &Trust,
    key: &NoteKey,
    said: &mut Vec<Anchored>,
) -> Result<(), &'static str> {
    if signed_head(bytes, key)? != *checkpoint {
        return Err("it is another checkpoint than was asked about");
    }
    let note = Note::parse(bytes)?;
    for witness in &trust.witnesses {
        if let Some(seen) = note.cosigned_by(witness) {
            let at = seen.ok_or("a witness' signature does not verify")?;
            said.push(Anchored { size: checkpoint.size, by: By::Witness { name: witness.name.clone(), at } });
        }
    }
    let known =
        |name: &str, id: [u8; 4]| trust.witnesses.iter().chain([key]).any(|it| it.name == name && it.id() == id);
    for signature in note.signatures.iter().filter(|it| !known(&it.name, it.id)) {
        said.push(Anchored { size: checkpoint.size, by: By::UnknownWitness { name: signature.name.clone() } });
    }
    Ok(())
}
