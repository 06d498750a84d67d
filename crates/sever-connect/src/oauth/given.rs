//! The books of a server that shows none (`rfc`): the tokens that were given to us by their value, found
//! in a repository or on a laptop. Which of them are somebody's, introspection tells.

use sever_model::act::{ActError, Cx};
use sever_model::{DoorKind, EventTime, Operation, Receipt, Said, Secret};

use super::bunch::Bunch;
use super::ledger::{Held, Holdings, Ledger, receipt};
use super::server::{Live, Server};
use super::tokens::{claims, sha256};

/// The kinds of token that can be given, each with the kind of door.
const KINDS: [(&str, DoorKind); 2] =
    [("refresh_token", DoorKind::RefreshToken), ("access_token", DoorKind::AccessToken)];

/// Given tokens, and the server that they are asked of.
pub(crate) struct Given {
    server: Server,
    tokens: Bunch,
}

impl Given {
    pub(crate) fn new(server: Server, tokens: Bunch) -> Given {
        Given { server, tokens }
    }

    /// What time it is there, or else here.
    fn now(&self, nonce: &str, cx: &Cx<'_>) -> EventTime {
        let published = self.server.published(nonce, cx).ok();
        published.and_then(|published| published.date).unwrap_or(cx.clock.now().as_event())
    }

    /// The thing that a token is, where it is live and this account's.
    fn one(
        &self,
        (kind, door): (&str, DoorKind),
        token: &str,
        account: &str,
        nonce: &str,
        cx: &Cx<'_>,
    ) -> Result<Option<Held>, ActError> {
        let claimed = claims(token);
        let (until, client) = match self.server.introspect(token, kind, nonce, cx) {
            Live::Active { until, client, of } if of.iter().any(|it| it == account) => (until, client),
            Live::Active { .. } | Live::Inactive => return Ok(None),
            // What the server does not look at says itself whose it is, and until when.
            Live::Unsupported => match claimed.as_ref().filter(|it| it.subject == account) {
                Some(it) if it.until.is_none_or(|end| end > self.now(nonce, cx)) => (it.until, it.client.clone()),
                _ => return Ok(None),
            },
            Live::BadProbe(what) => {
                return Err(ActError::NotAllowed { what, lacking: "a client that may introspect tokens".to_owned() });
            }
            Live::Failed(error) => return Err(error),
        };
        let fingerprint = sha256(token);
        let jti = claimed.as_ref().map(|it| it.jti.clone()).unwrap_or_default();
        Ok(Some(Held {
            is_jwt: claimed.is_some(),
            until: until.or(claimed.and_then(|it| it.until)),
            title: format!("{} of {client}", kind.replace('_', " ")),
            client,
            fingerprint: fingerprint.clone(),
            ..Held::new(door, if jti.is_empty() { &fingerprint } else { &jti })
        }))
    }
}

/// A token by its fingerprint, with its kind.
pub(crate) fn by_fingerprint<'a>(tokens: &'a Bunch, fingerprint: &str) -> Option<(&'static str, &'a Secret<String>)> {
    KINDS.iter().find_map(|(kind, _)| {
        let found = tokens.all(kind).iter().find(|token| sha256(token.expose()) == fingerprint);
        found.map(|token| (*kind, token))
    })
}

impl Ledger for Given {
    fn holds(&self, account: &str, nonce: &str, cx: &Cx<'_>) -> Result<Option<Holdings>, ActError> {
        let mut holdings = Holdings::default();
        for (kind, door) in KINDS {
            for token in self.tokens.all(kind) {
                holdings.held.extend(self.one((kind, door), token.expose(), account, nonce, cx)?);
            }
        }
        Ok(Some(holdings))
    }

    fn take(&self, operation: &Operation, cx: &Cx<'_>) -> Result<Receipt, ActError> {
        if operation.verb != "revoke-token" {
            return Err(ActError::BadStep(format!("`{}` is not a verb of RFC 7009", operation.verb)));
        }
        let Some((kind, token)) = by_fingerprint(&self.tokens, &operation.target) else {
            return Err(ActError::BadStep("no token of that fingerprint was given".to_owned()));
        };
        if self.server.introspect(token.expose(), kind, "", cx) == Live::Inactive {
            return Ok(receipt(Said::Already, "introspection: not active", cx));
        }
        let answer = self.server.revoke(token.expose(), kind, cx)?;
        Ok(receipt(Said::Done, &answer.status.to_string(), cx))
    }
}
