//! What an answer of PostgreSQL's means for a door; pure.

use sever_model::act::Tried;
use sever_model::{Control, ControlKind, DoorState, UnknownWhy, VerdictStrength};

use super::wire::Failed;

/// What came of signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The role is in, or would be in another database.
    LetIn(String),
    /// The password was taken, and the role may not log in.
    NotPermitted(String),
    /// The password was not taken, or there is no such role: the server answers the same.
    WrongPassword(String),
    /// Turned away before the password: by `pg_hba.conf`, or a role that does not exist where none is asked.
    TurnedAway(String),
    /// Nothing that says anything of the door.
    NoAnswer(UnknownWhy, String),
}

/// How a role stands in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// `LOGIN`.
    MayLogIn,
    /// `NOLOGIN`.
    MayNot,
    /// There is none of the name.
    Gone,
    /// It cannot be looked at, and why that leaves it unknown where nothing else was tried.
    Hidden(UnknownWhy, String),
}

/// What a session of ours sees of a door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    /// Whether the door is there.
    pub(crate) is_there: bool,
    /// In words.
    pub(crate) evidence: String,
    /// What the same session must see.
    pub(crate) control: Control,
}

impl Entry {
    /// What an attempt came to.
    pub(crate) fn of(entered: Result<(), Failed>) -> Entry {
        let failed = match entered {
            Ok(()) => return Entry::LetIn("let in".to_owned()),
            Err(failed) => failed,
        };
        let Failed::Refused(refusal) = &failed else {
            let (why, what) = failed.unknown();
            return Entry::NoAnswer(why, what);
        };
        let words = refusal.words();
        match refusal.code.as_str() {
            "28P01" => Entry::WrongPassword(words),
            // The one function that looks at `LOGIN`, and, where no password is asked, whether the role
            // is there at all: told apart by its words, which may be of another language.
            "28000" if refusal.routine == "InitializeSessionUserId" && !refusal.message.contains("does not exist") => {
                Entry::NotPermitted(words)
            }
            "28000" => Entry::TurnedAway(words),
            // Signed in, and refused one database: others may let it in.
            "42501" => Entry::LetIn(words),
            _ => {
                let (why, what) = failed.unknown();
                Entry::NoAnswer(why, what)
            }
        }
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        match self {
            Entry::LetIn(words)
            | Entry::NotPermitted(words)
            | Entry::WrongPassword(words)
            | Entry::TurnedAway(words) => words.clone(),
            Entry::NoAnswer(why, words) => format!("{why}: {words}"),
        }
    }
}

/// What trying a login showed; `entry` is `None` where there was nothing to try it with.
pub(crate) fn login(entry: Option<Entry>, standing: Standing, positive: Control, negative: &Entry) -> Tried {
    // Where a name that nobody has is not asked for a password, neither may the leaver's be: the door
    // is then closed by `NOLOGIN` all the same, and the answer says so.
    let asks = matches!(negative, Entry::WrongPassword(_));
    let negative = Control {
        kind: ControlKind::Negative,
        what: "a name that nobody has, with a password that was never set".to_owned(),
        answer: negative.words(),
        held: !matches!(negative, Entry::LetIn(_) | Entry::NotPermitted(_) | Entry::NoAnswer(..)),
    };
    let holds = positive.held && negative.held;
    let controls = vec![positive, negative];
    let tried =
        |state: DoorState, strength: VerdictStrength, evidence: String| Tried { state, strength, evidence, controls };
    let failed = DoorState::Unknown(UnknownWhy::ControlFailed);
    match (entry, standing) {
        (Some(Entry::LetIn(words)), _) => open(VerdictStrength::Tried, words),
        (Some(Entry::NoAnswer(why, words)), _) => unknown(why, words),
        (Some(Entry::NotPermitted(words)), _) => {
            let note = if asks { "" } else { "; the server may not ask for a password here (pg_hba.conf)" };
            let state = if holds { DoorState::Closed } else { failed };
            tried(state, VerdictStrength::Tried, format!("{words}{note}"))
        }
        (entry, Standing::Gone | Standing::MayNot) => {
            let state = if holds { DoorState::Closed } else { failed };
            let words = entry.map_or_else(|| "nothing to try it with".to_owned(), |entry| entry.words());
            tried(state, VerdictStrength::Observed, format!("{words}; pg_roles shows no such role that may log in"))
        }
        (None, Standing::MayLogIn) => {
            tried(DoorState::Open { until: None }, VerdictStrength::Observed, "pg_roles shows rolcanlogin".to_owned())
        }
        (None, Standing::Hidden(why, words)) => tried(DoorState::Unknown(why), VerdictStrength::Observed, words),
        (Some(entry), Standing::MayLogIn | Standing::Hidden(..)) => {
            tried(DoorState::Unknown(UnknownWhy::Ambiguous), VerdictStrength::Tried, entry.words())
        }
    }
}

/// What looking showed.
pub(crate) fn seen(sight: Sight) -> Tried {
    let state = match (sight.is_there, sight.control.held) {
        (true, _) => DoorState::Open { until: None },
        (false, true) => DoorState::Closed,
        (false, false) => DoorState::Unknown(UnknownWhy::ControlFailed),
    };
    Tried { state, strength: VerdictStrength::Observed, evidence: sight.evidence, controls: vec![sight.control] }
}

/// That the same session sees something of the kind.
pub(crate) fn sees(what: String, count: u64) -> Control {
    let answer = crate::row::counted(count, "row");
    Control { kind: ControlKind::Positive, what: format!("our session sees {what}"), answer, held: count > 0 }
}

/// A door that opened.
pub(crate) fn open(strength: VerdictStrength, evidence: String) -> Tried {
    Tried { state: DoorState::Open { until: None }, strength, evidence, controls: Vec::new() }
}

/// A door of which nobody knows.
pub(crate) fn unknown(why: UnknownWhy, evidence: String) -> Tried {
    Tried { state: DoorState::Unknown(why), strength: VerdictStrength::Observed, evidence, controls: Vec::new() }
}

#[cfg(test)]
mod tests;
