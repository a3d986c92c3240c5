//! The receipt of an access, verified from the genesis alone.

use medshare_ledger::{AccessReceipt, LedgerStore, ReceiptProof, VerifyError};
use medshare_types::{
    AccessClass, Digest, Event, G1Bytes, G2Bytes, GateKeyId, GrantId, Height, Outcome, PersonId,
    Purpose, RecordId, RecordVersion, ReleaseShare, Signature, Ticket, TicketId, Timestamp,
    TransactionReceipt, Wire, hash,
};

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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let store = LedgerStore::open(path, fixture.members.genesis(), &fixture.genesis_state).unwrap();
    let transaction = fixture.transaction(1);
    let id = transaction.id();
    let receipt = TransactionReceipt {
        transaction: id,
        outcome: outcome(TicketId::of_transaction(&id)),
    };
    let block = fixture.next(&store, vec![transaction]);
    let certificate = fixture.certify(&block.header);
    let changes = Changes::new();
    fixture
        .apply(&store, &block, &certificate, &[receipt], &changes)
        .unwrap();
    fixture.grow(&store, vec![], &Changes::new());
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
    let bytes = AccessReceipt::new(proof, shares.iter().map(ReleaseShare::digest)).to_wire();
    // Long after, from the bytes and the genesis.
    let receipt = AccessReceipt::from_wire(&bytes).unwrap();
    assert_eq!(receipt.verify(genesis), Ok(&ticket));
    assert_eq!(receipt.shares().len(), 3);
    for share in &shares {
        assert_eq!(receipt.verify_share(genesis, share), Ok(()));
    }

    let unlisted = share(&fixture, 3, &ticket);
    let foreign = Err(VerifyError::ForeignShare);
    assert_eq!(receipt.verify_share(genesis, &unlisted), foreign);
    let other = Fixture::new(2).members.genesis().clone();
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
    let receipt = AccessReceipt::new(proof, digests);
    let check = |share| receipt.verify_share(genesis, share);
    assert_eq!(check(&elsewhere), Err(VerifyError::ForeignShare));
    assert_eq!(check(&unsigned), Err(VerifyError::BadShareSignature));
    assert_eq!(check(&stranger), Err(VerifyError::ForeignShare));
}

#[test]
fn a_receipt_without_its_ticket_proves_no_access() {
    let fixture = Fixture::new(1);
    let verify = |proof| {
        AccessReceipt::new(proof, [])
            .verify(fixture.members.genesis())
            .map(drop)
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
    let receipt = AccessReceipt::new(proof, [digests[1], digests[0], digests[1]]);
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
        let result = bent.verify(fixture.members.genesis());
        assert_eq!(result, Err(VerifyError::SharesOutOfOrder));
    }
}
