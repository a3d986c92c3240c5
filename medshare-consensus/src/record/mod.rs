//! What the chain records of its committee: the votes for open heights, and the credit that follows.
//!
//! A function of the headers and attestations of all decided blocks, in order, and of nothing else.
//! So a replica that starts again, or is served blocks, has it again, and all judge a block's
//! attestations alike.

mod open;

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::attestation::{Attestation, Attested, MAX_ATTESTATIONS};
use medshare_types::committee::{Committee, CommitteeMember};
use medshare_types::genesis::Genesis;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::BlockHeader;
use medshare_types::id::{Epoch, Height, OrganisationId, ReplicaId, View};
use medshare_types::sign::VerifyingKey;
use medshare_types::wire::{DecodeError, to_borsh};

use crate::credit::{CreditEvent, EpochRule, Standing, Term, lost_turns, may_lead};
use crate::turns::{Mode, first_proposer, primary_after};
pub(crate) use open::{MAX_LATE, OpenHeight};

/// What the chain records up to a tip: the votes for open heights, every organisation's credit, and the
/// committee that follows.
///
/// A function of the genesis, the decided blocks and what their transactions told, so that all members
/// have the same; see [`ChainRecord::follow`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChainRecord {
    mode: Mode,
    rule: EpochRule,
    /// Orders the height after the tip.
    committee: Committee,
    /// Heights for which the next block may record votes; the tip is the last of them.
    open: BTreeMap<Height, OpenHeight>,
    term: Term,
    /// Every organisation of the chain, seated or not.
    organisations: BTreeMap<ReplicaId, Organisation>,
    /// The height up to which `learn` was called.
    learned: Height,
    /// What follows when the height after the tip is the epoch's last.
    boundary: Option<Boundary>,
}

/// What the record holds of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Organisation {
    id: OrganisationId,
    standing: Standing,
    /// The key that it votes with now, or would.
    key: VerifyingKey,
    /// The key that it registered for the next epoch.
    next_key: Option<VerifyingKey>,
}

/// The outcome of an epoch, known before its last block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Boundary {
    committee: Committee,
    organisations: BTreeMap<ReplicaId, Organisation>,
    events: Vec<CreditEvent>,
}

/// What a block's transactions tell of an organisation. The application has judged it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ChainFact {
    /// The organisation votes with this key from an epoch on; the last one counts. One that comes with
    /// or after the last block of the epoch before changes nothing.
    KeyRegistered {
        /// The organisation's number.
        replica: ReplicaId,
        /// The first epoch of the key.
        epoch: Epoch,
        /// Verifies its votes in that epoch, and in those after until it registers another.
        key: VerifyingKey,
    },
}

impl ChainRecord {
    /// The record before the first block. `committee` orders it, `candidates` are the organisations
    /// without a seat. All members must start from the same.
    #[must_use]
    pub fn new(
        mode: Mode,
        rule: EpochRule,
        committee: Committee,
        candidates: impl IntoIterator<Item = CommitteeMember>,
    ) -> Self {
        let all = committee.members().iter().copied().chain(candidates);
        let organisation = |member: CommitteeMember| Organisation {
            id: member.organisation,
            standing: Standing::default(),
            key: member.key,
            next_key: None,
        };
        let organisations = all.map(|member| (member.replica, organisation(member)));
        Self {
            mode,
            rule,
            organisations: organisations.collect(),
            committee,
            open: BTreeMap::new(),
            term: Term::default(),
            learned: Height(0),
            boundary: None,
        }
    }

    /// The record of the chain that `genesis` founds.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when the organisations do not form a committee.
    pub fn genesis(genesis: &Genesis, mode: Mode) -> Result<Self, DecodeError> {
        let committee = genesis.committee()?;
        let all = genesis.voters()?;
        let parameters = &genesis.parameters;
        let rule = EpochRule {
            heights: parameters.epoch_min_heights,
            min_ms: parameters.epoch_min_ms,
        };
        let seats = committee.members().len();
        Ok(Self::new(
            mode,
            rule,
            committee,
            all.into_iter().skip(seats),
        ))
    }

    /// Adds the next block, which was decided and executed: its header, the votes that it records, and
    /// what its transactions told, in their order. Returns what changed for organisations.
    ///
    /// A decided block is not judged again: votes for heights that are not open change nothing. Cost:
    /// one hash, and O(log n) a vote; O(n² log n) at the end of an epoch.
    ///
    /// # Panics
    /// Where the block is not the next.
    pub fn follow(
        &mut self,
        header: &BlockHeader,
        attestations: &[Attestation],
        facts: &[ChainFact],
    ) -> Vec<CreditEvent> {
        let events = self.absorb(header, attestations);
        self.learn(header.height, facts);
        events
    }

