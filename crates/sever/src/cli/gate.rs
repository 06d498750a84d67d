//! `sever gate`: stands beside a proxy and says which tokens it lets through.
//!
//! Begins by reading what issuers have handed over and what their logs say, then serves until it is told to
//! stop. Three threads beside those that serve: one writes decisions, one makes handovers durable, one
//! watches the store for people who leave.

mod keep;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sever_engine::gate::{Feeding, Gate, GateSetup, Terms};
use sever_model::{EventTime, Secret, SourceId, Span, Symbols};
use sever_store::IssuedLog;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Global;
use crate::cli::output::Output;
use crate::cli::site::{Site, secret, store_failure};
use crate::clock;
use crate::config::{GateConfig, GateIssuer};
use crate::exit::Exit;
use crate::hint::Failure;
use crate::web::gate::decisions::Decisions;
use crate::web::gate::feed::Reading;
use crate::web::gate::journal::Journal;
use crate::web::gate::signature::Signatures;
use crate::web::gate::{HeaderName, Place, PushingIssuer, Service, Setup};
use crate::web::listen;

/// Bytes of a log that are read in one go when the gate begins.
const CHUNK_BYTES: usize = 1 << 20;
/// Distinct texts of one chunk.
const SYMBOLS_MAX: usize = 1 << 18;

/// Allow or refuse tokens as they are shown, for nginx, Envoy, Traefik or an application
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen (default: as configured, else 127.0.0.1:8470)
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Refuse nothing, and only say what would be refused
    #[arg(long)]
    pub observe: bool,
}

pub(super) fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Vec<Exit>, Failure> {
    let site = Site::open(global, out)?;
    let mut config = configured(&site)?;
    config.enforce &= !args.observe;
    let address = args.listen.map_or_else(|| config.listen.parse(), Ok);
    let address = address.map_err(|_| Failure::usage(format!("`{}` is no address and port", config.listen)))?;
    let classes = site.config.classes.clone();
    let log = site.log_config(&config.log)?;
    let gate = Gate::new(GateSetup {
        classes,
        log: config.log.clone(),
        system: log.system.clone(),
        feeds: config.issuers.iter().map(|issuer| (issuer.log.clone(), issuer.feeding)).collect(),
        key: site.key(),
        limits: site.limits.clone(),
        terms: terms(&config),
    });
    let begun = begin(&site, &config, &gate, out)?;
    let service = Arc::new(service(&site, &config, gate, begun.issuers, begun.journals)?);
    keep::recall(&site, service.gate());
    serve(&site, &config, address, service, begun.followed, out)?;
    Ok(vec![Exit::Clean])
}

/// The gate's configuration, and whether it can mean anything.
fn configured(site: &Site) -> Result<GateConfig, Failure> {
    let Some(config) = site.config.gate.clone() else {
        return Err(Failure::usage("no gate is configured")
            .hint("add `[gate]` to severance.toml: `docs/gate.md` has an example"));
    };
    let mine = || site.config.classes.iter().filter(|class| class.used_in.contains(&config.log));
    if mine().next().is_none() {
        return Err(Failure::usage(format!(
            "{}: no class of token is used in the log `{}`",
            config.origin, config.log
        ))
        .hint(format!("name it in a class: `used_in = [\"{}\"]`", config.log)));
    }
    let longest = mine().map(|class| class.lifetime_max).max().unwrap_or(Span::ZERO);
    let least = longest.plus(longest).plus(Span::days(2));
    if config.keep < least {
        return Err(Failure::usage(format!(
            "{}: `keep` is shorter than twice the longest life of a token and two days",
            config.origin
        ))
        .hint(format!(
            "`keep = \"{}d\"`, else a restarted gate would not know what still lives",
            least.as_secs() / 86_400 + 1
        )));
    }
    Ok(config)
}

