//! Tries doors at an authorisation server: with the leaver's own secret where somebody has it, else by the
//! server's books on the probing credentials.
//!
//! Trying changes nothing. A refresh token is looked at by introspection; the refresh grant, which may
//! replace the token, is only used when introspection calls it dead, to see whether that is true. A session
//! is presented at a page that asks nobody and gives nothing.

use sever_model::act::{Cx, Probe, Trial, Tried};
use sever_model::{Control, ControlKind, Door, DoorKind, EventTime, Secret, Span, UnknownWhy, VerdictStrength};

use super::bunch::Bunch;
use super::connector::{Flavour, WINDOW, probing_ledger, verifiers_ask};
use super::given;
use super::glewlwyd;
use super::ledger::Ledger;
use super::server::{LEEWAY, Live, Opened, Server};
use super::tokens::{claims, is_of, never_issued};
use super::verdict::{Shown, control, decide, never_issued_token, opens, presented, token, twin_token};
use crate::connector::{Connection, ConnectionError};
use crate::http::{Http, unknown};

/// Tries doors of accounts.
pub(crate) struct Probing {
    flavour: Flavour,
    http: Http,
    server: Server,
    redirect: Option<String>,
    verifiers_ask: bool,
    /// The server's books, where the probing credentials include some for them.
    ledger: Option<Box<dyn Ledger>>,
    own: Bunch,
    twin: Option<(String, Bunch)>,
}

impl Probing {
    pub(crate) fn open(connection: &Connection) -> Result<Probing, ConnectionError> {
        let flavour = Flavour::of(connection)?;
        let login = connection.login()?;
        let own = Bunch::read(&login.secret, "client_secret").map_err(|what| connection.wrong(what))?;
        let usual = if flavour == Flavour::Glewlwyd { "password" } else { "refresh_token" };
        let twin = match &connection.twin {
            None => None,
            Some(twin) => {
                let secrets =
                    Bunch::read(&twin.secret, usual).map_err(|what| connection.wrong(format!("twin: {what}")))?;
                Some((twin.user.clone(), secrets))
            }
        };
        let secret = own.one("client_secret").map(|it| it.expose().clone()).unwrap_or_default();
        Ok(Probing {
            flavour,
            http: Http::of(connection)?,
            server: Server::of(connection, &flavour.below(connection), login.user.clone(), Secret::new(secret))?,
            redirect: connection.setting("redirect_uri").map(str::to_owned),
            verifiers_ask: verifiers_ask(connection)?,
            ledger: probing_ledger(connection, flavour, &own)?,
            own,
            twin,
        })
    }

    /// A secret of the twin's.
    fn twins(&self, kind: &str) -> Option<&Secret<String>> {
        self.twin.as_ref().and_then(|(_, secrets)| secrets.one(kind))
    }

    /// A refresh token, or an access token that the server looks up.
    fn token(&self, door: &Door, secret: &str, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let kind = if door.kind == DoorKind::RefreshToken { "refresh_token" } else { "access_token" };
        let live = self.server.introspect(secret, kind, trial.nonce, cx);
        if live == Live::Unsupported && door.attribute("format") == "jwt" {
            return self.by_its_end(door, Some(secret), trial, cx);
        }
        let client = door.attribute("client");
        let second = match (&live, kind) {
            (Live::Inactive, "access_token") => self.server.userinfo(secret, trial.nonce, cx),
            // Another client's token is refused whether it lives or not.
            (Live::Inactive, _) if client.is_empty() || client == self.server.client() => {
                Some(self.server.refresh(secret, trial.nonce, cx))
            }
            _ => None,
        };
        let shown = token(live, second);
        let mut controls = Vec::new();
        if matches!(shown, Shown::Shut(_)) {
            let own = self.twin.as_ref().map_or(&[] as &[Secret<String>], |(_, secrets)| secrets.all(kind));
            let twins =
                own.iter().map(|own| twin_token(&self.server.introspect(own.expose(), kind, trial.nonce, cx), client));
            let (held, failed): (Vec<Control>, Vec<Control>) = twins.partition(|control| control.held);
            controls.extend(held.into_iter().chain(failed).take(1));
            let never = never_issued(secret, trial.nonce);
            controls.push(never_issued_token(&self.server.introspect(&never, kind, trial.nonce, cx)));
        }
        decide(shown, VerdictStrength::Tried, controls)
    }

