//! `endpoint-mix`: one endpoint's share of what a key or client does leaves its norm.
//!
//! Whoever harvests asks for what is worth harvesting: 148 million views of an address list beside a
//! tenth of a million of the order list. So once a day, as the day ends, the share of each endpoint
//! among the answered uses of each key and each OAuth client is compared with its share on the days
//! before. A day that is out of the ordinary does not become part of the ordinary.
//!
//! The furthest are ranked, [`Settings::rows_per_day`] a day. Like `slow-reach`'s, a row is
//! [`Stage::Provisional`] and never pages, and is confirmed where forged uses make up at least half of
//! the surplus. Stays quiet for few uses, for shares that have moved as far before, for endpoints that
//! come and go with all that is used (a new release), while there are too few days before, and for what
//! was told within the last [`Settings::repeat_days`] days.
//! Bounded by: keys and clients up to [`Limits::detector_entries_max`](sever_model::Limits) over
//! 4,096, those with the fewest uses being forgotten first; of each, [`ENDPOINTS_MAX`] endpoints, the
//! rest counting as one, over [`DAYS`] days.

use std::collections::{BTreeMap, HashMap, VecDeque};

use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use sever_model::port::{Detector, Events, Resolved, Settled, View};
use sever_model::{
    Audience, Batch, Confidence, EventKind, EventTime, Evidence, FindingSet, Judgement, Meta, Raise, Severity, Span,
    Stage, Sym, Symbols, Thing, ThingKind,
};

use super::{say, whose};
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "endpoint-mix",
    title: "one endpoint's share of a key's or client's uses leaves its norm",
    speaks_when: "on a day an endpoint's share of the answered uses of a signing key or an OAuth client lies far above \
                  that of the days before; the furthest of a day are ranked with their reasons, and confirmed only \
                  where forged uses make up the surplus",
    quiet_when: "there are few uses that day or fewer than 14 days before, the share has moved as far before, or it was \
                 told within the last week",
    severity: Severity::Medium,
    confidence: Confidence::Possible,
    audience: Audience::Reviewer,
    attack: &["T1213", "T1119"],
    remediation: "ask whether a release or a campaign explains it; see what the ledger says of the uses of that \
                  endpoint, and whose data they held with `sever reach`",
    bounded_by: "64 endpoints of each of 244 keys and clients over 28 days; the rest of the endpoints count as one, and \
                 keys and clients with the fewest uses are forgotten",
    profiles_people: false,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| Box::new(EndpointMix { settings: settings.endpoint_mix.clone(), state: State::default() }),
};

/// Endpoints of one thing told apart.
const ENDPOINTS_MAX: usize = 64;
/// Shapes kept; all are forgotten when they do not fit.
const SHAPES_MAX: usize = 4_096;
/// Stands for the rest.
const REST: &str = "(other endpoints)";
/// Days that make the norm.
const DAYS: usize = 28;
/// Days without which there is none.
const DAYS_MIN: usize = 14;
/// So many entries of the limit stand for one thing.
const ENTRIES_PER_THING: usize = 4_096;
/// A share varies by as much whatever its past.
const SHARE_FLOOR: f64 = 0.02;
/// A record that lies so many days back shows that the clock had run ahead.
const BACK_DAYS: i64 = 7;

/// Thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rows of the list told a day.
    pub rows_per_day: usize,
    /// Uses of a key or client on a day below which it is not looked at.
    pub uses_min: u64,
    /// How far from normal a share must lie, in deviations.
    pub score_min: f64,
    /// A thing that was told is told again after so many days.
    pub repeat_days: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { rows_per_day: 10, uses_min: 200, score_min: 5.0, repeat_days: 7 }
    }
}

struct EndpointMix {
    settings: Settings,
    state: State,
}

#[derive(Default, Serialize, Deserialize)]
struct State {
    day: Option<i64>,
    /// Keys and clients, by the keyed hash of what they are.
    things: HashMap<u64, Tracked, RandomState>,
    /// The shapes of the newest endpoints, which most records name again.
    #[serde(skip)]
    shapes: HashMap<Box<str>, Box<str>, RandomState>,
}

