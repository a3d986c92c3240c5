//! The steps of honest members, and what each changes.

use crate::block::Block;
use crate::evidence::Statement;
use crate::quorum::Uses;
use crate::rules::{FAULTY, HEIGHTS, Mutant, Protocol};
use crate::state::{Local, Phase, State, Votes};

/// A step of one honest member, at the height that it works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Proposes or prepares (L8, L18, L33).
    Prepare {
        /// The seat of the member that votes.
        seat: u8,
        /// The view that the vote names.
        view: u8,
        /// The block that the vote names.
        block: Block,
        /// Byzantine statements that the step rests on.
        uses: Vec<(u8, Statement)>,
    },
    /// Commits on a prepared certificate (L25).
    Commit {
        /// The seat of the member that votes.
        seat: u8,
        /// The view that the vote names.
        view: u8,
        /// The block that the vote names.
        block: Block,
        /// Byzantine statements that the step rests on.
        uses: Vec<(u8, Statement)>,
    },
    /// Changes the view, by its timer or because f+1 members did (L4, L31).
    Change {
        /// The seat of the member that leaves its view.
        seat: u8,
        /// The view that it changes into.
        view: u8,
    },
    /// Some honest member receives a quorum of commits (L26). Only where uses are tracked: otherwise a
    /// quorum of commits decides by being there.
    Decide {
        /// The height of the block, from 0.
        height: usize,
        /// The block with a quorum of commits.
        block: Block,
        /// Byzantine statements that the step rests on.
        uses: Vec<(u8, Statement)>,
    },
    /// A member goes on to the next height, or all do (L26, L40).
    Advance {
        /// The member's seat, where heights are abreast.
        seat: Option<u8>,
    },
    /// The crasher's records become durable, and its votes leave (L27).
    Sync,
    /// The crasher comes back with its durable records (L42 to L46).
    Crash,
}

impl Protocol {
    pub(crate) fn steps(&self, state: &State, actions: &mut Vec<Action>) {
        if state.disagrees() {
            return;
        }
        for seat in state.cast.honest() {
            let height = state.written[usize::from(seat)].decided;
            if height < self.heights && self.seats(usize::from(height)).contains(&seat) {
                self.prepares(state, seat, actions);
                self.commits(state, seat, actions);
                self.changes_of_view(state, seat, actions);
                if self.abreast && state.decided[usize::from(height)] != 0 {
                    actions.push(Action::Advance { seat: Some(seat) });
                }
            }
        }
        if self.tracks() {
            self.decisions(state, actions);
        }
        let height = state.lowest();
        if !self.abreast && height < self.heights && state.decided[usize::from(height)] != 0 {
            actions.push(Action::Advance { seat: None });
        }
        if let Some(seat) = state.cast.crasher
            && !state.crashed
            && state.durable != state.written[usize::from(seat)]
        {
            actions.extend([Action::Sync, Action::Crash]);
        }
    }

