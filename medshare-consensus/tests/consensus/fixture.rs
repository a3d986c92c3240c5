//! Four members, their votes and blocks, and the steps of a script.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::{
    Authenticated, Config, Decided, Effect, Input, LogPosition, LogRecord, Message, Output,
    Payload, PrePrepare, Proposal, Recipients, Rejected, Replica, Timer, Tip, Verdict, Vote,
};
use medshare_testkit::fixtures::Members;
use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::committee::Committee;
use medshare_types::genesis::ChainParameters;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::{BlockHeader, ExecutedRoots};
use medshare_types::id::{ChainId, Epoch, Height, ReplicaId, View};
use medshare_types::sign::SigningKey;
use medshare_types::time::Timestamp;

pub(crate) const RESEND_MS: u64 = 1_000;
/// Creation time of the chain, milliseconds; block h is proposed h seconds later.
pub(crate) const CREATED: u64 = 1_000_000;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct TestPayload(pub(crate) Vec<u8>);

impl Payload for TestPayload {
    fn root(&self) -> Digest {
        digest("test/batch/v1", &[&self.0])
    }
}

pub(crate) fn chain() -> ChainId {
    ChainId::from_digest(digest("test/chain/v1", &[]))
}

pub(crate) fn key(replica: u16) -> SigningKey {
    SigningKey::from_seed(&[u8::try_from(replica).unwrap() + 1; 32])
}

pub(crate) fn committee(n: u16) -> Committee {
    Members::of_keys((0..n).map(key)).committee()
}

pub(crate) fn config(replica: u16, n: u16) -> Config {
    Config {
        replica: ReplicaId(replica),
        signing_key: key(replica),
        committee: committee(n),
        chain: chain(),
        parameters: ChainParameters::default(),
        resend_ms: RESEND_MS,
    }
}

pub(crate) fn roots(height: u64) -> ExecutedRoots {
    ExecutedRoots {
        height: Height(height),
        state: digest("test/state/v1", &[&height.to_le_bytes()]),
        receipts: digest("test/receipts/v1", &[&height.to_le_bytes()]),
    }
}

pub(crate) fn genesis() -> Tip {
    Tip {
        executed: roots(0),
        ..Tip::genesis(Timestamp::from_millis(CREATED), Digest::ZERO, Digest::ZERO)
    }
}

/// The time of block `height`.
pub(crate) fn at(height: u64) -> Timestamp {
    Timestamp::from_millis(CREATED + 1_000 * height)
}

/// The block that the primary proposes on `previous`.
pub(crate) fn block(height: u64, previous: Digest) -> Proposal<TestPayload> {
    let payload = TestPayload(vec![u8::try_from(height).unwrap(); 3]);
    let header = BlockHeader {
        chain: chain(),
        height: Height(height),
        epoch: Epoch(0),
        view: View(0),
        proposer: ReplicaId(0),
        previous,
        time: at(height),
        transactions: payload.root(),
        executed: roots(height - 1),
        next_committee: committee(4).digest(),
    };
    Proposal { header, payload }
}

/// Blocks 1 to `count`.
pub(crate) fn blocks(count: u64) -> Vec<Proposal<TestPayload>> {
    let mut previous = Digest::ZERO;
    (1..=count)
        .map(|height| {
            let block = block(height, previous);
            previous = block.header.digest();
            block
        })
        .collect()
}

pub(crate) fn vote(replica: u16, phase: Phase, block: &Proposal<TestPayload>) -> Vote {
    Vote::sign(&chain(), block.ballot(), phase, &key(replica))
}

pub(crate) fn prepare(replica: u16, block: &Proposal<TestPayload>) -> Message<TestPayload> {
    Message::Prepare(vote(replica, Phase::Prepare, block))
}

pub(crate) fn commit(replica: u16, block: &Proposal<TestPayload>) -> Message<TestPayload> {
    Message::Commit(vote(replica, Phase::Commit, block))
}

/// A vote for the right ballot under a key that has no seat.
pub(crate) fn forged(phase: Phase, block: &Proposal<TestPayload>) -> Vote {
    Vote::sign(&chain(), block.ballot(), phase, &key(99))
}

pub(crate) fn pre_prepare_of(block: &Proposal<TestPayload>) -> PrePrepare<TestPayload> {
    PrePrepare {
        proposal: block.clone(),
        signature: vote(0, Phase::Prepare, block).signature,
    }
}

pub(crate) fn pre_prepare(block: &Proposal<TestPayload>) -> Message<TestPayload> {
    Message::PrePrepare(pre_prepare_of(block))
}

pub(crate) fn certificate(block: &Proposal<TestPayload>, signers: &[u16]) -> CommitCertificate {
    let votes = signers.iter();
    let votes = votes.map(|&n| (ReplicaId(n), vote(n, Phase::Commit, block).signature));
    CommitCertificate {
        ballot: block.ballot(),
        votes: votes.collect(),
    }
}

