//! `ssh`: which keys and certificates open which users on which hosts.
//!
//! Bounded by the keys and users of all hosts of one export.

use std::path::{Path, PathBuf};

use sever_model::FactKind;
use sever_model::port::{Reason, Source, SourceError};

use super::fleet::{Fleet, User};
use super::line::{certificate, key};
use super::place::{Kind, begins_with_key, below, place};
use crate::documents::{Documents, Text, each, only};
use crate::files::Parts;
use crate::gathered::Gathered;
use crate::lines::{Found, Lines, Place};
use crate::row::counted;
use crate::tally::Tally;
use crate::{Provider, Sample, SourceSettings};

pub(crate) const PROVIDER: Provider = Provider {
    id: "ssh",
    title: "SSH keys over many hosts",
    about: "A folder for each host, and in it the host's own files under their own paths:\n\n\
            ```sh\n\
            for host in web1 db1; do\n  \
              mkdir -p $host\n  \
              ssh $host 'cd / && sudo tar --ignore-failed-read -cf - etc/passwd etc/ssh/sshd_config etc/ssh/*.pub \\\n    \
                etc/ssh/auth_principals $(getent passwd | cut -d: -f6 | sort -u | sed \"s,^/,,; s,$,/.ssh/authorized_keys,\")' 2>/dev/null \\\n    \
              | tar -C $host -xf -\n\
            done\n\
            ```\n\n\
            or simply `HOST/USER.authorized_keys` and `HOST/USER.principals`; `map = { host = \"web1\" }` names the host \
            of files that lie in no folder. Certificates (`*-cert.pub`) may lie anywhere. `sshd_config` may be what \
            `sshd -T` prints.\n\n\
            A key is one credential, by the fingerprint (`SHA256:…`) that sshd's log has, however many hosts and users \
            it opens: it holds a right on `SYSTEM/HOST/USER` for each, and on `SYSTEM/HOST/*` for root. A user name \
            is taken to be one account on all hosts. `cert-authority` lines and `TrustedUserCAKeys` become signing \
            keys with what their certificates could open; certificates open what their principals name. A comment, or \
            a certificate's identity, is told as a hint at who has the key: whoever wrote it chose it. A public key \
            beside a private one in `.ssh` is kept on that host.\n\n\
            It cannot say since when a key is there or when it was last used (sshd's log can), nor what \
            `AuthorizedKeysCommand` answers. `from=` and `command=` are not weighed; lists of revoked keys are noticed \
            and not read. Private keys are never needed: one that is found is said loudly and not kept.",
    scope: "root on each host, to read others' `authorized_keys`: a `sudo` rule for this one `tar` command; no private \
            key",
    kinds: &[FactKind::Account, FactKind::Resource, FactKind::Grant, FactKind::Credential, FactKind::Custody],
    columns: &[],
    together: true,
    sniff,
    open: |settings| {
        only(&settings, &[("host", "the host of files that lie in no folder of their own")])?;
        Ok(Box::new(Documents { kind: PROVIDER.id, kinds: PROVIDER.kinds, settings, read }) as Box<dyn Source>)
    },
};

fn sniff(sample: &Sample<'_>) -> Option<(u8, String)> {
    let head = String::from_utf8_lossy(sample.head.get(..sample.head.len().min(16 << 10)).unwrap_or_default());
    let has = |text: &str| head.contains(text);
    if sample.head.starts_with(b"SSHKRL\n") {
        return Some((95, "a list of revoked SSH keys".to_owned()));
    }
    let mut lines = head.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.clone().next()?;
    if begins_with_key(first.as_bytes()) || first.contains("-cert-v01@openssh.com ") {
        return Some((95, "public keys of SSH".to_owned()));
    }
    let keyed = [" ssh-ed25519 AAAA", " ssh-rsa AAAA", " ecdsa-sha2-nistp", " sk-ssh-ed25519@", " ssh-dss AAAA"];
    if keyed.iter().any(|kind| first.contains(kind)) {
        return Some((95, "public keys of SSH with options".to_owned()));
    }
    let configured = ["AuthorizedKeysFile", "PubkeyAuthentication", "PermitRootLogin", "TrustedUserCAKeys"];
    let lower = head.to_ascii_lowercase();
    if configured.iter().filter(|word| lower.contains(&word.to_ascii_lowercase())).count() >= 2 {
        return Some((90, "a configuration of sshd".to_owned()));
    }
    if has("root:x:0:0:") || has("root:*:0:0:") {
        return Some((85, "a host's users".to_owned()));
    }
    let plain = lines.all(|line| !line.contains([',', ';', '{', ':', '=']));
    (sample.name.ends_with(".principals") && plain).then(|| (75, "principals of certificates".to_owned()))
}

fn read(settings: &SourceSettings, parts: &Parts, tally: &mut Tally<'_>) -> Result<(), SourceError> {
    let mut reading = Reading { settings, fleet: Fleet::new(&settings.system), repeated: 0, others: 0, revoked: 0 };
    each(settings, parts, tally, &mut |file, tally| reading.file(file, tally))?;
    let Reading { fleet, repeated, others, revoked, .. } = reading;
    if let Some(name) = fleet.hosts.iter().find(|(_, host)| !host.has_config).map(|(name, _)| name) {
        tally.gap(format!(
            "no `sshd_config` of some hosts, such as {name}: whether they trust authorities or take keys from elsewhere \
             is not known"
        ));
    }
    for (count, what) in [
        (repeated, "key line that repeats another of the same user"),
        (others, "file of no kind that is read"),
        (revoked, "list of revoked keys, which is not read: a key in it opens nothing where the server heeds it"),
    ] {
        if count > 0 {
            let (noun, rest) = what.split_once(' ').unwrap_or((what, ""));
            tally.gap(format!("{} {rest}", counted(count, noun)));
        }
    }
    let mut into = Gathered::default();
    fleet.finish(&mut into, tally);
    into.finish(tally);
    Ok(())
}

