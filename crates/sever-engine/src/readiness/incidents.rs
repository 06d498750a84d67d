//! The four incidents, and what each needs to be seen.

use sever_model::{CredentialKind, EventKind};

use super::{Answer, Hand, Need, Seeing};

/// One incident and its needs.
pub(super) struct Incident {
    id: &'static str,
    about: &'static str,
    question: &'static str,
    needs: &'static [fn(&Hand<'_>) -> Need],
}

impl Incident {
    pub(super) fn answer(&self, hand: &Hand<'_>) -> Answer {
        let needs: Vec<Need> = self.needs.iter().map(|need| need(hand)).collect();
        let seeing = match needs.iter().filter(|need| !need.met).map(|need| need.vital).max() {
            None => Seeing::Seen,
            Some(false) => Seeing::Partly,
            Some(true) => Seeing::Missed,
        };
        Answer { incident: self.id, about: self.about, question: self.question, seeing, needs }
    }
}

pub(super) static INCIDENTS: [Incident; 4] = [
    Incident {
        id: "coupang",
        about: "tokens forged with a signing key that a leaver had read",
        question: "is anyone in who should not be?",
        needs: &[issuances, uses_with_ids, coverage, leavers, keys, custody, register, subjects],
    },
    Incident {
        id: "gucci",
        about: "an account in a fictional employee's name, woken after its maker left, and deletions",
        question: "who who left can still get in?",
        needs: &[leavers, accounts, makers, account_use, deletions],
    },
    Incident {
        id: "finwise",
        about: "one login used after the end of employment",
        question: "is it closed, really?",
        needs: &[leavers, accounts, account_use],
    },
    Incident {
        id: "cash-app",
        about: "one report of millions of rows downloaded after leaving",
        question: "whose data was it?",
        needs: &[leavers, accounts, account_use, export_size, export_set],
    },
];

fn need(what: &'static str, met: bool, because: String, vital: bool, cure: &'static str) -> Need {
    Need { what, met, because, vital, cure }
}

fn found(logs: String) -> (bool, String) {
    match logs.is_empty() {
        true => (false, "no log here has it".to_owned()),
        false => (true, format!("in {logs}")),
    }
}

fn leavers(hand: &Hand<'_>) -> Need {
    let people = hand.inventory.people().len();
    let ended = hand.inventory.people().iter().enumerate().filter(|(at, _)| {
        let ix = sever_model::PersonIx(*at as u32);
        hand.inventory.stints(ix).any(|stint| stint.valid.latest_end() != sever_model::EventTime::MAX)
    });
    let ended = ended.count();
    need(
        "people with their end dates",
        ended > 0,
        format!("{people} people, {ended} with an end"),
        true,
        "export the HR list with leavers in it: id, name, hire date, last day\n\
         [[source]]\nname = \"hr\"\nkind = \"people\"\npath = \"hr.csv\"",
    )
}

fn accounts(hand: &Hand<'_>) -> Need {
    let count = hand.inventory.accounts().len();
    need(
        "accounts",
        count > 0,
        format!("{count} accounts"),
        true,
        "export the accounts of the system: id, login, e-mail, employee number, created, created by\n\
         [[source]]\nname = \"directory\"\nkind = \"accounts\"\npath = \"accounts.csv\"",
    )
}

fn makers(hand: &Hand<'_>) -> Need {
    let made = hand.inventory.accounts().iter().filter(|entry| entry.it.created_by.is_some()).count();
    need(
        "who made each account",
        made > 0,
        format!("{made} accounts say who made them"),
        false,
        "add the creator to the account export (`created_by`; LDAP `creatorsName`)",
    )
}

fn keys(hand: &Hand<'_>) -> Need {
    let signing = |entry: &&sever_model::Entry<sever_model::Credential>| entry.it.kind == CredentialKind::SigningKey;
    let count = hand.inventory.credentials().iter().filter(signing).count();
    need(
        "signing keys",
        count > 0,
        format!("{count} signing keys"),
        false,
        "save the issuer's key list\n[[source]]\nname = \"keys\"\nkind = \"jwks\"\npath = \"jwks.json\"",
    )
}

fn custody(hand: &Hand<'_>) -> Need {
    let credentials = hand.inventory.credentials();
    let held = (0..credentials.len()).filter(|at| {
        let ix = sever_model::CredentialIx(*at as u32);
        !hand.inventory.custody_of(ix).is_empty()
    });
    let held = held.count();
    need(
        "who read or could read each key",
        held > 0,
        format!("{held} of {} credentials have custody", credentials.len()),
        false,
        "add the vault's policies and audit log\n\
         [[source]]\nname = \"vault\"\nkind = \"openbao\"\npath = \"openbao/\"\n\
         [[source]]\nname = \"vault-audit\"\nkind = \"openbao-audit\"\npath = \"openbao-audit.jsonl\"\nsystem = \"vault\"",
    )
}

