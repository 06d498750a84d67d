//! `active-directory`: accounts of an Active Directory domain, Windows' own or Samba's.

use sever_model::DoorKind;

use super::wire::WINDOW;
use super::{action, doors, probe};
use crate::connector::{Connector, DoorAnswers};
use crate::ldap::place::{BASE, CA, PLAIN, STARTTLS};

pub(crate) const CONNECTOR: Connector = Connector {
    id: "active-directory",
    title: "Active Directory",
    about: ABOUT,
    roles: ROLES,
    settings: &[BASE, CA, STARTTLS, PLAIN],
    doors: DOORS,
    open_doors: Some(doors::open),
    open_action: Some(action::open),
    open_probe: Some(probe::open),
};

const ABOUT: &str = "\
**Lists** the login of an account (with its last use from `lastLogonTimestamp`, up to 14 days late), its keys \
(`userCertificate`, `altSecurityIdentities`, `msDS-KeyCredentialLink`, and `sshPublicKey` where the schema has it), its \
groups and all that these are in (each with the groups by which it is in it), and its delegations \
(`msDS-AllowedToDelegateTo`, `msDS-AllowedToActOnBehalfOfOtherIdentity`).

**Closes** a login by the disabled bit of `userAccountControl`, a password of ours (`unicodePwd`, over TLS only) and an end \
of the account in the past (`accountExpires`); then groups, keys and delegations, each by its value. A membership that \
comes by another group is closed by leaving that group.

**Tries** a login by one bind as the account, with our password after the reset, else with the leaver's own where it is \
given. A controller says 533 (disabled) or 701 (ended) to the right password only, and 52e to a wrong one: that it says \
533 to ours is the proof. 532 and 773 (expired, must change) are `Open`: whoever knows the password may set a new one. 775 \
(locked out) and 530, 531 (hours, workstation) pass by themselves, and are unknown. There is no attempt where one more \
wrong password would lock the account (`badPwdCount` against `lockoutThreshold` or the policy of its own).

Groups, keys and delegations are observed by the probing account. A controller does not tell what is absent from what may \
not be read, so something of the same kind must be seen beside: another member, another value, or the twin's. Put the \
twin into a group, and give it a value of each attribute that your people have.

**Cannot**: list or end Kerberos tickets (a ticket-granting ticket lives until its end, 10 hours by default; a disabled \
account gets none, and services may still take those that are out), NTLM sessions, SMB connections: that is a gap of every \
listing. Leave a primary group other than Domain Users. See what others' access control lists let the account do, which \
objects name it as a trustee of delegation, or cached credentials on laptops. A read-only controller answers a change \
with a referral: name a writable one. Each controller is tried for itself: give those of other sites connections of \
their own. Samba's schema lacks `msDS-KeyCredentialLink`, so that it was not tried against a real server.";

const ROLES: &str = "\
Three accounts and a twin, all ordinary users.

*Reading* and *probing* need no rights but those of any user (`Authenticated Users`: read), and on the policies of \
their own (`CN=Password Settings Container,CN=System,…`), where there are any: read, else an account under such a policy is not \
tried.

*Cutting*, on the container of the people and on that of the groups, and on nothing else (`dsacls` on Windows):

```text
dsacls \"OU=people,DC=shop,DC=example\" /I:S /G \"SHOP\\severance-cutting:CA;Reset Password;user\"
dsacls \"OU=people,DC=shop,DC=example\" /I:S /G \"SHOP\\severance-cutting:RPWP;userAccountControl;user\"
dsacls \"OU=people,DC=shop,DC=example\" /I:S /G \"SHOP\\severance-cutting:RPWP;accountExpires;user\"
dsacls \"OU=people,DC=shop,DC=example\" /I:S /G \"SHOP\\severance-cutting:RPWP;userCertificate;user\"
dsacls \"OU=people,DC=shop,DC=example\" /I:S /G \"SHOP\\severance-cutting:RPWP;altSecurityIdentities;user\"
dsacls \"OU=people,DC=shop,DC=example\" /I:S /G \"SHOP\\severance-cutting:RPWP;msDS-KeyCredentialLink;user\"
dsacls \"OU=people,DC=shop,DC=example\" /I:S /G \"SHOP\\severance-cutting:RPWP;msDS-AllowedToDelegateTo;user\"
dsacls \"OU=groups,DC=shop,DC=example\" /I:S /G \"SHOP\\severance-cutting:RPWP;member;group\"
```

On Samba the same rights are given in SDDL, one object and one right at a time, with the account's SID at the end:

```text
samba-tool dsacl set --objectdn=OU=people,DC=shop,DC=example \\
  --sddl=\"(OA;CI;CR;00299570-246d-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;S-1-5-21-…)\"
```

Removing `msDS-AllowedToDelegateTo` besides needs the user right *Enable computer and user accounts to be trusted for \
delegation*, which only administrators have by default. Administrators' own accounts (`adminCount=1`) are protected by \
AdminSDHolder: the cutting account can do nothing about them, on purpose.

The twin is a user under the same policy as the people, in a group.";

const DOORS: &[DoorAnswers] = &[
    DoorAnswers {
        kind: DoorKind::Login,
        tried_with: "our password after the reset, else the leaver's own",
        closed: "49 with `data 533` (disabled) or `data 701` (ended), which only the right password is answered",
        bad_probe: "49 with `data 52e` (wrong password) or `data 525` (no such user), which are told apart",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::SshKey,
        tried_with: "nothing: observed by search",
        closed: "the value is not there, and another of the same attribute (or the twin's) is seen",
        bad_probe: "no value is seen anywhere: not told apart, and unknown",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::Certificate,
        tried_with: "nothing: observed by search",
        closed: "the value is not there, and another of the same attribute (or the twin's) is seen",
        bad_probe: "no value is seen anywhere: not told apart, and unknown",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::Membership,
        tried_with: "nothing: observed by a search through all groups that are in it",
        closed: "it is not found, and another member (or the twin in its group) is, by the same question",
        bad_probe: "nobody is found by the question: the control fails, and it is unknown",
        window: WINDOW,
    },
    DoorAnswers {
        kind: DoorKind::Delegation,
        tried_with: "nothing: observed by search",
        closed: "the value is not there, and another of the same attribute (or the twin's) is seen",
        bad_probe: "no value is seen anywhere: not told apart, and unknown",
        window: WINDOW,
    },
];
