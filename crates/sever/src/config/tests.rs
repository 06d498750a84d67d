//! Configurations as people write them, and what they are told.

mod case;
mod doors;
mod gate;

use sever_model::{CoverageBy, Join, Span};

use super::*;
use crate::hint::Failure;

const KNOWN: Known<'static> = Known {
    providers: &["people", "accounts", "jwks", "openbao"],
    formats: &["json-lines", "cloudtrail", "sshd"],
    detectors: &["bulk-export", "dormant", "ghost-account", "token-never-issued"],
    connectors: &["openldap", "postgresql"],
};

/// A whole configuration, with everything there is in it.
const WHOLE: &str = r#"
zone = "Asia/Seoul"
data_dir = "data"

[[source]]
name = "hr"
kind = "people"
path = "hr/*.csv"
system = "workday"
complete = false
map = { id = "Pers.No." }

[[source]]
name = "keys"
kind = "jwks"
path = "jwks.json"

[[log]]
name = "issuer"
path = "logs/issuer.jsonl"

[[log]]
name = "gateway"
path = "logs/gateway*.jsonl.gz"
format = "json-lines"
system = "shop"
[log.map]
time = "ts"
token_subject = "jwt.sub"

[[class]]
issuer = "https://id.shop.example"
name = "access"
issued_in = "issuer"
used_in = ["gateway"]
join = "jti"
bound = ["key_id", "token_subject", "issued_at", "expires_at"]
lifetime_max = "1h"
coverage = "sequence"

[register]
path = "members.csv"
complete_until = "2025-11-18T00:00:00Z"

[[resolver]]
endpoint = "/api/address-book"
path = "address_book.csv"

[[subject_set]]
ref = "customers-2021-12"
path = "reports/customers.csv"

[detectors]
off = ["dormant"]
bulk-export = { subjects_min = 100000 }

[brakes]
share = 0.2

[[suppress]]
finding = "7c1e0000a90d0000"
reason = "load test of 2026-03"
author = "ann@shop.example"
until = 2026-12-31
"#;

/// A folder of one test, with nothing of this machine in the request.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Place {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn request(&self) -> Request<'static> {
        Request {
            file: None,
            flags: Vec::new(),
            env: BTreeMap::new(),
            cwd: self.folder.path().to_owned(),
            system: self.folder.path().join("etc/severance.toml"),
            known: KNOWN,
        }
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.request())
    }

    /// What a user is told, without the folder's own name.
    fn told(&self, error: ConfigError) -> String {
        let mut out = Vec::new();
        Failure::from(error).print(&mut out).unwrap();
        let folder = format!("{}/", self.folder.path().display());
        String::from_utf8(out).unwrap().replace(&folder, "")
    }
}

fn told(text: impl AsRef<[u8]>) -> String {
    let place = Place::new();
    let error = place.write("severance.toml", text).load().expect_err("it is wrong");
    place.told(error)
}

#[test]
fn a_whole_configuration_is_typed() {
    let place = Place::new();
    let config = place.write("severance.toml", WHOLE).load().unwrap();
    let base = place.folder.path();
    assert_eq!(config.zone, Zone::named("Asia/Seoul").unwrap());
    assert_eq!(config.data_dir, base.join("data"));
    let [hr, keys] = config.sources.as_slice() else { panic!("two sources") };
    assert_eq!((hr.kind.as_str(), hr.system.as_str(), hr.complete), ("people", "workday", false));
    assert_eq!(hr.map["id"], "Pers.No.");
    assert_eq!(hr.paths, Paths { base: base.to_owned(), text: "hr/*.csv".to_owned() });
    assert_eq!((keys.system.as_str(), keys.complete), ("keys", true));
    let gateway = config.log("gateway").unwrap();
    assert_eq!(gateway.format.as_deref(), Some("json-lines"));
    assert_eq!(gateway.map["token_subject"].as_str(), Some("jwt.sub"));
    let [class] = config.classes.as_slice() else { panic!("one class") };
    assert_eq!((class.join, class.coverage), (Join::Jti, CoverageBy::Sequence));
    assert_eq!((class.lifetime_max, class.settle), (Span::secs(3_600), Span::secs(120)));
    assert_eq!(class.bound.to_string(), "key_id, token_subject, issued_at, expires_at");
    let until = config.register.as_ref().unwrap().complete_until.unwrap();
    assert_eq!(until.to_string(), "2025-11-18T00:00:00Z");
    assert_eq!(config.detectors.off, ["dormant"]);
    assert_eq!(config.detectors.settings.len(), 1);
    assert_eq!((config.brakes.share, config.brakes.count), (0.2, 5));
    let [suppression] = config.suppressions.as_slice() else { panic!("one suppression") };
    // The last day counts, in Seoul.
    assert_eq!(suppression.until.to_string(), "2026-12-31T15:00:00Z");
    let before = suppression.until.minus(Span::secs(1));
    assert!(suppression.accepts("7c1e0000a90d0000", "x", before));
    assert!(!suppression.accepts("7c1e0000a90d0000", "x", suppression.until));
    assert!(!suppression.accepts("another", "x", before));
}

