//! What the consortium goes on through: one liar, one silent member, damaged stores, restarts,
//! odd sizes, interruptions, and many at once.

use std::future::IntoFuture as _;
use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::support::{Clinic, MEMBERS, SEALED_SEGMENT, bytes, files_under, swap_segments};
use futures::future::join_all;
use medshare_sdk::local::{HolderConduct, Presence};
use medshare_sdk::{Content, Error};

#[tokio::test(flavor = "multi_thread")]
async fn one_lying_holder_is_named() {
    let clinic = Clinic::open().await;
    let (_, grant) = clinic.sealed_and_granted(b"x").await;
    let opened = clinic.doctor.open(grant).await.unwrap();
    assert!(opened.access().culprits().is_empty());
    let liar = MEMBERS[1];
    let set_conduct = |conduct| clinic.consortium.set_holder_conduct(liar, conduct).unwrap();
    set_conduct(HolderConduct::Lie);
    let opened = clinic.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), b"x");
    assert_eq!(opened.access().culprits(), [liar]);
    assert_eq!(opened.receipt().share_count(), 3);
    set_conduct(HolderConduct::Refuse);
    let opened = clinic.doctor.open(grant).await.unwrap();
    assert!(opened.access().culprits().is_empty(), "to refuse is no lie");
    clinic.close().await;
}

/// A backup is cut off while everything goes on, catches up when it is back, and is then needed:
/// with another one cut off, neither a block nor a release comes about without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_backup_catches_up() {
    let clinic = Clinic::open().await;
    let presence = |member, presence| {
        let done = clinic.consortium.set_presence(member, presence);
        done.unwrap();
    };
    let (_, earlier) = clinic.sealed_and_granted(b"before").await;
    presence(MEMBERS[1], Presence::Silent);
    let (record, grant) = clinic.sealed_and_granted(b"meanwhile").await;
    let opened = clinic.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), b"meanwhile");
    clinic.doctor.open(earlier).await.unwrap();

    presence(MEMBERS[1], Presence::Present);
    presence(MEMBERS[2], Presence::Silent);
    let again = clinic.grant(record).await;
    for grant in [earlier, grant, again] {
        clinic.doctor.open(grant).await.unwrap();
    }
    presence(MEMBERS[2], Presence::Present);
    clinic.doctor.open(grant).await.unwrap();
    clinic.close().await;
}

/// Whatever happens to one of the two stores, whichever it is.
#[tokio::test(flavor = "multi_thread")]
async fn one_good_store_is_enough() {
    let clinic = Clinic::open().await;
    let content = bytes(3 * (1 << 16) + 9, 2);
    let (record, grant) = clinic.sealed_and_granted(content.clone()).await;
    let opens = async |what: &str| {
        let opened = clinic.doctor.open(grant).await;
        assert_eq!(opened.expect(what).bytes(), content, "{what}");
    };
    for file in clinic.payloads(record) {
        let good = std::fs::read(&file).unwrap();
        std::fs::write(&file, vec![0; good.len()]).unwrap();
        opens("zeros").await;
        std::fs::write(&file, &good[..SEALED_SEGMENT]).unwrap();
        opens("cut").await;
        std::fs::write(&file, [&good[..], b"more"].concat()).unwrap();
        opens("longer").await;
        std::fs::write(&file, &good).unwrap();
        swap_segments(&file);
        opens("two segments exchanged").await;
        std::fs::remove_file(&file).unwrap();
        opens("no payload").await;
        std::fs::write(&file, &good).unwrap();

        for part in ["access", "segments", "descriptor"] {
            let file = file.with_file_name(part);
            let good = std::fs::read(&file).unwrap();
            let mut altered = good.clone();
            altered[good.len() / 2] ^= 1;
            std::fs::write(&file, &altered).unwrap();
            opens(part).await;
            clinic.doctor.describe(record).await.unwrap();
            std::fs::remove_file(&file).unwrap();
            opens(part).await;
            clinic.doctor.describe(record).await.unwrap();
            std::fs::write(&file, &good).unwrap();
        }
        let folder = file.parent().unwrap();
        let aside = folder.with_file_name("aside");
        std::fs::rename(folder, &aside).unwrap();
        opens("nothing of the record").await;
        std::fs::rename(&aside, folder).unwrap();
    }
    clinic.close().await;
}

/// Each store has lost another segment: together they have all.
#[tokio::test(flavor = "multi_thread")]
async fn two_damaged_stores_make_up_for_each_other() {
    let clinic = Clinic::open().await;
    let content = bytes(4 * (1 << 16), 3);
    let (record, grant) = clinic.sealed_and_granted(content.clone()).await;
    for (file, segments) in clinic.payloads(record).iter().zip([[0, 3], [1, 2]]) {
        let mut stored = std::fs::read(file).unwrap();
        for segment in segments {
            stored[segment * SEALED_SEGMENT] ^= 1;
        }
        std::fs::write(file, stored).unwrap();
    }
    let opened = clinic.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), content);
    clinic.close().await;
}

