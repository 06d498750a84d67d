//! `people`: who works here, since when and until when, from HR exports.
//!
//! One row is one stint: a person hired twice has two rows with different hire dates. A stint's
//! interval ends with access, not with employment: at `access_end` where HR says that, else at the end
//! of the last day in the row's zone. A row that says *terminated* without a date ends at some time
//! up to the listing's instant. A row without a hire date begins when a listing first shows it.
//!
//! Bounded by the people of one listing: a person's rows may stand anywhere in it.

use std::collections::HashMap;

use sever_model::port::Reason;
use sever_model::{Bound, Employment, EventTime, Fact, FactKind, Person, PersonId, Record, Stint, Valid, Zone};

use crate::columns::normal;
use crate::dates::When;
use crate::row::{Row, counted, shortened};
use crate::tables::{Context, Rows, Seen, Table};
use crate::{Column, Provider};

pub(crate) const PROVIDER: Provider = Provider {
    id: "people",
    title: "People, from HR",
    about: "One row per stint, as Workday, BambooHR, SAP or SCIM export it: CSV, or JSON (`Report_Entry`, \
            `employees`, `Resources`, an array, JSON lines). Put everybody in it, contractors and those who have left \
            too. Access ends at `Access End` if there is such a column, else at the end of the last day in the \
            source's zone (or the row's own). A monthly list with its date in the file's name will do as well: who \
            is gone from the next one left in between. Without a hire date, a rehire is only seen where a list in \
            between lacked the person. \
            It cannot say who has an account: accounts join to people by employee number, e-mail or login, \
            so export those too.",
    scope: "a report of worker id, name, e-mail, login, team, manager and dates; no pay, no birth date",
    kinds: TABLE.kinds,
    columns: TABLE.columns,
    together: false,
    sniff: |sample| TABLE.sniff(sample),
    open: |settings| TABLE.open(settings),
};

static TABLE: Table = Table {
    id: "people",
    columns: COLUMNS,
    needs: &[&[&ID]],
    kinds: &[FactKind::Person, FactKind::Stint],
    rows: |context| Box::new(People::new(context)),
};

const COLUMNS: &[&Column] = &[
    &ID,
    &NAME,
    &FIRST,
    &LAST,
    &EMAIL,
    &LOGIN,
    &NUMBER,
    &TYPE,
    &TEAM,
    &TITLE,
    &MANAGER,
    &HIRED,
    &LAST_DAY,
    &TERMINATED,
    &ACCESS_END,
    &STATUS,
    &ZONE,
];
static ID: Column = Column::text(
    0,
    "id",
    &[
        "employeeid",
        "workerid",
        "personid",
        "personnelnumber",
        "persno",
        "personalnummer",
        "employeenumber",
        "empid",
        "staffid",
        "associateid",
        "contractorid",
        "사번",
        "직원번호",
    ],
    "the person's id in HR",
);
static NAME: Column = Column::text(
    1,
    "name",
    &[
        "legalname",
        "fullname",
        "displayname",
        "worker",
        "workername",
        "employeename",
        "nameformatted",
        "preferredname",
        "이름",
        "성명",
    ],
    "full name",
);
static FIRST: Column = Column::text(
    2,
    "first_name",
    &["firstname", "givenname", "namegivenname", "legalfirstname", "preferredfirstname", "vorname"],
    "with `last_name`, the name",
);
static LAST: Column = Column::text(
    3,
    "last_name",
    &["lastname", "surname", "familyname", "namefamilyname", "legallastname", "nachname"],
    "see `first_name`",
);
static EMAIL: Column = Column::text(
    4,
    "email",
    &["workemail", "emailaddress", "primaryworkemail", "emails", "emailsvalue", "mail", "businessemail", "이메일"],
    "e-mail addresses, for finding accounts; never a key",
);
static LOGIN: Column = Column::text(
    5,
    "login",
    &["username", "userid", "networkid", "networklogin", "samaccountname", "ssoid", "logins"],
    "logins that HR records; several separated by `;`",
);
static NUMBER: Column = Column::text(
    6,
    "employee_number",
    &["employeenumber", "employeenum", "badgenumber"],
    "the employee number, where it is not the id",
);
static TYPE: Column = Column::text(
    7,
    "worker_type",
    &["employmenttype", "employeetype", "workertype", "employmentstatus", "contingent", "usertype", "고용형태"],
    "employee or contractor",
);
static TEAM: Column = Column::text(
    8,
    "team",
    &[
        "department",
        "departmentname",
        "organization",
        "supervisoryorganization",
        "costcenter",
        "division",
        "orgunit",
        "부서",
    ],
    "team or department",
);
static TITLE: Column =
    Column::text(9, "title", &["businesstitle", "jobtitle", "position", "jobprofile", "role", "직급"], "job title");
