//! AWS CloudTrail.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["AWS.CloudTrail"],
    format: "cloudtrail",
    is: |log| at(log, "eventSource").is_some() && at(log, "eventName").is_some(),
    says: &[
        (&["eventTime"], "time"),
        (&["eventName"], "action"),
        (&["sourceIPAddress"], "source_ip"),
        (&["userAgent"], "user_agent"),
        (
            &[
                "userIdentity.arn",
                "userIdentity.invokedBy",
                "userIdentity.principalId",
                "userIdentity.userName",
                "userIdentity.accountId",
                "userIdentity.type",
            ],
            "actor",
        ),
        (&["userIdentity.accessKeyId"], "credential"),
    ],
};
