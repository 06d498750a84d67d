//! What the names in events stand for in the inventory.
//!
//! Each distinct name is asked for once per system: the answer is kept in a dense table indexed by
//! symbol. When another inventory is handed in, all is asked anew.
//!
//! Bounded by the run's symbols times the systems that logs name.

use sever_model::port::Resolved;
use sever_model::{
    AccountIx, Batch, CredentialIx, CredentialKind, EventSource, EventTime, Inventory, Sym, Symbols, SystemId, WallTime,
};

/// Resolves the names of one run.
#[derive(Debug)]
pub(crate) struct Resolver {
    /// The system of each source, by number.
    system_of: Vec<usize>,
    systems: Vec<Option<SystemId>>,
    /// Per system, what each symbol names as an account.
    accounts: Vec<Known>,
    /// What each symbol names as a key.
    keys: Known,
    inventory: Option<Version>,
    /// Whether the inventory has credentials that a record names by an id of their own.
    has_presented: bool,
}

/// What tells one inventory from another.
type Version = (EventTime, WallTime, usize, usize);

/// Answers by symbol: 0 not asked, 1 nothing, else the index and two.
#[derive(Debug, Default)]
struct Known(Vec<u32>);

impl Resolver {
    pub(crate) fn new(sources: &[EventSource]) -> Resolver {
        let mut resolver = Resolver {
            system_of: Vec::new(),
            systems: Vec::new(),
            accounts: Vec::new(),
            keys: Known::default(),
            inventory: None,
            has_presented: false,
        };
        sources.iter().for_each(|source| resolver.add(source));
        resolver
    }

    /// Takes one more source, by the next number.
    pub(crate) fn add(&mut self, source: &EventSource) {
        let known = self.systems.iter().position(|known| *known == source.system);
        self.system_of.push(known.unwrap_or_else(|| {
            self.systems.push(source.system.clone());
            self.accounts.push(Known::default());
            self.systems.len() - 1
        }));
    }

    /// Looks at the inventory that the next rows are resolved in.
    pub(crate) fn prepare(&mut self, inventory: &Inventory) {
        let version =
            (inventory.as_of(), inventory.known_at(), inventory.accounts().len(), inventory.credentials().len());
        if self.inventory != Some(version) {
            self.forget();
            self.inventory = Some(version);
            let mut credentials = inventory.credentials().iter();
            self.has_presented = credentials.any(|entry| entry.it.kind != CredentialKind::SigningKey);
        }
    }

    /// Forgets all answers: the symbols are another run's.
    pub(crate) fn forget(&mut self) {
        self.accounts.iter_mut().for_each(|known| known.0.clear());
        self.keys.0.clear();
        self.inventory = None;
    }

    /// What a row's names stand for.
    pub(crate) fn resolve(
        &mut self,
        source: usize,
        batch: &Batch,
        row: usize,
        inventory: &Inventory,
        symbols: &Symbols,
    ) -> Resolved {
        let names = batch.names(row);
        let system = self.system_of.get(source).copied().unwrap_or_default();
        let mut resolved = Resolved::default();
        if let Some(known) = self.accounts.get_mut(system) {
            let name = self.systems.get(system).and_then(Option::as_ref).map(SystemId::as_str);
            let mut account = |sym| known.of(sym, || inventory.account_named(name, symbols.text(sym)).map(|ix| ix.0));
            resolved.actor = account(names.actor).map(AccountIx);
            resolved.account = account(names.account).map(AccountIx);
        }
        let key = |text: &str| inventory.credential_named(text);
        let found = self.keys.of(names.key_id, || key(symbols.text(names.key_id)).map(|ix| ix.0));
        resolved.key = found.map(CredentialIx);
        if self.has_presented && !batch.credential(row).is_empty() {
            resolved.credential = key(batch.credential(row));
            if names.actor.is_none() {
                resolved.actor = resolved.credential.and_then(|credential| owner(inventory, credential));
            }
        }
        resolved
    }
}

/// The account that a credential opens.
fn owner(inventory: &Inventory, credential: CredentialIx) -> Option<AccountIx> {
    inventory.find_account(inventory.credential(credential)?.it.account.as_ref()?)
}

impl Known {
    fn of(&mut self, sym: Sym, ask: impl FnOnce() -> Option<u32>) -> Option<u32> {
        if sym.is_none() || sym == Sym::MANY {
            return None;
        }
        if self.0.len() <= sym.index() {
            // The table's own length bounds the symbols there are.
            self.0.resize(sym.index() + sym.index() / 8 + 64, 0);
        }
        let slot = self.0.get_mut(sym.index())?;
        if *slot == 0 {
            *slot = ask().map_or(1, |ix| ix.saturating_add(2));
        }
        slot.checked_sub(2)
    }
}

#[cfg(test)]
mod tests;
