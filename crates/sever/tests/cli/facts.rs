//! Bad exports and configurations: a clear error with place and cure, or a counted reject; the rest
//! goes on, and nobody becomes a leaver by accident.

use std::fmt::Write as _;

use crate::world::{ACCOUNTS, HR, World};

/// Syncs the people of a world whose HR list is this.
fn synced(hr: impl AsRef<[u8]>) -> (World, String) {
    let world = World::with_people();
    world.write("hr.csv", hr);
    let said = world.sever("sync").all();
    (world, said)
}

fn many(count: usize) -> String {
    let mut hr = HR.lines().next().unwrap().to_owned() + "\n";
    for number in 0..count {
        writeln!(hr, "2{number},P {number},,p{number}@x,p{number},Employee,A,B,,2020-01-01,,,1").unwrap();
    }
    hr
}

#[test]
fn a_configuration_says_all_that_is_wrong_with_it_at_once() {
    let world = World::empty();
    world.write("severance.toml", "[[source");
    insta::assert_snapshot!(world.sever("sync").all(), @r"
    exit 2
    --- stdout
    --- stderr
    error: <dir>/severance.toml:1:9: not valid TOML: unclosed array table, expected `]]`
    ");
    world.write(
        "severance.toml",
        "zoen = \"UTC\"\nzone = \"Asia/Soul\"\n[[source]]\nname = \"x\"\nkind = \"peeple\"\npath = \"hr.csv\"\nmpa = {}\n",
    );
    insta::assert_snapshot!(world.sever("sync").all(), @r"
    exit 2
    --- stdout
    --- stderr
    error: <dir>/severance.toml:1:1: unknown key `zoen` (did you mean `zone`?)
           <dir>/severance.toml:2:8: `Asia/Soul` is not a time zone (expected an IANA name, such as `Asia/Seoul`) (did you mean `Asia/Seoul`?)
           <dir>/severance.toml:5:8: there is no kind of source `peeple` (did you mean `people`?)
           <dir>/severance.toml:7:1: unknown key `mpa` in [[source]] (did you mean `map`?)
    ");
}

#[test]
fn rows_that_cannot_be_read_are_counted_with_their_place() {
    let rows = "10009,Too Few\n\
        10012,Weird,,w@x,weird,Employee,A,B,,2025-05-01,2024-05-01,2024-05-01,1\n\
        10013,Bad,,b@x,bad,Employee,A,B,,2025-13-41,,,1\n\
        10001,Mina Park,,m@x,mina.park,Employee,A,B,,2019-03-04,,,1\n\
        \"10011,never closed\n";
    insta::assert_snapshot!(synced(HR.to_owned() + rows).1, @r"
    exit 6
    --- stdout
    source	listing	result	records	added	changed	ended	unchanged	rejected
    hr	hr.csv	applied	13	13	0	0	0	5
    shop	accounts.csv	applied	8	8	0	0	0	0
    --- stderr
    partly covered: hr (hr.csv: breaks off at line 13; hr.csv: 4 rows rejected (line 9: syntax: 2 fields where the header has 13); nothing missing from this listing is taken as ended; 5 of 18 records could not be read)
    hr hr.csv: line 9 not read: syntax: 2 fields where the header has 13
    hr hr.csv: line 10 not read: `last_day` 2024-05-01 is before the hire date 2025-05-01: swapped columns, or a rehire without its own row?
    hr hr.csv: line 11 not read: `2025-13-41` is no `hire_date`
    hr hr.csv: line 12 not read: `person-……… 2019-03-04` is on line 2 already
    hr hr.csv: line 13 not read: syntax: a quote is opened and never closed
    ");
}

#[test]
fn encodings_are_told_apart() {
    let (_, whole) = synced([b"\xef\xbb\xbf", HR.as_bytes()].concat());
    assert!(whole.starts_with("exit 0"), "{whole}");
    let utf16: Vec<u8> = [0xFEFF].into_iter().chain(HR.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    insta::assert_snapshot!(synced(utf16).1, @r"
    exit 5
    --- stdout
    source	listing	result	records	added	changed	ended	unchanged	rejected
    hr	hr.csv	FAILED						
    shop	accounts.csv	applied	8	8	0	0	0	0
    --- stderr
    hr hr.csv: <dir>/hr.csv: UTF-16 text, which is not read
      hint: export it as CSV UTF-8, or convert it: `iconv -f utf-16 -t utf-8 IN > OUT`
    ");
    let latin1: Vec<u8> = HR.chars().map(|char| char as u8).collect();
    insta::assert_snapshot!(synced(latin1).1, @r"
    exit 6
    --- stdout
    source	listing	result	records	added	changed	ended	unchanged	rejected
    hr	hr.csv	applied	11	11	0	0	0	1
    shop	accounts.csv	applied	8	8	0	0	0	0
    --- stderr
    partly covered: hr (hr.csv: 1 row not UTF-8; if it is in a Windows code page, convert it: `iconv -f cp1252 -t utf-8`; hr.csv: 1 row rejected (line 8: not UTF-8); nothing missing from this listing is taken as ended; 1 of 12 records could not be read)
    hr hr.csv: line 8 not read: not UTF-8
    ");
}

#[test]
fn a_list_that_shrank_makes_nobody_a_leaver() {
    for (why, left) in [("empty", String::new()), ("a header", many(0)), ("short", many(58))] {
        let (world, said) = synced(many(100));
        assert!(said.starts_with("exit 0"), "{said}");
        world.write("hr.csv", &left);
        let said = world.sever("sync");
        assert_eq!(said.exit, 4, "{why}: {}", said.all());
        assert!(said.stdout.contains("\tBRAKED\t"), "{why}: {}", said.all());
        let leavers = world.sever("list leavers");
        assert_eq!((leavers.stdout.lines().count(), leavers.exit), (1, 6), "{why}: {}", leavers.all());
        assert_eq!(leavers.told("brake").len(), 1, "{why}: {}", leavers.all());
        // Not even by insisting.
        assert_eq!(world.sever("sync").exit, 4, "{why}");
    }
}

#[test]
fn a_list_that_breaks_off_ends_nothing() {
    let (world, _) = synced(many(100));
    let whole = many(100);
    world.write("hr.csv", &whole[..3_000]);
    let said = world.sever("sync");
    assert_eq!(said.exit, 6, "{}", said.all());
    assert!(!said.told("breaks off").is_empty(), "{}", said.all());
    assert_eq!(world.sever("list leavers").stdout.lines().count(), 1);
}

#[test]
fn a_source_that_is_missing_keeps_none_of_the_others_from_being_read() {
    let world = World::with_people();
    world.remove("hr.csv");
    insta::assert_snapshot!(world.sever("sync").all(), @r"
    exit 5
    --- stdout
    source	listing	result	records	added	changed	ended	unchanged	rejected
    shop	accounts.csv	applied	8	8	0	0	0	0
    hr		FAILED						
    --- stderr
    hr: there is no `hr.csv`
      hint: looked in <dir>
    ");
    assert!(world.sever("doctor").stdout.contains("source\thr\tFAILED"));
    assert_eq!(world.sever("list accounts").stdout.lines().count(), ACCOUNTS.lines().count());
}

#[test]
fn ldif_with_bad_base64_and_groups_in_a_ring() {
    let world = World::with_people();
    world.write("d.ldif", "dn: uid=a,dc=x\nuid: a\nobjectClass: inetOrgPerson\ncn:: !!!\n\ndn: uid=b,dc=x\nuid: b\nobjectClass: inetOrgPerson\n");
    world.write("groups.csv", "group,member,member_kind\ng1,g2,group\ng2,g1,group\ng1,a-2,account\ng3,g3,group\n");
    world.append("severance.toml", "[[source]]\nname = \"ldap\"\nkind = \"ldif\"\npath = \"d.ldif\"\n");
    world.append(
        "severance.toml",
        "[[source]]\nname = \"groups\"\nkind = \"groups\"\npath = \"groups.csv\"\nsystem = \"shop\"\n",
    );
    let said = world.sever("sync");
    assert_eq!(said.exit, 6, "{}", said.all());
    assert_eq!(said.told("`cn` is no `base64`").len(), 2, "{}", said.all());
    assert!(world.sever("who g1").stdout.contains("shop/a-2"));
    assert_eq!(world.sever("check").exit, 14);
}