pub(crate) fn decided(block: &Proposal<TestPayload>) -> Decided<TestPayload> {
    Decided {
        proposal: block.clone(),
        certificate: certificate(block, &[0, 1, 2]),
    }
}

/// A replica whose first outputs are drained.
pub(crate) fn started(replica: u16) -> Replica<TestPayload> {
    let mut replica = Replica::new(config(replica, 4), genesis()).unwrap();
    assert_eq!(drain(&mut replica), [timer(), status(0)]);
    replica
}

pub(crate) fn drain(replica: &mut Replica<TestPayload>) -> Vec<Output<TestPayload>> {
    core::iter::from_fn(|| replica.poll_output()).collect()
}

/// Gives an input that must be accepted, and drains the outputs.
pub(crate) fn give(
    replica: &mut Replica<TestPayload>,
    now: Timestamp,
    input: Input<TestPayload>,
) -> Vec<Output<TestPayload>> {
    assert_eq!(replica.handle(now, input), Ok(()));
    drain(replica)
}

/// Gives an input that must be refused, and drains the outputs.
pub(crate) fn refuse(
    replica: &mut Replica<TestPayload>,
    now: Timestamp,
    input: Input<TestPayload>,
) -> (Rejected, Vec<Output<TestPayload>>) {
    let rejected = replica.handle(now, input).unwrap_err();
    (rejected, drain(replica))
}

pub(crate) fn from(sender: u16, message: Message<TestPayload>) -> Input<TestPayload> {
    let sender = ReplicaId(sender);
    Input::Message(Authenticated { sender, message })
}

pub(crate) fn valid(block: &Proposal<TestPayload>) -> Input<TestPayload> {
    verdict(block, Verdict::Valid)
}

pub(crate) fn verdict(block: &Proposal<TestPayload>, verdict: Verdict) -> Input<TestPayload> {
    let digest = block.header.digest();
    Input::Validated { digest, verdict }
}

pub(crate) fn persisted(position: u64) -> Input<TestPayload> {
    Input::Persisted(LogPosition(position))
}

pub(crate) fn executed(height: u64) -> Input<TestPayload> {
    let roots = roots(height);
    Input::Executed { roots }
}

pub(crate) fn tick() -> Input<TestPayload> {
    Input::Timer(Timer::Resend)
}

pub(crate) fn timer() -> Output<TestPayload> {
    Output::Effect(Effect::SetTimer {
        timer: Timer::Resend,
        after_ms: RESEND_MS,
    })
}

pub(crate) fn validate(block: &Proposal<TestPayload>) -> Output<TestPayload> {
    Output::Effect(Effect::Validate(block.clone()))
}

/// The delivery of `block` with the commits of `signers`.
pub(crate) fn delivered(block: &Proposal<TestPayload>, signers: &[u16]) -> Output<TestPayload> {
    Output::Effect(Effect::Commit {
        proposal: block.clone(),
        certificate: certificate(block, signers),
    })
}

pub(crate) fn persist(position: u64, record: LogRecord<TestPayload>) -> Output<TestPayload> {
    let position = LogPosition(position);
    Output::Persist { position, record }
}

pub(crate) fn to_all(message: Message<TestPayload>) -> Output<TestPayload> {
    let to = Recipients::All;
    Output::Effect(Effect::Send { to, message })
}

pub(crate) fn to(replicas: &[u16], message: Message<TestPayload>) -> Output<TestPayload> {
    let to = Recipients::Only(replicas.iter().copied().map(ReplicaId).collect());
    Output::Effect(Effect::Send { to, message })
}

pub(crate) fn status(height: u64) -> Output<TestPayload> {
    to_all(status_of(height))
}

pub(crate) fn status_of(height: u64) -> Message<TestPayload> {
    let height = Height(height);
    Message::Status { height }
}

pub(crate) fn fetch(from: u64) -> Message<TestPayload> {
    let from = Height(from);
    Message::Fetch { from }
}

/// Takes a backup through one whole height; every record is durable and the block executed.
pub(crate) fn pass(
    replica: &mut Replica<TestPayload>,
    position: u64,
    block: &Proposal<TestPayload>,
) {
    let now = block.header.time;
    give(replica, now, from(0, pre_prepare(block)));
    give(replica, now, valid(block));
    give(replica, now, persisted(position));
    give(replica, now, from(2, prepare(2, block)));
    give(replica, now, persisted(position + 1));
    give(replica, now, from(0, commit(0, block)));
    give(replica, now, from(2, commit(2, block)));
    give(replica, now, persisted(position + 2));
    give(replica, now, executed(block.header.height.0));
    assert_eq!(replica.height(), block.header.height);
}
