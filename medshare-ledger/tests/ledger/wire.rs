//! Every wire type: round trip and the malformed set.

use std::fmt::Debug;

use medshare_ledger::{
    AccessReceipt, Block, Boundary, CertifiedHeader, LedgerStore, LightClient, MAX_CALL_LEN,
    MemberStatus, ReceiptProof, RefusalCode, Refusing, RpcRefusal, RpcRequest, RpcResponse,
    ShareRequest, StateProof, Transaction, TransactionError,
};
use medshare_types::sign::BadSignature;
use medshare_types::{
    DecodeError, Digest, Epoch, G1Bytes, G2Bytes, GateKeyId, Nonce, ReleaseShare, ReplicaId,
    Signature, TicketId, Timestamp, Wire,
};

use crate::fixture::{Changes, Fixture, key};

fn check<T: Wire + PartialEq + Debug>(value: &T) {
    let bytes = value.to_wire();
    assert!(bytes.len() <= T::MAX_LEN);
    assert_eq!(T::from_wire(&bytes).as_ref(), Ok(value));
    for end in 0..bytes.len() {
        assert!(T::from_wire(&bytes[..end]).is_err(), "cut at {end}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    let left_over = Err(DecodeError::TrailingBytes { count: 1 });
    assert_eq!(T::from_wire(&longer), left_over);
    let mut other = bytes.clone();
    other[0] ^= 1;
    let expected = T::KIND;
    assert_eq!(
        T::from_wire(&other),
        Err(DecodeError::WrongKind { expected })
    );
    // Decoding is injective: a decoded value encodes to the same bytes.
    for at in 6..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] = bent[at].wrapping_add(1);
        if let Ok(decoded) = T::from_wire(&bent) {
            assert_eq!(decoded.to_wire(), bent, "byte {at}");
        }
    }
}

struct Samples {
    fixture: Fixture,
    boundary: Boundary,
    block: Block,
    certified: CertifiedHeader,
    present: StateProof,
    absent: StateProof,
    receipt: ReceiptProof,
}

