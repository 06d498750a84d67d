//! Exports in rows: CSV as spreadsheets and databases write it, or JSON objects, by our columns.
//!
//! A provider of rows gives its columns and turns one [`Row`] into records; finding the columns, the
//! order of dates, rejects and their places, and whether the file breaks off are the same for all.
//!
//! Bounded by one record ([`sever_model::Limits::frame_bytes_max`]) and by what a provider keeps to
//! find duplicates: the ids of its things.

use std::collections::HashMap;
use std::path::Path;

use sever_model::port::{ListingRef, Pull, Reason, Source, SourceError};
use sever_model::{EventTime, FactKind, Record, SourceId, SystemId, Zone};

use crate::columns::{DATE_ORDER, Mapping, Unmapped, normal};
use crate::csv::{CsvRecord, Next, next_header};
use crate::dates::{Dates, Order};
use crate::files::{self, Parts, file_name};
use crate::lines::{Found, Lines, Place};
use crate::row::{COLUMNS_MAX, Cells, Row};
use crate::tally::Tally;
use crate::{Column, Sample, SourceSettings, wire};

/// What a provider of rows is made of.
pub(crate) struct Table {
    /// Its word, for digests.
    pub(crate) id: &'static str,
    /// The columns it knows.
    pub(crate) columns: &'static [&'static Column],
    /// Groups of columns of which one at least must be there.
    pub(crate) needs: &'static [&'static [&'static Column]],
    /// The kinds of fact it gives.
    pub(crate) kinds: &'static [FactKind],
    /// Begins reading a listing.
    pub(crate) rows: fn(&Context) -> Box<dyn Rows>,
}

/// What a provider may know of the listing whose rows it reads.
pub(crate) struct Context {
    pub(crate) system: SystemId,
    pub(crate) at: EventTime,
    pub(crate) zone: Zone,
}

/// Turns rows into records.
pub(crate) trait Rows {
    /// Reads one row.
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason>;

    /// Hands over what could only be said at the end, and what was not covered.
    fn finish(&mut self, _emit: &mut dyn FnMut(Record)) -> Vec<String> {
        Vec::new()
    }
}

/// Ids already seen, with their lines.
#[derive(Default)]
pub(crate) struct Seen(HashMap<Box<str>, u64>);

impl Seen {
    /// Rejects an id that an earlier row has.
    pub(crate) fn once(&mut self, id: &str, place: Place) -> Result<(), Reason> {
        if let Some(line) = self.0.get(id) {
            return Err(Reason::Conflict(format!("`{}` is on line {line} already", crate::row::shortened(id))));
        }
        self.0.insert(id.into(), place.line);
        Ok(())
    }
}

impl Table {
    /// Opens a source of these rows.
    pub(crate) fn open(&'static self, settings: SourceSettings) -> Result<Box<dyn Source>, SourceError> {
        let order = match settings.map.get(DATE_ORDER) {
            None => None,
            Some(word) => Some(Order::named(word).ok_or_else(|| SourceError {
                source_id: settings.id.clone(),
                what: format!("`{word}` is no order of dates"),
                hint: Some("it is `day-first` or `month-first`".to_owned()),
            })?),
        };
        Ok(Box::new(TableSource { table: self, settings, order }))
    }

    /// Whether a sample's header is this table's: the share of its columns that are known, less a
    /// little for every column of ours that names nothing there.
    pub(crate) fn sniff(&self, sample: &Sample<'_>) -> Option<(u8, String)> {
        let headers = headers_of(sample)?;
        let map = std::collections::BTreeMap::new();
        let mapping = Mapping::new(headers.clone(), self.columns, self.needs, &map).ok()?;
        let (mapped, _) = mapping.shown(self.columns);
        let own = mapped.iter().filter(|(ours, theirs)| normal(ours) == normal(theirs)).count();
        let share = (mapped.len() * 70).div_ceil(headers.len().max(1)).min(70);
        let named = sample.name.to_lowercase().contains(self.id.trim_end_matches('s'));
        if mapped.len() < 2 || share < 25 {
            return None;
        }
        let score = share + (own * 15).div_ceil(headers.len().max(1)).min(15) + if named { 15 } else { 0 };
        let names: Vec<&str> = mapped.iter().map(|(_, theirs)| theirs.as_str()).collect();
        Some((score.min(100) as u8, format!("{} of {} columns: {}", mapped.len(), headers.len(), names.join(", "))))
    }
}

