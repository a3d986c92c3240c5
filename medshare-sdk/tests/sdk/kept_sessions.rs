//! What a failed opening keeps is used only for as long as it leads somewhere.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::interposer::{Fate, Interposer};
use crate::lists::through;
use crate::support::{CHEAP, DOCTOR, Fixture, MEMBERS, PATIENT};
use crate::uses::Broken;
use medshare_contract::{Call, keys};
use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_sdk::local::{HolderConduct, LocalBuilder};
use medshare_sdk::{Deadlines, Error};
use medshare_types::genesis::ChainParameters;
use medshare_types::{Signature, Wire as _};

/// The home member shows the state from before the revocation, and all shares are at hand.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_proof_of_one_member_hides_no_revocation() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let grant = fixture.grant_of(record, 1).await;
    let interposer = Interposer::before(&fixture.consortium);
    let doctor = interposer.doctor().await;
    let error = doctor.open(grant).write_to(&mut Broken).await.unwrap_err();
    assert_eq!(error.code(), "io");
    let old = [
        keys::grant(&grant),
        keys::record(&record.id, record.version),
    ];
    for key in old {
        interposer.remember(&RpcRequest::State(key)).await;
    }
    fixture.patient.revoke(grant).await.unwrap();
    interposer.until_revoked(grant).await;
    interposer.set(move |seat, request| match request {
        RpcRequest::Share(_) => Fate::Cut,
        RpcRequest::State(key) if seat.0 == 0 && old.contains(key) => Fate::Remembered,
        _ => Fate::Pass,
    });
    let error = doctor.open(grant).await.unwrap_err();
    assert_eq!(error.code(), "revoked");
    fixture.close().await;
}

/// A share that its holder did not sign proves nothing and is not kept: the holder is asked again.
#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_share_is_not_kept() {
    let fixture = Fixture::open().await;
    let record = fixture.seal(b"an ECG").await;
    let grant = fixture.grant_of(record, 1).await;
    let refuses = HolderConduct::Refuse;
    let set = fixture.consortium.set_holder_conduct(MEMBERS[2], refuses);
    set.unwrap();
    let first = AtomicBool::new(true);
    let client = through(
        &fixture.consortium,
        vec![1],
        move |_, answer| match answer {
            RpcResponse::Share(mut share) if first.swap(false, Ordering::Relaxed) => {
                share.signature = Signature::from_bytes([7; 64]);
                RpcResponse::Share(share)
            }
            _ => answer,
        },
    );
    let st_mary = client.organisation(MEMBERS[0]).unwrap();
    let doctor = st_mary.person(DOCTOR).await.unwrap();
    let error = doctor.open(grant).await.unwrap_err();
    let Error::InsufficientShares {
        good: 2,
        culprits,
        silent,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert!(culprits.is_empty(), "{culprits:?}");
    let unsigned = format!("{}: a share that it did not sign", MEMBERS[1]);
    assert!(silent.contains(&unsigned), "{silent:?}");
    let opened = doctor.open(grant).await.unwrap();
    assert_eq!(opened.bytes(), b"an ECG");
    let interposer = Interposer::before(&fixture.consortium);
    assert_eq!(interposer.taken(grant).await, 1);
    fixture.close().await;
}

/// The ticket of a subject's reading is issued unseen and expires: it took the use of the grant that
/// she gave herself, and the next reading gives another.
#[tokio::test(flavor = "multi_thread")]
async fn an_unseen_ticket_that_expired_ends_its_own_grant() {
    let lifetime_ms = 4_000;
    let parameters = ChainParameters {
        ticket_lifetime_ms: lifetime_ms,
        ..ChainParameters::default()
    };
    let builder = LocalBuilder::new(4).with_passphrase_cost(CHEAP);
    let fixture = Fixture::found(builder.with_parameters(parameters)).await;
    let record = fixture.seal(b"an ECG").await;
    let interposer = Interposer::before(&fixture.consortium);
    let order = Deadlines::default().with_order(Duration::from_secs(2));
    let patient = interposer.person_with(PATIENT, order).await;
    interposer.set(|_, request| match request {
        RpcRequest::Submit(transaction) => match Call::from_wire(&transaction.call) {
            Ok(Call::RequestAccess { .. }) => Fate::Lose,
            _ => Fate::Pass,
        },
        _ => Fate::Pass,
    });
    let error = patient.open_own(record).await.unwrap_err();
    assert_eq!(error.code(), "timed_out");
    let mut given = fixture.patient.grants_given().await.unwrap();
    let spent = given.next().await.unwrap().unwrap().id;
    interposer.until_taken(spent, 1).await;
    tokio::time::sleep(Duration::from_millis(lifetime_ms + 500)).await;

    interposer.release();
    let patient = interposer.person_with(PATIENT, Deadlines::default()).await;
    let opened = patient.open_own(record).await.unwrap();
    assert_eq!(opened.bytes(), b"an ECG");
    let given = fixture.patient.grants_given().await.unwrap();
    let newest = given.newest_first().next().await.unwrap().unwrap();
    assert_ne!(newest.id, spent);
    assert_eq!(interposer.taken(spent).await, 1);
    fixture.close().await;
}