    /// A JWT, which nobody can take back: open until its end, as long as its key is published.
    fn by_its_end(&self, door: &Door, secret: Option<&str>, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let claimed = secret.and_then(claims).unwrap_or_default();
        let strength = VerdictStrength::Observed;
        let published = match self.server.published(trial.nonce, cx) {
            Ok(published) => published,
            Err(error) => return decide(Shown::Unknown(unknown(&error), error.to_string()), strength, Vec::new()),
        };
        let until = claimed.until.or(door.until);
        let known = claimed.kid.is_empty() || published.kids.contains(&claimed.kid);
        let there = published.date.unwrap_or(cx.clock.now().as_event());
        let (shown, controls) = ended(until, there, known);
        decide(shown, strength, controls)
    }

    /// A session, by its cookies.
    fn session(&self, door: &Door, cookies: &str, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        // A bare value is the cookie's that the server uses.
        let named = |cookies: &str| match (cookies.contains('='), self.flavour) {
            (false, Flavour::Glewlwyd) => format!("GLEWLWYD2_SESSION_ID={cookies}"),
            (false, _) => format!("_session={cookies}"),
            (true, _) => cookies.to_owned(),
        };
        let present = |cookies: &str| match (self.flavour, &self.redirect) {
            (Flavour::Glewlwyd, _) => Some(glewlwyd::session(&self.http, &named(cookies), trial.nonce, cx)),
            (Flavour::OidcProvider, Some(back)) => Some(self.server.session(&named(cookies), back, trial.nonce, cx)),
            _ => None,
        };
        let Some(opened) = present(cookies) else { return self.observed(door, trial, cx) };
        let shown = presented(opened);
        let mut controls = Vec::new();
        if matches!(shown, Shown::Shut(_)) {
            let positive = |opened: &Opened| opens(ControlKind::Positive, "the twin's session", opened);
            match (self.twins("session"), self.flavour) {
                (Some(own), _) => controls.extend(present(own.expose()).as_ref().map(positive)),
                (None, Flavour::Glewlwyd) => {
                    controls.extend(self.twin_signed_in(trial, cx, |own| {
                        positive(&glewlwyd::session(&self.http, own, trial.nonce, cx))
                    }))
                }
                (None, _) => {}
            }
            let never = present(&never_issued(&named(cookies), trial.nonce));
            let negative = |opened: &Opened| opens(ControlKind::Negative, "a session that was never given", opened);
            controls.extend(never.as_ref().map(negative));
        }
        decide(shown, VerdictStrength::Tried, controls)
    }

    /// Does something while the twin is signed in; nothing where the twin has no password.
    fn twin_signed_in(&self, trial: &Trial<'_>, cx: &Cx<'_>, work: impl FnOnce(&str) -> Control) -> Option<Control> {
        let (user, secrets) = self.twin.as_ref()?;
        let what = "the twin signs in";
        let failed = |answer: String| control(ControlKind::Positive, what, answer, false);
        Some(match glewlwyd::sign_in(&self.http, user, secrets.one("password")?, trial.nonce, cx) {
            Ok(Some(session)) => {
                let done = work(&session);
                match glewlwyd::sign_out(&self.http, &session, cx) {
                    Ok(()) => done,
                    Err(error) => failed(format!("the twin could not be signed out: {error}")),
                }
            }
            Ok(None) => failed("401".to_owned()),
            Err(error) => failed(error.to_string()),
        })
    }

