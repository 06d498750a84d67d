//! Sigma rules as they are written: read, checked, and given what the engine needs of them.
//!
//! A rule is known by its id, else by its name, else by its title. What a rule may ask of our engine
//! beyond Sigma (`rsigma.*` attributes: buffers, clocks) is taken out, since it would undo our limits.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rsigma_parser::{
    ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, Detection, DetectionItem, Level,
    Modifier, SigmaRule, SigmaValue, Status, parse_sigma_yaml,
};
use serde::{Deserialize, Serialize};
use sever_model::{Confidence, Severity};

/// A file of rules: YAML, one or several documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// What messages and findings call it.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Why a file of rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// What is wrong, with the place where there is one.
    pub what: String,
    /// What to do.
    pub hint: &'static str,
}

/// What the findings of a rule say of it.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub key: String,
    pub title: String,
    pub file: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub techniques: String,
    pub description: String,
    pub false_positives: String,
    /// Only counted by a correlation, and no finding of its own.
    pub silent: bool,
    /// For a correlation: its kind, its time span as written, the fields it groups by.
    pub correlation: Option<(&'static str, String, Vec<String>)>,
}

/// All rules of all files.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub detections: Vec<SigmaRule>,
    pub correlations: Vec<CorrelationRule>,
    /// By key, in the order of files: detections, then correlations.
    pub about: Vec<About>,
    /// What cannot run anywhere, and why: by key.
    pub refused: BTreeMap<String, String>,
}

const MICROS: u64 = 1_000_000;
/// Longer windows are no windows.
const TIMESPAN_SECS_MAX: u64 = 10 * 365 * 86_400;
/// How many ways through the hits of an ordered correlation may be tried for one event.
const ORDERED_TRIES_MAX: f64 = 100_000.0;
const LOOK: &str = "Sigma's specification says what a rule may hold; mend the rule, or move it out of the folder";

impl Rules {
    /// Reads files, and says of each what is wrong with it.
    pub fn read(files: &[RuleFile]) -> (Rules, Vec<RuleError>) {
        let (mut rules, mut errors) = (Rules::default(), Vec::new());
        let mut names: HashMap<String, String> = HashMap::new();
        for RuleFile { file, text } in files {
            let mut wrong =
                |what: String, hint| errors.push(RuleError { file: file.clone(), what: one_line(&what), hint });
            let read = match parse_sigma_yaml(text) {
                Ok(read) => read,
                Err(error) => {
                    wrong(error.to_string(), LOOK);
                    continue;
                }
            };
            if read.errors.is_empty() && read.is_empty() {
                wrong("holds no rule".to_owned(), LOOK);
            }
            read.errors.into_iter().for_each(|error| wrong(error, LOOK));
            let mut is_new = |key: &str, title: &str| match names.insert(key.to_owned(), file.clone()) {
                Some(before) => {
                    wrong(
                        format!("rule `{title}`: its id `{key}` is also in {before}"),
                        "give each rule an id of its own",
                    );
                    false
                }
                None => true,
            };
            for mut rule in read.rules {
                let key = key(&rule.id, &rule.name, &rule.title);
                if is_new(&key, &rule.title) {
                    rule.id = Some(key);
                    rules.detection(rule, file);
                }
            }
            for mut rule in read.correlations {
                let key = key(&rule.id, &rule.name, &rule.title);
                if is_new(&key, &rule.title) {
                    rule.id = Some(key);
                    rules.correlation(rule, file);
                }
            }
            for filter in read.filters {
                wrong(
                    format!("`{}` is a filter, and filters are not run", filter.title),
                    "write what is to be left out into the rule's own condition (`selection and not known`)",
                );
            }
        }
        rules.refer(&mut errors);
        rules.compile(&mut errors);
        (rules, errors)
    }

    fn detection(&mut self, mut rule: SigmaRule, file: &str) {
        rule.custom_attributes.clear();
        let key = rule.id.clone().unwrap_or_default();
        if let Some(why) = rule.detection.named.values().find_map(not_run) {
            self.refused.insert(key.clone(), why);
        } else if rule.detection.timeframe.is_some() {
            self.refused.insert(key.clone(), "`timeframe`: write a correlation".to_owned());
        }
        self.about.push(About {
            key,
            title: one_line(&rule.title),
            file: file.to_owned(),
            severity: severity(rule.level),
            confidence: confidence(rule.status),
            techniques: techniques(&rule.tags),
            description: short(rule.description.as_deref().unwrap_or("")),
            false_positives: short(&rule.falsepositives.join("; ")),
            silent: false,
            correlation: None,
        });
        self.detections.push(rule);
    }

