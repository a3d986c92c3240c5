//! Keys with a validity, and delegation of a key for fewer attributes.

use medshare_abe::{
    AttributeSet, Header, KeyError, MasterSecretKey, PublicParameters, SharedSecret, UserSecretKey,
    Validity, encapsulate, encapsulate_dated,
};

use crate::{CONTEXT, OPENS, Outcome, Transcript, list, try_key};

const PHYSICIAN: &str = "role:physician, ward:3, clearance = 4";
const DEVICE: &str = "ward:3, clearance = 4";
const LAPSES: &str = "2027-01-01";
const LAPSED: &str = "the key is for 1970-01-01 to 2026-12-31";

/// Sealing dates, and the expected answers for the physician's key.
const DATES: [(Option<&str>, &str); 4] = [
    (Some("1999-12-31"), OPENS),
    (Some("2026-12-31"), OPENS),
    (Some("2027-01-01"), LAPSED),
    (None, OPENS),
];

/// Policies with sealing dates, and the expected answers for the device's key.
const DELEGATED: [(&str, Option<&str>, &str); 3] = [
    ("ward:3 and clearance >= 2", Some("2026-12-31"), OPENS),
    ("ward:3 and clearance >= 2", Some("2027-01-01"), LAPSED),
    ("role:physician", None, "lacks role:physician"),
];

pub(crate) fn show(out: &mut Transcript) -> Outcome {
    let mut rng = rand::rng();
    let (parameters, authority) = MasterSecretKey::setup(&mut rng);
    let attributes: AttributeSet = PHYSICIAN.parse()?;
    let validity = Validity::until(LAPSES.parse()?)?;
    let physician = authority.issue(&parameters, &attributes, validity, &mut rng)?;
    lapsing(out, &parameters, &physician)?;
    delegation(out, &parameters, &physician)
}

fn lapsing(
    out: &mut Transcript,
    parameters: &PublicParameters,
    physician: &UserSecretKey,
) -> Outcome {
    writeln!(out, "\n# Keys that lapse\n")?;
    writeln!(
        out,
        "A physician's key opens only what was sealed before {LAPSES}, or without a date."
    )?;
    for (date, expected) in DATES {
        let found = try_key(
            parameters,
            &seal(parameters, "role:physician", date)?,
            physician,
        )?;
        out.answer(on(date), &found, expected)?;
    }
    Ok(())
}

fn delegation(
    out: &mut Transcript,
    parameters: &PublicParameters,
    physician: &UserSecretKey,
) -> Outcome {
    let mut rng = rand::rng();
    writeln!(out, "\n# Delegation\n")?;
    writeln!(
        out,
        "Without the authority, the physician makes a key for {DEVICE} for a device."
    )?;
    let device = physician.delegate(parameters, &DEVICE.parse()?, &mut rng)?;
    for (policy, date, expected) in DELEGATED {
        let found = try_key(parameters, &seal(parameters, policy, date)?, &device)?;
        out.answer(format_args!("{policy}, {}", on(date)), &found, expected)?;
    }
    let more = physician.delegate(parameters, &"ward:3, role:chief".parse()?, &mut rng);
    let found = match more {
        Ok(_) => "made".to_owned(),
        Err(KeyError::NotHeld { missing }) => format!("refused: lacks {}", list(&missing)),
        Err(other) => return Err(other.into()),
    };
    let expected = "refused: lacks role:chief";
    Ok(out.answer("a key for ward:3, role:chief", &found, expected)?)
}

fn seal(
    parameters: &PublicParameters,
    policy: &str,
    date: Option<&str>,
) -> Outcome<(Header, SharedSecret)> {
    let (policy, rng) = (policy.parse()?, &mut rand::rng());
    Ok(match date {
        None => encapsulate(parameters, &policy, CONTEXT, rng),
        Some(date) => encapsulate_dated(parameters, &policy, date.parse()?, CONTEXT, rng),
    })
}

fn on(date: Option<&str>) -> String {
    date.map_or_else(
        || "sealed without a date".to_owned(),
        |date| format!("sealed on {date}"),
    )
}
