//! Who may see what of people: roles, the veil, the record of it, and the key of subjects' ids.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sever_detect::registry;
use sever_lake::{DictionaryKey, DictionaryWriter};
use sever_model::Secret;
use sever_store::Access;

use super::{Site, cannot_read, lake_failure, secret};
use crate::cli::Global;
use crate::cli::output::Output;
use crate::config::{Deed, Role};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::veil::Veil;

/// Letters of the shortest reason: `case 7`.
const REASON_CHARS_MIN: usize = 5;

impl Site {
    /// Puts the veil before the answers, or lifts it for somebody who may, which is recorded.
    ///
    /// # Errors
    /// When `--reveal` is asked for by somebody who may not, or without a reason.
    pub(super) fn protect(&mut self, global: &Global, out: &mut Output) -> Result<(), Failure> {
        if !self.config.privacy.pseudonyms {
            return Ok(());
        }
        if global.reveal.is_some() {
            return self.allow(Deed::Reveal, global).map(|_| ());
        }
        out.veil(Veil::new(self.store.dir().to_owned(), crate::clock::now().as_event()));
        Ok(())
    }

    /// Lets somebody who may do a thing with people's data do it, and records it first. The record,
    /// for telling.
    ///
    /// # Errors
    /// When no role of theirs allows it, or no reason is given.
    pub fn allow(&mut self, deed: Deed, global: &Global) -> Result<Access, Failure> {
        let who = crate::operator::login();
        let reason = global.reveal.as_deref().unwrap_or_default().trim().to_owned();
        if reason.chars().count() < REASON_CHARS_MIN {
            return Err(Failure::new(format!("`{}` needs a reason, which is recorded", deed.word()))
                .hint("`--reveal \"case 77: who could have read the key\"`; at least five letters")
                .exit(Exit::Refused));
        }
        let role = self.role(deed, &who, global.role.as_deref())?.name.clone();
        let at = crate::clock::now();
        let access = Access { at, who, role, reason, what: command() };
        self.store_mut(async |store| store.record_access(&access).await)?;
        Ok(access)
    }

    /// Records something that nobody needs a role for. The record, for telling.
    ///
    /// # Errors
    /// When no reason is given, or the store fails.
    pub fn record(&mut self, reason: &str) -> Result<Access, Failure> {
        let reason = reason.trim().to_owned();
        if reason.chars().count() < REASON_CHARS_MIN {
            return Err(Failure::usage("it needs a reason, which is recorded").hint("at least five letters: `case 7`"));
        }
        let (at, who) = (crate::clock::now(), crate::operator::login());
        let access = Access { at, who, role: "none".to_owned(), reason, what: command() };
        self.store_mut(async |store| store.record_access(&access).await)?;
        Ok(access)
    }

    /// Lets somebody work on cases: anybody, unless roles say who may. Returns who it is.
    ///
    /// # Errors
    /// When a role says who may, and none of theirs does.
    pub fn may_work_on_cases(&self, global: &Global) -> Result<String, Failure> {
        let who = crate::operator::login();
        if self.config.privacy.roles.iter().any(|role| role.may.contains(&Deed::Case)) {
            self.role(Deed::Case, &who, global.role.as_deref())?;
        }
        Ok(who)
    }

    /// The role in which a login may do a thing.
    fn role(&self, deed: Deed, who: &str, wanted: Option<&str>) -> Result<&Role, Failure> {
        let roles = &self.config.privacy.roles;
        if let Some(name) = wanted
            && !roles.iter().any(|role| role.name == name)
        {
            return Err(Failure::unknown("role", name, roles.iter().map(|role| role.name.as_str())));
        }
        let mut fitting = roles.iter().filter(|role| wanted.is_none_or(|name| role.name == name));
        fitting.find(|role| role.allows(who, deed)).ok_or_else(|| {
            Failure::new(format!("no role of `{who}` may `{}`", deed.word()))
                .hint(format!(
                    "in severance.toml:\n[[privacy.role]]\nname = \"investigator\"\nwho = [\"{who}\"]\nmay = [\"{}\"]",
                    deed.word()
                ))
                .exit(Exit::Refused)
        })
    }

