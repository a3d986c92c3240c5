//! Votes that a block records are stored with it.

use medshare_ledger::{LedgerStore, StoreError};
use medshare_types::attestation::attestations_root;
use medshare_types::{Attestation, Attested, Height, ReplicaId, Signature, View};

use crate::fixture::{Changes, Fixture};

#[test]
fn attestations_are_kept_with_their_block() {
    let fixture = Fixture::new(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let open =
        || LedgerStore::open(&path, fixture.members.genesis(), &fixture.genesis_state).unwrap();
    let store = open();
    let attestation = |signer| Attestation {
        height: Height(1),
        attested: Attested::Commit,
        view: View(0),
        signer: ReplicaId(signer),
        signature: Signature::from_bytes([9; 64]),
    };
    let votes = vec![attestation(0), attestation(2)];
    let mut block = fixture.next(&store, vec![]);
    block.header.attestations = attestations_root(&votes);
    block.attestations = votes.clone();
    let certificate = fixture.certify(&block.header);
    fixture
        .apply(&store, &block, &certificate, &[], &Changes::new())
        .unwrap();
    assert_eq!(store.attestations(Height(1)).unwrap(), votes);
    assert_eq!(store.block(Height(1)).unwrap(), block);
    store.close().unwrap();
    let store = open();
    assert_eq!(store.verify_from_genesis().unwrap(), Height(1));
    assert_eq!(store.attestations(Height(1)).unwrap(), votes);
    let error = store.attestations(Height(2)).unwrap_err();
    assert!(matches!(error, StoreError::UnknownHeight { .. }));
}
