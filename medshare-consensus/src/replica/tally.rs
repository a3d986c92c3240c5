//! Votes of one phase at one height: a slot per member, verified late and in one batch.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::certificate::Phase;
use medshare_types::hash::Digest;
use medshare_types::id::ReplicaId;
use medshare_types::sign::{Signature, verify_batch};

use crate::config::Config;
use crate::message::Vote;

/// At most one vote per member, so at most n in all.
pub(super) struct Tally {
    phase: Phase,
    slots: BTreeMap<ReplicaId, Slot>,
}

struct Slot {
    vote: Vote,
    verified: bool,
    /// Evidence against this voter is out; nothing more is learnt from further votes.
    accused: bool,
}

/// What became of a vote.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// It stands in the member's slot, now or from before.
    Taken,
    /// Its signature is bad.
    BadSignature,
    /// It contradicts `first`, which stands; both signatures are good.
    Contradicts { first: Vote },
    /// It contradicts, as earlier ones of this member did.
    AlreadyAccused,
}

impl Tally {
    pub(super) const fn new(phase: Phase) -> Self {
        Self {
            phase,
            slots: BTreeMap::new(),
        }
    }

    pub(super) fn has_vote_of(&self, voter: ReplicaId) -> bool {
        self.slots.contains_key(&voter)
    }

    /// Line 17: puts a vote into its slot. `verified` says that its signature is known to be good;
    /// otherwise it is checked when it matters, and at once for `suspects` and contradictions.
    pub(super) fn cast(
        &mut self,
        config: &Config,
        suspects: &mut BTreeSet<ReplicaId>,
        voter: ReplicaId,
        vote: Vote,
        verified: bool,
    ) -> Cast {
        let phase = self.phase;
        let good = |vote: &Vote| config.verifies(phase, voter, vote);
        let held = self.slots.get_mut(&voter);
        if let Some(slot) = &held {
            if slot.vote.ballot == vote.ballot {
                return Cast::Taken;
            }
            if slot.accused {
                return Cast::AlreadyAccused;
            }
        }
        let at_once = held.is_some() || suspects.contains(&voter);
        if at_once && !verified && !good(&vote) {
            suspects.insert(voter);
            return Cast::BadSignature;
        }
        if let Some(slot) = held {
            if slot.verified || good(&slot.vote) {
                (slot.verified, slot.accused) = (true, true);
                return Cast::Contradicts { first: slot.vote };
            }
            suspects.insert(voter);
        }
        let slot = Slot {
            vote,
            verified: verified || at_once,
            accused: false,
        };
        self.slots.insert(voter, slot);
        Cast::Taken
    }

    /// Line 18: `needed` verified votes for `digest` in ascending order, if there are.
    ///
    /// Only as many as are needed are verified, in one batch. When that fails, they are verified
    /// one by one: the bad ones leave their slots and their senders become `suspects`, whose votes
    /// are verified on arrival from then on.
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
                let Some(slot) = self.slots.get_mut(&voter) else {
                    continue;
                };
                slot.verified = slot.verified || config.verifies(self.phase, voter, &slot.vote);
                if !slot.verified {
                    self.slots.remove(&voter);
                    suspects.insert(voter);
                }
            }
        }
    }

    /// `needed` voters for `digest`, those already verified first.
    fn choose(&self, digest: &Digest, needed: usize) -> Option<Vec<ReplicaId>> {
        let of = |verified: bool| {
            let slots = self.slots.iter();
            slots.filter(move |(_, s)| s.vote.ballot.digest == *digest && s.verified == verified)
        };
        let chosen: Vec<_> = of(true).chain(of(false)).map(|(id, _)| *id).collect();
        (chosen.len() >= needed).then(|| chosen[..needed].to_vec())
    }

    fn verify_together(&mut self, config: &Config, chosen: &[ReplicaId]) -> bool {
        let open: Vec<_> = chosen
            .iter()
            .filter_map(|id| Some((config.committee.member(*id)?, self.slots.get(id)?)))
            .filter(|(_, slot)| !slot.verified)
            .collect();
        let Some((_, some)) = open.first() else {
            return true;
        };
        let statement = some.vote.ballot.statement(&config.chain, self.phase);
        let signed = open.iter().map(|(m, slot)| (&m.key, &slot.vote.signature));
        if !verify_batch(&statement, signed) {
            return false;
        }
        for id in chosen {
            if let Some(slot) = self.slots.get_mut(id) {
                slot.verified = true;
            }
        }
        true
    }

    fn signature_of(&self, voter: ReplicaId) -> (ReplicaId, Signature) {
        (voter, self.slots[&voter].vote.signature)
    }
}