/// Our columns and theirs in the newest listing's first file, and what is left of theirs.
pub(crate) fn mapping_of(columns: &[&Column], settings: &SourceSettings) -> Result<crate::columns::Shown, SourceError> {
    let listings = files::parts(settings)?;
    let Some(path) = listings.last().and_then(|parts| parts.paths.first()) else { return Ok(Default::default()) };
    let mut head = Vec::new();
    let read = files::open(path).and_then(|input| {
        use std::io::Read;
        input.take(64 << 10).read_to_end(&mut head)
    });
    read.map_err(|error| files::failed(settings, path, &error.to_string()))?;
    let name = file_name(path);
    let Some(headers) = headers_of(&Sample { name: &name, head: &head }) else { return Ok(Default::default()) };
    let mapping = Mapping::new(headers, columns, &[], &settings.map).map_err(|no| unmapped(settings, path, no))?;
    Ok(mapping.shown(columns))
}

struct TableSource {
    table: &'static Table,
    settings: SourceSettings,
    order: Option<Order>,
}

impl Source for TableSource {
    fn id(&self) -> &SourceId {
        &self.settings.id
    }

    fn listings(&self) -> Result<Vec<ListingRef>, SourceError> {
        files::listings(&self.settings, self.table.id)
    }

    fn pull(&self, listing: &ListingRef, each: &mut dyn FnMut(Record)) -> Result<Pull, SourceError> {
        let parts = files::parts_of(&self.settings, listing)?;
        let dates = Dates::new(&self.settings.zone, self.order, Box::new(|| self.scan_order(&parts)));
        let context = Context { system: self.settings.system.clone(), at: parts.at, zone: self.settings.zone.clone() };
        let mut rows = (self.table.rows)(&context);
        let mut tally = Tally::new(&self.settings, each);
        for path in &parts.paths {
            self.part(path, &dates, &mut *rows, &mut tally)?;
        }
        for gap in rows.finish(&mut |record| tally.record(record)) {
            tally.gap(gap);
        }
        if dates.undecided() {
            let say = "nothing tells whether day or month comes first in some dates, so their rows are rejected; \
                       say it with `map = { date_order = \"day-first\" }` or `\"month-first\"`";
            tally.gap(say.to_owned());
        }
        Ok(tally.finish(&self.settings, self.table.kinds, parts.at))
    }
}

impl TableSource {
    fn part(
        &self,
        path: &Path,
        dates: &Dates<'_>,
        rows: &mut dyn Rows,
        tally: &mut Tally<'_>,
    ) -> Result<(), SourceError> {
        let name = file_name(path);
        let before = tally.records();
        let end = self.read(path, &mut |place, cells| {
            let read = cells.and_then(|cells| {
                let row = Row { cells: *cells, place, dates };
                rows.row(&row, &mut |record| tally.record(record))
            });
            if let Err(reason) = read {
                tally.reject(&name, place, reason);
            }
        })?;
        for gap in end.gaps {
            tally.gap(format!("{name}: {gap}"));
        }
        if let Some(line) = end.breaks_off {
            tally.partial(format!("{name}: breaks off at line {line}"));
        } else if let Some((total, seen)) = end.announced.filter(|(total, seen)| total > seen) {
            tally.partial(format!("{name}: says that there are {total}, and holds {seen}"));
        } else if end.rows == 0 && tally.records() == before {
            tally.empty(format!("{name}: {}", if end.header { "a header and no rows" } else { "empty" }));
        }
        Ok(())
    }