fn issuances(hand: &Hand<'_>) -> Need {
    let issuing = |sample: &&super::LogSample| sample.tells(EventKind::Issued) && sample.has("credential");
    let logs: Vec<&str> = hand.samples.iter().filter(issuing).map(|sample| sample.log.as_str()).collect();
    let (met, because) = found(logs.join(", "));
    need(
        "an issuance log with token ids",
        met,
        because,
        true,
        "have the issuer write one line per token it hands out, with a running number per node:\n\
         {\"ts\":\"…\",\"event\":\"token_issued\",\"iss\":\"…\",\"jti\":\"…\",\"sub\":\"…\",\"kid\":\"…\",\"iat\":…,\"exp\":…,\"node\":\"…\",\"seq\":…}",
    )
}

fn uses_with_ids(hand: &Hand<'_>) -> Need {
    let using = |sample: &&super::LogSample| {
        sample.has("credential") && sample.has("issuer") && sample.kinds.keys().any(|kind| *kind != EventKind::Issued)
    };
    let logs: Vec<&str> = hand.samples.iter().filter(using).map(|sample| sample.log.as_str()).collect();
    let (met, because) = found(logs.join(", "));
    need(
        "token ids in the gateway's log",
        met,
        because,
        true,
        "nginx (after validating the token):\n\
         log_format sever escape=json '{\"ts\":\"$time_iso8601\",\"method\":\"$request_method\",\"route\":\"$uri\",\"status\":$status,\
         \"ip\":\"$remote_addr\",\"ua\":\"$http_user_agent\",\"iss\":\"$jwt_claim_iss\",\"sub\":\"$jwt_claim_sub\",\"jti\":\"$jwt_claim_jti\",\
         \"kid\":\"$jwt_header_kid\",\"iat\":\"$jwt_claim_iat\",\"exp\":\"$jwt_claim_exp\"}';\n\
         Envoy (jwt_authn filter with payload_in_metadata: jwt):\n\
         jti: \"%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:jwt:jti)%\"",
    )
}

fn coverage(hand: &Hand<'_>) -> Need {
    let because = match hand.joined_class() {
        Some(class) => format!("class `{}` of {} joins them", class.name, class.issuer),
        None => "no [[class]] joins a log of issuances with a log of uses".to_owned(),
    };
    need(
        "a class that joins the two, with measured coverage",
        hand.measured(),
        because,
        true,
        "[[class]]\nissuer = \"https://id.example\"\nname = \"access\"\nissued_in = \"issuer\"\nused_in = [\"gateway\"]\n\
         join = \"jti\"\nbound = [\"key_id\", \"token_subject\", \"issued_at\", \"expires_at\"]\nlifetime_max = \"1h\"\nsettle = \"2m\"\n\
         coverage = \"sequence\"",
    )
}

fn register(hand: &Hand<'_>) -> Need {
    need(
        "the list of customer ids",
        hand.register,
        if hand.register { "a register is configured" } else { "no [register]" }.to_owned(),
        false,
        "export the ids of all customers, deleted ones included\n[register]\npath = \"members.csv\"",
    )
}

fn subjects(hand: &Hand<'_>) -> Need {
    let (met, because) = found(hand.logs_with(&["data_subjects", "subject_count", "subject_ref"]));
    need(
        "whose data was in each answer",
        met,
        because,
        false,
        "log the ids of the people in an answer, or map it to the token's subject where people see only their own\n\
         [log.map]\ndata_subjects = \"sub\"",
    )
}

fn account_use(hand: &Hand<'_>) -> Need {
    let (met, because) = found(hand.logs_with(&["actor", "account"]));
    need(
        "a log that names accounts",
        met,
        because,
        true,
        "add the log of sign-ins or requests with the account's login in it\n\
         [[log]]\nname = \"signins\"\npath = \"signins.jsonl\"",
    )
}

fn deletions(hand: &Hand<'_>) -> Need {
    let (met, because) = found(hand.logs_with(&["delete"]));
    need(
        "a log of deletions",
        met,
        because,
        false,
        "add the administration log of the machines, storage and mail, and map deletions\n\
         [log.map]\nkind = { path = \"op\", values = { delete = \"changed\" } }\naction = \"op\"",
    )
}

fn export_size(hand: &Hand<'_>) -> Need {
    let (met, because) = found(hand.logs_with(&["subject_count", "data_subjects"]));
    need(
        "how many people are in an export",
        met,
        because,
        true,
        "log the row count of every export and report download\n[log.map]\nsubject_count = \"rows\"",
    )
}

fn export_set(hand: &Hand<'_>) -> Need {
    let (met, because) = found(hand.logs_with(&["subject_ref", "data_subjects"]));
    need(
        "which people are in an export",
        met,
        because,
        false,
        "log a reference that rebuilds the set, and keep the snapshot\n[log.map]\nsubject_ref = \"report_id\"\n\
         [[subject_set]]\nref = \"customers-2021-12\"\npath = \"reports/customers-2021-12.csv\"",
    )
}
