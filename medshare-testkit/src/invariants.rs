//! Properties of every run, checked while it goes on, without the predicates of the code under test.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use medshare_consensus::{Claim, Decided, Evidence, Offence, ReplayError, Vote};
use medshare_types::certificate::Phase;
use medshare_types::committee::Committee;
use medshare_types::hash::{Digest, digest};
use medshare_types::header::ExecutedRoots;
use medshare_types::id::{Epoch, Height, ReplicaId, View};

use crate::disk::TestRecord;
use crate::setting::{Message, Setting, TestPayload, execute};
use crate::violation::Violation;

/// Voter, phase, view and height: at most one vote of an honest member.
type VoteKey = (ReplicaId, u8, u64, Height);

/// An observer of a run, fed with the events of every member.
#[derive(Debug)]
pub struct Invariants {
    setting: Setting,
    byzantine: BTreeSet<ReplicaId>,
    /// By the records of honest replicas, which the checker compares with the chain.
    committees: BTreeMap<Epoch, Committee>,
    chain: Vec<(Digest, ExecutedRoots)>,
    proposers: Vec<ReplicaId>,
    next: BTreeMap<ReplicaId, u64>,
    durable_votes: BTreeSet<(VoteKey, Digest)>,
    /// Votes of a member at a height that are written and not durable.
    pending_votes: BTreeMap<(ReplicaId, Height), u64>,
    durable_decisions: BTreeMap<(ReplicaId, Height), Digest>,
    durable_changes: BTreeMap<(ReplicaId, Height, View), Option<Claim>>,
    durable_late: BTreeSet<(ReplicaId, Height, View)>,
    /// The lowest view in which a member still votes.
    given_up: BTreeMap<(ReplicaId, Height), View>,
    sent: BTreeMap<VoteKey, Digest>,
    /// The highest view in which a member durably committed.
    committed_views: BTreeMap<(ReplicaId, Height), View>,
    paces: BTreeMap<ReplicaId, Pace>,
    /// Durable votes of honest members by height, phase, view and digest.
    voters: BTreeMap<(Height, u8, View, Digest), BTreeSet<ReplicaId>>,
    violations: Vec<Violation>,
}

/// What a member's timers may follow from.
#[derive(Clone, Debug, Default)]
struct Pace {
    /// Heights in a row that were measured and lost no view.
    good: u32,
    /// Times between decisions of the last measured heights since the start, milliseconds.
    durations: VecDeque<u64>,
    last_ms: u64,
}

/// Good heights after which nothing is left of the views lost before.
const MADE_GOOD: u32 = 8;