/// One key or client.
#[derive(Serialize, Deserialize)]
struct Tracked {
    thing: Thing,
    /// Uses so far, of all days.
    uses: u64,
    /// Today's uses, by endpoint.
    today: BTreeMap<String, Today>,
    /// Shares on ordinary days before, oldest first.
    past: VecDeque<BTreeMap<String, f64>>,
    /// The day on which an endpoint was last told.
    told: BTreeMap<String, i64>,
}

#[derive(Default, Serialize, Deserialize)]
struct Today {
    uses: u64,
    forged: u64,
    record: Option<Evidence>,
}

impl Detector for EndpointMix {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn observe(&mut self, events: &Events<'_>, view: &View<'_>, out: &mut FindingSet) {
        for row in events.range() {
            let batch = events.batch;
            if batch.kind(row) != EventKind::Used || !whose::got_in(batch, row) || batch.resource(row).is_empty() {
                continue;
            }
            self.turn(batch.time(row), view, out);
            let max = (view.limits.detector_entries_max / ENTRIES_PER_THING).max(1);
            let shape = self.state.shape(batch.resource(row));
            for (id, kind, name) in named(batch, row, events.resolved(row), view).into_iter().flatten() {
                if !self.state.things.contains_key(&id) {
                    self.begin(id, Thing::new(kind, name), max);
                }
                let Some(tracked) = self.state.things.get_mut(&id) else { continue };
                tracked.uses += 1;
                let today = tracked.endpoint(&shape);
                today.uses += 1;
                today.record.get_or_insert_with(|| say::record(view, events.source, batch, row));
            }
        }
    }

    fn settle(&mut self, settled: &Settled<'_>, view: &View<'_>, _out: &mut FindingSet) {
        let (batch, row) = (settled.batch, settled.row);
        // Only the day at hand is still counted; what settles after it comes with the next.
        if !matches!(settled.judgement, Judgement::NeverIssued | Judgement::Mismatch(_))
            || self.state.day != Some(batch.time(row).day())
        {
            return;
        }
        let shape = self.state.shape(batch.resource(row));
        for (id, ..) in named(batch, row, settled.resolved, view).into_iter().flatten() {
            let Some(tracked) = self.state.things.get_mut(&id) else { continue };
            let today = tracked.endpoint(&shape);
            match (settled.stage, settled.was) {
                (Stage::Confirmed, _) => today.forged += 1,
                (Stage::Retracted, Some(Stage::Confirmed)) => today.forged = today.forged.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn stand(&mut self, _at: EventTime, view: &View<'_>, out: &mut FindingSet) {
        if let Some(day) = self.state.day.take() {
            self.end(day, view, out);
        }
    }

    fn save(&self, _symbols: &Symbols) -> serde_json::Value {
        say::saved(&self.state)
    }

    fn load(&mut self, state: serde_json::Value, _symbols: &mut Symbols) -> Result<(), serde_json::Error> {
        self.state = serde_json::from_value(state)?;
        Ok(())
    }
}

/// An endpoint's share that is far from normal.
struct Row {
    id: u64,
    endpoint: String,
    share: f64,
    usual: f64,
    score: f64,
    days: usize,
}

impl EndpointMix {
    fn turn(&mut self, time: EventTime, view: &View<'_>, out: &mut FindingSet) {
        match self.state.day {
            Some(day) if time.day() > day => {
                self.end(day, view, out);
                self.state.day = Some(time.day());
            }
            Some(day) if time.day() >= day - BACK_DAYS => {}
            _ => self.state.day = Some(time.day()),
        }
    }

    fn begin(&mut self, id: u64, thing: Thing, max: usize) {
        if self.state.things.len() >= max {
            let mut least: Vec<(u64, u64)> = self.state.things.iter().map(|(id, it)| (it.uses, *id)).collect();
            least.sort_unstable();
            for (_, id) in least.iter().take((least.len() / 8).max(1)) {
                self.state.things.remove(id);
            }
        }
        let (today, past, told) = (BTreeMap::new(), VecDeque::new(), BTreeMap::new());
        self.state.things.insert(id, Tracked { thing, uses: 0, today, past, told });
    }

    /// Ends a day: compares, ranks and tells.
    fn end(&mut self, day: i64, view: &View<'_>, out: &mut FindingSet) {
        let mut rows = Vec::new();
        for (id, tracked) in &self.state.things {
            rows.extend(tracked.far(&self.settings).map(|row| Row { id: *id, ..row }));
        }
        // Wholly ordered, so that nothing hangs on the order of a map.
        rows.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| (a.id, &a.endpoint).cmp(&(b.id, &b.endpoint))));
        let mut told = 0;
        for row in &rows {
            let Some(tracked) = self.state.things.get_mut(&row.id) else { continue };
            let repeat_days = i64::from(self.settings.repeat_days);
            let lately = tracked.told.get(&row.endpoint).is_some_and(|told| day - told < repeat_days);
            if !lately && told < self.settings.rows_per_day {
                told += 1;
                tracked.told.insert(row.endpoint.clone(), day);
                tell(row, (told, rows.len()), day, tracked, &self.settings, view, out);
            }
        }
        for (id, tracked) in &mut self.state.things {
            let odd = rows.iter().any(|row| row.id == *id);
            tracked.end(!odd, self.settings.uses_min);
        }
    }
}

impl Tracked {
    /// Today's uses of an endpoint by its shape.
    fn endpoint(&mut self, shape: &str) -> &mut Today {
        let fits = self.today.contains_key(shape) || self.today.len() < ENDPOINTS_MAX;
        let name = if fits { shape } else { REST };
        self.today.entry(name.to_owned()).or_default()
    }

