//! L58 to L61: votes for decided heights, collected, proposed and judged.

use std::collections::{BTreeMap, BTreeSet};

use medshare_types::attestation::{Attestation, Attested, MAX_ATTESTATIONS, attestations_root};
use medshare_types::certificate::{CommitCertificate, Phase};
use medshare_types::id::{Height, ReplicaId, View};
use medshare_types::sign::verify_batch;

use super::Replica;
use super::late::{Held, LateVotes};
use crate::config::Seated;
use crate::io::Effect;
use crate::message::{Message, Recipients};
use crate::mutation::Mutant;
use crate::proposal::{Payload, Proposal, ProposalFault};
use crate::record::{ChainRecord, MAX_LATE};
use crate::turns::Mode;
use crate::vote::Vote;

/// Votes for the decided heights that are open.
#[derive(Default)]
pub(super) struct OpenVotes {
    heights: BTreeMap<Height, Votes>,
}

/// One commit of the decided block a member, of its highest view, and eight late votes.
#[derive(Default)]
struct Votes {
    commits: BTreeMap<ReplicaId, (View, Held)>,
    late: LateVotes,
}

impl Votes {
    /// Keeps a commit of a higher view than the one held, or in place of one that is not verified.
    fn keep_commit(&mut self, voter: ReplicaId, view: View, held: Held) {
        match self.commits.get(&voter) {
            Some((of, before)) if *of > view || (*of == view && before.verified) => {}
            _ => {
                self.commits.insert(voter, (view, held));
            }
        }
    }

    fn attestations(&self, height: Height) -> impl Iterator<Item = (Attestation, bool)> {
        let vote = move |attested, view, signer, held: &Held| {
            let attestation = Attestation {
                height,
                attested,
                view,
                signer,
                signature: held.signature,
            };
            (attestation, held.verified)
        };
        let commits = self.commits.iter();
        let commits =
            commits.map(move |(signer, (view, held))| vote(Attested::Commit, *view, *signer, held));
        let late = self.late.iter();
        commits
            .chain(late.map(move |(signer, view, held)| vote(Attested::Late, view, signer, held)))
    }

    fn remove(&mut self, vote: &Attestation) {
        match vote.attested {
            Attested::Commit => {
                self.commits.remove(&vote.signer);
            }
            Attested::Late => self.late.remove(vote.signer, vote.view),
        }
    }
}

impl OpenVotes {
    /// L59: what later blocks may record of a height that is decided now.
    pub(super) fn keep(&mut self, vote: &Attestation, verified: bool) {
        let held = Held {
            signature: vote.signature,
            verified,
        };
        let votes = self.heights.entry(vote.height).or_default();
        match vote.attested {
            Attested::Commit => votes.keep_commit(vote.signer, vote.view, held),
            Attested::Late => votes.late.keep(vote.signer, vote.view, held),
        }
    }

    /// Heights and votes that are kept.
    pub(super) fn count(&self) -> (usize, usize) {
        let votes = self.heights.values();
        let votes = votes.map(|votes| votes.commits.len() + votes.late.count());
        (self.heights.len(), votes.sum())
    }

    fn take_late(&mut self, height: Height, late: LateVotes) {
        self.heights.entry(height).or_default().late = late;
    }

    /// Drops the votes below the lowest open height.
    fn close_below(&mut self, lowest: Height) {
        self.heights = self.heights.split_off(&lowest);
    }

    /// True when exactly this vote was verified before.
    fn knows(&self, vote: &Attestation) -> bool {
        let Some(votes) = self.heights.get(&vote.height) else {
            return false;
        };
        let held = match vote.attested {
            Attested::Commit => {
                let held = votes.commits.get(&vote.signer);
                held.filter(|(view, _)| *view == vote.view)
                    .map(|(_, held)| *held)
            }
            Attested::Late => votes.late.get(vote.signer, vote.view),
        };
        held.is_some_and(|held| held.verified && held.signature == vote.signature)
    }
}

