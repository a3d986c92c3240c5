//! Windows and bounds in which no reader could ever open a record are refused at once.

use std::time::Duration;

use medshare_sdk::{Timestamp, Window};

use crate::support::{Fixture, files_under, now};

const HOUR_MS: u64 = 3_600_000;

fn between(not_before: Timestamp, not_after: Timestamp) -> Window {
    Window::between(not_before, not_after).unwrap()
}

/// A moment as a caller gives it that takes milliseconds for another unit.
fn slipped(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_could_never_be_used_is_not_given() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let now = now().as_millis();
    let seconds = now / 1000;
    let past = between(slipped(now - 2 * HOUR_MS), slipped(now - HOUR_MS));
    let in_seconds = between(slipped(seconds), slipped(seconds + 3_600));
    let in_microseconds = between(slipped(now * 1000), slipped((now + HOUR_MS) * 1000));
    let open_end = between(slipped(now), Timestamp::MAX);
    for (window, expected) in [
        (past, "is over"),
        (in_seconds, "seconds"),
        (in_microseconds, "microseconds"),
        (between(slipped(now), slipped(now * 1000)), "microseconds"),
        (Window::days(0), "empty"),
        (Window::lasting(Duration::ZERO), "empty"),
        (Window::lasting(Duration::from_micros(999)), "empty"),
        (Window::days(1).starting_in(Duration::MAX), "begins"),
        (open_end.starting_in(Duration::MAX), "begins"),
    ] {
        let grant = fixture.patient.grant(record, &fixture.doctor, window);
        let error = grant.await.expect_err(expected);
        assert_eq!(error.code(), "invalid_times");
        assert!(!error.is_retryable());
        assert!(error.to_string().contains(expected), "{error}");
    }
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_window_that_is_put_off_opens_later() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"x").await;
    let open_end = between(now(), Timestamp::MAX);
    let later = open_end.starting_in(Duration::from_secs(3_600));
    let grant = fixture.patient.grant(record, &fixture.doctor, later).await;
    let error = fixture.doctor.open(grant.unwrap()).await.unwrap_err();
    assert_eq!(error.code(), "not_yet");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_could_never_be_opened_is_not_sealed() {
    let fixture = Fixture::open().await;
    let now = now().as_millis();
    let past = slipped(now - HOUR_MS);
    let later = slipped(now + HOUR_MS);
    let before = files_under(fixture.consortium.folder()).len();
    for (floor, ceiling, expected) in [
        (slipped(0), past, "is over"),
        (slipped(0), slipped(now / 1000), "seconds"),
        (later, later, "empty"),
        (Timestamp::MAX, later, "begins"),
        (slipped(now / 1000), Timestamp::MAX, "seconds"),
        (slipped(now * 1000), Timestamp::MAX, "microseconds"),
    ] {
        let seal = fixture.st_mary.seal(b"x", &fixture.policy);
        let seal = seal.subject(&fixture.patient).bounds(floor, ceiling);
        let error = seal.await.expect_err(expected);
        assert_eq!(error.code(), "invalid_times");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let after = files_under(fixture.consortium.folder()).len();
    assert_eq!(after, before, "nothing was begun");
    fixture.close().await;
}

/// A grant opens only what the record's own bounds open.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_outside_the_records_bounds_is_not_given() {
    let fixture = Fixture::open().await;
    let opens_at = now().plus_millis(2 * HOUR_MS);
    let seal = fixture.st_mary.seal(b"x", &fixture.policy);
    let seal = seal.subject(&fixture.patient);
    let record = seal.bounds(opens_at, Timestamp::MAX).await.unwrap();
    let hour = Window::lasting(Duration::from_secs(3_600));
    let early = fixture.patient.grant(record, &fixture.doctor, hour).await;
    let error = early.unwrap_err();
    assert_eq!(error.code(), "invalid_times");
    assert!(error.to_string().contains("bounds"), "{error}");
    let both = hour.starting_in(Duration::from_secs(3_601));
    let grant = fixture.patient.grant(record, &fixture.doctor, both);
    grant.await.unwrap();
    fixture.close().await;
}
