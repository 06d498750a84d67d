//! Opening a data directory: first use, again, and when something is wrong with it.

use sqlx::{ConnectOptions as _, Executor as _};

use crate::{Store, StoreError};

#[tokio::test]
async fn the_key_is_made_once_and_is_its_owners_only() {
    let dir = tempfile::tempdir().unwrap();
    let first = Store::open(dir.path()).await.unwrap().key().fingerprint(b"x");
    let again = Store::open(dir.path()).await.unwrap().key().fingerprint(b"x");
    assert_eq!(first, again);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(dir.path().join("key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_lost_or_foreign_key_is_an_error_and_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).await.unwrap());
    let path = dir.path().join("key");
    std::fs::remove_file(&path).unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Key { what: "the file is missing", .. }), "{error}");
    assert!(!path.exists());
    std::fs::write(&path, "00112233445566778899aabbccddeeff\n").unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Key { what: "it is another key", .. }), "{error}");
    std::fs::write(&path, "nonsense").unwrap();
    assert!(matches!(Store::open(dir.path()).await.unwrap_err(), StoreError::Key { .. }));
}

#[tokio::test]
async fn a_newer_or_foreign_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).await.unwrap());
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.path().join("store.sqlite"));
    let mut connection = options.connect().await.unwrap();
    connection.execute("PRAGMA user_version = 99").await.unwrap();
    let error = Store::open(dir.path()).await.unwrap_err();
    assert!(error.to_string().ends_with("was written by a newer version (schema 99, this build reads up to 4)"));
    connection.execute("PRAGMA application_id = 1").await.unwrap();
    assert!(matches!(Store::open(dir.path()).await.unwrap_err(), StoreError::Foreign(_)));
}

#[tokio::test]
async fn settings_are_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).await.unwrap();
    assert_eq!(store.setting("register digest").await.unwrap(), None);
    store.set_setting("register digest", "a").await.unwrap();
    store.set_setting("register digest", "b").await.unwrap();
    assert_eq!(store.setting("register digest").await.unwrap().as_deref(), Some("b"));
}
