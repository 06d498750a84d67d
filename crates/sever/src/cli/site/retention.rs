//! How long judged uses are kept, as the lake remembers it: whoever shortens it shortens what can be
//! shown of what happened, and that is found.

use sever_detect::registry::Registered;
use sever_lake::Lowered;
use sever_model::{
    Confidence, EventTime, Evidence, Finding, FindingSet, Raise, Severity, SourceId, Stage, Thing, ThingKind,
};

use super::{Site, lake_failure};
use crate::hint::Failure;

impl Site {
    /// Tells the lake how long uses are kept by the configuration in force. That it is shorter than it
    /// was is recorded.
    ///
    /// # Errors
    /// When the lake or the store cannot be used.
    pub fn remember_retention(&mut self) -> Result<(), Failure> {
        let (who, at) = (crate::operator::login(), crate::clock::now());
        let uses = self.config.privacy.retention.uses;
        let lowered = sever_lake::keep_for(&self.lake_dir(), uses, &who, at).map_err(lake_failure)?;
        if let Some(Lowered { from_days, to_days, .. }) = lowered {
            self.record(&format!("retention of judged uses lowered from {from_days} to {to_days} days"))?;
        }
        Ok(())
    }

    /// What the lake remembers of shorter retention, up to then.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub fn lowered_retention(&self, until: EventTime) -> Result<Vec<Finding>, Failure> {
        let overview = sever_lake::overview(&self.lake_dir()).map_err(lake_failure)?;
        let Some(registered) = Registered::named("evidence-tampered") else { return Ok(Vec::new()) };
        let mut found = FindingSet::new(&self.limits);
        for lowered in overview.lowered.iter().filter(|lowered| lowered.at.as_event() <= until) {
            let at = lowered.at.as_event();
            let Lowered { who, from_days, to_days, .. } = lowered;
            let tell = || {
                let title = format!("the retention of judged uses was lowered from {from_days} to {to_days} days");
                let inputs = [("from_days", *from_days), ("to_days", *to_days)];
                let inputs = inputs.map(|(name, days)| (name.to_owned(), days.to_string()));
                let who = [("run_by".to_owned(), who.clone())];
                (title, Vec::new(), inputs.into_iter().chain(who).collect())
            };
            found.raise(&Raise {
                meta: registered.meta,
                accused: Thing::new(ThingKind::Source, "lake"),
                variant: &at.to_string(),
                severity: Severity::High,
                confidence: Confidence::Certain,
                stage: Stage::Confirmed,
                was: None,
                at,
                known_at: at,
                evidence: Evidence {
                    source: SourceId::from("lake"),
                    offset: None,
                    at,
                    shows: format!("kept for {to_days} days where it was {from_days}, in a run of {who}"),
                },
                tell: &tell,
            });
        }
        // The settings of one installation fit into any limit.
        Ok(found.into_sorted().0)
    }
}
