//! Any mapping that parses either makes a decoder or says why not; any sample can be sniffed and
//! guessed from, and what is guessed makes a decoder where it has a time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sever_decode::{FORMATS, Field, Mapping, sniff};
use sever_model::Limits;

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    if let Ok(mapping) = serde_json::from_slice::<Mapping>(data) {
        for format in FORMATS {
            if let Err(error) = format.decoder(Some(&mapping), &limits) {
                assert!(!error.to_string().is_empty() && !error.hint().is_empty());
            }
        }
    }
    sniff(data);
    let guess = Mapping::guess(data);
    let json_lines = FORMATS.iter().find(|format| format.id == "json-lines").expect("it is registered");
    let made = json_lines.decoder(Some(&guess.mapping), &limits);
    assert_eq!(made.is_ok(), guess.mapping.pick(Field::Time).is_some(), "{:?}", guess.mapping);
});
