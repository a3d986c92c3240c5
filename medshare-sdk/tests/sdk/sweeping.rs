//! Remains of killed seals that are not objects: the files that a store writes before it gives them
//! their names.

use std::future::IntoFuture as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use crate::support::{Fixture, MEMBERS, bytes, files_under, objects_in};
use medshare_sdk::Content;

const HOUR: Duration = Duration::from_secs(3600);

fn objects(fixture: &Fixture) -> PathBuf {
    let members = fixture.consortium.folder().join("members");
    members.join(MEMBERS[0]).join("objects")
}

/// Writes a staging file as a seal killed two hours ago has left it.
fn stage(file: &Path) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes(1_000, 1)).unwrap();
    set_old(file);
}

fn set_old(file: &Path) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_modified(SystemTime::now() - 2 * HOUR).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn staging_files_of_killed_seals_are_swept() {
    let fixture = Fixture::open().await;
    let (record, grant) = fixture.sealed_and_granted(b"kept").await;
    let kept = objects_in(&objects(&fixture));
    let registered = fixture.payloads(record);
    let registered = registered
        .iter()
        .find(|file| file.starts_with(objects(&fixture)));
    let registered = registered.unwrap().parent().unwrap();
    let killed = registered.with_file_name("ab".repeat(32));
    let unknown = objects(&fixture).join("records").join("cd".repeat(32));
    let unknown = unknown.join("1").join("ef".repeat(32));
    stage(&killed.join("payload#1"));
    stage(&killed.join("payload#2"));
    stage(&unknown.join("segments#1"));
    for object in files_under(registered) {
        set_old(&object);
    }
    stage(&registered.join("access#12"));
    std::fs::write(killed.join("access#1"), b"just now").unwrap();

    // A file written just now may be that of a running seal elsewhere, and so may all beside it.
    assert_eq!(fixture.st_mary.sweep_orphans(HOUR).await.unwrap(), 1);
    assert!(killed.join("payload#1").exists());
    assert!(!unknown.join("segments#1").exists());
    assert!(!registered.join("access#12").exists());
    stage(&killed.join("access#1"));
    assert_eq!(fixture.st_mary.sweep_orphans(HOUR).await.unwrap(), 1);
    let mut left = objects_in(&objects(&fixture));
    left.retain(|file| !kept.contains(file));
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(fixture.st_mary.sweep_orphans(HOUR).await.unwrap(), 0);
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"kept");
    fixture.close().await;
}

/// Content that arrives when the test sends it.
struct Awaited(mpsc::Receiver<Vec<u8>>);

impl Read for Awaited {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Ok(bytes) = self.0.recv() else {
            return Ok(0);
        };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// Whatever age the caller names: a seal that waits for its content is not taken for a killed one.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_seal_keeps_its_staging_files() {
    let fixture = Fixture::open().await;
    let (content, awaited) = mpsc::channel();
    let seal = fixture
        .st_mary
        .seal(Content::reader(Awaited(awaited)), &fixture.policy);
    let seal = tokio::spawn(seal.subject(&fixture.patient).into_future());
    while objects_in(&objects(&fixture)).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    fixture.st_mary.enrol("visitor", &[]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let swept = fixture.st_mary.sweep_orphans(Duration::ZERO).await.unwrap();
    assert_eq!(swept, 0);
    content.send(b"late".to_vec()).unwrap();
    drop(content);
    let grant = fixture.grant(seal.await.unwrap().unwrap()).await;
    assert_eq!(fixture.doctor.open(grant).await.unwrap().bytes(), b"late");
    fixture.close().await;
}
