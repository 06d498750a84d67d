//! What is pushed becomes lines, and nothing unfolds to more than its limit.

use std::io::Write as _;

use super::*;

fn text(body: &str) -> Result<String, String> {
    lines(body.as_bytes().to_vec()).map(|lines| String::from_utf8(lines).expect("it was text"))
}

#[test]
fn an_array_is_a_line_a_record_and_the_rest_stands_as_it_is() {
    assert_eq!(text("{\"a\":1}\n{\"b\":2}").expect("it is taken"), "{\"a\":1}\n{\"b\":2}\n");
    assert_eq!(
        text(" [ {\"a\":\n 1}, {\"b\": \"x\\ny\"} ]").expect("it is taken"),
        "{\"a\":  1}\n{\"b\": \"x\\ny\"}\n"
    );
    assert_eq!(text("").expect("it is taken"), "");
    assert!(text("[{]").is_err());
}

#[test]
fn a_bomb_is_stopped_at_its_limit() {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        writer.write_all(&vec![b' '; 1 << 20]).expect("memory takes it");
    }
    let bomb = writer.finish().expect("memory takes it");
    assert!(unpacked(&bomb, 1 << 20).is_none());
    assert!(unpacked(&bomb, 64 << 20).is_some_and(|body| body.is_ok_and(|body| body.len() == 64 << 20)));
    assert!(unpacked(&bomb[..bomb.len() / 2], 64 << 20).is_some_and(|body| body.is_err()));
}