    /// Adds the next block, which was decided. The parent's facts must have been learned. Returns what
    /// the block changed for organisations.
    ///
    /// A decided block is not judged again: votes for heights that are not open change nothing. Cost:
    /// one hash, and O(log n) a vote.
    ///
    /// # Panics
    /// Where the parent's facts were not learned.
    pub(crate) fn absorb(
        &mut self,
        header: &BlockHeader,
        attestations: &[Attestation],
    ) -> Vec<CreditEvent> {
        // L62
        assert_eq!(
            self.learned.next(),
            header.height,
            "the facts of every block are learned before the next is absorbed"
        );
        self.term.begin(header.height, header.time);
        let after = self.turns_after();
        let barred = self.barred(header.height);
        for vote in attestations {
            if let Some(open) = self.open.get_mut(&vote.height) {
                open.record(vote);
            }
        }
        let open = OpenHeight::new(
            (header.epoch, header.digest()),
            (header.view, header.time),
            header.proposer,
            (after, barred),
        );
        self.open.insert(header.height, open);
        let mut events = Vec::new();
        self.close_heights(header, &mut events);
        if let Some(boundary) = self.boundary.take() {
            self.turn_over(header, boundary, &mut events);
        }
        events
    }

    /// Takes what the transactions of the last block absorbed told, once it is executed. Every block is
    /// learned once, with or without facts.
    ///
    /// # Panics
    /// Where `height` is not that of the last block absorbed.
    pub(crate) fn learn(&mut self, height: Height, facts: &[ChainFact]) {
        let tip = self.tip().map(|(height, _)| height);
        assert!(
            tip == Some(height) && self.learned.next() == height,
            "a block is learned once, after it was absorbed"
        );
        self.learned = height;
        for fact in facts {
            match fact {
                ChainFact::KeyRegistered {
                    replica,
                    epoch,
                    key,
                } => {
                    let in_time = *epoch == self.committee.epoch().next();
                    let organisation = self.organisations.get_mut(replica);
                    if let Some(organisation) = organisation.filter(|_| in_time) {
                        organisation.next_key = Some(*key);
                    }
                }
            }
        }
        let time = self.open.last_key_value().map(|(_, tip)| tip.time);
        let quorum = self.committee.quorum();
        let ends =
            self.mode == Mode::Credit && self.term.ends_at(&self.rule, height.next(), time, quorum);
        self.boundary = ends.then(|| self.end_epoch(height.next()));
    }

    /// What follows after `last`, the last height of the epoch: a function of the blocks before it, so
    /// that its header can name the next committee.
    fn end_epoch(&self, last: Height) -> Boundary {
        let epoch = self.committee.epoch();
        let quorum = self.committee.quorum();
        let mut organisations = self.organisations.clone();
        let mut events = Vec::new();
        for replica in self.committee.replicas() {
            if let Some(organisation) = organisations.get_mut(&replica) {
                let standing = &mut organisation.standing;
                let event = self.term.judge(replica, standing, (epoch, last), quorum);
                events.push(event);
            }
        }
        for organisation in organisations.values_mut() {
            if let Some(key) = organisation.next_key.take() {
                organisation.key = key;
            }
        }
        let seats = self.committee.members().iter().map(|member| {
            let key = organisations
                .get(&member.replica)
                .map_or(member.key, |organisation| organisation.key);
            CommitteeMember { key, ..*member }
        });
        // Distinct keys are a rule of registration; where it was broken, the committee stays.
        let committee = Committee::new(epoch.next(), seats.collect())
            .or_else(|_| Committee::new(epoch.next(), self.committee.members().to_vec()))
            .unwrap_or_else(|_| self.committee.clone());
        Boundary {
            committee,
            organisations,
            events,
        }
    }

    /// L64: the block was the last of its epoch. Turns that it or earlier blocks show to be lost are
    /// counted, votes for heights that were still open are not.
    fn turn_over(&mut self, last: &BlockHeader, boundary: Boundary, events: &mut Vec<CreditEvent>) {
        let tip = self.open.split_off(&last.height);
        for (height, open) in std::mem::replace(&mut self.open, tip) {
            self.count_lost_turns(height, open, last.height, events);
        }
        for (replica, mut organisation) in boundary.organisations {
            if let Some(before) = self.organisations.get(&replica) {
                // Blocks and lost turns up to the last height, whatever the boundary was made from.
                organisation.standing.leading = before.standing.leading;
            }
            self.organisations.insert(replica, organisation);
        }
        events.extend(boundary.events);
        self.committee = boundary.committee;
        self.term = Term::default();
    }

