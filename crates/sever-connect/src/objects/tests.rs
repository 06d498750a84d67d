//! Addresses, without a store. What a store answers is tried in `sever-testkit`.

use super::*;

#[test]
fn an_address_has_a_bucket() {
    let parse = |url| Address::parse(url).map(|address| (address.bucket, address.key)).ok();
    assert_eq!(parse("s3://logs/AWSLogs/1/"), Some(("logs", "AWSLogs/1/")));
    assert_eq!(parse("s3://logs"), Some(("logs", "")));
    for none in ["s3://", "s3:///key", "s3://Upper/key", "s3://a/b", "s3://user@host/x"] {
        assert_eq!(parse(none), None, "{none}");
    }
    assert!(is_object("s3://logs/x") && !is_object("logs/s3://x"));
}
