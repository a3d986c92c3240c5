//! Policies of every kind, from enrolment to opening.

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
