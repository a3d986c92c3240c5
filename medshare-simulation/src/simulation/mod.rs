//! The run of a scenario: nodes in one runtime of one thread, whose clock is paused.

mod ending;
mod look;
mod power;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use medshare_node::{NodeError, NodeHandle};
use medshare_testkit::SimRng;
use medshare_testkit::fixtures::Members;
use medshare_types::{ReplicaId, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::{Duration, sleep};

use look::Watch;

use crate::byzantine::Mischief;
use crate::client::Clients;
use crate::disk::Disk;
use crate::founding::{Consortium, Secrets};
use crate::invariants::Invariants;
use crate::report::Report;
use crate::scenario::{Incident, Lie, Loss, Scenario};
use crate::trace::Trace;
use crate::world::{Beginning, Event, Host, State, World};

/// Longest sleep of the driver.
const NAP: Duration = Duration::from_millis(250);
/// The longest time until a machine is switched on, milliseconds.
const SWITCHED_ON_MS: u64 = 300;

/// A start of a node that is over.
type Started = (usize, u32, Result<NodeHandle, NodeError>);

/// The driver of a run.
struct Run {
    scenario: Scenario,
    world: Arc<World>,
    members: Arc<Members>,
    /// The time of the slowest clock when the run begins.
    epoch: Timestamp,
    /// The running node of each machine.
    handles: Vec<Option<NodeHandle>>,
    started: Arc<Mutex<Vec<Started>>>,
    watch: Option<JoinHandle<()>>,
}

/// Runs a scenario from these disks, and returns what is on the disks and in the key stores of the
/// seats at its end.
#[expect(clippy::expect_used, reason = "without a runtime there is no run")]
pub(crate) fn run_on(scenario: Scenario, consortium: Consortium) -> (Report, Vec<(Disk, Secrets)>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async { Run::new(scenario, consortium).go().await })
}

impl Run {
    fn new(scenario: Scenario, consortium: Consortium) -> Self {
        let mut rng = SimRng::new(scenario.seed);
        let Consortium {
            members,
            machines,
            now,
        } = consortium;
        let mut hosts = Vec::new();
        for (seat, (disk, secrets)) in (0..).map(ReplicaId).zip(&machines) {
            let lie = scenario.lies.get(&seat);
            hosts.push(Host {
                seat,
                disk: disk.clone(),
                secrets: secrets.clone(),
                ahead_ms: rng.between(0, scenario.faults.skew_ms),
                mischief: lie.map(|lie| mischief(*lie, scenario.members, &mut rng)),
                ..Host::default()
            });
        }
        let twins = scenario.lies.iter().filter(|(_, lie)| **lie == Lie::Twin);
        for (seat, _) in twins {
            let (disk, secrets) = &machines[seat.index()];
            hosts.push(Host {
                seat: *seat,
                disk: disk.clone(),
                secrets: secrets.clone(),
                mischief: Some(Mischief::Twin),
                ..Host::default()
            });
        }
        let byzantine: BTreeSet<_> = scenario.lies.keys().copied().collect();
        let beginning = Beginning {
            rng,
            faults: scenario.faults,
            calm_after_ms: scenario.calm_after_ms,
            invariants: Invariants::new(members.genesis(), byzantine),
            trace: Trace::new(scenario.narrated),
            hosts,
        };
        let state = State::begin(beginning);
        Self {
            handles: state.hosts.iter().map(|_| None).collect(),
            world: World::new(state),
            members: Arc::new(members),
            epoch: now,
            started: Arc::default(),
            watch: None,
            scenario,
        }
    }

    async fn go(mut self) -> (Report, Vec<(Disk, Secrets)>) {
        self.begin();
        loop {
            self.take_started();
            let wait = loop {
                let due = self.world.lock().pop_due();
                match due {
                    Ok((host, event)) => self.happen(host, event),
                    Err(wait) => break wait.unwrap_or(NAP).min(NAP),
                }
            };
            if self.is_over() {
                break;
            }
            tokio::select! {
                biased;
                () = self.world.changed.notified() => {}
                () = sleep(wait) => {}
            }
        }
        self.end().await
    }

