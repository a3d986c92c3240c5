//! A generated patient record as a FHIR R4 transaction bundle.
//!
//! All of it is drawn from a seed; it describes no real person. It has the shape of a hospital
//! system's export (a patient, visits, findings, diagnoses, prescriptions, joined by references) and
//! a few hundred kilobytes.

mod chart;
mod codes;

use rand::RngExt as _;
use serde_json::json;

use chart::Chart;

const VISITS: u64 = 24;
/// The day of the first visit, 2015-03-02, in days since 1970-01-01.
const FIRST_DAY: u64 = 16_496;

/// The bundle of a seed, as JSON text; the same for the same seed.
///
/// ```
/// let text = medshare_examples::fhir::bundle(7);
/// let bundle: serde_json::Value = serde_json::from_str(&text)?;
/// assert_eq!(bundle["resourceType"], "Bundle");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn bundle(seed: u64) -> String {
    let mut chart = Chart::begin(seed);
    let mut day = FIRST_DAY;
    for visit in 0..VISITS {
        chart.visit(visit, day);
        day += chart.rng.random_range(60..=140);
    }
    let bundle = json!({
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": chart.entries,
    });
    format!("{bundle:#}")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::codes::{DIAGNOSES, LABORATORY, VITAL_SIGNS};
    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match field.as_str() {
                        Some(text) if name == "reference" => found.push(text.to_owned()),
                        _ => references(field, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn a_bundle_is_whole_and_a_few_hundred_kilobytes() {
        let text = bundle(1);
        assert!(
            (200_000..900_000).contains(&text.len()),
            "{} bytes",
            text.len()
        );
        let bundle: Value = serde_json::from_str(&text).unwrap();
        let entries = bundle["entry"].as_array().unwrap();
        let mut kinds = BTreeMap::new();
        let mut urls = BTreeSet::new();
        for entry in entries {
            let kind = entry["resource"]["resourceType"].as_str().unwrap();
            assert_eq!(entry["request"], json!({ "method": "POST", "url": kind }));
            assert!(
                urls.insert(entry["fullUrl"].as_str().unwrap()),
                "used twice"
            );
            *kinds.entry(kind).or_insert(0) += 1;
        }
        let visits = VISITS as usize;
        let expected = [
            ("Condition", DIAGNOSES.len()),
            ("Encounter", visits),
            ("MedicationRequest", visits),
            (
                "Observation",
                visits * (1 + VITAL_SIGNS.len() + LABORATORY.len()),
            ),
            ("Patient", 1),
        ];
        assert_eq!(kinds, BTreeMap::from(expected));
        let mut found = Vec::new();
        references(&bundle, &mut found);
        assert!(
            found.len() > entries.len(),
            "each resource but the patient refers to another"
        );
        assert!(
            found
                .iter()
                .all(|reference| urls.contains(reference.as_str()))
        );
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(bundle(1), bundle(1));
        assert_ne!(bundle(1), bundle(2));
    }
}
