//! Which crate may stand on which: the arrows of `ARCHITECTURE.md`, held.
//!
//! ```text
//! model ─► decode, detect, graph, store, lake, replay ─► engine ─► sever
//! model ─► connect ────────────────────────────────────────────► sever
//! ```

use super::Complaints;
use crate::tree::Tree;

/// What a crate may stand on, without the prefix `sever-`.
struct Edge {
    name: &'static str,
    /// In the product.
    on: &'static [&'static str],
    /// In tests and examples besides.
    tests_on: &'static [&'static str],
}

const EDGES: [Edge; 13] = [
    Edge { name: "sever-model", on: &[], tests_on: &[] },
    Edge { name: "sever-connect", on: &["model"], tests_on: &["engine", "store", "testkit"] },
    Edge { name: "sever-decode", on: &["model"], tests_on: &["testkit"] },
    Edge { name: "sever-detect", on: &["model"], tests_on: &["decode", "testkit"] },
    Edge { name: "sever-graph", on: &["model"], tests_on: &["testkit"] },
    Edge { name: "sever-store", on: &["model"], tests_on: &["testkit"] },
    Edge { name: "sever-lake", on: &["model"], tests_on: &["testkit"] },
    Edge { name: "sever-replay", on: &["model"], tests_on: &["connect", "decode", "testkit"] },
    Edge {
        name: "sever-engine",
        on: &["model", "decode", "detect", "graph", "store", "lake"],
        tests_on: &["replay", "testkit"],
    },
    Edge {
        name: "sever",
        on: &["model", "connect", "decode", "detect", "graph", "store", "lake", "replay", "engine"],
        tests_on: &["testkit"],
    },
    Edge { name: "sever-testkit", on: &["model"], tests_on: &["connect", "decode"] },
    Edge {
        name: "sever-bench",
        on: &["model", "connect", "decode", "detect", "graph", "store", "lake", "engine", "testkit"],
        tests_on: &[],
    },
    Edge { name: "xtask", on: &["testkit"], tests_on: &[] },
];

/// Every dependency of a crate on another of ours is an arrow of the drawing.
pub(crate) fn check(tree: &Tree, complaints: &mut Complaints) {
    for (path, text) in tree.under("", "Cargo.toml").filter(|(path, _)| path.contains('/')) {
        let Ok(manifest) = text.parse::<toml::Table>() else {
            complaints.add(path, 1, "not readable as TOML");
            continue;
        };
        let name = manifest.get("package").and_then(|it| it.get("name")).and_then(toml::Value::as_str).unwrap_or("");
        let Some(edge) = EDGES.iter().find(|edge| edge.name == name) else {
            if !path.starts_with("fuzz/") {
                complaints.add(path, 1, format!("crate `{name}` has no place in the drawing, add it to tidy's EDGES"));
            }
            continue;
        };
        for (section, tests) in [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)] {
            let Some(table) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            for dependency in table.keys().filter(|it| it.starts_with("sever")) {
                let short = dependency.strip_prefix("sever-").unwrap_or(dependency);
                let drawn = edge.on.contains(&short) || tests && edge.tests_on.contains(&short);
                if !drawn {
                    let line = line_of(text, section, dependency);
                    let what = format!("`{name}` may not stand on `{dependency}`, pass what it needs as an argument");
                    complaints.add(path, line, what);
                }
            }
        }
    }
}

fn line_of(text: &str, section: &str, dependency: &str) -> usize {
    let header = format!("[{section}]");
    let mut lines = text.lines().enumerate().skip_while(|(_, line)| line.trim() != header);
    lines.find(|(_, line)| line.starts_with(dependency)).map_or(1, |(at, _)| at + 1)
}
