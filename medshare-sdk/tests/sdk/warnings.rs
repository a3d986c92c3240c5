//! Doubts about a policy, told at once and not when a reader asks.

use medshare_sdk::{AccessPolicy, SealWarning, SealedRecord};

use crate::support::{Fixture, MEMBERS};

async fn sealed(fixture: &Fixture, policy: &str) -> SealedRecord {
    let policy: AccessPolicy = policy.parse().unwrap();
    let seal = fixture.st_mary.seal(b"x", &policy);
    seal.subject(&fixture.patient).await.unwrap()
}

async fn warnings(fixture: &Fixture, policy: &str) -> Vec<SealWarning> {
    sealed(fixture, policy).await.warnings().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_without_a_reader_is_a_warning() {
    let fixture = Fixture::open().await;
    let unread = [SealWarning::NoKnownReader];
    for policy in ["role:medik", "role:medic and ward:icu", "clearance >= 3"] {
        assert_eq!(warnings(&fixture, policy).await, unread, "{policy}");
    }
    for policy in ["role:medic", "role:medik or role:medic"] {
        assert_eq!(warnings(&fixture, policy).await, [], "{policy}");
    }
    let vouched = format!("role:medic and vouched-by:{}", MEMBERS[0]);
    assert_eq!(warnings(&fixture, &vouched).await, []);
    let elsewhere = format!("role:medic and vouched-by:{}", MEMBERS[1]);
    assert_eq!(warnings(&fixture, &elsewhere).await, unread);

    // The record exists, and a reader who comes later opens it.
    let attributes = ["role:medic", "ward:icu"];
    let record = sealed(&fixture, "role:medic and ward:icu").await;
    let late = fixture.st_mary.enrol("late", &attributes).await.unwrap();
    late.describe(record).await.unwrap();
    assert_eq!(warnings(&fixture, "role:medic and ward:icu").await, []);
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_of_no_member_is_a_warning() {
    let fixture = Fixture::open().await;
    let never = [SealWarning::UnknownVoucher, SealWarning::NoKnownReader];
    for policy in [
        "vouched-by:saint-mary",
        "role:medic and vouched-by:saint-mary",
        "2 of (role:medic, vouched-by:saint-mary, vouched-by:nowhere)",
    ] {
        assert_eq!(warnings(&fixture, policy).await, never, "{policy}");
    }
    let either = "role:medic or vouched-by:saint-mary";
    assert_eq!(warnings(&fixture, either).await, []);
    assert!(never[0].to_string().contains("members' names"));
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_contradicts_itself_is_a_warning() {
    let fixture = Fixture::open().await;
    let never = [SealWarning::Contradiction, SealWarning::NoKnownReader];
    for policy in [
        "clearance > 5 and clearance < 3",
        "role:medic and (clearance == 1 and clearance == 2)",
    ] {
        assert_eq!(warnings(&fixture, policy).await, never, "{policy}");
    }
    let either = "role:medic or (clearance > 5 and clearance < 3)";
    assert_eq!(warnings(&fixture, either).await, []);
    assert!(never[0].to_string().contains("contradicts itself"));
    fixture.close().await;
}
