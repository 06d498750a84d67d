//! Names and contents of tiles.

use super::*;

#[test]
fn paths_are_those_of_the_specification() {
    assert_eq!(path(Kind::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(path(Kind::Hashes(2), 0, 1), "tile/2/000.p/1");
    assert_eq!(path(Kind::Entries, 1_000, 255), "tile/entries/x001/000.p/255");
    let of_256: Vec<_> = hash_tiles(256).collect();
    assert_eq!(of_256, [(Kind::Hashes(0), 0, 256), (Kind::Hashes(1), 0, 1)]);
    assert_eq!(hash_tiles(0).count(), 0);
}

#[test]
fn a_bundle_holds_what_was_put_in_and_nothing_else() {
    let mut bundle = Vec::new();
    for entry in [&b"one"[..], b"", b"three"] {
        add_entry(&mut bundle, entry).unwrap();
    }
    assert_eq!(entries(&bundle, 3).unwrap(), [&b"one"[..], b"", b"three"]);
    assert_eq!(entries(&bundle, 2), None);
    assert_eq!(entries(&bundle, 4), None);
    assert_eq!(entries(&bundle[..bundle.len() - 1], 3), None);
    assert_eq!(add_entry(&mut bundle, &vec![0; ENTRY_BYTES_MAX + 1]), None);
    assert_eq!(split(&[0; 64], 2).unwrap().len(), 2);
    assert_eq!(split(&[0; 65], 2), None);
    assert_eq!(split(&[0; 32], 2), None);
}
