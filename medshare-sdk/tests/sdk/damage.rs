//! Damaged and missing files of members: up to f members stop none of the others.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::rebuild::{assert_votes, file, wait_until_whole};
use crate::support::{DOCTOR, Fixture, MEMBERS, PATIENT, files_under, in_folder};
use medshare_sdk::local::HolderConduct;
use medshare_sdk::{DamagedFile, Error, GrantId, MemberState, WayBack, Window};

/// Starts without one member, says so, and orders and opens; the damaged files stay as they are.
async fn assert_starts_without(
    folder: &Path,
    member: &str,
    damaged: DamagedFile,
    grant: GrantId,
    case: &str,
) {
    let seat = MEMBERS.iter().position(|name| *name == member).unwrap();
    let own = folder.join("members").join(member);
    let before = contents(&own);
    let fixture = Fixture::reopen(folder).await;
    let found = fixture.consortium.damaged().await;
    assert_eq!(found.len(), 1, "{case}: {found:?}");
    assert_eq!(found[0].organisation, member, "{case}");
    assert_eq!(found[0].file, damaged, "{case}: {}", found[0]);
    assert!(found[0].path.starts_with(&own), "{case}: {}", found[0]);
    let way_back = if damaged == DamagedFile::KeyStore {
        WayBack::RestoreKeyStore
    } else {
        WayBack::Rebuild
    };
    assert_eq!(found[0].way_back, way_back, "{case}");
    let health = fixture.consortium.health().await;
    let state = &health[seat].state;
    assert!(
        matches!(state, MemberState::Damaged { file, .. } if *file == damaged),
        "{case}: {state:?}"
    );
    let problem = health[seat].problem().unwrap();
    assert!(problem.contains(member) && problem.contains(&found[0].path.display().to_string()));
    fixture.doctor.open(grant).await.unwrap();
    fixture.close().await;
    // The database notes in a sound file that it was opened.
    if case != "another ledger" {
        assert!(contents(&own) == before, "{case}: left as it is");
    }
}

/// Every file below a member's folder but its objects, with its bytes.
fn contents(member: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = files_under(member);
    files.retain(|path| !path.starts_with(member.join("objects")));
    files.sort();
    let read = |path: PathBuf| (path.clone(), std::fs::read(path).unwrap());
    files.into_iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_stops_no_other_member() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    let path = file(folder.path(), MEMBERS[2], "consensus.log");
    // With records in it, as after a crash.
    let log = loop {
        fixture.doctor.open(grant).await.unwrap();
        let log = std::fs::read(&path).unwrap();
        if log.len() > 2_000 {
            break log;
        }
    };
    fixture.close().await;
    let kept = std::fs::read(&path).unwrap();
    // In the file's header, in the first frame's header, in its body.
    for at in [0, 10, 38, 60, 75, 140, 190] {
        let mut damaged = log.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        let case = format!("byte {at}");
        assert_starts_without(folder.path(), MEMBERS[2], DamagedFile::Log, grant, &case).await;
    }
    std::fs::write(&path, &log[..20]).unwrap();
    assert_starts_without(folder.path(), MEMBERS[2], DamagedFile::Log, grant, "cut").await;
    std::fs::remove_file(&path).unwrap();
    assert_starts_without(folder.path(), MEMBERS[2], DamagedFile::Log, grant, "gone").await;
    std::fs::create_dir(&path).unwrap();
    assert_starts_without(folder.path(), MEMBERS[2], DamagedFile::Log, grant, "folder").await;
    std::fs::remove_dir(&path).unwrap();

    // The bytes come back in another file: a copy, so its member forgot votes, and takes part again.
    std::fs::write(&path, kept).unwrap();
    let fixture = Fixture::reopen(folder.path()).await;
    assert!(fixture.consortium.damaged().await.is_empty());
    wait_until_whole(&fixture, 2).await;
    assert_votes(&fixture, MEMBERS[3], grant).await;
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_ledger_stops_no_other_member() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    let path = file(folder.path(), MEMBERS[3], "ledger.redb");
    let kept = std::fs::read(&path).unwrap();
    // A value that the state has held since genesis, at every offset that has it.
    let mut flipped = kept.clone();
    let offsets = kept.windows(MEMBERS[2].len()).enumerate();
    let offsets = offsets.filter(|(_, window)| *window == MEMBERS[2].as_bytes());
    let offsets: Vec<_> = offsets.map(|(offset, _)| offset).collect();
    assert!(!offsets.is_empty());
    offsets.iter().for_each(|offset| flipped[*offset] ^= 1);
    let cut = kept[..kept.len() / 2].to_vec();
    for (case, damaged) in [
        ("flipped", flipped),
        ("cut", cut),
        ("empty", Vec::new()),
        ("other", b"no database at all".repeat(999)),
    ] {
        std::fs::write(&path, &damaged).unwrap();
        assert_starts_without(folder.path(), MEMBERS[3], DamagedFile::Ledger, grant, case).await;
    }
    std::fs::remove_file(&path).unwrap();
    assert_starts_without(
        folder.path(),
        MEMBERS[3],
        DamagedFile::Ledger,
        grant,
        "gone",
    )
    .await;
    std::fs::write(&path, kept).unwrap();
    let fixture = Fixture::reopen(folder.path()).await;
    assert!(fixture.consortium.damaged().await.is_empty());
    assert_votes(&fixture, MEMBERS[2], grant).await;
    fixture.close().await;
}