    /// The login, by the leaver's password. A wrong one is refused in the same words, so that the books
    /// must say besides that the user is disabled.
    fn login(&self, door: &Door, password: &Secret<String>, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let shown = match glewlwyd::sign_in(&self.http, &door.native, password, trial.nonce, cx) {
            Ok(Some(session)) => {
                let left = glewlwyd::sign_out(&self.http, &session, cx);
                let said = left.map_or_else(|error| format!("; not signed out: {error}"), |()| String::new());
                Shown::Open { until: None, evidence: format!("signed in{said}") }
            }
            Ok(None) => Shown::Shut("401".to_owned()),
            Err(error) => Shown::Unknown(unknown(&error), error.to_string()),
        };
        if !matches!(shown, Shown::Shut(_)) {
            return decide(shown, VerdictStrength::Tried, Vec::new());
        }
        let shown = match self.ledger.as_ref().map(|ledger| ledger.holds(&door.native, cx)) {
            Some(Ok(None)) => Shown::Shut("401, and there is no such user".to_owned()),
            Some(Ok(Some(it))) if it.held.iter().all(|held| held.kind != DoorKind::Login) => {
                Shown::Shut("401, and the user is disabled".to_owned())
            }
            Some(Ok(Some(_))) => Shown::Unknown(
                UnknownWhy::Ambiguous,
                "401, and the user is enabled: perhaps another password".to_owned(),
            ),
            Some(Err(error)) => Shown::Unknown(unknown(&error), error.to_string()),
            None => Shown::Unknown(UnknownWhy::Ambiguous, "401, as for a wrong password".to_owned()),
        };
        let signs_in = |_: &str| control(ControlKind::Positive, "the twin signs in", "200".to_owned(), true);
        let mut controls: Vec<Control> = self.twin_signed_in(trial, cx, signs_in).into_iter().collect();
        // Of a name that nobody has, so that no account counts a failed sign-in.
        let nobody = never_issued(&format!("nobody-{}", door.native), trial.nonce);
        let refused = match glewlwyd::sign_in(&self.http, &nobody, &Secret::new(nobody.clone()), trial.nonce, cx) {
            Ok(Some(_)) => Opened::Yes("200".to_owned()),
            Ok(None) => Opened::No("401".to_owned()),
            Err(error) => Opened::Failed(error),
        };
        controls.push(opens(ControlKind::Negative, "a name that nobody has", &refused));
        decide(shown, VerdictStrength::Tried, controls)
    }

    /// By the server's books, on the probing credentials: where nobody has the secret.
    fn observed(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let account = door.attribute("account");
        let strength = VerdictStrength::Observed;
        let Some(ledger) = self.ledger.as_ref().filter(|_| !account.is_empty()) else {
            let evidence = "no secret to try it with, and no credentials for the server's books".to_owned();
            return decide(Shown::Unknown(UnknownWhy::NothingToTry, evidence), strength, Vec::new());
        };
        let shown = match ledger.holds(account, cx) {
            Ok(None) => Shown::Shut("the books know no such account".to_owned()),
            Ok(Some(holdings)) => {
                match holdings.held.iter().find(|it| it.kind == door.kind && it.native == door.native) {
                    Some(held) => Shown::Open { until: held.until, evidence: "the books list it".to_owned() },
                    None if holdings.gaps.is_empty() => Shown::Shut("the books do not list it".to_owned()),
                    None => Shown::Unknown(UnknownWhy::Unexpected, holdings.gaps.join("; ")),
                }
            }
            Err(error) => Shown::Unknown(unknown(&error), error.to_string()),
        };
        let mut controls = Vec::new();
        if matches!(shown, Shown::Shut(_)) {
            controls.extend(self.twin_is_listed(ledger.as_ref(), door.kind, trial, cx));
            let nobody = never_issued(&format!("nobody-{account}"), trial.nonce);
            let (answer, held) = match ledger.holds(&nobody, cx) {
                Ok(None) => ("no such account".to_owned(), true),
                Ok(Some(_)) => ("it is listed".to_owned(), false),
                Err(error) => (error.to_string(), false),
            };
            controls.push(control(ControlKind::Negative, "an account that nobody has", answer, held));
        }
        decide(shown, strength, controls)
    }