    /// The id that a word stands for, where it is a pseudonym; else the word. Who asks for somebody by
    /// name who is employed learns their pseudonym: that is recorded.
    ///
    /// # Errors
    /// When the store fails.
    pub fn real(&mut self, word: &str) -> Result<String, Failure> {
        if let Some(real) = self.store(async |store| store.real_name(word).await)? {
            return Ok(real);
        }
        let at = crate::clock::now();
        let named = self.store(async |store| store.names(&[word]).await)?;
        let employed = named.values().any(|known| known.until.is_none_or(|until| until > at.as_event()));
        if employed && self.config.privacy.pseudonyms {
            let reason = "asked for by name".to_owned();
            let access = Access { at, who: crate::operator::login(), role: "none".to_owned(), reason, what: command() };
            self.store_mut(async |store| store.record_access(&access).await)?;
        }
        Ok(word.to_owned())
    }

    /// The detectors that rank people by their behaviour and are off for want of a legal basis.
    ///
    /// # Errors
    /// When the store fails.
    pub fn without_basis(&self) -> Result<Vec<&'static str>, Failure> {
        let now = crate::clock::now();
        let bases = self.store(async |store| store.bases().await)?;
        let holds = |id: &str| bases.iter().any(|it| it.detector == id && it.until.is_none_or(|until| until > now));
        let profiling = registry::DETECTORS.iter().filter(|registered| registered.meta.profiles_people);
        Ok(profiling.map(|registered| registered.meta.id).filter(|id| !holds(id)).collect())
    }

    /// Says which detectors are off for want of a legal basis.
    ///
    /// # Errors
    /// When the store fails.
    pub fn basis_note(&self, notes: &mut Vec<String>) -> Result<(), Failure> {
        let off = self.without_basis()?;
        if !off.is_empty() {
            notes.push(format!(
                "off, for they rank people and no legal basis is recorded: {} (`sever privacy basis` records one)",
                off.join(", ")
            ));
        }
        Ok(())
    }

    /// Where the ids of subjects lie, encrypted.
    pub fn dictionary_path(&self) -> PathBuf {
        self.store.dir().join("subjects.sealed")
    }

    /// The key of the subjects' ids: as configured, else a file in the data directory that is made on
    /// first use.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn dictionary_key(&self) -> Result<DictionaryKey, Failure> {
        let (digits, place) = match &self.config.privacy.dictionary_key {
            Some(from) => {
                (secret::fetch(from, "the key of the subjects' ids")?, "`dictionary_key` of `[privacy]`".to_owned())
            }
            None => {
                let path = self.store.dir().join("subjects.key");
                (Secret::new(read_or_make(&path)?), path.display().to_string())
            }
        };
        DictionaryKey::parse(digits.expose()).ok_or_else(|| {
            Failure::usage(format!("{place} is no key: 64 hexadecimal digits are expected"))
                .hint("`openssl rand -hex 32` makes one; another key than before opens nothing written with that")
        })
    }

    /// Opens the dictionary of subjects for writing.
    ///
    /// # Errors
    /// When it cannot be used, or was sealed with another key.
    pub(super) fn dictionary(&self) -> Result<DictionaryWriter, Failure> {
        DictionaryWriter::open(&self.dictionary_path(), &self.dictionary_key()?).map_err(lake_failure)
    }
}

/// The command as it was typed, for the record.
fn command() -> String {
    let words = std::env::args().skip(1);
    std::iter::once("sever".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Reads a key, or makes it, readable by nobody else. Where another process was first, its key counts.
fn read_or_make(path: &Path) -> Result<String, Failure> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map_err(|error| cannot_read(path, error)),
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => writeln!(file, "{}", DictionaryKey::random().digits().expose())?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(cannot_read(path, error)),
    }
    std::fs::read_to_string(path).map_err(|error| cannot_read(path, error))
}
