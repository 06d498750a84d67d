//! The company whose facts are loaded: people, accounts and rights as CSV exports.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// In which order the rows stand: an export need not keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By number.
    Rising,
    /// The last first.
    Falling,
}

impl Order {
    /// The numbers below `count` in this order.
    fn of(self, count: u64) -> impl Iterator<Item = u64> {
        (0..count).map(move |at| if self == Order::Rising { at } else { count - 1 - at })
    }
}

/// Writes `people.csv`, `accounts.csv` and `rights.csv` that hold about `facts` facts together: a
/// person is two (the person and the stint), an account and a right one each.
pub(crate) fn write(folder: &Path, facts: u64, order: Order) -> io::Result<()> {
    let people = facts / 5;
    let mut file = BufWriter::new(File::create(folder.join("people.csv"))?);
    file.write_all(b"Employee ID,Legal Name,Email,User Name,Worker Type,Department,Business Title,Manager ID,Hire Date,Last Day of Work\n")?;
    for person in order.of(people) {
        let (department, hired) = (person % 40, 1 + person % 28);
        let left = if person % 20 == 7 { format!("2026-02-{hired:02}") } else { String::new() };
        writeln!(
            file,
            "{person},Name{person} Family{},p{person}@firm.example,p{person},Employee,Department {department},Engineer,{},2020-03-{hired:02},{left}",
            person % 977,
            person / 10
        )?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(folder.join("accounts.csv"))?);
    file.write_all(b"account_id,login,display_name,email,employee_number,kind,status,owner,created_at,created_by,last_used,deleted_at\n")?;
    for person in order.of(people) {
        writeln!(
            file,
            "a{person},p{person},Name{person} Family{},p{person}@firm.example,{person},human,enabled,,2020-03-02T08:00:00Z,,,",
            person % 977
        )?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(folder.join("rights.csv"))?);
    file.write_all(b"holder,holder_kind,resource,rights,since,until,granted_by,last_used\n")?;
    for right in order.of(people * 2) {
        let (holder, resource) = (right / 2, right % 50_000);
        writeln!(file, "a{holder},account,repo/{resource},read,2021-01-04T08:00:00Z,,,")?;
    }
    file.flush()
}