struct Reading<'a> {
    settings: &'a SourceSettings,
    fleet: Fleet,
    repeated: u64,
    others: u64,
    revoked: u64,
}

impl Reading<'_> {
    fn file(&mut self, file: &Text<'_>, tally: &mut Tally<'_>) {
        let given = self.settings.map.get("host");
        let mut relative = below(&self.settings.paths, file.path);
        if given.is_some() && self.settings.paths.iter().any(|path| path == file.path) {
            relative = PathBuf::from(&file.name);
        }
        let host = given.cloned().unwrap_or_else(|| self.settings.system.to_string());
        let place = place(&relative, &host, &file.bytes);
        let (host, said) = (place.host, relative.display().to_string());
        match place.kind {
            Kind::Keys { user } => {
                self.fleet.host(&host).users.entry(user.clone()).or_default();
                self.lines(file, &said, tally, |reading, line| {
                    let Some(key) = key(line, &reading.settings.zone)? else { return Ok(()) };
                    reading.repeated += u64::from(!reading.fleet.opens(&host, &user, key));
                    Ok(())
                });
            }
            Kind::Principals { user } => self.lines(file, &said, tally, |reading, line| {
                let host = reading.fleet.host(&host);
                host.lists_principals = true;
                // Options may stand before a name.
                let name = line.rsplit([' ', '\t']).next().unwrap_or(line);
                host.principals.entry(user.clone()).or_default().insert(name.to_owned());
                Ok(())
            }),
            Kind::Certificates => self.lines(file, &said, tally, |reading, line| {
                if let Some(certificate) = certificate(line)? {
                    reading.fleet.certificate(certificate);
                }
                Ok(())
            }),
            Kind::PublicKey { user } => {
                let name = file.name.clone();
                self.lines(file, &said, tally, |reading, line| {
                    let Some(key) = key(line, &reading.settings.zone)? else { return Ok(()) };
                    match &user {
                        Some(user) => reading.fleet.own(&host, user, key),
                        None => reading.fleet.host(&host).public.entry(name.clone()).or_default().push(key),
                    }
                    Ok(())
                });
            }
            Kind::Config => self.config(file, &host, &said, tally),
            Kind::Passwd => self.lines(file, &said, tally, |reading, line| reading.user(&host, line)),
            Kind::Revoked => self.revoked += 1,
            Kind::Private => tally.gap(format!(
                "{said}: A PRIVATE KEY: whoever has the export has the key; nothing of it was read here; replace it"
            )),
            Kind::HostKey => {}
            Kind::Other => self.others += 1,
        }
    }

    /// Hands on every line that says something.
    fn lines(
        &mut self,
        file: &Text<'_>,
        said: &str,
        tally: &mut Tally<'_>,
        mut take: impl FnMut(&mut Self, &str) -> Result<(), Reason>,
    ) {
        let mut lines =
            Lines::new(Box::new(std::io::Cursor::new(file.bytes.clone())), self.settings.limits.frame_bytes_max);
        loop {
            let count = match lines.find(0) {
                Found::Nothing => return,
                Found::TooLong => {
                    tally.reject(said, lines.skip_line(), Reason::TooLong);
                    continue;
                }
                Found::Whole(count) | Found::Last(count) => count,
            };
            let read = std::str::from_utf8(lines.bytes(count)).map(str::to_owned).map_err(|_| Reason::NotUtf8);
            let place: Place = lines.take(count);
            let taken = read.and_then(|line| match line.trim() {
                line if line.is_empty() || line.starts_with('#') => Ok(()),
                line => take(self, line),
            });
            if let Err(reason) = taken {
                tally.reject(said, place, reason);
            }
        }
    }

    fn config(&mut self, file: &Text<'_>, host: &str, said: &str, tally: &mut Tally<'_>) {
        self.fleet.host(host).has_config = true;
        let mut elsewhere = None;
        self.lines(file, said, tally, |reading, line| {
            let (word, value) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
            let value = value.trim_matches([' ', '\t', '=', '"']);
            let host = reading.fleet.host(host);
            match word.to_ascii_lowercase().as_str() {
                _ if value.is_empty() || value.eq_ignore_ascii_case("none") => {}
                "trustedusercakeys" => {
                    let name = Path::new(value).file_name().unwrap_or_default();
                    host.authority_files.insert(name.to_string_lossy().into_owned());
                }
                "authorizedprincipalsfile" => host.lists_principals = true,
                "authorizedkeyscommand" | "authorizedprincipalscommand" => elsewhere = Some(value.to_owned()),
                _ => {}
            }
            Ok(())
        });
        if let Some(command) = elsewhere {
            tally.partial(format!("{host}: the server asks `{command}` too, whose answers are not in the export"));
        }
    }

    /// A line of passwd(5).
    fn user(&mut self, host: &str, line: &str) -> Result<(), Reason> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, number, _, described, _, shell] = fields.as_slice() else {
            return Err(Reason::Syntax("not seven fields".to_owned()));
        };
        let number = number.parse().map_err(|_| Reason::Invalid("uid", crate::row::shortened(number)))?;
        let no_login = shell.ends_with("/nologin") || shell.ends_with("/false");
        // Users of the system itself that nobody can be are no accounts.
        if name.is_empty() || (no_login && number < 1000) || matches!(*name, "sync" | "halt" | "shutdown") {
            return Ok(());
        }
        let user =
            User { number: Some(number), name: described.split(',').next().unwrap_or_default().to_owned(), no_login };
        self.fleet.host(host).users.insert((*name).to_owned(), user);
        Ok(())
    }
}
