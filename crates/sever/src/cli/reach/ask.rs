//! One question about a reach, and its answer with everything that it was made from.

use std::collections::BTreeMap;
use std::path::Path;

use sever_lake::{Detail, Filter, Pivot, ReachAnswer, ReachQuery};
use sever_model::{
    Cap, EventTime, FROZEN_VERSION, Figures, Frozen, FrozenDay, FrozenStep, Inputs, Question, SubjectRegister,
    sha256_hex,
};

use super::cover::Cover;
use super::{date, thing};
use crate::cli::output::Output;
use crate::cli::site::{Site, cannot_read, lake_failure};
use crate::exit::Exit;
use crate::hint::Failure;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Whose reach.
    pub things: Vec<(Pivot, String)>,
    /// Only uses judged so.
    pub judged: Option<String>,
    /// Only uses from then on.
    pub from: Option<EventTime>,
    /// Only uses before then.
    pub to: Option<EventTime>,
    /// An independent count of requests.
    pub cap: Option<Cap>,
    /// Whether the people are listed.
    pub listed: bool,
    /// Whether the answer will be frozen, so that the tables behind it are digested.
    pub to_freeze: bool,
}

/// An answer.
pub struct Asked {
    /// What was asked.
    pub ask: Ask,
    /// What the rows say.
    pub answer: ReachAnswer,
    /// What they cover.
    pub cover: Cover,
    /// What it was made from.
    pub inputs: Inputs,
}

impl Ask {
    /// The same question as a frozen answer's.
    ///
    /// # Errors
    /// When it is about a kind of thing that this program does not know.
    pub fn again(frozen: &Frozen) -> Result<Ask, Failure> {
        let Question { things, judged, from, to } = frozen.question.clone();
        let pivot = |(kind, id): (String, String)| {
            let pivots = Pivot::ALL.iter().map(|pivot| pivot.word());
            Ok((Pivot::named(&kind).ok_or_else(|| Failure::unknown("kind of thing", &kind, pivots))?, id))
        };
        let things = things.into_iter().map(pivot).collect::<Result<_, Failure>>()?;
        Ok(Ask { things, judged, from, to, cap: frozen.inputs.cap.clone(), listed: false, to_freeze: true })
    }

    /// What these words stand for.
    ///
    /// # Errors
    /// When one stands for nothing here.
    pub fn about(
        site: &mut Site,
        words: &[String],
        kind: Option<super::Kind>,
    ) -> Result<Vec<(Pivot, String)>, Failure> {
        let mut things = Vec::new();
        for word in words {
            let word = site.real(word)?;
            let found = thing(site, &word, kind)?;
            if !things.contains(&found) {
                things.push(found);
            }
        }
        Ok(things)
    }

    /// Its things in words: `key kid-1 and account crm/ann`.
    pub fn words(&self) -> String {
        let things: Vec<String> = self.things.iter().map(|(pivot, id)| format!("{} {id}", pivot.word())).collect();
        things.join(" and ")
    }

    /// The title of its answer.
    pub fn title(&self) -> String {
        match &self.judged {
            Some(judged) => format!("reach of {}, judged {judged}", self.words()),
            None => format!("reach of {}", self.words()),
        }
    }

    /// The command that answers it.
    pub fn command(&self) -> String {
        let mut command = "sever reach".to_owned();
        for (_, id) in &self.things {
            command.push(' ');
            command.push_str(id);
        }
        let time = |time: EventTime| time.to_string();
        for (flag, value) in
            [("--judged", self.judged.clone()), ("--from", self.from.map(time)), ("--to", self.to.map(time))]
        {
            if let Some(value) = value {
                command.push_str(&format!(" {flag} {value}"));
            }
        }
        command
    }

    /// Answers it.
    ///
    /// # Errors
    /// When the lake cannot be read, or has no such use.
    pub fn answer(self, site: &mut Site, out: &mut Output) -> Result<Asked, Failure> {
        let mut things = self.things.iter().cloned();
        let query = ReachQuery {
            filter: Filter { thing: things.next(), from: self.from, to: self.to },
            also: things.collect(),
            judged: self.judged.clone(),
            detail: Detail { split: true, listed: self.listed },
        };
        let register = site.register(out)?;
        let seen = register.as_ref().map(|register| register as &dyn SubjectRegister);
        // Looked at before: whoever writes meanwhile makes the answer newer than it says, never older.
        let inputs = match self.to_freeze {
            true => inputs(site, register.as_ref(), self.cap.clone())?,
            false => Inputs::default(),
        };
        let answer = site.reach(&query, seen)?;
        if answer.rows == 0 || answer.requests.attempted == 0 {
            let names: Vec<String> = self.things.iter().map(|(pivot, id)| format!("{} `{id}`", pivot.word())).collect();
            return Err(Failure::new(format!("no judged use of {} is kept", names.join(" or ")))
                .hint("`sever scan` judges the logs and keeps every use; `--judged` and `--from` narrow the answer")
                .exit(Exit::NothingLooked));
        }
        let cover = Cover::of(site, &self, &answer, seen)?;
        Ok(Asked { ask: self, answer, cover, inputs })
    }
}

