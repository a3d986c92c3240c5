//! The state of each member, as far as it can be told from outside.

use std::path::PathBuf;
use std::time::Duration;

pub use medshare_ledger::Refusing;
use medshare_types::{Height, ReplicaId, Timestamp};

use crate::damage::{DamagedFile, WayBack};

/// Blocks by which a running member may be behind for a moment.
const USUAL_LAG: u64 = 2;
/// Difference of clocks that delays nothing, milliseconds.
const USUAL_CLOCK_ERROR_MS: u64 = 1_000;
/// Bytes below which a member's next checkpoint may not fit on its disk.
const LOW_DISK: u64 = 16 << 20;

/// One member of the consortium, from
/// [`Consortium::health`](crate::Consortium::health).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberHealth {
    /// The organisation's name, as in the genesis.
    pub organisation: String,
    /// Its index in the genesis.
    pub seat: ReplicaId,
    /// What was found.
    pub state: MemberState,
}

/// What was found of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberState {
    /// It answers, with a proof of its height.
    Running(Running),
    /// It gave no answer within [`Deadlines::with_answer`](crate::Deadlines::with_answer).
    Silent,
    /// It has too much to do to tell.
    Busy {
        /// The member's reason, in its own words.
        reason: String,
    },
    /// Its answer does not verify or makes no sense.
    Invalid {
        /// What is wrong with the answer.
        reason: String,
    },
    /// It ended for what is no file's fault, and does not come back by itself.
    Ended {
        /// Why it ended.
        reason: String,
    },
    /// It did not start, or ended: a file of it is damaged or missing.
    Damaged {
        /// The kind of the file.
        file: DamagedFile,
        /// The file, or the folder of a key store.
        path: PathBuf,
        /// What brings the member back.
        way_back: WayBack,
        /// What was found.
        reason: String,
    },
}

/// What a running member tells of itself. Height and time of the last block are proven, the rest is
/// the member's word.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// Height of the member's last block; 0 before the first.
    pub height: Height,
    /// Blocks by which the member is behind the highest one that answered.
    pub lag: u64,
    /// Time of the last block of the highest member; the founding before the first block.
    pub tip_time: Timestamp,
    /// The member's clock.
    pub clock: Timestamp,
    /// Transactions that wait at the member to be ordered.
    pub waiting: u32,
    /// Bytes that the member may still write to its disk, where its system tells.
    pub disk_free: Option<u64>,
    /// The seat whose turn it is to propose the next block, as the member sees it. Turns pass on with
    /// every block, and where one is lost.
    pub primary: ReplicaId,
    /// True while the member does not know its own votes, because its log was lost or copied. It signs
    /// nothing that they may contradict.
    pub lost: bool,
    /// True when the member should hold a share of the gate key, and has none.
    pub lacks_share: bool,
    /// Why the member refuses requests for the time being.
    pub refusing: Option<Refusing>,
    /// The median of the other running members' clocks at the same moment.
    pub other_clocks: Option<Timestamp>,
}

impl Running {
    /// How far the member's clock is behind the last block. Blocks follow all the same, a millisecond
    /// apart; a holder more than 30 seconds behind releases no share.
    #[must_use]
    pub fn clock_behind_tip(&self) -> Duration {
        Duration::from_millis(self.tip_time.millis_since(self.clock))
    }
}

impl Running {
    /// How far the member's clock is ahead of the others'. What it proposes is then too early for
    /// them.
    #[must_use]
    pub fn clock_ahead(&self) -> Duration {
        let others = self.other_clocks.unwrap_or(self.clock);
        Duration::from_millis(self.clock.millis_since(others))
    }

    fn problem(&self, name: &str) -> Option<String> {
        let free = match self.disk_free {
            Some(free) => format!("{free} bytes are free"),
            None => "its free bytes are not known".to_owned(),
        };
        match self.refusing {
            Some(Refusing::DiskFull { since, needed }) => {
                return Some(format!(
                    "the disk of {name} is full since {since}, so it refuses everything; {free}, \
                     and it goes on with {needed}"
                ));
            }
            Some(Refusing::DiskLow { since, needed }) => {
                return Some(format!(
                    "the disk of {name} is nearly full since {since}, so it takes nothing new; \
                     {free}, and it goes on with {needed}"
                ));
            }
            _ => {}
        }
        let ahead = self.clock_ahead().as_millis();
        if ahead > u128::from(USUAL_CLOCK_ERROR_MS) {
            return Some(format!(
                "the clock of {name} is {ahead} ms ahead of the others"
            ));
        }
        let behind = self.clock_behind_tip().as_millis();
        if behind > u128::from(USUAL_CLOCK_ERROR_MS) {
            return Some(format!(
                "the clock of {name} is {behind} ms behind the last block"
            ));
        }
        match self.disk_free {
            Some(free) if free < LOW_DISK => {
                return Some(format!("the disk of {name} has {free} bytes left"));
            }
            _ => {}
        }
        if self.lost {
            return Some(format!("{name} forgot its votes, and waits for the others"));
        }
        if self.lacks_share {
            return Some(format!("{name} has no share of the gate key"));
        }
        (self.lag > USUAL_LAG).then(|| format!("{name} is {} blocks behind", self.lag))
    }
}

