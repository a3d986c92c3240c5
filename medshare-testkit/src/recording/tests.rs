//! The replica's record and the checker, side by side over epochs of random conduct.

use medshare_consensus::credit::{Challenges, EpochRule, ResourceFacts};
use medshare_consensus::{ChainFact, Payload as _, Proposal};
use medshare_types::attestation::{Attestation, Attested, attestations_root};
use medshare_types::certificate::Phase;
use medshare_types::committee::Committee;
use medshare_types::header::{BlockHeader, ExecutedRoots};
use medshare_types::id::{Epoch, Height, View};
use medshare_types::sign::SigningKey;

use super::*;
use crate::checker::{Findings, check_log};
use crate::sim_rng::SimRng;

const ORGANISATIONS: u16 = 11;
/// Enough heights that shares are measured.
const EPOCH_HEIGHTS: u64 = 40;
const EPOCHS: u64 = 14;
const SEEDS: u64 = 8;
/// Writes the log; it is Byzantine for all that it matters.
const OBSERVER: ReplicaId = ReplicaId(0);

fn setting(seats: u16) -> Setting {
    let setting = Setting::new(seats).and_then(|of| of.with_candidates(ORGANISATIONS - seats));
    let setting = setting.unwrap_or_else(|error| panic!("{error}"));
    setting.with_epochs(EpochRule {
        heights: EPOCH_HEIGHTS,
        min_ms: 0,
    })
}

/// A chain that grows by blocks of whatever its members did.
struct World {
    setting: Setting,
    rng: SimRng,
    record: ChainRecord,
    recording: Recording,
    tip: BlockHeader,
    /// Commits of a thousand, of members of the running epoch that commit seldom.
    withholders: BTreeMap<ReplicaId, u64>,
    /// Blocks of a thousand that tell of contributions.
    contributing: u64,
}

impl World {
    /// Committees of seven or five, with or without contributions.
    fn new(seed: u64) -> Self {
        let setting = setting(if seed.is_multiple_of(2) { 7 } else { 5 });
        let genesis = setting.genesis();
        let tip = BlockHeader {
            chain: setting.chain(),
            height: Height(0),
            epoch: Epoch(0),
            view: View(0),
            proposer: ReplicaId(0),
            previous: Digest::ZERO,
            time: setting.created(),
            transactions: Digest::ZERO,
            attestations: Digest::ZERO,
            executed: genesis.executed,
            next_committee: setting.committee().digest(),
        };
        Self {
            recording: Recording::new(&setting, [OBSERVER]),
            rng: SimRng::new(seed),
            record: genesis.record,
            tip,
            withholders: BTreeMap::new(),
            contributing: if seed % 4 < 2 { 30 } else { 0 },
            setting,
        }
    }

    /// The key of a member: the one of this epoch, or the last that it registered.
    fn key(&self, committee: &Committee, member: ReplicaId) -> SigningKey {
        let held = committee.member(member).map(|of| of.key);
        let epochs = (0..=committee.epoch().0).rev().map(Epoch);
        let mut keys = epochs.map(|epoch| self.setting.key_in(member, epoch));
        let key = keys.find(|key| held == Some(key.verifying_key()));
        key.unwrap_or_else(|| panic!("{member} votes with none of its keys"))
    }

    fn attested(&self, attested: Attested, view: u64, signer: ReplicaId) -> Attestation {
        let mut vote = Attestation {
            height: self.tip.height,
            attested,
            view: View(view),
            signer,
            signature: Signature::from_bytes([0; 64]),
        };
        let statement = vote.statement(&self.tip.chain, self.tip.epoch, &self.tip.digest());
        let key = self.key(self.record.committee(), signer);
        vote.signature = key.sign(&statement);
        vote
    }

    /// Votes of the members for the tip, if it is of their epoch.
    fn votes(&mut self) -> Vec<Attestation> {
        let committee = self.record.committee().clone();
        if self.tip.epoch != committee.epoch() || self.tip.height == Height(0) {
            return Vec::new();
        }
        let mut commits = Vec::new();
        for member in committee.replicas() {
            let commits_of = self.withholders.get(&member).copied();
            if self.rng.chance(commits_of.unwrap_or(950)) {
                commits.push(self.attested(Attested::Commit, 0, member));
            }
        }
        let quorum = committee.quorum();
        let mut late = Vec::new();
        if self.rng.chance(30) {
            let blaming = committee
                .replicas()
                .take(quorum.members() - 2 * quorum.faulty());
            late = blaming.collect();
        }
        let late = late.into_iter();
        commits.extend(late.map(|member| self.attested(Attested::Late, 1, member)));
        commits
    }

    fn any_organisation(&mut self) -> ReplicaId {
        ReplicaId(u16::try_from(self.rng.below(ORGANISATIONS.into())).unwrap_or_default())
    }

