//! Names and times against what Windows and OpenLDAP print for the same bytes.

use super::*;

#[test]
fn bytes_are_written_as_windows_writes_them() {
    let bytes: Vec<u8> = (0..16).collect();
    assert_eq!(guid(&bytes).as_deref(), Some("03020100-0504-0706-0809-0a0b0c0d0e0f"));
    assert_eq!(guid(&[1, 2, 3]), None);
    let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
    assert_eq!(sid(&administrators).as_deref(), Some("S-1-5-32-544"));
    assert_eq!(relative("S-1-5-32-544"), Some(("S-1-5-32", 544)));
    for bad in [&administrators[..15], &[2, 0, 0, 0, 0, 0, 0, 5], &[1, 9, 0, 0, 0, 0, 0, 5], &[]] {
        assert_eq!(sid(bad), None, "{bad:?}");
    }
}

#[test]
fn times_of_both_kinds_and_never() {
    let shown = |time: Option<EventTime>| time.map(|time| time.to_string());
    assert_eq!(shown(generalized("20240401083000Z")).as_deref(), Some("2024-04-01T08:30:00Z"));
    assert_eq!(shown(generalized("20240401083000.0Z")).as_deref(), Some("2024-04-01T08:30:00Z"));
    assert_eq!(shown(generalized("20240401083000+0900")).as_deref(), shown(generalized("20240331233000Z")).as_deref());
    assert_eq!(shown(file_time("133850000000000000")).as_deref(), Some("2025-02-25T23:33:20Z"));
    for never in ["0", "9223372036854775807", "-1", "", "soon", "99999999999999999999"] {
        assert_eq!(file_time(never), None, "{never}");
    }
    assert_eq!([generalized("2024"), generalized("000001010000Z"), generalized("2024é0401083000Z")], [None; 3]);
}
