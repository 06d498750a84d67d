//! `postgresql`: the roles of a PostgreSQL cluster.

use sever_model::{DoorKind, Span};

use crate::connector::{Connector, DoorAnswers, Setting};

pub(crate) const CONNECTOR: Connector = Connector {
    id: "postgresql",
    title: "PostgreSQL",
    about: "The roles of one cluster, in all of its databases; accounts are named as `postgres-roles` names them. \
            `url` is `postgres://HOST[:PORT][/DATABASE]`, asked directly and not through a pooler.\n\n\
            Doors: the login; each live connection (by process id *and* beginning, so that an id that is given \
            again is another door); memberships; what the role owns in each database; privileges and memberships \
            that it granted to others; user mappings; jobs of pg_cron.\n\n\
            Closing: `NOLOGIN`, then a password of ours (as a SCRAM verifier, so that no log has it), then its live \
            connections are ended: `NOLOGIN` alone leaves them open. What it owns is handed to `settings.owner` in \
            every database, and what it granted is granted again by the owner before its right to grant is revoked: \
            in the other order everybody it granted to would lose it. Memberships are revoked last. With \
            `settings.drop` the role is dropped, which cannot be undone and fails while a privilege stands that \
            somebody other than the owner gave it (`DROP OWNED` does not revoke those): the plan names each.\n\n\
            Trying: as the role, with our password. The password is looked at before `LOGIN`, so that `28000 … not \
            permitted to log in` says both that the password was right and that the door is closed, and `28P01` \
            neither. A dropped role is answered `28P01` too, and can only be observed.\n\n\
            A standby follows with its delay, and its live connections are its own: give it a connection of its own, to \
            list and try. A password that ended (`VALID UNTIL`) is answered `28P01` even when it is ours.\n\n\
            What it cannot: see what `pg_hba.conf` lets in without a password (`trust`, `peer`, `cert`). `NOLOGIN` \
            closes those as well; where a name that nobody has is not asked for a password, the verdict says so. A \
            role that others may act as (`SET ROLE`) stays theirs to act as. Privileges granted to the role itself \
            stay in the access lists and open nothing while it may not log in. Privileges on tablespaces and parameters that it \
            granted are not looked at. Passwords that clients or a pooler keep \
            (`auth_query`) are not seen. From version 16 on a membership is revoked only by whoever granted it, or by a \
            role with its grantor's rights: those that a superuser granted only a superuser can revoke.",
    roles: "Each a role of its own, none a superuser.\n\n\
            ```sql\n\
            -- reading\n\
            CREATE ROLE severance_read LOGIN NOSUPERUSER PASSWORD '…';\n\
            GRANT pg_read_all_stats TO severance_read;\n\
            -- probing\n\
            CREATE ROLE severance_probe LOGIN NOSUPERUSER PASSWORD '…';\n\
            GRANT pg_read_all_stats TO severance_probe;\n\
            -- both, in each database that lacks the default CONNECT for everybody\n\
            GRANT CONNECT ON DATABASE orders TO severance_read, severance_probe;\n\
            -- both, where pg_cron is used, in its database\n\
            GRANT USAGE ON SCHEMA cron TO severance_read, severance_probe;\n\
            GRANT SELECT ON cron.job TO severance_read, severance_probe;\n\
            CREATE POLICY severance ON cron.job FOR SELECT TO severance_read, severance_probe USING (true);\n\
            -- cutting\n\
            CREATE ROLE severance_cut LOGIN NOSUPERUSER CREATEROLE PASSWORD '…';\n\
            GRANT pg_signal_backend, pg_read_all_stats TO severance_cut;\n\
            -- the new owner; before version 16 without WITH …\n\
            GRANT data_owner TO severance_cut WITH INHERIT TRUE, SET TRUE;\n\
            -- and, for functions and the like, in each schema that leavers make things in\n\
            GRANT CREATE ON SCHEMA public TO data_owner;\n\
            -- each role that may leave; before version 16 CREATEROLE is enough to alter it, and plain membership\n\
            -- hands over what it owns\n\
            GRANT alice TO severance_cut WITH ADMIN TRUE, INHERIT TRUE, SET TRUE;\n\
            -- each group that memberships are revoked in\n\
            GRANT readers TO severance_cut WITH ADMIN OPTION;\n\
            -- where pg_cron is used, in its database\n\
            GRANT USAGE ON SCHEMA cron TO severance_cut;\n\
            GRANT SELECT, UPDATE (active) ON cron.job TO severance_cut;\n\
            CREATE POLICY severance_cut ON cron.job TO severance_cut USING (true);\n\
            -- the twin: a role like those that leave, with no rights\n\
            CREATE ROLE severance_twin LOGIN NOSUPERUSER PASSWORD '…';\n\
            ```\n\n\
            From version 16 on `GRANT … WITH ADMIN TRUE` must be given for every leaver, by whoever has it; a trigger of \
            nobody does it alone, so have whatever makes your roles do it. Before version 16, `CREATEROLE` may alter \
            every role that is no superuser: keep its password where cutting ones are fetched from. A superuser who \
            leaves can only be cut by a superuser.",
    settings: &[
        Setting { name: "owner", required: false, about: "Who gets what leavers own; without it that is handed off." },
        Setting { name: "drop", required: false, about: "`true`: roles are dropped in the end; default `false`." },
        Setting { name: "tls", required: false, about: "`verify` (default) or `off`." },
        Setting {
            name: "ca",
            required: false,
            about: "The file of the certificates by which the server is known; needed unless `tls` is `off`.",
        },
        Setting {
            name: "cron_database",
            required: false,
            about: "Where pg_cron keeps its jobs, if our role may not see that; default `postgres`.",
        },
    ],
    doors: &[
        DoorAnswers {
            kind: DoorKind::Login,
            tried_with: "our password after the reset; the leaver's own, where somebody has it",
            closed: "`28000 role … is not permitted to log in`, while the twin is let in",
            bad_probe: "`28P01 password authentication failed`: can be told apart",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::LiveConnection,
            tried_with: "nothing: observed in `pg_stat_activity` by the probing role",
            closed: "no row of that process id and beginning, while the twin's connection is seen",
            bad_probe: "no row of the twin's connection, or rows without a beginning (`pg_read_all_stats` is lacking)",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::Membership,
            tried_with: "nothing: observed in `pg_auth_members` by the probing role",
            closed: "no row, while other memberships are seen",
            bad_probe: "no rows at all",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::Delegation,
            tried_with: "nothing: observed in `pg_shdepend`, access lists and `cron.job` by the probing role",
            closed: "nothing of the role's, while those of others are seen",
            bad_probe: "nothing of anybody's, or row security that hides the jobs of others",
            window: Span::ZERO,
        },
    ],
    open_doors: Some(super::doors::open),
    open_action: Some(super::action::open),
    open_probe: Some(super::probe::open),
};
