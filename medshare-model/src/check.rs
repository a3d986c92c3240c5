//! Where runs begin, and what must hold in every state.

use stateright::{Model, Property};

use crate::block::Block;
use crate::rules::{ALL, FAULTY, HEIGHTS, Protocol};
use crate::state::{Cast, Local, Phase, State};
use crate::step::Action;

/// No two honest members decide different blocks of a height.
pub const AGREEMENT: &str = "agreement";
/// No honest member decides an invalid block.
pub const VALIDITY: &str = "validity";
/// With more than f Byzantine members, honest ones come to disagree.
pub const DISAGREEMENT: &str = "disagreement";
/// Where honest members disagree, the statements that they received prove f+1 faults.
pub const PROVEN: &str = "f+1 culprits are proven";

impl Protocol {
    fn casts(&self) -> Vec<Cast> {
        let size = |set: u8, height| {
            self.seats(height)
                .filter(|seat| set >> seat & 1 == 1)
                .count()
        };
        let most = self.byzantine as usize;
        let last = 1u8 << self.seats(HEIGHTS - 1).end;
        let sized = (0..last).filter(|set| (0..HEIGHTS).all(|height| size(*set, height) == most));
        let sets = sized.filter(|set| self.seats.is_none_or(|seats| seats == *set));
        let mut casts = Vec::new();
        for byzantine in sets {
            let calm = Cast {
                byzantine,
                crasher: None,
                seats: self.seats(HEIGHTS - 1).end,
            };
            if self.crash {
                let crashing = calm.honest().map(|seat| Cast {
                    crasher: Some(seat),
                    ..calm
                });
                casts.extend(crashing);
            } else {
                casts.push(calm);
            }
        }
        casts
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let tracked = match self.tracks() {
            true => usize::from(ALL),
            false => 0,
        };
        let start = |cast| State {
            cast,
            written: [Local::default(); ALL as usize],
            durable: Local::default(),
            crashed: false,
            forgotten: Default::default(),
            base: [0; HEIGHTS],
            decided: [0; HEIGHTS],
            used: vec![Default::default(); tracked],
        };
        self.casts().into_iter().map(start).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.steps(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(self.after(state, action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let honest_proven = Property::always("no honest culprit", |_: &Self, state: &State| {
            state.culprits() & !state.cast.byzantine == 0
        });
        if self.tracks() {
            return vec![
                honest_proven,
                Property::sometimes(DISAGREEMENT, |_, state: &State| state.disagrees()),
                Property::always(PROVEN, |_, state: &State| {
                    !state.disagrees() || state.culprits().count_ones() as usize > FAULTY
                }),
            ];
        }
        let mut properties = vec![
            honest_proven,
            Property::always(AGREEMENT, |_, state: &State| !state.disagrees()),
            Property::always(VALIDITY, |_, state: &State| {
                let mut blocks = state.decided.into_iter().flat_map(Block::all);
                blocks.all(Block::is_valid)
            }),
            Property::sometimes(
                "all decide all heights",
                |protocol: &Self, state: &State| state.lowest() == protocol.heights,
            ),
        ];
        if self.views > 1 {
            properties.push(Property::sometimes(
                "a block is decided in a later view",
                reproposed,
            ));
        }
        if self.crash {
            properties.push(Property::sometimes(
                "all decide after a crash",
                |protocol: &Self, state: &State| {
                    state.crashed && state.lowest() == protocol.heights
                },
            ));
        }
        properties
    }
}

/// A quorum commits a block in a view above that of its first proposal.
fn reproposed(protocol: &Protocol, state: &State) -> bool {
    (1..protocol.views).any(|view| {
        let certificates = protocol.certificates(state, (0, view, Phase::Commit));
        certificates.iter().any(|(block, _)| block.view() < view)
    })
}
