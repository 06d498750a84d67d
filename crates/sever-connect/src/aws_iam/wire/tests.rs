//! Answers true and false.

use sever_model::Span;

use super::*;

const NO: &str = "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
                  <Code>NoSuchEntity</Code><Message>no &lt;user&gt; &amp; no &#98;ob</Message></Error></ErrorResponse>";

#[test]
fn answers_are_read_by_their_root() {
    let yes = "<GetUserResponse xmlns=\"x\"><GetUserResult><User><UserName>bob</UserName></User></GetUserResult></GetUserResponse>";
    let said = read("GetUser", 200, yes, None).unwrap().there("GetUser").unwrap().unwrap();
    assert_eq!(said.anywhere("User").unwrap().text("UserName"), "bob");
    assert!(read("ListUsers", 200, yes, None).is_err());
    let no = read("GetUser", 404, NO, None).unwrap();
    assert_eq!(no, Answered::No { code: "NoSuchEntity".to_owned(), message: "no <user> & no bob".to_owned() });
    assert_eq!(no.there("GetUser"), Ok(None));
}

#[test]
fn what_is_no_answer_is_an_error() {
    let deep = "<a>".repeat(5_000);
    let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><GetUserResponse>&b;</GetUserResponse>";
    for body in ["", "<html><body>welcome</body></html>", "{}", "<a", "<GetUserResponse>", "\u{0}", &deep, bomb] {
        for status in [200, 302, 403, 404] {
            assert!(matches!(read("GetUser", status, body, None), Err(ActError::Unexpected(_))), "{status} {body}");
        }
        assert!(matches!(read("GetUser", 503, body, None), Err(ActError::LostAnswer(_))));
    }
    assert!(matches!(read("GetUser", 200, NO, None), Err(ActError::Unexpected(_))));
    assert!(matches!(read("GetUser", 500, NO, None), Err(ActError::LostAnswer(_))));
    let slow = NO.replace("NoSuchEntity", "Throttling");
    assert_eq!(read("GetUser", 400, &slow, Some(Span::secs(2))), Err(ActError::RateLimited(Some(Span::secs(2)))));
}
