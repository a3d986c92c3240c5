//! Faults that the consortium survives: one wrong share, one silent member, damaged stores, odd
//! sizes, interruptions, and many operations at once.

use std::future::IntoFuture as _;
use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::support::{Fixture, MEMBERS, SEALED_SEGMENT, bytes, objects_in, swap_segments};
use futures::future::join_all;
use medshare_sdk::Content;
use medshare_sdk::local::{HolderConduct, Presence};

#[tokio::test(flavor = "multi_thread")]
async fn one_culprit_is_named() {
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert!(opened.access().culprits().is_empty());
    let culprit = MEMBERS[1];
    let set_conduct = |conduct| {
        fixture
            .consortium
            .set_holder_conduct(culprit, conduct)
            .unwrap()
    };
    set_conduct(HolderConduct::Lie);
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), b"x");
    assert_eq!(opened.access().culprits(), [culprit]);
    assert_eq!(opened.receipt().share_count(), 3);
    set_conduct(HolderConduct::Refuse);
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert!(
        opened.access().culprits().is_empty(),
        "a refusal is not a wrong share"
    );
    fixture.close().await;
}

/// A backup is cut off while the others continue, catches up on its return, and is then needed: with
/// another one cut off, neither a block nor a release is possible without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_backup_catches_up() {
    let fixture = Fixture::open().await;
    let presence = |member, presence| {
        let done = fixture.consortium.set_presence(member, presence);
        done.unwrap();
    };
    let (_, earlier) = fixture.sealed_and_granted(b"before").await;
    presence(MEMBERS[1], Presence::Silent);
    let (record, grant) = fixture.sealed_and_granted(b"meanwhile").await;
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), b"meanwhile");
    fixture.doctor.open(earlier).await.unwrap();

    presence(MEMBERS[1], Presence::Present);
    presence(MEMBERS[2], Presence::Silent);
    let again = fixture.grant(record).await;
    for grant in [earlier, grant, again] {
        fixture.doctor.open(grant).await.unwrap();
    }
    presence(MEMBERS[2], Presence::Present);
    fixture.doctor.open(grant).await.unwrap();
    fixture.close().await;
}

/// Any damage to either of the two stores.
#[tokio::test(flavor = "multi_thread")]
async fn one_good_store_is_enough() {
    let fixture = Fixture::open().await;
    let content = bytes(3 * (1 << 16) + 9, 2);
    let (record, grant) = fixture.sealed_and_granted(content.clone()).await;
    let opens = async |what: &str| {
        let opened = fixture.doctor.open(grant).await;
        assert_eq!(opened.expect(what).bytes(), content, "{what}");
    };
    for file in fixture.payloads(record) {
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

        for object in ["access", "segments", "descriptor"] {
            let file = file.with_file_name(object);
            let good = std::fs::read(&file).unwrap();
            let mut altered = good.clone();
            altered[good.len() / 2] ^= 1;
            std::fs::write(&file, &altered).unwrap();
            opens(object).await;
            fixture.doctor.describe(record).await.unwrap();
            std::fs::remove_file(&file).unwrap();
            opens(object).await;
            fixture.doctor.describe(record).await.unwrap();
            std::fs::write(&file, &good).unwrap();
        }
        let folder = file.parent().unwrap();
        let aside = folder.with_file_name("aside");
        std::fs::rename(folder, &aside).unwrap();
        opens("nothing of the record").await;
        std::fs::rename(&aside, folder).unwrap();
    }
    fixture.close().await;
}

/// Each store has lost different segments: together they have all.
#[tokio::test(flavor = "multi_thread")]
async fn two_damaged_stores_make_up_for_each_other() {
    let fixture = Fixture::open().await;
    let content = bytes(4 * (1 << 16), 3);
    let (record, grant) = fixture.sealed_and_granted(content.clone()).await;
    for (file, segments) in fixture.payloads(record).iter().zip([[0, 3], [1, 2]]) {
        let mut stored = std::fs::read(file).unwrap();
        for segment in segments {
            stored[segment * SEALED_SEGMENT] ^= 1;
        }
        std::fs::write(file, stored).unwrap();
    }
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), content);
    fixture.close().await;
}