    /// Switches the machines on, one after the other, and lets the clients begin.
    fn begin(&mut self) {
        let clients = Clients {
            world: Arc::clone(&self.world),
            members: Arc::clone(&self.members),
        };
        clients.start(self.scenario.load, self.scenario.calm_after_ms);
        let watch = Watch {
            world: Arc::clone(&self.world),
            members: self.scenario.members,
            from_nothing: self.scenario.from_nothing,
        };
        self.watch = Some(tokio::spawn(watch.look_again_and_again()));
        let mut state = self.world.lock();
        for host in 0..state.hosts.len() {
            let after_ms = state.rng.below(SWITCHED_ON_MS);
            state.schedule(after_ms, host, Event::Start);
        }
        for (at_ms, seat, incident) in &self.scenario.incidents {
            state.schedule(*at_ms, seat.index(), Event::Incident(*incident));
        }
    }

    fn happen(&mut self, host: usize, event: Event) {
        match event {
            Event::Frame { from, frame } => {
                let state = self.world.lock();
                if let Some(inbox) = &state.hosts[host].inbox {
                    // A full inbox drops it, as the transport may.
                    let _ = inbox.try_send(from, frame);
                }
            }
            Event::Fell => self.fell(host),
            Event::Start => self.start(host),
            Event::Incident(incident) => self.befall(host, incident),
        }
    }

    fn befall(&self, host: usize, incident: Incident) {
        let mut state = self.world.lock();
        state.note(host, &|| format!("{incident:?}"));
        match incident {
            Incident::PowerCut => {
                if state.hosts[host].is_on {
                    state.cut_power(host, "all of it");
                }
            }
            Incident::DiskFull(for_ms) => {
                let until_ms = state.now_ms() + for_ms;
                state.hosts[host].full_until_ms = until_ms;
            }
            Incident::DiskLow(for_ms) => {
                let until_ms = state.now_ms() + for_ms;
                state.hosts[host].low_until_ms = until_ms;
            }
            Incident::Backup => {
                let machine = &mut state.hosts[host];
                machine.backup = Some(machine.disk.backup());
            }
            Incident::SetClock(ahead_ms) => state.hosts[host].ahead_ms = ahead_ms,
            Incident::CutOff(for_ms) => {
                let until_ms = state.now_ms() + for_ms;
                state.hosts[host].cut_off_until_ms = until_ms;
            }
            Incident::Slow(work_ms) => state.hosts[host].slow_ms = work_ms,
            Incident::Lose(loss) => {
                if state.hosts[host].is_on {
                    state.cut_power(host, "and more");
                }
                let seat = state.hosts[host].seat;
                state.drop_frames_of(seat);
                state.invariants.lost(host);
                state.counts.losses += 1;
                lose(&mut state.hosts[host], loss);
            }
        }
    }
}

fn lose(machine: &mut Host, loss: Loss) {
    match loss {
        Loss::Folder => {
            machine.disk.log = None;
            machine.disk.ledger = None;
            machine.rebuilds = true;
        }
        Loss::Log => {
            machine.disk.log = None;
            machine.rebuilds = true;
        }
        Loss::Copied => machine.disk.copy_log(),
        Loss::Restored => match machine.backup.take() {
            Some(backup) => machine.disk.restore(&backup),
            None => machine.disk.copy_log(),
        },
    }
}

fn mischief(lie: Lie, members: u16, rng: &mut SimRng) -> Mischief {
    match lie {
        Lie::Wires => Mischief::drawn(members, rng),
        Lie::Altered(per_mille) => Mischief::Alter(per_mille),
        Lie::Twin => Mischief::Twin,
    }
}
