//! Names that somebody would have given.

use super::*;

#[test]
fn a_log_is_called_after_what_its_file_name_says() {
    for (file, name) in [
        ("exports/gateway.jsonl", "gateway"),
        ("111122223333_CloudTrail_eu-central-1_20251112T0305Z_9xK2mQ7vLw4ZpT1a.json.gz", "cloudtrail-eu-central-1"),
        ("cloudtrail/*_CloudTrail_eu-central-1_*T*Z.json", "cloudtrail-eu-central-1"),
        ("access.log-20250701", "access"),
        ("u_ex250710.log", "u-ex"),
        ("gateway-2.log", "gateway-2"),
        ("s3://logs/gw/2026-07/0000.jsonl", "gw"),
        ("2025-07-10T11.json", "file"),
        ("Okta System Log.json", "okta-system-log"),
    ] {
        assert_eq!(NamesGiven::default().log(Path::new(file)), name, "{file}");
    }
}

#[test]
fn a_system_and_its_log_are_told_apart() {
    let mut names = NamesGiven::default();
    assert_eq!(names.source(Path::new("crm.csv")), "crm");
    assert_eq!(names.log(Path::new("crm.log")), "crm-log");
    assert_eq!(names.log(Path::new("old/crm.log")), "crm-log-2");
    assert_eq!(names.source(Path::new("new/crm.csv")), "crm-2");
}

#[test]
fn files_that_differ_in_their_date_or_by_chance_are_one_series() {
    let of = "111122223333_CloudTrail_eu-central-1_20251112T0305Z_9xK2mQ7vLw4ZpT1a.json.gz";
    assert_eq!(starred(of), "*_CloudTrail_eu-central-1_*_*.json.gz");
    assert_eq!(starred("people-2025-07-01.csv"), "people-*.csv");
    assert_eq!(starred("members-of-a1b2c3d4e5.csv"), "members-of-a1b2c3d4e5.csv");
    assert_eq!(starred("gateway-2.log"), "gateway-2.log");
}
