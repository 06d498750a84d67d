//! Logs in object storage, in a real server that speaks S3.

use sever_testkit::Moto;

use crate::world::{Said, World};

/// `sever` with the store as its endpoint.
fn sever(world: &World, moto: &Moto, key: (&str, &str), words: &str) -> Said {
    let mut command = world.command(words);
    command.env("AWS_ENDPOINT_URL", moto.url()).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", key.0).env("AWS_SECRET_ACCESS_KEY", key.1);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

const KEY: (&str, &str) = ("test", "test");

fn line(n: u32) -> String {
    format!("{{\"ts\":\"2026-07-10T11:54:42Z\",\"jti\":\"t-{n}\",\"path\":\"/orders\",\"status\":200}}\n")
}

#[test]
fn a_prefix_is_read_as_a_folder_is() {
    let Some(moto) = Moto::start(None).unwrap() else { return };
    let world = World::empty();
    moto.put("logs", "").unwrap();
    // More than a page of a listing holds, a folder's mark, and a neighbour that only begins alike.
    for n in 0..25 {
        moto.put(&format!("logs/gw/2026-07/{n:04}.jsonl"), &line(n)).unwrap();
    }
    moto.put("logs/gw/", "").unwrap();
    moto.put("logs/gwx.jsonl", &line(9_999)).unwrap();
    let said = sever(&world, &moto, KEY, "decode s3://logs/gw --format jsonl");
    assert_eq!((said.exit, said.stdout.lines().count()), (0, 25), "{}", said.stderr);
    assert!(said.stdout.lines().next().unwrap().contains("s3://logs/gw/2026-07/0000.jsonl"));
    let said = sever(&world, &moto, KEY, "decode s3://logs/gw/2026-*/000?.jsonl --format jsonl");
    assert_eq!(said.stdout.lines().count(), 10, "{}", said.stderr);
    let said = sever(&world, &moto, KEY, "decode s3://logs/gwx.jsonl --summary");
    assert!(said.stderr.contains("1 record, 1 event, 0 rejected"), "{}", said.stderr);
    // Configured, scanned and proposed.
    world.write("severance.toml", "[[log]]\nname = \"gw\"\npath = \"s3://logs/gw/2026-07/001?.jsonl\"\n");
    let said = sever(&world, &moto, KEY, "scan");
    assert!(said.stderr.contains("judged 10 events of 10 files"), "{}", said.stderr);
    let said = sever(&world, &moto, KEY, "scan s3://logs/gw/2026-07/0003.jsonl");
    assert!(said.stderr.contains("judged 1 event of 1 file;"), "{}", said.stderr);
    let said = sever(&world, &moto, KEY, "init --from s3://logs/gw/2026-07 --zone UTC --output new.toml");
    assert_eq!(said.exit, 0, "{}", said.stderr);
    let written = std::fs::read_to_string(world.path("new.toml")).unwrap();
    assert!(written.contains("path = \"s3://logs/gw/2026-07/*.jsonl\""), "{written}");
}

#[test]
fn an_object_is_streamed() {
    let Some(moto) = Moto::start(None).unwrap() else { return };
    moto.put("logs", "").unwrap();
    let whole: String = (0..60_000).map(line).collect();
    moto.put("logs/big.jsonl", &whole).unwrap();
    let world = World::empty();
    let said = sever(&world, &moto, KEY, "decode s3://logs/big.jsonl --summary");
    assert!(said.stderr.contains(&format!("60000 events, 0 rejected; {} bytes", whole.len())), "{}", said.stderr);
    let said = sever(&world, &moto, KEY, "decode s3://logs/big.jsonl --limit 3 --format jsonl");
    assert_eq!(said.stdout.lines().count(), 3, "{}", said.stderr);
}

#[test]
fn what_is_refused_says_what_is_lacking() {
    let Some(moto) = Moto::start(Some(4)).unwrap() else { return };
    let world = World::empty();
    moto.put("logs", "").unwrap();
    moto.put("logs/a.jsonl", &line(1)).unwrap();
    let (id, secret) = moto.user_without_rights().unwrap();
    let said = sever(&world, &moto, (&id, &secret), "decode s3://logs/a.jsonl");
    assert!(said.stderr.contains("s3:ListBucket` on `arn:aws:s3:::logs"), "{}", said.stderr);
}

#[test]
fn what_is_not_there_is_an_error_with_its_cure() {
    let Some(moto) = Moto::start(None).unwrap() else { return };
    let world = World::empty();
    moto.put("logs", "").unwrap();
    let said = sever(&world, &moto, KEY, "decode s3://nowhere/a");
    assert!(said.stderr.starts_with("error: there is no bucket `nowhere`\nhint: "), "{}", said.stderr);
    let said = sever(&world, &moto, KEY, "decode s3://logs/none/");
    assert!(said.stderr.starts_with("error: `s3://logs/none/` holds no object\nhint: "), "{}", said.stderr);
    assert_eq!(said.exit, 3);
}

#[test]
fn a_lake_in_a_bucket_answers_as_one_in_a_folder_does() {
    let Some(moto) = Moto::start(None).unwrap() else { return };
    moto.put("lakes", "").unwrap();
    let (near, far) = (World::with_logs(), World::with_logs());
    let role = "[[privacy.role]]\nname = \"counsel\"\nwho = [\"*\"]\nmay = [\"reveal\", \"sweep\"]\n";
    near.append("severance.toml", role);
    far.write(
        "severance.toml",
        format!("lake = \"s3://lakes/prod\"\n{}", std::fs::read_to_string(near.path("severance.toml")).unwrap()),
    );
    let asked = |words: &str| {
        let (here, there) = (near.sever(words), sever(&far, &moto, KEY, words));
        assert_eq!(here.exit, there.exit, "{words}: {}", there.all());
        (here, there)
    };
    asked("sync");
    for _ in 0..2 {
        asked("scan");
        let (here, there) = asked("reach kid-2024-04 --judged never-issued");
        assert_eq!(here.stdout, there.stdout, "{}", there.all());
    }
    let (_, there) = asked("lake");
    assert!(there.stderr.contains("lake: s3://lakes/prod") && there.stderr.contains("commit "), "{}", there.all());
    assert!(!far.path("severance-data/lake").exists(), "nothing of it lies here");
    asked("lake check");
    asked("lake compact");
    // A hold there is seen wherever one runs, and so is its absence.
    assert_eq!(asked("lake hold add case-7 --reason letter").1.told("HOLD `case-7`").len(), 1);
    let refused = sever(&far, &moto, KEY, "privacy sweep --reveal yearly");
    assert_eq!((refused.exit, refused.told("`s3://lakes/prod`").len()), (4, 1), "{}", refused.all());
    let refused = sever(&far, &moto, ("nobody", "test"), "lake");
    assert!(refused.exit == 0 || refused.stderr.contains("hint: "), "{}", refused.all());
}

#[test]
fn of_two_runs_at_once_in_a_bucket_each_is_committed() {
    let Some(moto) = Moto::start(None).unwrap() else { return };
    moto.put("lakes", "").unwrap();
    let worlds = [World::with_logs(), World::with_logs(), World::with_logs()];
    std::thread::scope(|scope| {
        for (at, world) in worlds.iter().enumerate() {
            let moto = &moto;
            let log = format!("name = \"gateway-{at}\"");
            let config =
                std::fs::read_to_string(world.path("severance.toml")).unwrap().replacen("name = \"gateway\"", &log, 1);
            let config = config.replace("used_in = [\"gateway\"]", &format!("used_in = [\"gateway-{at}\"]"));
            world.write("severance.toml", format!("lake = \"s3://lakes/shared\"\n{config}"));
            scope.spawn(move || {
                sever(world, moto, KEY, "sync");
                let said = sever(world, moto, KEY, "scan");
                assert_eq!(said.exit, 15, "{}", said.all());
            });
        }
    });
    let said = sever(&worlds[0], &moto, KEY, "lake --format json").json();
    let offsets = sever(&worlds[0], &moto, KEY, "lake offsets --format json").json();
    let logs: Vec<&str> = offsets["rows"].as_array().unwrap().iter().filter_map(|row| row["log"].as_str()).collect();
    assert_eq!(logs, ["gateway-0", "gateway-1", "gateway-2", "issuer"], "{said}");
}
