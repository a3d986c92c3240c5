//! Damaged members and those that forgot their votes are added up: where too few are left to bring
//! them back, the start and a rebuild are refused, with each member's way back.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::rebuild::{assert_votes, file, running, wait_until_whole};
use crate::support::{CHEAP, Fixture, MEMBERS, PASSPHRASE, in_folder};
use medshare_node::log::ConsensusLog;
use medshare_sdk::local::LocalBuilder;
use medshare_sdk::{DamagedFile, Deadlines, Error, MemberState, WayBack, Window};
use medshare_types::{ChainId, Genesis, Wire as _};

fn chain(folder: &Path) -> ChainId {
    let anchor = fs::read(folder.join("trust-anchor")).unwrap();
    Genesis::from_wire(&anchor).unwrap().chain_id()
}

/// What a test does to the file of a member.
#[derive(Clone, Copy, Debug)]
enum Harm {
    LoseLog,
    CopyLog,
    RemoveLog,
    SpoilLedger,
    RemoveKeys,
}

/// A file that is out of its place until [`Self::undo`].
struct Harmed {
    path: PathBuf,
    kept: PathBuf,
}

impl Harm {
    fn does(self, folder: &Path, member: &str) -> Harmed {
        let name = match self {
            Self::SpoilLedger => "ledger.redb",
            Self::RemoveKeys => "keys",
            _ => "consensus.log",
        };
        let path = file(folder, member, name);
        let kept = folder.join(format!("kept-{member}"));
        fs::rename(&path, &kept).unwrap();
        match self {
            Self::LoseLog => ConsensusLog::create_lost(&path, chain(folder)).unwrap(),
            Self::CopyLog => drop(fs::copy(&kept, &path).unwrap()),
            Self::SpoilLedger => fs::write(&path, b"no ledger").unwrap(),
            Self::RemoveLog | Self::RemoveKeys => {}
        }
        Harmed { path, kept }
    }
}

impl Harmed {
    fn content(&self) -> Option<Vec<u8>> {
        fs::read(&self.path).ok()
    }

    fn undo(self) {
        let _ = fs::remove_file(&self.path);
        fs::rename(&self.kept, &self.path).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_others_can_bring_back_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let fixture = Fixture::open_in(folder).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    for harms in [
        [Harm::LoseLog, Harm::RemoveLog],
        [Harm::LoseLog, Harm::LoseLog],
        [Harm::LoseLog, Harm::CopyLog],
        [Harm::LoseLog, Harm::SpoilLedger],
        [Harm::CopyLog, Harm::SpoilLedger],
        [Harm::CopyLog, Harm::RemoveKeys],
    ] {
        let [first, second] = harms;
        let harmed = [
            first.does(folder, MEMBERS[1]),
            second.does(folder, MEMBERS[2]),
        ];
        let before = [harmed[0].content(), harmed[1].content()];
        for builder in [in_folder(folder), in_folder(folder).with_rebuild()] {
            let error = builder.start().await.map(drop).unwrap_err();
            let text = error.to_string();
            assert_eq!(error.code(), "too_many_damaged", "{harms:?}: {text}");
            assert!(!error.is_retryable());
            let Error::TooManyDamaged { damaged, limit } = error else {
                panic!("{text}");
            };
            assert_eq!((damaged.len(), limit), (2, 1), "{harms:?}: {text}");
            for (name, harm) in MEMBERS[1..3].iter().zip(harms) {
                let mut members = damaged.iter();
                let member = members.find(|member| member.organisation == *name);
                let forgot = matches!(harm, Harm::LoseLog | Harm::CopyLog);
                let way_back = member.unwrap().way_back;
                assert_eq!(way_back == WayBack::Others, forgot, "{harms:?}: {text}");
                assert!(text.contains(name), "{text}");
            }
            for word in [
                "bring 1 of these back",
                "cold backup",
                "restored_from_backup",
            ] {
                assert!(text.contains(word), "{text}");
            }
            let after = [harmed[0].content(), harmed[1].content()];
            for (harm, (before, after)) in harms.iter().zip(before.iter().zip(&after)) {
                // A log that has the mark of its loss is written to as any other.
                let same = before == after || matches!(harm, Harm::LoseLog);
                assert!(same, "{harms:?}: a copy stays a copy");
            }
        }
        for harmed in harmed {
            harmed.undo();
        }
    }
    let fixture = Fixture::reopen(folder).await;
    assert_votes(&fixture, MEMBERS[3], grant).await;
    fixture.close().await;
}

/// Their logs are whole, so they know their votes; the ledger is the same for all.
#[tokio::test(flavor = "multi_thread")]
async fn two_members_without_ledgers_come_back_by_copies_of_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let fixture = Fixture::open_in(folder).await;
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    for member in &MEMBERS[1..3] {
        fs::write(file(folder, member, "ledger.redb"), b"no ledger").unwrap();
    }
    let error = in_folder(folder).start().await.map(drop).unwrap_err();
    let text = error.to_string();
    assert!(!text.contains("rebuild the member"), "{text}");
    assert!(text.contains("copy of a sound member's ledger"), "{text}");
    for member in &MEMBERS[1..3] {
        let sound = file(folder, MEMBERS[0], "ledger.redb");
        fs::copy(sound, file(folder, member, "ledger.redb")).unwrap();
    }
    let fixture = Fixture::reopen(folder).await;
    assert!(fixture.consortium.damaged().await.is_empty());
    for seat in 0..4 {
        assert!(!running(&fixture.consortium, seat).await.unwrap().lost);
    }
    assert_votes(&fixture, MEMBERS[3], grant).await;
    fixture.close().await;
}

