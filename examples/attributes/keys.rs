//! Keys that lapse, and keys for fewer attributes made from a key.

use std::io::Write;

use medshare_abe::{
    AccessPolicy, Date, KeyError, MasterSecretKey, Validity, encapsulate, encapsulate_dated,
};

use crate::{CONTEXT, Outcome, try_key};

pub(crate) fn show(out: &mut impl Write) -> Outcome {
    let mut rng = rand::rng();
    let (parameters, authority) = MasterSecretKey::setup(&mut rng);
    let attributes = "role:physician, ward:3, clearance = 4".parse()?;
    let validity = Validity::until("2027-01-01".parse()?)?;
    let key = authority.issue(&parameters, &attributes, validity, &mut rng)?;

    writeln!(out, "\n# Keys that lapse\n")?;
    writeln!(out, "A key for what was sealed from {validity}")?;
    let policy: AccessPolicy = "role:physician".parse()?;
    for day in ["1999-12-31", "2026-12-31", "2027-01-01"] {
        let date: Date = day.parse()?;
        let sealed = encapsulate_dated(&parameters, &policy, date, CONTEXT, &mut rng);
        match try_key(&parameters, &sealed, &key)? {
            Ok(()) => writeln!(out, "  opens what was sealed on {day}")?,
            Err(refusal) => writeln!(out, "  does not open: {refusal}")?,
        }
    }

    writeln!(out, "\n# Delegation\n")?;
    let fewer = "ward:3, clearance = 4".parse()?;
    let device = key.delegate(&parameters, &fewer, &mut rng)?;
    writeln!(out, "The physician makes a key for {fewer} for a device:")?;
    for text in ["ward:3 and clearance >= 2", "role:physician"] {
        let sealed = encapsulate(&parameters, &text.parse()?, CONTEXT, &mut rng);
        match try_key(&parameters, &sealed, &device)? {
            Ok(()) => writeln!(out, "  it opens {text}")?,
            Err(refusal) => writeln!(out, "  it does not open {text}: {refusal}")?,
        }
    }
    let more = "role:physician, role:chief".parse()?;
    match key.delegate(&parameters, &more, &mut rng) {
        Err(refused @ KeyError::NotHeld { .. }) => {
            writeln!(out, "  a key for {more} cannot be made from it: {refused}")?;
        }
        _ => return Err("a key was delegated for what its holder does not hold".into()),
    }
    Ok(())
}
