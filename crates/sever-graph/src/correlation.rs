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
//! [`BUCKET_MAX`] people share finds nobody, for it tells nothing.

use std::collections::HashMap;

use sever_model::{
    Account, AccountIx, AccountKind, Candidate, Certainty, Correlation, Entry, EventTime, Link, Person, PersonIx,
};

use crate::merge::Merged;

/// Points from which an account is taken to be a person's.
pub const MATCH_SCORE: u8 = 80;
/// Points from which a human is asked.
pub const ASK_SCORE: u8 = 50;
/// People sharing a key beyond which it finds nobody.
const BUCKET_MAX: usize = 50;
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
    let person = merged.people_names.find(person.as_str())?;
    let reason = format!("decided by {}: {}", link.decided_by, link.reason);
    Some(Correlation::Matched { person, reason, exact: Certainty::Yes })
}

struct Index<'a> {
    people: Vec<Known<'a>>,
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

type Keys = HashMap<Box<str>, Vec<PersonIx>, foldhash::fast::RandomState>;

/// A person, made ready to be compared.
struct Known<'a> {
    person: &'a Person,
    tokens: Vec<String>,
    /// By when they had left for good, where they have.
    left: Option<EventTime>,
}

/// What speaks for a person, as it is gathered.
struct Case {
    person: PersonIx,
    score: i32,
    reasons: Vec<String>,
}

impl<'a> Index<'a> {
    fn new(merged: &'a Merged, as_of: EventTime) -> Index<'a> {
        let mut index = Index {
            people: merged.people.iter().map(|entry| Known::new(&entry.it)).collect(),
            links: HashMap::new(),
            numbers: Keys::default(),
            logins: Keys::default(),
            emails: Keys::default(),
            local_parts: Keys::default(),
            logins_of_names: Keys::default(),
            names: Keys::default(),
            numbered: Vec::new(),
        };
        for (person, stint) in &merged.stints {
            if let Some(known) = index.people.get_mut(person.index()) {
                let end = stint.valid.latest_end();
                known.left = Some(known.left.map_or(end, |left| left.max(end)));
            }
        }
        for (at, known) in index.people.iter().enumerate() {
            let ix = PersonIx(at as u32);
            let person = known.person;
            add(&mut index.numbers, person.id.as_str().to_lowercase(), ix);
            if let Some(number) = &person.employee_number {
                add(&mut index.numbers, number.to_lowercase(), ix);
            }
            for login in &person.logins {
                add(&mut index.logins, login.to_lowercase(), ix);
            }
            for email in &person.emails {
                add(&mut index.emails, email.clone(), ix);
                if let Some((local, _)) = email.split_once('@') {
                    add(&mut index.local_parts, local.to_owned(), ix);
                }
            }
            for login in logins_of(&known.tokens) {
                add(&mut index.logins_of_names, login, ix);
            }
            if known.tokens.len() > 1 {
                add(&mut index.names, sorted(&known.tokens), ix);
            }
        }
        for entry in merged.links.iter().filter(|entry| entry.valid.at(as_of) != Certainty::No) {
            if let Some(account) = merged.account_names.find(entry.it.account.as_str()) {
                index.links.insert(account, &entry.it);
            }
        }
        index.numbered = index.numbered_systems(&merged.accounts);
        index
    }

    fn numbered_systems(&self, accounts: &[Entry<Account>]) -> Vec<String> {
        let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
        for entry in accounts {
            if let Some(number) = &entry.it.employee_number {
                let (known, all) = counts.entry(entry.it.id.system()).or_default();
                *all += 1;
                *known += usize::from(self.numbers.contains_key(number.to_lowercase().as_str()));
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
            && let Some(person) = only(&self.numbers, &number.to_lowercase())
        {
            return exact(person, format!("carries employee number `{number}`"));
        }
        if let Some(person) = only(&self.logins, &login).or_else(|| only(&self.logins, &account.login.to_lowercase())) {
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
            for person in some(&self.emails, email) {
                note(&mut cases, *person, EMAIL, format!("e-mail `{email}` is theirs"));
            }
        }
        for person in some(&self.local_parts, login) {
            if !cases.iter().any(|case| case.person == *person) {
                note(&mut cases, *person, LOCAL_PART, format!("login `{login}` begins their e-mail address"));
            }
        }
        let plain: String = login.chars().filter(|c| c.is_alphanumeric()).collect();
        for person in some(&self.logins_of_names, &plain) {
            // A login and an address that are both made of the name are one piece of evidence.
            if !cases.iter().any(|case| case.person == *person) {
                note(&mut cases, *person, LOGIN_OF_NAME, format!("login `{login}` is made of their name"));
            }
        }
        let tokens = tokens(&account.display_name);
        if tokens.len() > 1 {
            for person in some(&self.names, &sorted(&tokens)) {
                if !cases.iter().any(|case| case.person == *person) {
                    cases.push(Case { person: *person, score: 0, reasons: Vec::new() });
                }
            }
        }
        for case in &mut cases {
            let Some(known) = self.people.get(case.person.index()) else { continue };
            let (points, words) = name_points(&tokens, &known.tokens);
            case.score += points;
            case.reasons.extend(words.map(|words| format!("{words} `{}`", known.person.name)));
        }
        cases
    }

    /// Why the best case must not be taken without asking, if it must not.
    fn doubt(&self, entry: &Entry<Account>, cases: &[Case]) -> Option<String> {
        let best = cases.first()?;
        let known = self.people.get(best.person.index())?;
        let made = entry.valid.earliest_start();
        if let Some(left) = known.left.filter(|left| *left != EventTime::MAX && *left <= made) {
            return Some(format!("but it was made at {made}, after they had left at {left}"));
        }
        let number = entry.it.employee_number.as_ref()?;
        let speaks = self.numbered.iter().any(|system| system == entry.it.id.system());
        speaks.then(|| format!("but it carries employee number `{number}`, which HR does not know"))
    }
}

impl<'a> Known<'a> {
    fn new(person: &'a Person) -> Known<'a> {
        Known { person, tokens: tokens(&person.name), left: None }
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

fn add(keys: &mut Keys, key: String, person: PersonIx) {
    if key.is_empty() {
        return;
    }
    let people = keys.entry(key.into()).or_default();
    // One past the limit is kept, to tell a key that too many share from one that is theirs.
    if people.last() != Some(&person) && people.len() <= BUCKET_MAX {
        people.push(person);
    }
}

fn some<'k>(keys: &'k Keys, key: &str) -> &'k [PersonIx] {
    keys.get(key).filter(|people| people.len() <= BUCKET_MAX).map_or(&[], Vec::as_slice)
}

fn only(keys: &Keys, key: &str) -> Option<PersonIx> {
    match some(keys, key) {
        [person] => Some(*person),
        _ => None,
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
