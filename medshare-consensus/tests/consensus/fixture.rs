//! Four members, their votes and blocks, and the steps of a script.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_consensus::credit::EpochRule;
use medshare_consensus::{
    Authenticated, ChainRecord, Config, Decided, Effect, Input, LateVote, LogPosition, LogRecord,
    Message, Mode, Now, Output, Payload, PrePrepare, PreparedCertificate, Proposal, Recipients,
    Rejected, Replica, Timer, Tip, Verdict, Vote,
};
use medshare_testkit::fixtures::Members;
use medshare_types::attestation::{Attestation, Attested, attestations_root};
use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::committee::Committee;
use medshare_types::genesis::ChainParameters;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::{BlockHeader, ExecutedRoots};
use medshare_types::id::{ChainId, Epoch, Height, ReplicaId, View};
use medshare_types::sign::SigningKey;
use medshare_types::time::Timestamp;

pub(crate) const RESEND_MS: u64 = 1_000;
pub(crate) const HEARTBEAT_MS: u64 = 5_000;
/// Turns begin after seat 3, so seat 0 proposes at height 1, seat 1 at height 2.
pub(crate) const EPOCH: Epoch = Epoch(3);
/// Creation time of the chain, milliseconds; block h is proposed h seconds later.
pub(crate) const CREATED: u64 = 1_000_000;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct TestPayload(pub(crate) Vec<u8>);

