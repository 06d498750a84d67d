//! Answers that `openssl ts` made (`fixtures/`), and what is not one.
//!
//! `rsa.tsr` and `ec.tsr` are of `message`, by an authority that `ca.der` vouches for; `web.tsr` is the
//! same time stamp, signed with a certificate of the same issuer that is for web servers.

use super::*;

const MESSAGE: &[u8] = include_bytes!("fixtures/message");
const REQUEST: &[u8] = include_bytes!("fixtures/q.tsq");
const RSA_ANSWER: &[u8] = include_bytes!("fixtures/rsa.tsr");
const EC_ANSWER: &[u8] = include_bytes!("fixtures/ec.tsr");
const WEB_ANSWER: &[u8] = include_bytes!("fixtures/web.tsr");
const CA: &[u8] = include_bytes!("fixtures/ca.der");
const AUTHORITY: &[u8] = include_bytes!("fixtures/rsa.der");
const OTHER: &[u8] = include_bytes!("fixtures/other.der");

fn trusting(der: &[u8]) -> Vec<Vec<u8>> {
    vec![der.to_vec()]
}

#[test]
fn an_authority_that_somebody_trusted_vouches_for_is_believed() {
    for (answer, name) in [(RSA_ANSWER, "rsa"), (EC_ANSWER, "ec")] {
        let stamp = verify(answer, MESSAGE, &trusting(CA)).unwrap();
        assert!(stamp.authority.contains(&format!("Example Time Stamping {name}")), "{}", stamp.authority);
        assert!(stamp.vouched && stamp.at > WallTime::from_secs(1_700_000_000), "{stamp:?}");
        assert!(!verify(answer, MESSAGE, &[]).unwrap().vouched);
        assert_eq!(nonce_of_answer(answer), nonce_of_request(REQUEST));
    }
    assert!(verify(RSA_ANSWER, MESSAGE, &trusting(AUTHORITY)).unwrap().vouched, "trusted itself");
    let both = [trusting(OTHER), trusting(CA)].concat();
    assert!(verify(RSA_ANSWER, MESSAGE, &both).unwrap().vouched);
}

#[test]
fn other_bytes_are_refused_and_other_issuers_and_purposes_are_not_believed() {
    let refused = |answer: &[u8], message: &[u8], ca: &[u8]| verify(answer, message, &trusting(ca)).unwrap_err();
    assert_eq!(refused(RSA_ANSWER, b"other", CA), "it is of other bytes");
    for (answer, ca) in [(RSA_ANSWER, OTHER), (EC_ANSWER, AUTHORITY), (WEB_ANSWER, CA)] {
        assert!(!verify(answer, MESSAGE, &trusting(ca)).unwrap().vouched, "it is not believed");
    }
    assert_eq!(refused(b"", MESSAGE, CA), "no time stamp response");
    assert_eq!(refused(REQUEST, MESSAGE, CA), "a response without a status");
    // A refusal: status 2, no token.
    assert_eq!(refused(&[0x30, 5, 0x30, 3, 2, 1, 2], MESSAGE, CA), "the authority refused (status 2)");
}

#[test]
fn a_changed_answer_is_refused_or_says_the_same() {
    let true_stamp = verify(RSA_ANSWER, MESSAGE, &trusting(CA)).unwrap();
    let mut refused = 0;
    for at in 0..RSA_ANSWER.len() {
        for bit in [0, 4, 7] {
            let mut changed = RSA_ANSWER.to_vec();
            changed[at] ^= 1 << bit;
            match verify(&changed, MESSAGE, &trusting(CA)) {
                // A changed issuer in it, and nobody vouches.
                Ok(stamp) => assert_eq!((stamp.at, &stamp.authority), (true_stamp.at, &true_stamp.authority), "{at}"),
                Err(_) => refused += 1,
            }
        }
    }
    // The rest is the certificate of the issuer, which is given and need not be in the answer; that of
    // a proof, the manifest holds.
    assert!(refused > RSA_ANSWER.len() * 3 * 2 / 3, "{refused}");
    for length in 0..RSA_ANSWER.len() {
        assert!(verify(&RSA_ANSWER[..length], MESSAGE, &trusting(CA)).is_err(), "{length} bytes");
    }
}

#[test]
fn our_request_is_one() {
    let bytes = request(MESSAGE, 0x1234_5678_9abc_def0).unwrap();
    let parts = Vec::<Any>::from_der(&bytes).unwrap();
    let imprint: MessageImprint = parts[1].decode_as().unwrap();
    assert_eq!(imprint.hash.as_bytes(), sha256(&[MESSAGE]));
    assert_eq!(nonce_of_request(&bytes).unwrap().as_bytes(), 0x1234_5678_9abc_def0_u64.to_be_bytes());
}

#[test]
fn certificates_are_read_from_pem_and_der() {
    assert_eq!(certificates(CA).unwrap(), trusting(CA));
    let pem = |der: &[u8]| {
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    let two = format!("for people\n{}{}", pem(CA), pem(OTHER));
    assert_eq!(certificates(two.as_bytes()).unwrap(), [trusting(CA), trusting(OTHER)].concat());
    for none in [&b""[..], b"none", pem(b"none").as_bytes(), REQUEST] {
        assert_eq!(certificates(none), None);
    }
}

#[test]
fn times_may_have_a_fraction() {
    assert_eq!(time(b"20260930170012Z"), time(b"20260930170012.000Z"));
    assert_eq!(time(b"20260930170012.25Z").unwrap().to_string(), "2026-09-30T17:00:12.25Z");
    for wrong in ["20260930170012", "2026093017001Z", "20260930170012.Z", "20261330170012Z", "2026-09-30 17:00Z"] {
        assert_eq!(time(wrong.as_bytes()), None, "{wrong}");
    }
}
