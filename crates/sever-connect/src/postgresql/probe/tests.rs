//! Trying doors at servers that are none.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};

use sever_model::act::{Clock, Secrets};
use sever_model::{Secret, WallTime};

use super::*;
use sever_model::DoorState;

struct Still;

impl Clock for Still {
    fn now(&self) -> WallTime {
        WallTime::from_micros(1_700_000_000_000_000)
    }
    fn wait(&self, _span: Span) -> bool {
        false
    }
}

impl Secrets for Still {
    fn derive(&self, _purpose: &str) -> Secret<String> {
        Secret::new("Aa1-of-a-test-of-a-test-of-a-test".to_owned())
    }
}

/// A server that says the same to whoever comes, and then nothing.
fn serve(says: &'static [u8]) -> std::io::Result<Connection> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("postgres://{}", listener.local_addr()?);
    // Ends with the test's process.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = [0; 1024];
            // Whatever it is that it was asked.
            if stream.read(&mut bytes).is_ok_and(|count| count > 0) {
                stream.write_all(says).ok();
            }
        }
    });
    let login = |user: &str| Login { user: user.to_owned(), secret: Secret::new("of-a-test".to_owned()) };
    Ok(Connection {
        id: "db".into(),
        system: "db".into(),
        url,
        settings: [("tls".to_owned(), "off".to_owned())].into(),
        login: Some(login("probe")),
        twin: Some(login("twin")),
    })
}

fn doors() -> Vec<Door> {
    let natives = [
        (DoorKind::Login, "bob"),
        (DoorKind::LiveConnection, "1@2"),
        (DoorKind::Membership, "bob/readers/admins"),
        (DoorKind::Delegation, "bob/owns/orders"),
        (DoorKind::Delegation, "bob/granted/orders"),
        (DoorKind::Delegation, "bob/lent/readers/ann"),
        (DoorKind::Delegation, "bob/mappings/orders"),
        (DoorKind::Delegation, "bob/job/1"),
        (DoorKind::Delegation, "bob/what is this"),
        (DoorKind::SshKey, "bob"),
    ];
    let door = |(kind, native): (DoorKind, &str)| {
        let mut door = Door::new(&"db".into(), kind, native);
        door.attributes.insert("role".to_owned(), "bob".to_owned());
        door
    };
    natives.into_iter().map(door).collect()
}

#[test]
fn no_server_that_is_none_closes_a_door() {
    // The last says to everybody what is said to a role that may not log in, the twin too.
    let worlds: [&[u8]; 7] = [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I",
        b"R\xff\xff\xff\xff",
        b"R\x00\x00\x00\x00",
        b"\x00\x00\x00\x00\x00\x00\x00\x00",
        b"E\x00\x00\x00\x3bSFATAL\0C28000\0Mnot permitted\0RInitializeSessionUserId\0\0",
    ];
    for says in worlds {
        let probe = open(&serve(says).expect("a server")).expect("a probe");
        let cx = Cx { clock: &Still, secrets: &Still, patience: Span::from_micros(300_000) };
        for door in doors() {
            for replaced in [false, true] {
                let tried = probe.try_door(&door, &Trial { nonce: "nonce", secret: None, replaced }, &cx);
                assert!(matches!(tried.state, DoorState::Unknown(_)), "{}: {says:?}: {tried:?}", door.id);
            }
        }
    }
}
