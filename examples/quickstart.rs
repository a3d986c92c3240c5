//! Seals files, grants and opens them, verifies the receipts, and revokes.
//!
//! `cargo run --release --example quickstart [-- FILE...]`
//!
//! The whole program is here: run it, then edit it. It works on the FILEs, or on a generated FHIR
//! bundle. The example `walkthrough` shows the rest: large files as streams, a consortium that is
//! kept in a folder, each way of being refused, receipts as files.

use std::error::Error;

use medshare_sdk::{AccessPolicy, Consortium, Organisation, Person, Purpose, Window};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut contents = Vec::new();
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        contents.push((path, bytes));
    }
    if contents.is_empty() {
        let bundle = medshare_examples::fhir::bundle(7).into_bytes();
        contents.push(("a generated FHIR bundle".to_owned(), bundle));
    }

    // Four organisations in this process, in a temporary folder.
    let consortium = Consortium::in_process(4).await?;
    let st_mary = consortium.organisation("st-mary")?;
    let patient = st_mary.enrol("patient-7", &[]).await?;
    let doctor = st_mary.enrol("dr-lee", &["role:cardiologist"]).await?;
    for (name, bytes) in &contents {
        println!("{name}, {} bytes", bytes.len());
        share(&consortium, &st_mary, &patient, &doctor, bytes).await?;
    }
    consortium.shut_down().await?;
    Ok(())
}

async fn share(
    consortium: &Consortium,
    st_mary: &Organisation,
    patient: &Person,
    doctor: &Person,
    bytes: &[u8],
) -> Result<(), Box<dyn Error>> {
    // Only people with this attribute can open the record ...
    let policy: AccessPolicy = "role:cardiologist".parse()?;
    let record = st_mary.seal(bytes, &policy).subject(patient).await?;
    println!("  sealed as record {record}");

    // ... and only with a grant of the patient, within its window and for its purpose.
    let window = Window::days(30);
    let grant = patient
        .grant(record, doctor, window)
        .purpose(Purpose::Treatment)
        .await?;
    println!("  granted to {} for 30 days", doctor.name());

    let opened = doctor.open(grant).await?;
    assert_eq!(opened.bytes(), bytes);
    println!("  opened, byte for byte the same");

    // The receipt proves the access to everyone who trusts the consortium's genesis.
    let ticket = opened.receipt().verify(&consortium.trust_anchor())?.clone();
    println!(
        "  receipt verified: {} read it at height {}",
        ticket.grantee, ticket.height
    );

    patient.revoke(grant).await?;
    if let Err(error) = doctor.open(grant).await {
        println!("  after the revocation: {} ({error})", error.code());
    } else {
        return Err("a revoked grant opened the record".into());
    }
    Ok(())
}
