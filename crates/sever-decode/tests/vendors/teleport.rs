//! Teleport.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["Gravitational.TeleportAudit"],
    format: "teleport",
    is: |log| at(log, "event").is_some() && at(log, "code").is_some_and(|code| code.starts_with(['T', 't'])),
    says: &[
        // Not `time`: one of theirs cannot be read, and is rejected and shown.
        (&["event"], "action"),
        (&["method"], "action"),
        (&["user", "updated_by", "identity.impersonator"], "actor"),
        (&["server_id", "cluster_name"], "node"),
        (&["sid"], "session"),
        (&["addr_remote"], "source_ip"),
        (&["user_agent"], "user_agent"),
        (&["target.user", "identity.user", "login"], "account"),
        (&["identity.expires"], "expires_at"),
        (&["cert_type"], "token_type"),
        (&["path", "dst_addr", "server_hostname", "mfa_device.mfa_device_name", "name"], "resource"),
    ],
};
