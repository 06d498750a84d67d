//! From the merged tree to typed settings, with the checks that need more than one value.
//!
//! A value of the wrong kind was left out by the reader, with a problem noted; so what is absent here
//! and required is only told where no problem was noted before it.

mod case;
mod doors;
mod gate;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use sever_model::{ClaimSet, Class, EventTime, SourceId, SystemId, Zone};

use super::read::{Node, Tree};
use super::schema::{Field, Kind, Need, ROOT};
use super::{
    Brakes, Config, ConfigError, Deed, DetectorsConfig, Explained, LogConfig, Origin, Paths, PrivacyConfig, Problem,
    RegisterConfig, Request, ResolverConfig, RetentionConfig, Role, SigmaConfig, SourceConfig, SubjectSetConfig,
    Suppressed, Suppression, value,
};
use crate::hint::nearest_or_all;

/// Checks the tree as a whole and types it.
pub(super) fn config(
    root: &Node,
    request: &Request<'_>,
    files: Vec<PathBuf>,
    mut problems: Vec<Problem>,
) -> Result<Config, ConfigError> {
    // What is required is looked for only in a tree that was read whole: what was left out for being
    // wrong is not missing.
    if problems.is_empty() {
        required(root, ROOT, "", &mut problems);
        names(root, &mut problems);
        classes_refer(root, &mut problems);
        suppressions_say_what(root, &mut problems);
        privacy_says_how(root, &mut problems);
        doors::connections_say_how(root, &mut problems);
        doors::connections_are_asked(root, &mut problems);
        doors::approvers_are_people(root, &mut problems);
        gate::gate_says_how(root, &mut problems);
        watch::says_how(root, &mut problems);
        case::laws_exist(root, &mut problems);
    }
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    let top = Section { node: root, fields: ROOT, cwd: &request.cwd };
    let zone = value::zone(&top.text("zone")).unwrap_or(Zone::UTC);
    let brakes = top.section("brakes");
    Ok(Config {
        data_dir: top.path("data_dir"),
        lake: lake(&top),
        sources: top.each("source").iter().map(source).collect(),
        logs: top.each("log").iter().map(log).collect(),
        classes: top.each("class").iter().map(class).collect(),
        register: root.get("register").map(|_| register(&top.section("register"), &zone)),
        resolvers: top.each("resolver").iter().map(resolver).collect(),
        subject_sets: top.each("subject_set").iter().map(subject_set).collect(),
        detectors: detectors(root.get("detectors")),
        sigma: root.get("sigma").map(|_| sigma(&top.section("sigma"))),
        skew: top.span("skew"),
        brakes: Brakes { share: brakes.share("share"), count: brakes.count("count") },
        suppressions: top.each("suppress").iter().map(|one| suppression(one, &zone)).collect(),
        privacy: privacy(&top.section("privacy")),
        connections: top.each("connection").iter().map(doors::connection).collect(),
        cutting: doors::cutting(&top.section("cutting")),
        gate: root.get("gate").map(|_| gate::gate(&top.section("gate"))),
        watch: watch::watch(&top.section("watch")),
        notify: top.each("notify").iter().map(watch::notify).collect(),
        case: case::case(&top.section("case")),
        explained: explained(root),
        zone,
        files,
    })
}

fn source(at: &Section<'_>) -> SourceConfig {
    let name = at.text("name");
    let columns = at.table("map").into_iter();
    SourceConfig {
        system: at.optional("system").map_or_else(|| SystemId::from(name.as_str()), SystemId::from),
        id: SourceId::from(name),
        kind: at.text("kind"),
        paths: at.paths("path"),
        complete: at.bool("complete"),
        map: columns.filter_map(|(field, column)| Some((field, column.as_str()?.to_owned()))).collect(),
        origin: at.node.origin.clone(),
    }
}

fn log(at: &Section<'_>) -> LogConfig {
    LogConfig {
        id: SourceId::from(at.text("name")),
        paths: at.paths("path"),
        format: at.optional("format"),
        system: at.optional("system").map(SystemId::from),
        map: at.table("map"),
        origin: at.node.origin.clone(),
    }
}

