//! The votes of one phase at one height: an entry a member, verified late and in one batch.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::certificate::Phase;
use medshare_types::hash::Digest;
use medshare_types::id::ReplicaId;
use medshare_types::sign::{Signature, verify_batch};

use crate::config::Config;
use crate::message::Vote;

/// At most one vote a member, so at most n in all.
pub(super) struct Tally {
    phase: Phase,
    entries: BTreeMap<ReplicaId, Entry>,
}

struct Entry {
    vote: Vote,
    verified: bool,
    /// Evidence against this voter was put out; further votes prove nothing new.
    exposed: bool,
}

/// The outcome of casting a vote.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// The member's entry holds this vote, now or from before.
    Held,
    /// The vote's signature is bad.
    BadSignature,
    /// The vote contradicts `first`, which stays; both signatures are good.
    Contradicts { first: Vote },
    /// The vote contradicts, as earlier ones of this member did.
    ContradictsAgain,
}

impl Tally {
    pub(super) const fn new(phase: Phase) -> Self {
        Self {
            phase,
            entries: BTreeMap::new(),
        }
    }

    pub(super) fn has_vote_of(&self, voter: ReplicaId) -> bool {
        self.entries.contains_key(&voter)
    }

    /// L17: puts a vote into the voter's entry. The signature of a vote that is not `verified` is
    /// checked when it matters: at once for `suspects` and contradictions, else in
    /// [`Tally::certify`].
    pub(super) fn cast(
        &mut self,
        config: &Config,
        suspects: &mut BTreeSet<ReplicaId>,
        voter: ReplicaId,
        vote: Vote,
        verified: bool,
    ) -> Cast {
        let phase = self.phase;
        let is_good = |vote: &Vote| config.verifies(phase, voter, vote);
        let held = self.entries.get_mut(&voter);
        if let Some(entry) = &held {
            if entry.vote.ballot == vote.ballot {
                return Cast::Held;
            }
            if entry.exposed {
                return Cast::ContradictsAgain;
            }
        }
        let at_once = held.is_some() || suspects.contains(&voter);
        if at_once && !verified && !is_good(&vote) {
            suspects.insert(voter);
            return Cast::BadSignature;
        }
        if let Some(entry) = held {
            if entry.verified || is_good(&entry.vote) {
                entry.verified = true;
                entry.exposed = true;
                return Cast::Contradicts { first: entry.vote };
            }
            suspects.insert(voter);
        }
        let entry = Entry {
            vote,
            verified: verified || at_once,
            exposed: false,
        };
        self.entries.insert(voter, entry);
        Cast::Held
    }

    /// L18: `needed` verified votes for `digest`, ascending by seat; `None` when there are fewer.
    ///
    /// Verifies only as many as are needed, in one batch. When the batch fails, verifies them one
    /// by one: bad votes are dropped and their senders become `suspects`, whose votes are verified
    /// on arrival from then on. Each failed batch removes at least one vote, so the loop ends.
    pub(super) fn certify(
        &mut self,
        config: &Config,
        digest: &Digest,
        needed: usize,
        suspects: &mut BTreeSet<ReplicaId>,
    ) -> Option<Vec<(ReplicaId, Signature)>> {
        loop {
            let mut chosen = self.choose(digest, needed)?;
            if self.verify_together(config, &chosen) {
                chosen.sort_unstable();
                return Some(chosen.iter().map(|id| self.signature_of(*id)).collect());
            }
            for voter in chosen {
                let Some(entry) = self.entries.get_mut(&voter) else {
                    continue;
                };
                entry.verified = entry.verified || config.verifies(self.phase, voter, &entry.vote);
                if !entry.verified {
                    self.entries.remove(&voter);
                    suspects.insert(voter);
                }
            }
        }
    }

    /// `needed` voters for `digest`, verified ones first.
    fn choose(&self, digest: &Digest, needed: usize) -> Option<Vec<ReplicaId>> {
        let of = |verified: bool| {
            let entries = self.entries.iter();
            entries.filter(move |(_, e)| e.vote.ballot.digest == *digest && e.verified == verified)
        };
        let chosen: Vec<_> = of(true).chain(of(false)).map(|(id, _)| *id).collect();
        (chosen.len() >= needed).then(|| chosen[..needed].to_vec())
    }

    fn verify_together(&mut self, config: &Config, chosen: &[ReplicaId]) -> bool {
        let unverified: Vec<_> = chosen
            .iter()
            .filter_map(|id| Some((config.committee.member(*id)?, self.entries.get(id)?)))
            .filter(|(_, entry)| !entry.verified)
            .collect();
        let Some((_, first)) = unverified.first() else {
            return true;
        };
        let statement = first.vote.ballot.statement(&config.chain, self.phase);
        let signed = unverified
            .iter()
            .map(|(member, entry)| (&member.key, &entry.vote.signature));
        if !verify_batch(&statement, signed) {
            return false;
        }
        for id in chosen {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.verified = true;
            }
        }
        true
    }

    fn signature_of(&self, voter: ReplicaId) -> (ReplicaId, Signature) {
        (voter, self.entries[&voter].vote.signature)
    }
}
