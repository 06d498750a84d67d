//! Who is given away by which text, so that people still employed can be shown as pseudonyms.
//!
//! A pseudonym is made from the person's id under the data directory's key: the same person has the
//! same one in every answer, and nobody can tell whose it is without that key. Programs' and shared
//! accounts are nobody's own, and an account that joins to nobody is what is looked for: both keep
//! their names.

use sever_model::{AccountIx, AccountKind, Bound, EventTime, FactKind, FingerprintKey, Inventory, PersonIx, WallTime};
use sever_store::{Name, Store};

use crate::{EngineError, load_only};

/// The kinds of fact that names are made of.
const KINDS: [FactKind; 4] = [FactKind::Person, FactKind::Stint, FactKind::Account, FactKind::Link];

/// Makes the store's names anew from what is known at a moment.
///
/// # Errors
/// When the store fails.
pub async fn rename(store: &mut Store, known_at: WallTime) -> Result<(), EngineError> {
    let inventory = load_only(store, &KINDS, known_at.as_event(), known_at).await?;
    let names = names_of(&inventory, &store.key());
    Ok(store.set_names(&names).await?)
}

/// Every text that gives a person away.
pub fn names_of(inventory: &Inventory, key: &FingerprintKey) -> Vec<Name> {
    let mut names = Vec::new();
    for index in 0..inventory.people().len() {
        let person = PersonIx(index as u32);
        let Some(entry) = inventory.person(person) else { continue };
        let id = entry.it.id.as_str();
        let pseudonym = format!("person-{}", short(key, id));
        let until = end(inventory, person);
        let mut add = |text: &str, pseudonym: &str, real: &str| {
            if !text.trim().is_empty() {
                names.push(Name { text: text.into(), pseudonym: pseudonym.into(), real: real.into(), until });
            }
        };
        let own = [id, &entry.it.name].into_iter().chain(entry.it.employee_number.as_deref());
        let own = own.chain(entry.it.emails.iter().map(String::as_str));
        own.chain(entry.it.logins.iter().map(String::as_str)).for_each(|text| add(text, &pseudonym, id));
        for account in inventory.accounts_of(person).iter().filter_map(|ix| personal(inventory, *ix)) {
            let real = account.id.as_str();
            let scoped = format!("{}/{pseudonym}", account.id.system());
            add(real, &scoped, real);
            let texts = [account.id.native(), &account.login, &account.display_name].into_iter();
            texts.chain(account.emails.iter().map(String::as_str)).for_each(|text| add(text, &pseudonym, id));
        }
    }
    names
}

/// The account, where it is one person's own.
fn personal(inventory: &Inventory, ix: AccountIx) -> Option<&sever_model::Account> {
    let account = &inventory.account(ix)?.it;
    matches!(account.kind, AccountKind::Human | AccountKind::Unknown).then_some(account)
}

/// When a person's employment ends for good, as far as is known.
fn end(inventory: &Inventory, person: PersonIx) -> Option<EventTime> {
    let end = |bound: Bound| match bound {
        Bound::Unbounded => EventTime::MAX,
        Bound::At(at) | Bound::Between(_, at) => at,
    };
    let last = inventory.stints(person).map(|stint| end(stint.valid.to)).max();
    let listed = || inventory.person(person).map_or(EventTime::MAX, |entry| end(entry.valid.to));
    Some(last.unwrap_or_else(listed)).filter(|end| *end < EventTime::MAX)
}

/// Eight letters and digits of an id's fingerprint: 40 bits, so that two of a million people share
/// one about once in two.
fn short(key: &FingerprintKey, id: &str) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bits = key.fingerprint(format!("person {id}").as_bytes()).0;
    let mut text = String::new();
    for _ in 0..8 {
        let digit = DIGITS.get((bits & 31) as usize).copied().unwrap_or(b'a');
        text.push(char::from(digit));
        bits >>= 5;
    }
    text
}
