//! What decided heights make of credit, roles and seats.
//!
//! Heights that the model generates and heights that replicas decided go through the same code, so that
//! a log of replicas shows whether the model is right. It calls the production functions for credit,
//! bans, seats and leaders, and keeps open heights, turns and epochs by itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use medshare_consensus::ChainFact;
use medshare_consensus::credit::{
    Boundary, Conversion, DefaultRule, EpochRule, ExitReason, HeightFacts, OrganisationRecord,
    ResourceFacts, ResourceWeights, Term, convert, leaders, lost_turns, resource_scores, seats,
};
use medshare_types::attestation::{Attestation, Attested};
use medshare_types::committee::Quorum;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

/// Block time for which a height takes votes whatever the number of blocks, milliseconds.
const OPEN_MS: u64 = 2_000;
const MOST_OPEN: u64 = 1_024;

/// A decided height.
pub(crate) struct Decided {
    /// Votes that later blocks record are added by [`Ledger::record`].
    pub(crate) facts: HeightFacts,
    pub(crate) time_ms: u64,
}

/// A decided height that still takes votes.
struct Open {
    facts: HeightFacts,
    time_ms: u64,
    epoch: Epoch,
    turns: Turns,
}

/// Whose turn each view of a height is.
#[derive(Clone)]
pub(crate) struct Turns {
    after: ReplicaId,
    leaders: BTreeSet<ReplicaId>,
}

impl Turns {
    /// The (view + 1)-th leader, cyclically, after a seat.
    pub(crate) fn primary(&self, view: View) -> ReplicaId {
        let next = self.after.next();
        let later = self.leaders.range(next..);
        let cycle: Vec<_> = later.chain(self.leaders.range(..next)).collect();
        let turn = usize::try_from(view.0).unwrap_or(0) % cycle.len().max(1);
        cycle.get(turn).map_or(self.after, |seat| **seat)
    }
}

/// What organisations without a seat have shown, and what all contributed.
#[derive(Default)]
struct Shown {
    registered: BTreeSet<ReplicaId>,
    answered: BTreeSet<ReplicaId>,
    contributions: ResourceFacts,
}

/// The organisations after the heights so far.
pub(crate) struct Ledger {
    rule: EpochRule,
    committee_size: u16,
    pub(crate) records: BTreeMap<ReplicaId, OrganisationRecord>,
    /// Organisations whose key is of the running epoch.
    keyed: BTreeSet<ReplicaId>,
    shown: Shown,
    term: Term,
    /// The first height of the epoch, and its time.
    begun: Option<(Height, u64)>,
    open: VecDeque<Open>,
    pub(crate) epoch: Epoch,
    pub(crate) height: Height,
    after: Option<ReplicaId>,
    /// What follows the next height, which is the last of its epoch.
    end: Option<Conversion>,
    /// Resource scores in place of those that contributions come to.
    resources: Option<BTreeMap<ReplicaId, u16>>,
}

impl Ledger {
    /// `pool` organisations, the first of them in `committee_size` seats.
    pub(crate) fn new(rule: EpochRule, pool: u16, committee_size: u16) -> Self {
        let all = (0..pool).map(ReplicaId);
        let record = |id: ReplicaId| OrganisationRecord::new(id.0 < committee_size, Epoch(0));
        Self {
            rule,
            committee_size,
            records: all.clone().map(|id| (id, record(id))).collect(),
            keyed: all.collect(),
            shown: Shown::default(),
            term: Term::default(),
            begun: None,
            open: VecDeque::new(),
            epoch: Epoch(0),
            height: Height(0),
            after: None,
            end: None,
            resources: None,
        }
    }

    /// Sets the resource scores of all epochs, per mille.
    pub(crate) fn with_resources(mut self, resources: BTreeMap<ReplicaId, u16>) -> Self {
        self.resources = Some(resources);
        self
    }

    /// These organisations, and no others, registered a key for the next epoch and answered.
    pub(crate) fn prepare(&mut self, ready: BTreeSet<ReplicaId>) {
        self.shown.answered.clone_from(&ready);
        self.shown.registered = ready;
    }

    /// A proof of this member's misbehaviour is on the chain.
    pub(crate) fn prove(&mut self, member: ReplicaId) {
        self.note_exit(member, ExitReason::Proof);
    }

    /// The committee of the running epoch.
    pub(crate) fn seats(&self) -> BTreeSet<ReplicaId> {
        seats(&self.records)
    }

    pub(crate) fn quorum(&self) -> Quorum {
        Quorum::of(self.seats().len())
    }

    /// Turns at the height after the last.
    pub(crate) fn turns(&self) -> Turns {
        let seats = self.seats();
        let first = usize::try_from(self.epoch.0).unwrap_or(0) % seats.len().max(1);
        let first = seats.iter().nth(first).copied().unwrap_or_default();
        Turns {
            after: self.after.unwrap_or(first),
            leaders: leaders(&self.records, &self.keyed, self.height.next()),
        }
    }

    /// Records votes for open heights.
    pub(crate) fn record(&mut self, votes: &[Attestation]) {
        for vote in votes {
            let mut open = self.open.iter_mut();
            let Some(open) = open.find(|open| open.facts.height == vote.height) else {
                continue;
            };
            match vote.attested {
                Attested::Commit => open.commit(vote.signer, vote.view),
                Attested::Late => {
                    let late = open.facts.late.entry(vote.view).or_default();
                    late.insert(vote.signer);
                }
            }
        }
    }

    /// Records the commits of these members for every open height.
    pub(crate) fn record_for_all(&mut self, members: &BTreeSet<ReplicaId>) {
        for open in &mut self.open {
            let view = open.facts.view;
            for member in members {
                open.commit(*member, view);
            }
        }
    }

