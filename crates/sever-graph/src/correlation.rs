//! Whose an account is, and why we think so.
//!
//! A human's decision overrides everything. Then come exact ids: the employee number that the system
//! carries, a login that HR itself lists. Only then are attributes weighed: from [`MATCH_SCORE`] on
//! the account is taken to be that person's, from [`ASK_SCORE`] on a human is asked, below it is
//! nobody's. Two people who score nearly alike are a question, never a guess; so is an account that
//! was made after the only likely person had left, or that carries a number HR does not know.
//!
//! | what is alike | points |
//! |---|---|
//! | e-mail address | 85 |
//! | login is the part of their address before the `@` | 60 |
//! | login is made of their name (`jsmith`, `john.smith`, `smithj` …) | 50 |
//! | same name, in any order of its parts | 50 |
//! | similar name (a middle name more, a spelling) | 30 |
//! | another name | −10 |
//!
//! A fictional employee's account shares none of these with anybody, and so is nobody's. Candidates
//! come from indexes, never from comparing everybody with everybody; a key that more than
//! [`crate::keys::SHARED_MAX`] people share finds nobody, for it tells nothing.

use std::collections::HashMap;

use sever_model::{
    Account, AccountIx, AccountKind, Candidate, Certainty, Correlation, Entry, EventTime, Link, Person, PersonIx,
};

use crate::keys::{Gathered, Keys};
use crate::merge::Merged;

/// Points from which an account is taken to be a person's.
pub const MATCH_SCORE: u8 = 80;
/// Points from which a human is asked.
pub const ASK_SCORE: u8 = 50;
/// Candidates shown to a human.
const ASKED_MAX: usize = 5;
/// Points by which the best must lead the next.
const LEAD: i32 = 10;

const EMAIL: i32 = 85;
const LOCAL_PART: i32 = 60;
const LOGIN_OF_NAME: i32 = 50;
const SAME_NAME: i32 = 50;
const SIMILAR_NAME: i32 = 30;
const OTHER_NAME: i32 = -10;

/// How alike two parts of a name must be to be a spelling of one another, 0 to 1.
const SPELLING: f64 = 0.92;

/// Whose each account is.
pub(crate) fn correlate(merged: &Merged, as_of: EventTime, gaps: &mut Vec<String>) -> Vec<Correlation> {
    let index = Index::new(merged, as_of);
    let mut unknown = 0u64;
    let found = merged.accounts.iter().enumerate().map(|(at, entry)| {
        if let Some(link) = index.links.get(&AccountIx(at as u32)) {
            match decided(link, merged) {
                Some(correlation) => return correlation,
                None => unknown += 1,
            }
        }
        index.correlate(entry)
    });
    let found = found.collect();
    if unknown > 0 {
        gaps.push(format!("{unknown} decisions give an account to a person whom no HR source lists, and are not used"));
    }
    found
}

/// What a decision says; nothing where it names nobody we know.
fn decided(link: &Link, merged: &Merged) -> Option<Correlation> {
    let Some(person) = &link.person else { return Some(Correlation::Nobody) };
    let person = merged.person(person.as_str())?;
    let reason = format!("decided by {}: {}", link.decided_by, link.reason);
    Some(Correlation::Matched { person, reason, exact: Certainty::Yes })
}

struct Index<'a> {
    people: &'a [Entry<Person>],
    /// By when each person had left for good, where they have.
    left: Vec<Option<EventTime>>,
    links: HashMap<AccountIx, &'a Link>,
    numbers: Keys,
    logins: Keys,
    emails: Keys,
    local_parts: Keys,
    logins_of_names: Keys,
    names: Keys,
    /// Systems whose employee numbers are mostly HR's, so that one HR does not know means something.
    numbered: Vec<String>,
}

/// What speaks for a person, as it is gathered.
struct Case {
    person: PersonIx,
    score: i32,
    reasons: Vec<String>,
}

