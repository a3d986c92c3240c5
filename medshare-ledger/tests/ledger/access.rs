//! The receipt of an access, verified from the genesis alone.

use medshare_ledger::light::TRUST_PERIOD;
use medshare_ledger::{
    AccessReceipt, Anchor, Boundary, LedgerStore, LightClient, ReceiptProof, VerifyError,
};
use medshare_types::{
    AccessClass, Digest, Epoch, Event, G1Bytes, G2Bytes, GateKeyId, GrantId, Height, Outcome,
    PersonId, Purpose, RecordId, RecordVersion, ReleaseShare, Signature, Ticket, TicketId,
    Timestamp, TransactionReceipt, Wire, hash,
};
use tempfile::TempDir;

use crate::fixture::{Changes, Fixture};

fn ticket(id: TicketId, height: Height, fixture: &Fixture) -> Ticket {
    let key = fixture.members.keys()[3].verifying_key();
    Ticket {
        id,
        grant: GrantId::from_digest(hash::digest("test/grant", &[])),
        grantee: PersonId::of_key(&key),
        grantee_key: key,
        record: RecordId::from_digest(hash::digest("test/record", &[])),
        version: RecordVersion(1),
        class: AccessClass::Normal,
        label: hash::digest("test/label", &[]),
        session: G1Bytes([7; 48]),
        purpose: Purpose::Treatment,
        height,
        issued_at: Timestamp::from_millis(1_001),
        expires: Timestamp::from_millis(121_001),
    }
}

/// Proves the receipt of one transaction in block 1, with this outcome.
fn issued(fixture: &Fixture, outcome: impl FnOnce(TicketId) -> Outcome) -> ReceiptProof {
    let (_folder, store) = store(fixture);
    issued_in(fixture, &store, outcome)
}

fn store(fixture: &Fixture) -> (TempDir, LedgerStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let store = LedgerStore::open(path, fixture.members.genesis(), &fixture.genesis_state).unwrap();
    (folder, store)
}

/// Proves the receipt of one transaction in the next block, by the block after.
fn issued_in(
    fixture: &Fixture,
    store: &LedgerStore,
    outcome: impl FnOnce(TicketId) -> Outcome,
) -> ReceiptProof {
    let transaction = fixture.transaction(1);
    let id = transaction.id();
    let receipt = TransactionReceipt {
        transaction: id,
        outcome: outcome(TicketId::of_transaction(&id)),
    };
    let block = fixture.next(store, vec![transaction]);
    let certificate = fixture.certify(&block.header);
    let changes = Changes::new();
    fixture
        .apply(store, &block, &certificate, &[receipt], &changes)
        .unwrap();
    fixture.grow(store, vec![], &Changes::new());
    store.prove_receipt(&id).unwrap()
}

fn share(fixture: &Fixture, holder: usize, ticket: &Ticket) -> ReleaseShare {
    let mut share = ReleaseShare {
        ticket: ticket.id,
        label: ticket.label,
        key: GateKeyId::from_digest(hash::digest("test/gate-key", &[])),
        generation: 0,
        holder: fixture.organisation(holder),
        a: G1Bytes([1; 48]),
        k: G2Bytes([2; 96]),
        s: G1Bytes([3; 48]),
        signature: Signature::from_bytes([0; 64]),
    };
    share.signature = fixture.members.keys()[holder].sign(&share.statement());
    share
}

fn with_ticket(fixture: &Fixture) -> (ReceiptProof, Ticket) {
    let mut made = None;
    let proof = issued(fixture, |id| {
        let ticket = ticket(id, Height(1), fixture);
        made = Some(ticket.clone());
        Outcome::Applied(vec![Event::TicketIssued(Box::new(ticket))])
    });
    (proof, made.unwrap())
}