impl Asked {
    /// Whether it says exactly how many people, and nothing is missing in the span.
    pub fn is_exact(&self) -> bool {
        self.cover.whole && self.cover.upper == Some(self.answer.lower)
    }

    /// The answer as it stands now and for ever.
    pub fn frozen(&self) -> Frozen {
        let (answer, cover) = (&self.answer, &self.cover);
        let named = |counts: &BTreeMap<Box<str>, u64>| {
            counts.iter().map(|(name, count)| (name.to_string(), *count)).collect::<BTreeMap<_, _>>()
        };
        let step =
            |step: &sever_lake::Step| FrozenStep { what: step.what.to_owned(), adds: step.adds, total: step.total };
        let day = |(day, by): (&i64, &sever_lake::ByDay)| FrozenDay {
            day: date(*day),
            requests: by.requests,
            people: by.people,
            new: by.new,
        };
        let things = self.ask.things.iter().map(|(pivot, id)| (pivot.word().to_owned(), id.clone())).collect();
        let Ask { judged, from, to, .. } = self.ask.clone();
        Frozen {
            version: FROZEN_VERSION,
            at: crate::clock::now(),
            question: Question { things, judged, from, to },
            figures: Figures {
                views: answer.requests.answered,
                at_least: answer.lower,
                at_most: cover.upper,
                people_by_field: people_by_field(answer),
                members: answer.members,
                others: answer.others,
                deleted: answer.deleted,
                nonexistent: answer.nonexistent,
                younger: answer.younger,
                attempted: answer.requests.attempted,
                refused: answer.requests.refused,
                outcome_unknown: answer.requests.unknown,
                unsaid: answer.unsaid,
                unnamed: answer.unnamed,
                addresses: answer.addresses,
                first: answer.first,
                last: answer.last,
            },
            steps: answer.steps.iter().map(step).chain(cover.steps.iter().cloned()).collect(),
            by_day: answer.by_day.iter().map(day).collect(),
            by_field: named(&answer.by_field),
            by_endpoint: named(&answer.by_endpoint),
            coverage: cover.said.clone(),
            inputs: self.inputs.clone(),
            digest: String::new(),
        }
        .sealed()
    }
}

/// Distinct pairs of a person and a field, where any log says which fields were in an answer.
pub fn people_by_field(answer: &ReachAnswer) -> Option<u64> {
    (!answer.by_field.is_empty()).then(|| answer.by_field.values().sum())
}

/// What an answer of this moment is made from.
fn inputs(site: &Site, register: Option<&sever_store::Register>, cap: Option<Cap>) -> Result<Inputs, Failure> {
    let dir = site.lake_dir();
    let overview = sever_lake::overview(&dir).map_err(lake_failure)?;
    let files = sever_lake::files(&dir).map_err(lake_failure)?;
    let name = |path: &Path| path.strip_prefix(&dir).unwrap_or(path).to_string_lossy().into_owned();
    let digest = |path: &Path| {
        let bytes = std::fs::read(path).map_err(|error| cannot_read(path, error))?;
        Ok::<_, Failure>(sha256_hex(&bytes))
    };
    let mut resolvers = BTreeMap::new();
    for resolver in &site.config.resolvers {
        let mut digests = Vec::new();
        for path in resolver.paths.files()? {
            digests.push(digest(&path)?);
        }
        resolvers.insert(resolver.endpoint.clone(), digests.join(" "));
    }
    let mut subject_sets = BTreeMap::new();
    for set in &site.config.subject_sets {
        subject_sets.insert(set.reference.clone(), digest(&set.path)?);
    }
    let stamp = site.store(async |store| store.setting("register").await)?.unwrap_or_default();
    let register = register.map(|register| {
        let meta = register.meta();
        let short: String = sha256_hex(stamp.as_bytes()).chars().take(12).collect();
        format!("{} ids, {} members, complete until {}, file {short}", meta.ids, meta.members, meta.complete_until)
    });
    Ok(Inputs {
        commit: overview.number,
        segments: files.iter().map(|path| name(path)).collect(),
        logs: overview.offsets.iter().map(|(log, offset)| (log.clone(), offset.bytes)).collect(),
        register,
        resolvers,
        subject_sets,
        cap,
        program: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
