//! The cases of the vectors: policies, each with a person that satisfies it.

use medshare_policy::{Enumeration, EnumerationId, Enumerations, Name};

use crate::scheme::validity::Validity;

/// A policy and a person.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) policy: &'static str,
    pub(super) sealed_on: Option<&'static str>,
    pub(super) attributes: &'static str,
    /// The first day and the day after the last.
    validity: Option<(&'static str, &'static str)>,
}

impl Case {
    const fn new(name: &'static str, policy: &'static str, attributes: &'static str) -> Self {
        Self {
            name,
            policy,
            sealed_on: None,
            attributes,
            validity: None,
        }
    }

    pub(super) fn validity(&self) -> Validity {
        let day = |text: &str| text.parse().unwrap();
        let between = |(from, until)| Validity::between(day(from), day(until)).unwrap();
        self.validity.map_or(Validity::ALWAYS, between)
    }
}

pub(super) const CASES: [Case; 11] = [
    Case::new("single", "role:nurse", "role:nurse, role:auditor"),
    Case::new(
        "and",
        "role:cardiologist and hospital:charité and shift:day",
        "role:cardiologist, hospital:charité, shift:day",
    ),
    Case::new("or", r#"a or "ward 3" or c"#, r#""ward 3", c"#),
    Case::new(
        "nested",
        "2 of (dept:oncology and role:nurse, dept:radiology or role:chief, 2 of (x, y, z), w)",
        "dept:oncology, role:nurse, x, z",
    ),
    Case::new("repeated", "x and (x or y) and 2 of (x, y, z)", "x, z"),
    Case::new(
        "integers",
        "clearance >= 3 and badge in 100..2000",
        "clearance = 7, badge = 1999",
    ),
    Case::new(
        "dates",
        "hired < 2020-03-01 or born in 1970-01-01..1970-12-31",
        "hired = 2020-02-29",
    ),
    Case::new(
        "enumerations",
        "hospital != north and ward == intensive",
        "hospital = charité, ward = intensive",
    ),
    Case::new(
        "17-operands",
        "3 of (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)",
        "b, i, q",
    ),
    Case {
        sealed_on: Some("2026-11-24"),
        ..Case::new("dated", "role:nurse", "role:nurse")
    },
    Case {
        sealed_on: Some("2026-11-24"),
        validity: Some(("2026-01-01", "2027-01-01")),
        ..Case::new(
            "dated-and-more",
            "2 of (role:nurse, clearance > 4294967000, role:nurse and shift:night)",
            "role:nurse, clearance = 4294967295",
        )
    },
];

/// A label and the values of its enumeration, whose identifier is the byte 32 times.
pub(super) const LISTS: [(u8, &str, &[&str]); 2] = [
    (1, "hospital", &["st-mary", "charité", "north"]),
    (2, "ward", &["general", "intensive"]),
];

pub(super) fn enumerations() -> Enumerations {
    let name = |text: &str| Name::new(text).unwrap();
    let mut lists = Enumerations::new();
    for (id, label, values) in LISTS {
        let mut list = Enumeration::new(EnumerationId([id; 32]), name(label));
        for value in values {
            list.append(name(value)).unwrap();
        }
        lists.register(list).unwrap();
    }
    lists
}