#[test]
fn a_receipt_proves_the_ticket_and_names_the_shares() {
    let fixture = Fixture::new(1);
    let genesis = fixture.members.genesis();
    let (proof, ticket) = with_ticket(&fixture);
    let shares = [2, 0, 1].map(|holder| share(&fixture, holder, &ticket));
    let client = LightClient::new(genesis).unwrap();
    let digests = shares.iter().map(ReleaseShare::digest);
    let bytes = AccessReceipt::new(proof, digests, &client).to_wire();
    // Long after, from the bytes and the genesis.
    let receipt = AccessReceipt::from_wire(&bytes).unwrap();
    assert_eq!(receipt.verify(&client), Ok(&ticket));
    assert_eq!(receipt.shares().len(), 3);
    for share in &shares {
        assert_eq!(receipt.verify_share(&client, genesis, share), Ok(()));
    }

    let unlisted = share(&fixture, 3, &ticket);
    let foreign = Err(VerifyError::ForeignShare);
    assert_eq!(receipt.verify_share(&client, genesis, &unlisted), foreign);
    let other = LightClient::new(Fixture::new(2).members.genesis()).unwrap();
    assert!(matches!(
        receipt.verify(&other),
        Err(VerifyError::WrongChain { .. })
    ));
}

#[test]
fn a_listed_share_of_another_ticket_or_signer_is_refused() {
    let fixture = Fixture::new(1);
    let genesis = fixture.members.genesis();
    let (proof, ticket) = with_ticket(&fixture);
    let mut other_ticket = ticket.clone();
    other_ticket.id = TicketId::from_digest(Digest::ZERO);
    let elsewhere = share(&fixture, 0, &other_ticket);
    let mut unsigned = share(&fixture, 1, &ticket);
    unsigned.signature = elsewhere.signature;
    let stranger = share(&Fixture::new(2), 0, &ticket);

    let digests = [&elsewhere, &unsigned, &stranger].map(ReleaseShare::digest);
    let client = LightClient::new(genesis).unwrap();
    let receipt = AccessReceipt::new(proof, digests, &client);
    let check = |share| receipt.verify_share(&client, genesis, share);
    assert_eq!(check(&elsewhere), Err(VerifyError::ForeignShare));
    assert_eq!(check(&unsigned), Err(VerifyError::BadShareSignature));
    assert_eq!(check(&stranger), Err(VerifyError::ForeignShare));
}

#[test]
fn a_receipt_without_its_ticket_proves_no_access() {
    let fixture = Fixture::new(1);
    let client = LightClient::new(fixture.members.genesis()).unwrap();
    let verify = |proof| {
        let receipt = AccessReceipt::new(proof, [], &client);
        receipt.verify(&client).map(drop)
    };
    let denied = issued(&fixture, |_| {
        Outcome::Denied(medshare_types::Denial::UnknownGrant)
    });
    assert_eq!(verify(denied), Err(VerifyError::NoTicket));

    let issue = |ticket| Outcome::Applied(vec![Event::TicketIssued(Box::new(ticket))]);
    let borrowed = TicketId::from_digest(Digest::ZERO);
    let of_another = issued(&fixture, |_| issue(ticket(borrowed, Height(1), &fixture)));
    assert_eq!(verify(of_another), Err(VerifyError::TicketMismatch));
    let of_later = issued(&fixture, |id| issue(ticket(id, Height(2), &fixture)));
    assert_eq!(verify(of_later), Err(VerifyError::TicketMismatch));
}

#[test]
fn repeated_or_reordered_shares_are_refused() {
    let fixture = Fixture::new(1);
    let (proof, _) = with_ticket(&fixture);
    let digests = [Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32])];
    let client = LightClient::new(fixture.members.genesis()).unwrap();
    let receipt = AccessReceipt::new(proof, [digests[1], digests[0], digests[1]], &client);
    assert_eq!(receipt.shares(), digests);
    let bytes = receipt.to_wire();
    let start = bytes.len() - 64;
    for order in [[2; 64], {
        let mut swapped = [1; 64];
        swapped[..32].fill(2);
        swapped
    }] {
        let mut reordered = bytes.clone();
        reordered[start..].copy_from_slice(&order);
        let bent = AccessReceipt::from_wire(&reordered).unwrap();
        let result = bent.verify(&client);
        assert_eq!(result, Err(VerifyError::SharesOutOfOrder));
    }
}

