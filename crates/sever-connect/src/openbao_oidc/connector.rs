//! `openbao-oidc`: the keys that sign OpenBao's or Vault's identity tokens.

use sever_model::{DoorKind, Span};

use crate::connector::{Connector, DoorAnswers, Setting};

pub(crate) const CONNECTOR: Connector = Connector {
    id: "openbao-oidc",
    title: "Signing keys of OpenBao or Vault",
    about: "The issuer's side of a key's rotation: the identity tokens of OpenBao or Vault (`identity/oidc`). `system` is the \
            one whose source `jwks` lists its keys; the door is `<system>/signing-key/<kid>`. `url` is the server's, without \
            `/v1`. Each verifier is a connection `jwt-verifier` of its own.\n\n\
            Rotating, each step named by the old key's id, so that a run that was killed goes on where it was: \
            `publish-next` (OpenBao publishes the next key from the last rotation on; a token that the old key signed is \
            kept, encrypted in the data directory, for trying the key later), `see-accepted` (the next key has been published for \
            `published_secs`, and each of `verifiers` answers), `sign-with-next`, `hand-over` (each of `verifiers` accepts \
            what the next key signs), `retire-old` (the old key is published no more: OpenBao takes it out up to a minute \
            after `overlap_secs`). What waits for others does so for an hour at most, then the cut ends in part and is gone on \
            with by running it again.\n\n\
            In an emergency (`emergency = \"true\"`) nobody is waited for, and the old key is published no more at once: the \
            plan says what that interrupts, and for how long.\n\n\
            Trying: the issuer is asked (RFC 7662) what it thinks of the kept token, of one that it signs now, and of that with \
            a signature that no key has made.\n\n\
            What it cannot: see who has fetched the keys, which OpenBao tells nobody, and sign with the next key before the \
            rotation; so a verifier that has not fetched it is waited for by time. The keys of other roles are published in the same \
            set: `publish-next` says which it saw. Once the kept token has ended (the `ttl` of the role), the key can be tried no \
            more, and is unknown.",
    roles: concat!(
        "`shop` is the named key and the role. Probing, a token of this policy:\n\n```hcl\n",
        include_str!("roles/probe.hcl"),
        "```\n\nCutting, a token of this policy beside `default`:\n\n```hcl\n",
        include_str!("roles/cut.hcl"),
        "```\n\nThe twin, a userpass user for whom tokens are asked (`bao write auth/userpass/users/severance-twin \
         password=… token_policies=severance-twin-token`); the same at each `jwt-verifier`:\n\n```hcl\n",
        include_str!("roles/twin.hcl"),
        "```\n",
    ),
    settings: &[
        Setting { name: "key", required: true, about: "The named key (`identity/oidc/key/…`)." },
        Setting { name: "role", required: true, about: "The role that the twin asks tokens of; signed by that key." },
        Setting {
            name: "verifiers",
            required: false,
            about: "Who is waited for: `shop=https://shop.example/api/me, billing=https://…`, each a page that is answered \
                    only to a valid token.",
        },
        Setting {
            name: "published_secs",
            required: false,
            about: "How long the next key is published before it signs; default 600, at most 3000.",
        },
        Setting {
            name: "overlap_secs",
            required: false,
            about: "How long the old key is published after that; default 600, at most 3000.",
        },
        Setting { name: "emergency", required: false, about: "`true`: at once, waiting for nobody; default `false`." },
        Setting { name: "twin_mount", required: false, about: "Where the twin signs in; default `auth/userpass`." },
        Setting { name: "namespace", required: false, about: "The namespace, where it is not the root." },
        Setting {
            name: "ca",
            required: false,
            about: "A file of certificates that are trusted instead of the usual ones.",
        },
    ],
    doors: &[DoorAnswers {
        kind: DoorKind::SigningKey,
        tried_with: "a token that the key signed before it was replaced, kept for that",
        closed: "`\"active\": false`, while a token that the issuer signs now is active",
        bad_probe: "`\"active\": false` for any token: told apart by the one that is active; `403` for a probing token \
                    without the policy",
        window: Span::ZERO,
    }],
    open_doors: None,
    open_action: Some(super::action::open),
    open_probe: Some(super::probe::open),
};