    /// The endpoints whose share is far above the norm today.
    fn far<'a>(&'a self, settings: &'a Settings) -> impl Iterator<Item = Row> + 'a {
        let all: u64 = self.today.values().map(|today| today.uses).sum();
        let looked_at = all >= settings.uses_min && self.past.len() >= DAYS_MIN;
        self.today.iter().filter(move |_| looked_at).filter_map(move |(endpoint, today)| {
            let mut shares: Vec<f64> = self.past.iter().map(|day| day.get(endpoint).copied().unwrap_or(0.0)).collect();
            let usual = median(&mut shares);
            let most = shares.last().copied().unwrap_or(0.0);
            let mut off: Vec<f64> = shares.iter().map(|share| (share - usual).abs()).collect();
            let share = today.uses as f64 / all as f64;
            // The chance of so many draws, and how far days usually lie apart.
            let chance = (share * (1.0 - share) / all as f64).sqrt();
            let deviation = chance.hypot(1.4826 * median(&mut off)).max(SHARE_FLOOR);
            let score = (share - usual) / deviation;
            (score >= settings.score_min && share > most).then(|| Row {
                id: 0,
                endpoint: endpoint.clone(),
                share,
                usual,
                score,
                days: shares.len(),
            })
        })
    }

    /// Ends a day, which is kept as part of the norm where it was ordinary and told enough.
    fn end(&mut self, ordinary: bool, uses_min: u64) {
        let all: u64 = self.today.values().map(|today| today.uses).sum();
        let today = std::mem::take(&mut self.today);
        // A tenth of what is looked at still shows what is usual.
        if ordinary && all > 0 && all >= uses_min / 10 {
            self.past.push_back(
                today.into_iter().map(|(endpoint, today)| (endpoint, today.uses as f64 / all as f64)).collect(),
            );
            while self.past.len() > DAYS {
                self.past.pop_front();
            }
        }
    }
}

fn tell(
    row: &Row,
    (rank, of): (usize, usize),
    day: i64,
    tracked: &Tracked,
    settings: &Settings,
    view: &View<'_>,
    out: &mut FindingSet,
) {
    let all: u64 = tracked.today.values().map(|today| today.uses).sum();
    let Some(today) = tracked.today.get(&row.endpoint) else { return };
    let Some(mut evidence) = today.record.clone() else { return };
    let surplus = (today.uses as f64 - row.usual * all as f64).max(1.0);
    let agrees = today.forged as f64 * 2.0 >= surplus;
    let end = EventTime::from_secs((day + 1) * 86_400).minus(Span::from_micros(1));
    let percent = |share: f64| (share * 1_000.0).round() / 10.0;
    evidence.shows = format!("{}: {} of {all} uses, rank {rank} of {of}", say::day(end), today.uses);
    out.raise(&Raise {
        meta: &META,
        accused: tracked.thing.clone(),
        variant: &row.endpoint,
        severity: if agrees { Severity::High } else { Severity::Low },
        confidence: if agrees { Confidence::Likely } else { Confidence::Possible },
        stage: if agrees { Stage::Confirmed } else { Stage::Provisional },
        was: None,
        at: evidence.at,
        known_at: end,
        evidence,
        tell: &|| {
            let forged = if agrees { format!("; {} of them were forged", today.forged) } else { String::new() };
            let title = format!(
                "{} % of the uses of {} on {} were of `{}`, which is {} % otherwise{forged}",
                percent(row.share),
                say::thing(view.inventory, &tracked.thing),
                say::day(end),
                row.endpoint,
                percent(row.usual),
            );
            let inputs = vec![
                say::input("uses of the endpoint, of all that day", format!("{} of {all}", today.uses)),
                say::input("usual share", format!("{} % (median of {} days)", percent(row.usual), row.days)),
                say::input("score, in deviations", (row.score * 10.0).round() / 10.0),
                say::input("told from", settings.score_min),
                say::input("rank of the day", format!("{rank} of {of} above that")),
                say::input("forged uses of it", today.forged),
            ];
            (title, vec![Thing::new(ThingKind::Resource, &row.endpoint)], inputs)
        },
    });
}

/// The key and the client of a use: their places in the table, kinds and names.
fn named<'a>(batch: &Batch, row: usize, resolved: Resolved, view: &View<'a>) -> [Option<(u64, ThingKind, &'a str)>; 2] {
    let names = batch.names(row);
    let named = |name: Sym, kind: ThingKind, salt: u64| {
        let told = !name.is_none() && name != Sym::MANY;
        told.then(|| (view.symbols.hash(name) ^ salt, kind, view.symbols.text(name)))
    };
    let known = resolved.key.and_then(|ix| view.inventory.credential(ix));
    let key = named(names.key_id, ThingKind::Credential, 1);
    let key = key.map(|(id, kind, name)| (id, kind, known.map_or(name, |key| key.it.id.as_str())));
    [key, named(names.client, ThingKind::Client, 2)]
}

impl State {
    /// The shape of an endpoint.
    fn shape(&mut self, resource: &str) -> Box<str> {
        if let Some(known) = self.shapes.get(resource) {
            return known.clone();
        }
        if self.shapes.len() >= SHAPES_MAX {
            self.shapes.clear();
        }
        let shape: Box<str> = shape(resource).into();
        self.shapes.insert(resource.into(), shape.clone());
        shape
    }
}

/// The shape of what was touched: without query, and without what names one thing only.
fn shape(resource: &str) -> String {
    let mut shape = String::with_capacity(resource.len());
    for (nth, part) in say::path(resource).split('/').enumerate() {
        if nth > 0 {
            shape.push('/');
        }
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let names_one = digits > 0 && (digits * 2 >= part.len() || (part.len() >= 16 && digits >= 4));
        shape.push_str(if names_one { ":id" } else { part });
    }
    shape
}

/// The median; sorts. 0 of nothing.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |at: usize| values.get(at).copied().unwrap_or(0.0);
    if values.len().is_multiple_of(2) { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) } else { at(middle) }
}
