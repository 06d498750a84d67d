//! The verbs: sync, check, scan, reach and their kin; knows the ports, not the providers.