impl<'a> Index<'a> {
    fn new(merged: &'a Merged, as_of: EventTime) -> Index<'a> {
        let hasher = foldhash::quality::RandomState::default();
        let mut kinds: [Gathered; 6] = std::array::from_fn(|_| Gathered::new(hasher.clone()));
        let [numbers, logins, emails, local_parts, logins_of_names, names] = &mut kinds;
        for (at, entry) in merged.people.iter().enumerate() {
            let (ix, person) = (PersonIx(at as u32), &entry.it);
            numbers.add(&person.id.as_str().to_lowercase(), ix);
            if let Some(number) = &person.employee_number {
                numbers.add(&number.to_lowercase(), ix);
            }
            for login in &person.logins {
                logins.add(&login.to_lowercase(), ix);
            }
            for email in &person.emails {
                emails.add(email, ix);
                if let Some((local, _)) = email.split_once('@') {
                    local_parts.add(local, ix);
                }
            }
            let tokens = tokens(&person.name);
            for login in logins_of(&tokens) {
                logins_of_names.add(&login, ix);
            }
            if tokens.len() > 1 {
                names.add(&sorted(&tokens), ix);
            }
        }
        let [numbers, logins, emails, local_parts, logins_of_names, names] = kinds.map(Keys::new);
        let mut index = Index {
            people: &merged.people,
            left: vec![None; merged.people.len()],
            links: HashMap::new(),
            numbers,
            logins,
            emails,
            local_parts,
            logins_of_names,
            names,
            numbered: Vec::new(),
        };
        for (person, stint) in &merged.stints {
            if let Some(left) = index.left.get_mut(person.index()) {
                let end = stint.valid.latest_end();
                *left = Some(left.map_or(end, |before| before.max(end)));
            }
        }
        for entry in merged.links.iter().filter(|entry| entry.valid.at(as_of) != Certainty::No) {
            if let Some(account) = merged.account(entry.it.account.as_str()) {
                index.links.insert(account, &entry.it);
            }
        }
        index.numbered = index.numbered_systems(&merged.accounts);
        index
    }

    fn person(&self, ix: PersonIx) -> Option<&'a Person> {
        self.people.get(ix.index()).map(|entry| &entry.it)
    }

    /// The people of a key, of whom `is` must hold too: keys are found by their hash.
    fn some(&self, keys: &'a Keys, key: &str, is: impl Fn(&Person) -> bool) -> impl Iterator<Item = PersonIx> {
        keys.find(key).filter(move |ix| self.person(*ix).is_some_and(&is))
    }

    /// The only person of a key.
    fn only(&self, keys: &'a Keys, key: &str, is: impl Fn(&Person) -> bool) -> Option<PersonIx> {
        let mut found = self.some(keys, key, is);
        found.next().filter(|_| found.next().is_none())
    }

    fn numbered(&self, number: &str) -> Option<PersonIx> {
        let lower = number.to_lowercase();
        self.only(&self.numbers, &lower, |person| {
            let own = person.employee_number.as_ref().is_some_and(|own| own.to_lowercase() == lower);
            own || person.id.as_str().to_lowercase() == lower
        })
    }

    fn logged_in_as(&self, login: &str) -> Option<PersonIx> {
        let lower = login.to_lowercase();
        self.only(&self.logins, &lower, |person| person.logins.iter().any(|own| own.to_lowercase() == lower))
    }

    fn numbered_systems(&self, accounts: &[Entry<Account>]) -> Vec<String> {
        let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
        for entry in accounts {
            if let Some(number) = &entry.it.employee_number {
                let (known, all) = counts.entry(entry.it.id.system()).or_default();
                *all += 1;
                *known += usize::from(self.numbered(number).is_some());
            }
        }
        counts.into_iter().filter(|(_, (known, all))| known * 2 > *all).map(|(system, _)| system.to_owned()).collect()
    }

