//! `sever proof check`: whether a proof fits, whose it is, and who outside attests to it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sever_store::proof::{Anchored, Bundle, By, Checked, NoteKey, Trust, TrustedKey, certificates, check, hex};

use crate::cli::output::Output;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::render::Sheet;

/// Check a proof, offline and with nothing else
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder or tar that `sever proof export` wrote
    path: PathBuf,
    /// The log's key or its fingerprint, as its owner told it, or a file that holds it
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The key of a witness to believe (`name+id+base64`), or a file that holds it; may be repeated
    #[arg(long, value_name = "KEY")]
    witness: Vec<String>,
    /// Certificates of time stamp authorities to believe, or of who vouches for them (PEM or DER); may be repeated
    #[arg(long, value_name = "FILE")]
    tsa_ca: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let trust = trust(args)?;
    let read = Bundle::read(&args.path)
        .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", args.path.display())))?;
    let checked = read.and_then(|bundle| check(&bundle, &trust));
    let checked = checked.map_err(|flaw| {
        Failure::new(format!("the proof does NOT verify: {flaw}"))
            .hint("nothing in it can be relied on; get it again from whoever gave it to you")
            .exit(Exit::ProofFails)
    })?;
    let exits = vec![match (checked.statements(), checked.is_anchored()) {
        (0, _) => Exit::NothingLooked,
        (_, true) => Exit::Clean,
        (_, false) => Exit::ProofUnanchored,
    }];
    let mut sheet = sheet(&checked, &trust);
    sheet.exits.clone_from(&exits);
    out.sheet(&sheet)?;
    Ok(exits)
}

fn trust(args: &Args) -> Result<Trust, Failure> {
    let mut trust = Trust::default();
    if let Some(given) = &args.key {
        let key = TrustedKey::parse(&text(given)?);
        trust.key = Some(key.ok_or_else(|| {
            Failure::usage(format!("`{given}` is no key of a log"))
                .hint("64 hexadecimal digits, or what `log.vkey` holds")
        })?);
    }
    for given in &args.witness {
        let key = NoteKey::parse(text(given)?.trim());
        trust.witnesses.push(key.ok_or_else(|| {
            Failure::usage(format!("`{given}` is no key of a witness")).hint("it reads `name+01234567+base64`")
        })?);
    }
    for path in &args.tsa_ca {
        let found = certificates(&bytes(path)?);
        trust.authorities.extend(found.ok_or_else(|| {
            Failure::usage(format!("`{}` holds no certificate", path.display())).hint("PEM or DER is read")
        })?);
    }
    Ok(trust)
}

/// What was given, or what the file of that name holds.
fn text(given: &str) -> Result<String, Failure> {
    let path = Path::new(given);
    if !path.is_file() {
        return Ok(given.to_owned());
    }
    String::from_utf8(bytes(path)?).map_err(|_| Failure::usage(format!("`{given}` is no text")))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", path.display())))
}

fn sheet(checked: &Checked, trust: &Trust) -> Sheet {
    let mut sheet = Sheet::new("proof", "what the proof shows", &["what", "value"]);
    let mut say = |what: &str, value: Value| sheet.rows.push(vec![json!(what), value]);
    let kinds: Vec<String> = checked.kinds.iter().map(|(kind, count)| format!("{count} {}", kind.word())).collect();
    let checkpoint = &checked.checkpoint;
    let whole = if checked.whole { "the whole log" } else { "a part of the log" };
    let by = if trust.key.is_some() { "as given" } else { "by its own word" };
    say("statements", json!(checked.statements()));
    say("of them", json!(kinds.join(", ")));
    say("departures", json!(checked.departures));
    say("holds", json!(format!("{whole}, of {} statements", checkpoint.size)));
    say("log", json!(checkpoint.origin));
    say("root", json!(hex(&checkpoint.root)));
    say("signer", json!(checked.key.fingerprint()));
    say("signer known", json!(by));
    say("commitments opened", json!(checked.opened));
    say("commitments withheld", json!(checked.withheld));
    for anchored in &checked.anchors {
        say("attested", json!(attested(anchored)));
    }
    for name in &checked.others {
        say("not part of it", json!(name));
    }
    sheet.summary.insert("anchored".to_owned(), json!(checked.is_anchored()));
    sheet.summary.insert("anchored_statements".to_owned(), json!(checked.anchored));
    sheet.summary.insert("key_given".to_owned(), json!(trust.key.is_some()));
    if trust.key.is_none() {
        sheet.notes.push("whose log it is, only the proof itself says: compare the signer with what its owner tells you, or give it as `--key`".to_owned());
    }
    if !checked.whole {
        sheet
            .notes
            .push("whether these are all statements of the departure, only a proof of the whole log shows".to_owned());
    }
    sheet.notes.push(conclusion(checked));
    sheet
}

fn attested(anchored: &Anchored) -> String {
    let size = anchored.size;
    match &anchored.by {
        By::Witness { name, at } => format!("first {size} statements, by witness {name} at {at}"),
        By::Authority { name, at } => format!("first {size} statements, by time stamp at {at} of {name}"),
        By::UnknownWitness { name } => {
            format!("first {size} statements, signed as {name}: key not given, not believed")
        }
        By::UnknownAuthority { name, at } => {
            format!(
                "first {size} statements, stamped {at} by {name}: no given certificate vouches for it, not believed"
            )
        }
    }
}

/// What it comes to, in one line.
fn conclusion(checked: &Checked) -> String {
    let statements = checked.statements();
    match (statements, checked.anchored) {
        (0, _) => "the proof holds no statement: nothing is proven".to_owned(),
        (_, _) if checked.is_anchored() => {
            "the proof verifies, and is anchored: nobody can have rewritten it since".to_owned()
        }
        (_, 0) => {
            "self-consistent, NOT anchored: whoever holds the signing key could have written all of it today".to_owned()
        }
        (_, anchored) => format!(
            "self-consistent, NOT anchored as a whole: {} of {statements} statements came after what others attested to",
            statements - anchored
        ),
    }
}
