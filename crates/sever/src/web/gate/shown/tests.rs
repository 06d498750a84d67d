//! What a proxy passes on is read as an application behind it would, or not at all.

use hyper::Request;
use hyper::header::HeaderName;
use sever_decode::TokenFault;

use super::{Place, Shown};

fn shown(headers: &[(&str, &str)], places: &[&str], check: impl FnOnce(Shown<'_>)) {
    let mut request = Request::builder().uri("/auth/api/me?secret=1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let places: Vec<Place> = places.iter().filter_map(|place| Place::named(place)).collect();
    check(Shown::of(&head, &places, Some(&HeaderName::from_static("x-subject"))));
}

#[test]
fn a_bearer_token_is_found_and_no_other_scheme() {
    for (value, token) in
        [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic YTpi", ""), ("Bearer", ""), ("abc", "")]
    {
        shown(&[("authorization", value)], &["header:authorization"], |shown| {
            assert_eq!((shown.token, shown.fault), (token, None), "{value}");
        });
    }
}

#[test]
fn a_cookie_is_found_among_others() {
    let cookies = [("cookie", "a=1; session=abc; b=2"), ("cookie", "c=3")];
    shown(&cookies, &["cookie:session"], |shown| assert_eq!(shown.token, "abc"));
}

#[test]
fn two_tokens_are_none() {
    let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
    shown(&twice, &["header:authorization"], |shown| assert_eq!(shown.fault, Some(TokenFault::Doubled)));
    let places = ["header:authorization", "cookie:session"];
    let both = [("authorization", "Bearer a"), ("cookie", "session=b")];
    shown(&both, &places, |shown| assert_eq!(shown.fault, Some(TokenFault::Doubled)));
    let cookies = [("cookie", "session=a; session=b")];
    shown(&cookies, &places, |shown| assert_eq!(shown.fault, Some(TokenFault::Doubled)));
    let same = [("authorization", "Bearer a"), ("cookie", "session=a")];
    shown(&same, &places, |shown| assert_eq!((shown.token, shown.fault), ("a", None)));
}

#[test]
fn each_proxy_tells_of_the_request_in_its_own_way() {
    let nginx = [("x-original-uri", "/api/orders?page=2"), ("x-original-method", "POST"), ("x-real-ip", "192.0.2.7")];
    shown(&nginx, &[], |shown| {
        assert_eq!((shown.resource, shown.method, shown.source_ip), ("/api/orders", "POST", "192.0.2.7"));
    });
    let traefik = [("x-forwarded-uri", "/api/me"), ("x-forwarded-for", "203.0.113.9, 192.0.2.7")];
    shown(&traefik, &[], |shown| assert_eq!((shown.resource, shown.source_ip), ("/api/me", "192.0.2.7")));
    shown(&[("x-subject", "m7")], &[], |shown| assert_eq!((shown.resource, shown.subject), ("/api/me", "m7")));
}