impl<P: Payload> Replica<P> {
    /// L58: a commit of a block that a quorum's commits decided before this replica had the
    /// prepares: the credit of its member rests on it.
    pub(super) fn commit_decided(&mut self, certificate: &CommitCertificate) {
        let ballot = certificate.ballot;
        let committed = self.current.own_commit;
        let told = committed.is_some_and(|own| own.vote.ballot.view >= ballot.view);
        // L50
        let silent = self.abstains() || self.config.mode == Mode::Classic;
        if told || silent || self.current.view > ballot.view {
            return;
        }
        let Some(vote) = self.sign(ballot, Phase::Commit) else {
            return;
        };
        self.open_votes.keep(
            &attestation(self.config.replica, Attested::Commit, &vote),
            true,
        );
        // Before the final block is durable, a crash could have the member change the view without the
        // certificate behind this commit.
        let message = Message::Commit(vote);
        let to = Recipients::All;
        if self.mutation.is(Mutant::ToldBeforeSync) {
            self.send(to, message);
        } else {
            self.outbox.push_settled(Effect::Send { to, message });
        }
    }

    /// L59: keeps the votes of the current height, which `certificate` decides.
    pub(super) fn keep_votes_of_decided(&mut self, certificate: &CommitCertificate) {
        let ballot = certificate.ballot;
        let commits = self.current.commits.votes_for(&ballot.digest);
        for (voter, vote, verified) in commits {
            self.open_votes
                .keep(&attestation(voter, Attested::Commit, &vote), verified);
        }
        for (voter, signature) in &certificate.votes {
            let signature = *signature;
            let vote = Vote { ballot, signature };
            self.open_votes
                .keep(&attestation(*voter, Attested::Commit, &vote), true);
        }
        let late = core::mem::replace(&mut self.current.late, LateVotes::new());
        self.open_votes.take_late(ballot.height, late);
    }

    /// L62: the tip has changed.
    pub(super) fn close_votes(&mut self) {
        if let Some(lowest) = self.record.lowest_open() {
            self.open_votes.close_below(lowest);
        }
    }

    /// L59: keeps a vote for a decided height that is open. One for another block says nothing.
    pub(super) fn keep_open_vote(&mut self, vote: &Attestation, verified: bool) {
        let open = self.record.open_at(vote.height);
        if open.is_some_and(|open| open.lacks(vote)) {
            self.open_votes.keep(vote, verified);
        }
    }

    /// L59: keeps a commit of a decided block.
    pub(super) fn keep_open_commit(&mut self, sender: ReplicaId, vote: &Vote) {
        let open = self.record.open_at(vote.ballot.height);
        let of_decided = open.is_some_and(|open| open.digest == vote.ballot.digest);
        let suspect = self.suspects.contains(&sender);
        if of_decided && (!suspect || self.config.verifies(Phase::Commit, sender, vote)) {
            self.keep_open_vote(&attestation(sender, Attested::Commit, vote), suspect);
        }
    }

    /// L60: the votes that the own proposal records: all that no block has recorded and that one may,
    /// oldest heights first. Their signatures are verified, and bad ones dropped.
    pub(super) fn votes_to_record(&mut self) -> Vec<Attestation> {
        let mut chosen = Vec::new();
        if self.config.mode == Mode::Classic {
            return chosen;
        }
        let heights: Vec<_> = self.open_votes.heights.keys().copied().collect();
        for height in heights {
            if chosen.len() < MAX_ATTESTATIONS {
                chosen.extend(self.verified_votes(height));
            }
        }
        self.record.admissible(chosen)
    }

