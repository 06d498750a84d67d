//! Erasing one person: an employee or leaver from facts, findings and uses; a subject from uses.
//!
//! What was counted stays counted: a stand-in that nobody can lead back takes the person's place, the
//! same one everywhere, so that bounds and histories stay true.

use std::collections::HashMap;

use sever_lake::{Rewrite, Write, code, dictionary};
use sever_model::{AccountKind, Certainty, Departure, Inventory, Knock, PersonIx, PlanOf};
use sever_store::proof::{Erase, LogKey, ProofLog};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::proof::proof_failure;
use crate::cli::site::{Moment, Site, lake_failure, store_failure};
use crate::config::Deed;
use crate::exit::Exit;
use crate::hint::Failure;

/// Put one person out of everything that is kept
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A person who has left: their id, name or address
    #[arg(required_unless_present = "subject", conflicts_with = "subject")]
    person: Option<String>,
    /// A data subject, by id
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
}

pub(super) fn run(args: &Args, site: &mut Site, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    sever_lake::may_delete(&site.lake_dir()).map_err(lake_failure)?;
    match (&args.person, &args.subject) {
        (Some(person), _) => erase_person(person, site, global, out),
        (None, Some(subject)) => erase_subject(subject, site, global, out),
        (None, None) => Err(Failure::usage("nobody is named")),
    }
}

fn erase_subject(id: &str, site: &mut Site, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    site.allow(Deed::Erase, global)?;
    let gone = code(&site.key(), id);
    let subjects = HashMap::from([(gone.clone(), stand_in().into())]);
    let what = Rewrite { subjects, ..Rewrite::default() };
    let rows = sever_lake::rewrite(&site.lake_dir(), &what, Write::Now).map_err(lake_failure)?;
    let (path, key) = (site.dictionary_path(), site.dictionary_key()?);
    let ids = dictionary::retain(&path, &key, &|code| *code != *gone).map_err(lake_failure)?;
    // The command that asked for it names the person, too.
    let words = [(id.to_owned(), "erased-subject".to_owned())];
    let now = crate::clock::now();
    site.store_mut(async |store| store.erase(&words, &[], now).await)?;
    out.note(&format!("put out of {} judged uses and {ids} entries of the dictionary", rows.changed));
    out.hint("the register and the logs are yours: what they hold of this person is erased there");
    Ok(vec![if rows.changed + ids == 0 { Exit::NothingLooked } else { Exit::Clean }])
}

fn erase_person(word: &str, site: &mut Site, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let moment = Moment::now();
    let inventory = site.inventory(&moment)?;
    let word = site.real(word)?;
    let people = sever_graph::find(&inventory, &word).into_iter().filter_map(|found| match found {
        sever_graph::Asked::Person(person) => Some(person),
        _ => None,
    });
    let people: Vec<PersonIx> = people.collect();
    let [person] = people.as_slice() else {
        let what = format!("`{word}` is {} people", if people.is_empty() { "no" } else { "several" });
        return Err(Failure::usage(what).hint("name one by the id of the HR list: `sever list people`"));
    };
    if inventory.employed(*person, moment.as_of) != Certainty::No {
        return Err(Failure::new(format!("`{word}` is employed, or may be: what is kept of them is still needed"))
            .hint("once HR's list says that they have left, they can be erased")
            .exit(Exit::Refused));
    }
    over(site, &inventory, *person, &word)?;
    site.allow(Deed::Erase, global)?;
    let Identity { texts, ids } = identity(&inventory, *person);
    let stand_in = stand_in();
    let words: Vec<(String, String)> = texts.iter().map(|text| (text.clone(), stand_in.clone())).collect();
    let now = crate::clock::now();
    let rows = site.store_mut(async |store| store.erase(&words, &ids, now).await)?;
    let names = texts.iter().map(|text| (text.as_str().into(), stand_in.as_str().into())).collect();
    let what = Rewrite { names, ..Rewrite::default() };
    let uses = sever_lake::rewrite(&site.lake_dir(), &what, Write::Now).map_err(lake_failure)?;
    let is_theirs =
        |knock: &Knock| knock.account.as_ref().is_some_and(|account| ids.iter().any(|id| id == account.as_str()));
    sever_store::retain_knocks(&site.config.data_dir, |knock| !is_theirs(knock)).map_err(store_failure)?;
    let opened = forget_proofs(site, texts)?;
    out.note(&format!(
        "put out of {rows} facts, findings and records, of {} judged uses, and of {opened} disclosures of the proof log",
        uses.changed
    ));
    out.hint("exports and logs are yours: what they hold of this person is erased there; a `sync` brings nothing back");
    Ok(vec![Exit::Clean])
}

