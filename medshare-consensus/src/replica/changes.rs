//! The view changes of other members and of this one at one height.

use std::collections::BTreeMap;

use medshare_types::id::{ReplicaId, View};

use crate::mutation::{Mutant, Mutation};
use crate::view_change::{ViewChange, ViewProof};

/// The view change into the highest view of each member, verified on arrival.
pub(super) struct ViewChanges {
    entries: BTreeMap<ReplicaId, ViewChange>,
}

impl ViewChanges {
    pub(super) const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn of(&self, seat: ReplicaId) -> Option<&ViewChange> {
        self.entries.get(&seat)
    }

    /// Keeps a verified view change unless one into the same or a later view is held.
    pub(super) fn keep(&mut self, seat: ReplicaId, change: ViewChange) {
        let held = self.entries.get(&seat);
        if held.is_none_or(|held| held.vote.view < change.vote.view) {
            self.entries.insert(seat, change);
        }
    }

    /// L31: the (f+1)-th highest view that members change into, if it is above `view`.
    pub(super) fn joined(&self, view: View, faulty: usize) -> Option<View> {
        let mut views: Vec<_> = self.entries.values().map(|held| held.vote.view).collect();
        views.sort_unstable_by(|a, b| b.cmp(a));
        views.get(faulty).copied().filter(|joined| *joined > view)
    }

    /// The number of members that gave up the views below `view`.
    pub(super) fn count_into(&self, view: View) -> usize {
        let views = self.entries.values().map(|held| held.vote.view);
        views.filter(|of| *of >= view).count()
    }

    /// L33: the proof of a quorum for `view` alone: its first `needed` view changes and the
    /// certificate of the highest claim among them.
    pub(super) fn proof(&self, view: View, needed: usize, mutation: Mutation) -> Option<ViewProof> {
        let of_view = || {
            let entries = self.entries.iter();
            entries
                .filter(move |(_, held)| held.vote.view == view)
                .take(needed)
        };
        let view_changes: Vec<_> = of_view().map(|(seat, held)| (*seat, held.vote)).collect();
        let certificates = of_view().filter_map(|(_, held)| held.certificate.as_ref());
        let certificate = if mutation.is(Mutant::LowestCertificate) {
            certificates.min_by_key(|held| held.claim()).cloned()
        } else {
            certificates.max_by_key(|held| held.claim()).cloned()
        };
        (view_changes.len() >= needed).then_some(ViewProof {
            view_changes,
            certificate,
        })
    }
}