    /// The height that a member works on, its votes there, and the least view that it may vote in.
    fn work<'s>(&self, state: &'s State, seat: u8) -> (usize, &'s Votes, u8) {
        let local = &state.written[usize::from(seat)];
        let height = usize::from(local.decided);
        let votes = &local.votes[height];
        let least = match self.breaks(Mutant::VotesInOlderViews) {
            true => 0,
            false => votes.view(),
        };
        (height, votes, least)
    }

    fn prepares(&self, state: &State, seat: u8, actions: &mut Vec<Action>) {
        let (height, votes, least) = self.work(state, seat);
        for view in least..self.views {
            if votes.prepares[usize::from(view)].is_some() {
                continue;
            }
            let mut found = self.proposals(state, height, view, seat);
            if self.tracks() && (view == 0 || self.breaks(Mutant::VouchedUnproven)) {
                found.extend(self.vouched(state, height, view));
            }
            actions.extend(found.into_iter().map(|(block, uses)| Action::Prepare {
                seat,
                view,
                block,
                uses,
            }));
        }
    }

    /// What a member may propose or prepare by the view's primary.
    fn proposals(&self, state: &State, height: usize, view: u8, seat: u8) -> Vec<(Block, Uses)> {
        let primary = self.primary(state, height, view);
        let byzantine = state.cast.is_byzantine(primary);
        if primary != seat && !byzantine {
            let shown = self.votes(state, (height, view, Phase::Prepare), primary);
            return Block::all(shown)
                .map(|block| (block, Uses::new()))
                .collect();
        }
        let own_view = state.written[usize::from(seat)].votes[height].view();
        let mut found = Vec::new();
        let proofs = match view {
            0 => vec![(None, Uses::new())],
            _ if primary == seat && view != own_view => Vec::new(),
            _ => self.new_views(state, height, view),
        };
        for (block, uses) in proofs {
            match block {
                Some(block) => found.push((block, uses)),
                None => {
                    found.push((Block::first(view), uses.clone()));
                    if byzantine && self.is_shown(state, height, view) {
                        found.push((Block::second(view), uses));
                    }
                }
            }
        }
        if byzantine && self.tracks() {
            for (block, uses) in &mut found {
                uses.push((primary, Statement::Prepare(view, *block)));
            }
        }
        found
    }

    /// An honest member has voted for the first block of a view.
    fn is_shown(&self, state: &State, height: usize, view: u8) -> bool {
        self.honest_at(state, height).any(|seat| {
            let votes = &state.written[usize::from(seat)].votes[height];
            votes.prepares.contains(&Some(Block::first(view)))
        })
    }

    /// f+1 prepares, where Byzantine members alone can make them (L16): of a block of the view, found
    /// valid, or, with a fault, of an earlier one, which is not validated.
    fn vouched(&self, state: &State, height: usize, view: u8) -> Vec<(Block, Uses)> {
        let mut found = self.backed(state, (height, view, Phase::Prepare), FAULTY + 1);
        for of in 0..=view {
            let second = self.is_shown(state, height, of).then(|| Block::second(of));
            for block in second.into_iter().chain([Block::first(of)]) {
                let statement = Statement::Prepare(view, block);
                let choices = self.byzantine_uses(state, height, FAULTY + 1, statement);
                found.extend(choices.into_iter().map(|uses| (block, uses)));
            }
        }
        found
    }

    fn commits(&self, state: &State, seat: u8, actions: &mut Vec<Action>) {
        let (height, votes, least) = self.work(state, seat);
        for view in least..self.views {
            if votes.commits[usize::from(view)].is_some() {
                continue;
            }
            let certificates = self.certificates(state, (height, view, Phase::Prepare));
            actions.extend(
                certificates
                    .into_iter()
                    .map(|(block, uses)| Action::Commit {
                        seat,
                        view,
                        block,
                        uses,
                    }),
            );
        }
    }

    fn changes_of_view(&self, state: &State, seat: u8, actions: &mut Vec<Action>) {
        let (height, votes, _) = self.work(state, seat);
        let own = votes.view();
        for view in own + 1..self.views {
            let ahead = self.honest_at(state, height).filter(|other| {
                let changes = self.sent(state, *other).votes[height].changes;
                changes[usize::from(view)..].iter().any(Option::is_some)
            });
            let ahead = ahead.count() + self.byzantine as usize;
            if view == own + 1 || ahead > FAULTY {
                actions.push(Action::Change { seat, view });
            }
        }
    }

    fn decisions(&self, state: &State, actions: &mut Vec<Action>) {
        let mut found = Vec::new();
        for height in 0..HEIGHTS {
            for view in 0..self.views {
                let certificates = self.certificates(state, (height, view, Phase::Commit));
                found.extend(
                    certificates
                        .into_iter()
                        .map(|(block, uses)| (height, block, uses)),
                );
            }
        }
        found.sort_unstable();
        found.dedup();
        actions.extend(
            found
                .into_iter()
                .map(|(height, block, uses)| Action::Decide {
                    height,
                    block,
                    uses,
                }),
        );
    }

    pub(crate) fn after(&self, state: &State, action: Action) -> State {
        let mut state = state.clone();
        match action {
            Action::Prepare {
                seat,
                view,
                block,
                uses,
            } => {
                let height = state.uses(seat, uses);
                state.votes(seat, height).prepares[usize::from(view)] = Some(block);
            }
            Action::Commit {
                seat,
                view,
                block,
                uses,
            } => {
                let height = state.uses(seat, uses);
                state.votes(seat, height).commits[usize::from(view)] = Some(block);
            }
            Action::Change { seat, view } => {
                let height = state.uses(seat, Uses::new());
                let votes = state.votes(seat, height);
                let claim = votes
                    .claim()
                    .filter(|_| !self.breaks(Mutant::NoOwnCertificate));
                votes.changes[usize::from(view)] = Some(claim);
            }
            Action::Decide {
                height,
                block,
                uses,
            } => {
                state.note(height, uses);
                self.decide(&mut state, height, block);
            }
            Action::Advance { seat: Some(seat) } => state.written[usize::from(seat)].decided += 1,
            Action::Advance { seat: None } => state.advance(),
            Action::Sync => state.durable = state.crasher(),
            Action::Crash => self.crash(&mut state),
        }
        if !self.tracks() {
            self.settle(&mut state);
        }
        state
    }

    /// Every quorum of commits decides.
    fn settle(&self, state: &mut State) {
        for height in 0..HEIGHTS {
            for view in 0..self.views {
                for (block, _) in self.certificates(state, (height, view, Phase::Commit)) {
                    self.decide(state, height, block);
                }
            }
        }
    }

    fn decide(&self, state: &mut State, height: usize, block: Block) {
        state.decided[height] |= block.bit();
        let proposer = self.primary(state, height, block.view());
        if let Some(base) = state.base.get_mut(height + 1) {
            *base = proposer;
        }
    }

    fn crash(&self, state: &mut State) {
        let Some(seat) = state.cast.crasher else {
            return;
        };
        if self.breaks(Mutant::VoteBeforeSync) {
            for height in 0..HEIGHTS {
                let written = &state.crasher().votes[height];
                state.forgotten[height] = written.without(&state.durable.votes[height]);
            }
        }
        state.written[usize::from(seat)] = state.durable;
        state.durable = Local::default();
        state.crashed = true;
    }
}

