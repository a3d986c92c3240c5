//! Writes a patient's resources, with references to each other.

use medshare_sdk::Timestamp;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::codes::{DIAGNOSES, Diagnosis, LABORATORY, Measure, VITAL_SIGNS};

const DAY_MS: u64 = 86_400_000;

/// The entries of a bundle, as they are added.
pub(super) struct Chart {
    pub(super) rng: ChaCha8Rng,
    pub(super) entries: Vec<Value>,
    patient: String,
}

impl Chart {
    pub(super) fn begin(seed: u64) -> Self {
        let mut chart = Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            entries: Vec::new(),
            patient: String::new(),
        };
        chart.patient = chart.add(json!({
            "resourceType": "Patient",
            "active": true,
            "identifier": [{
                "system": "urn:example:hospital:patients",
                "value": format!("P-{seed:06}"),
            }],
            "name": [{ "use": "official", "family": "Example", "given": ["Alex", "Robin"] }],
            "gender": "other",
            "birthDate": "1956-08-17",
            "address": [{ "city": "Exampletown", "country": "XX" }],
            "communication": [{ "language": { "text": "English" }, "preferred": true }],
        }));
        chart
    }

    /// Adds a resource and returns the reference to it.
    fn add(&mut self, mut resource: Value) -> String {
        let id = uuid(&mut self.rng);
        let kind = resource["resourceType"].clone();
        let full_url = format!("urn:uuid:{id}");
        resource["id"] = id.into();
        self.entries.push(json!({
            "fullUrl": full_url,
            "resource": resource,
            "request": { "method": "POST", "url": kind },
        }));
        full_url
    }

    /// A visit with its findings and prescriptions. Each of the first visits adds a diagnosis,
    /// which later ones follow up.
    pub(super) fn visit(&mut self, number: u64, day: u64) {
        let start = day * DAY_MS + self.rng.random_range(8 * 60..=16 * 60) * 60_000;
        let length = self.rng.random_range(10..=50) * 60_000;
        let (code, display) = if self.rng.random() {
            ("185349003", "Encounter for check up")
        } else {
            ("390906007", "Follow-up encounter")
        };
        let encounter = self.add(json!({
            "resourceType": "Encounter",
            "status": "finished",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "AMB",
            },
            "type": [concept("http://snomed.info/sct", code, display)],
            "subject": { "reference": self.patient },
            "period": { "start": iso(start), "end": iso(start + length) },
            "serviceProvider": { "display": "St Mary, cardiology" },
        }));
        let visit = Visit {
            encounter,
            moment: iso(start + length / 2),
        };
        self.blood_pressure(&visit);
        for measure in &VITAL_SIGNS {
            self.measurement(&visit, "vital-signs", measure);
        }
        for measure in &LABORATORY {
            self.measurement(&visit, "laboratory", measure);
        }
        if let Some(diagnosis) = usize::try_from(number).ok().and_then(|n| DIAGNOSES.get(n)) {
            self.diagnosis(&visit, diagnosis);
        }
        let known = number.min(DIAGNOSES.len() as u64 - 1);
        let treated = self.rng.random_range(0..=known) as usize;
        self.prescription(&visit, &DIAGNOSES[treated]);
    }

    fn blood_pressure(&mut self, visit: &Visit) {
        let systolic = self.rng.random_range(105..=165);
        let diastolic = self.rng.random_range(60..=95);
        let component = |code, name, value| {
            json!({
                "code": concept("http://loinc.org", code, name),
                "valueQuantity": quantity(value, "mm[Hg]"),
            })
        };
        let components = [
            component("8480-6", "Systolic blood pressure", systolic as f64),
            component("8462-4", "Diastolic blood pressure", diastolic as f64),
        ];
        let mut panel = self.finding(
            visit,
            "vital-signs",
            concept("http://loinc.org", "85354-9", "Blood pressure panel"),
        );
        panel["component"] = components.as_slice().into();
        self.add(panel);
    }

    fn measurement(&mut self, visit: &Visit, category: &str, measure: &Measure) {
        let tenths = self.rng.random_range(measure.tenths.0..=measure.tenths.1);
        let code = concept("http://loinc.org", measure.code, measure.name);
        let mut finding = self.finding(visit, category, code);
        finding["valueQuantity"] = quantity(tenths as f64 / 10.0, measure.unit);
        self.add(finding);
    }

    fn finding(&self, visit: &Visit, category: &str, code: Value) -> Value {
        let categories = "http://terminology.hl7.org/CodeSystem/observation-category";
        json!({
            "resourceType": "Observation",
            "status": "final",
            "category": [concept(categories, category, category)],
            "code": code,
            "subject": { "reference": self.patient },
            "encounter": { "reference": visit.encounter },
            "effectiveDateTime": visit.moment,
            "issued": visit.moment,
        })
    }

    fn diagnosis(&mut self, visit: &Visit, diagnosis: &Diagnosis) {
        let status = |system: &str, code: &str| {
            let system = format!("http://terminology.hl7.org/CodeSystem/{system}");
            json!({ "coding": [{ "system": system, "code": code }] })
        };
        self.add(json!({
            "resourceType": "Condition",
            "clinicalStatus": status("condition-clinical", "active"),
            "verificationStatus": status("condition-ver-status", "confirmed"),
            "code": concept("http://snomed.info/sct", diagnosis.code, diagnosis.name),
            "subject": { "reference": self.patient },
            "encounter": { "reference": visit.encounter },
            "onsetDateTime": visit.moment,
            "recordedDate": visit.moment,
        }));
    }

    fn prescription(&mut self, visit: &Visit, reason: &Diagnosis) {
        let rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
        let medication = concept(rxnorm, reason.medication, reason.medication_name);
        let times = self.rng.random_range(1..=3);
        self.add(json!({
            "resourceType": "MedicationRequest",
            "status": "completed",
            "intent": "order",
            "medicationCodeableConcept": medication,
            "subject": { "reference": self.patient },
            "encounter": { "reference": visit.encounter },
            "authoredOn": visit.moment,
            "reasonCode": [{ "text": reason.name }],
            "dosageInstruction": [{
                "timing": { "repeat": { "frequency": times, "period": 1, "periodUnit": "d" } },
                "doseAndRate": [{ "doseQuantity": { "value": 1 } }],
            }],
        }));
    }
}

/// The visit that a resource belongs to.
struct Visit {
    encounter: String,
    moment: String,
}

/// A UUID of version 4.
fn uuid(rng: &mut ChaCha8Rng) -> String {
    let (high, low): (u64, u64) = rng.random();
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff,
    )
}

fn concept(system: &str, code: &str, display: &str) -> Value {
    json!({
        "coding": [{ "system": system, "code": code, "display": display }],
        "text": display,
    })
}

fn quantity(value: f64, unit: &str) -> Value {
    json!({ "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit })
}

fn iso(millis: u64) -> String {
    Timestamp::from_millis(millis).to_string()
}