static MANAGER: Column = Column::text(
    10,
    "manager",
    &["managerid", "manageremployeeid", "managervalue", "supervisorid", "supervisor", "reportsto", "reportingto"],
    "the manager's id",
);
static HIRED: Column = Column::time(
    11,
    "hire_date",
    &[
        "hiredate",
        "startdate",
        "originalhiredate",
        "entrydate",
        "dateofhire",
        "joindate",
        "contractstart",
        "contractstartdate",
        "eintrittsdatum",
        "입사일",
    ],
    "first day",
);
static LAST_DAY: Column = Column::time(
    12,
    "last_day",
    &["lastdayofwork", "lastday", "lastworkingday", "lastworkday", "enddate", "contractend", "contractenddate"],
    "last day of work",
);
static TERMINATED: Column = Column::time(
    13,
    "termination_date",
    &[
        "terminationdate",
        "termdate",
        "leavedate",
        "leavingdate",
        "dateofleaving",
        "separationdate",
        "exitdate",
        "austrittsdatum",
        "퇴사일",
    ],
    "the day employment ends; used where `last_day` is empty",
);
static ACCESS_END: Column = Column::time(
    14,
    "access_end",
    &["accessend", "endofaccess", "accessenddate", "accessends", "accessuntil"],
    "when access ends, where that is not the end of the last day: an instant, or a local time",
);
static STATUS: Column = Column::text(
    15,
    "status",
    &["workerstatus", "employeestatus", "active", "state", "isactive"],
    "active or terminated, where there is no date",
);
static ZONE: Column = Column::text(
    16,
    "zone",
    &["timezone", "tz", "worktimezone", "locationtimezone"],
    "the zone of the row's dates, an IANA name",
);

struct People {
    at: EventTime,
    zone: Zone,
    zones: HashMap<String, Zone>,
    seen: Seen,
    /// Each person with their first day; emitted once, at the end, as their newest row has them.
    people: Vec<(Person, Option<EventTime>, Bound)>,
    by_id: HashMap<Box<str>, usize>,
    undated_leavers: u64,
}

impl People {
    fn new(context: &Context) -> People {
        People {
            at: context.at,
            zone: context.zone.clone(),
            zones: HashMap::new(),
            seen: Seen::default(),
            people: Vec::new(),
            by_id: HashMap::new(),
            undated_leavers: 0,
        }
    }

    /// The interval of the stint and its last day.
    fn employed(&mut self, row: &Row<'_>) -> Result<(Valid, Option<String>, Option<String>), Reason> {
        let zone = self.zone_of(row)?;
        let hired = self.day(row, &HIRED, &zone)?;
        let last_column = if row.some(&LAST_DAY).is_some() { &LAST_DAY } else { &TERMINATED };
        let last = match self.day(row, last_column, &zone)? {
            None if row.some(&LAST_DAY).is_some() => self.day(row, &TERMINATED, &zone)?,
            found => found,
        };
        let from = hired.as_ref().map_or(Bound::Unbounded, |(_, start, _)| Bound::At(*start));
        let access_end = match row.when(&ACCESS_END, &zone)? {
            None => None,
            Some(When::Instant(at)) => Some(at),
            Some(When::Day(day)) => Some(zone.end_of(&day).map_err(|error| invalid(&ACCESS_END, &error))?),
        };
        let end = access_end.or(last.as_ref().map(|(_, _, end)| *end));
        if let (Bound::At(start), Some(end)) = (from, end)
            && end < start
        {
            let (column, theirs) = if access_end.is_some() {
                (&ACCESS_END, row.text(&ACCESS_END))
            } else {
                (last_column, row.text(last_column))
            };
            let what = format!(
                "`{}` {} is before the hire date {}: swapped columns, or a rehire without its own row?",
                column.name,
                shortened(theirs),
                row.text(&HIRED)
            );
            return Err(Reason::Impossible(what));
        }
        let to = match end {
            Some(end) => Bound::At(end),
            None if has_left(row.text(&STATUS)) => {
                self.undated_leavers += 1;
                Bound::Between(Valid { from, to: Bound::Unbounded }.earliest_start().min(self.at), self.at)
            }
            None => Bound::Unbounded,
        };
        Ok((Valid { from, to }, hired.map(|(day, ..)| day), last.map(|(day, ..)| day)))
    }

    /// A day with its first and last instant in the zone; an instant stands for itself.
    fn day(
        &self,
        row: &Row<'_>,
        column: &Column,
        zone: &Zone,
    ) -> Result<Option<(String, EventTime, EventTime)>, Reason> {
        Ok(match row.when(column, zone)? {
            None => None,
            Some(When::Day(day)) => {
                let start = zone.start_of(&day).map_err(|error| invalid(column, &error))?;
                let end = zone.end_of(&day).map_err(|error| invalid(column, &error))?;
                Some((day, start, end))
            }
            Some(When::Instant(at)) => {
                // Exports write midnight behind a date (`2026-09-30 00:00:00`); that is the day, too.
                let text = row.text(column);
                let day = text.get(..10).unwrap_or(text).to_owned();
                match (text.contains("00:00"), zone.start_of(&day), zone.end_of(&day)) {
                    (true, Ok(start), Ok(end)) => Some((day, start, end)),
                    _ => Some((day, at, at)),
                }
            }
        })
    }

