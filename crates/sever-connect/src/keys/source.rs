//! `keys`: signing keys and other credentials, as a table.

use sever_model::port::Reason;
use sever_model::{
    AccountId, Credential, CredentialId, CredentialKind, Exportable, Fact, FactKind, Record, ResourceId, SystemId,
};

use crate::row::{Row, id_of_any, scoped};
use crate::tables::{Rows, Seen, Table};
use crate::{Column, Provider};

pub(crate) const PROVIDER: Provider = Provider {
    id: "keys",
    title: "Keys and other credentials",
    about: "One row per credential: never its value. `kept_at` is where its secret lies, with the system first \
            (`openbao/secret/signing/kid-1`), in the same form in which `openbao` writes its paths: whoever may read \
            there could read the key. `exportable = no` is a key that is used where it lies and cannot be read. A day \
            without a time is the day's beginning in `created_at`, `activated_at` and `rotated_at`, and its end in \
            `retired_at` and `expires_at`.",
    scope: "a role that can list keys and their metadata, without reading any value",
    kinds: TABLE.kinds,
    columns: TABLE.columns,
    together: false,
    sniff: |sample| TABLE.sniff(sample),
    open: |settings| TABLE.open(settings),
};

static TABLE: Table = Table {
    id: "keys",
    columns: COLUMNS,
    needs: &[&[&ID]],
    kinds: &[FactKind::Credential],
    rows: |context| Box::new(Keys { system: context.system.clone(), seen: Seen::default() }),
};

const COLUMNS: &[&Column] = &[
    &ID,
    &ISSUER,
    &KIND,
    &ACCOUNT,
    &KEPT_AT,
    &EXPORTABLE,
    &CREATED,
    &CREATED_BY,
    &ACTIVATED,
    &RETIRED,
    &EXPIRES,
    &ROTATED,
    &LAST_USED,
    &DESTROYED,
];
static ID: Column = Column::text(
    0,
    "key_id",
    &["kid", "keyid", "accesskeyid", "credentialid", "credential", "key", "fingerprint"],
    "its id",
);
static ISSUER: Column = Column::text(1, "issuer", &["iss"], "the issuer that signs with it");
static KIND: Column = Column::text(
    2,
    "kind",
    &["credentialtype", "keytype", "type", "use"],
    "`signing-key` (the default where there is an issuer), `api-key`, `ssh-key`, `password`, `certificate`, `token`, `secret`",
);
static ACCOUNT: Column =
    Column::text(3, "account", &["accountid", "user", "username", "owner", "login"], "the account that it opens");
static KEPT_AT: Column =
    Column::text(4, "kept_at", &["keptat", "location", "secretpath", "path", "storedat"], "where its secret lies");
static EXPORTABLE: Column =
    Column::text(5, "exportable", &["extractable", "isexportable"], "whether its secret can leave that place");
static CREATED: Column =
    Column::time(6, "created_at", &["created", "createdat", "creationdate", "createdate"], "when it was made");
static CREATED_BY: Column = Column::text(7, "created_by", &["createdby", "creator"], "who made it");
static ACTIVATED: Column =
    Column::time(8, "activated_at", &["activated", "notbefore", "nbf", "validfrom"], "when it was taken into use");
static RETIRED: Column =
    Column::time(9, "retired_at", &["retired", "deactivated", "revoked", "revokedat"], "when it was taken out of use");
static EXPIRES: Column =
    Column::time(10, "expires_at", &["expires", "expiry", "notafter", "exp", "validto"], "when it ends by itself");
static ROTATED: Column =
    Column::time(11, "rotated_at", &["rotated", "lastrotated", "lastrotation"], "when its secret was last replaced");
static LAST_USED: Column = Column::time(12, "last_used", &["lastused", "lastuseddate"], "when it was last used");
static DESTROYED: Column =
    Column::time(13, "destroyed_at", &["destroyed", "deleted", "deletedat"], "when it was destroyed");

const KINDS: [(&str, CredentialKind); 17] = [
    ("signingkey", CredentialKind::SigningKey),
    ("sig", CredentialKind::SigningKey),
    ("signing", CredentialKind::SigningKey),
    ("jwk", CredentialKind::SigningKey),
    ("apikey", CredentialKind::ApiKey),
    ("accesskey", CredentialKind::ApiKey),
    ("api", CredentialKind::ApiKey),
    ("sshkey", CredentialKind::SshKey),
    ("ssh", CredentialKind::SshKey),
    ("password", CredentialKind::Password),
    ("certificate", CredentialKind::Certificate),
    ("cert", CredentialKind::Certificate),
    ("x509", CredentialKind::Certificate),
    ("token", CredentialKind::Token),
    ("pat", CredentialKind::Token),
    ("secret", CredentialKind::Secret),
    ("other", CredentialKind::Secret),
];

const EXPORTABLES: [(&str, Exportable); 8] = [
    ("yes", Exportable::Yes),
    ("true", Exportable::Yes),
    ("1", Exportable::Yes),
    ("no", Exportable::No),
    ("false", Exportable::No),
    ("0", Exportable::No),
    ("hsm", Exportable::No),
    ("unknown", Exportable::Unknown),
];

struct Keys {
    system: SystemId,
    seen: Seen,
}

impl Rows for Keys {
    fn row(&mut self, row: &Row<'_>, emit: &mut dyn FnMut(Record)) -> Result<(), Reason> {
        let id = scoped(&self.system, row.need(&ID)?);
        let issuer = row.owned(&ISSUER);
        let usual = if issuer.is_some() { CredentialKind::SigningKey } else { CredentialKind::Secret };
        let credential = Credential {
            id: CredentialId::from(id.clone()),
            // A word that we do not know is no reason to lose the key.
            kind: row.word(&KIND, &KINDS, usual).unwrap_or(CredentialKind::Secret),
            account: row.some(&ACCOUNT).map(|name| AccountId::from(id_of_any(&self.system, name))),
            issuer,
            kept_at: row.some(&KEPT_AT).map(|path| ResourceId::from(id_of_any(&self.system, path))),
            exportable: row.word(&EXPORTABLE, &EXPORTABLES, Exportable::Unknown)?,
            created_by: row.owned(&CREATED_BY),
            rotated_at: row.start(&ROTATED)?,
            activated_at: row.start(&ACTIVATED)?,
            retired_at: row.end(&RETIRED)?,
            expires_at: row.end(&EXPIRES)?,
            last_used: row.start(&LAST_USED)?,
        };
        let valid = row.valid(&CREATED, &DESTROYED)?;
        self.seen.once(&id, row.place)?;
        emit(Record { fact: Fact::Credential(credential), valid });
        Ok(())
    }
}
