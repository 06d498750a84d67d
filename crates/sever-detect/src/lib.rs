//! Events and inventory to judgements and findings; the issued ledger.