    fn zone_of(&mut self, row: &Row<'_>) -> Result<Zone, Reason> {
        let Some(name) = row.some(&ZONE) else { return Ok(self.zone.clone()) };
        if let Some(zone) = self.zones.get(name) {
            return Ok(zone.clone());
        }
        let zone = Zone::named(name).map_err(|_| Reason::Invalid(ZONE.name, shortened(name)))?;
        self.zones.insert(name.to_owned(), zone.clone());
        Ok(zone)
    }

    /// Keeps a person as the row of their newest stint has them.
    fn keep(&mut self, person: Person, valid: Valid) {
        let start = Some(valid.earliest_start()).filter(|start| *start != EventTime::MIN);
        let known = self.by_id.get(person.id.as_str()).and_then(|at| self.people.get_mut(*at));
        let Some((held, newest, from)) = known else {
            self.by_id.insert(person.id.as_str().into(), self.people.len());
            self.people.push((person, start, valid.from));
            return;
        };
        if valid.earliest_start() < (Valid { from: *from, to: Bound::Unbounded }).earliest_start() {
            *from = valid.from;
        }
        let (newer, mut older) = if start >= *newest { (person, held.clone()) } else { (held.clone(), person) };
        *newest = start.max(*newest);
        *held = newer;
        // Addresses and logins of an earlier stint still find the accounts of that time.
        older.emails.retain(|email| !held.emails.contains(email));
        older.logins.retain(|login| !held.logins.contains(login));
        held.emails.append(&mut older.emails);
        held.logins.append(&mut older.logins);
    }
}

impl Rows for People {
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason> {
        let id = row.need(&ID)?;
        let (valid, hired, last_day) = self.employed(row)?;
        let ordinal = hired.unwrap_or_else(|| "1".to_owned());
        self.seen.once(&format!("{id} {ordinal}"), row.place)?;
        let person = Person {
            id: PersonId::from(id),
            name: name(row),
            emails: row.emails(&EMAIL),
            logins: logins(row.text(&LOGIN)),
            employee_number: row.owned(&NUMBER).filter(|number| number != id),
            manager: row.some(&MANAGER).map(PersonId::from),
        };
        let stint = Stint {
            person: person.id.clone(),
            ordinal,
            employment: employment(row.text(&TYPE)),
            team: row.text(&TEAM).to_owned(),
            title: row.text(&TITLE).to_owned(),
            last_day,
        };
        self.keep(person, valid);
        emit(Record { fact: Fact::Stint(stint), valid });
        Ok(())
    }

    fn finish(&mut self, emit: &mut dyn FnMut(Record)) -> Vec<String> {
        for (person, _, from) in std::mem::take(&mut self.people) {
            emit(Record { fact: Fact::Person(person), valid: Valid { from, to: Bound::Unbounded } });
        }
        let mut gaps = Vec::new();
        if self.undated_leavers > 0 {
            gaps.push(format!(
                "{} without a date: when they left is only known to lie between two listings; export the termination \
                 date as well",
                counted(self.undated_leavers, "leaver")
            ));
        }
        gaps
    }
}

fn name(row: &Row<'_>) -> String {
    match row.some(&NAME) {
        Some(name) => name.to_owned(),
        None => format!("{} {}", row.text(&FIRST), row.text(&LAST)).trim().to_owned(),
    }
}

fn logins(text: &str) -> Vec<String> {
    let parts = text.split([';', ',', ' ', '|']).map(|part| part.trim().to_lowercase());
    parts.filter(|part| !part.is_empty()).collect()
}

/// Contractors are told by any of the words that exports have for them; no word at all is no claim.
fn employment(text: &str) -> Employment {
    const CONTRACTORS: [&str; 10] =
        ["contract", "contingent", "consult", "agency", "freelance", "vendor", "extern", "temp", "outsourc", "협력"];
    let word = normal(text);
    if CONTRACTORS.iter().any(|part| word.contains(part)) {
        Employment::Contractor
    } else if ["employee", "regular", "permanent", "fulltime", "parttime", "staff", "fte", "정규직"]
        .iter()
        .any(|part| word.contains(part))
    {
        Employment::Employee
    } else {
        Employment::Other
    }
}

/// Whether a status word says that the person has left. "On leave" has not.
fn has_left(text: &str) -> bool {
    matches!(
        normal(text).as_str(),
        "terminated"
            | "inactive"
            | "left"
            | "leaver"
            | "separated"
            | "resigned"
            | "dismissed"
            | "retired"
            | "withdrawn"
            | "false"
            | "former"
            | "exited"
            | "offboarded"
            | "0"
            | "no"
            | "퇴사"
            | "퇴직"
    )
}

fn invalid(column: &Column, error: &sever_model::TimeError) -> Reason {
    Reason::Invalid(column.name, error.to_string())
}
