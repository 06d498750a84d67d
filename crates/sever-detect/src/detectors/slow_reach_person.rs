//! `slow-reach-person`: somebody who works here reaches more people than is usual for them and their team.
//!
//! [`super::slow_reach`] with people instead of things: all accounts of a person are counted together, their
//! peers are those of the same team, and a look that a ticket, a case or an assignment explains does not
//! count. A detector of its own because it ranks people by their behaviour: it is off until a legal basis
//! is recorded for it, while the other, which ranks keys and networks, is not.
//! Accuses the account and names nobody. Settings and bounds are `slow-reach`'s.

use sever_model::{Audience, Confidence, Meta, Severity};

use super::slow_reach::SlowReach;
use super::slow_reach::things::About;
use crate::registry::Registered;

/// What it is.
pub(crate) static META: Meta = Meta {
    id: "slow-reach-person",
    title: "somebody who works here reaches more people than they or their team usually do",
    speaks_when: "the different people that somebody's accounts reached within an hour, a day, 7, 30 or 180 days, \
                  without a ticket, case or assignment where such a log is at hand, lie far above their own past or \
                  their team; the furthest of a day are ranked, and confirmed only where they had left",
    quiet_when: "they are few or explained, they reached as many before, the whole team rises on the same day, they \
                 were told within the last week, or there is not yet a past of four like days and there are no five \
                 peers; and always while no legal basis is recorded",
    severity: Severity::Medium,
    confidence: Confidence::Possible,
    audience: Audience::Reviewer,
    attack: &["T1213", "T1530", "T1030"],
    remediation: "ask what the looks were for before asking who; see whose data it was with `sever reach`, and record \
                  tickets, cases or team assignments as a log, so that what has a reason drops out",
    bounded_by: "a million people over all accounts, exact up to 65,536 an account and sampled beyond, with the error \
                 said; as many reasons",
    profiles_people: true,
};

/// Its place in the registry.
pub(crate) const REGISTERED: Registered = Registered {
    meta: &META,
    make: |settings| Box::new(SlowReach::new(&META, About::People, settings.slow_reach.clone())),
};
