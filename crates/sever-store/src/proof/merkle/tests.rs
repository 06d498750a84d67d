//! The tree against published roots, and its right edge against itself.

use super::*;
use crate::proof::digest::hex;

/// The leaves of Certificate Transparency's own tests.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

#[test]
fn roots_are_those_of_certificate_transparency() {
    let roots = [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ];
    for (size, root) in roots {
        let mut tree = Tree::default();
        LEAVES[..size].iter().for_each(|leaf| {
            tree.push(leaf_hash(leaf));
        });
        assert_eq!(hex(&tree.root()), root, "{size}");
    }
}

#[test]
fn the_edge_alone_goes_on_like_the_tree_it_was_cut_from() {
    let mut tree = Tree::default();
    let mut full = [0_u64; 3];
    for number in 0_u32..70_000 {
        if matches!(number, 0 | 1 | 255 | 256 | 257 | 511 | 4_095 | 65_535 | 65_536 | 65_537 | 69_999) {
            assert_eq!(Tree::of(tree.size(), tree.edge().to_vec()), tree, "{number}");
            for (level, hashes) in tree.edge().iter().enumerate() {
                assert_eq!(hashes.len(), edge_width(tree.size(), level), "{number}, level {level}");
            }
        }
        for tile in tree.push(leaf_hash(&number.to_be_bytes())) {
            assert_eq!((tile.index, tile.hashes.len()), (full[tile.level], TILE_WIDTH));
            full[tile.level] += 1;
        }
    }
    // The example of the specification.
    assert_eq!(full, [273, 1, 0]);
    assert_eq!([0, 1, 2].map(|level| edge_width(70_000, level)), [112, 17, 1]);
    assert_eq!((levels(70_000), levels(256), levels(255), levels(0)), (3, 2, 1, 0));
}
