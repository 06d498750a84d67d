//! What was not covered, in words.

use sever_model::{Coverage, CoverageLine, Seen};

use super::cell::thousands;

/// One line per source that was not seen whole: `not covered: gitlab (…)`. Empty where all was seen.
pub fn not_covered(coverage: &Coverage) -> Vec<String> {
    coverage.lines.iter().filter_map(line).collect()
}

fn line(line: &CoverageLine) -> Option<String> {
    let mut because: Vec<String> = line.gaps.clone();
    if line.rejected > 0 {
        let all = line.records.saturating_add(line.rejected);
        because.push(format!(
            "{} of {} records could not be read",
            thousands(&line.rejected.to_string()),
            thousands(&all.to_string())
        ));
    }
    let lead = match line.seen {
        Seen::NotAtAll => "not covered",
        Seen::Partly => "partly covered",
        Seen::Whole if because.is_empty() => return None,
        Seen::Whole => "covered, but",
    };
    if because.is_empty() {
        return Some(format!("{lead}: {}", line.source));
    }
    Some(format!("{lead}: {} ({})", line.source, because.join("; ")))
}
