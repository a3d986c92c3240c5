//! Arbitrary bytes from peers and clients are refused or ignored, and the node goes on.

use std::time::Duration;

use bytes::Bytes;
use medshare_contract::state::{CeremonyState, UsedMark};
use medshare_contract::{Call, keys};
use medshare_ledger::{RefusalCode, RpcRequest, RpcResponse, ShareRequest, Transaction};
use medshare_testkit::fixtures::rng;
use medshare_types::{
    AccessClass, ChainId, Denial, Digest, GrantId, Nonce, Outcome, PersonId, RandomSource as _,
    Signature, SigningKey, TicketId, Timestamp, Wire,
};

use crate::fixture::{Fixture, no_grant};

/// A seat without a node: the test sends in its name.
const HOSTILE: u16 = 3;
/// A seat that does not exist.
const STRANGER: u16 = 9;
/// More bytes than a frame between nodes may have.
const TOO_LONG: usize = 9 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_any_bytes_are_ignored() {
    let fixture = Fixture::start(&[0, 1, 2]).await;
    let dealt = |state: &CeremonyState| state.deals.iter().flatten().count() == 3;
    let ceremony = keys::ceremony(AccessClass::Normal);
    fixture.wait_for(0, ceremony, dealt).await;
    let mut frames_sent = fixture.network.frames();
    frames_sent.sort_unstable_by_key(Bytes::len);
    frames_sent.dedup();
    // Of the short ones (votes, status) and the long ones (transactions, proposals) some each.
    let step = (frames_sent.len() / 24).max(1);
    let samples: Vec<_> = frames_sent.iter().step_by(step).cloned().collect();
    assert!(samples.len() >= 20);

    let mut frames: Vec<Bytes> = vec![Bytes::new(), vec![0; TOO_LONG].into()];
    for length in [1, 5, 6, 7, 11, 100, 4_096] {
        let mut noise = vec![0; length];
        rng(length as u64).fill(&mut noise);
        frames.push(noise.clone().into());
        for tag in 0..3 {
            // A valid beginning: an envelope, a tag, a length.
            let claimed = 200u32.to_le_bytes();
            let begun = [b"mPEE\x00\x01", &[tag][..], &claimed, &noise].concat();
            frames.push(begun.into());
        }
    }
    frames.push([&samples[0][..], &vec![0; TOO_LONG]].concat().into());
    for sample in &samples {
        frames.push([&sample[..], &[0]].concat().into());
        for end in (0..sample.len()).step_by(sample.len() / 40 + 1) {
            frames.push(sample.slice(..end));
            let mut altered = sample.to_vec();
            altered[end] ^= 0x11;
            frames.push(altered.into());
        }
        // Unaltered, under another seat.
        frames.push(sample.clone());
    }
    for frame in &frames {
        for to in [0, 1, 2] {
            fixture.network.deliver(to, HOSTILE, frame.clone()).await;
            fixture.network.deliver(to, STRANGER, frame.clone()).await;
        }
    }
    fixture.assert_goes_on(1).await;
    fixture.shut_down().await;
}

