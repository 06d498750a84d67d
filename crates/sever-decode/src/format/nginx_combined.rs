//! `nginx-combined`: the combined log format of nginx and Apache.

use sever_model::port::{Decoder, EventSink, Reason};
use sever_model::{EventKind, Row};

use super::{Format, endpoint, http_outcome, quoted, repaired, shortened};
use crate::search::{cut, cut_at, cut_last, until};
use crate::sniff::Sample;
use crate::{Framing, when};

pub(super) const FORMAT: Format = Format {
    id: "nginx-combined",
    title: "Combined access log, nginx and Apache",
    about: "The access log that nginx and Apache write unless told otherwise: \
`10.0.0.1 - alice [10/Oct/2023:13:55:36 +0200] \"GET /orders HTTP/1.1\" 200 512 \"-\" \"curl/8\"`. Every line is a \
use: address, user of basic authentication (`actor`), time, method (`action`), path without its query (`resource`), \
status (`outcome`), user agent. What follows these is not read.",
    joins: "Not at all: the line names no credential. Use it for `use-after-departure` of people who sign in with \
basic authentication and for endpoint counts; for judging tokens log JSON (`nginx-json`).",
    framing: Framing::Lines,
    whole: &[],
    make: |settings| settings.fixed("nginx-combined", Combined),
    score,
};

struct Combined;

impl Decoder for Combined {
    fn decode(&mut self, frame: &[u8], offset: u64, out: &mut dyn EventSink) -> Result<(), Reason> {
        // Whatever a client sends is written here; it must not be able to have its line dropped.
        let line = repaired(frame);
        let Line { ip, user, time, request, status, agent } = Line::parse(&line).ok_or(Reason::Unrelated)?;
        let Some(at) = when::common_log(time) else {
            return Err(Reason::Invalid("time", shortened(time)));
        };
        let mut row = Row::new(at, EventKind::Used, offset);
        let (method, rest) = cut_at(request, b' ').unwrap_or_default();
        let path = until(rest, b' ');
        row.outcome = status.parse().map(http_outcome).unwrap_or_default();
        row.source_ip = ip;
        row.actor = if user == "-" { "" } else { user };
        row.user_agent = if agent == "-" { "" } else { agent };
        // A request line that is none (TLS on a plain port, a scan) has no method and path to name.
        if !path.is_empty() {
            (row.action, row.resource) = (method, endpoint(path));
        }
        out.push(&row);
        Ok(())
    }
}

struct Line<'a> {
    ip: &'a str,
    user: &'a str,
    time: &'a str,
    request: &'a str,
    status: &'a str,
    agent: &'a str,
}

impl Line<'_> {
    fn parse(line: &str) -> Option<Line<'_>> {
        let (ip, rest) = cut_at(line, b' ')?;
        // A user name may hold blanks; a bracket in it is written as it is, so the last one before
        // the time counts, and the time is what stands before `] "`.
        let (head, rest) = cut(rest, "] \"")?;
        let (names, time) = cut_last(head, " [")?;
        let (_, user) = cut_at(names, b' ')?;
        let (request, rest) = quoted(rest)?;
        let numbers = rest.trim_start();
        let status = Some(until(numbers, b' ')).filter(|status| status.bytes().all(|byte| byte.is_ascii_digit()))?;
        let rest = cut_at(numbers, b' ').and_then(|(_, rest)| cut_at(rest, b' '));
        let agent = rest.and_then(|(_bytes, rest)| {
            let (_referrer, rest) = quoted(rest.strip_prefix('"')?)?;
            Some(quoted(rest.trim_start().strip_prefix('"')?)?.0)
        });
        Some(Line { ip, user, time, request, status, agent: agent.unwrap_or("") })
    }
}

fn score(sample: &Sample) -> Option<(u8, String)> {
    let share = sample.line_share(|line| Line::parse(line).is_some_and(|line| when::common_log(line.time).is_some()));
    (share >= 0.5).then(|| ((share * 90.0) as u8, "lines of the combined log format".to_owned()))
}
