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
