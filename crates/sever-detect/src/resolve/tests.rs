//! Names resolve as the inventory says, cached or not.

use sever_model::{
    Account, AccountId, AccountKind, AccountStatus, Correlation, Coverage, Credential, CredentialId, Entry, EventKind,
    Exportable, FingerprintKey, Row, SourceId, Tables, Valid,
};

use super::*;

fn entry<T>(it: T) -> Entry<T> {
    Entry { it, valid: Valid::ALWAYS, source: SourceId::from("test"), known_from: WallTime::MIN }
}

fn account(id: &str) -> Entry<Account> {
    let id = AccountId::from(id);
    let login = id.native().to_owned();
    let (kind, status) = (AccountKind::Human, AccountStatus::Enabled);
    entry(Account {
        id,
        login,
        display_name: String::new(),
        emails: Vec::new(),
        employee_number: None,
        kind,
        status,
        owner: None,
        created_by: None,
        last_used: None,
    })
}

fn credential(id: &str, kind: CredentialKind, account: Option<&str>) -> Entry<Credential> {
    entry(Credential {
        id: CredentialId::from(id),
        kind,
        account: account.map(AccountId::from),
        issuer: None,
        kept_at: None,
        exportable: Exportable::Unknown,
        created_by: None,
        rotated_at: None,
        activated_at: None,
        retired_at: None,
        expires_at: None,
        last_used: None,
    })
}

fn inventory(accounts: &[&str], known_at: i64) -> Inventory {
    let accounts: Vec<_> = accounts.iter().map(|id| account(id)).collect();
    let correlations = accounts.iter().map(|_| Correlation::Nobody).collect();
    let credentials = vec![
        credential("issuer/k1", CredentialKind::SigningKey, None),
        credential("cloud/AKIA1", CredentialKind::ApiKey, Some("shop/alice")),
    ];
    let tables = Tables { accounts, correlations, credentials, ..Tables::default() };
    Inventory::new(tables, EventTime::from_secs(0), WallTime::from_micros(known_at), Coverage { lines: Vec::new() })
}

/// Two logs of two systems, in which the same name is another account.
#[test]
fn names_are_of_the_logs_system_and_a_credential_names_its_account() {
    let sources =
        ["shop", "bank"].map(|name| EventSource::of(SourceId::from(name), Some(SystemId::from(name)))).to_vec();
    let mut symbols = Symbols::new(FingerprintKey::new([1; 16]), 100);
    let mut batch = Batch::new();
    let mut row = Row::new(EventTime::from_secs(1), EventKind::Used, 0);
    (row.actor, row.key_id, row.credential) = ("alice", "k1", "token");
    batch.push(&row, &mut symbols);
    (row.actor, row.key_id, row.credential) = ("", "unknown", "AKIA1");
    batch.push(&row, &mut symbols);
    let inventory_now = inventory(&["shop/alice", "bank/alice"], 1);
    let mut resolver = Resolver::new(&sources);
    resolver.prepare(&inventory_now);
    let mut ask = |source, row| resolver.resolve(source, &batch, row, &inventory_now, &symbols);
    let (shop, bank) = (Some(AccountIx(0)), Some(AccountIx(1)));
    for _ in 0..2 {
        assert_eq!((ask(0, 0).actor, ask(1, 0).actor), (shop, bank));
    }
    assert_eq!((ask(0, 0).key, ask(0, 0).credential), (Some(CredentialIx(0)), None));
    assert_eq!((ask(1, 1).actor, ask(1, 1).key, ask(1, 1).credential), (shop, None, Some(CredentialIx(1))));
    // Another inventory numbers its accounts otherwise.
    let later = inventory(&["bank/alice", "shop/alice"], 2);
    resolver.prepare(&later);
    assert_eq!(resolver.resolve(0, &batch, 0, &later, &symbols).actor, bank);
}
