//! What the names in events stand for in the inventory.