    /// L62: the heights that the next block may not record votes for are counted.
    fn close_heights(&mut self, tip: &BlockHeader, events: &mut Vec<CreditEvent>) {
        let quorum = self.committee.quorum();
        let next = tip.height.next();
        while let Some(entry) = self.open.first_entry() {
            let height = *entry.key();
            if entry.get().is_open(height, next, tip.time, quorum) {
                break;
            }
            let open = entry.remove();
            if open.epoch != self.committee.epoch() {
                continue;
            }
            self.term.count(&open.clone().into_facts(height));
            if let Some(proposer) = self.organisations.get_mut(&open.proposer) {
                let leading = &mut proposer.standing.leading;
                *leading = leading.after_block();
            }
            self.count_lost_turns(height, open, tip.height, events);
        }
    }

    /// C3: bans the primaries that lost their turns at a height of the committee's epoch.
    fn count_lost_turns(
        &mut self,
        height: Height,
        open: OpenHeight,
        recorded: Height,
        events: &mut Vec<CreditEvent>,
    ) {
        if open.epoch != self.committee.epoch() {
            return;
        }
        let quorum = self.committee.quorum();
        let (after, barred) = (open.after, open.barred.clone());
        for turn in lost_turns(&open.into_facts(height), quorum) {
            let seat = primary_after(self.mode, &self.committee, after, turn.view, &barred);
            self.term.count_lost(seat);
            if let Some(organisation) = self.organisations.get_mut(&seat) {
                let leading = &mut organisation.standing.leading;
                *leading = leading.after_lost_turn(recorded, quorum);
                events.push(CreditEvent::LostTurn {
                    seat,
                    turn,
                    recorded,
                    banned_until: leading.banned_until,
                });
            }
        }
    }

    /// The seat after which turns go on.
    fn turns_after(&self) -> ReplicaId {
        let tip = self.open.last_key_value();
        let tip = tip.filter(|(_, tip)| tip.epoch == self.committee.epoch());
        tip.map_or_else(|| first_proposer(&self.committee), |(_, tip)| tip.proposer)
    }

    /// L63: the seats that may not lead at `height`, as far as the blocks up to the tip tell; none in
    /// classic mode.
    fn barred(&self, height: Height) -> BTreeSet<ReplicaId> {
        barred(self.mode, &self.committee, &self.organisations, height)
    }

    /// The height after the tip.
    fn next(&self) -> Height {
        let tip = self.open.last_key_value();
        tip.map_or(Height(1), |(height, _)| height.next())
    }

    /// L63: the seat that proposes in a view of the height after the tip.
    pub(crate) fn primary(&self, view: View) -> ReplicaId {
        let barred = self.barred(self.next());
        let after = self.turns_after();
        primary_after(self.mode, &self.committee, after, view, &barred)
    }

    /// L63: the seat that proposes after `block`, which follows the tip; `None` where the block may
    /// bar a seat, or is the epoch's last.
    pub(crate) fn primary_after_next(
        &self,
        block: &BlockHeader,
        attestations: &[Attestation],
    ) -> Option<ReplicaId> {
        let blames = |vote: &Attestation| vote.attested == Attested::Late;
        if attestations.iter().any(blames)
            || self.open.values().any(OpenHeight::is_blamed)
            || block.next_committee != self.committee.digest()
        {
            return None;
        }
        let barred = self.barred(block.height.next());
        let after = block.proposer;
        Some(primary_after(
            self.mode,
            &self.committee,
            after,
            View(0),
            &barred,
        ))
    }

    /// The seat that proposes first in the next epoch, as far as the blocks up to the tip tell; `None`
    /// before the last height of this one.
    pub(crate) fn first_primary_of_next_epoch(&self) -> Option<ReplicaId> {
        let boundary = self.boundary.as_ref()?;
        let after = first_proposer(&boundary.committee);
        let height = self.next().next();
        let barred = barred(
            self.mode,
            &boundary.committee,
            &boundary.organisations,
            height,
        );
        Some(primary_after(
            self.mode,
            &boundary.committee,
            after,
            View(0),
            &barred,
        ))
    }

    /// The committee that orders the height after the tip.
    #[must_use]
    pub const fn committee(&self) -> &Committee {
        &self.committee
    }

    /// The committee that orders the height after the next: that which the next header names. It is
    /// final once the tip's facts are learned.
    #[must_use]
    pub fn next_committee(&self) -> &Committee {
        let boundary = self.boundary.as_ref();
        boundary.map_or(&self.committee, |boundary| &boundary.committee)
    }

    /// True when the height after the tip is the last of its epoch.
    #[must_use]
    pub const fn ends_epoch(&self) -> bool {
        self.boundary.is_some()
    }

    /// The height up to which facts were learned: that of the tip, or of the block before while the tip
    /// is not executed.
    #[must_use]
    pub const fn learned(&self) -> Height {
        self.learned
    }