fn terms(config: &GateConfig) -> Terms {
    Terms {
        enforce: config.enforce,
        refuse: config.refuse.clone(),
        on_fault: config.on_fault,
        no_token: config.no_token,
        not_covered: config.not_covered,
        coverage_min: config.coverage_min,
        silent_max: config.silent_max,
        budgets: config.budgets.clone(),
        budget_entries_max: usize::try_from(config.budget_entries_max).unwrap_or(usize::MAX),
    }
}

/// What the gate begins with.
#[derive(Default)]
struct Begun {
    issuers: Vec<PushingIssuer>,
    journals: Vec<Option<IssuedLog>>,
    followed: Vec<watch::Following>,
}

/// Reads all that issuers have said so far.
fn begin(site: &Site, config: &GateConfig, gate: &Gate, out: &mut Output) -> Result<Begun, Failure> {
    let mut begun = Begun::default();
    for (feed, issuer) in config.issuers.iter().enumerate() {
        match issuer.feeding {
            Feeding::Push => {
                let (pushing, journal) = pushed(site, issuer, feed, gate, out)?;
                begun.issuers.push(pushing);
                begun.journals.push(Some(journal));
            }
            Feeding::Follow => {
                begun.journals.push(None);
                let (reading, files) = site.followed(site.log_config(&issuer.log)?)?;
                let mut following = watch::Following::new(feed, issuer.log.clone(), reading, files);
                following.catch_up(gate, &site.limits, site.key(), &mut |what| out.note(what));
                begun.followed.push(following);
            }
        }
    }
    Ok(begun)
}

/// What an issuer handed over before, and its log to go on with.
fn pushed(
    site: &Site,
    issuer: &GateIssuer,
    feed: usize,
    gate: &Gate,
    out: &mut Output,
) -> Result<(PushingIssuer, IssuedLog), Failure> {
    let reading = site.reading_of_pushed(site.log_config(&issuer.log)?)?;
    let dir = site.gate_dir().join("issued").join(folder(&issuer.log));
    let mut chunk = Chunk { bytes: Vec::new(), rejected: 0 };
    let take = |chunk: &mut Chunk| chunk.take(&reading, site, feed, gate);
    let opened = IssuedLog::open(&dir, site.key(), &mut |line| {
        chunk.bytes.extend_from_slice(line);
        if chunk.bytes.len() >= CHUNK_BYTES {
            take(&mut chunk);
        }
    });
    let (mut journal, mut found) = opened.map_err(store_failure)?;
    take(&mut chunk);
    if chunk.rejected > 0 {
        found.damages.push(format!("{} records cannot be read any more", chunk.rejected));
    }
    if found.torn_bytes > 0 {
        out.note(&format!("{}: a last record broke off and was never acknowledged; it was cut off", issuer.log));
    }
    if let Some(first) = found.damages.first() {
        let now = clock::now().as_event();
        for damage in &found.damages {
            out.note(&format!("LEDGER DAMAGED: {}: {damage}", issuer.log));
        }
        journal.set_aside(now).map_err(store_failure)?;
        gate.lost(feed, now, first.clone());
    } else if let Some(since) = found.since {
        gate.reaches_back(feed, since);
    }
    out.note(&format!("{}: {} records that were handed over before", issuer.log, found.lines));
    let shown = match &issuer.secret {
        Some(from) => secret::fetch(from, &format!("the secret of issuer `{}`", issuer.log))?,
        None => return Err(Failure::usage(format!("issuer `{}` pushes and has no `secret`", issuer.log))),
    };
    let secret = Secret::new(shown.expose().clone());
    Ok((PushingIssuer { log: issuer.log.clone(), feed, secret, reading }, journal))
}

/// Lines that are read together.
struct Chunk {
    bytes: Vec<u8>,
    rejected: u64,
}

