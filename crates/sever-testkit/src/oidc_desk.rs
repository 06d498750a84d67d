//! Somebody's browser and the client `desk` at an [`OidcProvider`]: signing in by the page, the code that
//! comes of it, and the tokens that the client gets for it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::http::{self, Answer};
use crate::node::OidcProvider;

/// A browser in which somebody has signed in at the client.
pub struct Desk<'a> {
    provider: &'a OidcProvider,
    /// What it sends back, by path-less name: the session's cookies.
    cookies: BTreeMap<String, String>,
    code: String,
}

/// What the client got for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskTokens {
    /// An opaque access token.
    pub access: String,
    /// An offline refresh token.
    pub refresh: String,
    /// A JWT access token for the shop.
    pub jwt: String,
}

impl<'a> Desk<'a> {
    /// Signs a customer in, with consent to all that the client asks for.
    ///
    /// # Errors
    /// When they are refused, or it does not answer as expected.
    pub fn sign_in(provider: &'a OidcProvider, customer: &str) -> Result<Desk<'a>> {
        let mut desk = Desk { provider, cookies: BTreeMap::new(), code: String::new() };
        let asked = "scope=openid%20offline_access%20orders&resource=https%3A%2F%2Fshop.example%2Fapi&prompt=consent";
        let page = desk.follow("GET", &authorization("code", asked), "")?;
        let form = format!("username={customer}&password={}", OidcProvider::password(customer));
        let back = desk.follow("POST", &page, &form)?;
        let done = desk.follow("GET", &back, "")?;
        let code = done.split_once("code=").map(|(_, rest)| rest.split('&').next().unwrap_or_default());
        desk.code = code.context("no code")?.to_owned();
        desk.cookies.retain(|name, _| name.starts_with("_session"));
        Ok(desk)
    }

    /// The session's cookies, as the browser sends them.
    pub fn cookies(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// What the client gets for the code, once.
    ///
    /// # Errors
    /// When it gets nothing.
    pub fn tokens(&self) -> Result<DeskTokens> {
        let back = "https%3A%2F%2Fdesk.shop.example%2Fback";
        let form = format!("grant_type=authorization_code&code={}&redirect_uri={back}", self.code);
        let given = token_endpoint(self.provider, &form)?;
        let refresh = text(&given, "refresh_token")?;
        let form =
            format!("grant_type=refresh_token&refresh_token={refresh}&resource=https%3A%2F%2Fshop.example%2Fapi");
        let jwt = text(&token_endpoint(self.provider, &form)?, "access_token")?;
        Ok(DeskTokens { access: text(&given, "access_token")?, refresh, jwt })
    }

    /// Asks, keeps the cookies, and says where it is sent.
    fn follow(&mut self, method: &str, place: &str, form: &str) -> Result<String> {
        let path = place.strip_prefix(&self.provider.url()).unwrap_or(place).to_owned();
        let cookies = self.cookies();
        let headers = [("Cookie", cookies.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let answer = http::request(self.provider.port(), method, &path, &headers, form)?;
        for line in answer.head.lines().filter_map(|line| line.split_once(':')) {
            let (name, value) = (line.0, line.1.split(';').next().unwrap_or_default().trim());
            if name.eq_ignore_ascii_case("set-cookie")
                && let Some((name, value)) = value.split_once('=')
            {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        match answer.header("location") {
            Some(to) if (300..400).contains(&answer.status) => Ok(to.to_owned()),
            _ => bail!("{method} {path}: {} {}", answer.status, answer.body.trim()),
        }
    }
}

impl OidcProvider {
    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// Whether cookies are those of somebody who is signed in.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn is_signed_in(&self, cookies: &str) -> Result<bool> {
        let place = authorization("none", "scope=openid&prompt=none");
        let answer = http::request(self.port(), "GET", &place, &[("Cookie", cookies)], "")?;
        let to = answer.header("location").context("sent nowhere")?;
        Ok(to.starts_with(OidcProvider::BACK) && !to.contains("error="))
    }

    /// What the client `desk` is answered by one of the endpoints for tokens: `/token`,
    /// `/token/introspection`, `/token/revocation`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn ask_as_desk(&self, path: &str, form: &str) -> Result<Answer> {
        let basic = http::basic(OidcProvider::DESK);
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", basic.as_str())];
        http::request(self.port(), "POST", path, &headers, form)
    }

    /// Whether an access token is believed at userinfo.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn believes(&self, token: &str) -> Result<bool> {
        let bearer = format!("Bearer {token}");
        Ok(http::request(self.port(), "GET", "/me", &[("Authorization", &bearer)], "")?.status == 200)
    }
}

fn authorization(kind: &str, more: &str) -> String {
    let back = "https%3A%2F%2Fdesk.shop.example%2Fback";
    format!("/auth?client_id=desk&redirect_uri={back}&response_type={kind}&{more}")
}

fn token_endpoint(provider: &OidcProvider, form: &str) -> Result<Value> {
    let answer = provider.ask_as_desk("/token", form)?;
    if answer.status != 200 {
        bail!("/token: {} {}", answer.status, answer.body.trim());
    }
    serde_json::from_str(&answer.body).context("an answer that is no JSON")
}

fn text(given: &Value, name: &str) -> Result<String> {
    let text = given.get(name).and_then(Value::as_str);
    text.map(str::to_owned).with_context(|| format!("no {name}"))
}
