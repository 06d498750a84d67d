//! `sever check`: judge the standing state.

use sever_engine::CheckSetup;
use sever_model::counted;
use sever_store::RunKind;

use crate::cli::findings;
use crate::cli::output::Output;
use crate::cli::site::Site;
use crate::cli::{Global, Times};
use crate::exit::Exit;
use crate::hint::Failure;

/// Judge the standing state: every invariant, as of one instant
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub times: Times,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let mut site = Site::open(global, out)?;
    site.remember_retention()?;
    let moment = site.moment(&args.times)?;
    let inventory = site.inventory(&moment)?;
    if inventory.coverage().lines.is_empty() {
        return Err(Failure::new("nothing has been pulled yet, so nothing can be said of who can get in")
            .hint("`sever sync` first")
            .exit(Exit::NothingLooked));
    }
    let register = site.register(out)?;
    let setup = CheckSetup {
        inventory: &inventory,
        register: register.as_ref().map(|register| register as &dyn sever_model::SubjectRegister),
        classes: site.classes(&[]),
        detectors: site.detectors()?,
        key: site.key(),
        limits: site.limits.clone(),
    };
    let (mut found, dropped) = sever_engine::check(setup, moment.as_of);
    if site.config.detectors.off.iter().all(|off| off != "evidence-tampered") {
        found.extend(site.lowered_retention(moment.known_at.as_event())?);
    }
    if args.times.as_of.is_none() && args.times.known_at.is_none() {
        site.save_findings(RunKind::Check, Vec::new(), &found)?;
    }
    let people = inventory.people().len();
    let left = (0..people).filter(|ix| inventory.departed(sever_model::PersonIx(*ix as u32), moment.as_of).is_some());
    let judged = format!(
        "judged as of {}: {}, {} of them left, {}, {}",
        moment.as_of,
        counted(people as u64, "person"),
        left.count(),
        counted(inventory.accounts().len() as u64, "account"),
        counted(inventory.credentials().len() as u64, "credential")
    );
    let (found, accepted) = site.unsuppressed(found);
    let mut sheet = findings::sheet(&found, inventory.coverage().clone());
    findings::accepted_note(accepted, &mut sheet.notes);
    if dropped > 0 {
        sheet.notes.push(format!("{} did not fit and were only counted", counted(dropped, "further finding")));
    }
    site.basis_note(&mut sheet.notes)?;
    sheet.notes.push(judged);
    sheet.exits = findings::exits(&sheet);
    out.sheet(&sheet)?;
    Ok(sheet.exits)
}