/// A receipt of epoch 3, at height 7; each epoch before has two heights.
struct Later {
    fixture: Fixture,
    store: LedgerStore,
    proof: ReceiptProof,
    ticket: Ticket,
    _folder: TempDir,
}

impl Later {
    fn new() -> Self {
        let fixture = Fixture::new(1);
        let (folder, store) = store(&fixture);
        for _ in 0..3 {
            fixture.grow(&store, vec![], &Changes::new());
            fixture.end_epoch(&store);
        }
        let mut made = None;
        let proof = issued_in(&fixture, &store, |id| {
            let ticket = ticket(id, Height(7), &fixture);
            made = Some(ticket.clone());
            Outcome::Applied(vec![Event::TicketIssued(Box::new(ticket))])
        });
        Self {
            fixture,
            store,
            proof,
            ticket: made.unwrap(),
            _folder: folder,
        }
    }

    fn boundary(&self, epoch: u64) -> Boundary {
        self.store.boundary(Epoch(epoch)).unwrap().unwrap()
    }

    fn anchor(&self, epoch: u64) -> Anchor {
        let boundary = self.boundary(epoch);
        Anchor {
            header: boundary.certified.header,
            committee: boundary.committee,
        }
    }

    /// A client that trusts the genesis and these ends of epochs.
    fn trusting(&self, epochs: &[u64]) -> LightClient {
        let mut client = LightClient::new(self.fixture.members.genesis()).unwrap();
        for epoch in epochs {
            client.trust(&self.anchor(*epoch)).unwrap();
        }
        client
    }

    /// The receipt as a client makes it that followed the boundaries from `from` on.
    fn receipt(&self, trusted: &[u64], from: u64) -> AccessReceipt {
        let mut client = self.trusting(trusted);
        for epoch in from..3 {
            client.follow(&self.boundary(epoch)).unwrap();
        }
        AccessReceipt::new(self.proof.clone(), [], &client)
    }
}

const fn unknown(epoch: u64, followed: u64) -> VerifyError {
    VerifyError::UnknownEpoch {
        epoch: Epoch(epoch),
        followed: Epoch(followed),
    }
}

#[test]
fn a_receipt_carries_the_boundaries_that_lead_to_it() {
    let later = Later::new();
    let whole = later.receipt(&[], 0).to_wire();
    let receipt = AccessReceipt::from_wire(&whole).unwrap();
    for anchors in [&[][..], &[0], &[1], &[2], &[0, 2]] {
        let client = later.trusting(anchors);
        assert_eq!(receipt.verify(&client), Ok(&later.ticket), "{anchors:?}");
    }
    // A client that followed needs none of them.
    let mut followed = later.trusting(&[]);
    for epoch in 0..3 {
        followed.follow(&later.boundary(epoch)).unwrap();
    }
    let bare = AccessReceipt::new(later.proof.clone(), [], &later.trusting(&[]));
    assert_eq!(bare.verify(&followed), Ok(&later.ticket));
    assert_eq!(bare.verify(&later.trusting(&[])), Err(unknown(3, 0)));
    assert_eq!(bare.verify(&later.trusting(&[1])), Err(unknown(3, 2)));
    // From an anchor on, it carries what comes after.
    let from_anchor = later.receipt(&[0], 1);
    assert_eq!(from_anchor.verify(&later.trusting(&[1])), Ok(&later.ticket));
    assert_eq!(from_anchor.verify(&later.trusting(&[])), Err(unknown(1, 0)));

    let mut rebased = receipt.clone();
    rebased.rebase(&later.anchor(0));
    assert_eq!(rebased, from_anchor);
    rebased.rebase(&later.anchor(2));
    assert_eq!(rebased, bare);
    // Another chain's anchor or a later one's leaves it as it is.
    later.fixture.end_epoch(&later.store);
    let mut kept = receipt.clone();
    kept.rebase(&later.anchor(3));
    assert_eq!(kept, receipt);
    assert_eq!(kept.verify(&later.trusting(&[3])), Ok(&later.ticket));
}

