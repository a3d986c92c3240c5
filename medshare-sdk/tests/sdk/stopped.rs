//! Calls and watches on a consortium that was stopped end at once, and its folder stays claimed
//! until its files are closed.

use std::time::Duration;

use crate::support::{Fixture, MEMBERS, in_folder};
use medshare_sdk::Window;
use tokio::time::{Instant, timeout};

/// Far below every deadline of a call.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_on_a_stopped_consortium_ends() {
    let fixture = Fixture::open().await;
    let mut quiet = fixture.consortium.watch().await.unwrap();
    let waiting = tokio::spawn(async move { quiet.next().await });
    let mut later = fixture.consortium.watch().await.unwrap();
    // The first watch waits at a member by now.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    fixture.close().await;
    let ended = timeout(AT_ONCE, waiting).await.expect("ends at once");
    assert_eq!(ended.unwrap().unwrap_err().code(), "stopped");
    let ended = timeout(AT_ONCE, later.next()).await.expect("ends at once");
    let error = ended.unwrap_err();
    assert_eq!(error.code(), "stopped");
    assert!(!error.is_retryable());
    for name in MEMBERS {
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_on_a_stopped_consortium_fail_at_once() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let consortium = fixture.consortium.clone();
    consortium.shut_down().await.unwrap();
    let begun = Instant::now();
    let errors = [
        fixture.doctor.open(grant).await.map(drop).unwrap_err(),
        fixture
            .patient
            .grant(record, &fixture.doctor, Window::days(1))
            .await
            .map(drop)
            .unwrap_err(),
        fixture.patient.revoke(grant).await.map(drop).unwrap_err(),
        fixture
            .st_mary
            .enrol("another", &[])
            .await
            .map(drop)
            .unwrap_err(),
        fixture.consortium.watch().await.map(drop).unwrap_err(),
    ];
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    for error in errors {
        assert_eq!(error.code(), "stopped", "{error}");
    }
}

/// A second caller that stops the consortium waits for the first, and does not release the folder
/// under it.
#[tokio::test(flavor = "multi_thread")]
async fn either_of_two_that_stop_the_consortium_may_start_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::open_in(folder.path()).await;
    for _ in 0..3 {
        let other = fixture.consortium.clone();
        let first = tokio::spawn(fixture.consortium.shut_down());
        tokio::task::yield_now().await;
        other.shut_down().await.unwrap();
        fixture = Fixture::reopen(folder.path()).await;
        first.await.unwrap().unwrap();
    }
    fixture.close().await;
}

/// A consortium that is dropped keeps its folder until its members have closed their files.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_consortium_releases_its_folder_last() {
    let folder = tempfile::tempdir().unwrap();
    Fixture::open_in(folder.path()).await.close().await;
    for _ in 0..3 {
        drop(Fixture::reopen(folder.path()).await);
        // The folder is in use, or the files are closed: never a file that a member has open.
        in_folder(folder.path()).start().await.unwrap();
    }
}
