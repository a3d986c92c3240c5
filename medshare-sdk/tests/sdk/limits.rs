//! What an object store can make a reader do, and how much can be sealed.

use std::fs::File;
use std::process::Command;

use medshare_sdk::Content;

use crate::support::{Clinic, bytes, files_under};

/// The most memory that this process has had in use so far, bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() * 1024
}

/// The chain says how many digests there are, so no store can have more than those fetched.
///
/// Peak memory is that of the whole process, so the test repeats itself in a process of its own.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_store_cannot_make_a_reader_fetch_more_than_the_chain_names() {
    const LIE: u64 = 800 << 20;
    const ALONE: &str = "MEDSHARE_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let name = "limits::a_store_cannot_make_a_reader_fetch_more_than_the_chain_names";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let output = alone.args(["--exact", name]).env(ALONE, "1").output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(text.contains("test result: ok. 1 passed"), "{text}");
        return;
    }
    let clinic = Clinic::open().await;
    let content = bytes(100_000, 1);
    let (record, grant) = clinic.sealed_and_granted(content.clone()).await;
    clinic.doctor.open(grant).await.unwrap();
    let before = peak_memory();
    let digests = clinic
        .payloads(record)
        .map(|file| file.with_file_name("segments"));
    let good = std::fs::read(&digests[1]).unwrap();
    for file in &digests {
        let lie = File::options().write(true).open(file).unwrap();
        lie.set_len(LIE).unwrap();
    }
    let error = clinic.doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "object_unavailable");
    let error = clinic.doctor.describe(record).await.unwrap_err();
    assert_eq!(error.code(), "object_unavailable");
    std::fs::write(&digests[1], good).unwrap();
    let opened = clinic.doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), content, "one good copy is enough");
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < LIE / 4, "{grown}");
    clinic.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_back_is_not_sealed() {
    let clinic = Clinic::open().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long");
    // All hole: it takes no room.
    let file = File::create(&path).unwrap();
    file.set_len(Content::MAX_LEN + 1).unwrap();
    let stored = || files_under(clinic.consortium.folder()).len();
    let before = stored();
    let seal = clinic.st_mary.seal(Content::file(path), &clinic.policy);
    let seal = seal
        .subject(&clinic.patient)
        .on_progress(|_| unreachable!());
    let error = seal.await.unwrap_err();
    assert_eq!(error.code(), "content_too_long");
    assert_eq!(stored(), before, "nothing was begun");
    clinic.close().await;
}