fn class(at: &Section<'_>) -> Class {
    Class {
        issuer: at.text("issuer"),
        name: at.text("name"),
        issued_in: at.optional("issued_in").map(SourceId::from),
        used_in: at.texts("used_in").into_iter().map(SourceId::from).collect(),
        token_type: at.text("token_type"),
        audiences: at.texts("audiences"),
        key_ids: at.texts("key_ids"),
        join: word(&at.text("join")).unwrap_or(sever_model::Join::Jti),
        bound: value::claims(&at.texts("bound")).unwrap_or(ClaimSet::NONE),
        lifetime_max: at.span("lifetime_max"),
        settle: at.span("settle"),
        coverage: word(&at.text("coverage")).unwrap_or(sever_model::CoverageBy::Unknown),
    }
}

/// An enum of the model by the word it is written with.
fn word<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(text)).ok()
}

fn register(at: &Section<'_>, zone: &Zone) -> RegisterConfig {
    let until = at.optional("complete_until");
    RegisterConfig { path: at.path("path"), complete_until: until.and_then(|text| value::time(zone, &text).ok()) }
}

fn resolver(at: &Section<'_>) -> ResolverConfig {
    ResolverConfig { endpoint: at.text("endpoint"), paths: at.paths("path") }
}

fn subject_set(at: &Section<'_>) -> SubjectSetConfig {
    SubjectSetConfig { reference: at.text("ref"), path: at.path("path") }
}

fn sigma(at: &Section<'_>) -> SigmaConfig {
    SigmaConfig { paths: at.paths("path"), origin: at.node.origin.clone() }
}

fn suppression(at: &Section<'_>, zone: &Zone) -> Suppression {
    let what = match at.optional("finding") {
        Some(id) => Suppressed::Finding(id),
        None => Suppressed::Detector(at.text("detector")),
    };
    Suppression {
        what,
        reason: at.text("reason"),
        author: at.text("author"),
        until: value::day(zone, "until", &at.text("until")).unwrap_or(EventTime::MIN),
        origin: at.node.origin.clone(),
    }
}

/// A folder is taken from the file that names it; an address is taken as it is.
fn lake(top: &Section<'_>) -> Option<PathBuf> {
    let Paths { base, text } = top.paths("lake");
    let folder = |text: &str| if sever_connect::objects::is_object(text) { text.into() } else { base.join(text) };
    (!text.is_empty()).then(|| folder(&text))
}

fn privacy(at: &Section<'_>) -> PrivacyConfig {
    let retention = at.section("retention");
    let role = |role: &Section<'_>| Role {
        name: role.text("name"),
        who: role.texts("who"),
        may: role.texts("may").iter().filter_map(|word| Deed::named(word)).collect(),
    };
    PrivacyConfig {
        pseudonyms: at.bool("pseudonyms"),
        roles: at.each("role").iter().map(role).collect(),
        retention: RetentionConfig {
            facts: retention.span("facts"),
            findings: retention.span("findings"),
            uses: retention.span("uses"),
            accesses: retention.span("accesses"),
        },
        dictionary_key: doors::secret(at, "dictionary_key"),
    }
}

fn detectors(node: Option<&Node>) -> DetectorsConfig {
    let Some(node) = node else { return DetectorsConfig::default() };
    let toml::Value::Table(mut settings) = node.plain() else { return DetectorsConfig::default() };
    let off = settings.remove("off").and_then(|off| value::texts(&off)).unwrap_or_default();
    DetectorsConfig { off, settings, origin: node.origin.clone() }
}

/// A table with the fields it may have. Each accessor falls back to the field's default; the kinds
/// were checked by the reader.
struct Section<'a> {
    node: &'a Node,
    fields: &'static [Field],
    cwd: &'a Path,
}

impl<'a> Section<'a> {
    fn leaf(&self, name: &str) -> Option<(&'a toml::Value, &'a Origin)> {
        match self.node.get(name) {
            Some(Node { tree: Tree::Leaf(value), origin }) => Some((value, origin)),
            _ => None,
        }
    }

