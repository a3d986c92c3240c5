//! Which votes the next block may record: one rule for those that propose and those that judge.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::attestation::{Attestation, Attested, MAX_ATTESTATIONS};
use medshare_types::id::{Height, ReplicaId, View};

use super::{ChainRecord, MAX_LATE};
use crate::turns::Mode;

impl ChainRecord {
    /// L61: true when the next block may record these votes, signatures apart.
    pub(crate) fn admits(&self, votes: &[Attestation]) -> bool {
        let mut admission = Admission::of(self);
        votes.iter().all(|vote| admission.admit(vote))
    }

    /// L60: of these votes those that the next block may record together, in ascending order, the lowest
    /// heights first.
    pub(crate) fn admissible(&self, mut votes: Vec<Attestation>) -> Vec<Attestation> {
        votes.sort_unstable_by_key(Attestation::key);
        let mut admission = Admission::of(self);
        votes.retain(|vote| admission.admit(vote));
        votes
    }
}

/// The votes of one block, admitted one after the other.
struct Admission<'a> {
    record: &'a ChainRecord,
    room: usize,
    /// Members whose commit of a height is admitted.
    commits: BTreeSet<(Height, ReplicaId)>,
    /// Late votes of a member at a height, those of earlier blocks apart.
    late: BTreeMap<(Height, ReplicaId), usize>,
    last: Option<(Height, Attested, View, ReplicaId)>,
}

impl<'a> Admission<'a> {
    const fn of(record: &'a ChainRecord) -> Self {
        Self {
            record,
            room: match record.mode {
                Mode::Credit => MAX_ATTESTATIONS,
                Mode::Classic => 0,
            },
            commits: BTreeSet::new(),
            late: BTreeMap::new(),
            last: None,
        }
    }

    fn admit(&mut self, vote: &Attestation) -> bool {
        let Some(open) = self.record.open_at(vote.height) else {
            return false;
        };
        let of = (vote.height, vote.signer);
        let has_room = match vote.attested {
            Attested::Commit => !self.commits.contains(&of),
            Attested::Late => {
                let before = self.late.get(&of).copied().unwrap_or_default();
                open.late_votes_of(vote.signer) + before < MAX_LATE
            }
        };
        let is_admitted = self.room > 0
            && self.last < Some(vote.key())
            && has_room
            && self.record.committee.has(vote.signer)
            && open.lacks(vote);
        if is_admitted {
            self.room -= 1;
            self.last = Some(vote.key());
            match vote.attested {
                Attested::Commit => {
                    self.commits.insert(of);
                }
                Attested::Late => *self.late.entry(of).or_default() += 1,
            }
        }
        is_admitted
    }
}