#[test]
fn no_bit_of_a_carried_boundary_can_be_changed() {
    let later = Later::new();
    let client = later.trusting(&[]);
    let bytes = later.receipt(&[], 0).to_wire();
    // The digests of shares at the end are the reader's claim; there are none here.
    for at in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] ^= 1 << (at % 8);
        if let Ok(bent) = AccessReceipt::from_wire(&bent) {
            assert!(bent.verify(&client).is_err(), "byte {at}");
        }
    }
}

/// The receipt of a second history: a quorum of the keys of epoch 0 ends it at once and hands over to
/// keys of the forger.
#[test]
fn an_old_epochs_keys_prove_no_access_to_those_that_followed_it() {
    let later = Later::new();
    let forger = Fixture {
        later_keys: 9,
        ..Fixture::new(1)
    };
    let (_folder, store) = store(&forger);
    forger.end_epoch(&store);
    let proof = issued_in(&forger, &store, |id| {
        let ticket = ticket(id, Height(2), &forger);
        Outcome::Applied(vec![Event::TicketIssued(Box::new(ticket))])
    });
    let mut client = later.trusting(&[]);
    client
        .follow(&store.boundary(Epoch(0)).unwrap().unwrap())
        .unwrap();
    let forged = AccessReceipt::new(proof, [], &client);
    // A verifier that knows the genesis alone cannot tell; one that followed, or has a newer anchor, can.
    assert!(forged.verify(&later.trusting(&[])).is_ok());
    let mut followed = later.trusting(&[]);
    followed.follow(&later.boundary(0)).unwrap();
    for client in [followed, later.trusting(&[0]), later.trusting(&[0, 2])] {
        let refused = forged.verify(&client).unwrap_err();
        assert!(matches!(refused, VerifyError::Certificate { .. }));
    }
}

#[test]
fn a_receipt_is_followed_within_the_trust_period() {
    let later = Later::new();
    let period = u64::try_from(TRUST_PERIOD.as_millis()).unwrap();
    let receipt = |created: u64, ended: u64, issued: u64| {
        let mut genesis = later.fixture.members.genesis().clone();
        genesis.created = Timestamp::from_millis(created);
        let chain = genesis.chain_id();
        let certify = |mut header: medshare_types::BlockHeader, time| {
            header.chain = chain;
            header.time = Timestamp::from_millis(time);
            later.fixture.certified(header)
        };
        let mut boundary = later.boundary(0);
        boundary.certified = certify(boundary.certified.header, ended);
        let mut proof = later.proof.clone();
        let mut header = proof.certified.header;
        header.epoch = Epoch(1);
        proof.certified = certify(header, issued);
        let mut client = LightClient::new(&genesis).unwrap();
        client.follow(&boundary).unwrap();
        let receipt = AccessReceipt::new(proof, [], &client);
        let verified = receipt.verify(&LightClient::new(&genesis).unwrap());
        (verified.map(drop), receipt.to_wire().len())
    };
    let (verified, whole) = receipt(5, 6, 5 + period);
    assert_eq!(verified, Ok(()));
    let stale = VerifyError::Stale {
        since: Timestamp::from_millis(5),
        now: Timestamp::from_millis(6 + period),
    };
    assert_eq!(receipt(5, 6, 6 + period), (Err(stale), whole));
    assert_eq!(receipt(6, 6, 6 + period), (Ok(()), whole));
    // A boundary from which no verifier may follow is left out.
    let (refused, bare) = receipt(5, 6, 7 + period);
    assert!(matches!(refused, Err(VerifyError::Stale { .. })));
    assert!(bare < whole - 400, "{bare}, {whole}");
}
