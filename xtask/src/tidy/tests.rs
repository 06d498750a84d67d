//! Each check complains about what it should, and only about that.

use super::*;

/// The complaints of one check about a made-up checkout: `path:line`.
fn places(check: &str, files: &[(&str, &str)]) -> Vec<String> {
    let mut complaints = Complaints::default();
    for (name, run) in CHECKS.iter().filter(|(name, _)| *name == check) {
        complaints.check = name;
        run(&Tree::of(files), &mut complaints);
    }
    complaints.all.iter().map(|it| format!("{}:{}", it.path, it.line)).collect()
}

#[test]
fn an_arrow_that_is_not_drawn() {
    let manifest = "[package]\nname = \"sever-detect\"\n[dependencies]\nsever-model.workspace = true\nsever-lake.workspace = true\n[dev-dependencies]\nsever-decode.workspace = true\n";
    assert_eq!(places("edges", &[("crates/sever-detect/Cargo.toml", manifest)]), ["crates/sever-detect/Cargo.toml:5"]);
    let stranger = "[package]\nname = \"sever-core\"\n";
    assert_eq!(places("edges", &[("crates/sever-core/Cargo.toml", stranger)]), ["crates/sever-core/Cargo.toml:1"]);
}

#[test]
fn the_clock_outside_its_room() {
    let text = "//! A.\nfn f() {\n    // Instant::now() in a comment\n    let s = \"Instant::now()\";\n    Instant::now();\n}\n#[cfg(test)]\nmod tests {\n    fn g() { Instant::now(); }\n}\n";
    assert_eq!(places("rooms", &[("crates/sever-engine/src/scan.rs", text)]), ["crates/sever-engine/src/scan.rs:5"]);
    assert!(places("rooms", &[("crates/sever/src/clock.rs", text)]).is_empty());
    assert!(places("rooms", &[("crates/sever-engine/tests/scan.rs", text)]).is_empty());
}

#[test]
fn what_can_panic_on_hostile_input() {
    let text = "//! A.\n#[derive(Debug)]\nstruct A { b: [u8; 4] }\nfn f(a: &[u8]) -> u8 {\n    let v = vec![1];\n    let c = '[';\n    a[0]\n}\nfn g(a: Option<u8>) { a.unwrap(); a.unwrap_or(1); }\n";
    let path = "crates/sever-decode/src/json.rs";
    assert_eq!(places("panics", &[(path, text)]), [format!("{path}:7"), format!("{path}:9")]);
    assert!(places("panics", &[("crates/sever-store/src/lib.rs", text)]).is_empty());
}

#[test]
fn a_guides_block_that_nothing_tries() {
    let guide = "# G\n```bash\nls\n```\n```sh norn exit=3\nls\n```\n```diff file=src/no.rs\n+a\n```\n```rust file=src/there.rs\n```\n```diff file=src/there.rs\n```\n";
    let files = [("docs/guides/g.md", guide), ("docs/guides/examples/h/hr.csv", ""), ("src/there.rs", "")];
    let wrong = [
        "docs/guides/g.md:2",
        "docs/guides/g.md:5",
        "docs/guides/g.md:8",
        "docs/guides/g.md:11",
        "docs/guides/examples/h/hr.csv:1",
    ];
    assert_eq!(places("guides", &files), wrong);
}

#[test]
fn strings_and_characters_are_no_code() {
    let text = "//! A.\nfn f<'a>(x: &'a str) {\n    let a = r#\"quote \" print!(\"#;\n    let b = '\"';\n    /* print!( /* nested */ print!( */\n    print!(\"c\");\n}\n";
    assert_eq!(places("rooms", &[("crates/sever-graph/src/a.rs", text)]), ["crates/sever-graph/src/a.rs:6"]);
}

#[test]
fn paths_and_links_that_are_not_there() {
    let text = "`crates/a.rs` and `crates/b.rs`, [x](docs/x.md), [y](a.md#part), `sever-model/src/lib.rs`\n`/api/me` and `hr/*.csv` are no paths of ours\n";
    let files = [("a.md", text), ("crates/a.rs", ""), ("crates/sever-model/src/lib.rs", "")];
    assert_eq!(places("markdown-paths", &files), ["a.md:1", "a.md:1"]);
}

#[test]
fn chores_that_do_not_parse() {
    let text = "`cargo xtask tidy`, `cargo xtask tidy --no-docs`, `cargo xtask tidi`, `cargo nonsense`\n";
    assert_eq!(places("markdown-commands", &[("a.md", text)]), ["a.md:1", "a.md:1"]);
}

#[test]
fn a_detector_by_halves() {
    let files = [
        (
            "crates/sever-detect/src/detectors/ghost_account.rs",
            "static META: Meta = Meta {\n    id: \"ghost-account\",\n",
        ),
        ("crates/sever-detect/src/detectors/bounded.rs", "struct Bounded;\n"),
        ("crates/sever-detect/src/detectors/ghost_account/tests.rs", ""),
        ("tests/detectors/ghost-account/fires/a.jsonl", ""),
    ];
    // Neither page nor quiet fixture.
    assert_eq!(places("registry", &files).len(), 2);
}

#[test]
fn a_connector_is_no_source() {
    let connector = ("crates/sever-connect/src/ldap/connector.rs", "    id: \"openldap\",\n");
    let source = ("crates/sever-connect/src/ldif/source.rs", "    id: \"ldif\",\n");
    let whole = [("docs/sources/ldif.md", ""), ("tests/sources/ldif/a", "")];
    // Without its page; a source without its page and fixtures besides.
    assert_eq!(places("registry", &[connector, source, whole[0], whole[1]]), [format!("{}:1", connector.0)]);
    assert_eq!(places("registry", &[connector, source, ("docs/connections/openldap.md", "")]).len(), 2);
}

#[test]
fn licences_with_brackets() {
    let satisfied = |expression| licences::satisfied(expression, &["MIT", "Apache-2.0"]);
    assert!(satisfied("MIT"));
    assert!(satisfied("GPL-3.0 OR MIT"));
    assert!(satisfied("Apache-2.0 WITH LLVM-exception"));
    assert!(satisfied("(GPL-3.0 OR MIT) AND Apache-2.0"));
    assert!(satisfied("BSD-3-Clause/MIT"));
    assert!(!satisfied("(GPL-3.0 AND MIT) OR ISC"));
    assert!(!satisfied("MIT AND GPL-3.0"));
    assert!(!satisfied(""));
}

#[test]
fn an_exception_excuses_once_and_must_be_needed() {
    let list = "# at most 2\nsize a.rs generated table\nsize b.rs because\n";
    let tree = Tree::of(&[("xtask/tidy-exceptions.txt", list)]);
    let complaint = |path: &str| Complaint { path: path.to_owned(), line: 1, check: "size", what: String::new() };
    let left = exceptions::apply(&tree, vec![complaint("a.rs"), complaint("c.rs")]);
    let left: Vec<String> = left.iter().map(|it| format!("{}:{}", it.path, it.line)).collect();
    assert_eq!(left, ["c.rs:1", "xtask/tidy-exceptions.txt:3"]);
}
