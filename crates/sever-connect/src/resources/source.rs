//! `resources`: things worth protecting, as a table.

use sever_model::port::Reason;
use sever_model::{Fact, FactKind, Record, Resource, ResourceId, SystemId, Valid};

use crate::row::{Row, scoped, shortened};
use crate::tables::{Rows, Seen, Table};
use crate::{Column, Provider};

pub(crate) const PROVIDER: Provider = Provider {
    id: "resources",
    title: "Resources",
    about: "One row per thing worth protecting: a table, report, machine, volume, backup, mailbox or secret, who \
            answers for it, and how many people's data it holds. \
            It cannot say who may use one: `rights` does, or the system's own export.",
    scope: "a role that can list the inventory, such as a read-only auditor",
    kinds: TABLE.kinds,
    columns: TABLE.columns,
    together: false,
    sniff: |sample| TABLE.sniff(sample),
    open: |settings| TABLE.open(settings),
};

static TABLE: Table = Table {
    id: "resources",
    columns: COLUMNS,
    needs: &[&[&RESOURCE]],
    kinds: &[FactKind::Resource],
    rows: |context| Box::new(Resources { system: context.system.clone(), seen: Seen::default() }),
};

const COLUMNS: &[&Column] = &[&RESOURCE, &KIND, &OWNER, &SUBJECTS];
static RESOURCE: Column =
    Column::text(0, "resource", &["resourceid", "resourcename", "asset", "assetid", "path"], "its id or path");
static KIND: Column = Column::text(1, "kind", &["resourcetype", "assettype", "type", "resourcekind"], "what it is");
static OWNER: Column = Column::text(2, "owner", &["owneremail", "responsible", "team"], "who answers for it");
static SUBJECTS: Column =
    Column::text(3, "subjects", &["datasubjects", "people", "customers", "records"], "how many people's data it holds");

struct Resources {
    system: SystemId,
    seen: Seen,
}

impl Rows for Resources {
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason> {
        let id = scoped(&self.system, row.need(&RESOURCE)?);
        let subjects = row.some(&SUBJECTS).map(|text| {
            let digits = text.replace([',', '_', ' '], "");
            digits.parse().map_err(|_| Reason::Invalid(SUBJECTS.name, shortened(text)))
        });
        let resource = Resource {
            id: ResourceId::from(id.clone()),
            kind: row.text(&KIND).to_lowercase(),
            owner: row.owned(&OWNER),
            subjects: subjects.transpose()?,
        };
        self.seen.once(&id, row.place)?;
        emit(Record { fact: Fact::Resource(resource), valid: Valid::ALWAYS });
        Ok(())
    }
}
