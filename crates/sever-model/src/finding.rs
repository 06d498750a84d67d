//! Findings: claims by detectors, with the evidence a stranger needs to check them.
//!
//! A finding accuses a credential before a person. Its identity is its detector and the things it
//! accuses, so that the same wrong is the same finding in every run and however the log is cut up;
//! raising it again adds to its count. Bounded by [`crate::Limits::findings_max`] and, per finding,
//! [`crate::Limits::evidence_max`]; what falls past either is counted.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{EventTime, FindingId, FingerprintKey, Limits, SourceId};

/// What a detector is, for people: the registry, the pages and the machine-readable rules come from it.
#[derive(Debug)]
pub struct Meta {
    /// The detector's id: `token-never-issued`.
    pub id: &'static str,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// When it speaks, in one sentence.
    pub speaks_when: &'static str,
    /// When it stays quiet although it might seem to apply.
    pub quiet_when: &'static str,
    /// How bad it usually is.
    pub severity: Severity,
    /// How sure it usually is.
    pub confidence: Confidence,
    /// Who should act.
    pub audience: Audience,
    /// MITRE ATT&CK techniques.
    pub attack: &'static [&'static str],
    /// What to do.
    pub remediation: &'static str,
    /// What bounds its memory.
    pub bounded_by: &'static str,
    /// Whether it ranks people by their behaviour, and so needs a recorded legal basis.
    pub profiles_people: bool,
}

/// How bad. The exit code of the worst open finding is 11 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Tidy up.
    Low,
    /// Plan to fix.
    Medium,
    /// Fix today.
    High,
    /// Act now.
    Critical,
}

/// How sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// It may be so: an end date is uncertain, a match is by attributes.
    Possible,
    /// It is so unless a record misleads.
    Likely,
    /// A set-membership fact.
    Certain,
}

/// Who should act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Whoever is on call.
    Responder,
    /// Whoever owns the system or key.
    Engineer,
    /// Whoever reviews rights.
    Reviewer,
}

/// How far a finding has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It was said, and more evidence showed that it was wrong.
    Retracted,
    /// It may still be explained: never pages.
    Provisional,
    /// The settle window has passed, or it needs none.
    Confirmed,
}

/// What kind of thing a finding accuses or names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThingKind {
    /// A person who works or worked here.
    Person,
    /// An account.
    Account,
    /// A credential: a key, a token.
    Credential,
    /// A group.
    Group,
    /// A resource.
    Resource,
    /// An issuer.
    Issuer,
    /// A session.
    Session,
    /// A network address.
    Address,
    /// A log or source.
    Source,
    /// Client software, as it calls itself.
    Client,
}

impl ThingKind {
    /// The kind's word.
    pub const fn word(self) -> &'static str {
        match self {
            ThingKind::Person => "person",
            ThingKind::Account => "account",
            ThingKind::Credential => "credential",
            ThingKind::Group => "group",
            ThingKind::Resource => "resource",
            ThingKind::Issuer => "issuer",
            ThingKind::Session => "session",
            ThingKind::Address => "address",
            ThingKind::Source => "source",
            ThingKind::Client => "client",
        }
    }
}

/// A thing by kind and id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Thing {
    /// What kind.
    pub kind: ThingKind,
    /// Its id.
    pub id: String,
}

impl Thing {
    /// A thing of this kind and id.
    pub fn new(kind: ThingKind, id: impl Into<String>) -> Thing {
        Thing { kind, id: id.into() }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.id)
    }
}

/// Where a stranger can look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The log or source.
    pub source: SourceId,
    /// Byte offset of the record in the decompressed log; absent for a fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// When it happened.
    pub at: EventTime,
    /// What it shows, in one line without secrets.
    pub shows: String,
}

/// A claim by a detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Digest of detector and accused.
    pub id: FindingId,
    /// The detector's id.
    pub detector: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// How far it has got.
    pub stage: Stage,
    /// One sentence made of facts. `{count}` stands for [`Finding::count`], and `{count:use}` for it and its
    /// noun; see [`Finding::sentence`].
    pub title: String,
    /// What it accuses: the first is the thing itself, the others are named with it.
    pub things: Vec<Thing>,
    /// The first event it is about.
    pub first: EventTime,
    /// The last.
    pub last: EventTime,
    /// Log time at which it could first be said, and, once confirmed, be confirmed.
    pub known_at: EventTime,
    /// Events it is about, or 1 for a standing state.
    pub count: u64,
    /// Why it fired: each rule input and its value.
    pub inputs: Vec<(String, String)>,
    /// The first few records.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// The title with its count filled in: `{count} times`, `{count:use}` and `{count}` read `once`, `1 use`
    /// and `1`, or `7 times`, `7 uses` and `7`.
    pub fn sentence(&self) -> String {
        let mut sentence = match self.count {
            1 => self.title.replace("{count} times", "once").replace("{count}", "1"),
            count => self.title.replace("{count}", &count.to_string()),
        };
        while let Some((before, rest)) = sentence.split_once("{count:")
            && let Some((thing, after)) = rest.split_once('}')
        {
            sentence = format!("{before}{}{after}", counted(self.count, thing));
        }
        sentence
    }
}