    /// Adds the next height. Heights that take no more votes count, and the epoch turns over after its
    /// last height, whose conversion is returned.
    pub(crate) fn add(&mut self, decided: Decided) -> Option<Conversion> {
        let turns = self.turns();
        let Decided { facts, time_ms } = decided;
        self.height = facts.height;
        self.after = Some(facts.proposer);
        self.begun.get_or_insert((facts.height, time_ms));
        self.open.push_back(Open {
            facts,
            time_ms,
            epoch: self.epoch,
            turns,
        });
        self.close(time_ms);
        let end = self.end.take()?;
        self.turn_over(&end);
        Some(end)
    }

    /// Takes what the transactions of the last height told, and whether the next one ends the epoch.
    pub(crate) fn learn(&mut self, facts: &[ChainFact]) {
        for fact in facts {
            self.learn_fact(fact);
        }
        if self.ends_next() {
            self.end = Some(self.convert());
        }
    }

    fn learn_fact(&mut self, fact: &ChainFact) {
        match fact {
            ChainFact::KeyRegistered { replica, epoch, .. } if *epoch == self.epoch.next() => {
                self.shown.registered.insert(*replica);
            }
            ChainFact::KeyRegistered { .. } => {}
            ChainFact::Answered { replica } => {
                self.shown.answered.insert(*replica);
            }
            ChainFact::Proven { replica } => self.prove(*replica),
            ChainFact::Departs {
                replica,
                may_lower_faulty,
            } => {
                let may_lower_faulty = *may_lower_faulty;
                self.note_exit(*replica, ExitReason::Departure { may_lower_faulty });
            }
            ChainFact::Readmitted { replica } => {
                if let Some(record) = self.records.get_mut(replica) {
                    record.readmit(self.epoch.next(), &DefaultRule::default());
                }
            }
            ChainFact::Contributed(facts) => self.shown.contributions = facts.clone(),
        }
    }

    fn note_exit(&mut self, replica: ReplicaId, reason: ExitReason) {
        if let Some(record) = self.records.get_mut(&replica) {
            record.note_exit(reason, self.epoch);
        }
    }

    fn ends_next(&self) -> bool {
        let (Some((first, begun_ms)), Some(tip)) = (self.begun, self.open.back()) else {
            return false;
        };
        let quorum = self.quorum();
        let least = quorum.faulty() as u64 + 9 + 2 * quorum.members() as u64;
        self.height.0 + 2 - first.0 >= self.rule.heights.max(least)
            && tip.time_ms - begun_ms >= self.rule.min_ms
    }

    fn convert(&self) -> Conversion {
        let quorum = self.quorum();
        let all = self.records.keys().copied().collect();
        let Shown {
            registered,
            answered,
            contributions,
        } = &self.shown;
        let weights = ResourceWeights::default();
        let reports = self.seats().into_iter();
        let boundary = Boundary {
            epoch: self.epoch,
            height: self.height.next(),
            committee_size: self.committee_size.into(),
            ready: registered.intersection(answered).copied().collect(),
            resources: self
                .resources
                .clone()
                .unwrap_or_else(|| resource_scores(&all, contributions, &weights, quorum.faulty())),
            reports: reports
                .map(|seat| (seat, self.term.report(seat, quorum)))
                .collect(),
        };
        convert(&self.records, &boundary, &DefaultRule::default())
    }

    fn close(&mut self, parent_ms: u64) {
        let quorum = self.quorum();
        let stays = quorum.faulty() as u64 + 9;
        while let Some(open) = self.open.front() {
            let blocks = self.height.0 + 1 - open.facts.height.0;
            let age_ms = parent_ms - open.time_ms;
            if blocks <= MOST_OPEN && (blocks <= stays || age_ms <= OPEN_MS) {
                break;
            }
            let Some(open) = self.open.pop_front() else {
                break;
            };
            if open.epoch != self.epoch {
                continue;
            }
            self.term.count(&open.facts);
            if let Some(record) = self.records.get_mut(&open.facts.proposer) {
                record.standing.leading = record.standing.leading.after_block();
            }
            self.count_lost_turns(&open, quorum);
        }
    }

    fn count_lost_turns(&mut self, open: &Open, quorum: Quorum) {
        if open.epoch != self.epoch {
            return;
        }
        for turn in lost_turns(&open.facts, quorum) {
            let primary = open.turns.primary(turn.view);
            self.term.count_lost(primary);
            if let Some(record) = self.records.get_mut(&primary) {
                let leading = record.standing.leading;
                record.standing.leading = leading.after_lost_turn(self.height, quorum);
            }
        }
    }

    /// The last height is added: lost turns of open heights count, their votes do not.
    fn turn_over(&mut self, end: &Conversion) {
        let quorum = self.quorum();
        let tip = self.open.pop_back();
        for open in core::mem::take(&mut self.open) {
            self.count_lost_turns(&open, quorum);
        }
        self.open.extend(tip);
        let before = core::mem::replace(&mut self.records, end.records.clone());
        for (replica, record) in &mut self.records {
            if let Some(before) = before.get(replica) {
                record.standing.leading = before.standing.leading;
            }
        }
        self.keyed = core::mem::take(&mut self.shown.registered);
        self.shown.answered.clear();
        self.term = Term::default();
        self.begun = None;
        self.after = None;
        self.epoch = self.epoch.next();
    }
}

impl Open {
    fn commit(&mut self, signer: ReplicaId, view: View) {
        let commit = self.facts.commits.entry(signer).or_insert(view);
        *commit = view.max(*commit);
    }
}
