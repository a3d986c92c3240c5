//! The end of a run: when it is there, and what is looked at then.

use medshare_types::Height;

use super::Run;
use crate::disk::Disk;
use crate::founding::Secrets;
use crate::report::{Property, Report};

impl Run {
    /// True once a property is broken, all work is done, or time is up.
    pub(super) fn is_over(&self) -> bool {
        let mut state = self.world.lock();
        let state = &mut *state;
        if !state.invariants.violations.is_empty() {
            return true;
        }
        // In the calm no machine falls that was found to be well.
        if state
            .look
            .began_ms
            .is_none_or(|began_ms| began_ms < state.calm_after_ms)
        {
            return false;
        }
        let Some(unsettled) = state.look.unsettled.clone() else {
            return true;
        };
        let late = state.now_ms() > state.calm_after_ms + self.scenario.deadline_ms;
        if late {
            state.invariants.broken(Property::GoesOn, unsettled);
        }
        late
    }

    /// Stops the nodes and looks at what they leave.
    pub(super) async fn end(mut self) -> (Report, Vec<(Disk, Secrets)>) {
        // Nodes that are stopped have not ended by themselves.
        if let Some(watch) = self.watch.take() {
            watch.abort();
        }
        // Members that stall may have parted.
        let whole = {
            let state = self.world.lock();
            let mut violations = state.invariants.violations.iter();
            violations.all(|violation| violation.property == Property::GoesOn)
        };
        if whole {
            let honest = self.world.lock().honest();
            for host in honest {
                self.shut_down(host).await;
            }
        }
        let mut state = self.world.lock();
        let state = &mut *state;
        let simulated_ms = state.now_ms();
        let mut height = Height(0);
        if whole {
            let honest = state.hosts.iter().enumerate();
            let honest = honest.filter(|(_, host)| !state.invariants.is_byzantine(host.seat));
            let ledgers: Vec<_> = honest
                .filter_map(|(number, host)| Some((number, host.seat, host.disk.ledger.as_ref()?)))
                .collect();
            let lasted = state.hosts.iter().enumerate();
            let lasted = lasted.map(|(number, host)| (number, host.life)).collect();
            height = Height(state.invariants.ledgers(&ledgers, &lasted));
        }
        let report = Report {
            trace: state.trace.digest(),
            violations: state.invariants.violations.clone(),
            height: height.0,
            simulated_ms,
            settled_ms: simulated_ms.saturating_sub(state.calm_after_ms),
            counts: state.counts.clone(),
            words: state.trace.words.take(),
        };
        let hosts = state.hosts.iter();
        let disks = hosts.map(|host| (host.disk.clone(), host.secrets.clone()));
        (report, disks.collect())
    }

    async fn shut_down(&mut self, host: usize) {
        let Some(node) = self.handles[host].take() else {
            return;
        };
        if let Err(error) = node.shut_down().await {
            let what = format!("machine {host} does not stop: {error}");
            let mut state = self.world.lock();
            state.invariants.broken(Property::NodeRuns, what);
        }
    }
}
