//! Bounds of what a store can make a reader fetch, and of what can be sealed.

use std::fs::File;
use std::process::Command;

use medshare_sdk::Content;

use crate::support::{Fixture, bytes, files_under};

/// Peak memory of this process in bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() * 1024
}

/// The chain names the number of digests, so a reader fetches no more than those.
///
/// Peak memory is that of the whole process, so the test repeats itself in a process of its own.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_store_cannot_make_a_reader_fetch_more_than_the_chain_names() {
    const INFLATED: u64 = 800 << 20;
    const ALONE: &str = "MEDSHARE_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let name = "limits::a_store_cannot_make_a_reader_fetch_more_than_the_chain_names";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let output = alone.args(["--exact", name]).env(ALONE, "1").output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(text.contains("test result: ok. 1 passed"), "{text}");
        return;
    }
    let fixture = Fixture::open().await;
    let content = bytes(100_000, 1);
    let (record, grant) = fixture.sealed_and_granted(content.clone()).await;
    fixture.doctor.open(grant).await.unwrap();
    let before = peak_memory();
    let digests = fixture
        .payloads(record)
        .map(|file| file.with_file_name("segments"));
    let good = std::fs::read(&digests[1]).unwrap();
    for file in &digests {
        let inflated = File::options().write(true).open(file).unwrap();
        inflated.set_len(INFLATED).unwrap();
    }
    let error = fixture.doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "object_unavailable");
    let error = fixture.doctor.describe(record).await.unwrap_err();
    assert_eq!(error.code(), "object_unavailable");
    std::fs::write(&digests[1], good).unwrap();
    let opened = fixture.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), content, "one good copy is enough");
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < INFLATED / 4, "{grown}");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_could_not_be_read_back_is_not_sealed() {
    let fixture = Fixture::open().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long");
    // Sparse: it takes no disk space.
    let file = File::create(&path).unwrap();
    file.set_len(Content::MAX_LEN + 1).unwrap();
    let stored = || files_under(fixture.consortium.folder()).len();
    let before = stored();
    let seal = fixture.st_mary.seal(Content::file(path), &fixture.policy);
    let seal = seal
        .subject(&fixture.patient)
        .on_progress(|_| unreachable!());
    let error = seal.await.unwrap_err();
    assert_eq!(error.code(), "content_too_long");
    assert_eq!(stored(), before, "nothing was begun");
    fixture.close().await;
}
