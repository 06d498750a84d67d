//! Okta.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["Okta.SystemLog"],
    format: "okta",
    is: |log| at(log, "eventType").is_some_and(|kind| kind.contains('.')),
    says: &[
        (&["published"], "time"),
        (&["eventType"], "action"),
        (&["client.ipAddress"], "source_ip"),
        (&["client.userAgent.rawUserAgent"], "user_agent"),
        (&["actor.alternateId", "actor.id", "actor.displayName"], "actor"),
        (
            &["target.0.id", "target.0.alternateId", "target.1.id", "debugContext.debugData.privilegeGranted"],
            "resource",
        ),
        (&["transaction.detail.requestApiTokenId"], "credential"),
        (&["authenticationContext.externalSessionId"], "session"),
    ],
};