/// So many of a thing: `1 use`, `7 uses`, `1 person`, `7 people`.
pub fn counted(count: u64, thing: &str) -> String {
    match (count, thing.strip_suffix("person")) {
        (1, _) => format!("1 {thing}"),
        (_, Some(before)) => format!("{count} {before}people"),
        (_, None) => format!("{count} {thing}s"),
    }
}

/// What a detector says when it speaks.
pub struct Raise<'a> {
    /// The detector.
    pub meta: &'static Meta,
    /// The thing accused: with the detector it is the finding's identity.
    pub accused: Thing,
    /// What else is part of the identity, such as a judgement; usually empty.
    pub variant: &'a str,
    /// How bad this time.
    pub severity: Severity,
    /// How sure this time.
    pub confidence: Confidence,
    /// How far.
    pub stage: Stage,
    /// For [`Stage::Retracted`], how far the word had got that is taken back.
    pub was: Option<Stage>,
    /// When it happened.
    pub at: EventTime,
    /// Log time at which it can be said.
    pub known_at: EventTime,
    /// The record that shows it.
    pub evidence: Evidence,
    /// The sentence, the other things named and the rule inputs; asked for only when the finding is
    /// new or has got graver.
    pub tell: &'a dyn Fn() -> (String, Vec<Thing>, Vec<(String, String)>),
}

/// The findings of a run.
#[derive(Debug)]
pub struct FindingSet {
    findings: Vec<Finding>,
    by_id: HashMap<u128, usize, foldhash::quality::RandomState>,
    /// Those that have ever been confirmed, by their place.
    confirmed: HashSet<usize>,
    /// How often each has changed in what it claims.
    revisions: Vec<u32>,
    /// Those that were touched since they were last asked for.
    touched: BTreeSet<usize>,
    findings_max: usize,
    evidence_max: usize,
    dropped: u64,
}

/// A set of findings as it is saved.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SavedFindings {
    findings: Vec<SavedFinding>,
    dropped: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedFinding {
    /// Its whole identity, in hexadecimal.
    key: String,
    revision: u32,
    /// Whether it has ever been confirmed.
    confirmed: bool,
    finding: Finding,
}

/// Finding ids must be equal in every installation, so they are fingerprinted under a public key.
const ID_KEY: FingerprintKey = FingerprintKey::new(*b"severance-findin");

impl FindingSet {
    /// None yet.
    pub fn new(limits: &Limits) -> FindingSet {
        FindingSet {
            findings: Vec::new(),
            by_id: HashMap::default(),
            confirmed: HashSet::new(),
            revisions: Vec::new(),
            touched: BTreeSet::new(),
            findings_max: limits.findings_max,
            evidence_max: limits.evidence_max,
            dropped: 0,
        }
    }

    /// Takes what a detector says: a new finding, or one more event of a known one.
    ///
    /// A finding gets graver and surer, never less so, but for a retraction, which takes one event
    /// back; when the last is taken back the finding is [`Stage::Retracted`]. A confirmed finding
    /// counts confirmed events only, so that taking back a provisional one leaves it as it is: late
    /// issuances of honest tokens must not wear away what is known of forged ones.
    pub fn raise(&mut self, raise: &Raise<'_>) {
        let key = identity(raise);
        let Some(&at) = self.by_id.get(&key) else {
            if raise.stage != Stage::Retracted {
                self.add(key, raise);
            }
            return;
        };
        let (Some(finding), Some(revision)) = (self.findings.get_mut(at), self.revisions.get_mut(at)) else { return };
        match (finding.stage, raise.stage) {
            (Stage::Confirmed, Stage::Retracted) if raise.was == Some(Stage::Provisional) => return,
            (_, Stage::Retracted) => {
                let same =
                    |kept: &Evidence| (&kept.source, kept.offset) == (&raise.evidence.source, raise.evidence.offset);
                finding.evidence.retain(|kept| !same(kept));
                finding.count = finding.count.saturating_sub(1);
                self.touched.insert(at);
                if finding.count == 0 && finding.stage != Stage::Retracted {
                    finding.stage = Stage::Retracted;
                    *revision += 1;
                }
                return;
            }
            (Stage::Confirmed, Stage::Provisional) => return,
            // What was only suspected, or taken back, tells nothing of what is said now.
            (Stage::Provisional | Stage::Retracted, Stage::Confirmed) | (Stage::Retracted, Stage::Provisional) => {
                finding.stage = raise.stage;
                (finding.severity, finding.confidence) = (raise.severity, raise.confidence);
                (finding.first, finding.last, finding.count) = (raise.at, raise.at, 0);
                finding.known_at = raise.known_at;
                finding.evidence.clear();
                tell(finding, raise);
                *revision += 1;
            }
            _ => {}
        }
        self.touched.insert(at);
        if raise.stage == Stage::Confirmed {
            self.confirmed.insert(at);
        }
        finding.count += 1;
        finding.first = finding.first.min(raise.at);
        finding.last = finding.last.max(raise.at);
        finding.known_at = finding.known_at.min(raise.known_at);
        if raise.severity > finding.severity || raise.confidence > finding.confidence {
            finding.severity = finding.severity.max(raise.severity);
            finding.confidence = finding.confidence.max(raise.confidence);
            tell(finding, raise);
            *revision += 1;
        }
        if finding.evidence.len() < self.evidence_max {
            finding.evidence.push(raise.evidence.clone());
        }
    }

