//! What the chain records of its committee: the votes for open heights, and the credit that follows.
//!
//! A function of the headers and attestations of all decided blocks, in order, and of nothing else.
//! So a replica that starts again, or is served blocks, has it again, and all judge a block's
//! attestations alike.

mod admission;
mod explain;
mod open;
mod organisations;

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::attestation::{Attestation, Attested};
use medshare_types::committee::{Committee, CommitteeMember};
use medshare_types::genesis::Genesis;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::BlockHeader;
use medshare_types::id::{Height, OrganisationId, ReplicaId, View};
use medshare_types::sign::VerifyingKey;
use medshare_types::wire::{DecodeError, to_borsh};

use crate::credit::{
    Alarm, CreditEvent, EpochRule, OrganisationRecord, Standing, Term, lost_turns,
};
use crate::turns::{Mode, first_proposer, primary_after};
pub use explain::explain;
pub(crate) use open::{MAX_LATE, OpenHeight};
pub use organisations::ChainFact;
use organisations::Organisations;

/// What the chain records up to a tip: the votes for open heights, every organisation's credit and role,
/// and the committee that follows.
///
/// A function of the genesis, the decided blocks and what their transactions told, so that all members
/// have the same; see [`ChainRecord::follow`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChainRecord {
    mode: Mode,
    rule: EpochRule,
    /// Seats that the committee grows to.
    committee_size: u16,
    /// Orders the height after the tip.
    committee: Committee,
    /// The members that may not lead at the height after the tip.
    barred: BTreeSet<ReplicaId>,
    /// Heights for which the next block may record votes; the tip is the last of them.
    open: BTreeMap<Height, OpenHeight>,
    term: Term,
    organisations: Organisations,
    /// The height up to which `learn` was called.
    learned: Height,
    /// What follows when the height after the tip is the epoch's last.
    boundary: Option<EpochEnd>,
    /// Conditions for operators since the last boundary.
    alarms: Vec<Alarm>,
}

/// The outcome of an epoch, known before its last block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct EpochEnd {
    committee: Committee,
    organisations: Organisations,
    events: Vec<CreditEvent>,
    alarms: Vec<Alarm>,
}

impl ChainRecord {
    /// The record before the first block. `committee` orders it, `candidates` are the organisations
    /// without a seat, and the committee grows to `committee_size` seats. All members must start from
    /// the same.
    #[must_use]
    pub fn new(
        mode: Mode,
        rule: EpochRule,
        committee: Committee,
        candidates: impl IntoIterator<Item = CommitteeMember>,
        committee_size: u16,
    ) -> Self {
        Self {
            mode,
            rule,
            committee_size,
            organisations: Organisations::new(&committee, candidates),
            committee,
            barred: BTreeSet::new(),
            open: BTreeMap::new(),
            term: Term::default(),
            learned: Height(0),
            boundary: None,
            alarms: Vec::new(),
        }
    }

    /// The record of the chain that `genesis` founds.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when the organisations do not form a committee.
    pub fn genesis(genesis: &Genesis, mode: Mode) -> Result<Self, DecodeError> {
        let committee = genesis.committee()?;
        let parameters = &genesis.parameters;
        let rule = EpochRule {
            heights: parameters.epoch_min_heights,
            min_ms: parameters.epoch_min_ms,
        };
        let seats = committee.members().len();
        let candidates = genesis.voters()?.into_iter().skip(seats);
        let size = parameters.committee_size;
        Ok(Self::new(mode, rule, committee, candidates, size))
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
        for vote in attestations {
            if let Some(open) = self.open.get_mut(&vote.height) {
                open.record(vote);
            }
        }
        let open = OpenHeight::new(
            (header.epoch, header.digest()),
            (header.view, header.time),
            header.proposer,
            (self.turns_after(), self.barred.clone()),
        );
        self.open.insert(header.height, open);
        let mut events = Vec::new();
        self.close_heights(header, &mut events);
        if let Some(boundary) = self.boundary.take() {
            self.turn_over(header, boundary, &mut events);
        }
        self.barred = self.barred_at(header.height.next());
        events
    }

