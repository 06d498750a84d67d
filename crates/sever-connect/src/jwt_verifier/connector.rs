//! `jwt-verifier`: somebody who believes the tokens that an issuer signs: a gateway, an application.

use sever_model::{DoorKind, Span};

use crate::connector::{Connector, DoorAnswers, Setting};

pub(crate) const CONNECTOR: Connector = Connector {
    id: "jwt-verifier",
    title: "A verifier of signed tokens",
    about: "A gateway or application that believes the tokens that an issuer signs, after the key was rotated there (the \
            connector `openbao-oidc`). `system` is what the plan calls it: the log that the issuer's `[[class]]` names in \
            `used_in`; the door is `<system>/signing-key/<kid>`. `url` is a page of it that is answered only to a valid \
            token, and that changes nothing.\n\n\
            Closing: nothing is changed there. Its step begins the time that it has to fetch the issuer's keys (`cache_secs`); \
            until that is over the door may still open.\n\n\
            Trying: the page is asked for with a token that the old key signed and that was kept (or that somebody has), \
            with one that the issuer signs now, and with that and a signature that no key has made. A verifier that caches its \
            keys for longer than it says, or has the old one built in, is `Open`. So that trying does not cure what it is to \
            find, no token names a key that nobody published: that leads a verifier to fetch the keys anew.\n\n\
            What it cannot: try a key once the kept token has ended (`unknown`), or tell why a verifier accepts nothing of the \
            issuer's: that is `unknown`, too. Tokens are asked of OpenBao or Vault.",
    roles: "Cutting and probing need no credentials of their own, and must be there (`cutting = {}`, `probing = {}`): without the \
            one its cache is not waited for, without the other it is not tried. The twin is the user for whom \
            tokens are asked at the issuer, as at `openbao-oidc`; the verifier must let it see the page.",
    settings: &[
        Setting { name: "issuer_url", required: true, about: "Where the issuer is, without `/v1`." },
        Setting { name: "role", required: true, about: "The issuer's role that the twin asks tokens of." },
        Setting {
            name: "cache_secs",
            required: true,
            about: "For how long it may believe keys that are published no more: how long it says that it caches them.",
        },
        Setting { name: "twin_mount", required: false, about: "Where the twin signs in; default `auth/userpass`." },
        Setting { name: "namespace", required: false, about: "The issuer's namespace, where it is not the root." },
        Setting {
            name: "ca",
            required: false,
            about: "A file of certificates that are trusted instead of the usual ones.",
        },
    ],
    doors: &[DoorAnswers {
        kind: DoorKind::SigningKey,
        tried_with: "a token that the key signed before it was replaced, kept for that",
        closed: "`401` or `403`, while a token that the issuer signs now is let in, and one with a signature that no key \
                 has made is not",
        bad_probe: "`401` or `403` for any token: told apart by the one that is let in",
        // Each has its own: `cache_secs`.
        window: Span::secs(600),
    }],
    open_doors: None,
    open_action: Some(super::action::open),
    open_probe: Some(super::probe::open),
};