    /// All findings, in the order they were first raised.
    pub fn all(&self) -> &[Finding] {
        &self.findings
    }

    /// Findings that did not fit.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The findings, gravest and earliest first, and how many did not fit. One that was never more
    /// than provisional and has been explained is none; one that was confirmed and taken back is told.
    pub fn into_sorted(mut self) -> (Vec<Finding>, u64) {
        let mut at = 0;
        self.findings.retain(|finding| {
            at += 1;
            finding.stage != Stage::Retracted || self.confirmed.contains(&(at - 1))
        });
        self.findings.sort_by(|a, b| {
            let rank = |f: &Finding| (std::cmp::Reverse(f.stage), std::cmp::Reverse(f.severity), f.first, f.id.clone());
            rank(a).cmp(&rank(b))
        });
        (self.findings, self.dropped)
    }

    /// Those that were raised or taken back since this was last asked, each with its revision, which
    /// grows with every change of what it claims: stage, severity, confidence. That its count grows is no
    /// revision. One that never was more than provisional and has been explained is among them.
    pub fn take_touched(&mut self) -> Vec<(u32, Finding)> {
        let touched = std::mem::take(&mut self.touched);
        let one = |at: usize| Some((*self.revisions.get(at)?, self.findings.get(at)?.clone()));
        touched.into_iter().filter_map(one).collect()
    }

    /// Whether any was raised or taken back since [`FindingSet::take_touched`].
    pub fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The set, to be loaded again.
    pub fn save(&self) -> SavedFindings {
        let mut keys = vec![0; self.findings.len()];
        for (key, at) in &self.by_id {
            if let Some(slot) = keys.get_mut(*at) {
                *slot = *key;
            }
        }
        let one = |(at, finding): (usize, &Finding)| SavedFinding {
            key: format!("{:032x}", keys.get(at).copied().unwrap_or(0)),
            revision: self.revisions.get(at).copied().unwrap_or(1),
            confirmed: self.confirmed.contains(&at),
            finding: finding.clone(),
        };
        SavedFindings { findings: self.findings.iter().enumerate().map(one).collect(), dropped: self.dropped }
    }

    /// The set that was saved. None of it counts as touched.
    pub fn load(saved: SavedFindings, limits: &Limits) -> FindingSet {
        let mut set = FindingSet::new(limits);
        set.dropped = saved.dropped;
        for one in saved.findings {
            let at = set.findings.len();
            set.by_id.insert(u128::from_str_radix(&one.key, 16).unwrap_or(0), at);
            set.revisions.push(one.revision);
            if one.confirmed {
                set.confirmed.insert(at);
            }
            set.findings.push(one.finding);
        }
        set
    }

    fn add(&mut self, key: u128, raise: &Raise<'_>) {
        if self.findings.len() >= self.findings_max {
            self.dropped += 1;
            return;
        }
        let mut finding = Finding {
            id: FindingId::from(format!("{:016x}", key as u64)),
            detector: raise.meta.id.to_owned(),
            severity: raise.severity,
            confidence: raise.confidence,
            stage: raise.stage,
            title: String::new(),
            things: Vec::new(),
            first: raise.at,
            last: raise.at,
            known_at: raise.known_at,
            count: 1,
            inputs: Vec::new(),
            evidence: vec![raise.evidence.clone()],
        };
        tell(&mut finding, raise);
        if raise.stage == Stage::Confirmed {
            self.confirmed.insert(self.findings.len());
        }
        self.by_id.insert(key, self.findings.len());
        self.touched.insert(self.findings.len());
        self.revisions.push(1);
        self.findings.push(finding);
    }
}

fn tell(finding: &mut Finding, raise: &Raise<'_>) {
    let (title, others, inputs) = (raise.tell)();
    finding.title = title;
    finding.things = std::iter::once(raise.accused.clone()).chain(others).collect();
    finding.inputs = inputs;
}

fn identity(raise: &Raise<'_>) -> u128 {
    let text = format!("{}\0{}\0{}\0{}", raise.meta.id, raise.accused.kind.word(), raise.accused.id, raise.variant);
    ID_KEY.fingerprint(text.as_bytes()).0
}
