//! `http`: an action and a probe of one's own, as a service.

use sever_model::Span;
use sever_model::act::{ActError, Action, Doors, Probe};

use super::super::contract::Question;
use super::super::exec::connector::ANSWERS;
use super::super::{CLOSES, Carrier, Own, PATIENCE, REPLACES, UNDOES, WINDOW, contract};
use crate::connector::{Connection, ConnectionError, Connector, Setting};
use crate::http::{Ask, Http};

/// What `http` is.
pub(crate) const CONNECTOR: Connector = Connector {
    id: "http",
    title: "A service of one's own",
    about: contract::ABOUT,
    roles: "Each question is a `POST` of `application/json` to `url` with the verb added as the last part of the path: \
            `…/doors`, `…/close`, `…/open`, `…/try`. The secret of `reading`, `cutting` or `probing` goes as a bearer token, so \
            that the service can let each do no more than its own. The answer's status is 200, also where it is an `error`.",
    settings: &[
        Setting {
            name: "ca",
            required: false,
            about: "a PEM file of the certificates that are trusted instead of the usual ones",
        },
        CLOSES,
        UNDOES,
        REPLACES,
        WINDOW,
        PATIENCE,
    ],
    doors: &ANSWERS,
    open_doors: Some(|connection| Ok(Box::new(open(connection)?) as Box<dyn Doors>)),
    open_action: Some(|connection| Ok(Box::new(open(connection)?) as Box<dyn Action>)),
    open_probe: Some(|connection| Ok(Box::new(open(connection)?) as Box<dyn Probe>)),
};

fn open(connection: &Connection) -> Result<Own, ConnectionError> {
    let key = connection.login.as_ref().map(|login| login.secret.expose().clone());
    Own::new(connection, Box::new(Service { http: Http::of(connection)?, key }))
}

struct Service {
    http: Http,
    key: Option<String>,
}

impl Carrier for Service {
    fn carry(&self, question: &Question<'_>, _struck: &[&str], patience: Span) -> Result<String, ActError> {
        let path = format!("/{}", question.verb);
        let mut ask = Ask::new("POST", &path).json(&question.to_json());
        if let Some(key) = &self.key {
            ask = ask.bearer(key);
        }
        let answer = self.http.ask(&ask, patience)?;
        match answer.status {
            200 => Ok(answer.body),
            401 | 403 => Err(ActError::NotAllowed {
                what: format!("{}", answer.status),
                lacking: format!("the right to `{}`", question.verb),
            }),
            429 | 503 => Err(ActError::RateLimited(answer.retry_after())),
            status => Err(ActError::Unexpected(format!("{status} of `{path}`"))),
        }
    }
}
