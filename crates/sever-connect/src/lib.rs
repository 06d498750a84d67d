//! Sources of facts, one module per provider.
