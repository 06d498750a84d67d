//! What would be closed of a leaver: on a small company's files, and on two of the plays at their
//! departures.

use std::fs;

use serde_json::Value;
use sever_model::Plan;
use sever_replay::{Play, incident};

use crate::world::{Said, World};

/// The test kit's small company, pulled.
fn company() -> World {
    let world = World::empty();
    sever_testkit::Company::write(&world.path("")).unwrap();
    assert_eq!(world.sever("sync").exit, 0);
    world
}

/// An incident's files, pulled.
fn play(id: &str) -> World {
    let world = World::empty();
    let play = Play { scale: 0.001, seed: 1, variant: None, unknown_share: 0.0, progress: None };
    incident(id).unwrap().play(&play, &world.path("")).unwrap();
    let synced = world.sever("sync");
    assert!(synced.exit == 0 || synced.exit == 6, "{}", synced.all());
    world
}

fn read(world: &World, file: &str) -> Plan {
    serde_json::from_slice(&fs::read(world.path(file)).unwrap()).unwrap()
}

/// Without the plan's digest, which holds the moment it was made at.
fn steady(said: &Said) -> String {
    let mut all = said.all();
    while let Some(at) = all.find("plan ").and_then(|_| hex_of(&all)) {
        all.replace_range(at..at + 64, "<digest>");
    }
    all
}

/// Where 64 hexadecimal digits stand together.
fn hex_of(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(63)).find(|at| bytes[*at..*at + 64].iter().all(u8::is_ascii_hexdigit))
}
