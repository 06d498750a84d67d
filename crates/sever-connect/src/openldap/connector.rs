//! `openldap`: accounts of an OpenLDAP directory (slapd 2.4 or later).

use sever_model::DoorKind;

use super::wire::WINDOW;
use super::{action, doors, probe};
use crate::connector::{Connector, DoorAnswers, Setting};
use crate::ldap::place::{BASE, CA, PLAIN, STARTTLS};

pub(crate) const CONNECTOR: Connector = Connector {
    id: "openldap",
    title: "OpenLDAP",
    about: ABOUT,
    roles: ROLES,
    settings: &[
        BASE,
        CA,
        STARTTLS,
        PLAIN,
        Setting {
            name: "lock",
            required: false,
            about: "`ppolicy` (the default): accounts are locked by the overlay ppolicy; `none`: the overlay is not \
                    there, and only the password is replaced",
        },
        Setting {
            name: "policy",
            required: false,
            about: "the name of the password policy of accounts that name none (`ppolicy_default`), so that trying \
                    never locks anybody out; `none` where there is none",
        },
    ],
    doors: DOORS,
    open_doors: Some(doors::open),
    open_action: Some(action::open),
    open_probe: Some(probe::open),
};

const ABOUT: &str = "\
**Lists** the login of an account (with its last use from `authTimestamp` of lastbind or `pwdLastSuccess`), its keys \
(`sshPublicKey`, `ipaSshPubKey`, `userCertificate`), the groups that name it (`member`, `uniqueMember`, `roleOccupant`, \
`memberUid`), and the connections that are bound as it now (`cn=Monitor`).

**Closes** a login by a lock for ever (`pwdAccountLockedTime: 000001010000Z`) and a password of ours, set by the \
password-modify operation so that the server hashes it; a `shadowAccount` also ends in the past. Setting a password \
*lifts* the lock of the overlay ppolicy, so the reset sets it again in the same step: whoever resets passwords \
afterwards (a self-service page, a help desk) lifts it too, which is why a login is tried again later. Then groups and \
keys, each by its value, so that nothing else in the entry is touched.

**Tries** a login by one bind as the account, with our password after the reset, else with the leaver's own where it is \
given. One attempt, and none where the policy would lock the account at the next wrong one. Groups and keys are \
observed by the probing account, by search and by comparison, whose answer tells what is absent from what may not be \
read.

slapd answers `invalidCredentials (49)` to a wrong password and to a locked account alike. With `ppolicy_use_lockout` in \
the overlay's configuration (`olcPPolicyUseLockout: TRUE`) it adds `accountLocked` for whoever asks by control \
1.3.6.1.4.1.42.2.27.8.5.1, and the two can be told apart. Anybody may then learn that an account is locked, which is \
why it is off by default. Without it a twin under the same policy is needed; without a twin the verdict is unknown. With no \
password policy at all (`lock` and `policy` set to `none`) our password signing in shows that theirs is gone: that is \
observed, and no proof.

**Cannot**: end a connection that is open: slapd has no operation for that, so it stays open until its client or \
`idletimeout` ends it (an `Open` door says so). Follow groups within groups: whether an application does, only it \
knows; a group in a group is named as a gap. Lock where `pwdLockout` is `FALSE` in the policy: slapd then ignores the \
lock, and the login is tried `Open`. Remove the last member of a `groupOfNames`, which must have one. See what \
replicas, caches (`nscd`, `sssd`) and applications that keep passwords of their own still let in: give replicas \
connections of their own.";

const ROLES: &str = "\
Three accounts, none of which can do what another is for, and a twin. Put them where no policy locks them by mistake:

```ldif
dn: cn=severance-reading,ou=services,dc=shop,dc=example
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: severance-reading
userPassword: …

# The same for cn=severance-probing and cn=severance-cutting. The twin is a person's entry like those that leave:
dn: uid=severance-twin,ou=people,dc=shop,dc=example
objectClass: inetOrgPerson
uid: severance-twin
cn: Severance Twin
sn: Twin
userPassword: …
```

Access, before the rules that are there (`olcAccess` of the database; here in the form of `slapd.conf`):

```text
# cutting: sets a password and cannot read one
access to attrs=userPassword
  by dn.exact=\"cn=severance-cutting,ou=services,dc=shop,dc=example\" =w
  by * break
# cutting: locks, ends, takes out of groups, removes keys
access to attrs=pwdAccountLockedTime,shadowExpire,member,uniqueMember,roleOccupant,memberUid,sshPublicKey,userCertificate
  by dn.exact=\"cn=severance-cutting,ou=services,dc=shop,dc=example\" write
  by dn.exact=\"cn=severance-reading,ou=services,dc=shop,dc=example\" read
  by dn.exact=\"cn=severance-probing,ou=services,dc=shop,dc=example\" read
  by * break
# reading and probing: what says whose an entry is, and how it is used
access to attrs=entry,objectClass,entryUUID,uid,cn,createTimestamp,structuralObjectClass,memberOf,authTimestamp,\
pwdLastSuccess,pwdChangedTime,pwdReset,pwdEndTime,pwdFailureTime,pwdPolicySubentry
  by dn.exact=\"cn=severance-cutting,ou=services,dc=shop,dc=example\" read
  by dn.exact=\"cn=severance-reading,ou=services,dc=shop,dc=example\" read
  by dn.exact=\"cn=severance-probing,ou=services,dc=shop,dc=example\" read
  by * break
# probing: the policy, so that no attempt locks anybody out
access to dn.subtree=\"ou=policies,dc=shop,dc=example\"
  by dn.exact=\"cn=severance-probing,ou=services,dc=shop,dc=example\" read
  by * break
# everything else is closed to all three
access to *
  by dn.children=\"ou=services,dc=shop,dc=example\" none
  by * break
```

Open connections: `database monitor`, with `access to dn.subtree=\"cn=Monitor\" by dn.exact=\"cn=severance-reading,…\" read by \
dn.exact=\"cn=severance-probing,…\" read by * none`. So that a locked account can be told from a wrong password: \
`ppolicy_use_lockout` in the overlay ppolicy.";

const DOORS: &[DoorAnswers] = &[
    DoorAnswers {
        kind: DoorKind::Login,
        tried_with: "our password after the reset, else the leaver's own",
        closed: "49 with `accountLocked` (or `passwordExpired`) of the password policy; without that: 49, the lock and \
                 a policy that enforces it are seen, and a twin under the same policy signs in",
        bad_probe: "49 without a reason. Told apart by `accountLocked`, which needs `ppolicy_use_lockout`, or by a twin; \
                    else unknown",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::LiveConnection,
        tried_with: "nothing: observed in `cn=Monitor`",
        closed: "the connection is no longer listed, and the probing account's own is",
        bad_probe: "an empty list, in which our own connection lacks too",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::SshKey,
        tried_with: "nothing: observed by search and comparison",
        closed: "`compareFalse (5)` or `noSuchAttribute (16)`",
        bad_probe: "`insufficientAccessRights (50)`, which is told apart",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::Certificate,
        tried_with: "nothing: observed by search and comparison",
        closed: "`compareFalse (5)` or `noSuchAttribute (16)`",
        bad_probe: "`insufficientAccessRights (50)`, which is told apart",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::Membership,
        tried_with: "nothing: observed by comparison",
        closed: "`compareFalse (5)` or `noSuchAttribute (16)`, where another member is seen",
        bad_probe: "`insufficientAccessRights (50)`, which is told apart; a group that cannot be seen is unknown",
        window: WINDOW,
    },
];
