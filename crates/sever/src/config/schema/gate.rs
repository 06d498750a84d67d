//! The settings of `[gate]`.

use super::Kind::{Columns, Count, Duration, Path, Share, Table, Tables, Text, Texts, Word};
use super::Need::{Default, Optional, Required};
use super::{Field, SECRET, field};

pub(super) static GATE: &[Field] = &[
    field("listen", Text, Default("127.0.0.1:8470"), "where it listens: an address and a port"),
    field("log", Text, Default("gate"), "the log that its decisions are events of: classes name it in `used_in`"),
    field("mode", Word(MODES), Default("enforce"), "whether it refuses, or only says what it would do"),
    field("refuse", Texts, Optional, "the reasons that refuse; all of them where absent, others are only noted"),
    field("on_fault", Word(FAULTS), Default("closed"), "whether requests are refused or allowed when it fails itself"),
    field("no_token", Word(OR_ELSE), Default("refuse"), "what becomes of a request without a token"),
    field("not_covered", Word(OR_ELSE), Default("allow"), "what becomes of a token whose issuer no class is of"),
    field("coverage_min", Share, Default("0.99"), "the share of an issuer's records that must be proven seen"),
    field(
        "silent_max",
        Duration,
        Default("15m"),
        "for how long an issuer may be silent before its classes are only watched",
    ),
    field(
        "wait_ms",
        Count,
        Default("50"),
        "how long a token that says it is new is waited for, where a log is followed",
    ),
    field(
        "token_from",
        Texts,
        Optional,
        "where the token stands; `header:authorization` where absent, also `cookie:NAME`",
    ),
    field("claims", Columns, Optional, "our field = their claim, where a token names it otherwise"),
    field("jwks", Path, Optional, "the issuers' public keys as a JWK set: then signatures are checked"),
    field("subject_header", Text, Optional, "the header in which the proxy says whose data is asked for"),
    field(
        "tell",
        Word(TELLS),
        Default("header"),
        "where the reason of a refusal stands: what the body says, the client sees",
    ),
    field("connections_max", Count, Default("4096"), "connections that are served at once; more wait"),
    field("threads", Count, Default("0"), "threads that serve; as many as there are cores where 0"),
    field("keep", Duration, Default("35d"), "how long what issuers handed over, and what was decided, is kept"),
    field("issuer", Tables(ISSUER), Optional, "an issuer's log, and how it comes to the gate"),
    field("budget", Tables(BUDGET), Optional, "how many distinct people whatever carries a token may reach in a day"),
    field("budget_entries_max", Count, Default("4000000"), "people told apart for budgets, over all of them"),
];

static ISSUER: &[Field] = &[
    field("log", Text, Required, "the log that its issuances stand in: classes name it in `issued_in`"),
    field("feed", Word(FEEDS), Required, "whether the issuer pushes each issuance and waits, or its log is followed"),
    field("secret", Table(SECRET), Optional, "the bearer token that an issuer shows when it pushes"),
];

static BUDGET: &[Field] = &[
    field("of", Word(&sever_engine::gate::BudgetOf::WORDS), Required, "what has the budget"),
    field("subjects_per_day", Count, Required, "how many distinct people it may reach in a day of UTC's"),
];

static MODES: &[&str] = &["enforce", "observe"];
static FAULTS: &[&str] = &["closed", "open"];
static OR_ELSE: &[&str] = &["allow", "refuse"];
static TELLS: &[&str] = &["nothing", "header", "body"];
static FEEDS: &[&str] = &["push", "follow"];
