//! Microsoft Entra ID and Azure.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["Azure.Audit"],
    format: "entra",
    is: |log| at(log, "category").is_some() && at(log, "operationName").is_some(),
    says: &[
        (&["time", "properties.createdDateTime", "properties.activityDateTime"], "time"),
        (&["operationName", "properties.activityDisplayName"], "action"),
        (&["callerIpAddress", "properties.ipAddress", "properties.initiatedBy.user.ipAddress"], "source_ip"),
        (&["properties.userAgent"], "user_agent"),
        (
            &[
                "properties.userPrincipalName",
                "properties.servicePrincipalName",
                "properties.initiatedBy.user.userPrincipalName",
                "identity",
            ],
            "actor",
        ),
        (&["properties.userId", "properties.servicePrincipalId", "properties.initiatedBy.user.id"], "token_subject"),
        (&["properties.appId"], "client"),
        (&["properties.resourceDisplayName"], "resource"),
        (&["properties.sessionId"], "session"),
        (&["properties.targetResources.0.id", "properties.targetResources.0.displayName"], "resource"),
    ],
};
