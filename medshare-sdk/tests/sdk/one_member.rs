//! One member stopped, started and put back from a copy while the others run.

use std::fs;

use crate::rebuild::{assert_votes, file, running, wait_until_whole};
use crate::support::{Fixture, MEMBERS};
use medshare_sdk::local::{Presence, VoterConduct};
use medshare_sdk::{ExitReason, MemberState, Role};

const STOPPED: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_stopped_starts_again_and_votes() {
    let fixture = Fixture::open().await;
    let name = MEMBERS[STOPPED];
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.consortium.stop(name).await.unwrap();
    fixture.consortium.stop(name).await.unwrap();
    let state = fixture.consortium.health().await.swap_remove(STOPPED).state;
    assert!(!matches!(state, MemberState::Running(_)), "{state:?}");
    fixture.seal(b"without it").await;
    fixture.doctor.open(grant).await.unwrap();
    fixture.consortium.start(name).await.unwrap();
    fixture.consortium.start(name).await.unwrap();
    wait_until_whole(&fixture, STOPPED).await;
    assert_votes(&fixture, MEMBERS[3], grant).await;
    let unknown = fixture
        .consortium
        .start("no-such-hospital")
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), "unknown_organisation");
    fixture.close().await;
}

/// Its votes since the copy are forgotten, which the others make good; not while one of them is away.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_put_back_from_a_copy_is_told_how_far_its_votes_may_reach() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::open_in(folder.path()).await;
    let name = MEMBERS[STOPPED];
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    fixture.consortium.stop(name).await.unwrap();
    let files = ["ledger.redb", "consensus.log"].map(|of| file(folder.path(), name, of));
    let copies = files.clone().map(|path| path.with_extension("copy"));
    for (path, copy) in files.iter().zip(&copies) {
        fs::copy(path, copy).unwrap();
    }
    fixture.consortium.start(name).await.unwrap();
    wait_until_whole(&fixture, STOPPED).await;
    fixture.seal(b"after the copy").await;
    fixture.consortium.stop(name).await.unwrap();
    for (path, copy) in files.iter().zip(&copies) {
        fs::remove_file(path).unwrap();
        fs::rename(copy, path).unwrap();
    }
    let away = MEMBERS[3];
    fixture
        .consortium
        .set_presence(away, Presence::Silent)
        .unwrap();
    let busy = fixture.consortium.start(name).await.unwrap_err();
    assert_eq!(busy.code(), "busy", "{busy}");
    fixture
        .consortium
        .set_presence(away, Presence::Present)
        .unwrap();
    fixture.consortium.start(name).await.unwrap();
    assert!(running(&fixture.consortium, STOPPED).await.unwrap().lost);
    wait_until_whole(&fixture, STOPPED).await;
    assert_votes(&fixture, away, grant).await;
    fixture.close().await;
}

/// Two votes in one view are on the chain as a proof before long: its author leads no more. Nothing
/// else of the organisation ends before the epoch does.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_contradicts_itself_is_convicted() {
    let fixture = Fixture::open().await;
    let liar = MEMBERS[STOPPED];
    let conduct = VoterConduct::Contradict;
    fixture.consortium.set_voter_conduct(liar, conduct).unwrap();
    let (_, grant) = fixture.sealed_and_granted(b"x").await;
    for _ in 0..40 {
        fixture.seal(b"more blocks").await;
        let standings = fixture.consortium.standings().await.unwrap();
        let of = &standings[STOPPED];
        assert_eq!(of.role, Role::Consensus, "until the epoch ends");
        if let Some(exit) = of.exit {
            assert_eq!(exit.reason, ExitReason::Proof);
            fixture.doctor.open(grant).await.unwrap();
            fixture.close().await;
            return;
        }
    }
    panic!("no proof on the chain");
}
