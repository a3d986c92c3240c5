//! What the chain records of its committee: the votes for open heights, and the credit that follows.
//!
//! A function of the headers and attestations of all decided blocks, in order, and of nothing else.
//! So a replica that starts again, or is served blocks, has it again, and all judge a block's
//! attestations alike.

mod open;

use std::collections::{BTreeMap, BTreeSet};

use borsh::BorshSerialize;
use medshare_types::attestation::{Attestation, Attested, MAX_ATTESTATIONS};
use medshare_types::committee::Committee;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::BlockHeader;
use medshare_types::id::{Height, ReplicaId, View};
use medshare_types::wire::to_borsh;

use crate::credit::{CreditEvent, Standing, Term, TermRule, lost_turns, may_lead};
use crate::turns::{Mode, first_proposer, seat_after};
pub(crate) use open::{MAX_LATE, OpenHeight};

/// What the blocks up to the tip record of their committee.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub struct ChainRecord {
    mode: Mode,
    rule: TermRule,
    /// Heights for which the next block may record votes; the tip is the last of them.
    open: BTreeMap<Height, OpenHeight>,
    term: Term,
    standings: BTreeMap<ReplicaId, Standing>,
}

impl ChainRecord {
    /// The record before the first block, where turns pass on by `mode` and terms end by `rule`. All
    /// members must use the same.
    #[must_use]
    pub fn new(mode: Mode, rule: TermRule) -> Self {
        Self {
            mode,
            rule,
            ..Self::default()
        }
    }

    /// Adds the next block. Returns what it changed for members, in the order of their seats.
    ///
    /// A decided block is not judged again: votes for heights that are not open change nothing. Cost:
    /// one hash, and O(log n) a vote; O(n² log n) at the end of a term.
    pub fn absorb(
        &mut self,
        committee: &Committee,
        header: &BlockHeader,
        attestations: &[Attestation],
    ) -> Vec<CreditEvent> {
        // L62
        let quorum = committee.quorum();
        let mut events = Vec::new();
        let parent = self.open.last_key_value().map(|(_, tip)| tip.time);
        self.begin_with(committee, header);
        if self.term.ends_at(&self.rule, header.height, parent, quorum) {
            events.extend(self.term.close(&mut self.standings, header.height, quorum));
        }
        let after = self.turns_after(committee);
        let barred = self.barred(committee, header.height);
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
        self.close_heights(header, committee, &mut events);
        events
    }

    fn begin_with(&mut self, committee: &Committee, header: &BlockHeader) {
        for seat in committee.replicas() {
            self.standings.entry(seat).or_default();
        }
        self.term.begin(header.height, header.time);
    }

    /// L62: the heights that the next block may not record votes for are counted.
    fn close_heights(
        &mut self,
        tip: &BlockHeader,
        committee: &Committee,
        events: &mut Vec<CreditEvent>,
    ) {
        let quorum = committee.quorum();
        let next = tip.height.next();
        while let Some(entry) = self.open.first_entry() {
            let height = *entry.key();
            if entry.get().is_open(height, next, tip.time, quorum) {
                break;
            }
            let open = entry.remove();
            let (after, barred) = (open.after, open.barred.clone());
            let facts = open.into_facts(height);
            self.term.count(&facts);
            let proposer = self.standings.entry(facts.proposer).or_default();
            proposer.leading = proposer.leading.after_block();
            for turn in lost_turns(&facts, quorum) {
                let seat = seat_after(self.mode, committee.seats(), after, turn.view, &barred);
                self.term.count_lost(seat);
                let standing = self.standings.entry(seat).or_default();
                standing.leading = standing.leading.after_lost_turn(tip.height, quorum);
                events.push(CreditEvent::LostTurn {
                    seat,
                    turn,
                    recorded: tip.height,
                    banned_until: standing.leading.banned_until,
                });
            }
        }
    }

    /// The seat after which turns go on.
    fn turns_after(&self, committee: &Committee) -> ReplicaId {
        let tip = self.open.last_key_value();
        let tip = tip.filter(|(_, tip)| tip.epoch == committee.epoch());
        tip.map_or(first_proposer(committee), |(_, tip)| tip.proposer)
    }

