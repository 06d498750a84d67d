//! Which hosts a connection is about, and what of theirs is safe to hand to a client program.

use crate::connector::{Connection, ConnectionError};

/// The most hosts of one connection.
const HOSTS_MAX: usize = 2_000;

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// As people and inventories call it.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) address: String,
    pub(crate) port: Option<u16>,
}

/// The hosts of `settings.hosts`: a list, or the path of a file with one on each line.
///
/// # Errors
/// When there are none, too many, one twice, or one that reads as anything else.
pub(crate) fn hosts(connection: &Connection) -> Result<Vec<Host>, ConnectionError> {
    let setting = connection.required("hosts")?;
    let listed = if setting.contains('/') && !setting.contains(',') {
        let read = std::fs::read_to_string(setting);
        read.map_err(|error| connection.wrong(format!("`settings.hosts` {setting}: {error}")))?
    } else {
        setting.replace(',', "\n")
    };
    let lines = listed.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut hosts: Vec<Host> = Vec::new();
    for entry in lines.filter(|line| !line.is_empty()) {
        let bad = || connection.wrong(format!("`settings.hosts`: `{entry}` is not `NAME` or `NAME=ADDRESS:PORT`"));
        let host = host(entry).ok_or_else(bad)?;
        if hosts.iter().any(|other| other.name == host.name) {
            return Err(connection.wrong(format!("`settings.hosts`: `{}` is there twice", host.name)));
        }
        hosts.push(host);
    }
    match hosts.len() {
        0 => Err(connection.wrong("`settings.hosts` names none")),
        1..=HOSTS_MAX => Ok(hosts),
        _ => Err(connection.wrong(format!("`settings.hosts` names more than {HOSTS_MAX}: make several connections"))),
    }
}

/// `NAME`, `NAME:PORT`, `NAME=ADDRESS`, `NAME=ADDRESS:PORT`, `NAME=[ADDRESS]:PORT`.
fn host(entry: &str) -> Option<Host> {
    let (name, place) = match entry.split_once('=') {
        Some((name, place)) => (name.trim(), place.trim()),
        None => (entry.rsplit_once(':').map_or(entry, |(name, _)| name), entry),
    };
    let (address, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, port)) => (address, Some(port.strip_prefix(':')?)),
        None if place.matches(':').count() > 1 => (place, None),
        None => place.split_once(':').map_or((place, None), |(address, port)| (address, Some(port))),
    };
    let port = port.map(|port| port.parse().ok().filter(|port| *port > 0)).map_or(Some(None), |port| port.map(Some))?;
    let is_host = |text: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%'))
    };
    let good = is_host(name) && is_host(address) && !name.contains(':');
    good.then(|| Host { name: name.to_owned(), address: address.to_owned(), port })
}

/// Whether a name can be handed to `ssh -l` and to a host's tools, and be nothing but a name there.
pub(crate) fn is_user(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 256
        && !name.starts_with(['-', '+', '~'])
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+' | '$'))
}

#[cfg(test)]
mod tests;
