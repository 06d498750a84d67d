//! The local times of one log, read one after another.

use super::{EventTime, MICROS, TimeError, Zone, parse_local, parse_rfc3339};

/// Clocks are set by less than this.
const MARGIN_MICROS: i64 = 2 * 86_400 * MICROS;

/// Reads local times of a zone, as [`Zone::local`] and [`Zone::local_called`] do.
///
/// Between two changes of the zone's clocks its offset is one number; that of the last time is kept, so that
/// most times need no look at the zone's rules.
#[derive(Debug, Clone)]
pub struct LocalTimes {
    zone: Zone,
    steady: Option<Steady>,
}

/// Local times, in microseconds, that all have one offset and one name for it; days away from any change.
#[derive(Debug, Clone)]
struct Steady {
    from: i64,
    to: i64,
    offset: i64,
    called: String,
}

impl LocalTimes {
    /// Of a zone.
    pub fn of(zone: Zone) -> LocalTimes {
        LocalTimes { zone, steady: None }
    }

    /// Reads RFC 3339, or a local date-time.
    ///
    /// # Errors
    /// [`TimeError::Shape`] when the text is neither.
    pub fn read(&mut self, text: &str) -> Result<EventTime, TimeError> {
        if let Some(micros) = parse_rfc3339(text.as_bytes()) {
            return Ok(EventTime(micros));
        }
        if let Some((local, steady)) = self.steady(text) {
            return Ok(EventTime(local - steady.offset));
        }
        let at = self.zone.local(text)?;
        self.steady = Steady::around(&self.zone, at);
        Ok(at)
    }

    /// Reads a local date-time that was written with the zone's abbreviation.
    ///
    /// # Errors
    /// [`TimeError::Shape`] when the text is no local date-time, or the zone is not called so then.
    pub fn read_called(&mut self, text: &str, abbreviation: &str) -> Result<EventTime, TimeError> {
        if let Some((local, steady)) = self.steady(text)
            && steady.called == abbreviation
        {
            return Ok(EventTime(local - steady.offset));
        }
        let at = self.zone.local_called(text, abbreviation)?;
        self.steady = Steady::around(&self.zone, at);
        Ok(at)
    }

    /// A local time among those whose offset is known.
    fn steady(&self, text: &str) -> Option<(i64, &Steady)> {
        let steady = self.steady.as_ref()?;
        let local = parse_local(text.as_bytes())?;
        (steady.from..steady.to).contains(&local).then_some((local, steady))
    }
}

impl Steady {
    /// What is known around an instant.
    fn around(zone: &Zone, at: EventTime) -> Option<Steady> {
        let instant = |micros| jiff::Timestamp::from_microsecond(micros).ok();
        let info = zone.0.to_offset_info(instant(at.0)?);
        let offset = i64::from(info.offset().seconds()) * MICROS;
        let called = info.abbreviation().to_owned();
        // A change at this very instant is one before.
        let before = zone.0.preceding(instant(at.0 + 1)?).next().map(|change| change.timestamp().as_microsecond());
        let after = zone.0.following(instant(at.0)?).next().map(|change| change.timestamp().as_microsecond());
        let from = before.map_or(0, |before| before + offset + MARGIN_MICROS);
        let to = after.map_or(i64::MAX, |after| after + offset - MARGIN_MICROS);
        Some(Steady { from, to, offset, called })
    }
}