    /// L63: the seats that may not lead at `height`, as far as the blocks up to the tip tell; none in
    /// classic mode.
    fn barred(&self, committee: &Committee, height: Height) -> BTreeSet<ReplicaId> {
        let banned = |standing: &Standing| standing.leading.banned_until > height;
        if self.mode == Mode::Classic || !self.standings.values().any(banned) {
            return BTreeSet::new();
        }
        let members = self.standings.iter();
        let members = members.map(|(seat, standing)| (*seat, standing.leading));
        let none = BTreeSet::new();
        let quorum = committee.quorum();
        let leaders = may_lead(&members.collect(), &none, &none, height, quorum);
        let seats = committee.replicas();
        seats.filter(|seat| !leaders.contains(seat)).collect()
    }

    /// The height after the tip.
    fn next(&self) -> Height {
        let tip = self.open.last_key_value();
        tip.map_or(Height(1), |(height, _)| height.next())
    }

    /// L63: the seat that proposes in a view of the height after the tip, which `proposer` first
    /// proposed.
    pub(crate) fn primary_after(
        &self,
        committee: &Committee,
        proposer: ReplicaId,
        view: View,
    ) -> ReplicaId {
        let barred = self.barred(committee, self.next());
        seat_after(self.mode, committee.seats(), proposer, view, &barred)
    }

    /// L63: the seat that proposes after `block`, which follows the tip; `None` where the block may
    /// bar a seat.
    pub(crate) fn primary_after_next(
        &self,
        committee: &Committee,
        block: &BlockHeader,
        attestations: &[Attestation],
    ) -> Option<ReplicaId> {
        let blames = |vote: &Attestation| vote.attested == Attested::Late;
        if attestations.iter().any(blames) || self.open.values().any(OpenHeight::is_blamed) {
            return None;
        }
        let barred = self.barred(committee, block.height.next());
        let seats = committee.seats();
        let after = block.proposer;
        Some(seat_after(self.mode, seats, after, View(0), &barred))
    }

    /// L60: true when the block after the tip may record these votes, their signatures apart: in
    /// strictly ascending order, of open heights of the committee's epoch, by its members, and none
    /// that a block has recorded. In classic mode no block records any.
    #[must_use]
    pub(crate) fn admits(&self, committee: &Committee, attestations: &[Attestation]) -> bool {
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
                let Some(open) = self.open_in(committee, vote.height) else {
                    return false;
                };
                let has_room = vote.attested == Attested::Commit || {
                    let count = late.entry((vote.height, vote.signer)).or_default();
                    *count += 1;
                    open.late_votes_of(vote.signer) + *count <= MAX_LATE
                };
                ascends && has_room && committee.member(vote.signer).is_some() && open.lacks(vote)
            })
    }

    /// An open height of the committee's epoch.
    pub(crate) fn open_in(&self, committee: &Committee, height: Height) -> Option<&OpenHeight> {
        let open = self.open.get(&height);
        open.filter(|open| open.epoch == committee.epoch())
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

    /// Credit and bans of a seat after the tip.
    #[must_use]
    pub fn standing(&self, seat: ReplicaId) -> Standing {
        self.standings.get(&seat).copied().unwrap_or_default()
    }

    /// The running number of the term that the next height belongs to.
    #[must_use]
    pub const fn term(&self) -> u64 {
        self.term.number()
    }

    /// How turns pass on.
    pub(crate) const fn mode(&self) -> Mode {
        self.mode
    }

    /// The same record in another mode, before the first block.
    pub(crate) const fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Identifies the record: equal exactly where all of it is.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest("medshare/consensus/chain-record/v1", &[&to_borsh(self)])
    }
}

/// Every event of a seat on a chain, in order: each lost turn and each term, with its credit before
/// and after. `record` is that before the first block, `blocks` are the headers and attestations from
/// height 1 on.
///
/// Cost: as [`ChainRecord::absorb`] a block.
#[must_use]
pub fn explain(
    seat: ReplicaId,
    committee: &Committee,
    mut record: ChainRecord,
    blocks: impl IntoIterator<Item = (BlockHeader, Vec<Attestation>)>,
) -> Vec<CreditEvent> {
    let mut events = Vec::new();
    for (header, attestations) in blocks {
        let changed = record.absorb(committee, &header, &attestations);
        events.extend(changed.into_iter().filter(|event| event.seat() == seat));
    }
    events
}

#[cfg(test)]
mod tests;