    fn verified_votes(&mut self, height: Height) -> Vec<Attestation> {
        let Some(votes) = self.open_votes.heights.get(&height) else {
            return Vec::new();
        };
        let Some(open) = self.record.open_at(height) else {
            return Vec::new();
        };
        let votes = votes.attestations(height);
        let mut lacking: Vec<_> = votes.filter(|(vote, _)| open.lacks(vote)).collect();
        lacking.sort_unstable_by_key(|(vote, _)| vote.key());
        let unverified: Vec<_> = lacking.iter().filter(|(_, verified)| !verified).collect();
        let unverified: Vec<_> = unverified.into_iter().map(|(vote, _)| *vote).collect();
        let bad = bad_votes(&self.config, &self.record, &unverified);
        for vote in unverified.iter().filter(|vote| !bad.contains(&vote.key())) {
            self.open_votes.keep(vote, true);
        }
        for vote in unverified.iter().filter(|vote| bad.contains(&vote.key())) {
            self.suspects.insert(vote.signer);
            if let Some(votes) = self.open_votes.heights.get_mut(&height) {
                votes.remove(vote);
            }
        }
        // Late votes that blocks left no room for would keep others out for as long as the height is open.
        let has_room = |vote: &Attestation| {
            vote.attested == Attested::Commit || open.late_votes_of(vote.signer) < MAX_LATE
        };
        let good = lacking.into_iter().map(|(vote, _)| vote);
        good.filter(|vote| has_room(vote) && !bad.contains(&vote.key()))
            .collect()
    }

    /// L61: the first fault of the votes that a first proposal records. Verified ones cost nothing
    /// again.
    pub(super) fn fault_of_votes(&mut self, proposal: &Proposal<P>) -> Option<ProposalFault> {
        let votes = &proposal.attestations;
        if !self.record.admits(votes) {
            return Some(ProposalFault::InadmissibleAttestation);
        }
        if self.mutation.is(Mutant::RecordedVotesUnjudged) {
            return None;
        }
        let new = votes.iter().filter(|vote| !self.open_votes.knows(vote));
        let new: Vec<_> = new.copied().collect();
        if !groups(&new).all(|group| holds(&self.config, &self.record, group)) {
            return Some(ProposalFault::ForgedAttestation);
        }
        for vote in &new {
            self.open_votes.keep(vote, true);
        }
        None
    }
}

/// True when the header names the root of the attestations beside it.
pub(super) fn has_root<P>(proposal: &Proposal<P>) -> bool {
    proposal.header.attestations == attestations_root(&proposal.attestations)
}

const fn attestation(signer: ReplicaId, attested: Attested, vote: &Vote) -> Attestation {
    Attestation {
        height: vote.ballot.height,
        attested,
        view: vote.ballot.view,
        signer,
        signature: vote.signature,
    }
}

/// Runs of votes for one statement, in ascending votes.
fn groups(votes: &[Attestation]) -> impl Iterator<Item = &[Attestation]> {
    let statement = |vote: &Attestation| (vote.height, vote.attested, vote.view);
    votes.chunk_by(move |a, b| statement(a) == statement(b))
}

/// True when all signatures of a group hold. Cost: one batch.
fn holds(config: &Seated, record: &ChainRecord, group: &[Attestation]) -> bool {
    let Some(first) = group.first() else {
        return true;
    };
    let Some(open) = record.open_at(first.height) else {
        return false;
    };
    let statement = first.statement(&config.chain, open.epoch, &open.digest);
    let mut signed = Vec::with_capacity(group.len());
    for vote in group {
        let Some(member) = config.committee.member(vote.signer) else {
            return false;
        };
        signed.push((&member.key, &vote.signature));
    }
    verify_batch(&statement, signed.iter().copied())
}

/// The votes whose signatures do not hold. Cost: one batch a statement, and each vote of a batch that
/// fails.
fn bad_votes(
    config: &Seated,
    record: &ChainRecord,
    votes: &[Attestation],
) -> BTreeSet<(Height, Attested, View, ReplicaId)> {
    let failed = groups(votes).filter(|group| !holds(config, record, group));
    let votes = failed.flatten();
    let bad = votes.filter(|vote| !holds(config, record, core::slice::from_ref(vote)));
    bad.map(Attestation::key).collect()
}
