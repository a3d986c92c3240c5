//! Order, parents, times, turns, recorded votes and epochs of one chain: L14, L59, L61 to L66.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::attestation::{Attestation, Attested, attestations_root};
use medshare_types::hash::{Digest, digest};
use medshare_types::header::BlockHeader;
use medshare_types::id::{Epoch, Height, ReplicaId, View};
use medshare_types::time::Timestamp;

use super::committee::Committee;
use super::conversion::{Ending, end_epoch};
use super::credit::{LostTurn, Measured};
use super::facts::facts;
use super::format::{RecordedBlock, RunLog, Standing};
use super::organisations::Organisations;
use super::signatures::Signatures;

/// A chain, block by block.
pub(super) struct Chain<'l> {
    log: &'l RunLog,
    tip: Tip,
    /// Orders the next block.
    committee: Committee,
    /// The members that lead at the next height, from the primary of view 0 on.
    turns: Vec<ReplicaId>,
    /// The decided heights of the epoch that the next block may record votes of.
    open: BTreeMap<Height, Open>,
    measured: Measured,
    organisations: Organisations,
    /// Where the next block is the last of its epoch: what it changes.
    next: Option<(Committee, Organisations)>,
    pub(super) committees: BTreeMap<Epoch, Committee>,
    pub(super) lost_turns: Vec<LostTurn>,
}

/// What the next block follows from.
struct Tip {
    height: Height,
    digest: Digest,
    time: Timestamp,
}

struct Open {
    digest: Digest,
    view: View,
    time: Timestamp,
    proposer: ReplicaId,
    commits: BTreeMap<ReplicaId, View>,
    late: BTreeMap<View, BTreeSet<ReplicaId>>,
    turns: Vec<ReplicaId>,
}

/// What a block does to a chain.
pub(super) struct Step {
    /// The rules that it breaks.
    pub(super) faults: Vec<&'static str>,
    /// The standings once it is decided, and once it is executed.
    pub(super) standings: [Vec<Standing>; 2],
}

impl<'l> Chain<'l> {
    pub(super) fn new(log: &'l RunLog) -> Self {
        let organisations = Organisations::new(log);
        let committee = organisations.committee(Epoch(0));
        let mut chain = Self {
            log,
            tip: Tip {
                height: Height(0),
                digest: Digest::ZERO,
                time: log.created,
            },
            turns: Vec::new(),
            open: BTreeMap::new(),
            measured: Measured::default(),
            organisations,
            next: None,
            committees: [(Epoch(0), committee.clone())].into(),
            committee,
            lost_turns: Vec::new(),
        };
        chain.turns = chain.turns_after(chain.committee.before_first());
        chain
    }

    /// False where no block can be ordered.
    pub(super) fn has_committee(&self) -> bool {
        self.committee.may_sit()
    }

    /// Adds the next block.
    pub(super) fn add(
        &mut self,
        block: &RecordedBlock,
        digest: Digest,
        signatures: &mut Signatures,
    ) -> Step {
        let header = &block.header;
        let faults = self.faults(block, signatures);
        let next = self.next.take();
        let (height, time) = (header.height, header.time);
        self.measured.begun.get_or_insert((height, time));
        for vote in &block.attestations {
            if let Some(open) = self.open.get_mut(&vote.height) {
                open.record(vote);
            }
        }
        let open = Open {
            digest,
            view: header.view,
            time,
            proposer: header.proposer,
            commits: BTreeMap::new(),
            late: BTreeMap::new(),
            turns: core::mem::take(&mut self.turns),
        };
        self.open.insert(height, open);
        self.tip = Tip {
            height,
            digest,
            time,
        };
        self.close_heights();
        let mut before = header.proposer;
        if let Some((committee, organisations)) = next {
            self.turn_over(committee, organisations);
            before = self.committee.before_first();
        }
        // What the block tells changes no turn of the next height.
        self.turns = self.turns_after(before);
        let decided = self.organisations.standings();
        for fact in facts(&block.payload) {
            self.organisations.learn(fact, self.committee.epoch);
        }
        self.next = self.end_of_epoch();
        Step {
            faults,
            standings: [decided, self.organisations.standings()],
        }
    }

