//! What a record is about: its targets, which are users, things and tokens in any order.

use sever_model::{EventTime, Zone};

use super::{known, paths};
use crate::json::{Found, Plan, Reader};
use crate::when;

paths! {
    Id = "id" Text;
    Type = "type" Text;
    Login = "alternateId" Text;
    Name = "displayName" Text;
    Expires = "detailEntry.expires" Text;
    Subject = "detailEntry.subject" Text;
}

/// The targets of one record.
pub(super) struct Targets {
    reader: Reader,
    /// The user's login, or id: of a user in Okta, else of one in an app.
    pub user: String,
    /// The user's id.
    pub user_id: String,
    in_app: bool,
    /// The first thing that is neither a user nor a token.
    pub thing: String,
    /// The tokens.
    pub tokens: Vec<Token>,
}

/// A token that was given out.
pub(super) struct Token {
    pub id: String,
    pub kind: &'static str,
    pub subject: String,
    pub expires_at: Option<EventTime>,
}

impl Targets {
    pub fn new(json_depth_max: usize) -> Targets {
        let reader = Reader::new(Plan::any_case(PATHS), json_depth_max);
        let text = String::new;
        Targets { reader, user: text(), user_id: text(), in_app: false, thing: text(), tokens: Vec::new() }
    }

    /// Whether the user is only known by the name that an app has for them.
    pub fn is_in_app(&self) -> bool {
        self.in_app
    }

    /// What reads each of them.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Reads the list of one record, in place of the last one's.
    pub fn read(&mut self, list: &str) {
        let Targets { reader, user, user_id, in_app, thing, tokens } = self;
        for text in [&mut *user, &mut *user_id, &mut *thing] {
            text.clear();
        }
        tokens.clear();
        *in_app = false;
        reader.each(list, &mut |found| {
            let text = |path: Path| known(found.text(path as usize));
            let kind = text(Path::Type);
            let of_app = kind.eq_ignore_ascii_case("AppUser");
            if of_app || kind.eq_ignore_ascii_case("User") {
                if user.is_empty() || (*in_app && !of_app) {
                    *in_app = of_app;
                    user.clear();
                    user.push_str(first(&[text(Path::Login), text(Path::Id), text(Path::Name)]));
                    user_id.clear();
                    user_id.push_str(text(Path::Id));
                }
            } else if let Some(kind) = token(kind) {
                tokens.push(read_token(found, kind));
            } else if thing.is_empty() {
                thing.push_str(first(&[text(Path::Id), text(Path::Login), text(Path::Name)]));
            }
        });
    }
}

fn read_token(found: &Found<'_>, kind: &'static str) -> Token {
    let text = |path: Path| known(found.text(path as usize));
    Token {
        id: text(Path::Id).to_owned(),
        kind,
        subject: text(Path::Subject).to_owned(),
        expires_at: when::instant_text(text(Path::Expires), Some(&Zone::UTC)),
    }
}

/// The type of token that a target is, if it is one: `access_token`, `id_token`, `refresh_token`.
fn token(kind: &str) -> Option<&'static str> {
    let kinds = [("access_token", "access"), ("id_token", "id"), ("refresh_token", "refresh")];
    kinds.into_iter().find(|(name, _)| kind.eq_ignore_ascii_case(name)).map(|(_, kind)| kind)
}

fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("")
}
