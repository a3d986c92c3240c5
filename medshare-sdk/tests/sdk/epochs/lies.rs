//! Members that withhold, forge or make up boundaries: no read fails for it, and none is believed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{DOCTOR, Fixture, MEMBERS};
use medshare_ledger::{Boundary, CertifiedHeader, RefusalCode, RpcRequest, RpcResponse};
use medshare_sdk::client::ExchangeError;
use medshare_sdk::keystore::BoxFuture;
use medshare_sdk::{Consortium, ConsortiumClient, Deadlines, ReplicaId, TrustAnchor};
use medshare_types::{Committee, Epoch, Wire as _};

/// The way in which the first member answers requests for boundaries.
#[derive(Clone, Copy, Debug)]
enum Lie {
    None,
    Empty,
    Refused,
    /// Requests of this kind are never answered.
    Silent,
    /// The wrong answer for the request.
    Pending,
    /// Handing over to a committee of the members in another epoch's name, or to none that exists.
    Forged,
    /// The newest boundary alone.
    Skipped,
    /// All boundaries, but headers of states claim to be of an epoch far ahead.
    FarAhead,
}

struct Liar {
    real: Arc<dyn ConsortiumClient>,
    lie: Mutex<Lie>,
}

impl Liar {
    fn told(lie: Lie, answer: RpcResponse) -> RpcResponse {
        match (lie, answer) {
            (Lie::Empty, RpcResponse::Boundaries(_)) => RpcResponse::Boundaries(vec![]),
            (Lie::Refused, RpcResponse::Boundaries(_)) => {
                RpcResponse::refused(RefusalCode::Undecodable, "by the test")
            }
            (Lie::Pending, RpcResponse::Boundaries(_)) => RpcResponse::Pending,
            (Lie::Forged, RpcResponse::Boundaries(all)) => {
                RpcResponse::Boundaries(all.into_iter().map(forged).collect())
            }
            (Lie::Skipped, RpcResponse::Boundaries(mut all)) => {
                RpcResponse::Boundaries(all.pop().into_iter().collect())
            }
            (Lie::FarAhead, RpcResponse::State(mut proof)) => {
                far_ahead(&mut proof.certified);
                RpcResponse::State(proof)
            }
            (_, honest) => honest,
        }
    }
}

/// The same boundary to keys in another order, with the header's digest put right.
fn forged(mut boundary: Boundary) -> Boundary {
    let mut members = boundary.committee.members().to_vec();
    let key = members[0].key;
    members[0].key = members[1].key;
    members[1].key = key;
    let committee = Committee::new(boundary.committee.epoch(), members).unwrap();
    let CertifiedHeader {
        header,
        certificate,
    } = &mut boundary.certified;
    header.next_committee = committee.digest();
    certificate.ballot.digest = header.digest();
    boundary.committee = committee;
    boundary
}

fn far_ahead(certified: &mut CertifiedHeader) {
    let epoch = Epoch(u64::MAX);
    certified.header.epoch = epoch;
    certified.certificate.ballot.epoch = epoch;
    certified.certificate.ballot.digest = certified.header.digest();
}

impl ConsortiumClient for Liar {
    fn exchange(
        &self,
        member: ReplicaId,
        bytes: Vec<u8>,
    ) -> BoxFuture<'_, Result<Vec<u8>, ExchangeError>> {
        Box::pin(async move {
            let lie = *self.lie.lock().unwrap();
            if member != ReplicaId(0) {
                return self.real.exchange(member, bytes).await;
            }
            let request = RpcRequest::from_wire(&bytes).unwrap();
            if matches!((lie, request), (Lie::Silent, RpcRequest::Boundaries(_))) {
                return std::future::pending().await;
            }
            let answer = self.real.exchange(member, bytes).await?;
            Ok(Self::told(lie, RpcResponse::from_wire(&answer).unwrap()).to_wire())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_lies_about_epochs_is_passed_over() {
    let fixture = Fixture::with_short_epochs().await;
    let (_, grant) = fixture.sealed_and_granted(b"an ECG").await;
    fixture.pass_into(2).await;
    let genesis = fixture.consortium.trust_anchor().genesis().clone();
    let deadlines = Deadlines::default().with_answer(Duration::from_secs(1));
    for lie in [
        Lie::None,
        Lie::Empty,
        Lie::Refused,
        Lie::Silent,
        Lie::Pending,
        Lie::Forged,
        Lie::Skipped,
        Lie::FarAhead,
    ] {
        // Knows the genesis alone, and asks the liar first.
        let mut parts = fixture.consortium.parts();
        parts.anchor = TrustAnchor::new(genesis.clone());
        parts.client = Arc::new(Liar {
            real: parts.client,
            lie: Mutex::new(lie),
        });
        let consortium = Consortium::connect(parts).unwrap();
        let consortium = consortium.with_deadlines(deadlines);
        let st_mary = consortium.organisation(MEMBERS[0]).unwrap();
        let doctor = st_mary.person(DOCTOR).await.unwrap();
        let opened = doctor.open(grant).await;
        assert_eq!(opened.unwrap().bytes(), b"an ECG", "{lie:?}");
        // The same history as without the liar.
        let followed = consortium.trust_anchor();
        let honest = fixture.consortium.trust_anchor();
        assert_eq!(followed.as_of(), honest.as_of(), "{lie:?}");
    }
    fixture.close().await;
}