    /// Lifts all bans, in tests only.
    pub(crate) fn forgive_lost_turns(&mut self) {
        self.organisations.forgive_lost_turns();
        self.barred = self.barred_at(self.next());
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
            self.organisations.learn(self.committee.epoch(), fact);
        }
        let time = self.open.last_key_value().map(|(_, tip)| tip.time);
        let quorum = self.committee.quorum();
        let ends =
            self.mode == Mode::Credit && self.term.ends_at(&self.rule, height.next(), time, quorum);
        self.boundary = ends.then(|| self.end_epoch(height.next()));
    }

    /// What follows after `last`, the last height of the epoch: a function of the blocks before it, so
    /// that its header can name the next committee.
    fn end_epoch(&self, last: Height) -> EpochEnd {
        let quorum = self.committee.quorum();
        let members = self.committee.replicas();
        let reports = members.map(|replica| (replica, self.term.report(replica, quorum)));
        let mut organisations = self.organisations.clone();
        let (events, alarms) = organisations.convert(
            (self.committee.epoch(), last),
            self.committee_size,
            reports.collect(),
            quorum,
        );
        let next = self.committee.epoch().next();
        // Distinct keys are a rule of registration; where it was broken, the committee stays.
        let committee = Committee::new(next, organisations.seated())
            .or_else(|_| Committee::new(next, self.committee.members().to_vec()))
            .unwrap_or_else(|_| self.committee.clone());
        EpochEnd {
            committee,
            organisations,
            events,
            alarms,
        }
    }

    /// L64: the block was the last of its epoch. Turns that it or earlier blocks show to be lost are
    /// counted, votes for heights that were still open are not.
    fn turn_over(&mut self, last: &BlockHeader, end: EpochEnd, events: &mut Vec<CreditEvent>) {
        let tip = self.open.split_off(&last.height);
        for (height, open) in core::mem::replace(&mut self.open, tip) {
            self.count_lost_turns(height, open, last.height, events);
        }
        let before = core::mem::replace(&mut self.organisations, end.organisations);
        // Blocks and lost turns up to the last height, whatever the end was computed from.
        self.organisations.keep_leading(&before);
        events.extend(end.events);
        self.committee = end.committee;
        self.alarms = end.alarms;
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
            if let Some(leading) = self.organisations.leading_mut(open.proposer) {
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
            if let Some(leading) = self.organisations.leading_mut(seat) {
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

    /// L63: the members that may not lead at `height`, as far as the blocks up to the tip tell; none in
    /// classic mode. What the transactions of the tip tell counts from the height after the next, so
    /// that every member that has decided the tip knows.
    fn barred_at(&self, height: Height) -> BTreeSet<ReplicaId> {
        match self.mode {
            Mode::Classic => BTreeSet::new(),
            Mode::Credit => self.organisations.barred(&self.committee, height),
        }
    }

    /// The height after the tip.
    fn next(&self) -> Height {
        let tip = self.open.last_key_value();
        tip.map_or(Height(1), |(height, _)| height.next())
    }

    /// L63: the seat that proposes in a view of the height after the tip.
    pub(crate) fn primary(&self, view: View) -> ReplicaId {
        let after = self.turns_after();
        primary_after(self.mode, &self.committee, after, view, &self.barred)
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
        let barred = self.barred_at(block.height.next());
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
        let end = self.boundary.as_ref()?;
        let after = first_proposer(&end.committee);
        let barred = end.organisations.barred(&end.committee, self.next().next());
        Some(primary_after(
            self.mode,
            &end.committee,
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
        self.organisations.count() == self.committee.members().len()
    }

    /// True for an organisation of the chain, seated or not.
    pub(crate) fn knows(&self, replica: ReplicaId) -> bool {
        self.organisations.record(replica).is_some()
    }

    /// The key that an organisation registered for the next epoch, in time.
    #[must_use]
    pub fn next_key(&self, replica: ReplicaId) -> Option<VerifyingKey> {
        self.organisations.next_key(replica)
    }

    /// The number of an organisation; `None` for a stranger.
    #[must_use]
    pub fn replica_of(&self, organisation: &OrganisationId) -> Option<ReplicaId> {
        self.organisations.replica_of(organisation)
    }

    /// The identifier of an organisation; `None` for a number that the chain does not know.
    #[must_use]
    pub fn organisation(&self, replica: ReplicaId) -> Option<OrganisationId> {
        self.organisations.id(replica)
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

    /// Role, credit and bans of an organisation after the tip; `None` for a number that the chain does
    /// not know.
    #[must_use]
    pub fn organisation_record(&self, replica: ReplicaId) -> Option<&OrganisationRecord> {
        self.organisations.record(replica)
    }

    /// Credit and bans of an organisation after the tip.
    #[must_use]
    pub fn standing(&self, replica: ReplicaId) -> Standing {
        let record = self.organisations.record(replica);
        record.map_or_else(Standing::default, |record| record.standing)
    }

    /// What operators must hear of since the last boundary.
    #[must_use]
    pub fn alarms(&self) -> &[Alarm] {
        &self.alarms
    }

    /// True when more members are proven to misbehave than the committee tolerates: it can be trusted no
    /// longer, and its honest members sign nothing more.
    #[must_use]
    pub fn halts(&self) -> bool {
        let halts = |alarm: &Alarm| matches!(alarm, Alarm::TooManyProofs { .. });
        self.alarms.iter().any(halts)
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

#[cfg(test)]
mod tests;
