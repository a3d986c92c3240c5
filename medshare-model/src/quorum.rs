//! Certificates, and the proofs of views.

use crate::block::{Block, Claim};
use crate::evidence::Statement;
use crate::rules::{FAULTY, MEMBERS, Mutant, Protocol, QUORUM};
use crate::state::{Local, Phase, State};

/// Byzantine statements that a step needs, with their signers. Empty with at most f such members.
pub(crate) type Uses = Vec<(u8, Statement)>;

impl Protocol {
    /// Byzantine statements are kept for evidence.
    pub(crate) fn tracks(&self) -> bool {
        self.byzantine as usize > FAULTY
    }

    /// primary(s, v): the (v+1)-th seat after that of the last block's first proposer; in a new epoch
    /// after the seat of its number.
    pub(crate) fn primary(&self, state: &State, height: usize, view: u8) -> u8 {
        let seats = self.seats(height);
        let base = match seats.start {
            0 => state.base[height],
            epoch => epoch,
        };
        seats.start + (base + view + 1) % MEMBERS
    }

    /// The honest members of a height's committee.
    pub(crate) fn honest_at<'s>(
        &self,
        state: &'s State,
        height: usize,
    ) -> impl Iterator<Item = u8> + use<'s> {
        let seats = self.seats(height);
        state.cast.honest().filter(move |seat| seats.contains(seat))
    }

    /// The Byzantine members whose votes count at a height.
    fn byzantine_at(&self, state: &State, height: usize) -> Vec<u8> {
        let voters = self.voters(height);
        voters
            .filter(|seat| state.cast.is_byzantine(*seat))
            .collect()
    }

    /// What others have of a member.
    pub(crate) fn sent<'s>(&self, state: &'s State, seat: u8) -> &'s Local {
        let unsynced = state.cast.crasher == Some(seat) && !state.crashed;
        if unsynced && !self.breaks(Mutant::VoteBeforeSync) {
            &state.durable
        } else {
            &state.written[usize::from(seat)]
        }
    }

    /// The blocks that an honest member voted for: at most one, without a mutant.
    pub(crate) fn votes(&self, state: &State, at: (usize, u8, Phase), seat: u8) -> u16 {
        let (height, view, phase) = at;
        let block = self.sent(state, seat).votes[height].of(phase, view);
        let mut blocks = block.map_or(0, Block::bit);
        if state.cast.crasher == Some(seat) {
            let forgotten = state.forgotten[height].of(phase, view);
            blocks |= forgotten.map_or(0, Block::bit);
        }
        blocks
    }

    /// All ways to complete a quorum of votes, with the block and what they need.
    pub(crate) fn certificates(&self, state: &State, at: (usize, u8, Phase)) -> Vec<(Block, Uses)> {
        self.backed(state, at, QUORUM)
    }

    /// As [`Self::certificates`], with this number of votes, at least one of them honest.
    pub(crate) fn backed(
        &self,
        state: &State,
        at: (usize, u8, Phase),
        threshold: usize,
    ) -> Vec<(Block, Uses)> {
        let (height, view, phase) = at;
        let honest: Vec<u16> = self
            .honest_at(state, height)
            .map(|seat| self.votes(state, at, seat))
            .collect();
        let mut found = Vec::new();
        for block in Block::all(honest.iter().fold(0, |all, blocks| all | blocks)) {
            let voters = honest
                .iter()
                .filter(|blocks| **blocks & block.bit() != 0)
                .count();
            let missing = threshold.saturating_sub(voters);
            let statement = match phase {
                Phase::Prepare => Statement::Prepare(view, block),
                Phase::Commit => Statement::Commit(view, block),
            };
            for uses in self.byzantine_uses(state, height, missing, statement) {
                found.push((block, uses));
            }
        }
        found
    }

    /// All choices of so many Byzantine members, each with this statement.
    pub(crate) fn byzantine_uses(
        &self,
        state: &State,
        height: usize,
        count: usize,
        statement: Statement,
    ) -> Vec<Uses> {
        let all = self.byzantine_at(state, height);
        if count > all.len() {
            return Vec::new();
        }
        if !self.tracks() || count == 0 {
            return vec![Uses::new()];
        }
        if count == all.len() {
            return vec![all.iter().map(|seat| (*seat, statement)).collect()];
        }
        all.iter().map(|seat| vec![(*seat, statement)]).collect()
    }

    /// The blocks that a proof of the view obliges to, `None` for a new one, with what they need.
    pub(crate) fn new_views(
        &self,
        state: &State,
        height: usize,
        view: u8,
    ) -> Vec<(Option<Block>, Uses)> {
        let options: Vec<Vec<(Option<Claim>, Uses)>> = self
            .seats(height)
            .map(|seat| self.changes(state, height, view, seat))
            .collect();
        let mut found = Vec::new();
        for left_out in 0..usize::from(MEMBERS) {
            let mut proofs: Vec<(Vec<Claim>, Uses)> = vec![Default::default()];
            for of_seat in (0..usize::from(MEMBERS)).filter(|seat| *seat != left_out) {
                proofs = extended(&proofs, &options[of_seat]);
            }
            for (claims, uses) in proofs {
                let views = claims.iter().map(|claim| claim.view);
                let chosen = match self.breaks(Mutant::LowestCertificate) {
                    true => views.min(),
                    false => views.max(),
                };
                let obliges = claims.iter().filter(|claim| Some(claim.view) == chosen);
                let mut blocks: Vec<_> = obliges.map(|claim| Some(claim.block)).collect();
                if blocks.is_empty() {
                    blocks.push(None);
                }
                found.extend(blocks.into_iter().map(|block| (block, uses.clone())));
            }
        }
        found.iter_mut().for_each(|(_, uses)| {
            uses.sort_unstable();
            uses.dedup();
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The view changes of a seat into a view.
    fn changes(
        &self,
        state: &State,
        height: usize,
        view: u8,
        seat: u8,
    ) -> Vec<(Option<Claim>, Uses)> {
        let into = usize::from(view);
        if !state.cast.is_byzantine(seat) {
            let sent = self.sent(state, seat).votes[height].changes[into];
            let of_crasher = state.cast.crasher == Some(seat);
            let forgotten = state.forgotten[height].changes[into].filter(|_| of_crasher);
            let changes = sent.into_iter().chain(forgotten);
            return changes.map(|claim| (claim, Uses::new())).collect();
        }
        let mut claims = vec![(None, Uses::new())];
        for below in 0..view {
            for (block, uses) in self.certificates(state, (height, below, Phase::Prepare)) {
                claims.push((Some(Claim { view: below, block }), uses));
            }
        }
        if self.breaks(Mutant::ClaimUnchecked) {
            let block = Block::invalid(0);
            claims.push((
                Some(Claim {
                    view: view - 1,
                    block,
                }),
                Uses::new(),
            ));
        }
        if self.tracks() {
            for (claim, uses) in &mut claims {
                uses.push((seat, Statement::Change(view, *claim)));
            }
        }
        claims
    }
}

fn extended(
    proofs: &[(Vec<Claim>, Uses)],
    options: &[(Option<Claim>, Uses)],
) -> Vec<(Vec<Claim>, Uses)> {
    let mut longer = Vec::new();
    for (claims, uses) in proofs {
        for (claim, more) in options {
            let claims = claims.iter().copied().chain(*claim).collect();
            longer.push((claims, [uses.as_slice(), more].concat()));
        }
    }
    longer
}
