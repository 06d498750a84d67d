//! Which commands a document names.

use super::*;

fn words(markdown: &str) -> Vec<String> {
    commands(markdown, "sever").iter().map(|it| format!("{}: {}", it.line, it.words.join("|"))).collect()
}

#[test]
fn reads_blocks_and_inline_code() {
    let markdown = "\
Run `sever demo` first, not `severe`.

```console
$ sever who 'kid 1' --format json | jq .
sever output is no command
$ NO_COLOR=1 sever check \\
    --as-of 2026-01-01   # a comment
```

```sh
sever sync
ls
```
";
    assert_eq!(
        words(markdown),
        ["1: sever|demo", "4: sever|who|kid 1|--format|json", "6: sever|check|--as-of|2026-01-01", "11: sever|sync"]
    );
}

#[test]
fn leaves_out_patterns() {
    assert_eq!(words("`sever {check,scan}` and `sever …` and `sever demo [INCIDENT]`"), Vec::<String>::new());
}

#[test]
fn knows_placeholders() {
    let placeholder = |text: &str| commands(text, "sever").iter().all(NamedCommand::has_placeholder);
    assert!(placeholder("`sever decode FILE`"));
    assert!(!placeholder("`sever decode a.jsonl`"));
}

#[test]
fn blocks_know_their_words_and_may_hold_fences() {
    let markdown = "````text\n```sh\nls\n```\n````\n\n```sh exit=14 norun\nsever check\n```\n";
    let found = blocks(markdown);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].language.as_str(), found[0].text.as_str()), ("text", "```sh\nls\n```\n"));
    assert_eq!((found[1].line, found[1].value("exit"), found[1].has("norun")), (7, Some("14"), true));
    assert_eq!(commands("```sh exit=14\nsever check\n```\n", "sever").len(), 1);
}

#[test]
fn an_output_must_hold_the_lines_in_their_order() {
    let output = "ID   SEVERITY\n0aa4 high  account `a-1` left\nsummary: 1 of 2\n";
    for fits in ["ID SEVERITY\n… high account `a-1` left\n", "0aa4 …\n…\nsummary: 1 …\n", "…\n", "0aa4 … left\n"]
    {
        assert_eq!(unmet(fits, output), None, "{fits}");
    }
    for (misfit, line) in [
        ("summary: 1 of 2\nID SEVERITY\n", "ID SEVERITY"),
        ("summary: 1\n", "summary: 1"),
        ("0aa4 … stayed\n", "0aa4 … stayed"),
        ("… left …\nleft\n", "left"),
    ] {
        assert_eq!(unmet(misfit, output), Some(line), "{misfit}");
    }
}