/// Every size at which the number of segments or chunks changes, in memory and as a stream.
#[tokio::test(flavor = "multi_thread")]
async fn every_size_comes_back() {
    let fixture = Fixture::open().await;
    let segment = 1 << 16;
    let chunk = 128 * segment;
    for length in [0, 1, segment - 1, segment, segment + 1, 2 * segment, chunk] {
        let content = bytes(length, length as u64);
        let (_, grant) = fixture.sealed_and_granted(content.clone()).await;
        let opened = fixture.doctor.open(grant).await.unwrap();
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
    let seal = fixture.st_mary.seal(reader, &fixture.policy);
    let record = seal.subject(&fixture.patient).on_progress(count(&done));
    let record = record.await.unwrap();
    assert_eq!(done.load(Ordering::Relaxed), 2, "two chunks sealed");
    let grant = fixture.grant(record).await;
    let mut streamed = Vec::new();
    let open = fixture.doctor.open(grant).on_progress(count(&done));
    let access = open.write_to(&mut streamed).await.unwrap();
    assert_eq!(done.load(Ordering::Relaxed), 4, "two chunks opened");
    assert_eq!(access.length(), content.len() as u64);
    assert!(streamed == content);

    // After an error the writer has a prefix of the content.
    for file in fixture.payloads(record) {
        let mut stored = std::fs::read(&file).unwrap();
        stored[130 * SEALED_SEGMENT] ^= 1;
        std::fs::write(file, stored).unwrap();
    }
    let mut prefix = Vec::new();
    let error = fixture.doctor.open(grant).write_to(&mut prefix).await;
    assert_eq!(error.unwrap_err().code(), "segment_mismatch");
    assert!(content.starts_with(&prefix));
    fixture.close().await;
}

/// Reads some bytes, then fails.
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
    let fixture = Fixture::open().await;
    let seal = |content: Content| {
        let seal = fixture.st_mary.seal(content, &fixture.policy);
        seal.subject(&fixture.patient).idempotency_key("scan 1")
    };
    for length in [0, 100, 9 << 20] {
        let broken = Content::reader(Breaks(Cursor::new(bytes(length, 5))));
        let error = seal(broken).await.unwrap_err();
        assert_eq!(error.code(), "io");
        assert!(error.to_string().contains("unplugged"), "{error}");
        for member in MEMBERS {
            let folder = fixture.consortium.folder();
            let objects = folder.join("members").join(member).join("objects");
            let left = objects_in(&objects);
            assert!(left.is_empty(), "{length} bytes: {left:?}");
        }
    }
    // The key is not taken: nothing was registered.
    let record = seal(b"whole".into()).await.unwrap();
    let grant = fixture.grant(record).await;
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"whole");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_seals_once() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let seal = async |fixture: &Fixture, key: &str| {
        let seal = fixture.st_mary.seal(b"first", &fixture.policy);
        let seal = seal.subject(&fixture.patient).idempotency_key(key);
        seal.await.unwrap()
    };
    let record = seal(&fixture, "visit 17").await;
    assert_eq!(seal(&fixture, "visit 17").await, record);
    assert_ne!(seal(&fixture, "visit 18").await, record);
    let plain = fixture.seal(b"first").await;
    assert_ne!(fixture.seal(b"first").await, plain, "without a key");
    let charite = fixture.consortium.organisation(MEMBERS[1]).unwrap();
    let elsewhere = charite.seal(b"first", &fixture.policy);
    let elsewhere = elsewhere.subject(&fixture.patient);
    let elsewhere = elsewhere.idempotency_key("visit 17").await.unwrap();
    assert_ne!(elsewhere, record, "a key is its organisation's own");
    fixture.close().await;

    let fixture = Fixture::reopen(folder.path()).await;
    assert_eq!(seal(&fixture, "visit 17").await, record);
    let grant = fixture.grant(record).await;
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"first");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consortia_live_side_by_side() {
    let (one, other) = tokio::join!(Fixture::open(), Fixture::open());
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
    let fixture = Arc::new(Fixture::open().await);
    let ways = (0..8).map(|n| {
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move {
            let content = bytes(70_000 + n, n as u64);
            let (record, grant) = fixture.sealed_and_granted(content.clone()).await;
            let opened = fixture.doctor.open(grant).await.unwrap();
            assert!(opened.bytes() == content, "{n}");
            record
        })
    });
    let records = join_all(ways).await.into_iter().map(Result::unwrap);
    let mut records: Vec<_> = records.collect();
    records.sort_unstable();
    records.dedup();
    assert_eq!(records.len(), 8);
    Arc::into_inner(fixture).unwrap().close().await;
}

/// A seal dropped at any moment has registered its record or has not; sealing again under the same
/// key completes it either way.
#[tokio::test(flavor = "multi_thread")]
async fn a_seal_dropped_midway() {
    let fixture = Fixture::open().await;
    let content = bytes(200_000, 6);
    let mut dropped = 0;
    let mut done = 0;
    let mut records = Vec::new();
    for (n, ms) in [0, 1, 2, 4, 8, 15, 25, 40, 60, 100, 5_000]
        .into_iter()
        .enumerate()
    {
        let seal = || {
            let seal = fixture.st_mary.seal(content.clone(), &fixture.policy);
            let seal = seal.subject(&fixture.patient);
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
        let grant = fixture.grant(record).await;
        let opened = fixture.doctor.open(grant).await.unwrap();
        assert!(opened.bytes() == content, "after {ms} ms");
    }
    assert!(dropped > 0 && done > 0, "{dropped} dropped, {done} done");

    // Sweeping removes the remains of the dropped ones, and nothing else.
    let charite = fixture.consortium.organisation(MEMBERS[1]).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    for organisation in [&fixture.st_mary, &charite] {
        organisation.sweep_orphans(Duration::ZERO).await.unwrap();
        let folder = fixture.consortium.folder();
        let member = folder.join("members").join(organisation.name());
        let left = objects_in(&member.join("objects"));
        assert_eq!(left.len(), 5 * records.len(), "{left:?}");
    }
    for record in records {
        let grant = fixture.grant(record).await;
        let opened = fixture.doctor.open(grant).await.unwrap();
        assert!(opened.bytes() == content);
    }
    fixture.close().await;
}

/// An open dropped midway costs at most its ticket.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_dropped_midway() {
    let fixture = Fixture::open().await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    for ms in [0, 1, 3, 10, 30, 60] {
        let open = fixture.doctor.open(grant).into_future();
        match tokio::time::timeout(Duration::from_millis(ms), open).await {
            Ok(opened) => assert_eq!(opened.unwrap().bytes(), b"x"),
            Err(_) => assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"x"),
        }
    }
    fixture.close().await;
}
