//! Customers of a bank or broker: an id each, and a register of them.

use std::path::Path;

use crate::ReplayError;
use crate::chance::{Chance, scatter};
use crate::files::Table;
use crate::moment::{DAY, at, stamp};

/// As many customers as there are.
pub(super) struct Customers {
    pub count: u64,
    seed: u64,
}

impl Customers {
    pub(super) fn new(seed: u64, count: u64) -> Customers {
        Customers { count, seed }
    }

    /// The id of one.
    pub(super) fn id(&self, number: u64) -> u64 {
        40_000_000 + number * 2 + scatter(self.seed ^ number) % 2
    }

    /// The id of one by chance.
    pub(super) fn any(&self, chance: &mut Chance) -> u64 {
        self.id(chance.below(self.count))
    }

    /// Writes the register: who has been a customer since when.
    pub(super) fn write(&self, dir: &Path, before: &str) -> Result<(), ReplayError> {
        let mut table = Table::new(dir, "customers.csv", "id,created,deleted,member")?;
        let end = at(before);
        for number in 0..self.count {
            let created = end - ((self.count - number) * 2_000 / self.count) as i64 * DAY - DAY;
            table.row([self.id(number).to_string().as_str(), &stamp(created), "", "true"])?;
        }
        table.finish()
    }
}
