//! From the store to an inventory.

use sever_model::{EventTime, FactKind, Inventory, WallTime};
use sever_store::Store;

use crate::EngineError;

/// Builds the inventory as of two times: what was true at `as_of`, as we knew it at `known_at`.
///
/// # Errors
/// When the store fails.
pub async fn load(store: &Store, as_of: EventTime, known_at: WallTime) -> Result<Inventory, EngineError> {
    load_only(store, &FactKind::ALL, as_of, known_at).await
}

/// The same, of some kinds of fact only: for questions that need no more, and are sooner answered.
///
/// # Errors
/// When the store fails.
pub async fn load_only(
    store: &Store,
    kinds: &[FactKind],
    as_of: EventTime,
    known_at: WallTime,
) -> Result<Inventory, EngineError> {
    let facts = store.facts_of(known_at, kinds).await?;
    let coverage = store.coverage(known_at).await?;
    Ok(sever_graph::build(facts, as_of, known_at, coverage))
}