    /// True when every organisation of the chain has a seat.
    pub(crate) fn seats_all(&self) -> bool {
        self.organisations.len() == self.committee.members().len()
    }

    /// True for an organisation of the chain, seated or not.
    pub(crate) fn knows(&self, replica: ReplicaId) -> bool {
        self.organisations.contains_key(&replica)
    }

    /// The key that an organisation registered for the next epoch, in time.
    #[must_use]
    pub fn next_key(&self, replica: ReplicaId) -> Option<VerifyingKey> {
        self.organisations.get(&replica)?.next_key
    }

    /// The identifier of an organisation; `None` for a number that the chain does not know.
    #[must_use]
    pub fn organisation(&self, replica: ReplicaId) -> Option<OrganisationId> {
        Some(self.organisations.get(&replica)?.id)
    }

    /// L60: true when the block after the tip may record these votes, their signatures apart: in
    /// strictly ascending order, of open heights of the committee's epoch, by its members, and none
    /// that a block has recorded. In classic mode no block records any.
    #[must_use]
    pub(crate) fn admits(&self, attestations: &[Attestation]) -> bool {
        let mut late: BTreeMap<(Height, ReplicaId), usize> = BTreeMap::new();
        let mut last = None;
        let most = match self.mode {
            Mode::Credit => MAX_ATTESTATIONS,
            Mode::Classic => 0,
        };
        attestations.len() <= most
            && attestations.iter().all(|vote| {
                let ascends = last < Some(vote.key());
                last = Some(vote.key());
                let Some(open) = self.open_at(vote.height) else {
                    return false;
                };
                let has_room = vote.attested == Attested::Commit || {
                    let count = late.entry((vote.height, vote.signer)).or_default();
                    *count += 1;
                    open.late_votes_of(vote.signer) + *count <= MAX_LATE
                };
                ascends && has_room && self.committee.has(vote.signer) && open.lacks(vote)
            })
    }

    /// An open height of the committee's epoch.
    pub(crate) fn open_at(&self, height: Height) -> Option<&OpenHeight> {
        let open = self.open.get(&height);
        open.filter(|open| open.epoch == self.committee.epoch())
    }

    /// The lowest height that is open; `None` before the first block.
    pub(crate) fn lowest_open(&self) -> Option<Height> {
        self.open.first_key_value().map(|(height, _)| *height)
    }

    /// Height and digest of the last block absorbed; `None` before the first.
    #[must_use]
    pub fn tip(&self) -> Option<(Height, Digest)> {
        let tip = self.open.last_key_value();
        tip.map(|(height, tip)| (*height, tip.digest))
    }

    /// Credit and bans of an organisation after the tip.
    #[must_use]
    pub fn standing(&self, replica: ReplicaId) -> Standing {
        let organisation = self.organisations.get(&replica);
        organisation.map_or_else(Standing::default, |held| held.standing)
    }

    /// How turns pass on.
    pub(crate) const fn mode(&self) -> Mode {
        self.mode
    }

    /// Identifies the record: equal exactly where all of it is.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest("medshare/consensus/chain-record/v1", &[&to_borsh(self)])
    }
}

/// The members of a committee that may not lead at `height`.
fn barred(
    mode: Mode,
    committee: &Committee,
    organisations: &BTreeMap<ReplicaId, Organisation>,
    height: Height,
) -> BTreeSet<ReplicaId> {
    let seated = || {
        let members = committee.replicas();
        members.filter_map(|replica| Some((replica, organisations.get(&replica)?.standing.leading)))
    };
    let mut banned = seated().filter(|(_, leading)| leading.banned_until > height);
    if mode == Mode::Classic || banned.next().is_none() {
        return BTreeSet::new();
    }
    let none = BTreeSet::new();
    let leaders = may_lead(
        &seated().collect(),
        &none,
        &none,
        height,
        committee.quorum(),
    );
    let seats = committee.replicas();
    seats.filter(|seat| !leaders.contains(seat)).collect()
}

/// Every event of a member on a chain, in order: each lost turn and each epoch, with its credit before
/// and after. `record` is that before the first block, `blocks` are the headers, attestations and facts
/// from height 1 on.
///
/// Cost: as [`ChainRecord::follow`] a block.
#[must_use]
pub fn explain(
    member: ReplicaId,
    mut record: ChainRecord,
    blocks: impl IntoIterator<Item = (BlockHeader, Vec<Attestation>, Vec<ChainFact>)>,
) -> Vec<CreditEvent> {
    let mut events = Vec::new();
    for (header, attestations, facts) in blocks {
        let changed = record.follow(&header, &attestations, &facts);
        events.extend(changed.into_iter().filter(|event| event.seat() == member));
    }
    events
}

#[cfg(test)]
mod tests;