/// Every size at which the number of segments or parts changes, in memory and as a stream.
#[tokio::test(flavor = "multi_thread")]
async fn every_size_comes_back() {
    let clinic = Clinic::open().await;
    let segment = 1 << 16;
    let part = 128 * segment;
    for length in [0, 1, segment - 1, segment, segment + 1, 2 * segment, part] {
        let content = bytes(length, length as u64);
        let (_, grant) = clinic.sealed_and_granted(content.clone()).await;
        let opened = clinic.doctor.open(grant).await.unwrap();
        assert_eq!(opened.access().length(), length as u64);
        assert!(opened.bytes() == content, "{length}");
    }

    let content = bytes(9 * (1 << 20) + 5, 4);
    let done = Arc::new(AtomicU64::new(0));
    let count = |calls: &Arc<AtomicU64>| {
        let calls = Arc::clone(calls);
        move |_| {
            calls.fetch_add(1, Ordering::Relaxed);
        }
    };
    let reader = Content::reader(Cursor::new(content.clone()));
    let seal = clinic.st_mary.seal(reader, &clinic.policy);
    let record = seal.subject(&clinic.patient).on_progress(count(&done));
    let record = record.await.unwrap();
    assert_eq!(done.load(Ordering::Relaxed), 2, "two parts sealed");
    let grant = clinic.grant(record).await;
    let mut streamed = Vec::new();
    let open = clinic.doctor.open(grant).on_progress(count(&done));
    let access = open.write_to(&mut streamed).await.unwrap();
    assert_eq!(done.load(Ordering::Relaxed), 4, "two parts opened");
    assert_eq!(access.length(), content.len() as u64);
    assert!(streamed == content);

    // After an error the writer has the front part of the content and no more.
    for file in clinic.payloads(record) {
        let mut stored = std::fs::read(&file).unwrap();
        stored[130 * SEALED_SEGMENT] ^= 1;
        std::fs::write(file, stored).unwrap();
    }
    let mut front = Vec::new();
    let error = clinic.doctor.open(grant).write_to(&mut front).await;
    assert_eq!(error.unwrap_err().code(), "segment_mismatch");
    assert!(content.starts_with(&front));
    clinic.close().await;
}

/// Gives some bytes, then an error.
struct Breaks(Cursor<Vec<u8>>);