impl Payload for TestPayload {
    fn root(&self) -> Digest {
        digest("test/batch/v1", &[&self.0])
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(crate) fn chain() -> ChainId {
    ChainId::from_digest(digest("test/chain/v1", &[]))
}

pub(crate) fn key(replica: u16) -> SigningKey {
    SigningKey::from_seed(&[u8::try_from(replica).unwrap() + 1; 32])
}

pub(crate) fn committee(n: u16) -> Committee {
    let members = Members::of_keys((0..n).map(key)).committee();
    Committee::new(EPOCH, members.members().to_vec()).unwrap()
}

pub(crate) fn config(replica: u16) -> Config {
    Config {
        replica: ReplicaId(replica),
        signing_keys: vec![key(replica)],
        chain: chain(),
        parameters: ChainParameters::default(),
        resend_ms: RESEND_MS,
        heartbeat_ms: HEARTBEAT_MS,
    }
}

pub(crate) fn roots(height: u64) -> ExecutedRoots {
    ExecutedRoots {
        height: Height(height),
        state: digest("test/state/v1", &[&height.to_le_bytes()]),
        receipts: digest("test/receipts/v1", &[&height.to_le_bytes()]),
    }
}

/// The record before the first block.
pub(crate) fn record() -> ChainRecord {
    ChainRecord::new(Mode::Credit, EpochRule::default(), committee(4), [], 4)
}

/// The record after these blocks, which told nothing.
pub(crate) fn record_after(blocks: &[Proposal<TestPayload>]) -> ChainRecord {
    let mut record = record();
    for block in blocks {
        record.follow(&block.header, &block.attestations, &[]);
    }
    record
}

pub(crate) fn genesis() -> Tip {
    Tip {
        executed: roots(0),
        ..Tip::genesis(
            Timestamp::from_millis(CREATED),
            Digest::ZERO,
            Digest::ZERO,
            record(),
        )
    }
}

/// The time of block `height`.
pub(crate) fn at(height: u64) -> Timestamp {
    Timestamp::from_millis(CREATED + 1_000 * height)
}

/// The seat whose turn it is in view 0 of a height.
pub(crate) fn proposer(height: u64) -> ReplicaId {
    ReplicaId(u16::try_from((height - 1) % 4).unwrap())
}

/// The block that the primary proposes on `previous`.
pub(crate) fn block(height: u64, previous: Digest) -> Proposal<TestPayload> {
    let payload = TestPayload(vec![u8::try_from(height).unwrap(); 3]);
    let header = BlockHeader {
        chain: chain(),
        height: Height(height),
        epoch: EPOCH,
        view: View(0),
        proposer: proposer(height),
        previous,
        time: at(height),
        transactions: payload.root(),
        attestations: attestations_root(&[]),
        executed: roots(height - 1),
        next_committee: committee(4).digest(),
    };
    Proposal {
        header,
        payload,
        attestations: Vec::new(),
    }
}

/// As [`block`], recording votes.
pub(crate) fn block_recording(
    height: u64,
    previous: Digest,
    attestations: Vec<Attestation>,
) -> Proposal<TestPayload> {
    let mut block = block(height, previous);
    block.header.attestations = attestations_root(&attestations);
    block.attestations = attestations;
    block
}

/// A member's commit of a decided block, as later blocks record it.
pub(crate) fn attested_commit(replica: u16, block: &Proposal<TestPayload>) -> Attestation {
    Attestation {
        height: block.header.height,
        attested: Attested::Commit,
        view: block.header.view,
        signer: ReplicaId(replica),
        signature: vote(replica, Phase::Commit, block).signature,
    }
}

/// A member's late vote, as later blocks record it.
pub(crate) fn attested_late(replica: u16, height: u64, view: u64) -> Attestation {
    let (height, view) = (Height(height), View(view));
    let vote = LateVote::sign(&chain(), (EPOCH, height, view), &key(replica));
    Attestation {
        height,
        attested: Attested::Late,
        view,
        signer: ReplicaId(replica),
        signature: vote.signature,
    }
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
    Vote::sign(
        &chain(),
        block.ballot_in(block.header.view),
        phase,
        &key(replica),
    )
}

pub(crate) fn prepare(replica: u16, block: &Proposal<TestPayload>) -> Message<TestPayload> {
    Message::Prepare(vote(replica, Phase::Prepare, block))
}

pub(crate) fn commit(replica: u16, block: &Proposal<TestPayload>) -> Message<TestPayload> {
    Message::Commit(vote(replica, Phase::Commit, block))
}

/// A vote for the right ballot under a key that has no seat.
pub(crate) fn forged(phase: Phase, block: &Proposal<TestPayload>) -> Vote {
    Vote::sign(
        &chain(),
        block.ballot_in(block.header.view),
        phase,
        &key(99),
    )
}

pub(crate) fn pre_prepare_of(block: &Proposal<TestPayload>) -> PrePrepare<TestPayload> {
    let proposer = block.header.proposer.0;
    PrePrepare {
        view: block.header.view,
        proposal: block.clone(),
        signature: vote(proposer, Phase::Prepare, block).signature,
    }
}

pub(crate) fn pre_prepare(block: &Proposal<TestPayload>) -> Message<TestPayload> {
    Message::PrePrepare(pre_prepare_of(block))
}

pub(crate) fn certificate(block: &Proposal<TestPayload>, signers: &[u16]) -> CommitCertificate {
    let votes = signers.iter();
    let votes = votes.map(|&n| (ReplicaId(n), vote(n, Phase::Commit, block).signature));
    CommitCertificate {
        ballot: block.ballot_in(block.header.view),
        votes: votes.collect(),
    }
}

pub(crate) fn decided(block: &Proposal<TestPayload>) -> Decided<TestPayload> {
    Decided {
        proposal: block.clone(),
        certificate: certificate(block, &[0, 1, 2]),
    }
}

/// A replica for which something waits, with its first outputs drained.
pub(crate) fn started(replica: u16) -> Replica<TestPayload> {
    started_at(replica, at(0))
}

/// As [`started`], by another clock.
pub(crate) fn started_at(replica: u16, wall: Timestamp) -> Replica<TestPayload> {
    let mut replica = Replica::new(config(replica), genesis()).unwrap();
    assert_eq!(drain(&mut replica), [timer(), status(0)]);
    assert_eq!(give(&mut replica, wall, Input::Waiting(true)), []);
    replica
}

/// All outputs but the timers of heights and views.
pub(crate) fn drain(replica: &mut Replica<TestPayload>) -> Vec<Output<TestPayload>> {
    let paces = |output: &Output<TestPayload>| {
        matches!(
            output,
            Output::Effect(
                Effect::CancelTimer(_)
                    | Effect::SetTimer {
                        timer: Timer::View | Timer::Heartbeat | Timer::Late,
                        ..
                    }
            )
        )
    };
    let outputs = drain_all(replica).into_iter();
    outputs.filter(|output| !paces(output)).collect()
}

pub(crate) fn drain_all(replica: &mut Replica<TestPayload>) -> Vec<Output<TestPayload>> {
    core::iter::from_fn(|| replica.poll_output()).collect()
}

/// Both clocks at one time.
pub(crate) fn now(wall: Timestamp) -> Now {
    Now {
        wall,
        monotonic_ms: wall.as_millis(),
    }
}

/// Gives an input that must be accepted, and drains the outputs.
pub(crate) fn give(
    replica: &mut Replica<TestPayload>,
    wall: Timestamp,
    input: Input<TestPayload>,
) -> Vec<Output<TestPayload>> {
    assert_eq!(replica.handle(now(wall), input), Ok(()));
    drain(replica)
}

/// Gives an input that must be refused, and drains the outputs.
pub(crate) fn refuse(
    replica: &mut Replica<TestPayload>,
    wall: Timestamp,
    input: Input<TestPayload>,
) -> (Rejected, Vec<Output<TestPayload>>) {
    let rejected = replica.handle(now(wall), input).unwrap_err();
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
    Input::Executed {
        roots,
        facts: vec![],
    }
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

/// Takes a replica through one whole height as a backup; every record is durable and the block
/// executed.
pub(crate) fn pass(
    replica: &mut Replica<TestPayload>,
    position: u64,
    block: &Proposal<TestPayload>,
) {
    let now = block.header.time;
    let proposer = block.header.proposer.0;
    let second = if proposer == 2 { 1 } else { 2 };
    give(replica, now, from(proposer, pre_prepare(block)));
    give(replica, now, valid(block));
    give(replica, now, persisted(position));
    give(replica, now, from(second, prepare(second, block)));
    give(replica, now, persisted(position + 1));
    give(replica, now, from(proposer, commit(proposer, block)));
    give(replica, now, from(second, commit(second, block)));
    give(replica, now, persisted(position + 2));
    give(replica, now, executed(block.header.height.0));
    assert_eq!(replica.height(), block.header.height);
}

/// The record of a replica's prepare.
pub(crate) fn prepared_record(
    replica: u16,
    block: &Proposal<TestPayload>,
) -> LogRecord<TestPayload> {
    LogRecord::Prepared {
        vote: vote(replica, Phase::Prepare, block),
        proposal: block.clone(),
        opening: None,
    }
}

/// The prepares of `signers`.
pub(crate) fn prepared_by(block: &Proposal<TestPayload>, signers: &[u16]) -> PreparedCertificate {
    let votes = signers.iter();
    let votes = votes.map(|&n| (ReplicaId(n), vote(n, Phase::Prepare, block).signature));
    PreparedCertificate {
        ballot: block.ballot_in(block.header.view),
        votes: votes.collect(),
    }
}

pub(crate) fn view_timer() -> Input<TestPayload> {
    Input::Timer(Timer::View)
}
