//! The faults, as they are drawn.

use std::time::Duration;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::parent::model::ORGANISATIONS;
use crate::protocol::Conduct;

/// A fault and its circumstances.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// SIGKILL under load; then so many starts that are killed after these times.
    Kill { starts: Vec<Duration> },
    /// SIGTERM under load, and a start after the orderly end.
    Terminate,
    /// SIGSTOP, and SIGCONT after this time.
    Pause(Duration),
    /// The disk is full but for these bytes.
    FullDisk {
        leave: usize,
        lasts: Duration,
        /// The child is killed, and started while the disk is full.
        start: bool,
    },
    /// The network of these members is cut.
    Silence {
        organisations: Vec<&'static str>,
        lasts: Duration,
    },
    /// A holder refuses shares, or gives wrong ones.
    Conduct {
        organisation: &'static str,
        conduct: Conduct,
        lasts: Duration,
    },
    /// Clocks of these members step by so much, and back.
    Clock {
        organisations: Vec<&'static str>,
        offset_ms: i64,
        lasts: Duration,
    },
    /// Objects in a member's store are damaged, and restored later.
    Objects {
        organisation: &'static str,
        lasts: Duration,
    },
    /// A file of a member is damaged while the child is down.
    Member {
        organisation: &'static str,
        orderly: bool,
    },
}

impl Fault {
    /// The next fault; without a small disk, another one than a full disk.
    pub(super) fn draw(rng: &mut ChaCha8Rng, small_disk: bool) -> Self {
        loop {
            let fault = Self::draw_any(rng);
            if small_disk || !matches!(fault, Self::FullDisk { .. }) {
                return fault;
            }
        }
    }

    fn draw_any(rng: &mut ChaCha8Rng) -> Self {
        let organisation = ORGANISATIONS[rng.random_range(0..ORGANISATIONS.len())];
        match rng.random_range(0..100) {
            0..26 => {
                let count = if rng.random_bool(0.4) {
                    rng.random_range(1..4)
                } else {
                    0
                };
                let starts = (0..count).map(|_| millis(rng, 0, 2_000)).collect();
                Self::Kill { starts }
            }
            26..34 => Self::Terminate,
            34..42 => Self::Pause(millis(rng, 200, 15_000)),
            42..57 => Self::FullDisk {
                leave: [0, 0, 64 << 10, 1 << 20][rng.random_range(0..4)],
                lasts: millis(rng, 3_000, 20_000),
                start: rng.random_bool(0.25),
            },
            57..67 => Self::draw_clock(rng, organisation),
            67..76 => {
                let other = ORGANISATIONS[rng.random_range(0..ORGANISATIONS.len())];
                let mut organisations = vec![organisation];
                if rng.random_bool(0.3) && other != organisation {
                    organisations.push(other);
                }
                Self::Silence {
                    organisations,
                    lasts: millis(rng, 2_000, 25_000),
                }
            }
            76..81 => Self::Conduct {
                organisation,
                conduct: [Conduct::Refuse, Conduct::Lie][rng.random_range(0..2)],
                lasts: millis(rng, 2_000, 15_000),
            },
            81..88 => Self::Objects {
                organisation,
                lasts: millis(rng, 3_000, 15_000),
            },
            _ => Self::Member {
                organisation,
                orderly: rng.random_bool(0.5),
            },
        }
    }

    /// A step of seconds or of hours, ahead or behind, of one clock or of all.
    fn draw_clock(rng: &mut ChaCha8Rng, organisation: &'static str) -> Self {
        let organisations = if rng.random_bool(0.5) {
            vec![organisation]
        } else {
            ORGANISATIONS.to_vec()
        };
        let longest_ms = if rng.random_bool(0.7) {
            30_000
        } else {
            7_200_000
        };
        let offset_ms = rng.random_range(500..longest_ms);
        Self::Clock {
            organisations,
            offset_ms: if rng.random_bool(0.5) {
                offset_ms
            } else {
                -offset_ms
            },
            lasts: millis(rng, 2_000, 20_000),
        }
    }

    /// The name in the report.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Kill { .. } => "kill",
            Self::Terminate => "orderly stop",
            Self::Pause(_) => "pause",
            Self::FullDisk { start: false, .. } => "full disk",
            Self::FullDisk { start: true, .. } => "start on a full disk",
            Self::Silence { .. } => "silent members",
            Self::Clock { .. } => "clock step",
            Self::Conduct { .. } => "holder refuses or lies",
            Self::Objects { .. } => "damaged objects",
            Self::Member { .. } => "damaged member",
        }
    }
}

fn millis(rng: &mut ChaCha8Rng, from: u64, to: u64) -> Duration {
    Duration::from_millis(rng.random_range(from..to))
}