/// Four of six are a quorum without them: the one that forgot its votes comes back by itself, and the
/// damaged one is rebuilt.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_each_kind_among_six_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let builder = || {
        let builder = LocalBuilder::new(6).with_folder(folder);
        builder
            .with_passphrase(PASSPHRASE)
            .with_passphrase_cost(CHEAP)
    };
    Fixture::found(builder()).await.close().await;
    Harm::LoseLog.does(folder, MEMBERS[1]);
    Harm::SpoilLedger.does(folder, MEMBERS[2]);
    let consortium = builder().start().await.unwrap();
    assert_eq!(consortium.damaged().await.len(), 1);
    assert!(running(&consortium, 1).await.unwrap().lost);
    let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
    let mut orders = 0;
    while running(&consortium, 1).await.unwrap().lost {
        orders += 1;
        assert!(orders < 500, "never ends");
        let name = format!("patient {orders}");
        st_mary.enrol(&name, &[]).await.unwrap();
    }
    consortium.rebuild(MEMBERS[2]).await.unwrap().unwrap();
    assert!(consortium.damaged().await.is_empty());
    consortium.shut_down().await.unwrap();
}

/// Puts a member's log out of its way, so that the next cut of it fails.
fn block_log(folder: &Path, member: &str) {
    let log = file(folder, member, "consensus.log");
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_too_few_others_can_carry_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let fixture = Fixture::open_in(folder).await;
    let (record, _) = fixture.sealed_and_granted(b"x").await;
    fixture.close().await;
    Harm::SpoilLedger.does(folder, MEMBERS[1]);
    let fixture = Fixture::reopen(folder).await;
    block_log(folder, MEMBERS[2]);
    let brief = Deadlines::default().with_order(Duration::from_secs(1));
    let impatient = fixture.consortium.with_deadlines(brief);
    let patient = impatient.organisation(MEMBERS[0]).unwrap();
    let patient = patient.person(crate::support::PATIENT).await.unwrap();
    let mut orders = 0;
    while fixture.consortium.damaged().await.len() < 2 {
        orders += 1;
        assert!(orders < 200, "it goes on without its log");
        let ordered = patient.grant(record, &fixture.doctor, Window::days(1));
        drop(ordered.await);
    }
    let error = fixture.consortium.rebuild(MEMBERS[1]).await.unwrap_err();
    assert_eq!(error.code(), "too_many_damaged", "{error}");
    assert!(!error.is_retryable());
    let text = error.to_string();
    for word in [MEMBERS[1], MEMBERS[2], "restored_from_backup"] {
        assert!(text.contains(word), "{text}");
    }
    assert!(!file(folder, MEMBERS[1], "damaged-1").exists());
    drop(fixture.consortium.shut_down().await);
}

/// Overwritten while its member runs: health and every call that waits tell the way back.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_overwritten_while_its_member_runs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let fixture = Fixture::open_in(folder).await;
    let (record, grant) = fixture.sealed_and_granted(b"x").await;
    let ledger = file(folder, MEMBERS[1], "ledger.redb");
    fs::write(&ledger, b"no ledger").unwrap();
    let mut orders = 0;
    let (state, problem) = loop {
        let member = fixture.consortium.health().await.swap_remove(1);
        if !matches!(member.state, MemberState::Running(_)) {
            break (member.state.clone(), member.problem().unwrap());
        }
        orders += 1;
        assert!(orders < 300, "it goes on without its ledger");
        fixture.grant(record).await;
    };
    let MemberState::Damaged { file, way_back, .. } = state else {
        panic!("{state:?}");
    };
    assert_eq!((file, way_back), (DamagedFile::Ledger, WayBack::Rebuild));
    assert!(problem.contains("rebuild the member"), "{problem}");
    fixture
        .consortium
        .rebuild(MEMBERS[1])
        .await
        .unwrap()
        .unwrap();
    wait_until_whole(&fixture, 1).await;
    assert_votes(&fixture, MEMBERS[2], grant).await;
    fixture.close().await;
}
