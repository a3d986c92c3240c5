//! Which votes the next block may record: one rule for those that propose and those that judge.

use std::collections::BTreeMap;

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
            late: BTreeMap::new(),
            last: None,
        }
    }

    fn admit(&mut self, vote: &Attestation) -> bool {
        let Some(open) = self.record.open_at(vote.height) else {
            return false;
        };
        let of_signer = self.late.entry((vote.height, vote.signer)).or_default();
        let is_late = vote.attested == Attested::Late;
        let has_room = !is_late || open.late_votes_of(vote.signer) + *of_signer < MAX_LATE;
        let is_admitted = self.room > 0
            && self.last < Some(vote.key())
            && has_room
            && self.record.committee.has(vote.signer)
            && open.lacks(vote);
        if is_admitted {
            self.room -= 1;
            self.last = Some(vote.key());
            *of_signer += usize::from(is_late);
        }
        is_admitted
    }
}