    fn correlation(&mut self, mut rule: CorrelationRule, file: &str) {
        rule.custom_attributes.clear();
        self.about.push(About {
            key: rule.id.clone().unwrap_or_default(),
            title: one_line(&rule.title),
            file: file.to_owned(),
            severity: severity(rule.level),
            confidence: confidence(rule.status),
            techniques: techniques(&rule.tags),
            description: short(rule.description.as_deref().unwrap_or("")),
            false_positives: short(&rule.falsepositives.join("; ")),
            silent: false,
            correlation: Some((rule.correlation_type.as_str(), rule.timespan.original.clone(), rule.group_by.clone())),
        });
        // The engine counts in whole numbers and calls them seconds; ours are microseconds, so that an
        // event a moment too late is too late.
        let micros = |secs: u64| secs.min(TIMESPAN_SECS_MAX) * MICROS;
        rule.timespan.seconds = micros(rule.timespan.seconds);
        if let Some(gap) = &mut rule.gap {
            gap.seconds = micros(gap.seconds);
        }
        let in_time = matches!(rule.correlation_type, CorrelationType::Temporal | CorrelationType::TemporalOrdered);
        if in_time && let CorrelationCondition::Threshold { predicates, .. } = &mut rule.condition {
            // Sigma means all of its rules; the parser reads a missing condition as any.
            *predicates = vec![(ConditionOperator::Gte, rule.rules.len() as u64)];
        }
        if rule.correlation_type == CorrelationType::TemporalOrdered {
            // The engine tries every way through the hits: with few kept, that is soon done.
            let kept = ORDERED_TRIES_MAX.powf(1.0 / rule.rules.len().max(1) as f64).max(1.0) as u64;
            rule.custom_attributes.insert("rsigma.max_group_entries".to_owned(), kept.to_string().into());
        }
        self.correlations.push(rule);
    }

    /// Checks what correlations refer to, and marks what only they hear of.
    fn refer(&mut self, errors: &mut Vec<RuleError>) {
        let mut by_name: HashMap<&str, &str> = HashMap::new();
        let detections = self.detections.iter().map(|rule| (&rule.id, &rule.name));
        let all = detections.chain(self.correlations.iter().map(|rule| (&rule.id, &rule.name)));
        for (id, name) in all {
            let key = id.as_deref().unwrap_or_default();
            by_name.insert(key, key);
            by_name.entry(name.as_deref().unwrap_or(key)).or_insert(key);
        }
        let mut silent: BTreeSet<String> = BTreeSet::new();
        for rule in &self.correlations {
            for of in &rule.rules {
                match by_name.get(of.as_str()) {
                    Some(key) if !rule.generate => {
                        silent.insert((*key).to_owned());
                    }
                    Some(_) => {}
                    None => errors.push(RuleError {
                        file: self.file_of(rule.id.as_deref().unwrap_or_default()),
                        what: format!("rule `{}`: there is no rule `{of}`", one_line(&rule.title)),
                        hint: "a correlation names other rules by their `id` or `name`; put them in the same folder",
                    }),
                }
            }
        }
        for about in &mut self.about {
            about.silent = silent.contains(&about.key);
        }
    }

    /// Tries every rule, so that what cannot be compiled is told with its file.
    fn compile(&self, errors: &mut Vec<RuleError>) {
        for rule in &self.detections {
            if let Err(error) = rsigma_eval::compile_rule(rule) {
                let hint = match error {
                    rsigma_eval::EvalError::InvalidRegex(_) => {
                        "expressions run in linear time: look-around and back-references are not supported"
                    }
                    _ => LOOK,
                };
                errors.push(RuleError {
                    file: self.file_of(rule.id.as_deref().unwrap_or_default()),
                    what: format!("rule `{}`: {}", one_line(&rule.title), one_line(&error.to_string())),
                    hint,
                });
            }
        }
    }

    fn file_of(&self, key: &str) -> String {
        self.about_of(key).map_or_else(String::new, |about| about.file.clone())
    }

    pub fn about_of(&self, key: &str) -> Option<&About> {
        self.about.iter().find(|about| about.key == key)
    }

    /// The key of the rule that a correlation names.
    pub fn key_of<'a>(&'a self, name: &'a str) -> &'a str {
        if self.about_of(name).is_some() {
            return name;
        }
        let detections = self.detections.iter().map(|rule| (&rule.id, &rule.name));
        let mut all = detections.chain(self.correlations.iter().map(|rule| (&rule.id, &rule.name)));
        all.find(|(_, own)| own.as_deref() == Some(name)).and_then(|(id, _)| id.as_deref()).unwrap_or(name)
    }
}