impl MemberHealth {
    /// What keeps the member from its work, for people; `None` where nothing is known.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let name = &self.organisation;
        match &self.state {
            MemberState::Silent => Some(format!("{name} does not answer")),
            MemberState::Busy { reason } => Some(format!("{name} is busy: {reason}")),
            MemberState::Invalid { reason } => Some(format!("{name} answers wrongly: {reason}")),
            MemberState::Damaged {
                file,
                path,
                way_back,
                reason,
            } => {
                let path = path.display();
                Some(format!(
                    "the {file} of {name}, {path}: {reason}; {way_back}"
                ))
            }
            MemberState::Ended { reason } => Some(format!("{name}: {reason}")),
            MemberState::Running(running) => running.problem(name),
        }
    }
}

/// The problems of all members.
pub(crate) fn problems(members: &[MemberHealth]) -> Vec<String> {
    members.iter().filter_map(MemberHealth::problem).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn running(name: &str, seat: u16) -> (MemberHealth, Running) {
        let running = Running {
            height: Height(9),
            lag: 0,
            tip_time: Timestamp::from_millis(50_000),
            clock: Timestamp::from_millis(50_100),
            waiting: 0,
            disk_free: Some(1 << 30),
            primary: ReplicaId(0),
            lost: false,
            lacks_share: false,
            refusing: None,
            other_clocks: Some(Timestamp::from_millis(50_000)),
        };
        let member = MemberHealth {
            organisation: name.to_owned(),
            seat: ReplicaId(seat),
            state: MemberState::Running(running.clone()),
        };
        (member, running)
    }

    #[test]
    fn each_problem_names_its_member() {
        let (sound, state) = running("charite", 1);
        assert_eq!(sound.problem(), None);
        let with = |state| MemberHealth {
            state,
            ..sound.clone()
        };
        let late = Running {
            clock: Timestamp::from_millis(20_000),
            ..state.clone()
        };
        assert_eq!(late.clock_behind_tip(), Duration::from_secs(30));
        let full = Running {
            disk_free: Some(0),
            ..state.clone()
        };
        let ahead = Running {
            other_clocks: Some(Timestamp::from_millis(20_100)),
            ..state.clone()
        };
        let since = Timestamp::from_millis(40_000);
        let refusing = Running {
            refusing: Some(Refusing::DiskFull { since, needed: 77 }),
            ..full.clone()
        };
        let low = Running {
            refusing: Some(Refusing::DiskLow { since, needed: 77 }),
            ..full.clone()
        };
        let lagging = Running {
            lag: 40,
            ..state.clone()
        };
        let lost = Running {
            lost: true,
            ..state.clone()
        };
        let without_share = Running {
            lacks_share: true,
            ..state.clone()
        };
        let damaged = MemberState::Damaged {
            file: DamagedFile::Ledger,
            path: PathBuf::from("ledger.redb"),
            way_back: WayBack::Rebuild,
            reason: "it ends too early".to_owned(),
        };
        for (state, word) in [
            (MemberState::Running(lost), "forgot its votes"),
            (MemberState::Running(without_share), "no share"),
            (damaged, "ledger.redb: it ends too early; rebuild"),
            (MemberState::Running(late), "30000 ms behind"),
            (MemberState::Running(ahead), "30000 ms ahead of the others"),
            (MemberState::Running(full), "0 bytes left"),
            (
                MemberState::Running(refusing),
                "refuses everything; 0 bytes",
            ),
            (MemberState::Running(low), "takes nothing new"),
            (MemberState::Running(lagging), "40 blocks"),
            (MemberState::Silent, "does not answer"),
        ] {
            let problem = with(state).problem().unwrap();
            assert!(
                problem.contains(word) && problem.contains("charite"),
                "{problem}"
            );
        }
    }
}