#[test]
fn no_file_at_all_is_the_defaults() {
    let place = Place::new();
    let config = place.load().unwrap();
    assert!(config.is_bare() && config.files.is_empty());
    assert_eq!(config.data_dir, place.folder.path().join("severance-data"));
    assert_eq!(config.zone, Zone::UTC);
    assert_eq!((config.brakes.share, config.brakes.count), (0.1, 5));
}

#[test]
fn malformed_toml_says_where() {
    insta::assert_snapshot!(told("zone = \"UTC\"\ndata_dir = \n"), @r#"
    error: severance.toml:2:12: not valid TOML: string values must be quoted, expected literal string
    hint: text stands in quotes: zone = "Asia/Seoul"
    "#);
    insta::assert_snapshot!(told("zone = Asia/Seoul\n"), @r#"
    error: severance.toml:1:8: not valid TOML: string values must be quoted, expected literal string
    hint: text stands in quotes: zone = "Asia/Seoul"
    "#);
    insta::assert_snapshot!(told("zone = \"UTC\"\nzone = \"UTC\"\n"), @"error: severance.toml:2:1: not valid TOML: duplicate key");
    insta::assert_snapshot!(told("[[log]\n"), @"error: severance.toml:1:7: not valid TOML: unclosed array table, expected `]`");
    insta::assert_snapshot!(told(b"zone = \"\xff\"\n"), @"error: severance.toml: cannot be read: not UTF-8 at byte 8; save it as UTF-8");
}

#[test]
fn a_byte_order_mark_is_no_error() {
    let place = Place::new();
    let config = place.write("severance.toml", "\u{feff}zone = \"Asia/Seoul\"\r\n").load().unwrap();
    assert_eq!(config.zone, Zone::named("Asia/Seoul").unwrap());
}

#[test]
fn unknown_keys_get_a_suggestion() {
    insta::assert_snapshot!(told("zon = \"UTC\"\n"), @r"
    error: severance.toml:1:1: unknown key `zon`
    hint: did you mean `zone`?
    ");
    insta::assert_snapshot!(told("[[source]]\nname = \"hr\"\nkind = \"people\"\npaths = \"hr.csv\"\n"), @r"
    error: severance.toml:4:1: unknown key `paths` in [[source]]
    hint: did you mean `path`?
    ");
    insta::assert_snapshot!(told("[brakes]\nshare = 0.1\nzone = \"UTC\"\n"), @r"
    error: severance.toml:3:1: unknown key `zone` in [brakes]
    hint: `zone` stands before the first `[` of the file
    ");
    insta::assert_snapshot!(told("[detectors]\nbulk-exprot = { subjects_min = 1 }\noff = [\"dormnat\"]\n"), @r"
    error: severance.toml:2:1: there is no detector `bulk-exprot` (did you mean `bulk-export`?)
           severance.toml:3:8: there is no detector `dormnat` (did you mean `dormant`?)
    ");
}

#[test]
fn values_of_the_wrong_kind_say_what_is_wanted() {
    insta::assert_snapshot!(told("zone = \"Seoul\"\n"), @r"
    error: severance.toml:1:8: `Seoul` is not a time zone (expected an IANA name, such as `Asia/Seoul`)
    hint: did you mean `Asia/Seoul`?
    ");
    insta::assert_snapshot!(told("zone = \"Asia/Soeul\"\n"), @r"
    error: severance.toml:1:8: `Asia/Soeul` is not a time zone (expected an IANA name, such as `Asia/Seoul`)
    hint: did you mean `Asia/Seoul`?
    ");
    insta::assert_snapshot!(told("zone = 9\n"), @r#"error: severance.toml:1:8: `zone` must be an IANA time zone in quotes, such as "Asia/Seoul", not the number 9"#);
    insta::assert_snapshot!(told("data_dir = \"\"\n"), @"error: severance.toml:1:12: `data_dir` is empty");
    insta::assert_snapshot!(told("[brakes]\nshare = 10\ncount = -1\n"), @r"
    error: severance.toml:2:9: `share` must be a number from 0 to 1, not the number 10
           severance.toml:3:9: `count` must be a whole number from 0, not the number -1
    ");
    insta::assert_snapshot!(told("[source]\nname = \"hr\"\n"), @r"
    error: severance.toml:1:1: `source` is a list of tables
    hint: write [[source]] with two brackets: there may be several
    ");
    insta::assert_snapshot!(told("[register]\npath = \"m.csv\"\ncomplete_until = \"yesterday\"\n"), @"error: severance.toml:3:18: `yesterday` is not a time (expected RFC 3339, such as `2026-09-30T17:00:00Z`)");
    insta::assert_snapshot!(told("[[suppress]]\ndetector = \"dormant\"\nreason = \"r\"\nauthor = \"a\"\nuntil = \"soon\"\n"), @"error: severance.toml:5:9: `until`: `soon` is not a day (expected `YYYY-MM-DD`)");
}

fn class(line: &str) -> String {
    let base = "[[log]]\nname = \"issuer\"\npath = \"i\"\n[[log]]\nname = \"gateway\"\npath = \"g\"\n[[class]]\n";
    format!("{base}issuer = \"https://id\"\nname = \"access\"\nissued_in = \"issuer\"\n{line}")
}

#[test]
fn classes_are_checked_against_the_logs() {
    insta::assert_snapshot!(told(class("used_in = [\"gatewy\"]\nlifetime_max = \"1h\"\n")), @r"
    error: severance.toml:11:1: `used_in` of class `access` names a log `gatewy`, and there is none
    hint: did you mean `gateway`?
    ");
    insta::assert_snapshot!(told(class("used_in = []\nlifetime_max = \"1h\"\n")), @r"
    error: severance.toml:11:1: `used_in` of class `access` names no log
    hint: one of `issuer`, `gateway`
    ");
    insta::assert_snapshot!(told(class("used_in = [\"gateway\"]\n")), @r#"
    error: severance.toml:7:1: [[class]] `access` lacks `lifetime_max`
    hint: `lifetime_max` is a length of time in quotes, such as "90s", "2m", "1h" or "30d": the longest a token of it lives
    "#);
    insta::assert_snapshot!(told(class("used_in = [\"gateway\"]\nlifetime_max = \"1 hour\"\n")), @r#"
    error: severance.toml:12:16: `lifetime_max`: `1 hour` is not a length of time
    hint: a whole number and one of ms, s, m, h, d: "200ms", "90s", "2m", "1h", "30d"
    "#);
    insta::assert_snapshot!(told(class("used_in = [\"gateway\"]\nlifetime_max = \"1h\"\njoin = \"jwt\"\n")), @r"
    error: severance.toml:13:8: `jwt` is no `join`
    hint: one of `jti`, `token-sha256`, `session`, `parent`, `provider-hmac`
    ");
    insta::assert_snapshot!(told(class("used_in = [\"gateway\"]\nlifetime_max = \"1h\"\nbound = [\"keyid\"]\n")), @r"
    error: severance.toml:13:9: `keyid` is not a claim
    hint: did you mean `key_id`?
    ");
}

#[test]
fn names_stand_for_one_thing() {
    insta::assert_snapshot!(
        told("[[source]]\nname = \"hr\"\nkind = \"peple\"\npath = \"a\"\n"), @r"
    error: severance.toml:3:8: there is no kind of source `peple`
    hint: did you mean `people`?
    ");
    insta::assert_snapshot!(
        told("[[source]]\nname = \"hr\"\nkind = \"people\"\npath = \"a\"\n[[log]]\nname = \"hr\"\npath = \"b\"\n"), @r"
    error: severance.toml:6:1: the name `hr` is taken, at line 2
    hint: evidence, coverage and plans go by names: give each source, log, class and connection its own
    ");
    insta::assert_snapshot!(
        told("[[suppress]]\nreason = \"r\"\nauthor = \"a\"\nuntil = \"2026-12-31\"\n"), @"error: severance.toml:1:1: [[suppress]] must name a `finding` or a `detector`, and not both");
}

#[test]
fn all_mistakes_are_told_at_once() {
    insta::assert_snapshot!(told("zon = \"UTC\"\n[brakes]\nshare = 2\n[[log]]\nformat = \"cloudtrial\"\n"), @r"
    error: severance.toml:1:1: unknown key `zon` (did you mean `zone`?)
           severance.toml:3:9: `share` must be a number from 0 to 1, not the number 2
           severance.toml:5:10: there is no log format `cloudtrial` (did you mean `cloudtrail`?)
    ");
}

#[test]
fn text_in_messages_cannot_write_to_the_terminal() {
    assert!(!told("\"a\\u001b[2J\" = 1\n").contains('\u{1b}'));
}

#[test]
fn the_nearer_layer_wins() {
    let place = Place::new();
    place.write(
        "etc/severance.toml",
        "zone = \"Europe/Paris\"\ndata_dir = \"/var/lib/severance\"\n[brakes]\ncount = 1\n",
    );
    place.write("home/.config/severance/severance.toml", "zone = \"Europe/Berlin\"\n[brakes]\nshare = 0.3\n");
    place.write("severance.toml", "zone = \"Asia/Seoul\"\n");
    place.write("other/mine.toml", "zone = \"Asia/Tokyo\"\ndata_dir = \"data\"\n");
    let home = place.folder.path().join("home").display().to_string();
    let zone_of = |request: &Request<'_>| {
        let config = Config::load(request).unwrap();
        let zone = config.explained().iter().find(|one| one.name == "zone").cloned().unwrap();
        let folder = format!("{}/", place.folder.path().display());
        format!("{} from {}", zone.value, zone.origin).replace(&folder, "")
    };

    let mut request = place.request();
    std::fs::rename(place.folder.path().join("severance.toml"), place.folder.path().join("away.toml")).unwrap();
    assert_eq!(zone_of(&request), "\"Europe/Paris\" from etc/severance.toml:1:1");
    request.env.insert("HOME".to_owned(), home);
    assert_eq!(zone_of(&request), "\"Europe/Berlin\" from home/.config/severance/severance.toml:1:1");
    std::fs::rename(place.folder.path().join("away.toml"), place.folder.path().join("severance.toml")).unwrap();
    assert_eq!(zone_of(&request), "\"Asia/Seoul\" from severance.toml:1:1");
    request.file = Some("other/mine.toml".into());
    assert_eq!(zone_of(&request), "\"Asia/Tokyo\" from other/mine.toml:1:1");
    request.env.insert("SEVER_ZONE".to_owned(), "Asia/Kolkata".to_owned());
    assert_eq!(zone_of(&request), "\"Asia/Kolkata\" from SEVER_ZONE");
    let request = request.flag("zone", None).flag("zone", Some("America/Lima".to_owned()));
    assert_eq!(zone_of(&request), "\"America/Lima\" from --zone");

    // Tables merge name by name, and a path belongs to the file that names it.
    let config = Config::load(&request).unwrap();
    assert_eq!((config.brakes.count, config.brakes.share), (1, 0.3));
    assert_eq!(config.data_dir, place.folder.path().join("other/data"));
    assert_eq!(config.files.len(), 3);
}

#[test]
fn variables_set_settings_and_misspelt_ones_are_told() {
    let place = Place::new();
    let mut request = place.request();
    for (name, value) in [("SEVER_BRAKES_SHARE", "0.5"), ("SEVER_DATA_DIR", "d"), ("SEVER_FORMAT", "json")] {
        request.env.insert(name.to_owned(), value.to_owned());
    }
    let config = Config::load(&request).unwrap();
    assert_eq!((config.brakes.share, config.data_dir), (0.5, place.folder.path().join("d")));

    request.env.insert("SEVER_ZNOE".to_owned(), "UTC".to_owned());
    request.env.insert("SEVER_BRAKES_COUNT".to_owned(), "few".to_owned());
    insta::assert_snapshot!(place.told(Config::load(&request).unwrap_err()), @r"
    error: SEVER_BRAKES_COUNT: `count` must be a whole number from 0, not the text `few`
           SEVER_ZNOE: sets nothing (did you mean `SEVER_ZONE`?)
    ");
}

#[test]
fn a_named_file_must_be_there() {
    let place = Place::new();
    let mut request = place.request();
    request.file = Some("mine.toml".into());
    insta::assert_snapshot!(place.told(Config::load(&request).unwrap_err()), @r"
    error: mine.toml: there is no such file
    hint: `sever init --from DIR` writes one
    ");
}

#[test]
fn every_value_in_force_is_explained() {
    let place = Place::new();
    let text =
        "[[log]]\nname = \"gateway\"\npath = \"g\"\n[log.map]\ntime = \"ts\"\n[detectors]\noff = [\"dormant\"]\n";
    let config = place.write("severance.toml", text).load().unwrap();
    let folder = format!("{}/", place.folder.path().display());
    let lines = config.explained().iter().map(|one| format!("{} = {}  # {}", one.name, one.value, one.origin));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n").replace(&folder, ""), @r#"
    zone = "UTC"  # default
    data_dir = "severance-data"  # default
    log[gateway].name = "gateway"  # severance.toml:2:1
    log[gateway].path = "g"  # severance.toml:3:1
    log[gateway].map = { time = "ts" }  # severance.toml:4:6
    detectors = { off = ["dormant"] }  # severance.toml:6:2
    skew = "2m"  # default
    brakes.share = 0.1  # default
    brakes.count = 5  # default
    privacy.pseudonyms = true  # default
    privacy.retention.facts = "1100d"  # default
    privacy.retention.findings = "1100d"  # default
    privacy.retention.uses = "400d"  # default
    privacy.retention.accesses = "1100d"  # default
    cutting.hand_off.deadline = "1d"  # default
    cutting.brakes.count = 5  # default
    cutting.brakes.share = 0.05  # default
    cutting.plan_age_max = "1d"  # default
    gate.listen = "127.0.0.1:8470"  # default
    gate.log = "gate"  # default
    gate.mode = "enforce"  # default
    gate.on_fault = "closed"  # default
    gate.no_token = "refuse"  # default
    gate.not_covered = "allow"  # default
    gate.coverage_min = 0.99  # default
    gate.silent_max = "15m"  # default
    gate.wait_ms = 50  # default
    gate.tell = "header"  # default
    gate.connections_max = 4096  # default
    gate.threads = 0  # default
    gate.keep = "35d"  # default
    gate.budget_entries_max = 4000000  # default
    watch.hold = "1s"  # default
    watch.checkpoint = "60s"  # default
    watch.body_bytes_max = 16777216  # default
    watch.spool_bytes_max = 10737418240  # default
    "#);
}

#[test]
fn the_schema_and_the_reader_are_one_table() {
    let schema = json_schema(&KNOWN);
    let whole: toml::Table = WHOLE.parse().unwrap();
    // Each section of the whole example, and each of its keys, is in the schema.
    for (name, value) in &whole {
        let section = &schema["properties"][name];
        assert!(section["description"].is_string(), "{name}");
        let fields = match value {
            toml::Value::Array(items) => items[0].as_table().map(|item| (item, &section["items"]["properties"])),
            toml::Value::Table(table) => Some((table, &section["properties"])),
            _ => None,
        };
        for key in fields.iter().flat_map(|(table, _)| table.keys()) {
            assert!(fields.as_ref().unwrap().1[key].is_object(), "{name}.{key}");
        }
    }
    assert_eq!(schema["properties"]["source"]["items"]["required"], serde_json::json!(["name", "kind", "path"]));
    assert_eq!(schema["properties"]["log"]["items"]["properties"]["format"]["enum"][1], "cloudtrail");
    assert_eq!(schema["properties"]["brakes"]["properties"]["share"]["default"], 0.1);
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn defaults_are_values_that_the_reader_takes() {
    for setting in settings() {
        let Some(variable) = setting.variable.filter(|_| !matches!(setting.default.as_str(), "" | "required")) else {
            continue;
        };
        let place = Place::new();
        let mut request = place.request();
        request.env.insert(variable.clone(), setting.default.clone());
        assert!(Config::load(&request).is_ok(), "{variable}={}", setting.default);
    }
}
