//! What the log of a run proves, computed again from `docs/spec/` with code of its own.
//!
//! It shares no function with the replica: quorums, statements, turns, open heights, credit, roles and
//! committees are written again, plainly, from `pbft.md` and `credit.md` (L and C numbers). Headers,
//! hashes and signatures are those of `medshare-types`.
//!
//! | file | holds |
//! |---|---|
//! | `format` | the log of a run |
//! | `quorum` | quorum arithmetic |
//! | `committee` | the members of an epoch, their keys and their digest |
//! | `facts` | what payloads tell of organisations |
//! | `signatures` | what members sign, and whether they did |
//! | `chain` | order, parents, times, turns, recorded votes, epochs |
//! | `credit` | credit and bans |
//! | `organisations`, `conversion`, `resources` | roles, and who sits after an epoch |
//! | `culprits` | pairs of statements that prove a fault |

mod chain;
mod committee;
mod conversion;
mod credit;
mod culprits;
mod facts;
mod format;
mod organisations;
mod quorum;
mod resources;
mod signatures;

pub use credit::LostTurn;
pub use format::{MemberLog, RecordedBlock, Role, RunLog, Said, Signed, Standing, Standings};

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::certificate::CommitCertificate;
use medshare_types::hash::Digest;
use medshare_types::id::{Epoch, Height, ReplicaId};
use medshare_types::wire::{DecodeError, Wire as _};

use chain::Chain;
use committee::Committee;
use culprits::culprits;
use signatures::Signatures;

/// A rule that the log of a run breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The member in whose log it stands.
    pub member: ReplicaId,
    /// The height of the block or vote in question.
    pub height: Height,
    /// The rule that is broken.
    pub what: &'static str,
}

/// What the log of a run proves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Empty where every rule held.
    pub faults: Vec<Fault>,
    /// Members whose own signatures prove a fault.
    pub culprits: BTreeSet<ReplicaId>,
    /// Turns that the longest chain says were lost, in its order.
    pub lost_turns: Vec<LostTurn>,
}

/// Computes everything again from the bytes of a log.
///
/// # Errors
/// [`DecodeError`] where the bytes are not the log of a run.
pub fn check(bytes: &[u8]) -> Result<Findings, DecodeError> {
    Ok(check_log(&RunLog::from_wire(bytes)?))
}

/// Computes everything again from a decoded log.
#[must_use]
pub fn check_log(log: &RunLog) -> Findings {
    let mut checker = Checker {
        log,
        signatures: Signatures::new(log.chain),
        digests: log.blocks.iter().map(|b| b.header.digest()).collect(),
        findings: Findings::default(),
        verified: None,
        committees: BTreeMap::new(),
    };
    if Chain::new(log).has_committee() {
        checker.check_members();
        checker.check_statements();
    } else {
        checker.fault(ReplicaId(0), Height(0), "no committee");
    }
    checker.findings
}

struct Checker<'l> {
    log: &'l RunLog,
    signatures: Signatures,
    /// The digests of the log's blocks, by index.
    digests: Vec<Digest>,
    findings: Findings,
    verified: Option<Verified>,
    /// Those of the longest chain, and later ones of others.
    committees: BTreeMap<Epoch, Committee>,
}

/// The last chain that was computed, and what it gives.
struct Verified {
    blocks: Vec<usize>,
    /// Of all organisations after each block, decided and executed.
    standings: Vec<[Vec<Standing>; 2]>,
    committees: BTreeMap<Epoch, Committee>,
}