    /// What a block tells: most organisations prepare for the next epoch, some misbehave, leave or come
    /// back.
    fn facts(&mut self) -> Vec<ChainFact> {
        let mut facts = Vec::new();
        let epoch = self.record.committee().epoch().next();
        for replica in (0..ORGANISATIONS).map(ReplicaId) {
            if self.record.next_key(replica).is_none() && self.rng.chance(80) {
                let key = self.setting.key_in(replica, epoch).verifying_key();
                facts.push(ChainFact::KeyRegistered {
                    replica,
                    epoch,
                    key,
                });
            }
            if self.rng.chance(80) {
                facts.push(ChainFact::Answered { replica });
            }
        }
        if self.rng.chance(10) {
            let replica = self.any_organisation();
            facts.push(ChainFact::Proven { replica });
        }
        if self.rng.chance(15) {
            facts.push(ChainFact::Departs {
                replica: self.any_organisation(),
                may_lower_faulty: self.rng.chance(500),
            });
        }
        if self.rng.chance(60) {
            let replica = self.any_organisation();
            facts.push(ChainFact::Readmitted { replica });
        }
        if self.rng.chance(self.contributing) {
            facts.push(ChainFact::Contributed(self.contributions()));
        }
        facts
    }

    fn contributions(&mut self) -> ResourceFacts {
        let mut facts = ResourceFacts::default();
        for _ in 0..60 {
            let pair = (self.any_organisation(), self.any_organisation());
            let challenges = Challenges {
                asked: self.rng.below(20),
                answered: self.rng.below(20),
            };
            facts.challenges.insert(pair.0, challenges);
            facts.served.insert(pair, self.rng.below(1_000));
            let probed = u16::try_from(self.rng.below(1_200)).unwrap_or_default();
            facts.probes.insert(pair, probed);
        }
        facts
    }

    fn grow(&mut self) {
        let committee = self.record.committee().clone();
        if self.tip.epoch != committee.epoch() {
            let mut withholds = |member| {
                let commits = self.rng.between(300, 800);
                self.rng.chance(300).then_some((member, commits))
            };
            self.withholders = committee.replicas().filter_map(&mut withholds).collect();
        }
        let attestations = self.votes();
        let payload = TestPayload::telling(self.tip.height.0, &self.facts());
        let height = self.tip.height.next();
        let proposers: Vec<_> = committee.replicas().collect();
        let turn = usize::try_from(height.0).unwrap_or_default() % proposers.len();
        let header = BlockHeader {
            chain: self.tip.chain,
            height,
            epoch: committee.epoch(),
            view: View(0),
            proposer: proposers[turn],
            previous: match self.tip.height {
                Height(0) => Digest::ZERO,
                _ => self.tip.digest(),
            },
            time: self.tip.time.plus_millis(self.rng.between(250, 900)),
            transactions: payload.root(),
            attestations: attestations_root(&attestations),
            executed: ExecutedRoots {
                height: self.tip.height,
                ..self.tip.executed
            },
            next_committee: self.record.next_committee().digest(),
        };
        let proposal = Proposal {
            header: header.clone(),
            payload: payload.clone(),
            attestations: attestations.clone(),
        };
        let block = Decided {
            certificate: self.certificate(&committee, proposal.ballot_in(View(0))),
            proposal,
        };
        self.recording.decided(OBSERVER, &block);
        self.record.follow(&header, &attestations, &payload.facts());
        self.recording.standings(OBSERVER, &self.record);
        self.tip = header;
    }

    fn certificate(&self, committee: &Committee, ballot: Ballot) -> CommitCertificate {
        let statement = ballot.statement(&self.tip.chain, Phase::Commit);
        let voters = committee.replicas().take(committee.quorum().quorum());
        let vote = |member| (member, self.key(committee, member).sign(&statement));
        CommitCertificate {
            ballot,
            votes: voters.map(vote).collect(),
        }
    }
}

/// A chain of many epochs, and all roles that organisations had on it.
fn grown(seed: u64) -> (RunLog, BTreeSet<u8>) {
    let mut world = World::new(seed);
    let mut roles = BTreeSet::new();
    for _ in 0..EPOCHS * EPOCH_HEIGHTS {
        world.grow();
        let numbers = (0..ORGANISATIONS).map(ReplicaId);
        let records = numbers.filter_map(|number| world.record.organisation_record(number));
        roles.extend(records.map(|of| of.role as u8));
    }
    (world.recording.finish(), roles)
}

/// Turns are not those of the rules here: replicas in whole runs show that those are.
fn faults(findings: Findings) -> Vec<crate::checker::Fault> {
    let faults = findings.faults.into_iter();
    faults.filter(|fault| fault.what != "the turn").collect()
}

#[test]
fn credit_roles_and_committees_are_what_the_checker_computes() {
    let mut roles = BTreeSet::new();
    for seed in 0..SEEDS {
        let (log, had) = grown(seed);
        assert_eq!(faults(check_log(&log)), [], "seed {seed}");
        roles.extend(had);
        let committees: BTreeSet<_> = log.blocks.iter().map(|b| b.header.next_committee).collect();
        assert!(committees.len() as u64 >= EPOCHS, "seed {seed}");
    }
    assert_eq!(roles.len(), 8, "every role: {roles:?}");
}
