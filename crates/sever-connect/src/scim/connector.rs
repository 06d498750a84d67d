//! `scim`: the live connection to a server that speaks SCIM 2.0 (RFC 7643, RFC 7644).

use sever_model::{DoorKind, Span};

use super::action::Cutting;
use super::doors::Reading;
use super::probe::Probing;
use crate::connector::{Connector, DoorAnswers, Setting};

/// How long a server may take until every part of it shows a change.
pub(crate) const WINDOW: Span = Span::secs(60);

pub(crate) const CONNECTOR: Connector = Connector {
    id: "scim",
    title: "SCIM 2.0",
    about: "Lists the login of a user (while `active` is not false), the groups that have them as a member (asked of \
            `/Groups` page by page, and of the user's own `groups`), and the `roles` and `entitlements` in their \
            record. Closes by `PATCH`: `active` becomes false in the dialect of the server, memberships, roles and \
            entitlements are taken out; a user is deleted only with `delete = true`, which nothing undoes. A change \
            is bound to the version that was read (`If-Match`), where the server has versions.\n\n\
            A receipt is what the server answered, and proves nothing: some servers answer 200 and do nothing. The \
            door is then looked at with the probing credentials, in an answer of its own (`GET` of the user, `GET` of \
            the group), beside the twin, which must be shown active, and an id that nobody was given, which must not \
            be there. That is *observed*, never *tried*: nobody signs in through SCIM. Where the application can be \
            signed in to, connect it beside this (`oauth`, `http`, `exec`) and its verdicts count as proven.\n\n\
            What SCIM cannot say or close: sessions and tokens that the application gave out before (most go on \
            until they expire), API keys, and what the user made there. A server that ignores `startIndex`, or whose \
            `totalResults` fits nothing, gives a partial listing, and says so.",
    roles: "*Reading* and *probing*: a bearer token that may `GET` `/Users` and `/Groups`. *Cutting*: one that may \
            besides `PATCH` both, and `DELETE /Users` where `delete = true` (`PUT /Users` where a server of the \
            `okta` dialect knows no `PATCH`). Give each a token of its own. Many servers know only one kind of token, \
            which may do everything: then the three are one in rights, and only their names differ in the server's \
            log.\n\n\
            ```text\n\
            [connections.shop-scim]\n\
            kind = \"scim\"\n\
            url = \"https://shop.example/scim/v2\"\n\
            settings.dialect = \"rfc\"\n\
            ```\n\n\
            The twin's `user` is the `id` of an account of ours that stays; it needs no secret.",
    settings: &[
        Setting {
            name: "dialect",
            required: false,
            about: "how changes are written: `rfc` (the default: `\"op\": \"replace\"`, `false`), `entra` (`\"op\": \
                    \"Replace\"`, `\"False\"`), `okta` (`{\"active\": false}` without a path, and `PUT` of the whole \
                    user where `PATCH` is not known)",
        },
        Setting {
            name: "delete",
            required: false,
            about: "`true`: users are deleted at the end, which nothing undoes; the default is `false`",
        },
        Setting {
            name: "filter",
            required: false,
            about: "`false`: every group is listed and searched, for servers that filter wrongly; the default is \
                    `true`, which asks for `members.value eq \"…\"` and lists all where the server refuses that",
        },
        Setting { name: "page", required: false, about: "resources that are asked for at a time; the default is 100" },
        Setting { name: "ca", required: false, about: "a file of certificates that are trusted instead of the usual" },
    ],
    doors: &[
        DoorAnswers {
            kind: DoorKind::Login,
            tried_with: "nobody's: the user's record is looked at with the probing token (observed)",
            closed: "`active` is false, or 404, while the twin is shown active and an id that nobody has is 404",
            bad_probe: "401 or 403, another resource or a page of HTML; told apart from closed by the twin",
            window: WINDOW,
        },
        DoorAnswers {
            kind: DoorKind::Membership,
            tried_with: "nobody's: the group's and the user's records are looked at with the probing token (observed)",
            closed: "the group is shown without the user, or is 404, and the user's record does not name it, while \
                     members of some group are shown",
            bad_probe: "a server that hides members shows none of any group: Unknown",
            window: WINDOW,
        },
    ],
    open_doors: Some(|connection| Ok(Box::new(Reading::open(connection)?))),
    open_action: Some(|connection| Ok(Box::new(Cutting::open(connection)?))),
    open_probe: Some(|connection| Ok(Box::new(Probing::open(connection)?))),
};
