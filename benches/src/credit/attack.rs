//! What Byzantine members do.

use medshare_types::id::ReplicaId;

/// Epochs from one bad one to the next, of the liars of an on-off attack in turn.
pub(crate) const PERIODS: [u64; 5] = [2, 3, 5, 8, 12];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    /// Neither votes nor proposes, and is not ready for a seat.
    Crash,
    /// Proposes, and never commits.
    Withhold,
    /// Signs two votes for one view, once it sits.
    Equivocate,
    /// Withholds in every second, third, fifth, eighth or twelfth epoch, each liar in its own rhythm.
    OnOff,
    /// Blames honest primaries, and gives up their views whenever a slow honest member helps.
    Grief,
    /// Shows commits to friends only, which record them in their blocks.
    Selective,
    /// Proposes just before the view is given up.
    Slow,
    /// Behaves, until more than f of them sit; then withholds.
    Sleeper,
}

impl Attack {
    pub(crate) const ALL: [Self; 8] = [
        Self::Crash,
        Self::Withhold,
        Self::Equivocate,
        Self::OnOff,
        Self::Grief,
        Self::Selective,
        Self::Slow,
        Self::Sleeper,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Withhold => "withhold",
            Self::Equivocate => "equivocate",
            Self::OnOff => "on-off",
            Self::Grief => "grief",
            Self::Selective => "selective",
            Self::Slow => "slow",
            Self::Sleeper => "sleeper",
        }
    }

    /// Which members see a liar's commits in an epoch. `strong`: more than f liars sit.
    pub(crate) const fn commits(self, liar: ReplicaId, epoch: u64, strong: bool) -> Shown {
        match self {
            Self::Crash | Self::Withhold => Shown::None,
            Self::OnOff if (epoch + 1).is_multiple_of(PERIODS[liar.0 as usize % PERIODS.len()]) => {
                Shown::None
            }
            Self::Sleeper if strong => Shown::None,
            Self::Selective => Shown::Friends,
            Self::OnOff | Self::Sleeper | Self::Equivocate | Self::Grief | Self::Slow => Shown::All,
        }
    }
}

/// Which members see a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    All,
    Friends,
    None,
}
