//! What runs on the hosts: fixed text for `sh`, with parameters as `$1`, `$2` and data on stdin.
//!
//! Needs a POSIX `sh`, coreutils, procps, util-linux (`flock`) and OpenSSH's own programs, which a host
//! with sshd has. Nothing of a file's content or of a user's choosing is ever part of a command, and what
//! is printed is framed so that no content can pass for a line of ours: files come as base64.
//!
//! The edits are made as root in folders that a leaver may own, so they trust no name there twice: the
//! old file is read through one descriptor, the new one is made where nothing was (`noclobber`), and its
//! owner and mode are set through its descriptor, not by its name.

use sever_model::Span;
use sever_model::act::ActError;

use super::client::{Client, Identity, Unnamed, quoted};
use super::hosts::Host;

/// What each of them begins with. What goes wrong is said by exit codes.
const HEAD: &str = "PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH; export PATH; export LC_ALL=C; exec 2>/dev/null; ";

/// Says what sshd is told to do, and which users there are. `$1` its configuration, `$2` a login.
pub(crate) const SETTINGS: &str = r#"
t=$(sshd -T -f "$1" -C "user=$2,host=localhost,addr=127.0.0.1") || t=$(sshd -T -f "$1") || exit 10
printf '%s\n' "$t" | sed 's/^/set /'
matches=$(cat -- "$1" /etc/ssh/sshd_config.d/*.conf | grep -iE '^[[:space:]]*match[[:space:]]') && echo match
printf '%s\n' "$matches" | grep -qiE 'address|port|host|rdomain' && echo match-address
echo "uid $(id -u)"
{ getent passwd; getent passwd -- "$2"; } | cut -d: -f1,3,6,7 | sed 's/^/user /'
echo end"#;

/// Says what is in files, by their number among the lines of stdin: `f PATH`, or `d FOLDER` for the public
/// keys in it. `$1` the most bytes of each.
pub(crate) const FILES: &str = r#"
echo "uid $(id -u)"
n=0
while IFS= read -r line; do
  p=${line#? }
  case $line in
    'f '*) if [ -f "$p" ]; then printf 'file %s ' "$n"; head -c "$1" < "$p" | base64 | tr -d '\n'; echo; fi ;;
    'd '*) c=0; for q in "$p"/*.pub; do
      [ -f "$q" ] || continue
      c=$((c+1)); [ "$c" -le 100 ] || break
      printf 'file %s ' "$n"; head -c 65536 < "$q" | base64 | tr -d '\n'; echo
    done ;;
  esac
  n=$((n+1))
done
echo end"#;

/// Says which sshd processes serve whom, each with the tick at which it began, and which serve us.
pub(crate) const LIVE: &str = r#"
p=$$
while [ "${p:-0}" -gt 1 ]; do echo "ours $p"; p=$(sed 's/^.*) //' "/proc/$p/stat" | cut -d' ' -f2); done
ps -ww -e -o pid=,ppid=,uid=,args= | while read -r pid parent uid args; do
  case $args in 'sshd: '*|'sshd-session: '*) ;; *) continue ;; esac
  begun=$(sed 's/^.*) //' "/proc/$pid/stat" | cut -d' ' -f20)
  [ -n "$begun" ] && printf 'live %s %s %s %s %s\n' "$pid" "$parent" "$uid" "$begun" "${args#*: }"
done
echo end"#;

/// Puts stdin in the place of a file, if that is still as it was. `$1` the file, `$2` the SHA-256 of what it
/// held, `$3` that of what it is to hold.
pub(crate) const REPLACE: &str = r#"
p=$(readlink -e -- "$1") && [ -f "$p" ] || exit 12
d=$(dirname -- "$p")
exec 9< "$d" && flock -w 5 9 || exit 14
exec 7< "$p"
[ "$(sha256sum <&7 | cut -c1-64)" = "$2" ] || exit 15
mode=$(stat -L -c %a /proc/self/fd/7) && owner=$(stat -L -c %u:%g /proc/self/fd/7) || exit 16
t="$d/.severance.$$"
umask 077; set -C; exec 8> "$t"; set +C
cat >&8
[ "$(sha256sum < /proc/self/fd/8 | cut -c1-64)" = "$3" ] || { rm -f -- "$t"; exit 17; }
chown "$owner" /proc/self/fd/8 && chmod "$mode" /proc/self/fd/8 || { rm -f -- "$t"; exit 18; }
command -v chcon > /dev/null && chcon --reference="$p" /proc/self/fd/8
sync -- "$t" && mv -f -T -- "$t" "$p" && sync -- "$d" || { rm -f -- "$t"; exit 18; }
echo done"#;

/// Adds the certificate on stdin to a list of revoked keys. `$1` the list.
pub(crate) const REVOKE: &str = r#"
p=$(readlink -f -- "$1") || exit 12
d=$(dirname -- "$p")
exec 9< "$d" && flock -w 5 9 || exit 14
w=$(mktemp -d) || exit 16
t="$d/.severance.$$"
trap 'rm -rf -- "$w"; rm -f -- "$t"' EXIT
cat > "$w/c-cert.pub"
ssh-keygen -L -f "$w/c-cert.pub" > /dev/null || exit 19
if [ -s "$p" ]; then
  cp -- "$p" "$w/list"
  ssh-keygen -Q -f "$w/list" "$w/c-cert.pub" | grep -q REVOKED && { echo already; exit 0; }
  ssh-keygen -k -u -f "$w/list" "$w/c-cert.pub" > /dev/null || exit 20
  mode=$(stat -c %a -- "$p"); owner=$(stat -c %u:%g -- "$p")
else
  ssh-keygen -k -f "$w/list" "$w/c-cert.pub" > /dev/null || exit 20
  mode=644; owner=0:0
fi
ssh-keygen -Q -f "$w/list" "$w/c-cert.pub" | grep -q REVOKED || exit 21
umask 077; set -C; cat "$w/list" > "$t" || exit 18; set +C
chown "$owner" "$t"; chmod "$mode" "$t" || exit 18
sync -- "$t" && mv -f -T -- "$t" "$p" && sync -- "$d" || exit 18
echo done"#;

/// Ends one connection: the sshd process of it and its child. `$1` its number, `$2` the tick at which it
/// began, `$3` whom it serves.
pub(crate) const END: &str = r#"
begun() { sed 's/^.*) //' "/proc/$1/stat" | cut -d' ' -f20; }
title() { tr '\0' ' ' < "/proc/$1/cmdline" | sed 's/^sshd-session: /sshd: /; s/ *$//'; }
[ "$(begun "$1")" = "$2" ] || { echo already; exit 0; }
case "$(title "$1")" in "sshd: $3 [priv]"|"sshd: $3@"*|"sshd: $3") ;; *) exit 22 ;; esac
for kid in $(ps -o pid= --ppid "$1"); do
  case "$(title "$kid")" in "sshd: $3@"*|"sshd: $3") kids="${kids:-} $kid" ;; esac
done
[ "$(begun "$1")" = "$2" ] || { echo already; exit 0; }
kill -TERM "$1" ${kids:-} || exit 23
i=0
while [ "$(begun "$1")" = "$2" ] && [ "$i" -lt 50 ]; do sleep 0.1; i=$((i+1)); [ "$i" -eq 20 ] && kill -KILL "$1" ${kids:-}; done
[ "$(begun "$1")" = "$2" ] && exit 24
echo done"#;

/// Whose shell is used, and how.
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) key: sever_model::Secret<String>,
    /// Whether commands are run by `sudo`.
    pub(crate) sudo: bool,
}

/// Runs one of these at a host; its exit code and what it printed.
///
/// # Errors
/// When it is not known to have run to its end.
pub(crate) fn ask(
    client: &Client,
    login: &Login,
    host: &Host,
    script: &str,
    parameters: &[&str],
    stdin: &[u8],
    patience: Span,
) -> Result<(i32, Vec<u8>), ActError> {
    let mut remote = if login.sudo { "sudo -n sh -c ".to_owned() } else { "sh -c ".to_owned() };
    remote.push_str(&quoted(&format!("{HEAD}{script}")));
    for parameter in ["severance"].iter().chain(parameters) {
        remote.push(' ');
        remote.push_str(&quoted(parameter));
    }
    let key = Unnamed::of(&login.key)?;
    let ended = client.run(host, &login.user, &Identity::Private(&key), &remote, stdin, patience)?;
    ended.answer(&host.name, &login.user)
}