    fn default(&self, name: &str) -> &'static str {
        match self.fields.iter().find(|field| field.name == name).map(|field| field.need) {
            Some(Need::Default(text)) => text,
            _ => "",
        }
    }

    fn optional(&self, name: &str) -> Option<String> {
        self.leaf(name).and_then(|(value, _)| value::text(value))
    }

    fn text(&self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| self.default(name).to_owned())
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.leaf(name).and_then(|(value, _)| value::texts(value)).unwrap_or_default()
    }

    fn bool(&self, name: &str) -> bool {
        self.leaf(name).and_then(|(value, _)| value.as_bool()).unwrap_or(self.default(name) == "true")
    }

    fn count(&self, name: &str) -> u64 {
        let set = self.leaf(name).and_then(|(value, _)| value.as_integer()).and_then(|count| u64::try_from(count).ok());
        set.or_else(|| self.default(name).parse().ok()).unwrap_or(0)
    }

    fn share(&self, name: &str) -> f64 {
        let set = self.leaf(name).and_then(|(value, _)| value::share(value));
        set.or_else(|| self.default(name).parse().ok()).unwrap_or(0.0)
    }

    fn span(&self, name: &str) -> sever_model::Span {
        value::duration(name, &self.text(name)).unwrap_or(sever_model::Span::ZERO)
    }

    fn paths(&self, name: &str) -> Paths {
        let base = self.leaf(name).and_then(|(_, origin)| match origin {
            Origin::File { path, .. } => path.parent().map(Path::to_owned),
            Origin::Default | Origin::Variable(_) | Origin::Flag(_) => None,
        });
        Paths { base: base.unwrap_or_else(|| self.cwd.to_owned()), text: self.text(name) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.paths(name).joined()
    }

    fn table(&self, name: &str) -> toml::Table {
        match self.node.get(name).map(Node::plain) {
            Some(toml::Value::Table(table)) => table,
            _ => toml::Table::new(),
        }
    }

    fn inner(&self, name: &str) -> &'static [Field] {
        match self.fields.iter().find(|field| field.name == name).map(|field| field.kind) {
            Some(Kind::Table(inner) | Kind::Tables(inner)) => inner,
            _ => &[],
        }
    }

    fn section(&self, name: &str) -> Section<'a> {
        static EMPTY: Node = Node { tree: Tree::Table(Vec::new()), origin: Origin::Default };
        Section { node: self.node.get(name).unwrap_or(&EMPTY), fields: self.inner(name), cwd: self.cwd }
    }

    fn each(&self, name: &str) -> Vec<Section<'a>> {
        let fields = self.inner(name);
        items(self.node, name).iter().map(|node| Section { node, fields, cwd: self.cwd }).collect()
    }
}

fn items<'a>(root: &'a Node, name: &str) -> &'a [Node] {
    match root.get(name) {
        Some(Node { tree: Tree::Tables(items), .. }) => items,
        _ => &[],
    }
}

fn leaf_text(node: &Node, name: &str) -> Option<String> {
    match &node.get(name)?.tree {
        Tree::Leaf(value) => value::text(value),
        Tree::Table(_) | Tree::Tables(_) => None,
    }
}

/// Every required setting of every table that is there.
fn required(node: &Node, fields: &'static [Field], place: &str, problems: &mut Vec<Problem>) {
    for field in fields {
        match (node.get(field.name), field.kind, field.need) {
            (None, _, Need::Required) => {
                let name = leaf_text(node, "name").filter(|_| field.name != "name");
                let named = name.map_or_else(String::new, |name| format!(" `{name}`"));
                let what = format!("{place}{named} lacks `{}`", field.name);
                let hint = format!("`{}` is {}: {}", field.name, field.kind.expected(), field.doc);
                problems.push(Problem { origin: node.origin.clone(), what, hint: Some(hint) });
            }
            (Some(table), Kind::Table(inner), _) => required(table, inner, &format!("[{}]", field.name), problems),
            (Some(Node { tree: Tree::Tables(items), .. }), Kind::Tables(inner), _) => {
                let place = format!("[[{}]]", field.name);
                items.iter().for_each(|item| required(item, inner, &place, problems));
            }
            _ => {}
        }
    }
}

/// Names are what evidence, coverage and classes refer to: each stands for one thing.
fn names(root: &Node, problems: &mut Vec<Problem>) {
    for group in [&["source", "log"][..], &["class"][..], &["connection"][..]] {
        let mut seen: BTreeMap<String, &Origin> = BTreeMap::new();
        for table in group {
            for item in items(root, table) {
                let Some(name) = leaf_text(item, "name") else { continue };
                let origin = item.get("name").map_or(&item.origin, |node| &node.origin);
                if let Some(first) = seen.get(&name) {
                    let what = format!("the name `{name}` is taken, at {}", line_of(first));
                    let hint =
                        "evidence, coverage and plans go by names: give each source, log, class and connection its own"
                            .to_owned();
                    problems.push(Problem { origin: origin.clone(), what, hint: Some(hint) });
                } else {
                    seen.insert(name, origin);
                }
            }
        }
    }
}