impl Invariants {
    /// An observer that expects nothing of `byzantine` members.
    #[must_use]
    pub fn new(setting: Setting, byzantine: BTreeSet<ReplicaId>) -> Self {
        let first = setting.committee().clone();
        Self {
            setting,
            byzantine,
            committees: [(first.epoch(), first)].into(),
            chain: Vec::new(),
            proposers: Vec::new(),
            next: BTreeMap::new(),
            durable_votes: BTreeSet::new(),
            pending_votes: BTreeMap::new(),
            durable_decisions: BTreeMap::new(),
            durable_changes: BTreeMap::new(),
            durable_late: BTreeSet::new(),
            given_up: BTreeMap::new(),
            sent: BTreeMap::new(),
            committed_views: BTreeMap::new(),
            paces: BTreeMap::new(),
            voters: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    /// An honest replica is in the epoch of this committee.
    pub(crate) fn sits(&mut self, committee: &Committee) {
        let epoch = committee.epoch();
        let seated = self.committees.entry(epoch);
        seated.or_insert_with(|| committee.clone());
    }

    /// Members of an epoch's committee, and how many of them may be Byzantine.
    fn sizes(&self, epoch: Epoch) -> (usize, usize) {
        let committee = self.committees.get(&epoch);
        let n = committee.map_or(0, |committee| committee.members().len());
        (n, (0..n).filter(|f| 3 * f < n).max().unwrap_or(0))
    }

    /// The violations so far, in the order of their events.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The first proposer of each block, from height 1 on.
    #[must_use]
    pub fn proposers(&self) -> &[ReplicaId] {
        &self.proposers
    }

    /// `member` appended a record to its log.
    pub fn written(&mut self, member: ReplicaId, record: &TestRecord) {
        if is_vote(record) {
            let of = (member, record.height());
            *self.pending_votes.entry(of).or_default() += 1;
        }
    }

    /// A record of `member` is durable.
    pub fn durable(&mut self, member: ReplicaId, record: &TestRecord) {
        if is_vote(record) {
            let of = (member, record.height());
            let pending = self.pending_votes.entry(of).or_default();
            *pending = pending.saturating_sub(1);
        }
        if self.byzantine.contains(&member) {
            return;
        }
        let mut voted = |phase, vote: &Vote| {
            let height = vote.ballot.height;
            let key = vote_key(member, phase, vote);
            let new = self.durable_votes.insert((key, vote.ballot.digest));
            let given_up = self.given_up.get(&(member, height));
            // Records come in the order in which they were written.
            if new && given_up.is_some_and(|view| vote.ballot.view < *view) {
                self.violations
                    .push(Violation::VoteAfterViewChange { member, height });
            }
        };
        match record {
            TestRecord::Prepared { vote, .. } => {
                voted(Phase::Prepare, vote);
                self.check_locks(member, Phase::Prepare, vote);
            }
            TestRecord::Committed { vote, .. } => {
                voted(Phase::Commit, vote);
                self.check_locks(member, Phase::Commit, vote);
                let of = (member, vote.ballot.height);
                let view = self.committed_views.entry(of).or_default();
                *view = vote.ballot.view.max(*view);
            }
            TestRecord::ViewChanged(change) => {
                let vote = &change.vote;
                let of = (member, vote.height, vote.view);
                self.durable_changes.insert(of, vote.claim);
                let committed = self.committed_views.get(&(member, vote.height));
                let claimed = vote.claim.map(|claim| claim.view);
                if committed.is_some() && claimed < committed.copied() {
                    let height = vote.height;
                    self.violations
                        .push(Violation::ForgottenCommit { member, height });
                }
                let given_up = self.given_up.entry((member, vote.height)).or_default();
                *given_up = vote.view.max(*given_up);
            }
            TestRecord::Decided { certificate } => {
                let ballot = &certificate.ballot;
                let of = (member, ballot.height);
                self.durable_decisions.insert(of, ballot.digest);
            }
            TestRecord::Late(vote) => {
                self.durable_late.insert((member, vote.height, vote.view));
            }
            TestRecord::Adopted(decided) => {
                let ballot = &decided.certificate.ballot;
                let of = (member, ballot.height);
                self.durable_decisions.insert(of, ballot.digest);
            }
        }
    }

    /// With q − f commits of honest members for a block, Byzantine ones could have had it decided; so
    /// no honest member prepares another one in a later view.
    fn check_locks(&mut self, member: ReplicaId, phase: Phase, vote: &Vote) {
        let ballot = &vote.ballot;
        let height = ballot.height;
        let of = (height, phase as u8, ballot.view, ballot.digest);
        self.voters.entry(of).or_default().insert(member);
        let (n, f) = self.sizes(ballot.epoch);
        let quorum = usize::midpoint(n, f) + 1;
        let at = |phase: Phase| {
            let of_height = self.voters.iter();
            of_height.filter(move |((at, of, ..), _)| (*at, *of) == (height, phase as u8))
        };
        for ((_, _, view, digest), committed) in at(Phase::Commit) {
            if committed.len() < quorum - f {
                continue;
            }
            let mut prepared = at(Phase::Prepare);
            if prepared.any(|((_, _, later, other), _)| later > view && other != digest) {
                self.violations
                    .push(Violation::BrokenLock { member, height });
                return;
            }
        }
    }

    /// `member` sent a message: one vote a phase and height, and none before it is durable.
    pub fn sent(&mut self, member: ReplicaId, message: &Message) {
        if self.byzantine.contains(&member) {
            return;
        }
        let (phase, vote) = match message {
            Message::PrePrepare(pre_prepare) => (Phase::Prepare, pre_prepare.vote()),
            Message::Prepare(vote) => (Phase::Prepare, *vote),
            Message::Commit(vote) => (Phase::Commit, *vote),
            Message::NewView(new_view) => (Phase::Prepare, new_view.pre_prepare.vote()),
            Message::ViewChange(change) => {
                let vote = &change.vote;
                let height = vote.height;
                let of = (member, height, vote.view);
                match self.durable_changes.get(&of) {
                    None => self
                        .violations
                        .push(Violation::NotDurable { member, height }),
                    Some(claim) if *claim != vote.claim => {
                        self.violations.push(Violation::TwoVotes { member, height });
                    }
                    Some(_) => {}
                }
                return;
            }
            Message::Late(vote) => {
                let height = vote.height;
                if !self.durable_late.contains(&(member, height, vote.view)) {
                    self.violations
                        .push(Violation::NotDurable { member, height });
                }
                return;
            }
            _ => return,
        };
        let height = vote.ballot.height;
        let digest = vote.ballot.digest;
        let key = vote_key(member, phase, &vote);
        if *self.sent.entry(key).or_insert(digest) != digest {
            self.violations.push(Violation::TwoVotes { member, height });
        }
        // L58: a decided block is recorded by its certificate.
        let decided = phase == Phase::Commit && self.has_decided(member, height, &digest);
        if !decided && !self.durable_votes.contains(&(key, digest)) {
            self.violations
                .push(Violation::NotDurable { member, height });
        }
    }

    fn has_decided(&self, member: ReplicaId, height: Height, digest: &Digest) -> bool {
        self.durable_decisions.get(&(member, height)) == Some(digest)
    }

    /// Adds a violation that another observer found.
    pub(crate) fn add(&mut self, violations: impl IntoIterator<Item = Violation>) {
        self.violations.extend(violations);
    }

    /// `member` started again from its ledger at `height`.
    pub fn restarted(&mut self, member: ReplicaId, height: Height) {
        self.pending_votes.retain(|(of, _), _| *of != member);
        self.next.insert(member, height.0 + 1);
        if let Some(pace) = self.paces.get_mut(&member) {
            pace.durations.clear();
        }
    }

    /// A replica refused to start.
    pub fn not_recovered(&mut self, member: ReplicaId, error: ReplayError) {
        self.violations
            .push(Violation::NoRecovery { member, error });
    }

    /// `member` handed a block to its ledger.
    pub fn committed(&mut self, member: ReplicaId, block: &Decided<TestPayload>) {
        if self.byzantine.contains(&member) {
            return;
        }
        let height = block.proposal.header.height;
        if block.proposal.payload.0.starts_with(b"invalid") {
            self.violations
                .push(Violation::InvalidPayload { member, height });
        }
        let up_to_here = (member, Height(0))..=(member, height);
        let mut pending = self.pending_votes.range(up_to_here);
        if pending.any(|(_, votes)| *votes > 0) {
            self.violations
                .push(Violation::NotDurable { member, height });
        }
        if let Err(what) = self.check_chain(member, block) {
            self.violations.push(Violation::BrokenChain {
                member,
                height,
                what,
            });
        }
    }

    /// `member` decided a height at `clock_ms`; `measured` when it had begun it before.
    pub fn decided(&mut self, member: ReplicaId, view: View, measured: bool, clock_ms: u64) {
        let heights = self.measured_heights();
        let pace = self.paces.entry(member).or_default();
        let duration_ms = clock_ms.saturating_sub(pace.last_ms);
        pace.last_ms = clock_ms;
        if view > View(0) {
            pace.good = 0;
        }
        if measured {
            pace.good += u32::from(view == View(0));
            pace.durations.push_back(duration_ms);
            if pace.durations.len() > heights {
                pace.durations.pop_front();
            }
        }
    }

    /// `member`, which has decided `tip`, gives the primary of view 0 `after_ms` milliseconds: lost views
    /// are made good one by one, so after enough good heights only the durations of heights count.
    pub fn timed(&mut self, member: ReplicaId, tip: Height, after_ms: u64) {
        let heights = self.measured_heights();
        // The decision waits for the log, and the view that it may have lost is not known here yet.
        let handed_over = self.next.get(&member).copied().unwrap_or(1);
        if handed_over <= tip.0 {
            return;
        }
        let Some(pace) = self.paces.get(&member) else {
            return;
        };
        let longest_ms = pace.durations.iter().max().copied().unwrap_or_default();
        // Too few heights to be measured count two seconds.
        let least_ms = if pace.durations.len() < heights {
            2_000
        } else {
            250
        };
        let most_ms = longest_ms.saturating_mul(8).clamp(least_ms, 8_000);
        if pace.good >= MADE_GOOD && after_ms > most_ms && !self.byzantine.contains(&member) {
            self.violations
                .push(Violation::LongTimer { member, after_ms });
        }
    }

    /// Heights after which timers follow from durations, and some to spare.
    fn measured_heights(&self) -> usize {
        2 * self.setting.members().keys().len() + 4
    }

    /// An honest member put out evidence.
    pub fn exposed(&mut self, evidence: &Evidence) {
        let culprit = evidence.culprit;
        let sound = self.byzantine.contains(&culprit)
            && match &evidence.offence {
                Offence::TwoVotes {
                    phase,
                    first,
                    second,
                } => {
                    first.ballot.digest != second.ballot.digest
                        && first.ballot.view == second.ballot.view
                        && [first, second]
                            .iter()
                            .all(|vote| self.signed(culprit, *phase, vote).is_ok())
                }
                // Their rule is one comparison; signatures are checked by the verifier itself.
                _ => {
                    let subject = evidence.offence.subject();
                    let committee = subject.and_then(|(epoch, _)| self.committees.get(&epoch));
                    let chain = self.setting.chain();
                    committee.is_some_and(|committee| evidence.verify(&chain, committee).is_ok())
                }
            };
        if !sound {
            self.violations.push(Violation::FalseEvidence { culprit });
        }
    }

    /// Every height in turn: the block that the other members have, with the roots that a replay gives.
    /// Certificates, parents and times are for the checker.
    fn check_chain(
        &mut self,
        member: ReplicaId,
        block: &Decided<TestPayload>,
    ) -> Result<(), &'static str> {
        let header = &block.proposal.header;
        let height = header.height.0;
        let id = header.digest();
        let next = self.next.entry(member).or_insert(1);
        if height != *next {
            return Err("heights are not consecutive");
        }
        *next += 1;
        let index = usize::try_from(height - 1).map_err(|_| "height")?;
        let roots = match index.checked_sub(1) {
            Some(before) => self.chain.get(before).ok_or("no member has the parent")?.1,
            None => self.setting.genesis().executed,
        };
        match self.chain.get(index) {
            Some((known, ..)) if *known != id => {
                let height = header.height;
                self.violations.push(Violation::Disagreement { height });
                return Ok(());
            }
            Some(_) => {}
            None => {
                let after = execute(&roots, header.height, &id);
                self.proposers.push(block.proposal.header.proposer);
                self.chain.push((id, after));
            }
        }
        let root = digest("medshare/testkit/batch/v1", &[&block.proposal.payload.0]);
        match () {
            () if header.transactions != root => Err("payload"),
            () if header.executed != roots => Err("roots"),
            () => Ok(()),
        }
    }

    /// Checks a vote against a statement that is put together here, byte by byte.
    fn signed(&self, signer: ReplicaId, phase: Phase, vote: &Vote) -> Result<(), &'static str> {
        let ballot = &vote.ballot;
        let mut fields = Vec::new();
        for number in [ballot.epoch.0, ballot.view.0, ballot.height.0] {
            fields.extend_from_slice(&number.to_le_bytes());
        }
        fields.extend_from_slice(ballot.digest.as_bytes());
        let tag = match phase {
            Phase::Prepare => "medshare/types/vote-prepare/v1",
            Phase::Commit => "medshare/types/vote-commit/v1",
        };
        let statement = digest(tag, &[self.setting.chain().as_ref(), &fields]);
        let committee = self.committees.get(&ballot.epoch);
        let member = committee.and_then(|committee| committee.member(signer));
        let member = member.ok_or("no member's signature")?;
        member
            .key
            .verify(&statement, &vote.signature)
            .map_err(|_| "a bad signature")
    }
}

/// True unless the record only tells of a final block, which a quorum's durable votes decide again.
const fn is_vote(record: &TestRecord) -> bool {
    !matches!(record, TestRecord::Decided { .. } | TestRecord::Adopted(_))
}

const fn vote_key(member: ReplicaId, phase: Phase, vote: &Vote) -> VoteKey {
    (member, phase as u8, vote.ballot.view.0, vote.ballot.height)
}
