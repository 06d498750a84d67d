//! nginx's JSON access log.

use anyhow::Result;
use sever_model::{EventKind, Outcome};
use sever_testkit::Nginx;

use crate::decoded::decoded;

#[test]
fn an_access_log_of_nginx() -> Result<()> {
    let Some(nginx) = Nginx::start()? else { return Ok(()) };
    let claims = [("X-Issuer", "https://id.shop.example"), ("X-Token-Id", "t-1"), ("X-Subject", "c-7")];
    assert_eq!(nginx.get("/api/orders?page=2", &claims)?.status, 200);
    assert_eq!(nginx.get("/admin", &claims)?.status, 403);
    // What a client sends must neither break its line nor hide it.
    assert_eq!(nginx.get("/api/me", &[("User-Agent", "a\"},{\"status\":500,\"b\\ \u{7f} é")])?.status, 200);

    let (events, _) = decoded(nginx.access_log()?.as_bytes(), "nginx-json");
    let [orders, admin, hostile] = events.as_slice() else { panic!("{events:#?}") };
    assert_eq!((orders.kind, orders.outcome), (EventKind::Used, Outcome::Answered));
    assert_eq!((orders.issuer.as_str(), orders.credential.as_str()), ("https://id.shop.example", "t-1"));
    assert_eq!((orders.token_subject.as_str(), orders.resource.as_str()), ("c-7", "/api/orders"));
    assert_eq!((orders.action.as_str(), orders.source_ip.as_str()), ("GET", "127.0.0.1"));
    assert_eq!(admin.outcome, Outcome::Refused);
    assert_eq!((hostile.outcome, hostile.resource.as_str()), (Outcome::Answered, "/api/me"));
    assert!(hostile.user_agent.starts_with("a\"},{\"status\":500,\"b\\"), "{}", hostile.user_agent);
    Ok(())
}
