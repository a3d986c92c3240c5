//! A program outside the workspace that uses attribute-based encryption alone.

use medshare_abe::{AccessPolicy, AttributeSet, DecapsulateError, MasterSecretKey, Validity, decapsulate, encapsulate};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = rand::rng();
    let (parameters, master) = MasterSecretKey::setup(&mut rng);
    let policy: AccessPolicy = "role:cardiologist and (ward:a or ward:b)".parse()?;
    let (header, sealed) = encapsulate(&parameters, &policy, b"context", &mut rng);

    let entitled: AttributeSet = "role:cardiologist, ward:b".parse()?;
    let key = master.issue(&parameters, &entitled, Validity::ALWAYS, &mut rng)?;
    let opened = decapsulate(&parameters, &header, &key, b"context")?;
    assert_eq!(opened.as_bytes(), sealed.as_bytes());

    let other: AttributeSet = "role:cardiologist".parse()?;
    let key = master.issue(&parameters, &other, Validity::ALWAYS, &mut rng)?;
    match decapsulate(&parameters, &header, &key, b"context") {
        Err(DecapsulateError::PolicyUnsatisfied { missing }) => println!("missing: {missing:?}"),
        other => return Err(format!("expected a refusal, got {other:?}").into()),
    }
    Ok(())
}
