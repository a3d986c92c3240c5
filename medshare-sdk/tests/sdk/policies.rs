//! Policies of every kind, from enrolment to opening.

use medshare_sdk::keystore::PassphraseCost;
use medshare_sdk::local::LocalBuilder;
use medshare_sdk::{Consortium, Window};

#[tokio::test(flavor = "multi_thread")]
async fn thresholds_numbers_and_dates() {
    let consortium = Consortium::in_process(4).await.unwrap();
    let st_mary = consortium.organisation("st-mary").unwrap();
    let patient = st_mary.enrol("patient", &[]).await.unwrap();
    let attributes = [
        "role:nurse",
        "ward:b",
        "clearance = 3",
        "hired = 2024-05-01",
    ];
    let nurse = st_mary.enrol("nurse", &attributes).await.unwrap();
    for (policy, opens) in [
        ("role:nurse and clearance >= 3", true),
        ("role:nurse and clearance > 3", false),
        ("clearance in 1..3", true),
        ("hired < 2025-01-01", true),
        ("hired < 2024-05-01", false),
        ("2 of (role:nurse, ward:a, ward:b)", true),
        ("3 of (role:nurse, ward:a, ward:b)", false),
        (
            "2 of (role:chief, ward:b and clearance < 4, hired == 2024-05-01)",
            true,
        ),
    ] {
        let parsed = policy.parse().unwrap();
        let record = st_mary
            .seal(b"notes", &parsed)
            .subject(&patient)
            .await
            .unwrap();
        let grant = patient
            .grant(record, &nurse, Window::days(1))
            .await
            .unwrap();
        match nurse.open(grant).await {
            Ok(opened) => assert!(opens && opened.bytes() == b"notes", "{policy}"),
            Err(error) => assert!(
                !opens && error.code() == "policy_unsatisfied",
                "{policy}: {error}"
            ),
        }
    }
    let twice = st_mary
        .enrol("twice", &["clearance = 3", "clearance = 4"])
        .await;
    assert_eq!(twice.unwrap_err().code(), "invalid_attribute");
    consortium.shut_down().await.unwrap();
}

/// A key that covers no day of sealing is renewed as soon as the authority issues longer ones.
#[tokio::test(flavor = "multi_thread")]
async fn lapsed_keys_are_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let start = |days: u16| {
        let cost = PassphraseCost {
            memory_kib: 64,
            passes: 1,
        };
        LocalBuilder::new(4)
            .with_folder(folder.path().join("consortium"))
            .with_passphrase("open sesame")
            .with_passphrase_cost(cost)
            .with_key_lifetime(days)
            .start()
    };
    let consortium = start(0).await.unwrap();
    let st_mary = consortium.organisation("st-mary").unwrap();
    let patient = st_mary.enrol("patient", &[]).await.unwrap();
    let nurse = st_mary.enrol("nurse", &["role:nurse"]).await.unwrap();
    let policy = "role:nurse".parse().unwrap();
    let sealing = st_mary.seal(b"notes", &policy).subject(&patient);
    let record = sealing.await.unwrap();
    let window = Window::days(1);
    let grant = patient.grant(record, &nurse, window).await.unwrap();
    let refused = nurse.open(grant).await.unwrap_err();
    assert_eq!(refused.code(), "key_lapsed");
    let refused = nurse.describe(record).await.unwrap_err();
    assert_eq!(refused.code(), "key_lapsed");
    consortium.shut_down().await.unwrap();

    let consortium = start(1).await.unwrap();
    let entry = "person/7:st-mary/5:nurse/attribute-key";
    let stored = async || {
        consortium
            .parts()
            .people
            .load(entry)
            .await
            .unwrap()
            .unwrap()
    };
    let before = stored().await;
    let st_mary = consortium.organisation("st-mary").unwrap();
    let nurse = st_mary.person("nurse").await.unwrap();
    assert_eq!(nurse.open(grant).await.unwrap().bytes(), b"notes");
    let renewed = stored().await;
    assert_ne!(before, renewed);
    // The new key is kept: no second request for the second reading.
    nurse.describe(record).await.unwrap();
    assert_eq!(stored().await, renewed);
    consortium.shut_down().await.unwrap();
}
