//! Replicas in one thread, joined by a queue of encoded messages.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use medshare_consensus::{
    Authenticated, ChainRecord, Config, Effect, Input, Message, Mode, Now, Output, Recipients,
    Replica, Tip, Verdict,
};
use medshare_testkit::fixtures::Members;
use medshare_types::hash::Digest;
use medshare_types::header::ExecutedRoots;
use medshare_types::id::ReplicaId;
use medshare_types::wire::Wire as _;

use super::block::Block;
use super::journal::Journal;

/// Milliseconds on the members' clocks between two blocks. No timer fires.
const BLOCK_MS: u64 = 10;

/// All members of a chain.
pub(crate) struct Consortium<J> {
    members: Vec<Member<J>>,
    queue: VecDeque<Frame>,
    now: Now,
    traffic: Traffic,
}

struct Member<J> {
    replica: Replica<Block>,
    journal: J,
}

struct Frame {
    from: ReplicaId,
    to: ReplicaId,
    bytes: Arc<Vec<u8>>,
}

/// Messages between different members, and their bytes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Traffic {
    pub(crate) messages: u64,
    /// Bytes of prepares and commits.
    pub(crate) vote_bytes: u64,
    /// Bytes of all other messages: the blocks.
    pub(crate) block_bytes: u64,
}

impl<J: Journal> Consortium<J> {
    /// Members at the genesis of their chain, which are told that something waits.
    pub(crate) fn new(
        members: &Members,
        mode: Mode,
        journal: impl Fn(ReplicaId) -> anyhow::Result<J>,
    ) -> anyhow::Result<Self> {
        let created = members.genesis().created;
        let member = |replica: ReplicaId| {
            let config = Config {
                replica,
                signing_keys: vec![members.key(replica.0).clone()],
                chain: members.chain(),
                parameters: members.genesis().parameters,
                resend_ms: 1_000,
                heartbeat_ms: 5_000,
            };
            let record = ChainRecord::genesis(members.genesis(), mode)?;
            let tip = Tip::genesis(created, Digest::ZERO, Digest::ZERO, record);
            Ok(Member {
                replica: Replica::new(config, tip)?,
                journal: journal(replica)?,
            })
        };
        let mut consortium = Self {
            members: members.seats().map(member).collect::<anyhow::Result<_>>()?,
            queue: VecDeque::new(),
            now: Now {
                wall: created,
                monotonic_ms: 0,
            },
            traffic: Traffic::default(),
        };
        for seat in members.seats() {
            consortium.give(seat, Input::Waiting(true))?;
        }
        consortium.deliver_all()?;
        Ok(consortium)
    }

    /// Orders one block: every member has decided it, and no message is on its way.
    pub(crate) fn order(&mut self, block: &Block) -> anyhow::Result<()> {
        self.now.monotonic_ms += BLOCK_MS;
        self.now.wall = self.now.wall.plus_millis(BLOCK_MS);
        let mut seats = self.members.iter();
        let before = seats.as_slice()[0].replica.height();
        let primary = seats
            .position(|member| member.replica.may_propose().is_ok())
            .context("no member may propose")?;
        let primary = ReplicaId(u16::try_from(primary)?);
        self.give(primary, Input::Request(block.clone()))?;
        self.deliver_all()?;
        let mut decided = self.members.iter().map(|member| member.replica.height());
        ensure!(
            decided.all(|height| height == before.next()),
            "the block after {before} is not decided everywhere"
        );
        Ok(())
    }

    fn deliver_all(&mut self) -> anyhow::Result<()> {
        while let Some(Frame { from, to, bytes }) = self.queue.pop_front() {
            let message = Message::from_wire(&bytes)?;
            let sender = from;
            self.give(to, Input::Message(Authenticated { sender, message }))?;
        }
        Ok(())
    }

    /// Gives a member an input and carries out its outputs, with one sync for all votes of a turn.
    fn give(&mut self, seat: ReplicaId, input: Input<Block>) -> anyhow::Result<()> {
        self.handle(seat, input)?;
        loop {
            let mut voted = None;
            while let Some(output) = self.members[seat.index()].replica.poll_output() {
                match output {
                    Output::Persist { position, record } => {
                        self.members[seat.index()].journal.append(&record);
                        voted = record.is_vote().then_some(position).or(voted);
                    }
                    Output::Effect(effect) => self.carry_out(seat, effect)?,
                }
            }
            let Some(position) = voted else {
                return Ok(());
            };
            self.members[seat.index()].journal.sync()?;
            self.handle(seat, Input::Persisted(position))?;
        }
    }

    fn handle(&mut self, seat: ReplicaId, input: Input<Block>) -> anyhow::Result<()> {
        let replica = &mut self.members[seat.index()].replica;
        Ok(replica.handle(self.now, input)?)
    }

    fn carry_out(&mut self, seat: ReplicaId, effect: Effect<Block>) -> anyhow::Result<()> {
        match effect {
            Effect::Send { to, message } => self.send(seat, &to, &message),
            Effect::Validate(proposal) => {
                let digest = proposal.header.digest();
                let verdict = Verdict::Valid;
                self.handle(seat, Input::Validated { digest, verdict })?;
            }
            Effect::Commit {
                proposal,
                certificate,
            } => {
                let member = &mut self.members[seat.index()];
                member.journal.decided(&proposal, &certificate)?;
                // Execution is not measured: it changes nothing.
                let height = proposal.header.height;
                let roots = ExecutedRoots {
                    height,
                    ..proposal.header.executed
                };
                let facts = Vec::new();
                self.handle(seat, Input::Executed { roots, facts })?;
            }
            Effect::SetTimer { .. } | Effect::CancelTimer(_) => {}
            Effect::Misbehaviour(_) | Effect::Serve { .. } => {
                anyhow::bail!("{seat} met a fault where there is none: {effect:?}")
            }
        }
        Ok(())
    }

    fn send(&mut self, from: ReplicaId, to: &Recipients, message: &Message<Block>) {
        let bytes = Arc::new(message.to_wire());
        let receivers: Vec<_> = match to {
            Recipients::All => (0..self.members.len())
                .map(|seat| ReplicaId(seat as u16))
                .filter(|seat| *seat != from)
                .collect(),
            Recipients::Only(seats) => seats.clone(),
        };
        let messages = receivers.len() as u64;
        let length = bytes.len() as u64 * messages;
        self.traffic.messages += messages;
        match message {
            Message::Prepare(_) | Message::Commit(_) => self.traffic.vote_bytes += length,
            _ => self.traffic.block_bytes += length,
        }
        self.queue.extend(receivers.into_iter().map(|to| Frame {
            from,
            to,
            bytes: Arc::clone(&bytes),
        }));
    }

    /// Traffic since it was reset.
    pub(crate) const fn traffic(&self) -> Traffic {
        self.traffic
    }

    pub(crate) fn reset_traffic(&mut self) {
        self.traffic = Traffic::default();
    }

    /// The journals in the order of the seats.
    pub(crate) fn journals(&self) -> impl Iterator<Item = &J> {
        self.members.iter().map(|member| &member.journal)
    }
}
