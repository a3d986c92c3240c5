//! Following the committees: what a light client accepts, and forgeries that it must not.

use medshare_ledger::light::TRUST_PERIOD;
use medshare_ledger::{
    Anchor, Boundary, CertifiedHeader, LedgerStore, LightClient, StateProof, VerifyError,
};
use medshare_types::{
    CertificateError, Digest, Epoch, Height, ReplicaId, Timestamp, Wire as _, hash,
};
use tempfile::TempDir;

use crate::fixture::{Changes, Fixture, key};

/// Three epochs of three blocks, and two blocks of epoch 3: heights 3, 6 and 9 are boundaries.
struct Chain {
    fixture: Fixture,
    store: LedgerStore,
    _folder: TempDir,
}

impl Chain {
    fn new() -> Self {
        let fixture = Fixture::new(1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let genesis = fixture.members.genesis();
        let store = LedgerStore::open(path, genesis, &fixture.genesis_state).unwrap();
        for _ in 0..3 {
            fixture.grow_some(&store);
            fixture.grow(&store, vec![], &Changes::new());
            fixture.end_epoch(&store);
        }
        fixture.grow_some(&store);
        fixture.grow(&store, vec![], &Changes::new());
        Self {
            fixture,
            store,
            _folder: folder,
        }
    }

    fn client(&self) -> LightClient {
        LightClient::new(self.fixture.members.genesis()).unwrap()
    }

    /// A client that followed every boundary.
    fn followed(&self) -> LightClient {
        let mut client = self.client();
        for epoch in 0..3 {
            client.follow(&self.boundary(epoch)).unwrap();
        }
        client
    }

    fn boundary(&self, epoch: u64) -> Boundary {
        self.store.boundary(Epoch(epoch)).unwrap().unwrap()
    }

    fn header(&self, height: u64) -> CertifiedHeader {
        self.store.certified_header(Height(height)).unwrap()
    }

    fn anchor(&self, epoch: u64) -> Anchor {
        let boundary = self.boundary(epoch);
        Anchor {
            header: boundary.certified.header,
            committee: boundary.committee,
        }
    }

    fn trusting(&self, anchor: &Anchor) -> Result<LightClient, VerifyError> {
        let mut client = self.client();
        client.trust(anchor).map(|()| client)
    }

    /// Another end of an epoch, signed by a quorum of the epoch's keys, that hands over to keys of the
    /// forger.
    fn second_end(&self, epoch: u64) -> Boundary {
        let committee = Fixture::new(2).committee(Epoch(epoch + 1));
        let mut header = self.boundary(epoch).certified.header;
        header.next_committee = committee.digest();
        Boundary {
            certified: self.fixture.certified(header),
            committee,
        }
    }
}

#[test]
fn every_header_of_a_followed_epoch_verifies() {
    let chain = Chain::new();
    let mut client = chain.client();
    for epoch in 0..3 {
        assert_eq!(client.epoch(), Epoch(epoch));
        let unknown = VerifyError::UnknownEpoch {
            epoch: Epoch(3),
            followed: Epoch(epoch),
        };
        assert_eq!(client.verify_header(&chain.header(11)), Err(unknown));
        client.follow(&chain.boundary(epoch)).unwrap();
        for height in 1..=3 * (epoch + 2) {
            assert!(client.verify_header(&chain.header(height.min(11))).is_ok());
        }
    }
    for height in 1..=11 {
        let certified = chain.header(height);
        assert_eq!(certified.header.epoch, Epoch((height - 1) / 3));
        client.verify_header(&certified).unwrap();
    }
    let proof: StateProof = chain.store.prove_state(&key(0)).unwrap();
    let verified = client.verify_state(&key(0), &proof).unwrap();
    assert_eq!(verified.value(), Some(&[10][..]));
    // Old receipts, and those certified by the first header of the next epoch.
    for n in [2, 8, 14, 20] {
        let id = chain.fixture.transaction(n).id();
        let proof = chain.store.prove_receipt(&id).unwrap();
        client.verify_receipt(&id, &proof).unwrap();
    }
    // Following again costs nothing and changes nothing.
    let newest = client.trust_anchor();
    for epoch in [2, 0, 1] {
        client.follow(&chain.boundary(epoch)).unwrap();
    }
    assert_eq!(client.trust_anchor(), newest);
    let path: Vec<_> = client.boundaries_before(Epoch(3)).collect();
    assert_eq!(path, [2, 1, 0].map(|epoch| chain.boundary(epoch)));
    assert_eq!(client.boundaries_before(Epoch(0)).count(), 0);
    assert_eq!(client.boundaries_before(Epoch(9)).count(), 0);
}

#[test]
fn a_boundary_hands_over_to_the_committee_that_its_header_names() {
    let chain = Chain::new();
    let mut client = chain.client();
    let mut swapped = chain.boundary(0);
    swapped.committee = Fixture::new(2).committee(Epoch(1));
    let height = Height(3);
    let other = Err(VerifyError::OtherCommittee { height });
    assert_eq!(client.follow(&swapped), other);

    // A header within the epoch names its own committee.
    let within = Boundary {
        certified: chain.header(2),
        committee: chain.fixture.committee(Epoch(0)),
    };
    let refused = Err(VerifyError::NotNextEpoch {
        expected: Epoch(1),
        found: Epoch(0),
    });
    assert_eq!(client.follow(&within), refused);
    assert_eq!(client.epoch(), Epoch(0));
    client.follow(&chain.boundary(0)).unwrap();
}

#[test]
fn certificates_count_for_heights_of_their_own_epoch() {
    let chain = Chain::new();
    let client = chain.followed();
    let outside = |height, epoch| {
        let (height, epoch) = (Height(height), Epoch(epoch));
        Err(VerifyError::OutsideEpoch { height, epoch })
    };
    // The committee of epoch 0 goes on after its last height, and those of 1 and 3 begin too early.
    for (height, epoch) in [(4, 0), (11, 0), (3, 1), (7, 1), (1, 3), (9, 3)] {
        let mut header = chain.header(height).header;
        header.epoch = Epoch(epoch);
        let certified = chain.fixture.certified(header);
        assert_eq!(client.verify_header(&certified), outside(height, epoch));
    }
    // Keys of another epoch certify nothing, whatever epoch the header claims.
    for (height, keys) in [(4, 0), (3, 1), (11, 2)] {
        let header = chain.header(height).header;
        let certified = CertifiedHeader {
            certificate: chain.fixture.certify_by(Epoch(keys), &header),
            header,
        };
        let refused = Err(VerifyError::Certificate {
            height: Height(height),
            source: CertificateError::BadSignature,
        });
        assert_eq!(client.verify_header(&certified), refused);
    }
    // A good certificate, relabelled.
    let mut relabelled = chain.header(4);
    relabelled.header.epoch = Epoch(0);
    let refused = client.verify_header(&relabelled);
    assert_eq!(refused, Err(VerifyError::OtherHeader { height: Height(4) }));
}

#[test]
fn no_epoch_is_skipped() {
    let chain = Chain::new();
    let mut client = chain.client();
    let unknown = VerifyError::UnknownEpoch {
        epoch: Epoch(1),
        followed: Epoch(0),
    };
    assert_eq!(client.follow(&chain.boundary(1)), Err(unknown));
    // Even a quorum cannot hand over to the epoch after the next.
    let committee = chain.fixture.committee(Epoch(2));
    let mut header = chain.boundary(0).certified.header;
    header.next_committee = committee.digest();
    let skipping = Boundary {
        certified: chain.fixture.certified(header),
        committee,
    };
    let refused = VerifyError::NotNextEpoch {
        expected: Epoch(1),
        found: Epoch(2),
    };
    assert_eq!(client.follow(&skipping), Err(refused));
}

#[test]
fn f_members_forge_no_boundary() {
    let chain = Chain::new();
    let mut client = chain.client();
    let mut forged = chain.second_end(0);
    let all = forged.certified.certificate.votes.clone();
    let height = Height(3);
    let refused = |source| Err(VerifyError::Certificate { height, source });

    forged.certified.certificate.votes.truncate(1);
    let few = CertificateError::NoQuorum {
        votes: 1,
        needed: 3,
    };
    assert_eq!(client.follow(&forged), refused(few));
    // The same member's signature in others' names, and its vote repeated.
    let own = all[0].1;
    forged.certified.certificate.votes = [0, 1, 3].map(|seat| (ReplicaId(seat), own)).into();
    assert_eq!(
        client.follow(&forged),
        refused(CertificateError::BadSignature)
    );
    forged.certified.certificate.votes = vec![all[0]; 3];
    let replica = ReplicaId(0);
    let repeated = CertificateError::BadSigner { replica };
    assert_eq!(client.follow(&forged), refused(repeated));
    assert_eq!(client.epoch(), Epoch(0));
}

/// What the keys of an epoch that is over can do, where a quorum of them was not erased.
#[test]
fn old_keys_change_nothing_that_was_followed() {
    let chain = Chain::new();
    let mut client = chain.followed();
    for epoch in 0..3 {
        let second = chain.second_end(epoch);
        let refused = client.follow(&second);
        let epoch = Epoch(epoch);
        assert_eq!(refused, Err(VerifyError::OtherHistory { epoch }));
    }
    // Neither an earlier nor a later end.
    for height in [2, 4] {
        let mut moved = chain.second_end(0);
        moved.certified.header.height = Height(height);
        moved.certified = chain.fixture.certified(moved.certified.header);
        let refused = client.follow(&moved);
        assert_eq!(refused, Err(VerifyError::OtherHistory { epoch: Epoch(0) }));
    }
    // A client that has not followed the epoch yet takes whichever end it is shown first, and then
    // refuses the other: the trust period is for that.
    let mut away = chain.client();
    away.follow(&chain.second_end(0)).unwrap();
    let refused = away.follow(&chain.boundary(0));
    assert_eq!(refused, Err(VerifyError::OtherHistory { epoch: Epoch(0) }));
    // At the epoch's own heights old keys certify another header for all clients.
    let mut second = chain.header(2).header;
    second.executed.receipts = Digest::ZERO;
    let second = chain.fixture.certified(second);
    assert!(client.verify_header(&second).is_ok());
}

#[test]
fn a_client_starts_from_an_anchor() {
    let chain = Chain::new();
    assert_eq!(chain.client().trust_anchor(), None);
    let anchor = chain.followed().trust_anchor().unwrap();
    assert_eq!(anchor, chain.anchor(2));
    assert_eq!(Anchor::from_wire(&anchor.to_wire()), Ok(anchor.clone()));

    let mut client = chain.trusting(&chain.anchor(1)).unwrap();
    assert_eq!(client.epoch(), Epoch(2));
    assert_eq!(client.trust_anchor(), Some(chain.anchor(1)));
    for height in [1, 3, 7, 9] {
        client.verify_header(&chain.header(height)).unwrap();
    }
    let between = VerifyError::UnknownEpoch {
        epoch: Epoch(1),
        followed: Epoch(0),
    };
    assert_eq!(client.verify_header(&chain.header(5)), Err(between));
    // From the anchor on, it follows as every client does.
    client.follow(&chain.boundary(2)).unwrap();
    client.verify_header(&chain.header(11)).unwrap();
    assert_eq!(client.trust_anchor(), Some(anchor));
    assert_eq!(client.boundaries_before(Epoch(3)).count(), 1);
    // The epochs between lead from the genesis to the anchor, and no further.
    client.follow(&chain.boundary(0)).unwrap();
    client.verify_header(&chain.header(5)).unwrap();
    let refused = client.follow(&chain.second_end(1));
    assert_eq!(refused, Err(VerifyError::OtherHistory { epoch: Epoch(1) }));
    let mut late = chain.header(7).header;
    late.epoch = Epoch(1);
    let refused = client.verify_header(&chain.fixture.certified(late));
    assert!(matches!(refused, Err(VerifyError::OutsideEpoch { .. })));
    client.follow(&chain.boundary(1)).unwrap();
    assert_eq!(client.boundaries_before(Epoch(3)).count(), 3);
}

#[test]
fn an_anchor_is_the_end_of_an_epoch_of_this_chain() {
    let chain = Chain::new();
    let refused = |anchor: &Anchor| chain.trusting(anchor).map(drop).unwrap_err();
    let mut foreign = chain.anchor(0);
    foreign.header.chain = Fixture::new(2).members.chain();
    assert!(matches!(refused(&foreign), VerifyError::WrongChain { .. }));
    let mut other = chain.anchor(0);
    other.committee = chain.fixture.committee(Epoch(2));
    assert!(matches!(
        refused(&other),
        VerifyError::OtherCommittee { .. }
    ));
    let within = Anchor {
        header: chain.header(2).header,
        committee: chain.fixture.committee(Epoch(0)),
    };
    assert!(matches!(refused(&within), VerifyError::NotNextEpoch { .. }));
    // Nor does an anchor replace an end that was followed, or another anchor.
    let second = chain.second_end(0);
    let second = Anchor {
        header: second.certified.header,
        committee: second.committee,
    };
    let other = Err(VerifyError::OtherHistory { epoch: Epoch(0) });
    assert_eq!(chain.followed().trust(&second), other);
    assert_eq!(
        chain.trusting(&second).unwrap().trust(&chain.anchor(0)),
        other
    );
    assert_eq!(chain.followed().trust(&chain.anchor(0)), Ok(()));
}

#[test]
fn trust_lasts_for_a_period() {
    let chain = Chain::new();
    let period = u64::try_from(TRUST_PERIOD.as_millis()).unwrap();
    assert_eq!(period, 90 * 24 * 3_600_000);
    let created = chain.fixture.members.genesis().created;
    let ended = |epoch| chain.boundary(epoch).certified.header.time;
    let anchored = chain.trusting(&chain.anchor(2)).unwrap();
    for (client, followed, since) in [
        (chain.client(), 0, created),
        (chain.followed(), 3, ended(2)),
        (chain.followed(), 1, ended(0)),
        (anchored.clone(), 3, ended(2)),
        // A gap is followed from before it.
        (anchored.clone(), 0, created),
        (anchored, 2, created),
    ] {
        let check = |verified, now| client.check_trust(Epoch(followed), verified, now);
        assert_eq!(check(None, since.plus_millis(period)), Ok(()));
        assert_eq!(check(None, Timestamp::from_millis(0)), Ok(()));
        let now = since.plus_millis(period + 1);
        let stale = Err(VerifyError::Stale { since, now });
        assert_eq!(check(None, now), stale);
        // Newer headers that the caller verified count, from the newest epoch on.
        let verified = check(Some(since.plus_millis(1)), now);
        let is_newest = Epoch(followed) == client.epoch();
        assert_eq!(verified, if is_newest { Ok(()) } else { stale });
    }
}

#[test]
fn committees_of_epochs_differ_though_the_members_do_not() {
    // So that a header is a boundary exactly where it names another committee than its own.
    let fixture = Fixture::new(1);
    let members = fixture.members.committee().members().to_vec();
    let again = medshare_types::Committee::new(Epoch(1), members).unwrap();
    assert_ne!(again.digest(), fixture.members.committee().digest());
    assert_ne!(again.digest(), hash::digest("test/key", &[]));
}
