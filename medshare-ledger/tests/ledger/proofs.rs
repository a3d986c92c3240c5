//! Proofs that hold, and forgeries that must not.

use std::fmt::Debug;

use medshare_ledger::{
    CertifiedHeader, LedgerStore, LightClient, ReceiptProof, StateProof, StoreError, VerifyError,
};
use medshare_types::{
    CertificateError, Digest, Epoch, Genesis, Height, ReplicaId, View, Wire, hash,
};
use tempfile::TempDir;

use crate::fixture::{Changes, Fixture, key, receipts};

struct ChainFixture {
    fixture: Fixture,
    client: LightClient,
    store: LedgerStore,
    _folder: TempDir,
}

/// Three blocks; the second holds `size` transactions.
fn chain_fixture(size: u8) -> ChainFixture {
    let fixture = Fixture::new(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let store = LedgerStore::open(path, fixture.members.genesis(), &fixture.genesis_state).unwrap();
    let changes = (1..=9).map(|n| (key(n), Some(vec![n]))).collect();
    fixture.grow(&store, vec![], &changes);
    let transactions = (0..size).map(|n| fixture.transaction(n)).collect();
    let changes = Changes::from([(key(1), Some(vec![101])), (key(2), None)]);
    fixture.grow(&store, transactions, &changes);
    fixture.grow(&store, vec![], &Changes::new());
    ChainFixture {
        client: LightClient::new(fixture.members.genesis()).unwrap(),
        fixture,
        store,
        _folder: folder,
    }
}

/// Flips bits 0, 3 and 7 of every byte; no result may verify.
fn no_flip_verifies<T: Wire + Debug>(proof: &T, verifies: impl Fn(&T) -> bool) {
    assert!(verifies(proof));
    let bytes = proof.to_wire();
    for at in 0..bytes.len() {
        for bit in [0, 3, 7] {
            let mut bent = bytes.clone();
            bent[at] ^= 1 << bit;
            if let Ok(bent) = T::from_wire(&bent) {
                assert!(!verifies(&bent), "bit {bit} of byte {at}: {bent:?}");
            }
        }
    }
}

#[test]
fn state_is_proven_at_the_certified_height() {
    let ChainFixture {
        fixture,
        client,
        store,
        ..
    } = chain_fixture(3);
    for n in 0..=20 {
        let proof = store.prove_state(&key(n)).unwrap();
        let verified = client.verify_state(&key(n), &proof).unwrap();
        let expected = match n {
            0 => Some(b"genesis".to_vec()),
            1 => Some(vec![101]),
            3..=9 => Some(vec![n]),
            _ => None,
        };
        assert_eq!(verified.value(), expected.as_deref(), "key {n}");
        assert_eq!(verified.height(), Height(2));
        assert_eq!(verified.header().height, Height(3));
    }

    // A change in the newest block is readable at once, and provable under the next header.
    let changes = Changes::from([(key(1), Some(vec![201]))]);
    fixture.grow(&store, vec![], &changes);
    assert_eq!(store.get(&key(1)).unwrap(), Some(vec![201]));
    let before = store.prove_state(&key(1)).unwrap();
    assert_eq!(before.value, Some(vec![101]));
    client.verify_state(&key(1), &before).unwrap();
    fixture.grow(&store, vec![], &Changes::new());
    let after = store.prove_state(&key(1)).unwrap();
    assert_eq!(
        client.verify_state(&key(1), &after).unwrap().value(),
        Some(&[201][..])
    );
}

#[test]
fn no_bit_of_a_state_proof_can_be_changed() {
    let ChainFixture { client, store, .. } = chain_fixture(1);
    for n in [1, 2] {
        let proof = store.prove_state(&key(n)).unwrap();
        no_flip_verifies(&proof, |proof| client.verify_state(&key(n), proof).is_ok());
    }
}

#[test]
fn a_value_cannot_be_denied_moved_or_invented() {
    let ChainFixture { client, store, .. } = chain_fixture(1);
    let present = store.prove_state(&key(1)).unwrap();
    let absent = store.prove_state(&key(2)).unwrap();
    let refused = |n: u8, proof: &StateProof| {
        let result = client.verify_state(&key(n), proof);
        assert_eq!(result, Err(VerifyError::NotInState { key: key(n) }));
    };
    let mut denied = present.clone();
    denied.value = None;
    refused(1, &denied);
    let mut made_up = absent.clone();
    made_up.value = Some(vec![2]);
    refused(2, &made_up);
    // A valid proof of another key.
    refused(3, &present);
    refused(1, &absent);
    // The path of an absent key, presented for a present one.
    let mut hidden = present.clone();
    hidden.value = None;
    hidden.path = absent.path.clone();
    refused(1, &hidden);
    // A header that names another state.
    let mut old = present.clone();
    old.certified = store.certified_header(Height(2)).unwrap();
    refused(1, &old);
}

#[test]
fn receipts_are_proven_at_every_index_of_every_size() {
    for size in 1..=9 {
        let ChainFixture {
            fixture,
            client,
            store,
            ..
        } = chain_fixture(size);
        for n in 0..size {
            let transaction = fixture.transaction(n);
            let proof = store.prove_receipt(&transaction.id()).unwrap();
            let verified = client.verify_receipt(&transaction.id(), &proof).unwrap();
            assert_eq!(verified.receipt(), &receipts(&[transaction])[0]);
            assert_eq!(verified.index(), u64::from(n));
            assert_eq!(verified.height(), Height(2));
        }
    }
}

#[test]
fn receipts_proven_together_equal_those_proven_alone() {
    let chain = chain_fixture(9);
    let ChainFixture { fixture, store, .. } = &chain;
    let id = |n| fixture.transaction(n).id();
    // Transaction 3 is proven in the block that first held it, transaction 30 in none.
    fixture.grow(
        store,
        [3, 20].map(|n| fixture.transaction(n)).to_vec(),
        &Changes::new(),
    );
    fixture.grow(store, vec![], &Changes::new());
    let wanted = [0, 3, 4, 8, 20, 30].map(id).into();
    for (height, held) in [(2, vec![0, 3, 4, 8]), (4, vec![20]), (1, vec![])] {
        let together = store.prove_receipts_of(Height(height), &wanted).unwrap();
        let alone = held
            .into_iter()
            .map(|n| store.prove_receipt(&id(n)).unwrap());
        assert_eq!(together, alone.collect::<Vec<_>>(), "height {height}");
    }
    assert!(store.is_certified(Height(4)).unwrap() && !store.is_certified(Height(5)).unwrap());
    let early = store.prove_receipts_of(Height(5), &wanted);
    assert!(matches!(early, Err(StoreError::NotYetCertified { .. })));
}

#[test]
fn no_bit_of_a_receipt_proof_can_be_changed() {
    let ChainFixture {
        fixture,
        client,
        store,
        ..
    } = chain_fixture(3);
    for n in 0..3 {
        let id = fixture.transaction(n).id();
        let proof = store.prove_receipt(&id).unwrap();
        no_flip_verifies(&proof, |proof| client.verify_receipt(&id, proof).is_ok());
    }
}

#[test]
fn a_receipt_cannot_be_moved_even_with_another_length() {
    // Under plain RFC 6962 the path of index 2 of 3 also fits index 1 of 2.
    let ChainFixture {
        fixture,
        client,
        store,
        ..
    } = chain_fixture(3);
    let id = fixture.transaction(2).id();
    let proof = store.prove_receipt(&id).unwrap();
    let bytes = proof.to_wire();
    let position = [2u64.to_le_bytes(), 3u64.to_le_bytes()].concat();
    let at = bytes
        .windows(16)
        .rposition(|window| window == position)
        .unwrap();
    for (index, count) in (0..5u64).flat_map(|i| (0..6u64).map(move |n| (i, n))) {
        let mut forged = bytes.clone();
        forged[at..at + 16].copy_from_slice(&[index.to_le_bytes(), count.to_le_bytes()].concat());
        let moved = ReceiptProof::from_wire(&forged).unwrap();
        assert_eq!(moved.inclusion.index(), index);
        let result = client.verify_receipt(&id, &moved);
        assert_eq!(
            result.is_ok(),
            (index, count) == (2, 3),
            "{index} of {count}"
        );
    }
}

#[test]
fn a_receipt_of_another_block_or_transaction_is_refused() {
    let ChainFixture {
        fixture,
        client,
        store,
        ..
    } = chain_fixture(1);
    let id = fixture.transaction(0).id();
    let mut proof = store.prove_receipt(&id).unwrap();
    proof.certified = store.certified_header(Height(2)).unwrap();
    let result = client.verify_receipt(&id, &proof);
    assert_eq!(result, Err(VerifyError::NotInReceipts { index: 0 }));
    // A valid receipt of another transaction.
    let expected = fixture.transaction(1).id();
    let proof = store.prove_receipt(&id).unwrap();
    let error = VerifyError::OtherTransaction {
        expected,
        found: id,
    };
    assert_eq!(client.verify_receipt(&expected, &proof), Err(error));
}

#[test]
fn receipts_wait_for_a_header_that_names_them() {
    let ChainFixture { fixture, store, .. } = chain_fixture(1);
    let transaction = fixture.transaction(77);
    let id = transaction.id();
    let unknown = store.prove_receipt(&id);
    assert!(matches!(unknown, Err(StoreError::UnknownTransaction)));
    fixture.grow(&store, vec![transaction.clone()], &Changes::new());
    let early = store.prove_receipt(&id);
    let height = Height(4);
    assert!(matches!(early, Err(StoreError::NotYetCertified { height: h }) if h == height));
    // Ordered again, it is still proven in the block that first held it.
    fixture.grow(&store, vec![transaction], &Changes::new());
    fixture.grow(&store, vec![], &Changes::new());
    let proof = store.prove_receipt(&id).unwrap();
    assert_eq!(proof.certified.header.executed.height, height);
    assert_eq!(store.transaction_height(&id).unwrap(), Some(height));
}

#[test]
fn headers_need_a_quorum_of_this_committee_on_this_chain() {
    let ChainFixture {
        fixture,
        client,
        store,
        ..
    } = chain_fixture(1);
    let good = store.tip().unwrap().unwrap();
    let height = good.header.height;
    assert_eq!(client.verify_header(&good).unwrap().header(), &good.header);

    // Another committee signs the same header, on the same chain.
    let strangers = Fixture::new(2);
    let foreign = CertifiedHeader {
        header: good.header.clone(),
        certificate: strangers.certify(&good.header),
    };
    let source = CertificateError::BadSignature;
    let error = Err(VerifyError::Certificate { height, source });
    assert_eq!(client.verify_header(&foreign), error);

    // The strangers' client refuses this chain's header, even signed by the strangers.
    let other = LightClient::new(strangers.members.genesis()).unwrap();
    let error = VerifyError::WrongChain {
        expected: strangers.members.chain(),
        found: fixture.members.chain(),
    };
    assert_eq!(other.verify_header(&good), Err(error.clone()));
    assert_eq!(other.verify_header(&foreign), Err(error));

    let mut few = good.clone();
    few.certificate.votes.pop();
    let source = CertificateError::NoQuorum {
        votes: 2,
        needed: 3,
    };
    let error = Err(VerifyError::Certificate { height, source });
    assert_eq!(client.verify_header(&few), error);

    let mut twice = good.clone();
    twice.certificate.votes[2] = twice.certificate.votes[1];
    let replica = ReplicaId(1);
    let source = CertificateError::BadSigner { replica };
    let error = Err(VerifyError::Certificate { height, source });
    assert_eq!(client.verify_header(&twice), error);
}

#[test]
fn a_certificate_is_for_one_header() {
    let ChainFixture {
        fixture,
        client,
        store,
        ..
    } = chain_fixture(1);
    let good = store.tip().unwrap().unwrap();
    let error = Err(VerifyError::OtherHeader {
        height: good.header.height,
    });
    let mut swapped = good.clone();
    swapped.certificate = store.certificate(Height(2)).unwrap();
    assert_eq!(client.verify_header(&swapped), error);

    // Signed by the committee, but under a ballot of another header.
    let resign = |header: &mut medshare_types::BlockHeader| {
        let mut header_of_ballot = header.clone();
        header_of_ballot.view = View(0);
        let mut certificate = fixture.certify(&header_of_ballot);
        certificate.ballot.digest = header.digest();
        let statement = certificate
            .ballot
            .statement(&header.chain, medshare_types::Phase::Commit);
        for (replica, signature) in &mut certificate.votes {
            *signature = fixture.members.keys()[replica.index()].sign(&statement);
        }
        certificate
    };
    let mut header = good.header.clone();
    header.view = View(5);
    let certificate = resign(&mut header);
    let early = CertifiedHeader {
        header,
        certificate,
    };
    assert_eq!(
        client.verify_header(&early),
        error,
        "committed before it was proposed"
    );

    let mut header = good.header.clone();
    header.epoch = Epoch(1);
    let certificate = fixture.certify(&header);
    let later = CertifiedHeader {
        header,
        certificate,
    };
    let unknown = VerifyError::UnknownEpoch {
        epoch: Epoch(1),
        followed: Epoch(0),
    };
    assert_eq!(client.verify_header(&later), Err(unknown), "another epoch");
}

#[test]
fn a_header_cannot_name_its_own_roots() {
    let ChainFixture {
        fixture,
        client,
        store,
        ..
    } = chain_fixture(1);
    let mut header = store.tip().unwrap().unwrap().header;
    let height = header.height;
    header.executed.height = height;
    let certificate = fixture.certify(&header);
    let certified = CertifiedHeader {
        header,
        certificate,
    };
    let error = VerifyError::ExecutedOutOfRange {
        height,
        executed: height,
    };
    assert_eq!(client.verify_header(&certified), Err(error));
}

#[test]
fn a_genesis_without_a_committee_is_refused() {
    let mut genesis: Genesis = Fixture::new(1).members.genesis().clone();
    genesis.members.truncate(3);
    let refused = LightClient::new(&genesis);
    assert!(matches!(refused, Err(VerifyError::InvalidGenesis { .. })));
}

#[test]
fn nothing_is_proven_before_the_first_block() {
    let fixture = Fixture::new(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let store = LedgerStore::open(path, fixture.members.genesis(), &fixture.genesis_state).unwrap();
    let refused = store.prove_state(&key(0));
    let height = Height(0);
    assert!(matches!(refused, Err(StoreError::NotYetCertified { height: h }) if h == height));
    assert_ne!(store.roots(height).unwrap().state, Digest::ZERO);
    assert_ne!(key(0), hash::digest("test/key", &[]));
}