    /// Reads a file's rows in their order.
    fn read(&self, path: &Path, visit: &mut Visit<'_>) -> Result<PartEnd, SourceError> {
        let fail = |error: std::io::Error| files::failed(&self.settings, path, &error.to_string());
        let mut lines = Lines::new(files::open(path).map_err(fail)?, self.settings.limits.frame_bytes_max);
        let first = lines.find(0);
        let head = match first {
            Found::Whole(count) | Found::Last(count) => lines.bytes(count),
            Found::TooLong | Found::Nothing => lines.bytes(lines.held().min(64 << 10)),
        };
        if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = head {
            return Err(self.utf16(path));
        }
        if wire::is_json(head) {
            return self.read_json(path, visit);
        }
        if head.contains(&0) {
            let mut error = files::failed(&self.settings, path, "binary data, not CSV or JSON");
            error.hint = Some("a spreadsheet is exported as CSV (UTF-8) first".to_owned());
            return Err(error);
        }
        self.read_csv(path, lines, visit)
    }

    fn read_csv(&self, path: &Path, mut lines: Lines, visit: &mut Visit<'_>) -> Result<PartEnd, SourceError> {
        let mut end = PartEnd::default();
        let mut record = CsvRecord::default();
        let Some((_, header)) = next_header(&mut lines, &mut record) else {
            if let Some(broken) = lines.broken() {
                return Err(files::failed(&self.settings, path, &format!("does not decompress: {broken}")));
            }
            return Ok(end);
        };
        end.header = true;
        let delimiter = header.delimiter;
        let mapping = Mapping::new(header.names, self.table.columns, self.table.needs, &self.settings.map)
            .map_err(|no| unmapped(&self.settings, path, no))?;
        let mut not_text = 0u64;
        let mut last_ragged = None;
        loop {
            let (place, read) = match record.next(&mut lines, delimiter) {
                Next::End => break,
                Next::Blank => continue,
                Next::Record(place, ended) => {
                    let width = record.len();
                    let ragged = width != mapping.width();
                    last_ragged = (ragged && !ended).then_some(place.line);
                    let lost = ragged && !(width > mapping.width() && record.blank_after(mapping.width()));
                    let cells = if lost {
                        let what = format!("{width} fields where the header has {}", mapping.width());
                        Err(if last_ragged.is_some() { Reason::Truncated } else { Reason::Syntax(what) })
                    } else {
                        record.cells(&mapping)
                    };
                    (place, cells)
                }
                Next::Bad(place, reason) => {
                    last_ragged = None;
                    not_text += u64::from(reason == Reason::NotUtf8);
                    (place, Err(reason))
                }
            };
            end.rows += 1;
            match read {
                Ok(cells) => visit(place, Ok(&cells)),
                Err(reason) => visit(place, Err(reason)),
            }
        }
        end.breaks_off = last_ragged.or(record.unclosed_at_end);
        if let Some(broken) = lines.broken() {
            end.gaps.push(format!("does not decompress to its end: {broken}"));
            end.breaks_off = Some(lines.line());
        }
        if not_text > 0 {
            end.gaps.push(format!(
                "{} not UTF-8; if it is in a Windows code page, convert it: `iconv -f cp1252 -t utf-8`",
                crate::row::counted(not_text, "row")
            ));
        }
        Ok(end)
    }

