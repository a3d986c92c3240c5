//! Every wire type: round trip and the malformed set.

use std::fmt::Debug;

use medshare_ledger::{
    AccessReceipt, Block, CertifiedHeader, LedgerStore, MAX_CALL_LEN, ReceiptProof, RefusalCode,
    RpcRefusal, RpcRequest, RpcResponse, ShareRequest, StateProof, Transaction, TransactionError,
};
use medshare_types::sign::BadSignature;
use medshare_types::{
    DecodeError, Digest, G1Bytes, G2Bytes, GateKeyId, Nonce, ReleaseShare, Signature, TicketId,
    Timestamp, Wire,
};

use crate::consortium::{Changes, Consortium, key};

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
    // Decoding is injective: what decodes at all encodes to the same bytes again.
    for at in 6..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] = bent[at].wrapping_add(1);
        if let Ok(decoded) = T::from_wire(&bent) {
            assert_eq!(decoded.to_wire(), bent, "byte {at}");
        }
    }
}

struct Samples {
    consortium: Consortium,
    block: Block,
    certified: CertifiedHeader,
    present: StateProof,
    absent: StateProof,
    receipt: ReceiptProof,
}

fn samples() -> Samples {
    let consortium = Consortium::new(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let store = LedgerStore::open(path, &consortium.genesis, &consortium.genesis_state).unwrap();
    consortium.grow_some(&store);
    consortium.grow(&store, vec![], &Changes::new());
    let block = store.block(medshare_types::Height(1)).unwrap();
    Samples {
        certified: store.tip().unwrap().unwrap(),
        present: store.prove_state(&key(1)).unwrap(),
        absent: store.prove_state(&key(99)).unwrap(),
        receipt: store.prove_receipt(&block.transactions[1].id()).unwrap(),
        block,
        consortium,
    }
}

fn release_share(consortium: &Consortium) -> ReleaseShare {
    ReleaseShare {
        ticket: TicketId::from_digest(key(1)),
        label: key(2),
        key: GateKeyId::from_digest(key(3)),
        generation: 0,
        holder: consortium.genesis.members[0].organisation(),
        a: G1Bytes([1; 48]),
        k: G2Bytes([2; 96]),
        s: G1Bytes([3; 48]),
        signature: Signature::from_bytes([4; 64]),
    }
}

#[test]
fn what_is_ordered_and_proven() {
    let samples = samples();
    check(&samples.block.transactions[0]);
    check(&samples.block);
    check(&samples.certified);
    check(&samples.present);
    check(&samples.absent);
    check(&samples.receipt);
    check(&AccessReceipt::new(samples.receipt, [key(1), key(2)]));
}

#[test]
fn what_members_are_asked_and_answer() {
    let samples = samples();
    let consortium = &samples.consortium;
    let transaction = samples.block.transactions[0].clone();
    let id = transaction.id();
    let share = ShareRequest::sign(
        &consortium.genesis.chain_id(),
        TicketId::from_digest(key(1)),
        key(2),
        consortium.genesis.members[0].organisation(),
        Timestamp::from_millis(5),
        &consortium.keys[1],
    );
    for request in [
        RpcRequest::Submit(Box::new(transaction)),
        RpcRequest::ReceiptOf(id),
        RpcRequest::State(key(1)),
        RpcRequest::Tip,
        RpcRequest::Share(Box::new(share)),
    ] {
        check(&request);
    }
    for response in [
        RpcResponse::Accepted(id),
        RpcResponse::Receipt(Box::new(samples.receipt)),
        RpcResponse::Pending,
        RpcResponse::State(Box::new(samples.present)),
        RpcResponse::Tip(Box::new(samples.certified)),
        RpcResponse::Share(Box::new(release_share(consortium))),
        RpcResponse::Refused(RpcRefusal::new(RefusalCode::Stale, "behind")),
    ] {
        check(&response);
    }
}

#[test]
fn the_first_formats_are_these_bytes() {
    let samples = samples();
    let consortium = &samples.consortium;
    let transaction = consortium.transaction(1);
    let bytes = [
        b"mTXN\0\x01",
        transaction.chain.as_ref(),
        &[0],
        consortium.genesis.members[0].organisation().as_ref(),
        transaction.key.as_bytes(),
        &[1; 16],
        &[3, 0, 0, 0, 1, 1, 1],
        transaction.signature.as_bytes(),
    ]
    .concat();
    assert_eq!(transaction.to_wire(), bytes);
    assert_eq!(RpcRequest::Tip.to_wire(), b"mREQ\0\x01\x03");
    assert_eq!(RpcResponse::Pending.to_wire(), b"mRSP\0\x01\x02");
    let refused = RpcResponse::Refused(RpcRefusal::new(RefusalCode::Overloaded, "no"));
    assert_eq!(refused.to_wire(), b"mRSP\0\x01\x06\x05\x02\0\0\0no");
}

#[test]
fn a_transaction_is_its_senders_on_one_chain() {
    let consortium = Consortium::new(1);
    let chain = consortium.genesis.chain_id();
    let good = consortium.transaction(1);
    assert_eq!(good.verify(&chain), Ok(()));

    let elsewhere = Consortium::new(2);
    let expected = elsewhere.genesis.chain_id();
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
    bent(&|t| t.key = consortium.keys[1].verifying_key());
    bent(&|t| t.sender = consortium.genesis.members[1].organisation().into());
    bent(&|t| {
        let medshare_types::Principal::Organisation(id) = t.sender else {
            panic!("the sample is an organisation's");
        };
        t.sender = medshare_types::PersonId::from_digest(*id.digest()).into();
    });
}

#[test]
fn the_signature_is_under_the_root_but_not_in_the_id() {
    let consortium = Consortium::new(1);
    let good = consortium.transaction(1);
    let mut resigned = good.clone();
    resigned.signature = Signature::from_bytes([1; 64]);
    assert_eq!(resigned.id(), good.id());
    let root = medshare_ledger::transactions_root;
    assert_ne!(root(&[resigned]), root(&[good]));
}

#[test]
fn a_call_that_is_too_long_is_refused_everywhere() {
    let consortium = Consortium::new(1);
    let chain = consortium.genesis.chain_id();
    let make = |length| {
        let sender = consortium.genesis.members[0].organisation().into();
        let call = vec![0; length];
        Transaction::sign(chain, sender, Nonce([1; 16]), call, &consortium.keys[0])
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
    // Nor does it pass inside another type, with room for it.
    let request = RpcRequest::Submit(Box::new(longer)).to_wire();
    assert!(RpcRequest::from_wire(&request).is_err());
}

#[test]
fn a_share_request_is_the_grantees_for_one_holder() {
    let consortium = Consortium::new(1);
    let chain = consortium.genesis.chain_id();
    let grantee = &consortium.keys[1];
    let key = grantee.verifying_key();
    let holder = consortium.genesis.members[0].organisation();
    let at = Timestamp::from_millis(5);
    let ticket = TicketId::from_digest(crate::consortium::key(1));
    let good = ShareRequest::sign(&chain, ticket, Digest::ZERO, holder, at, grantee);
    assert_eq!(good.verify(&chain, &key), Ok(()));

    let refused = |request: &ShareRequest| {
        assert_eq!(request.verify(&chain, &key), Err(BadSignature));
    };
    let mut bent = good.clone();
    bent.holder = consortium.genesis.members[1].organisation();
    refused(&bent);
    let mut bent = good.clone();
    bent.at = Timestamp::from_millis(6);
    refused(&bent);
    let mut bent = good.clone();
    bent.label = crate::consortium::key(1);
    refused(&bent);
    let mut bent = good.clone();
    bent.ticket = TicketId::from_digest(Digest::ZERO);
    refused(&bent);
    let other_chain = Consortium::new(2).genesis.chain_id();
    assert_eq!(good.verify(&other_chain, &key), Err(BadSignature));
    let other_key = consortium.keys[2].verifying_key();
    assert_eq!(good.verify(&chain, &other_key), Err(BadSignature));
}
