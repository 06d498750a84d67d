//! Objects that keep their records under a member: pages of an interface's answer, exports, deliveries.
//!
//! `{"@odata.nextLink":"…","value":[…]}`, `{"hits":{"hits":[…]}}`, `{"Records":[…]}`. An object is such
//! a page only if all its other members are furniture of pages: names that say nothing of when
//! something happened or of who did it. A record has more than that, so that one with a list under
//! one of these names (`{"time":…,"user":…,"items":[…]}`) stays a record.

use super::shape::Members;
use super::{Framer, Outer, Piece, State};

/// A kind of page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The names under which the records stand, from the outermost.
    pub path: &'static [&'static str],
    /// The other members that such an object may have.
    furniture: &'static [&'static str],
}

/// Longest name that is known.
const NAME_BYTES: usize = 24;

/// What most interfaces write around a list.
const PAGING: &[&str] = &[
    "@odata.context",
    "@odata.nextLink",
    "@odata.deltaLink",
    "@odata.count",
    "nextLink",
    "kind",
    "etag",
    "nextPageToken",
    "nextToken",
    "next_token",
    "cursor",
    "next_cursor",
    "nextCursor",
    "has_more",
    "hasMore",
    "response_metadata",
    "ok",
    "pagination",
    "paging",
    "page",
    "per_page",
    "pageSize",
    "total",
    "totalCount",
    "total_count",
    "count",
    "size",
    "start",
    "length",
    "limit",
    "offset",
    "links",
    "meta",
    "metadata",
    "apiVersion",
    "status",
    "success",
];

const fn page(path: &'static [&'static str]) -> Page {
    Page { path, furniture: PAGING }
}

/// The pages that are known.
pub(super) static PAGES: &[Page] = &[
    page(&["Records"]),
    Page { path: &["records"], furniture: &["invocationId", "deliveryStreamArn", "region", "requestId", "timestamp"] },
    Page {
        path: &["logEvents"],
        furniture: &["messageType", "owner", "logGroup", "logStream", "subscriptionFilters", "policyLevel"],
    },
    Page {
        path: &["events"],
        furniture: &[
            "searchedLogStreams",
            "nextToken",
            "nextForwardToken",
            "nextBackwardToken",
            "cursor",
            "has_more",
            "total",
            "count",
        ],
    },
    Page {
        path: &["results"],
        furniture: &[
            "preview",
            "init_offset",
            "post_process_count",
            "messages",
            "fields",
            "highlighted",
            "status",
            "statistics",
            "queryLanguage",
            "encryptionKey",
            "total",
            "count",
            "next",
            "previous",
        ],
    },
    Page {
        path: &["hits", "hits"],
        furniture: &[
            "took",
            "timed_out",
            "terminated_early",
            "num_reduce_phases",
            "_shards",
            "_clusters",
            "_scroll_id",
            "pit_id",
            "status",
            "aggregations",
            "suggest",
            "profile",
        ],
    },
    Page { path: &["data", "result"], furniture: &["status", "warnings", "infos"] },
    page(&["streams"]),
    page(&["value"]),
    page(&["items"]),
    page(&["entries"]),
    page(&["logs"]),
    page(&["data"]),
];

impl Page {
    /// Whether an object with these members is such a page, as far as they are seen.
    pub(super) fn fits(&self, object: &[u8], members: &[(&[u8], usize)]) -> bool {
        let (mut found, mut rest) = (false, true);
        for (name, at) in members {
            if self.path.first().is_some_and(|first| first.as_bytes() == *name) {
                found = self.holds(object.get(*at..).unwrap_or_default(), 1);
                rest &= found;
            } else {
                rest &= self.knows(name);
            }
        }
        found && rest
    }

    /// Whether a page may have such a member.
    fn knows(&self, name: &[u8]) -> bool {
        self.path.iter().take(1).chain(self.furniture).any(|known| known.as_bytes() == name)
    }

    /// Whether a value that stands at so many names of the path leads to a list of records.
    fn holds(&self, value: &[u8], depth: usize) -> bool {
        match self.path.get(depth) {
            None => {
                let inside = value.strip_prefix(b"[").unwrap_or_default().trim_ascii_start();
                // Logs Insights answers with lists of fields.
                let listed = self.path == ["results"] && inside.starts_with(b"[");
                matches!(inside.first(), Some(b'{' | b']')) || listed
            }
            Some(name) => {
                let inner = Members::of(value);
                let at = inner.list.iter().find(|(found, _)| *found == name.as_bytes()).map(|(_, at)| *at);
                let value = at.and_then(|at| value.get(at..)).unwrap_or_default();
                self.holds(value, depth + 1)
            }
        }
    }
}

