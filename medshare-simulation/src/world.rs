//! All that the machines of a run share: the clock, the chance, the wires, the power.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use medshare_node::NodeClient;
use medshare_node::transport::InboxSender;
use medshare_testkit::SimRng;
use medshare_types::ReplicaId;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use crate::byzantine::Mischief;
use crate::disk::Disk;
use crate::invariants::Invariants;
use crate::links::Links;
use crate::report::{Counts, Point};
use crate::scenario::{Faults, Incident};
use crate::trace::Trace;

/// Bytes that a disk with room tells of, and one with little.
const ROOM: u64 = 1 << 40;
const LITTLE_ROOM: u64 = 1 << 20;

/// An event at a machine, which has a number: its seat, or after all seats that of a second machine.
#[derive(Debug)]
pub(crate) enum Event {
    Frame {
        from: ReplicaId,
        frame: Bytes,
    },
    /// Its power went; the disk is already as that left it.
    Fell,
    Start,
    Incident(Incident),
}

/// One machine, and the node on it.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) seat: ReplicaId,
    /// Counts the starts, so that what is left of an earlier one has no effect.
    pub(crate) life: u32,
    pub(crate) is_on: bool,
    pub(crate) crashes: u32,
    pub(crate) disk: Disk,
    /// The files as they were at some time.
    pub(crate) backup: Option<Disk>,
    /// Files were removed: its next starts may begin them again.
    pub(crate) rebuilds: bool,
    pub(crate) secrets: BTreeMap<String, Vec<u8>>,
    /// Milliseconds by which its clock is ahead of the slowest.
    pub(crate) ahead_ms: u64,
    /// End of the time in which its disk takes no byte.
    pub(crate) full_until_ms: u64,
    /// End of the time in which its disk has little room.
    pub(crate) low_until_ms: u64,
    /// End of the time in which no frame reaches it.
    pub(crate) cut_off_until_ms: u64,
    /// The longest duration of its work until the calm, milliseconds.
    pub(crate) slow_ms: u64,
    pub(crate) inbox: Option<InboxSender>,
    pub(crate) client: Option<NodeClient>,
    pub(crate) mischief: Option<Mischief>,
}

/// A look at the nodes.
#[derive(Default)]
pub(crate) struct Look {
    /// When it began, milliseconds; `None` before the first.
    pub(crate) began_ms: Option<u64>,
    /// What was still to be done; `None` where nothing was.
    pub(crate) unsettled: Option<String>,
}

/// What changes in a run.
pub(crate) struct State {
    pub(crate) rng: SimRng,
    pub(crate) faults: Faults,
    pub(crate) calm_after_ms: u64,
    pub(crate) hosts: Vec<Host>,
    pub(crate) invariants: Invariants,
    pub(crate) trace: Trace,
    pub(crate) counts: Counts,
    pub(crate) links: Links,
    /// Clients that are not done.
    pub(crate) busy_clients: usize,
    /// What the nodes were found to be like.
    pub(crate) look: Look,
    began: Instant,
    queue: BTreeMap<(u64, u64), (usize, Event)>,
    sequence: u64,
}

/// The state, for all tasks of the run; they are on one thread.
pub(crate) struct World {
    state: Mutex<State>,
    /// Something is in the queue, or a start is over.
    pub(crate) changed: Notify,
}

impl World {
    pub(crate) fn new(state: State) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(state),
            changed: Notify::new(),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a run is made of; all else of its [`State`] follows.
pub(crate) struct Beginning {
    pub(crate) rng: SimRng,
    pub(crate) faults: Faults,
    pub(crate) calm_after_ms: u64,
    pub(crate) hosts: Vec<Host>,
    pub(crate) invariants: Invariants,
    pub(crate) trace: Trace,
}

impl State {
    /// Begins the clock; inside of a runtime.
    pub(crate) fn begin(beginning: Beginning) -> Self {
        Self {
            rng: beginning.rng,
            faults: beginning.faults,
            calm_after_ms: beginning.calm_after_ms,
            hosts: beginning.hosts,
            invariants: beginning.invariants,
            trace: beginning.trace,
            counts: Counts::default(),
            links: Links::default(),
            busy_clients: 0,
            look: Look::default(),
            began: Instant::now(),
            queue: BTreeMap::new(),
            sequence: 0,
        }
    }

    /// Milliseconds since the run began.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.now_ms() >= self.calm_after_ms
    }

    /// Those of the scenario until the calm.
    pub(crate) fn faults_now(&self) -> Faults {
        if self.is_calm() {
            Faults::NONE
        } else {
            self.faults
        }
    }

