//! Policies over names, numbers, dates and values of a list, and what each person lacks.

use std::io::Write;

use medshare_abe::{
    AccessPolicy, AttributeSet, DecapsulateError, Enumeration, EnumerationId, Enumerations,
    MasterSecretKey, Validity, encapsulate,
};

use crate::{CONTEXT, Outcome, try_key};

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

const POLICIES: [&str; 6] = [
    "role:nurse or role:cardiologist",
    "clearance >= 3 and hired < 2020-01-01",
    "clearance in 2..4 and hospital == st-mary",
    "hospital != charité",
    "2 of (role:nurse, clearance > 3, hired >= 2024-01-01 and hospital != north)",
    "role:clerk and (clearance > 1 or \"ward 3\")",
];

pub(crate) fn show(out: &mut impl Write) -> Outcome {
    let lists = hospitals()?;
    let mut rng = rand::rng();
    let (parameters, authority) = MasterSecretKey::setup(&mut rng);
    writeln!(out, "# Policies\n")?;
    let mut keys = Vec::new();
    for (person, held) in PEOPLE {
        let attributes = AttributeSet::parse(held, &lists)?;
        let key = authority.issue(&parameters, &attributes, Validity::ALWAYS, &mut rng)?;
        let bytes = key.to_bytes().len();
        writeln!(out, "{person} holds {attributes}  ({bytes} bytes of key)")?;
        keys.push((person, key));
    }
    for text in POLICIES {
        let policy = AccessPolicy::parse(text, &lists)?;
        let sealed = encapsulate(&parameters, &policy, CONTEXT, &mut rng);
        let bytes = sealed.0.to_bytes().len();
        writeln!(out, "\n{policy}  ({bytes} bytes of header)")?;
        for (person, key) in &keys {
            match try_key(&parameters, &sealed, key)? {
                Ok(()) => writeln!(out, "  {person} opens it")?,
                Err(DecapsulateError::PolicyUnsatisfied { missing }) => {
                    let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
                    writeln!(out, "  {person} lacks {}", missing.join(", "))?;
                }
                Err(other) => return Err(other.into()),
            }
        }
    }
    Ok(())
}

/// `hospital` has one value of this list, which may grow: `!=` is good for values to come, too.
fn hospitals() -> Result<Enumerations, Box<dyn std::error::Error>> {
    let mut hospitals = Enumeration::new(EnumerationId([1; 32]), "hospital".parse()?);
    for hospital in ["st-mary", "charité", "north"] {
        hospitals.append(hospital.parse()?)?;
    }
    let mut lists = Enumerations::new();
    lists.register(hospitals)?;
    Ok(lists)
}
