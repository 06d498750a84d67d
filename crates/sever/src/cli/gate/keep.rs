//! What a gate knows of its classes over a restart: that their issuances and uses have met.
//!
//! Without it, a restarted gate would only watch until the first honest token is shown. A class whose join was
//! changed has to show anew that it fits.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sever_engine::gate::Gate;
use sever_model::{Class, EventTime};

use crate::cli::site::Site;

/// The file's content.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Met {
    /// The classes that have met, each with how it joins.
    met: Vec<(String, String, String)>,
}

/// Tells a gate what was known before.
pub(super) fn recall(site: &Site, gate: &Gate) {
    let read = std::fs::read(path(site)).ok().and_then(|bytes| serde_json::from_slice::<Met>(&bytes).ok());
    for class in &site.config.classes {
        if read.as_ref().is_some_and(|known| known.met.contains(&of(class))) {
            gate.has_met(&class.issuer, &class.name);
        }
    }
}

/// Keeps what is known now. What cannot be kept is found out again.
pub(super) fn remember(site: &Site, gate: &Gate, now: EventTime) {
    write(&path(site), &known(&site.config.classes, gate, now));
}

/// The classes that have met.
pub(super) fn known(classes: &[Class], gate: &Gate, now: EventTime) -> Vec<(String, String, String)> {
    let health = gate.health(now).classes;
    let met = |class: &&Class| {
        let mut mine = health.iter().map(|health| &health.standing);
        mine.any(|of| of.met && of.issuer == class.issuer && of.name == class.name)
    };
    classes.iter().filter(met).map(of).collect()
}

/// Writes them to a file.
pub(super) fn write(path: &std::path::Path, met: &[(String, String, String)]) {
    let Ok(text) = serde_json::to_vec(&Met { met: met.to_vec() }) else { return };
    let new = path.with_extension("new");
    std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, path)).ok();
}

/// Where it stands.
pub(super) fn path(site: &Site) -> PathBuf {
    site.gate_dir().join("met.json")
}

fn of(class: &Class) -> (String, String, String) {
    (class.issuer.clone(), class.name.clone(), format!("{:?} {:?}", class.join, class.bound))
}
