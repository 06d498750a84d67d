//! Bad logs: what cannot be read is counted with its place, and nothing legitimate is called forged.

use crate::world::World;

/// What a scan says of records and files, without its findings.
fn scanned(world: &World) -> (i32, String) {
    let said = world.sever("scan");
    (said.exit, said.stderr)
}

#[test]
fn binary_depth_and_half_a_record_are_counted_and_the_rest_judged() {
    let world = World::with_logs();
    world.append("gateway.jsonl", b"\x00\xff\xfe\x01 not a log\n");
    world.append(
        "gateway.jsonl",
        format!("{{\"ts\":\"2025-11-16T12:00:00Z\",\"a\":{}1{}}}\n", "[".repeat(50_000), "]".repeat(50_000)),
    );
    world.append("gateway.jsonl", "{\"ts\":\"2025-11-16T25:00:00Z\",\"path\":\"/\"}\n{\"ts\":\"2025-11-16T12:00");
    let (exit, said) = scanned(&world);
    assert_eq!(exit, 15, "the forged uses are still found");
    insta::assert_snapshot!(said, @r"
    partly covered: gateway (4 of 1,216 records could not be read)
    off, for they rank people and no legal basis is recorded: slow-reach-person (`sever privacy basis` records one)
    gateway: byte 347614 not read: not UTF-8
    gateway: byte 347629 not read: nested deeper than the limit
    gateway: byte 447665 not read: `2025-11-16T25:00:00Z` is no `time`
    gateway: byte 447706 not read: breaks off
    no people are known, so nothing can be said of leavers: `sever sync` with an HR list
    class `access` of https://id.shop.example: 600 issued, 1200 uses issued, 12 never issued, 0 mismatched, 0 expired; coverage 100.000 % of 600 records, at least 99.502 % at 95 % confidence; known until 2025-11-16T09:59:00Z
    judged 1812 events of 2 files; 4 records could not be read
    ");
}

#[test]
fn one_line_of_many_megabytes_is_one_reject() {
    let world = World::with_logs();
    world.append(
        "gateway.jsonl",
        format!("{{\"ts\":\"2025-11-16T12:00:00Z\",\"path\":\"{}\"}}\n", "A".repeat(12_000_000)),
    );
    let said = world.sever("decode gateway.jsonl --summary");
    assert_eq!(said.exit, 6);
    assert_eq!(said.told("longer than the limit").len(), 1, "{}", said.all());
}

#[test]
fn a_log_that_is_missing_keeps_none_of_the_others_from_being_judged() {
    let world = World::with_logs();
    world.append("severance.toml", "[[log]]\nname = \"vpn\"\npath = \"vpn*.log\"\n");
    let said = world.sever("scan");
    assert_eq!(said.exit, 5, "{}", said.all());
    assert_eq!(said.told("not covered: vpn").len(), 1, "{}", said.all());
    assert!(said.stdout.contains("token-never-issued"));
    assert!(world.sever("doctor --quick").stdout.contains("log\tvpn\tFAILED"));
}

#[test]
fn without_the_issuers_log_nothing_is_judged() {
    let world = World::with_logs();
    world.remove("issuer.jsonl");
    let said = world.sever("scan");
    assert_eq!((said.exit, said.stdout.as_str()), (3, ""), "{}", said.all());
    insta::assert_snapshot!(said.stderr, @r"
    error: there is no `issuer.jsonl`
    hint: looked in <dir>
    ");
}

#[test]
fn an_issuers_log_with_a_hole_makes_no_use_forged() {
    let world = World::with_logs();
    let whole = std::fs::read_to_string(world.path("issuer.jsonl")).unwrap();
    let holed: Vec<&str> =
        whole.lines().enumerate().filter(|(at, _)| !(100..300).contains(at)).map(|(_, line)| line).collect();
    world.write("issuer.jsonl", holed.join("\n") + "\n");
    let said = world.sever("scan");
    assert!(!said.stdout.contains("token-never-issued"), "{}", said.all());
    assert_eq!(said.exit, 6, "what cannot be judged is never clean");
    insta::assert_snapshot!(said.stderr, @r"
    no findings
    off, for they rank people and no legal basis is recorded: slow-reach-person (`sever privacy basis` records one)
    no people are known, so nothing can be said of leavers: `sever sync` with an HR list
    class `access` of https://id.shop.example: 400 issued, 800 uses issued, 0 never issued, 0 mismatched, 0 expired; coverage 66.667 % of 600 records, at least 63.361 % at 95 % confidence; known until 2025-11-16T09:59:00Z
      gap in the issuer's log: 200 missing between 2025-11-16T01:39:00Z and 2025-11-16T05:00:00Z; 0 unknown tokens may be from it
      412 uses unjudgeable: issuer coverage not proven; number the issuer's records or write heartbeats, or declare the class complete
    judged 1612 events of 2 files; 0 records could not be read
    ");
}

#[cfg(unix)]
#[test]
fn folders_and_pipes_are_refused_not_waited_for() {
    let world = World::with_logs();
    world.remove("gateway.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(world.path("gateway.jsonl")).status().unwrap().success());
    world.remove("hr.csv");
    assert!(std::process::Command::new("mkfifo").arg(world.path("hr.csv")).status().unwrap().success());
    assert_eq!(world.sever("sync").told("a pipe or device").len(), 1);
    assert_eq!(world.sever("scan").exit, 5);
    assert_eq!(world.sever("scan gateway.jsonl").exit, 1);
}

#[test]
fn what_a_log_says_cannot_move_the_cursor() {
    let world = World::with_logs();
    let line = r#"{"ts":"2025-11-16T05:00:01Z","path":"/\u001b]0;x\u0007","user_agent":"\u202e\u001b[2J","jwt":{"iss":"https://id.shop.example","kid":"\u001b[31mkid","jti":"q","sub":"m-1","iat":1763269190,"exp":1763272790}}"#;
    world.append("gateway.jsonl", format!("{line}\n"));
    for command in [
        "decode gateway.jsonl",
        "scan --format table",
        "findings --format table",
        "findings --format csv",
        "scan --format markdown",
    ] {
        let said = world.sever(command);
        let unsafe_char = |char: char| char.is_control() && !matches!(char, '\n' | '\t') || char == '\u{202e}';
        let all = said.stdout + &said.stderr;
        assert!(!all.contains(unsafe_char), "`{command}`: {:?}", all.chars().find(|char| unsafe_char(*char)));
    }
}

#[test]
fn a_folder_is_read_file_by_file_in_the_order_of_names() {
    let world = World::empty();
    let line =
        |n: u32| format!("{{\"ts\":\"2026-07-10T11:54:42Z\",\"jti\":\"t-{n}\",\"path\":\"/orders\",\"status\":200}}\n");
    for (name, n) in [("logs/b.jsonl", 2), ("logs/a/x.jsonl", 1), ("logs/.hidden", 9)] {
        world.write(name, line(n));
    }
    world.write("logs/c.jsonl", "");
    let said = world.sever("decode logs/a --format jsonl");
    assert_eq!((said.exit, said.stdout.lines().count()), (0, 1), "{}", said.all());
    world.append("logs/c.jsonl", line(3));
    let said = world.sever("decode logs --format jsonl");
    let order: Vec<usize> = ["t-1", "t-2", "t-3"].iter().filter_map(|id| said.stdout.find(id)).collect();
    assert!(said.exit == 0 && order.len() == 3 && order.is_sorted(), "{}", said.all());
    world.write("logs/d.jsonl", "");
    let said = world.sever("scan logs");
    assert_eq!(said.told("judged 3 events of 4 files").len(), 1, "{}", said.all());
    assert_eq!(said.told("logs/d.jsonl").len(), 1, "what is empty is not covered: {}", said.all());
}

#[test]
fn what_a_log_is_carried_in_is_said() {
    let world = World::empty();
    let inner = "{\\\"jti\\\":\\\"t-1\\\",\\\"path\\\":\\\"/orders\\\",\\\"status\\\":200}";
    let line = format!("{{\"log\":\"{inner}\\n\",\"stream\":\"stdout\",\"time\":\"2026-07-10T11:54:42Z\"}}\n");
    world.write("docker.log", line.repeat(3));
    let said = world.sever("decode docker.log");
    assert_eq!(said.exit, 0, "{}", said.all());
    assert_eq!(said.told("read as json-lines in a container's log: JSON objects").len(), 1, "{}", said.all());
    assert_eq!(said.told("from envelope(time): 3").len(), 1, "{}", said.all());
    assert_eq!(said.stdout.matches("time=2026-07-10T11:54:42Z").count(), 3, "{}", said.all());
    let said = world.sever("init --from . --zone UTC");
    assert!(said.stdout.contains("fields named as in a log in a container's log"), "{}", said.all());
    assert_eq!(world.sever("decode docker.log").exit, 0, "as it was written");
}
