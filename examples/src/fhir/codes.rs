//! Codes of LOINC, SNOMED CT and RxNorm, which hospitals use.

/// A measurement with its LOINC code.
pub(super) struct Measure {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// The unit in UCUM notation.
    pub(super) unit: &'static str,
    /// Lowest and highest plausible value, in tenths of the unit.
    pub(super) tenths: (u64, u64),
}

const fn measure(
    code: &'static str,
    name: &'static str,
    unit: &'static str,
    low: u64,
    high: u64,
) -> Measure {
    Measure {
        code,
        name,
        unit,
        tenths: (low, high),
    }
}

pub(super) const VITAL_SIGNS: [Measure; 5] = [
    measure("29463-7", "Body weight", "kg", 680, 840),
    measure("8867-4", "Heart rate", "/min", 520, 1040),
    measure("9279-1", "Respiratory rate", "/min", 110, 200),
    measure("8310-5", "Body temperature", "Cel", 361, 378),
    measure(
        "39156-5",
        "Body mass index (BMI) [Ratio]",
        "kg/m2",
        221,
        279,
    ),
];

pub(super) const LABORATORY: [Measure; 5] = [
    measure(
        "2093-3",
        "Cholesterol [Mass/volume] in Serum or Plasma",
        "mg/dL",
        1500,
        2600,
    ),
    measure(
        "2339-0",
        "Glucose [Mass/volume] in Blood",
        "mg/dL",
        700,
        1500,
    ),
    measure(
        "4548-4",
        "Hemoglobin A1c/Hemoglobin.total in Blood",
        "%",
        48,
        82,
    ),
    measure(
        "2160-0",
        "Creatinine [Mass/volume] in Serum or Plasma",
        "mg/dL",
        6,
        14,
    ),
    measure(
        "6298-4",
        "Potassium [Moles/volume] in Blood",
        "mmol/L",
        35,
        52,
    ),
];

/// A diagnosis with its SNOMED CT code, and a medication for it with its RxNorm code.
pub(super) struct Diagnosis {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) medication: &'static str,
    pub(super) medication_name: &'static str,
}

pub(super) const DIAGNOSES: [Diagnosis; 5] = [
    Diagnosis {
        code: "38341003",
        name: "Hypertensive disorder",
        medication: "314076",
        medication_name: "lisinopril 10 MG Oral Tablet",
    },
    Diagnosis {
        code: "49436004",
        name: "Atrial fibrillation",
        medication: "855332",
        medication_name: "warfarin sodium 5 MG Oral Tablet",
    },
    Diagnosis {
        code: "55822004",
        name: "Hyperlipidemia",
        medication: "617310",
        medication_name: "atorvastatin 20 MG Oral Tablet",
    },
    Diagnosis {
        code: "44054006",
        name: "Diabetes mellitus type 2",
        medication: "860975",
        medication_name: "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet",
    },
    Diagnosis {
        code: "53741008",
        name: "Coronary arteriosclerosis",
        medication: "197361",
        medication_name: "amlodipine 5 MG Oral Tablet",
    },
];