    /// The books must list a thing of the same kind for the twin.
    fn twin_is_listed(&self, ledger: &dyn Ledger, kind: DoorKind, trial: &Trial<'_>, cx: &Cx<'_>) -> Option<Control> {
        let (user, secrets) = self.twin.as_ref()?;
        let what = "the books list one of the twin's";
        let look = || match ledger.holds(user, cx) {
            Ok(Some(holdings)) => {
                let count = holdings.held.iter().filter(|held| held.kind == kind).count();
                control(ControlKind::Positive, what, format!("{count} of this kind"), count > 0)
            }
            Ok(None) => control(ControlKind::Positive, what, "no such account".to_owned(), false),
            Err(error) => control(ControlKind::Positive, what, error.to_string(), false),
        };
        // A session of the twin's is made for as long as it takes to see it listed.
        match (self.flavour, kind, secrets.one("password")) {
            (Flavour::Glewlwyd, DoorKind::Session, Some(_)) => self.twin_signed_in(trial, cx, |_| look()),
            _ => Some(look()),
        }
    }
}

impl Probe for Probing {
    fn window(&self, _door: &Door) -> Span {
        WINDOW
    }

    fn try_door(&self, door: &Door, trial: &Trial<'_>, cx: &Cx<'_>) -> Tried {
        let given = || given::by_fingerprint(&self.own, door.attribute("fingerprint")).map(|(_, token)| token);
        let secret = trial.secret.or_else(|| if self.flavour == Flavour::Rfc { given() } else { None });
        if secret.is_some_and(|secret| !is_of(door, secret.expose()) && door.kind != DoorKind::Login) {
            let evidence = "the secret that was given is another's".to_owned();
            return decide(Shown::Unknown(UnknownWhy::ControlFailed, evidence), VerdictStrength::Tried, Vec::new());
        }
        let is_jwt = door.attribute("format") == "jwt";
        match (door.kind, secret) {
            (DoorKind::AccessToken, secret) if is_jwt && !self.verifiers_ask => {
                self.by_its_end(door, secret.map(|it| it.expose().as_str()), trial, cx)
            }
            (DoorKind::AccessToken, None) if is_jwt => self.by_its_end(door, None, trial, cx),
            (DoorKind::RefreshToken | DoorKind::AccessToken, Some(secret)) => {
                self.token(door, secret.expose(), trial, cx)
            }
            (DoorKind::Session, Some(secret)) => self.session(door, secret.expose(), trial, cx),
            (DoorKind::Login, Some(secret)) if self.flavour == Flavour::Glewlwyd => self.login(door, secret, trial, cx),
            (DoorKind::Login | DoorKind::Session | DoorKind::RefreshToken | DoorKind::AccessToken, _) => {
                self.observed(door, trial, cx)
            }
            (kind, _) => {
                let shown = Shown::Unknown(UnknownWhy::NoProbe, format!("it has no {kind}"));
                decide(shown, VerdictStrength::Observed, Vec::new())
            }
        }
    }
}

/// What the end of a JWT says, by the issuer's own clock.
fn ended(until: Option<EventTime>, there: EventTime, is_key_published: bool) -> (Shown, Vec<Control>) {
    match until {
        None => (
            Shown::Open { until: None, evidence: "a JWT without an end: nobody can take it back".to_owned() },
            Vec::new(),
        ),
        Some(end) if end.plus(LEEWAY) < there => {
            let clock =
                control(ControlKind::Positive, "it had an end, by the issuer's clock", format!("{there}"), true);
            (Shown::Shut(format!("it ended at {end}")), vec![clock])
        }
        Some(_) if !is_key_published => {
            let evidence = "its key is no longer published: each verifier must be tried by itself".to_owned();
            (Shown::Unknown(UnknownWhy::NothingToTry, evidence), Vec::new())
        }
        Some(end) => {
            let evidence = "a JWT: verifiers believe it until it ends, and nobody can take it back".to_owned();
            (Shown::Open { until: Some(end), evidence }, Vec::new())
        }
    }
}

#[cfg(test)]
mod tests;
