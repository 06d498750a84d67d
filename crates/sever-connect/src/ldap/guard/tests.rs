//! Which messages get through, and how much of them is read.

use super::*;

/// A sequence around its content.
fn sequence(content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x30, 0x84];
    bytes.extend((content.len() as u32).to_be_bytes());
    bytes.extend(content);
    bytes
}

#[test]
fn real_answers_are_sound() {
    // A bind's answer, and an entry with an attribute of two values.
    let bind = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00";
    let entry = b"\x30\x1b\x02\x01\x02\x64\x16\x04\x04dc=x\x30\x0e\x30\x0c\x04\x02cn\x31\x06\x04\x01a\x04\x01b";
    assert!(is_sound(bind) && is_sound(entry));
    assert_eq!(extended_code(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"), Some(0));
    assert_eq!(extended_code(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"), Some(0x34));
    assert_eq!(extended_code(bind), None);
}

#[test]
fn a_message_of_brackets_does_not_get_through() {
    let mut bytes = vec![0x04, 0x00];
    for depth in 1..=1000 {
        bytes = sequence(&bytes);
        assert_eq!(is_sound(&bytes), depth < DEPTH_MAX, "{depth}");
    }
    // Many beside each other are no depth.
    let wide: Vec<u8> = [0x30, 0x00].repeat(100_000);
    assert!(is_sound(&sequence(&wide)));
}

#[test]
fn nonsense_is_unsound() {
    for bytes in [
        &b""[..],
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\x30\x05\x02\x01",
        b"\x30\x02\x04\x09",
        b"\x30\x85\x00\x00\x00\x00\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"HTTP/1.1 200 OK",
        b"\x30\x00\x30\x00",
    ] {
        assert!(!is_sound(bytes), "{bytes:?}");
    }
}

#[test]
fn a_message_is_read_by_its_length_and_no_further() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut two = &b"\x30\x03\x02\x01\x01\x30\x81\x03\x02\x01\x02"[..];
        assert_eq!(message(&mut two).await?, b"\x30\x03\x02\x01\x01");
        assert_eq!(message(&mut two).await?, b"\x30\x81\x03\x02\x01\x02");
        assert!(message(&mut two).await.is_err());
        // A length that is a lie is not waited for.
        assert!(!is_sound(&message(&mut &b"\x30\x84\x7f\xff\xff\xff\x02"[..]).await?));
        assert!(message(&mut &b"\x30\x09\x02"[..]).await.is_err());
        Ok(())
    })
}
