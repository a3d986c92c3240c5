//! Peers and clients that send anything at all: it is refused or ignored, and the member goes on.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use medshare_contract::state::{CeremonyState, UsedMark};
use medshare_contract::{Call, keys};
use medshare_ledger::{RefusalCode, RpcRequest, RpcResponse, ShareRequest, Transaction};
use medshare_types::{
    AccessClass, ChainId, Denial, Digest, GrantId, Nonce, Outcome, PersonId, RandomSource as _,
    Signature, SigningKey, TicketId, Timestamp, Wire,
};
use support::{World, no_grant, rng};

/// A seat whose member does not run: the test speaks in its name.
const HOSTILE: u16 = 3;
/// No seat at all.
const STRANGER: u16 = 9;
/// What a frame between members may have at the most, and then some.
const TOO_LONG: usize = 9 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_any_bytes_are_ignored() {
    let world = World::with_members(&[0, 1, 2]).await;
    let dealt = |state: &CeremonyState| state.deals.iter().flatten().count() == 3;
    let ceremony = keys::ceremony(AccessClass::Normal);
    world.wait_for(0, ceremony, dealt).await;
    let mut heard = world.wires.heard();
    heard.sort_unstable_by_key(Bytes::len);
    heard.dedup();
    // Of the short ones (votes, status) and the long ones (transactions, proposals) some each.
    let step = (heard.len() / 24).max(1);
    let samples: Vec<_> = heard.iter().step_by(step).cloned().collect();
    assert!(samples.len() >= 20);

    let mut frames: Vec<Bytes> = vec![Bytes::new(), vec![0; TOO_LONG].into()];
    for length in [1, 5, 6, 7, 11, 100, 4_096] {
        let mut noise = vec![0; length];
        rng(length as u64).fill(&mut noise);
        frames.push(noise.clone().into());
        for tag in 0..3 {
            // Well begun: an envelope, a tag, a length.
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
        // Unaltered, and said by somebody else.
        frames.push(sample.clone());
    }
    for frame in &frames {
        for to in [0, 1, 2] {
            world.wires.say(to, HOSTILE, frame.clone()).await;
            world.wires.say(to, STRANGER, frame.clone()).await;
        }
    }
    world.assert_goes_on(1).await;
    world.shut_down().await;
}

/// Two members of four: their votes, said again in the names of the others, make no quorum. With a
/// third member there is one at once.
#[tokio::test(flavor = "multi_thread")]
async fn votes_count_for_nobody_but_their_signer() {
    let mut world = World::with_members(&[]).await;
    world.wires.echo_as(&[2, HOSTILE, STRANGER]);
    world.start(0).await;
    world.start(1).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    for member in [0, 1] {
        let answer = world.ask(member, &RpcRequest::Tip).await;
        assert_eq!(code_of(answer), RefusalCode::NotYetCertified);
    }
    let prepares = world.wires.heard().len();
    assert!(
        prepares > 10,
        "they did propose and vote: {prepares} frames"
    );
    world.start(2).await;
    world.assert_goes_on(1).await;
    world.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_of_peers_are_checked() {
    let world = World::with_members(&[0, 1, 2]).await;
    let call = no_grant();
    let mut forged = world.sign(HOSTILE, 7, &call);
    forged.signature = Signature::from_bytes([3; 64]);
    let own = SigningKey::from_seed(&[200; 32]);
    let other_chain = ChainId::from_digest(Digest::ZERO);
    let sender = world.organisation(HOSTILE).into();
    let key = world.signing_key(HOSTILE);
    let foreign = Transaction::sign(other_chain, sender, Nonce([8; 16]), call.to_wire(), &key);
    // Well signed, by a key that is not the sender's.
    let chain = world.genesis.chain_id();
    let usurped = Transaction::sign(chain, sender, Nonce([9; 16]), call.to_wire(), &own);
    for transaction in [&forged, &foreign, &usurped] {
        let bytes = transaction.to_wire();
        let length = (bytes.len() as u32).to_le_bytes();
        let frame = Bytes::from([b"mPEE\x00\x01\x01", &length[..], &bytes].concat());
        for to in [0, 1, 2] {
            world.wires.say(to, HOSTILE, frame.clone()).await;
        }
    }
    world.assert_goes_on(1).await;
    for nonce in [7, 8, 9] {
        let place = world.mark(HOSTILE, nonce);
        assert_eq!(world.state::<UsedMark>(0, place).await, None, "{nonce}");
    }
    world.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_any_bytes_are_refused() {
    let world = World::with_members(&[0, 1, 2]).await;
    let transaction = world.sign(HOSTILE, 7, &no_grant());
    let requests = [
        RpcRequest::Submit(Box::new(transaction.clone())),
        RpcRequest::ReceiptOf(transaction.id()),
        RpcRequest::State(Digest::ZERO),
        RpcRequest::Tip,
        RpcRequest::Share(Box::new(share_request(&world))),
    ];
    for request in &requests {
        let bytes = request.to_wire();
        for end in 0..bytes.len() {
            assert_undecodable(&world, bytes[..end].to_vec()).await;
        }
        assert_undecodable(&world, [&bytes[..], &[0]].concat()).await;
        for at in 0..7 {
            let mut altered = bytes.clone();
            altered[at] ^= 0x40;
            assert_undecodable(&world, altered).await;
        }
    }
    assert_undecodable(&world, vec![0; TOO_LONG]).await;
    assert_undecodable(&world, RpcResponse::Pending.to_wire()).await;
    world.assert_goes_on(1).await;
    world.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn well_formed_requests_that_mean_nothing_are_refused() {
    let world = World::with_members(&[0, 1, 2]).await;
    world.assert_goes_on(1).await;
    let refused = async |request: RpcRequest| code_of(world.ask(0, &request).await);
    let share = RpcRequest::Share(Box::new(share_request(&world)));
    let code = refused(share).await;
    assert!(
        matches!(code, RefusalCode::Unknown | RefusalCode::NotHolder),
        "{code}"
    );

    let call = no_grant();
    let good = world.sign(HOSTILE, 7, &call);
    let mut forged = good.clone();
    forged.signature = Signature::from_bytes([3; 64]);
    let mut of_another_chain = good.clone();
    of_another_chain.chain = ChainId::from_digest(Digest::ZERO);
    for bad in [forged, of_another_chain] {
        let submit = RpcRequest::Submit(Box::new(bad));
        assert_eq!(refused(submit).await, RefusalCode::BadSignature);
    }

    // Well signed, by nobody or in another's name.
    let chain = world.genesis.chain_id();
    let key = world.signing_key(HOSTILE);
    let sender = world.organisation(HOSTILE).into();
    let stranger = SigningKey::from_seed(&[200; 32]);
    let nobody = PersonId::of_key(&stranger.verifying_key()).into();
    for claimed in [nobody, sender] {
        let nonce = Nonce([62; 16]);
        let unknown = Transaction::sign(chain, claimed, nonce, call.to_wire(), &stranger);
        let submit = RpcRequest::Submit(Box::new(unknown));
        assert_eq!(refused(submit).await, RefusalCode::Unknown);
    }
    // Signed by a member, and nonsense: ordered, and denied.
    let nonsense = Transaction::sign(chain, sender, Nonce([61; 16]), vec![1, 2, 3], &key);
    let outcome = world.order(0, nonsense).await;
    assert_eq!(outcome, Outcome::Denied(Denial::Undecodable));
    // Said twice it is one; another call under the same nonce is none.
    for _ in 0..2 {
        let outcome = world.order(0, good.clone()).await;
        assert_eq!(outcome, Outcome::Denied(Denial::UnknownGrant));
    }
    let other = Call::RevokeGrant {
        grant: GrantId::from_digest(*world.genesis.chain_id().digest()),
    };
    let outcome = world.order(0, world.sign(HOSTILE, 7, &other)).await;
    assert_eq!(outcome, Outcome::Denied(Denial::DuplicateNonce));
    world.shut_down().await;
}

fn share_request(world: &World) -> ShareRequest {
    let ticket = TicketId::from_digest(Digest::ZERO);
    let (chain, holder) = (world.genesis.chain_id(), world.organisation(0));
    let reader = SigningKey::from_seed(&[201; 32]);
    let at = Timestamp::from_millis(1);
    ShareRequest::sign(&chain, ticket, Digest::ZERO, holder, at, &reader)
}

async fn assert_undecodable(world: &World, request: Vec<u8>) {
    let length = request.len();
    let code = code_of(world.ask_raw(0, request).await);
    assert_eq!(code, RefusalCode::Undecodable, "{length} bytes");
}

fn code_of(answer: RpcResponse) -> RefusalCode {
    match answer {
        RpcResponse::Refused(refusal) => refusal.code,
        other => panic!("answered: {other:?}"),
    }
}