fn line_of(origin: &Origin) -> String {
    match origin {
        Origin::File { line, .. } => format!("line {line}"),
        other => other.to_string(),
    }
}

/// The logs that classes name must be there.
fn classes_refer(root: &Node, problems: &mut Vec<Problem>) {
    let logs: Vec<String> = items(root, "log").iter().filter_map(|log| leaf_text(log, "name")).collect();
    let logs: Vec<&str> = logs.iter().map(String::as_str).collect();
    for class in items(root, "class") {
        let name = leaf_text(class, "name").unwrap_or_default();
        for field in ["issued_in", "used_in"] {
            let Some(Node { tree: Tree::Leaf(value), origin }) = class.get(field) else { continue };
            let named = value::texts(value).or_else(|| Some(vec![value::text(value)?])).unwrap_or_default();
            if named.is_empty() {
                let what = format!("`{field}` of class `{name}` names no log");
                problems.push(Problem { origin: origin.clone(), what, hint: nearest_or_all("", &logs) });
            }
            for log in named.iter().filter(|log| !logs.contains(&log.as_str())) {
                let what = format!("`{field}` of class `{name}` names a log `{log}`, and there is none");
                let hint = nearest_or_all(log, &logs).unwrap_or_else(|| format!("add a [[log]] named `{log}`"));
                problems.push(Problem { origin: origin.clone(), what, hint: Some(hint) });
            }
        }
    }
}

fn suppressions_say_what(root: &Node, problems: &mut Vec<Problem>) {
    for item in items(root, "suppress") {
        if item.get("finding").is_some() == item.get("detector").is_some() {
            let what = "[[suppress]] must name a `finding` or a `detector`, and not both".to_owned();
            problems.push(Problem { origin: item.origin.clone(), what, hint: None });
        }
    }
}

/// Roles may only do what there is to do, and a secret comes from one place.
fn privacy_says_how(root: &Node, problems: &mut Vec<Problem>) {
    let Some(privacy) = root.get("privacy") else { return };
    let deeds: Vec<&str> = Deed::ALL.iter().map(|deed| deed.word()).collect();
    for role in items(privacy, "role") {
        let name = leaf_text(role, "name").unwrap_or_default();
        let Some(Node { tree: Tree::Leaf(may), origin }) = role.get("may") else { continue };
        for word in value::texts(may).unwrap_or_default().iter().filter(|word| Deed::named(word).is_none()) {
            let what = format!("role `{name}` may `{word}`, which is nothing there is to do");
            problems.push(Problem { origin: origin.clone(), what, hint: nearest_or_all(word, &deeds) });
        }
    }
    if let Some(secret) = privacy.get("dictionary_key") {
        doors::one_way(secret, "dictionary_key", problems);
    }
}

/// Every value that is set, and every default that is not.
fn explained(root: &Node) -> Vec<Explained> {
    let mut all = Vec::new();
    explain(root, ROOT, "", &mut all);
    all
}

fn explain(node: &Node, fields: &'static [Field], place: &str, all: &mut Vec<Explained>) {
    for field in fields {
        let name = if place.is_empty() { field.name.to_owned() } else { format!("{place}.{}", field.name) };
        match (node.get(field.name), field.kind) {
            (Some(table), Kind::Table(inner)) => explain(table, inner, &name, all),
            (None, Kind::Table(inner)) => explain(&Node::empty(), inner, &name, all),
            (Some(Node { tree: Tree::Tables(items), .. }), Kind::Tables(inner)) => {
                for (at, item) in items.iter().enumerate() {
                    let label = ["name", "ref", "endpoint"].iter().find_map(|label| leaf_text(item, label));
                    let label = label.unwrap_or_else(|| (at + 1).to_string());
                    explain(item, inner, &format!("{name}[{label}]"), all);
                }
            }
            (Some(node), _) => {
                all.push(Explained { name, value: node.plain().to_string(), origin: node.origin.clone() });
            }
            (None, kind) => {
                let Need::Default(text) = field.need else { continue };
                let bare = matches!(kind, Kind::Bool | Kind::Count | Kind::Share);
                let value = if bare { text.to_owned() } else { toml::Value::from(text).to_string() };
                all.push(Explained { name, value, origin: Origin::Default });
            }
        }
    }
}
