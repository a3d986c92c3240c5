//! The sizes of consortia that can be founded, and the names of their members.

use std::path::{Path, PathBuf};

use crate::support::{CHEAP, Fixture, MEMBERS, PASSPHRASE, files_under};
use medshare_sdk::local::LocalBuilder;
use medshare_sdk::{Consortium, Window};

#[tokio::test(flavor = "multi_thread")]
async fn a_size_that_cannot_be_founded_is_refused_before_anything_is_written() {
    for size in [0, 1, 3, 65, 1024, 100_000] {
        let error = Consortium::in_process(size).await.map(drop).unwrap_err();
        assert_eq!(error.code(), "invalid_size", "{error}");
        assert!(!error.is_retryable());
        let text = error.to_string();
        for word in ["4 to 64", &format!("not {size}")] {
            assert!(text.contains(word), "{text}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let builder = LocalBuilder::new(3).with_folder(folder.path());
    let error = builder.with_passphrase("x").start().await;
    assert_eq!(error.map(drop).unwrap_err().code(), "invalid_size");
    assert_eq!(files_under(folder.path()), [] as [PathBuf; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_members_than_have_names_of_their_own() {
    let builder = LocalBuilder::new(7).with_passphrase_cost(CHEAP);
    let consortium = builder.start().await.unwrap();
    consortium.organisation("organisation-7").unwrap();
    consortium.shut_down().await.unwrap();
}

/// The most that are allowed, 64, take a minute of one processor here, nearly all of it for the
/// ceremony, which `medshare-threshold` tests with as many holders.
#[tokio::test(flavor = "multi_thread")]
async fn many_members_found_seal_grant_and_open() {
    let builder = LocalBuilder::new(22).with_passphrase_cost(CHEAP);
    let fixture = Fixture::found(builder).await;
    let last = fixture.consortium.organisation("organisation-22").unwrap();
    let patient = last.enrol("patient", &[]).await.unwrap();
    let seal = last.seal(b"an ECG", &fixture.policy).subject(&patient);
    let record = seal.await.unwrap();
    let grant = patient.grant(record, &fixture.doctor, Window::days(1));
    let opened = fixture.doctor.open(grant.await.unwrap()).await.unwrap();
    assert_eq!(opened.bytes(), b"an ECG");
    fixture.close().await;
}

const HOSPITALS: [&str; 5] = ["westside", "dr-lee.clinic", "county_lab", "0", "st-mary"];

fn of<'n>(names: impl IntoIterator<Item = &'n str>, folder: &Path) -> LocalBuilder {
    LocalBuilder::with_members(names)
        .with_folder(folder)
        .with_passphrase(PASSPHRASE)
        .with_passphrase_cost(CHEAP)
}

#[tokio::test(flavor = "multi_thread")]
async fn members_have_the_names_that_the_caller_gives() {
    let folder = tempfile::tempdir().unwrap();
    for _ in ["founded", "opened again"] {
        let consortium = of(HOSPITALS, folder.path()).start().await.unwrap();
        let names: Vec<&str> = consortium.organisation_names().collect();
        assert_eq!(names, HOSPITALS);
        let lab = consortium.organisation("county_lab").unwrap();
        let patient = lab.enrolled_or_new("patient", &[]).await.unwrap();
        let reader = lab
            .enrolled_or_new("reader", &["role:medic"])
            .await
            .unwrap();
        let policy = "role:medic and vouched-by:county_lab".parse().unwrap();
        let record = lab.seal(b"x", &policy).subject(&patient).await.unwrap();
        let grant = patient.grant(record, &reader, Window::days(1)).await;
        let opened = reader.open(grant.unwrap()).await.unwrap();
        assert_eq!(opened.bytes(), b"x");
        consortium.shut_down().await.unwrap();
    }

    // Others than those of the folder are not what the caller meant.
    let fewer = &HOSPITALS[..4];
    let mut swapped = HOSPITALS;
    swapped.swap(0, 1);
    for others in [fewer, &swapped[..], &MEMBERS[..]] {
        let start = of(others.iter().copied(), folder.path()).start().await;
        let error = start.map(drop).unwrap_err();
        assert_eq!(error.code(), "other_members");
        let text = error.to_string();
        assert!(text.contains(&HOSPITALS.join(", ")), "{text}");
        assert!(text.contains(&others.join(", ")), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_member_can_have_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(65);
    for name in [
        "",
        "West",
        "west side",
        "charit\u{e9}",
        "a/b",
        "a:b",
        ".",
        "..",
        "--",
        &long,
        "st-mary",
    ] {
        let names = ["st-mary", "a", "b", name];
        let error = of(names, folder.path())
            .start()
            .await
            .map(drop)
            .unwrap_err();
        assert_eq!(error.code(), "invalid_member_name", "{name:?}");
        let text = error.to_string();
        let taken = name == "st-mary";
        let rule = if taken { "two founding" } else { "a-z" };
        assert!(
            text.contains(&format!("{name:?}")) && text.contains(rule),
            "{text}"
        );
        assert_eq!(files_under(folder.path()), [] as [PathBuf; 0], "{name:?}");
    }
}