/// Two nodes of four: their votes, sent again under the seats of the others, make no quorum. With a
/// third node there is one at once.
#[tokio::test(flavor = "multi_thread")]
async fn votes_count_for_their_signer_alone() {
    let mut fixture = Fixture::start(&[]).await;
    fixture.network.echo_under(&[2, HOSTILE, STRANGER]);
    fixture.start_node(0).await;
    fixture.start_node(1).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    for member in [0, 1] {
        let answer = fixture.ask(member, &RpcRequest::Tip).await;
        assert_eq!(code_of(answer), RefusalCode::NotYetCertified);
    }
    let prepares = fixture.network.frames().len();
    assert!(
        prepares > 10,
        "they did propose and vote: {prepares} frames"
    );
    fixture.start_node(2).await;
    fixture.assert_goes_on(1).await;
    fixture.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_of_peers_are_checked() {
    let fixture = Fixture::start(&[0, 1, 2]).await;
    let call = no_grant();
    let mut forged = fixture.sign(HOSTILE, 7, &call);
    forged.signature = Signature::from_bytes([3; 64]);
    let own = SigningKey::from_seed(&[200; 32]);
    let other_chain = ChainId::from_digest(Digest::ZERO);
    let sender = fixture.organisation(HOSTILE).into();
    let key = fixture.members.key(HOSTILE);
    let foreign = Transaction::sign(other_chain, sender, Nonce([8; 16]), call.to_wire(), key);
    // Validly signed, by a key that is not the sender's.
    let chain = fixture.chain();
    let usurped = Transaction::sign(chain, sender, Nonce([9; 16]), call.to_wire(), &own);
    for transaction in [&forged, &foreign, &usurped] {
        let bytes = transaction.to_wire();
        let length = (bytes.len() as u32).to_le_bytes();
        let frame = Bytes::from([b"mPEE\x00\x01\x01", &length[..], &bytes].concat());
        for to in [0, 1, 2] {
            fixture.network.deliver(to, HOSTILE, frame.clone()).await;
        }
    }
    fixture.assert_goes_on(1).await;
    for nonce in [7, 8, 9] {
        let mark = fixture.mark(HOSTILE, nonce);
        assert_eq!(fixture.state::<UsedMark>(0, mark).await, None, "{nonce}");
    }
    fixture.shut_down().await;
}

/// A member that asks for blocks gets none while there is a recent one.
#[tokio::test(flavor = "multi_thread")]
async fn blocks_on_demand_are_bounded_by_time() {
    let fixture = Fixture::start(&[0, 1, 2]).await;
    fixture.assert_goes_on(1).await;
    let mut quiet = fixture.ask(0, &RpcRequest::Tip).await;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let tip = fixture.ask(0, &RpcRequest::Tip).await;
        if tip == quiet {
            break;
        }
        quiet = tip;
    }
    let wanted = Bytes::from_static(b"mPEE\x00\x01\x02");
    for _ in 0..200 {
        fixture.network.deliver(0, HOSTILE, wanted.clone()).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(fixture.ask(0, &RpcRequest::Tip).await, quiet);
    fixture.assert_goes_on(2).await;
    fixture.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_any_bytes_are_refused() {
    let fixture = Fixture::start(&[0, 1, 2]).await;
    let transaction = fixture.sign(HOSTILE, 7, &no_grant());
    let requests = [
        RpcRequest::Submit(Box::new(transaction.clone())),
        RpcRequest::ReceiptOf(transaction.id()),
        RpcRequest::State(Digest::ZERO),
        RpcRequest::Tip,
        RpcRequest::Share(Box::new(share_request(&fixture))),
    ];
    for request in &requests {
        let bytes = request.to_wire();
        for end in 0..bytes.len() {
            assert_undecodable(&fixture, bytes[..end].to_vec()).await;
        }
        assert_undecodable(&fixture, [&bytes[..], &[0]].concat()).await;
        for at in 0..7 {
            let mut altered = bytes.clone();
            altered[at] ^= 0x40;
            assert_undecodable(&fixture, altered).await;
        }
    }
    assert_undecodable(&fixture, vec![0; TOO_LONG]).await;
    assert_undecodable(&fixture, RpcResponse::Pending.to_wire()).await;
    fixture.assert_goes_on(1).await;
    fixture.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn well_formed_requests_that_mean_nothing_are_refused() {
    let fixture = Fixture::start(&[0, 1, 2]).await;
    fixture.assert_goes_on(1).await;
    let refused = async |request: RpcRequest| code_of(fixture.ask(0, &request).await);
    let share = RpcRequest::Share(Box::new(share_request(&fixture)));
    let code = refused(share).await;
    assert!(
        matches!(code, RefusalCode::Unknown | RefusalCode::NotHolder),
        "{code}"
    );

    let call = no_grant();
    let good = fixture.sign(HOSTILE, 7, &call);
    let mut forged = good.clone();
    forged.signature = Signature::from_bytes([3; 64]);
    let mut of_another_chain = good.clone();
    of_another_chain.chain = ChainId::from_digest(Digest::ZERO);
    for bad in [forged, of_another_chain] {
        let submit = RpcRequest::Submit(Box::new(bad));
        assert_eq!(refused(submit).await, RefusalCode::BadSignature);
    }

    // Validly signed, by an unknown person or in another's name.
    let chain = fixture.chain();
    let key = fixture.members.key(HOSTILE);
    let sender = fixture.organisation(HOSTILE).into();
    let stranger = SigningKey::from_seed(&[200; 32]);
    let unknown_person = PersonId::of_key(&stranger.verifying_key()).into();
    for claimed in [unknown_person, sender] {
        let nonce = Nonce([62; 16]);
        let unknown = Transaction::sign(chain, claimed, nonce, call.to_wire(), &stranger);
        let submit = RpcRequest::Submit(Box::new(unknown));
        assert_eq!(refused(submit).await, RefusalCode::Unknown);
    }
    // Nonsense signed by an organisation is ordered, and denied.
    let nonsense = Transaction::sign(chain, sender, Nonce([61; 16]), vec![1, 2, 3], key);
    let outcome = fixture.order(0, nonsense).await;
    assert_eq!(outcome, Outcome::Denied(Denial::Undecodable));
    // Submitted twice it counts once; another call under the same nonce is denied.
    for _ in 0..2 {
        let outcome = fixture.order(0, good.clone()).await;
        assert_eq!(outcome, Outcome::Denied(Denial::UnknownGrant));
    }
    let other = Call::RevokeGrant {
        grant: GrantId::from_digest(*fixture.chain().digest()),
    };
    let outcome = fixture.order(0, fixture.sign(HOSTILE, 7, &other)).await;
    assert_eq!(outcome, Outcome::Denied(Denial::DuplicateNonce));
    fixture.shut_down().await;
}

fn share_request(fixture: &Fixture) -> ShareRequest {
    let ticket = TicketId::from_digest(Digest::ZERO);
    let chain = fixture.chain();
    let holder = fixture.organisation(0);
    let reader = SigningKey::from_seed(&[201; 32]);
    let at = Timestamp::from_millis(1);
    ShareRequest::sign(&chain, ticket, Digest::ZERO, holder, at, &reader)
}

async fn assert_undecodable(fixture: &Fixture, request: Vec<u8>) {
    let length = request.len();
    let code = code_of(fixture.ask_raw(0, request).await);
    assert_eq!(code, RefusalCode::Undecodable, "{length} bytes");
}

fn code_of(answer: RpcResponse) -> RefusalCode {
    match answer {
        RpcResponse::Refused(refusal) => refusal.code,
        other => panic!("answered: {other:?}"),
    }
}
