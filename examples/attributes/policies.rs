//! Policies over names, numbers, dates and values of a list, and what each person lacks.

use medshare_abe::{
    AccessPolicy, AttributeSet, Enumeration, EnumerationId, Enumerations, MasterSecretKey,
    Validity, encapsulate,
};

use crate::{CONTEXT, OPENS, Outcome, Transcript, try_key};

/// Three people and what their keys are for.
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

/// Policies, and what comes of the keys of Ana, Ben and Eve.
///
/// Where a person could become entitled in several ways, what is lacking is the shortest of them.
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
    // Not being of a hospital is not enough: `!=` asks for another value, and Eve holds none.
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
        "A name is one point of a key, a number 33, a date or a value of a list 17: one for each prefix."
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

/// `hospital` has one value of this list, which may grow: `!=` is good for values to come, too.
fn hospitals() -> Outcome<Enumerations> {
    let mut hospitals = Enumeration::new(EnumerationId([1; 32]), "hospital".parse()?);
    for hospital in ["st-mary", "charité", "north"] {
        hospitals.append(hospital.parse()?)?;
    }
    let mut lists = Enumerations::new();
    lists.register(hospitals)?;
    Ok(lists)
}
