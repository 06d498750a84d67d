//! Auth0.

use crate::{Check, at};

pub const CHECK: Check = Check {
    files: &["Auth0.Events"],
    format: "auth0",
    is: |log| at(log, "data.type").is_some() && at(log, "data.client_id").is_some(),
    says: &[
        (&["data.date"], "time"),
        (&["data.type"], "action"),
        (&["data.client_id"], "client"),
        (&["data.ip"], "source_ip"),
        (&["data.user_agent"], "user_agent"),
        (&["data.user_name", "data.details.request.auth.user.email", "data.user_id"], "actor"),
        (&["data.user_id", "data.details.request.auth.user.user_id"], "token_subject"),
        (&["data.details.request.auth.credentials.jti"], "credential"),
        (&["data.details.request.path", "data.connection"], "resource"),
        (&["data.hostname"], "node"),
    ],
};
