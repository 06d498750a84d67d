//! Snowflake's LOGIN_HISTORY.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["Snowflake.LoginHistory", "OneLogin.Events", "OnePassword.SignInAttempt", "Okta.SystemLog"],
    format: "snowflake",
    is: |log| at(log, "EVENT_TYPE").is_some() && at(log, "IS_SUCCESS").is_some(),
    says: &[
        (&["EVENT_TIMESTAMP"], "time"),
        (&["EVENT_TYPE"], "action"),
        (&["EVENT_ID"], "parent"),
        (&["USER_NAME"], "actor"),
        (&["CLIENT_IP"], "source_ip"),
        (&["FIRST_AUTHENTICATION_FACTOR"], "action"),
        (&["SECOND_AUTHENTICATION_FACTOR"], "action"),
        (&["ERROR_MESSAGE", "ERROR_CODE"], "action"),
        (&["REPORTED_CLIENT_TYPE"], "user_agent"),
        (&["REPORTED_CLIENT_VERSION"], "user_agent"),
    ],
};
