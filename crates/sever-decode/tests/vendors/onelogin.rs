//! OneLogin.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["OneLogin.Events"],
    format: "onelogin",
    is: |log| at(log, "event_type_id").is_some() && at(log, "user_name").is_some(),
    says: &[
        (&["event_type_id"], "action"),
        (&["actor_user_name", "actor_user_id", "user_id", "user_name"], "actor"),
        (&["user_name", "user_id"], "account"),
        (&["app_name", "otp_device_name"], "resource"),
        (&["ipaddr"], "source_ip"),
    ],
};