    fn read_json(&self, path: &Path, visit: &mut Visit<'_>) -> Result<PartEnd, SourceError> {
        let fail = |error: std::io::Error| files::failed(&self.settings, path, &error.to_string());
        let (text, broken) = files::read_whole(path, self.settings.limits.file_bytes_max).map_err(fail)?;
        let mut end = PartEnd { header: true, ..PartEnd::default() };
        let mut refused = None;
        let mut mapped_once = false;
        let scan = wire::elements(&text, self.settings.limits.json_depth_max, &mut |place, element| {
            end.rows += 1;
            let element = match element.and_then(wire::read::<serde_json::Value>) {
                Ok(element) if element.is_object() => element,
                Ok(_) => return visit(place, Err(Reason::Syntax("not an object".to_owned()))),
                Err(reason) => return visit(place, Err(reason)),
            };
            let cells = wire::flatten(&element);
            let headers: Vec<String> = cells.iter().map(|(name, _)| name.clone()).collect();
            match Mapping::new(headers, self.table.columns, self.table.needs, &self.known_members(&cells)) {
                Ok(mapping) => {
                    mapped_once = true;
                    let mut row = [""; COLUMNS_MAX];
                    for (slot, place) in row.iter_mut().zip(mapping.places()) {
                        *slot = place.and_then(|at| cells.get(at)).map_or("", |(_, value)| value.as_str());
                    }
                    visit(place, Ok(&row));
                }
                Err(no) => {
                    let need = self.table.needs.first().and_then(|need| need.first());
                    refused.get_or_insert(no);
                    visit(place, Err(Reason::Missing(need.map_or("id", |column| column.name))));
                }
            }
        });
        if let Some(no) = refused.filter(|_| !mapped_once) {
            return Err(unmapped(&self.settings, path, no));
        }
        end.announced = scan.announced;
        end.breaks_off = scan.breaks_off;
        if let Some(broken) = broken {
            end.gaps.push(format!("does not decompress to its end: {broken}"));
            end.breaks_off.get_or_insert(0);
        }
        Ok(end)
    }

    /// The user's map, less the members that this one object does not have.
    fn known_members(&self, cells: &[(String, String)]) -> std::collections::BTreeMap<String, String> {
        let has = |theirs: &str| cells.iter().any(|(name, _)| normal(name) == normal(theirs));
        self.settings.map.iter().filter(|(_, theirs)| has(theirs)).map(|(a, b)| (a.clone(), b.clone())).collect()
    }

    /// What all the dates of a listing say about the order of day and month.
    fn scan_order(&self, parts: &Parts) -> Order {
        let mut order = Order::Unknown;
        let times: Vec<usize> =
            self.table.columns.iter().filter(|column| column.time).map(|column| column.at).collect();
        for path in &parts.paths {
            let learn = &mut |_: Place, cells: Result<&Cells<'_>, Reason>| {
                let Ok(cells) = cells else { return };
                for text in times.iter().filter_map(|at| cells.get(*at)) {
                    order = order.learn(text);
                }
            };
            // A file that cannot be read is told by the pull itself, which reads it too.
            self.read(path, learn).ok();
        }
        order
    }

    fn utf16(&self, path: &Path) -> SourceError {
        let mut error = files::failed(&self.settings, path, "UTF-16 text, which is not read");
        error.hint = Some("export it as CSV UTF-8, or convert it: `iconv -f utf-16 -t utf-8 IN > OUT`".to_owned());
        error
    }
}

type Visit<'v> = dyn FnMut(Place, Result<&Cells<'_>, Reason>) + 'v;

/// How a file ended.
#[derive(Default)]
struct PartEnd {
    rows: u64,
    header: bool,
    breaks_off: Option<u64>,
    announced: Option<(u64, u64)>,
    gaps: Vec<String>,
}

/// A sample's column names, or the member names of its first object.
fn headers_of(sample: &Sample<'_>) -> Option<Vec<String>> {
    if wire::is_json(sample.head) {
        let mut names = None;
        wire::elements(sample.head, 64, &mut |_, element| {
            let element = element.and_then(wire::read::<serde_json::Value>);
            if let (None, Ok(value)) = (&names, element)
                && value.is_object()
            {
                names = Some(wire::flatten(&value).into_iter().map(|(name, _)| name).collect());
            }
        });
        return names;
    }
    if sample.head.contains(&0) {
        return None;
    }
    let mut lines = Lines::new(Box::new(std::io::Cursor::new(sample.head.to_vec())), 64 << 10);
    let (_, header) = next_header(&mut lines, &mut CsvRecord::default())?;
    (header.names.len() > 1).then_some(header.names)
}

fn unmapped(settings: &SourceSettings, path: &Path, no: Unmapped) -> SourceError {
    SourceError {
        source_id: settings.id.clone(),
        what: format!("{}: {}", path.display(), no.what),
        hint: Some(no.hint),
    }
}
