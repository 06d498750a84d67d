//! Globs on a small folder.

use super::*;

fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    folder
}

const FILES: [&str; 8] = [
    "hr/2025-02-28.csv",
    "hr/2025-01-31.csv",
    "hr/old/2024-12-31.csv",
    "hr/.hidden.csv",
    "logs/gateway-1.jsonl.gz",
    "logs/gateway-2.jsonl.gz",
    "logs/a[1].log",
    "members.csv",
];

fn found(pattern: &str) -> Vec<String> {
    let folder = folder(&FILES);
    let paths = expand(folder.path(), pattern).unwrap();
    paths.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned()).collect()
}

fn refused(pattern: &str) -> String {
    let folder = folder(&FILES);
    let failure = expand(folder.path(), pattern).unwrap_err();
    let mut out = Vec::new();
    failure.print(&mut out).unwrap();
    String::from_utf8(out).unwrap().replace(&*folder.path().to_string_lossy(), "DIR")
}

#[test]
fn globs_stay_in_their_folder_and_sort() {
    assert_eq!(found("hr/*.csv"), ["hr/2025-01-31.csv", "hr/2025-02-28.csv"]);
    assert_eq!(found("hr/**/*.csv"), ["hr/2025-01-31.csv", "hr/2025-02-28.csv", "hr/old/2024-12-31.csv"]);
    assert_eq!(found("*/gateway-?.jsonl.gz"), ["logs/gateway-1.jsonl.gz", "logs/gateway-2.jsonl.gz"]);
    assert_eq!(found("hr/{2025-01-31,2025-02-28}.csv").len(), 2);
    assert_eq!(found("hr/.*.csv"), ["hr/.hidden.csv"]);
    assert_eq!(found("*.csv"), ["members.csv"]);
}

#[test]
fn what_is_there_as_written_is_meant_as_written() {
    assert_eq!(found("members.csv"), ["members.csv"]);
    assert_eq!(found("logs/a[1].log"), ["logs/a[1].log"]);
    assert_eq!(found("hr"), ["hr"]);
}

#[test]
fn an_absolute_glob_is_taken_from_the_root() {
    let folder = folder(&FILES);
    let pattern = format!("{}/*.csv", folder.path().display());
    assert_eq!(expand(Path::new("/nowhere"), &pattern).unwrap(), [folder.path().join("members.csv")]);
}

#[test]
fn a_folder_gives_its_files() {
    let folder = folder(&FILES);
    let paths = Paths { base: folder.path().to_owned(), text: "hr".to_owned() };
    let named: Vec<String> = paths.named_files().unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(named, ["2025-01-31.csv", "2025-02-28.csv", "old/2024-12-31.csv"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    let empty = Paths { text: "empty".to_owned(), ..paths };
    assert_eq!(empty.files().unwrap_err().to_string(), "`empty` holds no file");
}

#[test]
fn nothing_there_is_an_error_with_the_nearest_name() {
    insta::assert_snapshot!(refused("member.csv"), @r"
    error: there is no `member.csv`
    hint: did you mean `members.csv`?
    ");
    insta::assert_snapshot!(refused("log/gateway*"), @r"
    error: there is no `log`
    hint: did you mean `logs`?
    ");
    insta::assert_snapshot!(refused("logs/gatway*.gz"), @r"
    error: nothing matches `logs/gatway*.gz` in DIR/logs
    hint: did you mean `gateway-1.jsonl.gz`?
    ");
    insta::assert_snapshot!(refused("logs/[.gz"), @"error: `logs/[.gz` is no glob: unclosed character class; missing ']'");
    insta::assert_snapshot!(refused("nowhere/deep/x.csv"), @r"
    error: there is no `nowhere/deep/x.csv`
    hint: there is no folder DIR/nowhere/deep either
    ");
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends() {
    let folder = folder(&["a/x.csv"]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
    assert_eq!(expand(folder.path(), "**/*.csv").unwrap(), [folder.path().join("a/x.csv")]);
}
