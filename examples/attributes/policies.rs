//! Policies over names, numbers, dates and enumerations, and the attributes that people lack.

use medshare_abe::{
    AccessPolicy, AttributeSet, Enumeration, EnumerationId, Enumerations, MasterSecretKey,
    Validity, encapsulate,
};

use crate::{CONTEXT, OPENS, Outcome, Transcript, try_key};

/// Three people, and the attributes of their keys.
const PEOPLE: [(&str, &str); 3] = [
    (
        "Ana",
        "role:nurse, clearance = 3, hired = 2019-04-01, hospital = charité",
    ),
    (
        "Ben",
        "role:cardiologist, clearance = 4, hired = 2024-09-15, hospital = st-mary",
    ),
    ("Eve", "role:clerk, clearance = 1"),
];

/// Policies, and the expected answers for the keys of Ana, Ben and Eve.
///
/// Of several sets of missing attributes, the smallest is shown.
const POLICIES: [(&str, [&str; 3]); 6] = [
    (
        "role:nurse or role:cardiologist",
        [OPENS, OPENS, "lacks role:nurse"],
    ),
    (
        "clearance >= 3 and hired < 2020-01-01",
        [
            OPENS,
            "lacks hired <= 2019-12-31",
            "lacks clearance >= 3, hired <= 2019-12-31",
        ],
    ),
    (
        "clearance in 2..4 and hospital == st-mary",
        [
            "lacks hospital == st-mary",
            OPENS,
            "lacks clearance in 2..4, hospital == st-mary",
        ],
    ),
    // `!=` asks for another value of the enumeration; Eve holds none, so it is not satisfied.
    (
        "hospital != charité",
        [
            "lacks hospital != charité",
            OPENS,
            "lacks hospital != charité",
        ],
    ),
    (
        "2 of (role:nurse, clearance > 3, hired >= 2024-01-01 and hospital != north)",
        [
            "lacks clearance >= 4",
            OPENS,
            "lacks role:nurse, clearance >= 4",
        ],
    ),
    (
        "role:clerk and (clearance > 1 or \"ward 3\")",
        [
            "lacks role:clerk",
            "lacks role:clerk",
            "lacks clearance >= 2",
        ],
    ),
];

pub(crate) fn show(out: &mut Transcript) -> Outcome {
    let lists = hospitals()?;
    let mut rng = rand::rng();
    let (parameters, authority) = MasterSecretKey::setup(&mut rng);

    writeln!(out, "# Policies\n")?;
    writeln!(out, "One authority issues three keys.")?;
    let mut keys = Vec::new();
    for (person, held) in PEOPLE {
        let attributes = AttributeSet::parse(held, &lists)?;
        let key = authority.issue(&parameters, &attributes, Validity::ALWAYS, &mut rng)?;
        let bytes = key.to_bytes().len();
        writeln!(out, "  {person}: {attributes} (a key of {bytes} bytes)")?;
        keys.push((person, key));
    }
    writeln!(
        out,
        "A name takes one point of a key, a number 33, a date or an enumeration's value 17: one a prefix."
    )?;

    for (text, answers) in POLICIES {
        let policy = AccessPolicy::parse(text, &lists)?;
        let sealed = encapsulate(&parameters, &policy, CONTEXT, &mut rng);
        let bytes = sealed.0.to_bytes().len();
        writeln!(out, "\n{policy} (a header of {bytes} bytes)")?;
        for ((person, key), expected) in keys.iter().zip(answers) {
            out.answer(person, &try_key(&parameters, &sealed, key)?, expected)?;
        }
    }
    Ok(())
}

/// The enumeration of `hospital`. It may grow, and `!=` covers values that are added later.
fn hospitals() -> Outcome<Enumerations> {
    let mut hospitals = Enumeration::new(EnumerationId([1; 32]), "hospital".parse()?);
    for hospital in ["st-mary", "charité", "north"] {
        hospitals.append(hospital.parse()?)?;
    }
    let mut lists = Enumerations::new();
    lists.register(hospitals)?;
    Ok(lists)
}
