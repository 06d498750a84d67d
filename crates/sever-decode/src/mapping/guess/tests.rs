//! Fields are known by the names that real logs give them.

use super::*;

fn check(sample: &str, expect: &str) -> Guess {
    let guess = Mapping::guess(sample.as_bytes());
    assert_eq!(guess.mapping.to_toml(), expect, "{}", guess.why);
    guess
}

#[test]
fn a_gateway_is_understood_by_its_names() {
    let sample = r#"{"ts":"2025-04-14T02:11:09Z","client":{"ip":"203.0.113.7","userAgent":"app/1"},"method":"GET","path":"/api/me","status":200,"jwt":{"iss":"https://id","sub":"m7","jti":"t1","kid":"k1","iat":1744596600,"exp":1744600200},"data_subjects":["m7"],"ja4":"t13"}
{"ts":"2025-04-14T02:11:10Z","client":{"ip":"203.0.113.8","userAgent":"app/1"},"method":"GET","path":"/api/me","status":403}
"#;
    let guess = check(
        sample,
        r#"time = "ts"
outcome = "status"
action = "method"
issuer = "jwt.iss"
key_id = "jwt.kid"
credential = "jwt.jti"
token_subject = "jwt.sub"
issued_at = "jwt.iat"
expires_at = "jwt.exp"
data_subjects = "data_subjects"
resource = "path"
source_ip = "client.ip"
user_agent = "client.userAgent"
"#,
    );
    assert_eq!(guess.unmapped, ["ja4"]);
    assert!(guess.why.contains("`jwt.jti` is credential"), "{}", guess.why);
}

#[test]
fn an_issuers_events_are_told_apart() {
    check(
        r#"{"time":1744596600,"event":"token_issued","jti":"t1","seq":1,"node":"a"}
{"time":1744596601,"event":"heartbeat","idle_since":1744596000,"polls":60,"seq":2,"node":"a"}
{"time":1744596602,"event":"access_token_used","jti":"t1"}
"#,
        r#"time = "time"
kind = { path = "event", values = { access_token_used = "used", heartbeat = "heartbeat", token_issued = "issued" } }
credential = "jti"
subject_count = "polls"
node = "node"
sequence = "seq"
idle_since = "idle_since"
"#,
    );
}

#[test]
fn a_list_of_tokens_and_nothing_else_is_of_issuances() {
    let guess = check(
        "{\"timestamp\":\"2025-04-14T02:11:09Z\",\"jti\":\"t1\",\"sub\":\"m7\",\"exp\":1744600200}\n",
        "time = \"timestamp\"\nkind = { const = \"issued\" }\ncredential = \"jti\"\ntoken_subject = \"sub\"\nexpires_at = \"exp\"\n",
    );
    assert!(guess.why.contains("issuance"), "{}", guess.why);
}

#[test]
fn values_veto_names() {
    let guess = check(
        "{\"time\":\"soon\",\"at\":\"2025-04-14T02:11:09Z\",\"ip\":\"nowhere\",\"status\":\"purple\"}\n",
        "time = \"at\"\n",
    );
    assert_eq!(guess.unmapped, ["ip", "status", "time"]);
    let guess = check("hello\n", "");
    assert_eq!(guess.why, "no field reads as a time");
}

#[test]
fn keys_with_dots_are_quoted() {
    check(
        "{\"@timestamp\":\"2025-04-14T02:11:09Z\",\"jwt.sub\":\"m7\",\"http\":{\"request.uri\":\"/\"}}\n",
        "time = \"@timestamp\"\ntoken_subject = '\"jwt.sub\"'\nresource = 'http.\"request.uri\"'\n",
    );
}