    pub(crate) fn schedule(&mut self, after_ms: u64, host: usize, event: Event) {
        self.sequence += 1;
        let at = (self.now_ms() + after_ms, self.sequence);
        self.queue.insert(at, (host, event));
    }

    /// The next event that is due, or how long there is none.
    pub(crate) fn pop_due(&mut self) -> Result<(usize, Event), Option<Duration>> {
        let now_ms = self.now_ms();
        let Some(next) = self.queue.first_entry() else {
            return Err(None);
        };
        let (at_ms, _) = *next.key();
        if at_ms > now_ms {
            return Err(Some(Duration::from_millis(at_ms - now_ms)));
        }
        Ok(next.remove())
    }

    /// Drops the frames of a seat that are under way: its channels end with the process.
    pub(crate) fn drop_frames_of(&mut self, seat: ReplicaId) {
        self.queue
            .retain(|_, (_, event)| !matches!(event, Event::Frame { from, .. } if *from == seat));
    }

    /// Adds a step to the trace.
    pub(crate) fn note(&mut self, host: usize, what: &dyn Fn() -> String) {
        let now_ms = self.now_ms();
        self.trace.step(now_ms, host, what);
    }

    /// Takes the power from a machine.
    pub(crate) fn cut_power(&mut self, host: usize, why: &str) {
        self.note(host, &|| format!("LOSES POWER ({why})"));
        let machine = &mut self.hosts[host];
        machine.is_on = false;
        machine.crashes += 1;
        machine.client = None;
        machine.inbox = None;
        machine.disk.lose_power(&mut self.rng);
        self.counts.crashes += 1;
        self.schedule(0, host, Event::Fell);
    }

    /// True when the machine loses its power at this point. The caller then cuts it.
    fn fails_at(&mut self, host: usize, point: Point) -> bool {
        let faults = self.faults_now();
        let per_million = faults.crash_per_mille
            * match point {
                // A sync of the ledger is some twenty writes.
                Point::LedgerWrite => 500,
                // Once in sixteen blocks.
                Point::LogReplace | Point::LedgerSync | Point::Secret => 10_000,
                Point::Send | Point::LogWrite | Point::LogSync => 1_000,
            };
        self.hosts[host].crashes < faults.crashes && self.rng.below(1_000_000) < per_million
    }

    /// The longest duration of a machine's work at present, milliseconds.
    pub(crate) fn work_ms(&self, host: usize) -> u64 {
        let slow_ms = self.hosts[host].slow_ms;
        let slow_ms = if self.is_calm() { 0 } else { slow_ms };
        self.faults_now().work_ms.max(slow_ms)
    }

    /// True when no frame reaches the machine.
    pub(crate) fn is_cut_off(&self, host: usize) -> bool {
        self.now_ms() < self.hosts[host].cut_off_until_ms
    }

    /// The machines of honest seats.
    pub(crate) fn honest(&self) -> Vec<usize> {
        let hosts = 0..self.hosts.len();
        let is_honest = |host: &usize| !self.invariants.is_byzantine(self.hosts[*host].seat);
        hosts.filter(is_honest).collect()
    }

    /// Bytes that the disk says it has left.
    pub(crate) fn free_bytes(&self, host: usize) -> u64 {
        if self.is_full(host) {
            0
        } else if self.now_ms() < self.hosts[host].low_until_ms {
            LITTLE_ROOM
        } else {
            ROOM
        }
    }

    /// True when the disk takes no byte.
    pub(crate) fn is_full(&self, host: usize) -> bool {
        self.now_ms() < self.hosts[host].full_until_ms
    }
}

/// One life of a machine, as the seams of its node reach the world. Once it is over, nothing that is
/// left of its node has an effect.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) world: Arc<World>,
    pub(crate) host: usize,
    pub(crate) life: u32,
}

impl Life {
    /// The world, while the machine is on.
    pub(crate) fn on(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.world.lock();
        let host = &state.hosts[self.host];
        if host.is_on && host.life == self.life {
            Ok(state)
        } else {
            Err(off())
        }
    }

    /// As [`on`](Self::on), unless the machine loses its power here. Then the first half of the
    /// effect may have happened: `torn` says what that is.
    pub(crate) fn at(
        &self,
        point: Point,
        torn: impl FnOnce(&mut State, &mut SimRng),
    ) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.on()?;
        if !state.fails_at(self.host, point) {
            return Ok(state);
        }
        let mut rng = SimRng::new(state.rng.next_u64());
        torn(&mut state, &mut rng);
        state.counts.points.insert(point);
        state.cut_power(self.host, &format!("{point:?}"));
        drop(state);
        self.world.changed.notify_one();
        Err(off())
    }
}

fn off() -> io::Error {
    io::Error::other("the machine is off")
}
