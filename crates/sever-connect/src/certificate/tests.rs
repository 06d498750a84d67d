//! A certificate made for this test, with what `openssl` says of it.

use super::*;

const CERTIFICATE: &str = "MIIBBTCBrAIBATAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARzaG9wMB4XDTI0MDEwMTAwMDAwMFoXDTM0MDEwMTAwMDAwMFowDzENMAsGA1UEAwwEc2hvcDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDHdG5ggyC3MKUIs9UddEQrf+kxH2Jys0PUFx8q3dpK8RwBh3/WFNuyUegot4/q0iDkyAuSYtvPKirR2Xb03nD8wCgYIKoZIzj0EAwIDSAAwRQIgZ+38C4SVP3laRIbQw0sEKXatVIbBL1SpiFIV8n7k4LQCIQCFlVQuovjyV421WNudJCLJhrI72ZO38nTYCif7n53aqQ==";

#[test]
fn a_certificate_says_its_names_and_times() {
    let facts = of_text(CERTIFICATE).unwrap();
    assert_eq!(facts.fingerprint, "8d4ef759477faf19927b1cfe558690f0526fa10744b070bd50e17f05ae3770ab");
    assert_eq!(facts.key_id, "WCzlVfu6ntEYw3lucd5dlGu9V9aLJl_Ptvi3Ge53aNE");
    assert_eq!(facts.not_before.unwrap().to_string(), "2024-01-01T00:00:00Z");
    assert_eq!(facts.not_after.unwrap().to_string(), "2034-01-01T00:00:00Z");
    let pem = format!("-----BEGIN CERTIFICATE-----\n{CERTIFICATE}\n-----END CERTIFICATE-----\n");
    assert_eq!(of_text(&pem), Some(facts));
}

#[test]
fn what_is_none_is_none() {
    let cut = CERTIFICATE.get(..120).unwrap();
    assert_eq!(
        [of_text(""), of_text("not base64!"), of_text(cut), of_der(&[0x30, 0x84, 0xff])],
        [None, None, None, None]
    );
}