/// The fields that a detection rule looks at, sorted.
pub(super) fn fields_of(rule: &SigmaRule) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    let mut left: Vec<&Detection> = rule.detection.named.values().collect();
    while let Some(detection) = left.pop() {
        match detection {
            Detection::AllOf(items) => items.iter().for_each(|item| item_fields(item, &mut fields)),
            Detection::AnyOf(parts) | Detection::And(parts) => left.extend(parts),
            Detection::Keywords(_) | Detection::ArrayMatch { .. } | Detection::Conditional { .. } => {}
        }
    }
    fields
}

fn item_fields(item: &DetectionItem, fields: &mut BTreeSet<String>) {
    fields.extend(item.field.name.clone());
    if item.field.has_modifier(Modifier::FieldRef) {
        fields.extend(item.values.iter().filter_map(|value| match value {
            SigmaValue::String(text) => Some(text.original.clone()),
            _ => None,
        }));
    }
}

/// The fields that a correlation looks at in the events of one of its rules.
pub(super) fn correlated_fields(rule: &CorrelationRule, of: &[&str]) -> BTreeSet<String> {
    let alias = |name: &String| {
        let alias = rule.aliases.iter().find(|alias| alias.alias == *name);
        let own = alias.and_then(|alias| of.iter().find_map(|name| alias.mapping.get(*name)));
        own.unwrap_or(name).clone()
    };
    let mut fields: BTreeSet<String> = rule.group_by.iter().map(alias).collect();
    if let CorrelationCondition::Threshold { field: Some(counted), .. } = &rule.condition {
        fields.extend(counted.iter().cloned());
    }
    fields
}

/// The most events that a correlation's condition counts to.
pub(super) fn counts_to(rule: &CorrelationRule) -> u64 {
    match &rule.condition {
        CorrelationCondition::Threshold { predicates, .. }
            if matches!(rule.correlation_type, CorrelationType::EventCount | CorrelationType::ValueCount) =>
        {
            predicates.iter().map(|(_, count)| *count).max().unwrap_or(0)
        }
        _ => 0,
    }
}

/// What in a detection is not run, if anything.
fn not_run(detection: &Detection) -> Option<String> {
    let mut left = vec![detection];
    while let Some(detection) = left.pop() {
        match detection {
            Detection::AllOf(items) => {
                if items.iter().any(|item| item.field.is_keyword()) {
                    return Some("keywords: the record's own text is not kept".to_owned());
                }
                if items.iter().any(|item| item.field.has_modifier(Modifier::Expand)) {
                    return Some("`|expand`: there are no placeholders to fill in".to_owned());
                }
            }
            Detection::AnyOf(parts) | Detection::And(parts) => left.extend(parts),
            Detection::Keywords(_) => return Some("keywords: the record's own text is not kept".to_owned()),
            Detection::ArrayMatch { field, .. } => {
                return Some(format!("`{field}[…]`: events hold no lists of objects"));
            }
            Detection::Conditional { .. } => return Some("conditions inside a list".to_owned()),
        }
    }
    None
}

fn key(id: &Option<String>, name: &Option<String>, title: &str) -> String {
    id.as_deref().or(name.as_deref()).unwrap_or(title).to_owned()
}

const fn severity(level: Option<Level>) -> Severity {
    match level {
        Some(Level::Informational) => Severity::Info,
        Some(Level::Low) => Severity::Low,
        Some(Level::Medium) | None => Severity::Medium,
        Some(Level::High) => Severity::High,
        Some(Level::Critical) => Severity::Critical,
    }
}

const fn confidence(status: Option<Status>) -> Confidence {
    match status {
        Some(Status::Stable | Status::Test) | None => Confidence::Likely,
        Some(Status::Experimental | Status::Deprecated | Status::Unsupported) => Confidence::Possible,
    }
}

/// `attack.t1098.001` as `T1098.001`.
fn techniques(tags: &[String]) -> String {
    let ids = tags.iter().filter_map(|tag| tag.strip_prefix("attack.t")).filter(|id| {
        id.starts_with(|first: char| first.is_ascii_digit())
            && id.chars().all(|char| char.is_ascii_digit() || char == '.')
    });
    ids.map(|id| format!("T{id}")).collect::<Vec<_>>().join(", ")
}

/// One line of a description.
const SHORT_CHARS: usize = 400;

fn short(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(SHORT_CHARS) {
        Some((cut, _)) => format!("{}…", line.get(..cut).unwrap_or_default()),
        None => line,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
