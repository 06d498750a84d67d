//! One company, from a folder of exports to whose data it was.

use crate::world::{ACCOUNTS, HR, World, gateway, issuer, register};

#[test]
fn from_a_folder_of_exports_to_whose_data_it_was() {
    let world = World::empty();
    world.write("exports/workday_workers.csv", HR);
    world.write("exports/accounts.csv", ACCOUNTS);
    world.write("exports/gateway-2025-11-16.jsonl", gateway());
    world.write("exports/issuer.log", issuer());
    world.write("exports/members.csv", register());

    let said = world.sever("init --from exports --zone UTC");
    assert_eq!(said.exit, 0, "{}", said.all());
    insta::assert_snapshot!(world.steady(&std::fs::read_to_string(world.path("severance.toml")).unwrap()), @r#"
    # What Severance reads. `sever config settings` lists every setting; `sever doctor` tries this file.

    zone = "UTC"  # of dates and times that name none
    data_dir = "severance-data"

    # Who may see the names of people who are employed (`--reveal REASON`) and write out the ids of those whose data
    # was touched; each time is recorded (`sever privacy`). `[privacy.retention]` says how long things are kept.
    [[privacy.role]]
    name = "owner"
    who = ["<login>"]
    may = ["reveal", "subjects", "basis", "erase", "sweep", "release", "case"]

    # taken for this because: 10 of 10 columns
    [[source]]
    name = "accounts"
    kind = "accounts"
    path = "exports/accounts.csv"

    # taken for this because: 11 of 13 columns
    [[source]]
    name = "workday-workers"
    kind = "people"
    path = "exports/workday_workers.csv"
    # not used: Preferred Name, Cost Center  (map = { our_field = "Their column" })

    # taken for this because: JSON lines, with fields named as in a log
    [[log]]
    name = "gateway"
    path = "exports/gateway-2025-11-16.jsonl"
    format = "json-lines"
    [log.map]  # guessed from the fields' names: check it with `sever decode`
    time = "ts"
    outcome = "status"
    action = "method"
    issuer = "jwt.iss"
    key_id = "jwt.kid"
    credential = "jwt.jti"
    token_subject = "jwt.sub"
    issued_at = "jwt.iat"
    expires_at = "jwt.exp"
    data_subjects = "member_ids"
    resource = "path"
    source_ip = "remote_addr"
    user_agent = "user_agent"

    # taken for this because: JSON lines, with fields named as in a log
    [[log]]
    name = "issuer"
    path = "exports/issuer.log"
    format = "json-lines"
    [log.map]  # guessed from the fields' names: check it with `sever decode`
    time = "ts"
    kind = { path = "event", values = { token_issued = "issued" } }
    issuer = "iss"
    key_id = "kid"
    credential = "jti"
    token_subject = "sub"
    issued_at = "iat"
    expires_at = "exp"
    sequence = "seq"

    # tokens of this issuer stand in both logs: each use is looked up among the issuances
    [[class]]
    issuer = "https://id.shop.example"
    name = "access"
    issued_in = "issuer"
    used_in = ["gateway"]
    join = "jti"
    bound = ["key_id", "token_subject", "issued_at", "expires_at"]
    lifetime_max = "1h"  # CHECK: the longest that a token lives
    settle = "2m"        # how late an issuance may be logged
    coverage = "sequence"  # its records are numbered

    # who is a customer; an id that is not in it never existed
    [register]
    path = "exports/members.csv"
    # complete_until = "…"  # default: when the file was last changed
    "#);
    // The file's own change time would say how far the register is complete.
    world.append("severance.toml", "complete_until = \"2025-11-18T00:00:00Z\"\n");

    insta::assert_snapshot!(world.sever("sync").all(), @r"
    exit 0
    --- stdout
    source	listing	result	records	added	changed	ended	unchanged	rejected
    accounts	accounts.csv	applied	8	8	0	0	0	0
    workday-workers	workday_workers.csv	applied	13	13	0	0	0	0
    --- stderr
    register: 40 subjects, complete until 2025-11-18T00:00:00Z
    ");
    insta::assert_snapshot!(world.sever("list leavers --as-of 2025-11-18").all(), @r"
    exit 0
    --- stdout
    person	name	team	last_day	access_ended	known_since	open_accounts	keys
    10002	Jun Seo	Platform	2025-09-30	2025-10-01T00:00:00Z	<now>	1	0
    10004	O'Brien, Liam	Platform	2025-10-31	2025-11-01T00:00:00Z	<now>	0	0
    10006	Tomás Rivera	Support	2025-08-15	2025-08-16T00:00:00Z	<now>	1	0
    --- stderr
    ");
    insta::assert_snapshot!(world.sever("check --as-of 2025-11-18").all(), @r"
    exit 14
    --- stdout
    id	severity	confidence	stage	detector	finding	count	first	last	known_at
    45d5eb69ac60d05e	high	likely	confirmed	ghost-account	account `p.keller` (`accounts/a-9`) joins to no person and has no declared owner; it was made by `10002`, who left 2025-10-01	1	2025-06-02T21:10:00Z	2025-06-02T21:10:00Z	<now>
    63a52f73ae58707b	high	likely	confirmed	ghost-account	account `trivera` (`accounts/a-6`) is open, and its holder `10006` left 2025-08-16	1	2025-08-16T00:00:00Z	2025-08-16T00:00:00Z	<now>
    cb3113d321a05ce4	high	certain	confirmed	ghost-account	account `jun.seo` (`accounts/a-2`) is open, and its holder `10002` left 2025-10-01	1	2025-10-01T00:00:00Z	2025-10-01T00:00:00Z	<now>
    --- stderr
    off, for they rank people and no legal basis is recorded: slow-reach-person (`sever privacy basis` records one)
    judged as of 2025-11-18T00:00:00Z: 6 people, 3 of them left, 8 accounts, 0 credentials
    ");
    insta::assert_snapshot!(world.sever("scan").all(), @r"
    exit 15
    --- stdout
    id	severity	confidence	stage	detector	finding	count	first	last	known_at
    b6d9617deef33968	critical	certain	confirmed	token-never-issued	key `kid-2024-04` signed 12 uses of tokens that `https://id.shop.example` never issued; there is no inventory of who could read it	12	2025-11-16T05:00:00Z	2025-11-16T05:03:40Z	2025-11-16T05:02:00Z
    45d5eb69ac60d05e	high	likely	confirmed	ghost-account	account `p.keller` (`accounts/a-9`) joins to no person and has no declared owner; it was made by `10002`, who left 2025-10-01	1	2025-06-02T21:10:00Z	2025-06-02T21:10:00Z	<now>
    63a52f73ae58707b	high	likely	confirmed	ghost-account	account `trivera` (`accounts/a-6`) is open, and its holder `10006` left 2025-08-16	1	2025-08-16T00:00:00Z	2025-08-16T00:00:00Z	<now>
    cb3113d321a05ce4	high	certain	confirmed	ghost-account	account `jun.seo` (`accounts/a-2`) is open, and its holder `10002` left 2025-10-01	1	2025-10-01T00:00:00Z	2025-10-01T00:00:00Z	<now>
    --- stderr
    off, for they rank people and no legal basis is recorded: slow-reach-person (`sever privacy basis` records one)
    class `access` of https://id.shop.example: 600 issued, 1200 uses issued, 12 never issued, 0 mismatched, 0 expired; coverage 100.000 % of 600 records, at least 99.502 % at 95 % confidence; known until 2025-11-16T09:59:00Z
    judged 1812 events of 2 files; 0 records could not be read
    ");
    insta::assert_snapshot!(world.sever("reach kid-2024-04 --judged never-issued").all(), @r"
    exit 0
    --- stdout
    what	number	how_it_is_known
    members	12	their data was in an answer; in the register
    other people	0	in an answer, and not members
    lower bound	12	distinct people, confirmed and answered
    upper bound	12	distinct people at most
    people × fields	unknown	no log says which fields were in an answer
    named and deleted before	0	in the register, deleted before the use
    named and never existed	0	ids never given out: nobody's data
    requests attempted	12	from 1 address
    requests answered	12	
    requests refused	0	they touched nobody
    requests of unknown outcome	0	the log does not say
    --- stderr
    uses are kept of 1 day, 2025-11-16 to 2025-11-16; of others nothing is known
    first 2025-11-16T05:00:00Z, last 2025-11-16T05:03:40Z
    12 people, exactly
    ");
    insta::assert_snapshot!(world.sever("who jun.seo").all(), @r"
    exit 0
    --- stdout
    holds	what	how	since	until	why
    account	accounts/a-2	enabled	2020-06-15T01:00:00Z		carries employee number `10002`
    --- stderr
    access ended 2025-10-01T00:00:00Z
    ");
    insta::assert_snapshot!(world.sever("who kid-2024-04").all(), @r"
    exit 2
    --- stdout
    --- stderr
    error: there is no person, account, key, group or resource `kid-2024-04`
    hint: no source here tells of keys: save the issuer's JWKS and add it as a source of kind `jwks`, or list keys in one of kind `keys`
    ");
    insta::assert_snapshot!(world.sever("readiness --brief").all(), @r"
    exit 6
    --- stdout
    incident	would_be	need	met	because
    coupang	partly seen	an issuance log with token ids	yes	in issuer
    coupang	partly seen	token ids in the gateway's log	yes	in gateway
    coupang	partly seen	a class that joins the two, with measured coverage	yes	class `access` of https://id.shop.example joins them
    coupang	partly seen	people with their end dates	yes	6 people, 4 with an end
    coupang	partly seen	signing keys	no	0 signing keys
    coupang	partly seen	who read or could read each key	no	0 of 0 credentials have custody
    coupang	partly seen	the list of customer ids	yes	a register is configured
    coupang	partly seen	whose data was in each answer	yes	in gateway
    gucci	missed	people with their end dates	yes	6 people, 4 with an end
    gucci	missed	accounts	yes	8 accounts
    gucci	missed	who made each account	yes	3 accounts say who made them
    gucci	missed	a log that names accounts	NO	no log here has it
    gucci	missed	a log of deletions	no	no log here has it
    finwise	missed	people with their end dates	yes	6 people, 4 with an end
    finwise	missed	accounts	yes	8 accounts
    finwise	missed	a log that names accounts	NO	no log here has it
    cash-app	missed	people with their end dates	yes	6 people, 4 with an end
    cash-app	missed	accounts	yes	8 accounts
    cash-app	missed	a log that names accounts	NO	no log here has it
    cash-app	missed	how many people are in an export	yes	in gateway
    cash-app	missed	which people are in an export	yes	in gateway
    --- stderr
    coupang (tokens forged with a signing key that a leaver had read): PARTLY SEEN, for lack of signing keys; who read or could read each key
    gucci (an account in a fictional employee's name, woken after its maker left, and deletions): MISSED, for lack of a log that names accounts; a log of deletions
    finwise (one login used after the end of employment): MISSED, for lack of a log that names accounts
    cash-app (one report of millions of rows downloaded after leaving): MISSED, for lack of a log that names accounts
    with these files 0 of the 4 incidents would be seen whole
    ");
    insta::assert_snapshot!(world.sever("doctor").all(), @r"
    exit 0
    --- stdout
    what	name	state	found
    source	accounts	ok	1 listing, newest accounts.csv of <now>
    source	workday-workers	ok	1 listing, newest workday_workers.csv of <now>
    log	gateway	ok	json-lines, 1212 events and 0 rejects in its head; has credential data_subjects expires_at issued_at issuer key_id resource source_ip token_subject
    log	issuer	ok	json-lines, 600 events and 0 rejects in its head; has credential expires_at issued_at issuer key_id sequence token_subject
    class	access of https://id.shop.example	ok	600 issued, 1212 uses judged, 1200 met
    --- stderr
    class `access` of https://id.shop.example: 600 issued, 1200 uses issued, 12 never issued, 0 mismatched, 0 expired; coverage 100.000 % of 600 records, at least 99.502 % at 95 % confidence; known until 2025-11-16T09:59:00Z
    nothing was changed, here or elsewhere
    ");
}

#[test]
fn a_finding_is_shown_closed_and_stays_closed() {
    let world = World::with_logs();
    world.sever("sync");
    assert_eq!(world.sever("scan").exit, 15);
    let found = world.sever("findings --format json").json();
    let forged = found["rows"].as_array().unwrap().iter().find(|it| it["detector"] == "token-never-issued");
    let id = forged.unwrap()["id"].as_str().unwrap().to_owned();
    // The page: what was found, by which inputs, in which records, and what to do.
    let page = world.sever(&format!("findings {}", &id[..6])).stdout;
    for line in [
        "key `kid-2024-04` signed 12 uses of tokens that `https://id.shop.example` never issued",
        "issuer coverage  measured by sequence numbers",
        "evidence (5 shown, 12 in all)",
        "gateway at byte ",
        "sever reach kid-2024-04 --judged never-issued",
    ] {
        assert!(page.contains(line), "{line:?} is not in\n{page}");
    }

    let said = world.sever(&format!("findings {id} --close real --reason rotated"));
    assert_eq!((said.exit, said.stdout.as_str()), (0, ""), "{}", said.all());
    assert!(!world.sever("findings").stdout.contains(&id));
    assert!(world.sever("findings --all").stdout.contains(&id));
    // Judging the same logs again says nothing new.
    world.sever("scan");
    assert!(!world.sever("findings").stdout.contains(&id));
    assert!(world.sever(&format!("findings {id}")).stdout.contains("as real by tester: rotated"));
    assert_eq!(world.sever("findings zzzz").exit, 1);
}

#[test]
fn a_departure_learnt_late_is_a_fact_about_the_past() {
    let world = World::with_people();
    world.write("hr.csv", HR.replace(",2025-09-30,2025-09-30,", ",,,"));
    world.sever("sync");
    let leavers = |as_of: &str| world.sever(&format!("list leavers --as-of {as_of}")).stdout;
    assert!(!leavers("2025-10-15").contains("10002"));
    world.write("hr.csv", HR);
    world.sever("sync");
    assert!(leavers("2025-10-15").contains("10002"), "who left then is known now");
    assert!(!leavers("2025-09-29").contains("10002"), "and had not left before");
}

#[test]
fn init_says_what_it_left_out_and_does_not_write_over() {
    let world = World::empty();
    world.write("exports/hr.csv", HR);
    world.write("exports/notes.txt", "buy milk\n");
    world.write("exports/metrics.jsonl", "{\"cpu\": 1}\n{\"cpu\": 2}\n");
    let said = world.sever("init --from exports --zone Asia/Seoul");
    assert_eq!(said.exit, 6);
    insta::assert_snapshot!(said.stderr, @r"
    wrote severance.toml
    left out: metrics.jsonl: JSON lines, but no field reads as a time
    left out: notes.txt: no source or log format fits
    hint: read it through, then `sever sync`, `sever list leavers`, `sever readiness` and `sever scan`
    ");
    let said = world.sever("init --from exports");
    assert_eq!(said.exit, 2);
    insta::assert_snapshot!(said.stderr, @r"
    error: `severance.toml` is there already
    hint: `--force` writes over it, `--output FILE` writes elsewhere
    ");
    assert_eq!(world.sever("init --from exports --force --zone Asia/Soul").exit, 2);
    // Nothing to propose is nothing looked at.
    let world = World::empty();
    world.write("exports/notes.txt", "buy milk\n");
    assert_eq!(world.sever("init --from exports").exit, 3);
}

#[test]
fn a_log_is_linked_to_the_accounts_that_it_names() {
    let world = World::empty();
    world.write("exports/accounts.csv", ACCOUNTS);
    let line = |user: &str| {
        format!(
            "{{\"time_iso8601\":\"2025-11-16T05:00:00+00:00\",\"remote_addr\":\"10.0.0.5\",\"remote_user\":\"{user}\",\
             \"request\":\"GET /admin/orders?page=2 HTTP/1.1\",\"status\":200}}\n"
        )
    };
    world.write("exports/admin.log", line("mina.park") + &line("jun.seo") + &line("stranger"));
    assert_eq!(world.sever("init --from exports --zone UTC").exit, 0);
    let written = std::fs::read_to_string(world.path("severance.toml")).unwrap();
    assert!(written.contains("system = \"accounts\"  # whose accounts it names: 2 of the 3"), "{written}");
    // nginx's whole request line gives method and path, without the query.
    let event: serde_json::Value =
        serde_json::from_str(world.sever("decode exports/admin.log --limit 1 --format jsonl").stdout.trim()).unwrap();
    assert_eq!((&event["action"], &event["resource"]), (&"GET".into(), &"/admin/orders".into()));
}

#[test]
fn init_makes_one_source_of_an_export_in_several_files() {
    let world = World::empty();
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sources");
    for name in ["users", "groups", "apps", "api-tokens", "roles"] {
        let text = std::fs::read_to_string(fixtures.join(format!("okta/basic/{name}.json"))).unwrap();
        world.write(&format!("exports/{name}.json"), &text);
    }
    for name in ["users", "groups", "tokens"] {
        let text = std::fs::read_to_string(fixtures.join(format!("google-workspace/basic/{name}.json"))).unwrap();
        world.write(&format!("exports/mail/{name}.json"), &text);
    }
    let member = "00g1dev0000000000Xd7.json";
    let text = std::fs::read_to_string(fixtures.join("okta/basic/members").join(member)).unwrap();
    world.write(&format!("exports/members/{member}"), &text);
    world.write("exports/hr.csv", HR);
    let said = world.sever("init --from exports --zone UTC");
    assert_eq!(said.exit, 0, "{}", said.all());
    let written = std::fs::read_to_string(world.path("severance.toml")).unwrap();
    let sources: Vec<&str> =
        written.lines().filter(|line| line.starts_with("kind = ") || line.starts_with("path = ")).collect();
    // Beside other files it is a glob of its own, with the folder in it; alone in a folder, the folder.
    assert_eq!(
        sources,
        [
            "kind = \"people\"",
            "path = \"exports/hr.csv\"",
            "kind = \"google-workspace\"",
            "path = \"exports/mail\"",
            "kind = \"okta\"",
            "path = \"exports/{api-tokens.json,apps.json,groups.json,members/**,roles.json,users.json}\"",
        ],
        "{written}"
    );
    let said = world.sever("sync");
    assert_eq!(said.exit, 6, "no list of assignments, among others: {}", said.all());
    let accounts = world.sever("list accounts").stdout;
    assert!(accounts.contains("okta/00u1bob0000000000Xd7"), "{accounts}");
    assert!(accounts.contains("mail/101012222222222222222"), "{accounts}");
    let said = world.sever("who okta/00g1dev0000000000Xd7");
    assert!(said.stdout.contains("00u1ann0000000000Xd7"), "{}", said.all());
}

#[test]
fn a_right_that_nobody_used_would_have_spared_those_it_was_misused_on() {
    let world = World::empty();
    world.write("accounts.csv", "account_id,login,kind,status\nu1,ann,human,enabled\n");
    world.write(
        "rights.csv",
        "holder,holder_kind,resource,rights,since\nu1,account,portal/reports/week/*,export,2024-01-01\n\
         u1,account,portal/reports/full/*,export,2024-01-01\n",
    );
    // A report each month, and once that of everybody.
    let mut log = String::new();
    for month in 1..=12 {
        log += &format!(
            "{{\"ts\":\"2025-{month:02}-03T09:00:00Z\",\"user\":\"ann\",\"path\":\"/reports/week/r1\",\"ids\":[\"m-1\"]}}\n"
        );
    }
    log += "{\"ts\":\"2025-12-20T23:00:00Z\",\"user\":\"ann\",\"path\":\"/reports/full/all\",\"ids\":[\"m-1\",\"m-2\",\"m-3\"]}\n";
    world.write("portal.jsonl", log);
    world.write(
        "severance.toml",
        "zone = \"UTC\"\ndata_dir = \"data\"\n\
         [[source]]\nname = \"portal\"\nkind = \"accounts\"\npath = \"accounts.csv\"\ncomplete = true\n\
         [[source]]\nname = \"rights\"\nkind = \"rights\"\npath = \"rights.csv\"\nsystem = \"portal\"\ncomplete = true\n\
         [[log]]\nname = \"portal-log\"\npath = \"portal.jsonl\"\nformat = \"json-lines\"\nsystem = \"portal\"\n\
         [log.map]\ntime = \"ts\"\nkind = { const = \"used\" }\noutcome = { const = \"answered\" }\nactor = \"user\"\n\
         resource = \"path\"\ndata_subjects = \"ids\"\n",
    );
    assert_eq!(world.sever("sync").exit, 0);
    let scanned = world.sever("scan --exit-zero");
    let said = world.sever("rights --replay --as-of 2025-12-31");
    assert!(said.stdout.contains("account\tportal/u1\t2\t1\t13\t1\t3\t1"), "{} {}", scanned.all(), said.all());
    let shorter = world.sever("rights ann --replay --days 20 --as-of 2025-12-31");
    assert!(shorter.stdout.contains("account\tportal/u1\t2\t2\t13\t12\t3\t1"), "{}", shorter.all());
}