fn samples() -> Samples {
    let fixture = Fixture::new(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let store = LedgerStore::open(path, fixture.members.genesis(), &fixture.genesis_state).unwrap();
    fixture.grow_some(&store);
    fixture.grow(&store, vec![], &Changes::new());
    let block = store.block(medshare_types::Height(1)).unwrap();
    let boundary = Boundary {
        certified: fixture.certified(fixture.last(&store).header),
        committee: fixture.committee(Epoch(1)),
    };
    Samples {
        boundary,
        certified: store.tip().unwrap().unwrap(),
        present: store.prove_state(&key(1)).unwrap(),
        absent: store.prove_state(&key(99)).unwrap(),
        receipt: store.prove_receipt(&block.transactions[1].id()).unwrap(),
        block,
        fixture,
    }
}

fn release_share(fixture: &Fixture) -> ReleaseShare {
    ReleaseShare {
        ticket: TicketId::from_digest(key(1)),
        label: key(2),
        key: GateKeyId::from_digest(key(3)),
        generation: 0,
        holder: fixture.organisation(0),
        a: G1Bytes([1; 48]),
        k: G2Bytes([2; 96]),
        s: G1Bytes([3; 48]),
        signature: Signature::from_bytes([4; 64]),
    }
}

#[test]
fn blocks_and_proofs_round_trip() {
    let samples = samples();
    check(&samples.block.transactions[0]);
    check(&samples.block);
    check(&samples.certified);
    check(&samples.present);
    check(&samples.absent);
    check(&samples.receipt);
    let client = LightClient::new(samples.fixture.members.genesis()).unwrap();
    check(&AccessReceipt::new(
        samples.receipt,
        [key(1), key(2)],
        &client,
    ));
    check(&samples.boundary);
}

#[test]
fn requests_and_responses_round_trip() {
    let samples = samples();
    let fixture = &samples.fixture;
    let transaction = samples.block.transactions[0].clone();
    let id = transaction.id();
    let share = ShareRequest::sign(
        &fixture.members.chain(),
        TicketId::from_digest(key(1)),
        key(2),
        fixture.organisation(0),
        Timestamp::from_millis(5),
        &fixture.members.keys()[1],
    );
    for request in [
        RpcRequest::Submit(Box::new(transaction)),
        RpcRequest::ReceiptOf(id),
        RpcRequest::State(key(1)),
        RpcRequest::Tip,
        RpcRequest::Share(Box::new(share)),
        RpcRequest::Status,
        RpcRequest::Boundaries(Epoch(3)),
    ] {
        check(&request);
    }
    let status = |tip| {
        RpcResponse::Status(Box::new(MemberStatus {
            tip,
            clock: Timestamp::from_millis(7),
            primary: ReplicaId(2),
            waiting: 3,
            disk_free: Some(4),
            lost: true,
            lacks_share: false,
            refusing: Some(Refusing::DiskLow {
                since: Timestamp::from_millis(5),
                needed: 6,
            }),
        }))
    };
    for response in [
        status(None),
        status(Some(samples.certified.clone())),
        RpcResponse::Accepted(id),
        RpcResponse::Receipt(Box::new(samples.receipt)),
        RpcResponse::Pending,
        RpcResponse::State(Box::new(samples.present)),
        RpcResponse::Tip(Box::new(samples.certified)),
        RpcResponse::Share(Box::new(release_share(fixture))),
        RpcResponse::Refused(RpcRefusal::new(RefusalCode::Stale, "behind")),
        RpcResponse::Boundaries(vec![]),
        RpcResponse::Boundaries(vec![samples.boundary.clone(), samples.boundary]),
    ] {
        check(&response);
    }
}

#[test]
fn the_first_formats_are_these_bytes() {
    let samples = samples();
    let fixture = &samples.fixture;
    let transaction = fixture.transaction(1);
    let bytes = [
        b"mTXN\0\x01",
        transaction.chain.as_ref(),
        &[0],
        fixture.organisation(0).as_ref(),
        transaction.key.as_bytes(),
        &[1; 16],
        &[3, 0, 0, 0, 1, 1, 1],
        transaction.signature.as_bytes(),
    ]
    .concat();
    assert_eq!(transaction.to_wire(), bytes);
    assert_eq!(RpcRequest::Tip.to_wire(), b"mREQ\0\x01\x03");
    assert_eq!(RpcResponse::Pending.to_wire(), b"mRSP\0\x01\x02");
    assert_eq!(RpcRequest::Status.to_wire(), b"mREQ\0\x01\x06");
    let boundaries = RpcRequest::Boundaries(Epoch(3)).to_wire();
    assert_eq!(boundaries, b"mREQ\0\x01\x07\x03\0\0\0\0\0\0\0");
    let boundaries = RpcResponse::Boundaries(vec![]).to_wire();
    assert_eq!(boundaries, b"mRSP\0\x01\x09\0\0\0\0");
    let status = MemberStatus {
        tip: None,
        clock: Timestamp::from_millis(7),
        primary: ReplicaId(2),
        waiting: 3,
        disk_free: None,
        lost: false,
        lacks_share: true,
        refusing: Some(Refusing::DiskFull {
            since: Timestamp::from_millis(5),
            needed: 6,
        }),
    };
    let status = RpcResponse::Status(Box::new(status)).to_wire();
    assert_eq!(
        status,
        b"mRSP\0\x01\x08\0\x07\0\0\0\0\0\0\0\x02\0\x03\0\0\0\0\0\x01\
           \x01\x01\x05\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0"
    );
    let refused = RpcResponse::Refused(RpcRefusal::new(RefusalCode::Overloaded, "no"));
    assert_eq!(refused.to_wire(), b"mRSP\0\x01\x06\x05\x02\0\0\0no");
    let refused = RpcResponse::Refused(RpcRefusal::new(RefusalCode::DiskFull, "no"));
    assert_eq!(refused.to_wire(), b"mRSP\0\x01\x06\x0c\x02\0\0\0no");
}

#[test]
fn a_transaction_is_its_senders_on_one_chain() {
    let fixture = Fixture::new(1);
    let chain = fixture.members.chain();
    let good = fixture.transaction(1);
    assert_eq!(good.verify(&chain), Ok(()));

    let elsewhere = Fixture::new(2);
    let expected = elsewhere.members.chain();
    let wrong = TransactionError::WrongChain {
        expected,
        found: chain,
    };
    assert_eq!(good.verify(&expected), Err(wrong));

    let bent = |bend: &dyn Fn(&mut Transaction)| {
        let mut transaction = good.clone();
        bend(&mut transaction);
        assert_ne!(transaction.id(), good.id());
        assert_eq!(
            transaction.verify(&chain),
            Err(TransactionError::BadSignature)
        );
    };
    bent(&|t| t.nonce = Nonce([2; 16]));
    bent(&|t| t.call.push(0));
    bent(&|t| t.key = fixture.members.keys()[1].verifying_key());
    bent(&|t| t.sender = fixture.organisation(1).into());
    bent(&|t| {
        let medshare_types::Principal::Organisation(id) = t.sender else {
            panic!("the sample is an organisation's");
        };
        t.sender = medshare_types::PersonId::from_digest(*id.digest()).into();
    });
}

#[test]
fn the_signature_is_under_the_root_but_not_in_the_id() {
    let fixture = Fixture::new(1);
    let good = fixture.transaction(1);
    let mut resigned = good.clone();
    resigned.signature = Signature::from_bytes([1; 64]);
    assert_eq!(resigned.id(), good.id());
    let root = medshare_ledger::transactions_root;
    assert_ne!(root(&[resigned]), root(&[good]));
}

#[test]
fn a_call_that_is_too_long_is_refused_everywhere() {
    let fixture = Fixture::new(1);
    let chain = fixture.members.chain();
    let make = |length| {
        let sender = fixture.organisation(0).into();
        let call = vec![0; length];
        Transaction::sign(
            chain,
            sender,
            Nonce([1; 16]),
            call,
            &fixture.members.keys()[0],
        )
    };
    let longest = make(MAX_CALL_LEN);
    assert_eq!(longest.verify(&chain), Ok(()));
    assert_eq!(Transaction::from_wire(&longest.to_wire()), Ok(longest));

    let longer = make(MAX_CALL_LEN + 1);
    let error = TransactionError::CallTooLong {
        length: MAX_CALL_LEN + 1,
        limit: MAX_CALL_LEN,
    };
    assert_eq!(longer.verify(&chain), Err(error));
    let malformed = Transaction::from_wire(&longer.to_wire());
    assert!(matches!(malformed, Err(DecodeError::Malformed { .. })));
    // A request has room for more, but holds the limit of the call.
    let request = RpcRequest::Submit(Box::new(longer)).to_wire();
    assert!(RpcRequest::from_wire(&request).is_err());
}

#[test]
fn a_share_request_is_the_grantees_for_one_holder() {
    let fixture = Fixture::new(1);
    let chain = fixture.members.chain();
    let grantee = &fixture.members.keys()[1];
    let key = grantee.verifying_key();
    let holder = fixture.organisation(0);
    let at = Timestamp::from_millis(5);
    let ticket = TicketId::from_digest(crate::fixture::key(1));
    let good = ShareRequest::sign(&chain, ticket, Digest::ZERO, holder, at, grantee);
    assert_eq!(good.verify(&chain, &key), Ok(()));

    let refused = |request: &ShareRequest| {
        assert_eq!(request.verify(&chain, &key), Err(BadSignature));
    };
    let mut bent = good.clone();
    bent.holder = fixture.organisation(1);
    refused(&bent);
    let mut bent = good.clone();
    bent.at = Timestamp::from_millis(6);
    refused(&bent);
    let mut bent = good.clone();
    bent.label = crate::fixture::key(1);
    refused(&bent);
    let mut bent = good.clone();
    bent.ticket = TicketId::from_digest(Digest::ZERO);
    refused(&bent);
    let other_chain = Fixture::new(2).members.chain();
    assert_eq!(good.verify(&other_chain, &key), Err(BadSignature));
    let other_key = fixture.members.keys()[2].verifying_key();
    assert_eq!(good.verify(&chain, &other_key), Err(BadSignature));
}
