//! E-mails as people and their programs send them.

use super::*;

#[test]
fn a_plain_mail_gives_its_writer_its_date_and_the_words_that_may_be_ids() {
    let mail = Mail::parse(
        b"From: Zoe Kim <zoe@mail.example>\r\nTo: help@shop.example\r\nSubject: my address is on the\r\n market\r\n\
          Date: Sun, 16 Nov 2025 18:12:00 +0900\r\nMessage-ID: <1@mail.example>\r\n\r\n\
          Ten people, among them me: m-1001, m-1002.\r\nAlso 20000002; and 37 of 2025, see https://paste.example/x.\r\n",
    )
    .expect("a mail");
    assert_eq!((mail.from.as_str(), mail.subject.as_str()), ("zoe@mail.example", "my address is on the market"));
    assert_eq!(mail.date.map(|at| at.to_string()).as_deref(), Some("2025-11-16T09:12:00Z"));
    for id in ["m-1001", "m-1002", "20000002"] {
        assert!(mail.words.contains(id), "{id} in {:?}", mail.words);
    }
    assert!(!mail.words.contains("37") && !mail.words.contains("2025"), "counts and years are no ids");
    assert!(mail.listed.is_empty());
}

#[test]
fn attached_lists_are_lists_whatever_they_are_wrapped_in() {
    let mail = Mail::parse(
        "From: x@mail.example\r\nDate: Sun, 16 Nov 2025 09:12:00 +0000\r\nMIME-Version: 1.0\r\n\
         Subject: =?utf-8?B?7Jyg7Lac?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         see m=2D7777 in the list\r\n\
         --b\r\nContent-Type: text/csv; name=\"people.csv\"\r\nContent-Disposition: attachment; filename=\"people.csv\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nbmFtZSxtZW1iZXJfaWQKQW5uLG0tMQpCb2IsbS0yCg==\r\n\
         --b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=LIST.CSV\r\n\r\n\
         m-3\r\nm-4\r\n--b--\r\n"
            .as_bytes(),
    )
    .expect("a mail");
    assert_eq!(mail.subject, "유출");
    assert_eq!(mail.listed, ["m-1", "m-2", "m-3", "m-4"].map(str::to_owned).into());
    assert!(mail.words.contains("m-7777"), "{:?}", mail.words);
}

#[test]
fn korean_in_its_older_encoding_is_read() {
    let mut bytes =
        b"From: x@mail.example\r\nContent-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            .to_vec();
    // 회원번호 m-9001
    bytes.extend([0xc8, 0xb8, 0xbf, 0xf8, 0xb9, 0xf8, 0xc8, 0xa3, b' ']);
    bytes.extend(b"m-9001\r\n");
    let mail = Mail::parse(&bytes).expect("a mail");
    assert!(mail.words.contains("회원번호") && mail.words.contains("m-9001"), "{:?}", mail.words);
}

#[test]
fn what_is_no_mail_is_none_and_hostile_ones_end() {
    for bytes in [b"".as_slice(), b"id,name\nm-1,Ann\n", b"\x00\xff\xfe", b"just some words\n"] {
        assert_eq!(Mail::parse(bytes), None);
    }
    let nested = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(2_000);
    Mail::parse(format!("From: x@mail.example\r\n{nested}").as_bytes());
    Mail::parse(b"From: x@mail.example\r\nDate: Sun, 99 Foo 99999 99:99:99 +9999\r\n\r\nx\r\n").expect("a mail");
    let long = format!("From: x@mail.example\r\nSubject: {}\r\n\r\nx\r\n", "a".repeat(100_000));
    assert_eq!(Mail::parse(long.as_bytes()).expect("a mail").subject.len(), 200);
}