    fn correlate(&self, entry: &Entry<Account>) -> Correlation {
        let account = &entry.it;
        if matches!(account.kind, AccountKind::Service | AccountKind::Shared) {
            return Correlation::NotPersonal;
        }
        let login = bare_login(&account.login);
        if let Some(number) = &account.employee_number
            && let Some(person) = self.numbered(number)
        {
            return exact(person, format!("carries employee number `{number}`"));
        }
        if let Some(person) = self.logged_in_as(&login).or_else(|| self.logged_in_as(&account.login)) {
            return exact(person, format!("HR lists the login `{}`", account.login));
        }
        let mut cases = self.cases(account, &login);
        cases.sort_by_key(|case| (-case.score, case.person));
        let doubt = self.doubt(entry, &cases);
        let Some(best) = cases.first().filter(|best| best.score >= i32::from(ASK_SCORE)) else {
            return Correlation::Nobody;
        };
        let next = cases.get(1).map_or(0, |case| case.score);
        if best.score >= i32::from(MATCH_SCORE) && best.score - next >= LEAD && doubt.is_none() {
            let reason = format!("{} ({} points)", best.reasons.join("; "), best.score.min(100));
            return Correlation::Matched { person: best.person, reason, exact: Certainty::Possible };
        }
        let asked = cases.into_iter().take(ASKED_MAX).filter(|case| case.score >= i32::from(ASK_SCORE));
        Correlation::Ask(asked.map(|case| case.candidate(doubt.as_deref())).collect())
    }

    /// Everybody for whom something speaks.
    fn cases(&self, account: &Account, login: &str) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        let as_email = account.login.contains('@').then(|| account.login.to_lowercase());
        let mut emails: Vec<&str> = account.emails.iter().map(String::as_str).chain(as_email.as_deref()).collect();
        emails.dedup();
        for email in emails {
            for person in self.some(&self.emails, email, |person| person.emails.iter().any(|own| own == email)) {
                note(&mut cases, person, EMAIL, format!("e-mail `{email}` is theirs"));
            }
        }
        let begins = |person: &Person| {
            person.emails.iter().any(|own| own.split_once('@').is_some_and(|(local, _)| local == login))
        };
        for person in self.some(&self.local_parts, login, begins) {
            if !cases.iter().any(|case| case.person == person) {
                note(&mut cases, person, LOCAL_PART, format!("login `{login}` begins their e-mail address"));
            }
        }
        let plain: String = login.chars().filter(|c| c.is_alphanumeric()).collect();
        let made = |person: &Person| logins_of(&tokens(&person.name)).contains(&plain);
        for person in self.some(&self.logins_of_names, &plain, made) {
            // A login and an address that are both made of the name are one piece of evidence.
            if !cases.iter().any(|case| case.person == person) {
                note(&mut cases, person, LOGIN_OF_NAME, format!("login `{login}` is made of their name"));
            }
        }
        let own_tokens = tokens(&account.display_name);
        if own_tokens.len() > 1 {
            let key = sorted(&own_tokens);
            for person in self.some(&self.names, &key, |person| sorted(&tokens(&person.name)) == key) {
                if !cases.iter().any(|case| case.person == person) {
                    cases.push(Case { person, score: 0, reasons: Vec::new() });
                }
            }
        }
        for case in &mut cases {
            let Some(person) = self.person(case.person) else { continue };
            let (points, words) = name_points(&own_tokens, &tokens(&person.name));
            case.score += points;
            case.reasons.extend(words.map(|words| format!("{words} `{}`", person.name)));
        }
        cases
    }

    /// Why the best case must not be taken without asking, if it must not.
    fn doubt(&self, entry: &Entry<Account>, cases: &[Case]) -> Option<String> {
        let best = cases.first()?;
        let left = self.left.get(best.person.index()).copied().flatten();
        let made = entry.valid.earliest_start();
        if let Some(left) = left.filter(|left| *left != EventTime::MAX && *left <= made) {
            return Some(format!("but it was made at {made}, after they had left at {left}"));
        }
        let number = entry.it.employee_number.as_ref()?;
        let speaks = self.numbered.iter().any(|system| system == entry.it.id.system());
        speaks.then(|| format!("but it carries employee number `{number}`, which HR does not know"))
    }
}

