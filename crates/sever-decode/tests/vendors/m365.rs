//! Microsoft 365.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["Microsoft365.Audit.AzureActiveDirectory", "Microsoft365.Audit.Exchange", "Microsoft365.Audit.SharePoint"],
    format: "m365",
    is: |log| at(log, "Operation").is_some() && at(log, "Workload").is_some(),
    says: &[
        (&["CreationTime"], "time"),
        (&["Operation"], "action"),
        (&["UserId"], "actor"),
        (&["ClientIP"], "source_ip"),
        (&["UserAgent"], "user_agent"),
        (&["AppAccessContext.AADSessionId"], "session"),
        (&["TargetUserOrGroupName", "Target.3.ID"], "account"),
        (&["ObjectId"], "resource"),
        (&["Parameters.2.Value", "Parameters.1.Value"], "fields"),
        (&["OriginatingServer"], "node"),
        (&["ApplicationId"], "client"),
    ],
};