/// Sound files of another consortium.
#[tokio::test(flavor = "multi_thread")]
async fn another_consortiums_ledger_or_log_is_damage() {
    let one = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(one.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    Fixture::open_in(other.path()).await.close().await;
    for (name, kind, case) in [
        ("ledger.redb", DamagedFile::Ledger, "another ledger"),
        ("consensus.log", DamagedFile::Log, "another log"),
    ] {
        let path = file(one.path(), MEMBERS[1], name);
        let own = std::fs::read(&path).unwrap();
        std::fs::copy(file(other.path(), MEMBERS[1], name), &path).unwrap();
        assert_starts_without(one.path(), MEMBERS[1], kind, grant, case).await;
        std::fs::write(&path, own).unwrap();
    }
    Fixture::reopen(one.path()).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_store_stops_no_other_member_and_signs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    let keys = file(folder.path(), MEMBERS[1], "keys");
    let kept: Vec<_> = contents(&keys);
    let lock = keys.join("store");
    let mut altered = std::fs::read(&lock).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    std::fs::write(&lock, altered).unwrap();
    let kind = DamagedFile::KeyStore;
    assert_starts_without(folder.path(), MEMBERS[1], kind, grant, "altered").await;

    let consortium = in_folder(folder.path()).start().await.unwrap();
    let charite = consortium.organisation(MEMBERS[1]).unwrap();
    let error = charite
        .enrol("Dr Keyless", &["role:medic"])
        .await
        .unwrap_err();
    assert_eq!(error.code(), "key_store", "{error}");
    assert!(error.to_string().contains(MEMBERS[1]), "{error}");
    let error = consortium.rebuild(MEMBERS[1]).await.unwrap_err();
    assert_eq!(error.code(), "member");
    assert!(
        error.to_string().contains("restore the key store"),
        "{error}"
    );
    consortium.shut_down().await.unwrap();

    std::fs::remove_dir_all(&keys).unwrap();
    assert_starts_without(folder.path(), MEMBERS[1], kind, grant, "gone").await;
    assert!(!keys.exists(), "no empty one in its place");
    std::fs::create_dir(&keys).unwrap();
    for (path, bytes) in kept {
        std::fs::write(path, bytes).unwrap();
    }
    let fixture = Fixture::reopen(folder.path()).await;
    assert!(fixture.consortium.damaged().await.is_empty());
    fixture.close().await;
}

/// Every entry of a member's key store: its signing key and its holder key come from a backup, its
/// share is computed again from the deals on the chain.
#[tokio::test(flavor = "multi_thread")]
async fn each_altered_secret_is_damage_or_is_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    let keys = file(folder.path(), MEMBERS[1], "keys");
    let mut damaged = 0;
    let mut computed = 0;
    for (path, bytes) in contents(&keys) {
        let mut altered = bytes.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        std::fs::write(&path, altered).unwrap();
        let fixture = Fixture::reopen(folder.path()).await;
        match fixture.consortium.damaged().await.as_slice() {
            [] => {
                // Three of four shares are needed, so this member's is.
                fixture
                    .consortium
                    .set_holder_conduct(MEMBERS[2], HolderConduct::Refuse)
                    .unwrap();
                computed += 1;
            }
            [found] => {
                assert_eq!(found.file, DamagedFile::KeyStore, "{found}");
                damaged += 1;
            }
            more => panic!("{more:?}"),
        }
        fixture.doctor.open(grant).await.unwrap();
        fixture.close().await;
        std::fs::write(&path, bytes).unwrap();
    }
    // The store, two keys, and the mark that it took part; the share.
    assert_eq!((damaged, computed), (4, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_f_damaged_members_are_all_named() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    fixture.seal(b"x").await;
    fixture.close().await;
    let ledger = file(folder.path(), MEMBERS[1], "ledger.redb");
    let log = file(folder.path(), MEMBERS[3], "consensus.log");
    let kept = [&ledger, &log].map(|path| std::fs::read(path).unwrap());
    std::fs::write(&ledger, b"").unwrap();
    std::fs::write(&log, b"no log").unwrap();
    let before = files_under(folder.path());
    for builder in [
        in_folder(folder.path()),
        in_folder(folder.path()).with_rebuild(),
    ] {
        let error = builder.start().await.map(drop).unwrap_err();
        assert_eq!(error.code(), "too_many_damaged", "{error}");
        let Error::TooManyDamaged { damaged, limit } = &error else {
            panic!("{error}");
        };
        assert_eq!((damaged.len(), *limit), (2, 1));
        let text = error.to_string();
        for word in [MEMBERS[1], MEMBERS[3], "ledger.redb", "consensus.log"] {
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(files_under(folder.path()), before, "nothing moved");
    }
    std::fs::write(&ledger, &kept[0]).unwrap();
    std::fs::write(&log, &kept[1]).unwrap();
    Fixture::reopen(folder.path()).await.close().await;
}

/// A start that is given up closes its files before the folder is free.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_was_given_up_is_in_no_ones_way() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, _) = fixture.sealed_and_granted(b"x").await;
    for _ in 0..30 {
        fixture.grant(record).await;
    }
    fixture.close().await;
    for millis in (0..120).step_by(6) {
        let patience = Duration::from_millis(millis);
        let given_up = tokio::time::timeout(patience, in_folder(folder.path()).start()).await;
        drop(given_up);
        // A slow machine may take longer to close the files than the next start waits: the folder is
        // in use until then, and no ledger ever is.
        let consortium = loop {
            match in_folder(folder.path()).start().await {
                Ok(consortium) => break consortium,
                Err(error) => assert_eq!(error.code(), "folder_in_use", "{error}"),
            }
        };
        assert!(consortium.damaged().await.is_empty());
        consortium.shut_down().await.unwrap();
    }
}

/// Each entry of the people's key store in turn. A damaged attribute key is issued again, a damaged
/// mark is asked of the chain; a damaged signing key names its file and its person.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_entries_of_people() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let (record, _) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    let mut named = 0;
    let mut whole = 0;
    for (path, bytes) in contents(&folder.path().join("people").join("keys")) {
        if path.ends_with("store") {
            continue;
        }
        let mut altered = bytes.clone();
        *altered.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &altered).unwrap();
        let consortium = in_folder(folder.path()).start().await.unwrap();
        let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
        let people = [st_mary.person(PATIENT).await, st_mary.person(DOCTOR).await];
        match people {
            [Ok(patient), Ok(doctor)] => {
                let grant = patient
                    .grant(record, &doctor, Window::days(1))
                    .await
                    .unwrap();
                doctor.open(grant).await.unwrap();
                whole += 1;
            }
            [patient, doctor] => {
                let name = if patient.is_err() { PATIENT } else { DOCTOR };
                let error = patient.and(doctor).map(drop).unwrap_err();
                assert_eq!(error.code(), "key_store", "{error}");
                let text = error.to_string();
                let file = path.display().to_string();
                assert!(text.contains(name) && text.contains(&file), "{text}");
                named += 1;
                std::fs::write(&path, &bytes).unwrap();
            }
        }
        consortium.shut_down().await.unwrap();
    }
    // Two signing keys; two marks, two names behind pseudonyms, and the doctor's attribute key.
    assert_eq!((named, whole), (2, 5));
}
