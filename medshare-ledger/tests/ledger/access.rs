//! The receipt of an access, from the genesis alone.

use medshare_ledger::{AccessReceipt, LedgerStore, ReceiptProof, VerifyError};
use medshare_types::{
    AccessClass, Digest, Event, G1Bytes, G2Bytes, GateKeyId, GrantId, Height, Outcome, PersonId,
    Purpose, RecordId, RecordVersion, ReleaseShare, Signature, Ticket, TicketId, Timestamp,
    TransactionReceipt, Wire, hash,
};

use crate::consortium::{Changes, Consortium};

fn ticket(id: TicketId, height: Height, consortium: &Consortium) -> Ticket {
    let key = consortium.keys[3].verifying_key();
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

/// The proof that one transaction ended with `outcome` in block 1.
fn issued(consortium: &Consortium, outcome: impl FnOnce(TicketId) -> Outcome) -> ReceiptProof {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let store = LedgerStore::open(path, &consortium.genesis, &consortium.genesis_state).unwrap();
    let transaction = consortium.transaction(1);
    let id = transaction.id();
    let receipt = TransactionReceipt {
        transaction: id,
        outcome: outcome(TicketId::of_transaction(&id)),
    };
    let block = consortium.next(&store, vec![transaction]);
    let certificate = consortium.certify(&block.header);
    store
        .apply(&block, &certificate, &[receipt], &Changes::new())
        .unwrap();
    consortium.grow(&store, vec![], &Changes::new());
    store.prove_receipt(&id).unwrap()
}

fn share(consortium: &Consortium, holder: usize, ticket: &Ticket) -> ReleaseShare {
    let mut share = ReleaseShare {
        ticket: ticket.id,
        label: ticket.label,
        key: GateKeyId::from_digest(hash::digest("test/gate-key", &[])),
        generation: 0,
        holder: consortium.genesis.members[holder].organisation(),
        a: G1Bytes([1; 48]),
        k: G2Bytes([2; 96]),
        s: G1Bytes([3; 48]),
        signature: Signature::from_bytes([0; 64]),
    };
    share.signature = consortium.keys[holder].sign(&share.statement());
    share
}

fn with_ticket(consortium: &Consortium) -> (ReceiptProof, Ticket) {
    let mut made = None;
    let proof = issued(consortium, |id| {
        let ticket = ticket(id, Height(1), consortium);
        made = Some(ticket.clone());
        Outcome::Applied(vec![Event::TicketIssued(Box::new(ticket))])
    });
    (proof, made.unwrap())
}

#[test]
fn a_receipt_proves_the_ticket_and_names_the_shares() {
    let consortium = Consortium::new(1);
    let genesis = &consortium.genesis;
    let (proof, ticket) = with_ticket(&consortium);
    let shares: Vec<_> = [2, 0, 1]
        .map(|holder| share(&consortium, holder, &ticket))
        .to_vec();
    let receipt = AccessReceipt::new(proof, shares.iter().map(ReleaseShare::digest));
    // Long after, from the bytes and the genesis.
    let receipt = AccessReceipt::from_wire(&receipt.to_wire()).unwrap();
    assert_eq!(receipt.verify(genesis), Ok(&ticket));
    assert_eq!(receipt.shares().len(), 3);
    for share in &shares {
        assert_eq!(receipt.verify_share(genesis, share), Ok(()));
    }

    let unlisted = share(&consortium, 3, &ticket);
    let foreign = Err(VerifyError::ForeignShare);
    assert_eq!(receipt.verify_share(genesis, &unlisted), foreign);
    let other = Consortium::new(2).genesis;
    assert!(matches!(
        receipt.verify(&other),
        Err(VerifyError::WrongChain { .. })
    ));
}

#[test]
fn a_listed_share_of_another_ticket_or_signer_is_refused() {
    let consortium = Consortium::new(1);
    let genesis = &consortium.genesis;
    let (proof, ticket) = with_ticket(&consortium);
    let mut elsewhere = ticket.clone();
    elsewhere.id = TicketId::from_digest(Digest::ZERO);
    let elsewhere = share(&consortium, 0, &elsewhere);
    let mut unsigned = share(&consortium, 1, &ticket);
    unsigned.signature = elsewhere.signature;
    let stranger = share(&Consortium::new(2), 0, &ticket);

    let digests = [&elsewhere, &unsigned, &stranger].map(ReleaseShare::digest);
    let receipt = AccessReceipt::new(proof, digests);
    let check = |share| receipt.verify_share(genesis, share);
    assert_eq!(check(&elsewhere), Err(VerifyError::ForeignShare));
    assert_eq!(check(&unsigned), Err(VerifyError::BadShareSignature));
    assert_eq!(check(&stranger), Err(VerifyError::ForeignShare));
}

#[test]
fn a_receipt_without_its_ticket_proves_no_access() {
    let consortium = Consortium::new(1);
    let verify = |proof| {
        AccessReceipt::new(proof, [])
            .verify(&consortium.genesis)
            .map(drop)
    };
    let denied = issued(&consortium, |_| {
        Outcome::Denied(medshare_types::Denial::UnknownGrant)
    });
    assert_eq!(verify(denied), Err(VerifyError::NoTicket));

    let issue = |ticket| Outcome::Applied(vec![Event::TicketIssued(Box::new(ticket))]);
    let borrowed = TicketId::from_digest(Digest::ZERO);
    let of_another = issued(&consortium, |_| {
        issue(ticket(borrowed, Height(1), &consortium))
    });
    assert_eq!(verify(of_another), Err(VerifyError::TicketMismatch));
    let of_later = issued(&consortium, |id| issue(ticket(id, Height(2), &consortium)));
    assert_eq!(verify(of_later), Err(VerifyError::TicketMismatch));
}

#[test]
fn repeated_or_reordered_shares_are_refused() {
    let consortium = Consortium::new(1);
    let (proof, _) = with_ticket(&consortium);
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
        let mut bent = bytes.clone();
        bent[start..].copy_from_slice(&order);
        let bent = AccessReceipt::from_wire(&bent).unwrap();
        let result = bent.verify(&consortium.genesis);
        assert_eq!(result, Err(VerifyError::SharesOutOfOrder));
    }
}