impl Case {
    fn candidate(self, doubt: Option<&str>) -> Candidate {
        let mut reasons = self.reasons;
        reasons.extend(doubt.map(str::to_owned));
        Candidate { person: self.person, score: self.score.clamp(0, 100) as u8, reason: reasons.join("; ") }
    }
}

fn exact(person: PersonIx, reason: String) -> Correlation {
    Correlation::Matched { person, reason, exact: Certainty::Yes }
}

fn note(cases: &mut Vec<Case>, person: PersonIx, points: i32, reason: String) {
    match cases.iter_mut().find(|case| case.person == person) {
        Some(case) if case.score >= points => {}
        Some(case) => {
            case.score = points;
            case.reasons = vec![reason];
        }
        None => cases.push(Case { person, score: points, reasons: vec![reason] }),
    }
}

/// A login without its domain, lower case: `CORP\jsmith` and `jsmith@corp.example` are `jsmith`.
fn bare_login(login: &str) -> String {
    let after = login.rsplit_once('\\').map_or(login, |(_, name)| name);
    after.split_once('@').map_or(after, |(name, _)| name).to_lowercase()
}

/// The parts of a name, lower case, without accents, in the order given name first.
fn tokens(name: &str) -> Vec<String> {
    let ordered = match name.split_once(',') {
        Some((family, given)) => format!("{given} {family}"),
        None => name.to_owned(),
    };
    let parts = ordered.split(|c: char| !c.is_alphanumeric() && c != '\'');
    parts.map(plain).filter(|part| !part.is_empty()).collect()
}

/// Lower case, and Latin letters without their accents.
fn plain(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for c in part.chars().flat_map(char::to_lowercase) {
        match c {
            'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ą' => text.push('a'),
            'ä' | 'æ' => text.push_str("ae"),
            'ç' | 'ć' | 'č' => text.push('c'),
            'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => text.push('e'),
            'ì' | 'í' | 'î' | 'ï' | 'ı' => text.push('i'),
            'ł' => text.push('l'),
            'ñ' | 'ń' | 'ň' => text.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ő' => text.push('o'),
            'ö' | 'ø' | 'œ' => text.push_str("oe"),
            'ř' => text.push('r'),
            'ś' | 'š' | 'ş' => text.push('s'),
            'ß' => text.push_str("ss"),
            'ù' | 'ú' | 'û' | 'ů' | 'ű' => text.push('u'),
            'ü' => text.push_str("ue"),
            'ý' | 'ÿ' => text.push('y'),
            'ź' | 'ż' | 'ž' => text.push('z'),
            '\'' => {}
            other => text.push(other),
        }
    }
    text
}

fn sorted(tokens: &[String]) -> String {
    let mut sorted: Vec<&str> = tokens.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.join(" ")
}

/// The logins that systems make of a name, without punctuation; short ones tell nothing.
fn logins_of(tokens: &[String]) -> Vec<String> {
    let [first, .., last] = tokens else { return Vec::new() };
    let (Some(f), Some(l)) = (first.chars().next(), last.chars().next()) else { return Vec::new() };
    let mut logins = vec![
        format!("{first}{last}"),
        format!("{last}{first}"),
        format!("{f}{last}"),
        format!("{last}{f}"),
        format!("{first}{l}"),
    ];
    logins.retain(|login| login.chars().count() >= 4);
    logins.sort_unstable();
    logins.dedup();
    logins
}

/// What two names say: points, and words where they speak for or against.
fn name_points(account: &[String], person: &[String]) -> (i32, Option<&'static str>) {
    if account.len() < 2 || person.len() < 2 {
        return (0, None);
    }
    if sorted(account) == sorted(person) {
        return (SAME_NAME, Some("same name as"));
    }
    let (few, many) = if account.len() <= person.len() { (account, person) } else { (person, account) };
    let found =
        few.iter().all(|part| many.iter().any(|other| part == other || strsim::jaro_winkler(part, other) >= SPELLING));
    if found { (SIMILAR_NAME, Some("similar name to")) } else { (OTHER_NAME, Some("another name than")) }
}

#[cfg(test)]
mod tests;
