//! Writes the log of a run for the [`checker`](crate::checker).

use std::collections::{BTreeMap, BTreeSet};

use medshare_consensus::credit::{self, OrganisationRecord};
use medshare_consensus::{
    ChainRecord, Decided, Mode, Opening, PreparedCertificate, ViewChangeVote, Vote,
};
use medshare_types::certificate::{Ballot, CommitCertificate};
use medshare_types::hash::Digest;
use medshare_types::id::ReplicaId;
use medshare_types::sign::Signature;

use crate::checker::{MemberLog, RecordedBlock, Role, RunLog, Said, Signed, Standing, Standings};
use crate::disk::TestRecord;
use crate::setting::{Setting, TestPayload};

/// A log that grows with the run.
#[derive(Debug)]
pub(crate) struct Recording {
    log: RunLog,
    blocks: BTreeMap<Digest, u32>,
    members: BTreeMap<ReplicaId, MemberLog>,
    /// The last block of each record, and whether it was executed.
    tips: BTreeMap<ReplicaId, (Digest, bool)>,
    statements: BTreeSet<Signed>,
}

impl Recording {
    pub(crate) fn new(setting: &Setting, honest: impl IntoIterator<Item = ReplicaId>) -> Self {
        let epochs = setting.epochs();
        let genesis = setting.members().genesis();
        let log = RunLog {
            chain: setting.chain(),
            created: setting.created(),
            organisations: setting.members().verifying_keys(),
            seats: setting.committee().seats(),
            committee_size: genesis.parameters.committee_size,
            classic: setting.mode == Mode::Classic,
            epoch_heights: epochs.heights,
            epoch_ms: epochs.min_ms,
            blocks: Vec::new(),
            members: Vec::new(),
            statements: Vec::new(),
        };
        let member = |member| {
            let log = MemberLog {
                member,
                decisions: Vec::new(),
                standings: Vec::new(),
            };
            (member, log)
        };
        Self {
            log,
            blocks: BTreeMap::new(),
            members: honest.into_iter().map(member).collect(),
            tips: BTreeMap::new(),
            statements: BTreeSet::new(),
        }
    }

    /// A member handed a block to its ledger.
    pub(crate) fn decided(&mut self, member: ReplicaId, block: &Decided<TestPayload>) {
        let Some(of_member) = self.members.get_mut(&member) else {
            return;
        };
        let proposal = &block.proposal;
        let index = *self
            .blocks
            .entry(proposal.header.digest())
            .or_insert_with(|| {
                self.log.blocks.push(RecordedBlock {
                    header: proposal.header.clone(),
                    payload: proposal.payload.0.clone(),
                    attestations: proposal.attestations.clone(),
                });
                u32::try_from(self.log.blocks.len() - 1).unwrap_or(u32::MAX)
            });
        let certificate = block.certificate.clone();
        of_member.decisions.push((index, certificate));
        self.commits(&block.certificate);
    }

    /// A member has this record of the chain.
    pub(crate) fn standings(&mut self, member: ReplicaId, record: &ChainRecord) {
        let Some(of_member) = self.members.get_mut(&member) else {
            return;
        };
        let Some((height, block)) = record.tip() else {
            return;
        };
        let executed = record.learned() == height;
        let tip = (block, executed);
        if self.tips.insert(member, tip) == Some(tip) {
            return;
        }
        let numbers = (0..).map(ReplicaId).take(self.log.organisations.len());
        let of = numbers.filter_map(|number| record.organisation_record(number));
        of_member.standings.push(Standings {
            height,
            executed,
            of: of.map(Standing::from).collect(),
        });
    }

    /// A record of a member's log became durable.
    pub(crate) fn durable(&mut self, member: ReplicaId, record: &TestRecord) {
        if !self.members.contains_key(&member) {
            return;
        }
        match record {
            TestRecord::Prepared { vote, opening, .. } => {
                self.vote(member, vote, Said::Prepare);
                if let Some(Opening { proof, .. }) = opening {
                    for (seat, change) in &proof.view_changes {
                        self.change(*seat, change);
                    }
                    self.prepares(proof.certificate.as_ref());
                }
            }
            TestRecord::Committed { prepared, vote, .. } => {
                self.vote(member, vote, Said::Commit);
                self.prepares(Some(prepared));
            }
            TestRecord::ViewChanged(change) => {
                self.change(member, &change.vote);
                self.prepares(change.certificate.as_ref());
            }
            TestRecord::Decided { .. } | TestRecord::Adopted(_) | TestRecord::Late(_) => {}
        }
    }

    /// A member started again: what it thinks is noted anew.
    pub(crate) fn restarted(&mut self, member: ReplicaId) {
        self.tips.remove(&member);
    }

    fn prepares(&mut self, prepared: Option<&PreparedCertificate>) {
        if let Some(PreparedCertificate { ballot, votes }) = prepared {
            for (seat, signature) in votes {
                self.ballot(*seat, ballot, Said::Prepare, signature);
            }
        }
    }

    fn commits(&mut self, certificate: &CommitCertificate) {
        for (seat, signature) in &certificate.votes {
            self.ballot(*seat, &certificate.ballot, Said::Commit, signature);
        }
    }

    fn vote(&mut self, signer: ReplicaId, vote: &Vote, said: fn(Digest) -> Said) {
        self.ballot(signer, &vote.ballot, said, &vote.signature);
    }

    fn ballot(
        &mut self,
        signer: ReplicaId,
        ballot: &Ballot,
        said: fn(Digest) -> Said,
        signature: &Signature,
    ) {
        self.statements.insert(Signed {
            signer,
            epoch: ballot.epoch,
            height: ballot.height,
            view: ballot.view,
            said: said(ballot.digest),
            signature: *signature,
        });
    }

    fn change(&mut self, signer: ReplicaId, vote: &ViewChangeVote) {
        let claim = vote.claim.map(|claim| (claim.view, claim.digest));
        self.statements.insert(Signed {
            signer,
            epoch: vote.epoch,
            height: vote.height,
            view: vote.view,
            said: Said::Change(claim),
            signature: vote.signature,
        });
    }

    pub(crate) fn finish(&mut self) -> RunLog {
        let mut log = self.log.clone();
        log.members = core::mem::take(&mut self.members).into_values().collect();
        log.statements = core::mem::take(&mut self.statements).into_iter().collect();
        log
    }
}

impl From<&OrganisationRecord> for Standing {
    fn from(record: &OrganisationRecord) -> Self {
        let credit::Standing { credit, leading } = record.standing;
        Self {
            role: match record.role {
                credit::Role::Candidate => Role::Candidate,
                credit::Role::Ready => Role::Ready,
                credit::Role::Probation => Role::Probation,
                credit::Role::Consensus => Role::Consensus,
                credit::Role::Observed => Role::Observed,
                credit::Role::Demoted => Role::Demoted,
                credit::Role::Evicted => Role::Evicted,
                credit::Role::Departed => Role::Departed,
            },
            score: credit.score,
            strikes: credit.strikes,
            since_strike: credit.since_strike,
            level: leading.level,
            clean: leading.clean,
            banned_until: leading.banned_until,
            last_lost: leading.last_lost,
        }
    }
}

#[cfg(test)]
mod tests;
