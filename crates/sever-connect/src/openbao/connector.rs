//! `openbao`: the entities of an OpenBao or Vault server.

use sever_model::{DoorKind, Span};

use crate::connector::{Connector, DoorAnswers, Setting};

pub(crate) const CONNECTOR: Connector = Connector {
    id: "openbao",
    title: "OpenBao or Vault",
    about: "Entities, by their ids, and logins that have none yet (`auth/userpass/ann`), as the source `openbao` \
            names them. `url` is the server's, without `/v1`.\n\n\
            Doors: the login of each alias; each token of the entity, by its accessor (of a login: a session; made \
            by another token: an API key); each secret id of an AppRole that is the entity's; policies and internal \
            groups that it has itself; leases below prefixes that are one leaver's alone (`settings.leases`).\n\n\
            Closing: the entity is disabled, which stops its logins and every token of it, batch tokens too; the \
            password of a userpass user is set to one of ours; then tokens are revoked by accessor, secret ids \
            destroyed, leases below the login's path revoked at once (`sync`), policies and groups taken away. \
            Revoking that is only queued (202) is told as queued. With `settings.delete` the user is deleted, which cannot be \
            undone, and takes the proof away: a user who is gone is answered like a wrong password.\n\n\
            Trying: by signing in with our password. The password is looked at before the entity, so that `403` says \
            that it was right and `400 invalid username or password` that it was not. As `403` is also what a user who \
            is locked out or bound to other addresses gets, and any token that is none, the verdict is `Closed` only \
            where another token sees why; else it is ambiguous.\n\n\
            What it cannot: list or revoke batch tokens. They have no accessor and are open until they expire, or as long as \
            their entity is disabled, not longer; a user or mount that issues them is a gap. Tokens without an entity that no \
            login of the account issued (root tokens, tokens of a token role with another alias) are nobody's. Secrets \
            in KV and keys of transit engines that the leaver could read or use are credentials, rotated where they are \
            used. Logins of other methods (OIDC, LDAP, certificates) are contained by the entity, and closed where they \
            come from. A root token is refused as ours.",
    roles: ROLES,
    settings: &[
        Setting {
            name: "delete",
            required: false,
            about: "`true`: userpass users are deleted in the end; default `false`.",
        },
        Setting {
            name: "leases",
            required: false,
            about: "Prefixes below which only one leaver's leases are, with `{login}` in each, separated by commas: \
                    `database/creds/{login}`.",
        },
        Setting { name: "namespace", required: false, about: "The namespace, where it is not the root." },
        Setting { name: "twin_mount", required: false, about: "Where the twin signs in; default `auth/userpass`." },
        Setting {
            name: "ca",
            required: false,
            about: "A file of certificates that are trusted instead of the usual ones.",
        },
    ],
    doors: &[
        DoorAnswers {
            kind: DoorKind::Login,
            tried_with: "our password after the reset (userpass); others are observed",
            closed: "`403 permission denied`, while the twin signs in, the entity is seen to be disabled, and the user is \
                     neither locked out nor bound to addresses",
            bad_probe: "`400 invalid username or password`, which a deleted user is answered too; `403` of a lock is told \
                        apart by `sys/locked-users`",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::Session,
            tried_with: "the leaver's own token at `lookup-self`, where somebody has it; else observed by its accessor",
            closed: "`403`, and `400 invalid accessor` for its accessor (403 or 404 in other versions), while the twin's \
                     token is taken and seen",
            bad_probe: "`403`: the same; only the accessor tells them apart",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::ApiKey,
            tried_with: "a token, as a session; a secret id by signing in with it, where somebody has it and it is not \
                         limited in its uses",
            closed: "as a session; `400 invalid role or secret ID`, and `failed to find accessor entry`",
            bad_probe: "the same; only the accessor tells them apart",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::AccessToken,
            tried_with: "a batch token at `lookup-self`, where somebody has one",
            closed: "`403`, while the entity is seen to be disabled",
            bad_probe: "`403`: ambiguous while the entity is enabled",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::Membership,
            tried_with: "nothing: observed by the probing token",
            closed: "the entity lacks the policy, or the group the entity, while the twin's entity is seen",
            bad_probe: "`403 permission denied`",
            window: Span::ZERO,
        },
    ],
    open_doors: Some(super::doors::open),
    open_action: Some(super::action::open),
    open_probe: Some(super::probe::open),
};

const ROLES: &str = concat!(
    "Three policies, each for a token of its own beside `default` (`bao token create -policy=severance-read \
     -no-parent -ttl=15m`, from an AppRole or a command of yours). Reading:\n\n```hcl\n",
    include_str!("roles/read.hcl"),
    "```\n\nProbing:\n\n```hcl\n",
    include_str!("roles/probe.hcl"),
    "```\n\nCutting:\n\n```hcl\n",
    include_str!("roles/cut.hcl"),
    "```\n\nThe twin: a userpass user with the policy `default` alone (`bao write auth/userpass/users/severance-twin \
     password=…`). To see the nonce in the audit log besides as a user's name: `bao write \
     sys/config/auditing/request-headers/user-agent hmac=false`.",
);
