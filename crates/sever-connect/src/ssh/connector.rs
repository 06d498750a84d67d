//! `openssh`: keys, certificates and live connections over many hosts, by the operator's own `ssh`.

use sever_model::act::{Action, Doors, Probe};
use sever_model::{DoorKind, Span};

use super::site::Site;
use crate::connector::{Connector, DoorAnswers, Setting};

pub(crate) const CONNECTOR: Connector = Connector {
    id: "openssh",
    title: "OpenSSH hosts",
    about: "Lists, over all hosts of `settings.hosts`: each line of an `authorized_keys` file, of whichever account, that \
            carries one of their keys; certificates that were signed for them; connections that are open now. It takes \
            the line out (by a new file in the old one's place, with its owner and mode, all other lines as they were, \
            and a lock), takes their name out of the principals, adds the certificate to `RevokedKeys`, and ends the \
            connection.\n\n\
            **Their keys** are those in their own `authorized_keys` and the public halves in their `.ssh`. A key there \
            whose comment names another account is taken for a colleague's whom they let in: the line is a door, but the \
            key is not followed, and what it opens besides is a gap. So is a key elsewhere whose comment names them.\n\n\
            **Trying** needs no private key and no login: SSH lets a client ask whether a public key would do (RFC 4252 \
            §7). The leaver's own key is offered, and never signed with; then one that nobody has, which must be refused; \
            then the twin's at the same host, which must be accepted. Where the leaver's private key is at hand, a real \
            login runs `true`, unless the line forces a command. sshd logs each offer as a failed one, from our address: \
            let lockouts (fail2ban, `PerSourcePenalties`) know it. The nonce is an argument of `true`; offers are known \
            by the fingerprint of the key that nobody has, which is among the controls.\n\n\
            **What cannot be tried so**: a line with `from=` refuses us in any case, and a server that weighs addresses (`Match \
            Address`, `AllowUsers bob@…`) may, so its closing is only observed; a \
            `cert-authority` line is only observed; who is behind a connection of a shared account the host does not \
            say. Processes that outlive their connection, `cron`, and what `AuthorizedKeysCommand` answers are not seen \
            here. A certificate stays listed until it ends, revoked or not. A plan holds lines as they stand, so that they \
            can be put back, except those with `environment=`.\n\n\
            Hosts need a POSIX `sh`, coreutils, procps and util-linux; logins need a shell that is one.",
    roles: "- *Reading* and *cutting*: root on each host, for others' files and `RevokedKeys` are root's; or a user of \
            whom `sudo -n sh` is allowed, with `settings.sudo = \"yes\"`. A key of its own for each, with \
            `restrict,from=\"ADDRESS\"` before it: `ssh-keygen -t ed25519 -f cutting -C severance-cutting`.\n\
            - *Probing*: for keys and certificates none. For live connections any user without rights who sees root's \
            processes (`hidepid` off). For lines with `from=` root, as for reading; else they stay `Unknown`.\n\
            - *Twin*: a user of the company's own on every host, `useradd --create-home severance-twin`, with a key in \
            its file like everybody's. Without it no refusal is believed.",
    settings: &[
        Setting {
            name: "hosts",
            required: true,
            about: "The hosts: `NAME`, `NAME:PORT` or `NAME=ADDRESS:PORT`, with commas between; or the path of a file with \
                    one on each line. Names as the `ssh` source has them.",
        },
        Setting {
            name: "known_hosts",
            required: true,
            about: "The hosts' own keys, as `ssh-keyscan` writes them. A host with another is never believed.",
        },
        Setting {
            name: "certificates",
            required: false,
            about: "Certificates that were signed: a file with one on each line, or a folder of such files. Only whoever \
                    signs knows them.",
        },
        Setting {
            name: "revoked_keys",
            required: false,
            about: "The list of revoked keys on the hosts. Default: what `sshd -T` says at each.",
        },
        Setting {
            name: "sshd_config",
            required: false,
            about: "The server's configuration on the hosts. Default: `/etc/ssh/sshd_config`.",
        },
        Setting {
            name: "sudo",
            required: false,
            about: "Whether commands run by `sudo -n`: `yes` or `no`. Default: `no`.",
        },
        Setting { name: "program", required: false, about: "The client. Default: `ssh` on the search path." },
    ],
    doors: &[
        DoorAnswers {
            kind: DoorKind::SshKey,
            tried_with: "the leaver's public key, offered; or the private one",
            closed: "permission denied (publickey), while the twin's key is accepted at the same host",
            bad_probe: "the same: told apart by the twin's key, which is then refused too",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::Certificate,
            tried_with: "the leaver's certificate, offered",
            closed: "permission denied (publickey), while the twin's key is accepted at the same host",
            bad_probe: "the same: told apart by the twin's key, which is then refused too",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::Delegation,
            tried_with: "nothing: a line that lets in whoever an authority certifies is looked at",
            closed: "the line is not in the file (observed)",
            bad_probe: "no login as root: told apart",
            window: Span::ZERO,
        },
        DoorAnswers {
            kind: DoorKind::LiveConnection,
            tried_with: "nothing: the host's processes are listed by another login",
            closed: "no sshd process of that number and beginning (observed)",
            bad_probe: "our own connection is not in the listing either: told apart",
            window: Span::ZERO,
        },
    ],
    open_doors: Some(|connection| Ok(Box::new(Site::with_login(connection)?) as Box<dyn Doors>)),
    open_action: Some(|connection| Ok(Box::new(Site::with_login(connection)?) as Box<dyn Action>)),
    open_probe: Some(|connection| Ok(Box::new(Site::of(connection)?) as Box<dyn Probe>)),
};
