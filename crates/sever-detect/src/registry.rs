//! The registry: every detector there is, in one plain list.
//!
//! The command line, the documents, the configuration's schema, the machine-readable rules and the
//! tests derive from it. To add a detector: write `detectors/<id>.rs`, name it here, and give it
//! fixtures under `tests/detectors/<id>/`.

use serde::{Deserialize, Serialize};
use sever_model::Meta;
use sever_model::port::Detector;

use crate::detectors::{
    access_without_login, bulk_export, canary_touched, dormant, endpoint_mix, evidence_tampered, ghost_account,
    key_extractable, key_known_to_leaver, key_out_of_life, key_too_old, key_too_widely_readable, leaver_lookback,
    mass_destruction, over_broad, shared_secret_not_rotated, sigma, slow_reach, slow_reach_person, sole_holder,
    token_never_issued, token_out_of_shape, toxic_combination, unknown_subject, unused_right, use_after_departure,
};

/// One detector: what it is, and how to make one.
pub struct Registered {
    /// What it is.
    pub meta: &'static Meta,
    /// Makes one with the run's settings and no state.
    pub make: fn(&Settings) -> Box<dyn Detector>,
}

/// All detectors, alphabetically.
pub static DETECTORS: &[Registered] = &[
    access_without_login::REGISTERED,
    bulk_export::REGISTERED,
    canary_touched::REGISTERED,
    dormant::REGISTERED,
    endpoint_mix::REGISTERED,
    evidence_tampered::REGISTERED,
    ghost_account::REGISTERED,
    key_extractable::REGISTERED,
    key_known_to_leaver::REGISTERED,
    key_out_of_life::REGISTERED,
    key_too_old::REGISTERED,
    key_too_widely_readable::REGISTERED,
    leaver_lookback::REGISTERED,
    mass_destruction::REGISTERED,
    over_broad::REGISTERED,
    shared_secret_not_rotated::REGISTERED,
    sigma::REGISTERED,
    slow_reach::REGISTERED,
    slow_reach_person::REGISTERED,
    sole_holder::REGISTERED,
    token_never_issued::REGISTERED,
    token_out_of_shape::REGISTERED,
    toxic_combination::REGISTERED,
    unknown_subject::REGISTERED,
    unused_right::REGISTERED,
    use_after_departure::REGISTERED,
];

/// The thresholds of all detectors: the table `[detectors]` of the configuration, by detector id.
/// A detector that is not here compares sets and has no threshold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Thresholds of `access-without-login`.
    pub access_without_login: access_without_login::Settings,
    /// Thresholds of `bulk-export`.
    pub bulk_export: bulk_export::Settings,
    /// Thresholds of `canary-touched`.
    pub canary_touched: canary_touched::Settings,
    /// Thresholds of `dormant`.
    pub dormant: dormant::Settings,
    /// Thresholds of `endpoint-mix`.
    pub endpoint_mix: endpoint_mix::Settings,
    /// Thresholds of `evidence-tampered`.
    pub evidence_tampered: evidence_tampered::Settings,
    /// Thresholds of `ghost-account`.
    pub ghost_account: ghost_account::Settings,
    /// Thresholds of `key-out-of-life`.
    pub key_out_of_life: key_out_of_life::Settings,
    /// Thresholds of `key-too-old`.
    pub key_too_old: key_too_old::Settings,
    /// Thresholds of `key-too-widely-readable`.
    pub key_too_widely_readable: key_too_widely_readable::Settings,
    /// Thresholds of `leaver-lookback`.
    pub leaver_lookback: leaver_lookback::Settings,
    /// Thresholds of `mass-destruction`.
    pub mass_destruction: mass_destruction::Settings,
    /// Thresholds of `over-broad`.
    pub over_broad: over_broad::Settings,
    /// Rules of `sigma`.
    pub sigma: sigma::Settings,
    /// Thresholds of `slow-reach` and `slow-reach-person`.
    pub slow_reach: slow_reach::Settings,
    /// Thresholds of `token-out-of-shape`.
    pub token_out_of_shape: token_out_of_shape::Settings,
    /// Thresholds of `unused-right`.
    pub unused_right: unused_right::Settings,
}

impl Registered {
    /// The detector of an id.
    pub fn named(id: &str) -> Option<&'static Registered> {
        DETECTORS.iter().find(|registered| registered.meta.id == id)
    }
}

/// One of each detector but those turned off, in the registry's order.
pub fn make_all(settings: &Settings, off: &[String]) -> Vec<Box<dyn Detector>> {
    let on = DETECTORS.iter().filter(|registered| !off.iter().any(|id| id == registered.meta.id));
    on.map(|registered| (registered.make)(settings)).collect()
}
