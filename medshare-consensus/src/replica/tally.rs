//! The votes of one phase at one height, verified late and in one batch.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::certificate::Phase;
use medshare_types::hash::Digest;
use medshare_types::id::{ReplicaId, View};
use medshare_types::sign::{Signature, verify_batch};

use crate::config::Seated;
use crate::vote::Vote;

/// At most two votes a member: that of its highest view, and that of this replica's view.
pub(super) struct Tally {
    phase: Phase,
    /// The view of this replica.
    view: View,
    entries: BTreeMap<(ReplicaId, View), Entry>,
    /// Entries by ballot, since quorums are looked for after every message.
    counts: BTreeMap<(View, Digest), usize>,
    /// Members against which evidence was put out; further contradictions prove nothing new.
    exposed: BTreeSet<ReplicaId>,
}

#[derive(Clone, Copy)]
struct Entry {
    vote: Vote,
    verified: bool,
}

impl Entry {
    const fn digest(&self) -> Digest {
        self.vote.ballot.digest
    }
}

/// The outcome of casting a vote.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// The vote is held, now or from before.
    Held,
    /// A vote of a later view is held, and this one is not of this replica's view.
    Outdated,
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
            view: View(0),
            entries: BTreeMap::new(),
            counts: BTreeMap::new(),
            exposed: BTreeSet::new(),
        }
    }

    /// Votes that are held.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// True when `voter` voted in `view` or a later one.
    pub(super) fn has_vote_of(&self, voter: ReplicaId, view: View) -> bool {
        let of_voter = self.entries.range((voter, view)..=(voter, View(u64::MAX)));
        of_voter.count() > 0
    }

    /// The vote that a member cast in the highest view.
    pub(super) fn highest_of(&self, voter: ReplicaId) -> Option<&Vote> {
        let mut of_voter = self
            .entries
            .range((voter, View(0))..=(voter, View(u64::MAX)));
        of_voter.next_back().map(|(_, entry)| &entry.vote)
    }

    /// L28: this replica goes to `view`.
    pub(super) fn keep_view(&mut self, view: View) {
        self.view = view;
        let highest = self.highest_views();
        self.entries
            .retain(|(voter, of), _| *of == view || highest.get(voter) == Some(of));
        self.counts.clear();
        for ((_, view), entry) in &self.entries {
            *self.counts.entry((*view, entry.digest())).or_default() += 1;
        }
    }

    fn highest_views(&self) -> BTreeMap<ReplicaId, View> {
        // Ascending, so the last view of a voter stays.
        self.entries.keys().copied().collect()
    }

    /// L23: puts a vote into the voter's entry of its view. The signature of a vote that is not
    /// `verified` is checked when it matters: at once for `suspects` and contradictions, else in
    /// [`Tally::certify`].
    pub(super) fn cast(
        &mut self,
        config: &Seated,
        suspects: &mut BTreeSet<ReplicaId>,
        voter: ReplicaId,
        vote: Vote,
        verified: bool,
    ) -> Cast {
        let phase = self.phase;
        let is_good = |vote: &Vote| config.verifies(phase, voter, vote);
        let view = vote.ballot.view;
        let held = self.entries.get_mut(&(voter, view));
        let held = match held {
            Some(entry) if entry.vote.ballot == vote.ballot => {
                // The signature that came before may be another one, and bad.
                if verified && !entry.verified {
                    *entry = Entry { vote, verified };
                }
                return Cast::Held;
            }
            held => held.copied(),
        };
        match held {
            Some(_) if self.exposed.contains(&voter) => return Cast::ContradictsAgain,
            Some(_) => {}
            None if view != self.view && self.has_vote_of(voter, view) => return Cast::Outdated,
            None => {}
        }
        let at_once = held.is_some() || suspects.contains(&voter);
        if at_once && !verified && !is_good(&vote) {
            suspects.insert(voter);
            return Cast::BadSignature;
        }
        if let Some(entry) = held {
            if entry.verified || is_good(&entry.vote) {
                self.exposed.insert(voter);
                return Cast::Contradicts { first: entry.vote };
            }
            suspects.insert(voter);
        }
        let verified = verified || at_once;
        self.insert(voter, Entry { vote, verified });
        Cast::Held
    }

    /// Adds an entry, and drops the voter's others but those of its highest view and of this
    /// replica's.
    fn insert(&mut self, voter: ReplicaId, entry: Entry) {
        let own = self.view;
        let ballot = entry.vote.ballot;
        self.remove(voter, ballot.view);
        self.entries.insert((voter, ballot.view), entry);
        *self.counts.entry((ballot.view, ballot.digest)).or_default() += 1;
        let views = self
            .entries
            .range((voter, View(0))..=(voter, View(u64::MAX)))
            .map(|((_, view), _)| *view);
        let views: Vec<_> = views.collect();
        let Some((_, lower)) = views.split_last() else {
            return;
        };
        for view in lower.iter().filter(|view| **view != own) {
            self.remove(voter, *view);
        }
    }

    fn remove(&mut self, voter: ReplicaId, view: View) {
        let Some(entry) = self.entries.remove(&(voter, view)) else {
            return;
        };
        let ballot = (view, entry.digest());
        if let Some(count) = self.counts.get_mut(&ballot) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&ballot);
            }
        }
    }

    /// The highest view from `from` on with at least `needed` votes for one digest, verified or not.
    pub(super) fn leading(&self, from: View, needed: usize) -> Option<(View, Digest)> {
        let counts = self.counts.range((from, Digest::ZERO)..).rev();
        let mut enough = counts.filter(|(_, count)| **count >= needed);
        enough.next().map(|(ballot, _)| *ballot)
    }

    /// L59: the vote of each member for a digest, of its highest view, and whether it is verified.
    pub(super) fn votes_for(&self, digest: &Digest) -> Vec<(ReplicaId, Vote, bool)> {
        let of_digest = self.entries.iter();
        let of_digest = of_digest.filter(|(_, entry)| entry.vote.ballot.digest == *digest);
        let votes = of_digest.map(|((voter, _), entry)| (*voter, entry.vote, entry.verified));
        votes.collect()
    }

    /// The members whose vote for this ballot is held.
    pub(super) fn voters(&self, view: View, digest: Digest) -> Vec<ReplicaId> {
        self.of_ballot(view, digest)
            .map(|(voter, _)| voter)
            .collect()
    }

    fn of_ballot(&self, view: View, digest: Digest) -> impl Iterator<Item = (ReplicaId, &Entry)> {
        self.entries
            .iter()
            .filter(move |((_, of), entry)| *of == view && entry.vote.ballot.digest == digest)
            .map(|((voter, _), entry)| (*voter, entry))
    }

    /// L24: `needed` verified votes for a ballot, ascending by seat; `None` when there are fewer.
    ///
    /// Verifies only as many as are needed, in one batch. When the batch fails, verifies them one
    /// by one: bad votes are dropped and their senders become `suspects`, whose votes are verified
    /// on arrival from then on. Each failed batch removes at least one vote, so the loop ends.
    pub(super) fn certify(
        &mut self,
        config: &Seated,
        (view, digest): (View, Digest),
        needed: usize,
        suspects: &mut BTreeSet<ReplicaId>,
    ) -> Option<Vec<(ReplicaId, Signature)>> {
        loop {
            let chosen = self.choose(view, digest, needed)?;
            if self.verify_together(config, view, &chosen) {
                return Some(chosen);
            }
            for (voter, _) in chosen {
                let Some(entry) = self.entries.get_mut(&(voter, view)) else {
                    continue;
                };
                entry.verified = entry.verified || config.verifies(self.phase, voter, &entry.vote);
                if !entry.verified {
                    self.remove(voter, view);
                    suspects.insert(voter);
                }
            }
        }
    }

    /// `needed` votes for a ballot, verified ones first, ascending by seat.
    pub(super) fn choose(
        &self,
        view: View,
        digest: Digest,
        needed: usize,
    ) -> Option<Vec<(ReplicaId, Signature)>> {
        let of = |verified: bool| {
            let entries = self.of_ballot(view, digest);
            entries.filter(move |(_, entry)| entry.verified == verified)
        };
        let chosen = of(true).chain(of(false)).take(needed);
        let mut chosen: Vec<_> = chosen
            .map(|(id, entry)| (id, entry.vote.signature))
            .collect();
        chosen.sort_unstable();
        (chosen.len() >= needed).then_some(chosen)
    }

    fn verify_together(
        &mut self,
        config: &Seated,
        view: View,
        chosen: &[(ReplicaId, Signature)],
    ) -> bool {
        let unverified: Vec<_> = chosen
            .iter()
            .filter_map(|(id, _)| {
                let entry = self.entries.get(&(*id, view))?;
                Some((config.committee.member(*id)?, entry))
            })
            .filter(|(_, entry)| !entry.verified)
            .collect();
        let Some((_, first)) = unverified.first() else {
            return true;
        };
        let statement = first.vote.ballot.statement(&config.chain, self.phase);
        let mut signed = unverified
            .iter()
            .map(|(member, entry)| (&member.key, &entry.vote.signature));
        let is_good = match signed.len() {
            // Cheaper than a batch.
            1 => signed.all(|(key, signature)| key.verify(&statement, signature).is_ok()),
            _ => verify_batch(&statement, signed),
        };
        if !is_good {
            return false;
        }
        for (id, _) in chosen {
            if let Some(entry) = self.entries.get_mut(&(*id, view)) {
                entry.verified = true;
            }
        }
        true
    }
}
