//! A wire to a server that answers each line with its length.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Mutex;

use super::{Arc, Moment, Pass, Wire};

fn server() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut answers = stream.try_clone().unwrap();
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    writeln!(answers, "{}", line.len()).unwrap();
                }
            });
        }
    });
    port
}

/// Asks line after line; what was answered.
fn ask(port: u16, lines: &[&str]) -> Vec<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut told = Vec::new();
    for line in lines {
        let mut answer = String::new();
        if writeln!(stream, "{line}").is_err() || !answers.read_line(&mut answer).is_ok_and(|count| count > 0) {
            break;
        }
        told.push(answer.trim().to_owned());
    }
    told
}

#[test]
fn every_turn_is_seen_on_both_ways_and_passed_on() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let wire = Wire::to(server(), move |turn| {
        let said = String::from_utf8_lossy(turn.said).trim().to_owned();
        assert!(turn.moment == Moment::Connects || turn.is_by("bob") && !turn.is_by("zoe"));
        assert_eq!(turn.asks("hello"), said == "hello" || said == "5");
        told.lock().unwrap().push((turn.moment, said));
        Pass::On
    })
    .unwrap();
    assert_eq!(ask(wire.port(), &["bob", "hello"]), ["3", "5"]);
    let text = |moment, said: &str| (moment, said.to_owned());
    let expected = [
        text(Moment::Connects, ""),
        text(Moment::Asked, "bob"),
        text(Moment::Answered, "3"),
        text(Moment::Asked, "hello"),
        text(Moment::Answered, "5"),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn what_is_cut_gets_to_neither_end() {
    for (moment, answers) in [(Moment::Connects, 0), (Moment::Asked, 1), (Moment::Answered, 1)] {
        let wire = Wire::to(server(), move |turn| match turn.moment {
            Moment::Connects if moment == Moment::Connects => Pass::Cut,
            it if it == moment && (turn.says("second") || turn.says("6")) => Pass::Cut,
            _ => Pass::On,
        })
        .unwrap();
        assert_eq!(ask(wire.port(), &["first", "second", "third"]).len(), answers, "{moment:?}");
    }
    // Of a server that is not there, the client sees the end.
    let nowhere = crate::free_port().unwrap();
    let wire = Wire::to(nowhere, |_| Pass::On).unwrap();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, wire.port())).unwrap();
    let mut rest = Vec::new();
    assert!(stream.read_to_end(&mut rest).map_or(true, |count| count == 0));
}