impl State {
    fn crasher(&self) -> Local {
        let seat = self.cast.crasher;
        seat.map_or(Local::default(), |seat| self.written[usize::from(seat)])
    }

    fn votes(&mut self, seat: u8, height: usize) -> &mut Votes {
        &mut self.written[usize::from(seat)].votes[height]
    }

    /// Notes what a step uses, and returns the height of the member that takes it.
    fn uses(&mut self, seat: u8, uses: Uses) -> usize {
        let height = usize::from(self.written[usize::from(seat)].decided);
        self.note(height, uses);
        height
    }

    fn note(&mut self, height: usize, uses: Uses) {
        for (signer, statement) in uses {
            self.used[usize::from(signer)][height].add(statement);
        }
    }

    /// All are at the next height, durably, and none of the votes before matters.
    fn advance(&mut self) {
        let height = usize::from(self.lowest());
        self.decided[height] = 0;
        for seat in self.cast.honest() {
            let local = &mut self.written[usize::from(seat)];
            local.decided += 1;
            local.votes[height] = Votes::default();
        }
        self.forgotten[height] = Votes::default();
        for statements in &mut self.used {
            statements[height] = Default::default();
        }
        if self.cast.crasher.is_some() && !self.crashed {
            self.durable = self.crasher();
        }
    }
}

impl Votes {
    /// What is here and not there.
    fn without(&self, other: &Self) -> Self {
        let mut left = *self;
        for view in 0..left.prepares.len() {
            left.prepares[view] = left.prepares[view].filter(|_| other.prepares[view].is_none());
            left.commits[view] = left.commits[view].filter(|_| other.commits[view].is_none());
            left.changes[view] = left.changes[view].filter(|_| other.changes[view].is_none());
        }
        left
    }
}