impl Chunk {
    fn take(&mut self, reading: &Reading, site: &Site, feed: usize, gate: &Gate) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes.is_empty() {
            return;
        }
        match reading.read(&bytes, Symbols::new(site.key(), SYMBOLS_MAX), &site.limits) {
            Ok(records) => {
                self.rejected += records.rejected;
                gate.take(feed, clock::now().as_event(), |each| records.each(each));
            }
            Err(_) => self.rejected += 1,
        }
    }
}

/// A log's name as the name of a folder.
fn folder(log: &SourceId) -> String {
    log.as_str()
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '_' })
        .collect()
}

fn service(
    site: &Site,
    config: &GateConfig,
    gate: Gate,
    issuers: Vec<PushingIssuer>,
    journals: Vec<Option<IssuedLog>>,
) -> Result<Service, Failure> {
    let named = |text: &str| HeaderName::from_bytes(text.as_bytes());
    let subject = config.subject_header.as_deref().map(named).transpose();
    let claims = config.claims.iter().map(|(field, claim)| {
        let of = sever_decode::Field::named(field);
        let fields = sever_decode::Field::ALL.iter().map(|field| field.name());
        of.map(|of| (of, claim.clone())).ok_or_else(|| Failure::unknown("field of a token", field, fields))
    });
    let signatures = config.jwks.as_deref().map(Signatures::open).transpose().map_err(Failure::usage)?;
    Ok(Service::new(Setup {
        gate,
        places: config.token_from.iter().filter_map(|place| Place::named(place)).collect(),
        claims: claims.collect::<Result<_, Failure>>()?,
        subject: subject.map_err(|_| Failure::usage("`subject_header` is no name of a header"))?,
        signatures,
        tell: config.tell,
        wait: Duration::from_millis(config.wait_ms),
        issuers,
        journal: Journal::open(journals, config.keep.as_secs() / 86_400)?,
        decisions: Decisions::open(site.gate_dir().join("decisions"))?,
        limits: site.limits.clone(),
        key: site.key(),
    }))
}

/// Serves until it is told to stop.
fn serve(
    site: &Site,
    config: &GateConfig,
    address: SocketAddr,
    service: Arc<Service>,
    followed: Vec<watch::Following>,
    out: &mut Output,
) -> Result<(), Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = usize::try_from(config.threads).ok().filter(|threads| *threads > 0) {
        builder.worker_threads(threads);
    }
    let runtime = builder.enable_all().build()?;
    let watching = watch::Watching::begin(site, config, Arc::clone(&service), followed)?;
    let listening = runtime.block_on(listen::bind(address));
    let listening = listening.map_err(|error| {
        Failure::new(format!("cannot listen on {address}: {error}")).hint("another address: `--listen`")
    })?;
    let at = listening.local_addr()?;
    say_modes(&service, out);
    out.note(&format!("the gate listens on http://{at}: /auth, /issued, /healthz, /metrics"));
    let connections_max = usize::try_from(config.connections_max).unwrap_or(usize::MAX);
    let connections = Arc::clone(&service.connections);
    runtime.block_on(async {
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = async move {
            let (mut term, mut int) = (std::pin::pin!(term.recv()), std::pin::pin!(int.recv()));
            std::future::poll_fn(move |cx| {
                let told = term.as_mut().poll(cx).is_ready() || int.as_mut().poll(cx).is_ready();
                if told { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
        };
        listen::serve(listening, Arc::clone(&service), connections_max, connections, stop).await;
        Ok::<(), std::io::Error>(())
    })?;
    runtime.shutdown_timeout(Duration::from_secs(2));
    watching.end();
    keep::remember(site, service.gate(), clock::now().as_event());
    out.note("the gate has stopped");
    Ok(())
}

/// What is done about each class, as it begins.
fn say_modes(service: &Service, out: &mut Output) {
    let now: EventTime = clock::now().as_event();
    service.gate().look(now);
    for class in service.gate().health(now).classes {
        out.note(&watch::mode_line(&format!("{} of {}", class.standing.name, class.standing.issuer), &class.mode));
    }
}