impl Read for Breaks {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(std::io::Error::other("the scanner was unplugged")),
            count => Ok(count),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_breaks_off_leaves_nothing() {
    let clinic = Clinic::open().await;
    let seal = |content: Content| {
        let seal = clinic.st_mary.seal(content, &clinic.policy);
        seal.subject(&clinic.patient).idempotency_key("scan 1")
    };
    for length in [0, 100, 9 << 20] {
        let broken = Content::reader(Breaks(Cursor::new(bytes(length, 5))));
        let error = seal(broken).await.unwrap_err();
        assert_eq!(error.code(), "io");
        assert!(error.to_string().contains("unplugged"), "{error}");
        for member in MEMBERS {
            let folder = clinic.consortium.folder();
            let objects = folder.join("members").join(member).join("objects");
            let left = files_under(&objects);
            assert!(left.is_empty(), "{length} bytes: {left:?}");
        }
    }
    // The key is not taken: nothing was registered.
    let record = seal(b"whole".into()).await.unwrap();
    let grant = clinic.grant(record).await;
    assert_eq!(clinic.doctor.open(grant).await.unwrap().bytes(), b"whole");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_seals_once() {
    let folder = tempfile::tempdir().unwrap();
    let clinic = Clinic::open_in(folder.path()).await;
    let seal = async |clinic: &Clinic, content: &'static [u8], key: &str| {
        let seal = clinic.st_mary.seal(content, &clinic.policy);
        let seal = seal.subject(&clinic.patient).idempotency_key(key);
        seal.await.unwrap()
    };
    let record = seal(&clinic, b"first", "visit 17").await;
    assert_eq!(seal(&clinic, b"second", "visit 17").await, record);
    assert_ne!(seal(&clinic, b"second", "visit 18").await, record);
    let plain = clinic.seal(b"first").await;
    assert_ne!(clinic.seal(b"first").await, plain, "without a key");
    let charite = clinic.consortium.organisation(MEMBERS[1]).unwrap();
    let elsewhere = charite.seal(b"first", &clinic.policy);
    let elsewhere = elsewhere.subject(&clinic.patient);
    let elsewhere = elsewhere.idempotency_key("visit 17").await.unwrap();
    assert_ne!(elsewhere, record, "a key is its organisation's own");
    clinic.close().await;

    let clinic = Clinic::reopen(folder.path()).await;
    assert_eq!(seal(&clinic, b"third", "visit 17").await, record);
    let grant = clinic.grant(record).await;
    assert_eq!(clinic.doctor.open(grant).await.unwrap().bytes(), b"first");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consortia_live_side_by_side() {
    let (one, other) = tokio::join!(Clinic::open(), Clinic::open());
    let (record, grant) = one.sealed_and_granted(b"one").await;
    let (_, others) = other.sealed_and_granted(b"other").await;
    assert_eq!(one.doctor.open(grant).await.unwrap().bytes(), b"one");
    assert_eq!(other.doctor.open(others).await.unwrap().bytes(), b"other");
    let error = other.doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "unknown_grant");
    let error = other.doctor.describe(record).await.unwrap_err();
    assert_eq!(error.code(), "unknown_record");
    one.close().await;
    other.doctor.open(others).await.unwrap();
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_at_once() {
    let clinic = Arc::new(Clinic::open().await);
    let ways = (0..8).map(|n| {
        let clinic = Arc::clone(&clinic);
        tokio::spawn(async move {
            let content = bytes(70_000 + n, n as u64);
            let (record, grant) = clinic.sealed_and_granted(content.clone()).await;
            let opened = clinic.doctor.open(grant).await.unwrap();
            assert!(opened.bytes() == content, "{n}");
            record
        })
    });
    let records = join_all(ways).await.into_iter().map(Result::unwrap);
    let mut records: Vec<_> = records.collect();
    records.sort_unstable();
    records.dedup();
    assert_eq!(records.len(), 8);
    Arc::into_inner(clinic).unwrap().close().await;
}

/// A seal dropped at any moment has registered its record or has not; sealing again under the same
/// key makes it whole either way.
#[tokio::test(flavor = "multi_thread")]
async fn a_seal_dropped_midway() {
    let clinic = Clinic::open().await;
    let content = bytes(200_000, 6);
    let (mut dropped, mut done) = (0, 0);
    let mut records = Vec::new();
    for (n, ms) in [0, 1, 2, 4, 8, 15, 25, 40, 60, 100, 5_000]
        .into_iter()
        .enumerate()
    {
        let seal = || {
            let seal = clinic.st_mary.seal(content.clone(), &clinic.policy);
            let seal = seal.subject(&clinic.patient);
            seal.idempotency_key(format!("attempt {n}")).into_future()
        };
        let first = tokio::time::timeout(Duration::from_millis(ms), seal()).await;
        let record = seal().await.unwrap();
        records.push(record);
        match first {
            Ok(sealed) => {
                done += 1;
                assert_eq!(sealed.unwrap(), record);
            }
            Err(_) => dropped += 1,
        }
        let grant = clinic.grant(record).await;
        let opened = clinic.doctor.open(grant).await.unwrap();
        assert!(opened.bytes() == content, "after {ms} ms");
    }
    assert!(dropped > 0 && done > 0, "{dropped} dropped, {done} done");

    // What the dropped ones left is swept, and nothing else.
    let charite = clinic.consortium.organisation(MEMBERS[1]).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    for organisation in [&clinic.st_mary, &charite] {
        organisation.sweep_orphans(Duration::ZERO).await.unwrap();
        let folder = clinic.consortium.folder();
        let member = folder.join("members").join(organisation.name());
        let left = files_under(&member.join("objects"));
        assert_eq!(left.len(), 4 * records.len(), "{left:?}");
    }
    for record in records {
        let grant = clinic.grant(record).await;
        let opened = clinic.doctor.open(grant).await.unwrap();
        assert!(opened.bytes() == content);
    }
    clinic.close().await;
}

/// Two attempts under one key at the same time: one of them is the record, and neither harms it.
#[tokio::test(flavor = "multi_thread")]
async fn two_attempts_at_once() {
    let clinic = Clinic::open().await;
    for n in 0..6 {
        let seal = |content: &'static [u8]| {
            let seal = clinic.st_mary.seal(content, &clinic.policy);
            let seal = seal.subject(&clinic.patient);
            seal.idempotency_key(format!("visit {n}")).into_future()
        };
        let (one, other) = tokio::join!(seal(b"one"), seal(b"other"));
        let record = one.unwrap();
        assert_eq!(other.unwrap(), record);
        let grant = clinic.grant(record).await;
        let opened = clinic.doctor.open(grant).await.unwrap();
        assert!([&b"one"[..], b"other"].contains(&opened.bytes()));
        assert_eq!(
            clinic.payloads(record).len(),
            2,
            "the other's objects are gone"
        );
    }
    clinic.close().await;
}

/// An open dropped midway costs at the most its ticket.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_dropped_midway() {
    let clinic = Clinic::open().await;
    let (_, grant) = clinic.sealed_and_granted(b"x").await;
    for ms in [0, 1, 3, 10, 30, 60] {
        let open = clinic.doctor.open(grant).into_future();
        match tokio::time::timeout(Duration::from_millis(ms), open).await {
            Ok(opened) => assert_eq!(opened.unwrap().bytes(), b"x"),
            Err(_) => assert_eq!(clinic.doctor.open(grant).await.unwrap().bytes(), b"x"),
        }
    }
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_after_shut_down_fail() {
    let clinic = Clinic::open().await;
    let (_, grant) = clinic.sealed_and_granted(b"x").await;
    let consortium = clinic.consortium.clone();
    consortium.shut_down().await.unwrap();
    let error = clinic.doctor.open(grant).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable), "{error}");
    assert!(error.is_retryable());
}
