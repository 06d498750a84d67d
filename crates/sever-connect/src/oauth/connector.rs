//! `oauth`: the live connection to an authorisation server (OAuth 2.0, OpenID Connect).

use sever_model::{DoorKind, Secret, Span};

use super::action::Cutting;
use super::administration::Administration;
use super::bunch::Bunch;
use super::doors::Reading;
use super::given::Given;
use super::glewlwyd::{self, Glewlwyd};
use super::ledger::Ledger;
use super::probe::Probing;
use super::server::Server;
use crate::connector::{Connection, ConnectionError, Connector, DoorAnswers, Setting};

/// How long a server may take until every part of it knows.
pub(crate) const WINDOW: Span = Span::secs(60);

pub(crate) const CONNECTOR: Connector = Connector {
    id: "oauth",
    title: "OAuth 2.0 and OpenID Connect",
    about: ABOUT,
    roles: ROLES,
    settings: SETTINGS,
    doors: DOORS,
    open_doors: Some(|connection| Ok(Box::new(Reading::open(connection)?))),
    open_action: Some(|connection| Ok(Box::new(Cutting::open(connection)?))),
    open_probe: Some(|connection| Ok(Box::new(Probing::open(connection)?))),
};

const ABOUT: &str = "Lists what somebody holds at an authorisation server by the server's own books, for no standard \
    names them: on **Glewlwyd** the user, sessions and refresh tokens by its administration interface; on npm's \
    **oidc-provider** sessions, refresh tokens and access tokens by the small interface that \
    `severance-administration.mjs` documents, to be mounted beside it; on any other server (**rfc**) only tokens \
    whose value was given, found in a repository or on a laptop. Endpoints come from discovery (RFC 8414, OpenID \
    Connect Discovery); only those on the configured host are asked.\n\n\
    Closes: the user is disabled (Glewlwyd), sessions are ended, refresh tokens or the whole grant revoked, given \
    tokens revoked (RFC 7009). Each is a door of its own: a session that is ended leaves its offline refresh tokens \
    alive, and Glewlwyd goes on giving access tokens for the refresh token of a disabled user.\n\n\
    Tries: a token by introspection (RFC 7662), and where that calls it dead, once more by presenting it: an access \
    token at userinfo, a refresh token in the refresh grant. The grant is not used on a token that introspection \
    calls live, for it may replace it: trying changes nothing. Where it opens in spite of introspection, what it gave \
    is revoked at once. A session is presented where nobody is asked and nothing is given (`prompt=none`, \
    `response_type=none`; Glewlwyd's list of who is signed in). A receipt proves nothing: revoking a token that was \
    never issued is answered with 200 too. A secret that is not the door's own is noticed by its fingerprint. \
    Without the secret a door is looked up in the books on the probing credentials, which is *observed* only.\n\n\
    **A JWT access token** is believed by its signature: nobody can revoke it. It is `Open` until its `exp`, with \
    that time, unless `verifiers_ask = true` says that each verifier asks introspection (or the gate) first; then it \
    is tried as any other. Otherwise only its end, or rotating the key and trying each verifier, closes it. Glewlwyd \
    lists no access tokens: the newest that a refresh token may have given is reckoned from when it was last used \
    (`access_token_secs`).\n\n\
    What it does not close: the login of oidc-provider, whose users are in a store of the deployment's own (connect \
    that: `ldap`, `scim`); the sessions of applications that rely on this server. Back-channel logout is the \
    server's to send; whether each application heeds it, a connection of that application (`http`, `exec`) must try.";

const ROLES: &str = "**Glewlwyd.** *Reading* and *cutting*: an administrator of their own each, with the scope \
    `g_admin` and nothing else; there is none that may only read. API keys are not enough: sessions and refresh tokens \
    of others are shown to a signed-in administrator only. `user` is its name, the secret its password. It is signed \
    in for each piece of work and signed out after it.\n\n\
    **oidc-provider.** The tokens `reading` and `cutting` of `severance-administration.mjs`: the first may only `GET`. \
    `user` says nothing.\n\n\
    **rfc.** A confidential client that may use introspection and revocation; most servers revoke only a client's own \
    tokens, so it is the one that the tokens were given to. `user` is its id, the secret a JSON object: \
    `{\"client_secret\": \"…\", \"refresh_token\": [\"…\"], \"access_token\": [\"…\"]}`, with the tokens that were \
    found.\n\n\
    *Probing*, on each: the client whose tokens are tried (`user` its id), so that the refresh grant tells a dead \
    token (`invalid_grant`) from a bad probe (`invalid_client`). The secret is the client's, or a JSON object: \
    `client_secret`, and for the books `password` (Glewlwyd, of `settings.administrator`) or `token` (oidc-provider, \
    the `reading` one). One connection per client; tokens of another client are judged by introspection alone.\n\n\
    The twin is an account of ours that stays. Its secret is a JSON object of what is compared with: `password` \
    (Glewlwyd), `session` (the cookies, as a browser sends them), `refresh_token` and `access_token`, of the same client. \
    A command that signs it in and prints them keeps them fresh.";

