//! Brakes: so many people at once are not cut without two people, whatever HR's file says.

use sever_model::{Certainty, Plan, PlanOf, Span, WallTime};

use crate::cli::site::{Moment, Site};
use crate::hint::Failure;

/// How far back cuts are counted.
const WITHIN: Span = Span::days(1);

/// The brake that trips, in words, if one does.
pub(super) fn tripped(site: &Site, plan: &Plan, now: WallTime) -> Result<Option<String>, Failure> {
    let PlanOf::Person { id, .. } = &plan.about else { return Ok(None) };
    let departures = site.store(async |store| store.departures().await)?;
    let recent = departures.iter().filter(|it| it.begun_at.plus(WITHIN) > now);
    let mut others: Vec<_> = recent
        .filter_map(|it| match &it.plan.about {
            PlanOf::Person { id: other, .. } if other != id => Some(other.clone()),
            _ => None,
        })
        .collect();
    others.sort();
    others.dedup();
    let count = others.len() as u64 + 1;
    let inventory = site.inventory(&Moment::now())?;
    let people = (0..inventory.people().len()).map(|at| sever_model::PersonIx(at as u32));
    let employed = people.filter(|ix| inventory.employed(*ix, now.as_event()) != Certainty::No).count() as u64;
    let brakes = site.config.cutting.brakes;
    let share = count as f64 / (employed + count) as f64;
    let trips = count > brakes.count && share > brakes.share;
    Ok(trips.then(|| {
        format!(
            "{count} people within a day, {:.1} % of those who work here, and `[cutting.brakes]` allows {} or {:.1} %",
            share * 100.0,
            brakes.count,
            brakes.share * 100.0
        )
    }))
}