/// How far a page has been read, outside its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Around {
    /// Open brackets.
    depth: u32,
    /// Names of the path that stand open.
    matched: u32,
    quoted: bool,
    escaped: bool,
    /// In the value of a member, not before its name.
    valued: bool,
    /// Whether the string that is read is a member's name.
    naming: bool,
    name: [u8; NAME_BYTES],
    name_bytes: usize,
    /// Whether its records have been met.
    found: bool,
    /// Whether a member before them is no furniture: it is no page then, but a record.
    plain: bool,
}

/// What a page comes to.
enum Met {
    /// Its records begin after so many bytes.
    Records(usize),
    /// It ends after so many bytes.
    End(usize),
    /// A raw line end in a string.
    Broken(usize),
    /// Not yet anything.
    Open,
}

impl Around {
    fn read(&mut self, bytes: &[u8], page: &Page) -> Met {
        let path = page.path;
        for (at, byte) in bytes.iter().enumerate() {
            if self.quoted {
                if *byte == b'\n' && !self.escaped {
                    return Met::Broken(at + 1);
                }
                self.in_string(*byte);
                continue;
            }
            let level = self.depth == self.matched + 1;
            match byte {
                b'"' => {
                    (self.quoted, self.naming) = (true, level && !self.valued);
                    self.name_bytes = if self.naming { 0 } else { self.name_bytes };
                }
                b':' if level => {
                    let known = self.matched > 0 || page.knows(self.name.get(..self.name_bytes).unwrap_or_default());
                    (self.valued, self.plain) = (true, self.plain || !(known || self.found));
                }
                b',' if level => self.valued = false,
                b'{' | b'[' => {
                    let wanted = path.get(self.matched as usize).map(|name| name.as_bytes());
                    let named = level && self.valued && !self.plain && wanted == self.name.get(..self.name_bytes);
                    let last = self.matched as usize + 1 == path.len();
                    if named && last && *byte == b'[' {
                        self.found = true;
                        return Met::Records(at + 1);
                    }
                    self.depth = self.depth.saturating_add(1);
                    if named && !last && *byte == b'{' {
                        (self.matched, self.valued) = (self.matched + 1, false);
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Met::End(at + 1);
                    }
                    if self.depth <= self.matched {
                        (self.matched, self.valued) = (self.matched - 1, true);
                    }
                }
                _ => {}
            }
        }
        Met::Open
    }

    fn in_string(&mut self, byte: u8) {
        if self.escaped {
            self.escaped = false;
        } else if byte == b'"' {
            self.quoted = false;
            return;
        } else {
            self.escaped = byte == b'\\';
        }
        // A name with an escape in it is none of those in a path, and one that is too long neither.
        if self.naming {
            if let Some(place) = self.name.get_mut(self.name_bytes) {
                *place = byte;
            }
            self.name_bytes = (self.name_bytes + 1).min(NAME_BYTES + 1);
        }
    }
}

impl Framer {
    /// Reads on in a page, before or after its records. A page that turns out to have none is a
    /// record like any other, so that nothing of it is lost.
    pub(super) fn around(
        &mut self,
        bytes: &[u8],
        page: &'static Page,
        mut around: Around,
        each: &mut dyn FnMut(Piece<'_>),
    ) -> usize {
        let had_found = around.found;
        let met = around.read(bytes, page);
        let used = match met {
            Met::Records(used) | Met::End(used) | Met::Broken(used) => used,
            Met::Open => bytes.len(),
        };
        let last = bytes.get(..used).unwrap_or_default();
        if let (Met::Open, false) = (&met, had_found) {
            self.hold(last);
            self.count_lines(last);
            self.state = State::Around { page, around };
            return used;
        }
        self.begin_frame();
        self.advance(used);
        self.place.bytes += used as u64;
        match met {
            Met::Open => self.state = State::Around { page, around },
            Met::Records(_) => {
                let place = self.end_frame();
                self.held.clear();
                each(Piece::Blank(place.bytes));
                self.state = State::Between { outer: Outer::Page { page, around } };
            }
            Met::End(_) if had_found => {
                let place = self.end_frame();
                each(Piece::Blank(place.bytes));
                self.state = State::Start;
            }
            Met::End(_) => {
                self.emit(last, each);
                self.state = State::Start;
            }
            Met::Broken(_) => {
                self.held.clear();
                let place = self.end_frame();
                each(Piece::Broken(place));
                self.state = State::Start;
            }
        }
        self.count_lines(last);
        used
    }
}