const SETTINGS: &[Setting] = &[
    Setting {
        name: "server",
        required: true,
        about: "`glewlwyd` (the address ends in `/api`), `oidc-provider`, or `rfc` for any other",
    },
    Setting {
        name: "issuer",
        required: false,
        about: "who its metadata must say that it is; the default is its address",
    },
    Setting {
        name: "plugin",
        required: false,
        about: "Glewlwyd: the plugin that issues tokens; the default is `oidc`",
    },
    Setting {
        name: "administrator",
        required: false,
        about: "Glewlwyd, probing: whose `password` opens the books; the default is `admin`",
    },
    Setting {
        name: "access_token_secs",
        required: false,
        about: "Glewlwyd: how long its access tokens live; the default is its own, 3600",
    },
    Setting {
        name: "redirect_uri",
        required: false,
        about: "oidc-provider: an address that the probing client may be sent back to, with `none` among its response \
                types; without it sessions are only observed",
    },
    Setting {
        name: "verifiers_ask",
        required: false,
        about: "`true`: each verifier of JWT access tokens asks introspection or the gate; the default is `false`",
    },
    Setting { name: "ca", required: false, about: "a file of certificates that are trusted instead of the usual" },
];

const DOORS: &[DoorAnswers] = &[
    DoorAnswers {
        kind: DoorKind::Login,
        tried_with: "the leaver's password where there is one (tried), else the books (observed)",
        closed: "401, and the books say disabled, while the twin signs in and a name that nobody has is refused",
        bad_probe: "401 with the books saying enabled: a wrong password, Unknown",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::Session,
        tried_with: "the session's cookies (tried), else the books (observed)",
        closed: "`login_required` (oidc-provider), 401 (Glewlwyd), while the twin's session is shown signed in",
        bad_probe: "an error about the client, or cookies whose fingerprint is another's: told apart",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::RefreshToken,
        tried_with: "the token (tried), else the books (observed)",
        closed: "`active: false`, then `invalid_grant`, while the twin's token of the same client is active",
        bad_probe: "401 of introspection, `invalid_client`: told apart. Glewlwyd refuses every grant with an empty 400, \
                    and there introspection alone says it",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::AccessToken,
        tried_with: "the token (tried), else the books (observed); a JWT by its end",
        closed: "`active: false`, then 401 of userinfo, while the twin's token is active; a JWT when it has ended",
        bad_probe: "401 of introspection: told apart",
        window: WINDOW,
    },
];

/// Which server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    Glewlwyd,
    OidcProvider,
    Rfc,
}

impl Flavour {
    pub(crate) fn of(connection: &Connection) -> Result<Flavour, ConnectionError> {
        match connection.required("server")? {
            "glewlwyd" => Ok(Flavour::Glewlwyd),
            "oidc-provider" => Ok(Flavour::OidcProvider),
            "rfc" => Ok(Flavour::Rfc),
            other => {
                let what = format!("`settings.server` is `glewlwyd`, `oidc-provider` or `rfc`, not `{other}`");
                Err(connection.wrong(what))
            }
        }
    }

    /// What comes between the address and the metadata.
    pub(crate) fn below(self, connection: &Connection) -> String {
        match self {
            Flavour::Glewlwyd => format!("/{}", glewlwyd::plugin(connection)),
            Flavour::OidcProvider | Flavour::Rfc => String::new(),
        }
    }
}

/// Whether each verifier of JWTs asks first.
pub(crate) fn verifiers_ask(connection: &Connection) -> Result<bool, ConnectionError> {
    match connection.setting("verifiers_ask").unwrap_or("false") {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(connection.wrong(format!("`settings.verifiers_ask` is `true` or `false`, not `{other}`"))),
    }
}

/// The server's books, on reading or cutting credentials.
pub(crate) fn ledger(connection: &Connection) -> Result<Box<dyn Ledger>, ConnectionError> {
    let flavour = Flavour::of(connection)?;
    let login = connection.login()?;
    let usual = match flavour {
        Flavour::Glewlwyd => "password",
        Flavour::OidcProvider => "token",
        Flavour::Rfc => "client_secret",
    };
    let bunch = Bunch::read(&login.secret, usual).map_err(|what| connection.wrong(what))?;
    let missing = || connection.wrong(format!("its secret has no `{usual}`"));
    let secret = bunch.one(usual).ok_or_else(missing)?;
    Ok(match flavour {
        Flavour::Glewlwyd => Box::new(Glewlwyd::of(connection, &login.user, secret)?),
        Flavour::OidcProvider => Box::new(Administration::of(connection, secret)?),
        Flavour::Rfc => {
            let secret = Secret::new(secret.expose().clone());
            let server = Server::of(connection, &flavour.below(connection), login.user.clone(), secret)?;
            Box::new(Given::new(server, bunch))
        }
    })
}

/// The server's books on probing credentials, where these include some for them.
pub(crate) fn probing_ledger(
    connection: &Connection,
    flavour: Flavour,
    own: &Bunch,
) -> Result<Option<Box<dyn Ledger>>, ConnectionError> {
    let administrator = connection.setting("administrator").unwrap_or("admin");
    Ok(match flavour {
        Flavour::Glewlwyd => match own.one("password") {
            Some(password) => Some(Box::new(Glewlwyd::of(connection, administrator, password)?)),
            None => None,
        },
        Flavour::OidcProvider => match own.one("token") {
            Some(token) => Some(Box::new(Administration::of(connection, token)?)),
            None => None,
        },
        Flavour::Rfc => None,
    })
}