impl Checker<'_> {
    /// Longest logs first: the chains of others begin like theirs.
    fn check_members(&mut self) {
        let mut members: Vec<_> = self.log.members.iter().collect();
        members.sort_by_key(|member| core::cmp::Reverse(member.decisions.len()));
        for member in members {
            let blocks = self.blocks_of(member);
            self.check_agreement(member, &blocks);
            let known = self.verified.as_ref();
            if known.is_none_or(|known| !known.blocks.starts_with(&blocks)) {
                self.check_chain(member, blocks);
            }
            self.check_certificates(member);
            self.check_standings(member);
        }
    }

    fn fault(&mut self, member: ReplicaId, height: Height, what: &'static str) {
        self.findings.faults.push(Fault {
            member,
            height,
            what,
        });
    }

    /// The blocks of a member by height: one that came back delivers the last ones again.
    fn blocks_of(&mut self, member: &MemberLog) -> Vec<usize> {
        let mut blocks: Vec<usize> = Vec::new();
        for (index, _) in &member.decisions {
            let index = *index as usize;
            let Some(block) = self.log.blocks.get(index) else {
                self.fault(member.member, Height(0), "no such block");
                continue;
            };
            let height = block.header.height;
            let before = usize::try_from(height.0.saturating_sub(1)).unwrap_or(usize::MAX);
            let known = blocks.get(before).map(|known| self.digests[*known]);
            match known {
                Some(known) if known != self.digests[index] => {
                    self.fault(member.member, height, "two blocks of one height");
                }
                Some(_) => {}
                None if before == blocks.len() => blocks.push(index),
                None => self.fault(member.member, height, "heights are not consecutive"),
            }
        }
        blocks
    }

    fn check_certificates(&mut self, member: &MemberLog) {
        for (index, certificate) in &member.decisions {
            let Some(block) = self.log.blocks.get(*index as usize) else {
                continue;
            };
            let height = block.header.height;
            if let Some(what) = self.fault_of_certificate(*index as usize, certificate) {
                self.fault(member.member, height, what);
            }
        }
    }

    /// The committee of the block's epoch signs it.
    fn fault_of_certificate(
        &mut self,
        index: usize,
        certificate: &CommitCertificate,
    ) -> Option<&'static str> {
        let header = &self.log.blocks.get(index)?.header;
        let digest = *self.digests.get(index)?;
        let known = self.verified.as_ref();
        let committee = known.and_then(|known| known.committees.get(&header.epoch));
        let Some(committee) = committee else {
            return Some("a certificate of an unknown epoch");
        };
        let (ballot, votes) = (&certificate.ballot, &certificate.votes);
        let signers: BTreeSet<_> = votes.iter().map(|(seat, _)| *seat).collect();
        let of_block =
            (ballot.epoch, ballot.height, ballot.digest) == (header.epoch, header.height, digest);
        let said = Said::Commit(digest);
        let mut are_good = votes.iter().map(|(seat, signature)| {
            let of = (*seat, ballot.height, ballot.view);
            self.signatures.are_good(committee, of, said, signature)
        });
        if !of_block {
            Some("a certificate of another block")
        } else if ballot.view < header.view {
            Some("a certificate of a view before the first proposal")
        } else if !votes.is_sorted_by(|a, b| a.0 < b.0) {
            Some("a certificate whose signers do not ascend")
        } else if signers.len() < committee.quorum().votes {
            Some("a certificate without a quorum")
        } else if !are_good.all(|good| good) {
            Some("a certificate with a bad signature")
        } else {
            None
        }
    }

    /// The chain of the longest log before is the measure.
    fn check_agreement(&mut self, member: &MemberLog, blocks: &[usize]) {
        let Some(known) = &self.verified else {
            return;
        };
        let mut both = known.blocks.iter().zip(blocks);
        let differs = both.find(|(a, b)| self.digests[**a] != self.digests[**b]);
        if let Some((block, _)) = differs {
            let height = self.log.blocks[*block].header.height;
            self.fault(member.member, height, "members disagree");
        }
    }

    fn check_chain(&mut self, member: &MemberLog, blocks: Vec<usize>) {
        let mut chain = Chain::new(self.log);
        let mut standings = Vec::with_capacity(blocks.len());
        for index in &blocks {
            let block = &self.log.blocks[*index];
            let step = chain.add(block, self.digests[*index], &mut self.signatures);
            for what in step.faults {
                self.fault(member.member, block.header.height, what);
            }
            standings.push(step.standings);
        }
        if self.verified.is_none() {
            self.findings.lost_turns = chain.lost_turns;
        }
        let committees = chain.committees;
        for (epoch, committee) in &committees {
            let known = self.committees.entry(*epoch);
            known.or_insert_with(|| committee.clone());
        }
        self.verified = Some(Verified {
            blocks,
            standings,
            committees,
        });
    }

    /// What the member had of each organisation is what its chain gives.
    fn check_standings(&mut self, member: &MemberLog) {
        let Some(known) = &self.verified else {
            return;
        };
        let differs = member.standings.iter().find(|had| {
            let index = usize::try_from(had.height.0.wrapping_sub(1)).unwrap_or(usize::MAX);
            let gives = known.standings.get(index);
            // A decision that waited for the log when its member crashed was never handed over.
            gives.is_some_and(|gives| gives[usize::from(had.executed)] != had.of)
        });
        if let Some(Standings { height, .. }) = differs {
            self.fault(member.member, *height, "credit");
        }
    }

    /// No honest member is a culprit, and where members disagree, f+1 others are.
    fn check_statements(&mut self) {
        let statements = &self.log.statements;
        let proven = culprits(statements, &self.committees, &mut self.signatures);
        for member in &self.log.members {
            if let Some(height) = proven.get(&member.member) {
                self.fault(member.member, *height, "an honest culprit");
            }
        }
        let mut faults = self.findings.faults.iter();
        let disagree = faults.find(|fault| fault.what == "members disagree");
        if let Some(Fault { member, height, .. }) = disagree.cloned()
            && proven.len() <= self.most_faulty_at(height)
        {
            self.fault(member, height, "disagreement without culprits");
        }
        self.findings.culprits = proven.into_keys().collect();
    }

    /// f of the committee that orders a height.
    fn most_faulty_at(&self, height: Height) -> usize {
        let mut headers = self.log.blocks.iter().map(|block| &block.header);
        let header = headers.find(|header| header.height == height);
        let committee = header.and_then(|header| self.committees.get(&header.epoch));
        committee.map_or(0, |committee| committee.quorum().faulty)
    }
}