    /// L63: those that lead, from the one after the seat `before` on; in classic mode from that seat.
    fn turns_after(&self, before: ReplicaId) -> Vec<ReplicaId> {
        let leaders = match self.log.classic {
            true => self.committee.members.keys().copied().collect(),
            false => self.organisations.leaders(self.tip.height.next()),
        };
        let after = |seat: &ReplicaId| match self.log.classic {
            true => *seat >= before,
            false => *seat > before,
        };
        let (later, earlier): (Vec<_>, Vec<_>) = leaders.into_iter().partition(after);
        [later, earlier].concat()
    }

    fn faults(&self, block: &RecordedBlock, signatures: &mut Signatures) -> Vec<&'static str> {
        let header = &block.header;
        let mut faults = self.faults_of_header(header);
        if header.transactions != digest("medshare/testkit/batch/v1", &[&block.payload]) {
            faults.push("the payload");
        }
        if header.attestations != attestations_root(&block.attestations) {
            faults.push("the root of attestations");
        }
        faults.extend(self.fault_of_order(&block.attestations));
        for vote in &block.attestations {
            faults.extend(self.fault_of_vote(vote, signatures));
        }
        faults
    }

    fn faults_of_header(&self, header: &BlockHeader) -> Vec<&'static str> {
        let turns = &self.turns;
        let turn = header.view.0 % turns.len() as u64;
        let primary = usize::try_from(turn).ok().and_then(|turn| turns.get(turn));
        let next = self.next.as_ref();
        let next = next.map_or(&self.committee, |(committee, _)| committee);
        let rules = [
            (header.chain == self.log.chain, "the chain"),
            (header.epoch == self.committee.epoch, "the epoch"),
            (header.height == self.tip.height.next(), "the height"),
            (header.previous == self.tip.digest, "the parent"),
            (header.time > self.tip.time, "the time"),
            (
                header.executed.height == self.tip.height,
                "the executed height",
            ),
            // L65
            (header.next_committee == next.digest(), "the committee"),
            (Some(&header.proposer) == primary, "the turn"),
        ];
        let broken = rules.into_iter().filter(|(holds, _)| !holds);
        broken.map(|(_, what)| what).collect()
    }

    /// L60 and L61: strictly ascending, at most 1,536, and none in classic mode.
    fn fault_of_order(&self, votes: &[Attestation]) -> Option<&'static str> {
        let key = |vote: &Attestation| {
            let late = vote.attested == Attested::Late;
            (vote.height, late, vote.view, vote.signer)
        };
        let mut late: BTreeMap<(Height, ReplicaId), usize> = BTreeMap::new();
        for vote in votes.iter().filter(|vote| vote.attested == Attested::Late) {
            *late.entry((vote.height, vote.signer)).or_default() += 1;
        }
        let too_many = late.iter().any(|((height, signer), count)| {
            let open = self.open.get(height);
            let recorded = open.map_or(0, |open| open.late_of(*signer));
            recorded + count > 8
        });
        let commits = votes
            .iter()
            .filter(|vote| vote.attested == Attested::Commit);
        let mut committed = BTreeSet::new();
        let mut twice = commits.filter(|vote| !committed.insert((vote.height, vote.signer)));
        if twice.next().is_some() {
            return Some("two commits of a member for a height");
        }
        if !votes.is_sorted_by(|a, b| key(a) < key(b)) {
            Some("attestations that do not ascend")
        } else if too_many {
            Some("more than eight late votes of a member")
        } else if votes.len() > 1_536 || self.log.classic && !votes.is_empty() {
            Some("too many attestations")
        } else {
            None
        }
    }

    /// L61: of an open height, of a member, not recorded, and signed.
    fn fault_of_vote(
        &self,
        vote: &Attestation,
        signatures: &mut Signatures,
    ) -> Option<&'static str> {
        let Some(open) = self.open.get(&vote.height) else {
            return Some("an attestation of a height that is not open");
        };
        let is_new = match vote.attested {
            Attested::Commit => {
                let recorded = open.commits.get(&vote.signer);
                let is_first = recorded.is_none_or(|view| *view == open.view);
                vote.view >= open.view && is_first && recorded != Some(&vote.view)
            }
            Attested::Late => {
                let signers = open.late.get(&vote.view);
                signers.is_none_or(|signers| !signers.contains(&vote.signer))
            }
        };
        if !is_new {
            Some("an attestation that is recorded already")
        } else if !signatures.is_attested(&self.committee, vote, open.digest) {
            Some("an attestation that its signer did not sign")
        } else {
            None
        }
    }

    /// L59 and L62: the heights that the next block may record no votes of are counted.
    fn close_heights(&mut self) {
        let (tip, time) = (self.tip.height, self.tip.time);
        let most = self.committee.quorum().faulty as u64 + 9;
        let is_open = |height: &Height, open: &Open| {
            let blocks = tip.0 + 1 - height.0;
            let age_ms = time.as_millis().saturating_sub(open.time.as_millis());
            blocks <= 1_024 && (blocks <= most || age_ms <= 2_000)
        };
        while let Some(entry) = self.open.first_entry()
            && !is_open(entry.key(), entry.get())
        {
            let (height, open) = entry.remove_entry();
            if let Some(standing) = self.organisations.standing(open.proposer) {
                standing.add_block();
            }
            self.count_lost_turns(height, &open);
            let voters = open.commits.into_keys().collect();
            self.measured.closed.push((open.proposer, voters));
        }
    }

    /// C2 and C3, by the block at the tip.
    fn count_lost_turns(&mut self, height: Height, open: &Open) {
        let quorum = self.committee.quorum();
        let (n, f) = (quorum.members, quorum.faulty);
        for (view, signers) in &open.late {
            let above = open.commits.values().filter(|of| *of > view).count();
            let excused = *view == open.view && above < f + 1;
            if signers.len() < n - 2 * f || excused {
                continue;
            }
            let turn = usize::try_from(view.0 % open.turns.len() as u64);
            let seat = open.turns[turn.unwrap_or_default()];
            if let Some(standing) = self.organisations.standing(seat) {
                standing.lose_turn(self.tip.height, n);
            }
            self.measured.lost.push(seat);
            self.lost_turns.push(LostTurn {
                seat,
                height,
                view: *view,
            });
        }
    }

    /// C6, L64 and L65: what the next block changes, if it is the last of its epoch.
    fn end_of_epoch(&self) -> Option<(Committee, Organisations)> {
        let rule = (self.log.epoch_heights, self.log.epoch_ms);
        let quorum = self.committee.quorum();
        let (last, parent) = (self.tip.height.next(), self.tip.time);
        if self.log.classic || !self.measured.ends_with(last, parent, rule, quorum) {
            return None;
        }
        let epoch = self.committee.epoch;
        let mut organisations = self.organisations.clone();
        let ending = Ending {
            epoch,
            measured: &self.measured,
            committee_size: self.log.committee_size.into(),
        };
        end_epoch(&mut organisations, &ending);
        let next = organisations.committee(epoch.next());
        let stays = Committee {
            epoch: epoch.next(),
            members: self.committee.members.clone(),
        };
        let next = if next.may_sit() { next } else { stays };
        Some((next, organisations))
    }

    /// L66: the tip was the last block of its epoch. Open heights tell of lost turns, and of nothing else.
    fn turn_over(&mut self, committee: Committee, organisations: Organisations) {
        let last = self.tip.height;
        for (height, open) in core::mem::take(&mut self.open) {
            if height < last {
                self.count_lost_turns(height, &open);
            }
        }
        let before = core::mem::replace(&mut self.organisations, organisations);
        for (of, before) in self.organisations.all.values_mut().zip(before.all.values()) {
            of.standing.level = before.standing.level;
            of.standing.clean = before.standing.clean;
            of.standing.banned_until = before.standing.banned_until;
            of.standing.last_lost = before.standing.last_lost;
        }
        self.committees.insert(committee.epoch, committee.clone());
        self.committee = committee;
        self.measured = Measured::default();
    }
}

impl Open {
    fn record(&mut self, vote: &Attestation) {
        match vote.attested {
            Attested::Commit => {
                let view = self.commits.entry(vote.signer).or_insert(vote.view);
                *view = vote.view.max(*view);
            }
            Attested::Late => {
                self.late.entry(vote.view).or_default().insert(vote.signer);
            }
        }
    }

    fn late_of(&self, signer: ReplicaId) -> usize {
        let views = self.late.values();
        views.filter(|signers| signers.contains(&signer)).count()
    }
}