/// That no departure of a person's is open: it is gone on with by names.
fn over(site: &Site, inventory: &Inventory, person: PersonIx, word: &str) -> Result<(), Failure> {
    let id = inventory.person(person).map(|entry| entry.it.id.clone());
    for row in site.store(async |store| store.departures().await)? {
        if !matches!(&row.plan.about, PlanOf::Person { id: of, .. } if Some(of) == id.as_ref()) {
            continue;
        }
        let acts = site.store(async |store| store.acts(&row.digest).await)?;
        let case = Departure::of(row.plan, &acts);
        // A case of which doors were only tried was never begun.
        if case.begun_at.is_some() && !case.steps.iter().all(|step| step.is_done()) {
            let digest = row.digest.get(..16).unwrap_or(&row.digest);
            return Err(Failure::new(format!("departure `{digest}` of `{word}` is open: it is gone on with by names"))
                .hint("end it first: `sever cut` with its plan and `--resume`; or `sever verify` says what is left")
                .exit(Exit::Refused));
        }
    }
    Ok(())
}

/// Deletes what opens the proof log's commitments to a person; how many went. The proofs still verify.
fn forget_proofs(site: &Site, texts: Vec<String>) -> Result<u64, Failure> {
    let data_dir = &site.config.data_dir;
    if !data_dir.join("proof").exists() {
        return Ok(0);
    }
    let key = LogKey::read_or_make(data_dir).map_err(proof_failure)?;
    let mut log = ProofLog::open(data_dir, key).map_err(proof_failure)?;
    log.erase(&Erase::Person(texts), crate::clock::now()).map_err(proof_failure)
}

/// What gives a person away.
struct Identity {
    /// Every text, longest first where one holds another.
    texts: Vec<String>,
    /// The ids of the person and of their own accounts.
    ids: Vec<String>,
}

fn identity(inventory: &Inventory, person: PersonIx) -> Identity {
    let mut identity = Identity { texts: Vec::new(), ids: Vec::new() };
    if let Some(entry) = inventory.person(person) {
        identity.ids.push(entry.it.id.to_string());
        identity.texts.push(entry.it.name.clone());
        identity.texts.extend(entry.it.emails.iter().cloned());
        identity.texts.extend(entry.it.logins.iter().cloned());
        identity.texts.extend(entry.it.employee_number.clone());
    }
    for ix in inventory.accounts_of(person) {
        let Some(entry) = inventory.account(*ix) else { continue };
        if matches!(entry.it.kind, AccountKind::Service | AccountKind::Shared) {
            continue; // others' too
        }
        identity.ids.push(entry.it.id.to_string());
        identity.texts.extend([entry.it.id.native().to_owned(), entry.it.login.clone(), entry.it.display_name.clone()]);
        identity.texts.extend(entry.it.emails.iter().cloned());
    }
    identity.texts.extend(identity.ids.iter().cloned());
    identity.texts.retain(|text| !text.trim().is_empty());
    identity.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    identity.texts.dedup();
    identity
}

/// Keeps only the ids of subjects that judged uses still name; how many went.
pub(super) fn forget_ids(site: &Site) -> Result<u64, Failure> {
    let named = sever_lake::subjects(&site.lake_dir()).map_err(lake_failure)?;
    let (path, key) = (site.dictionary_path(), site.dictionary_key()?);
    dictionary::retain(&path, &key, &|code| named.contains(code)).map_err(lake_failure)
}

/// A name for somebody who has none any more, at random: nothing leads back from it.
fn stand_in() -> String {
    format!("erased-{:010x}", rand::random::<u64>() >> 24)
}
