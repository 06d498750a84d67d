//! What tests share: temporary companies and real servers.
