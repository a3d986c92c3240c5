//! Looks at the nodes of a run, beside the driver.

use std::collections::BTreeSet;
use std::sync::Arc;

use medshare_ledger::{MemberStatus, RpcRequest, RpcResponse};
use medshare_node::End;
use medshare_node::secrets::GATE_SHARE;
use medshare_types::{Height, ReplicaId, Wire as _};
use tokio::time::{Duration, sleep, timeout};

use super::power::chain_of;
use crate::report::Property;
use crate::world::{Look, World};

/// Simulated time between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// Longer than a member takes to tell how it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most transactions that wait in one pool, and most of one key.
const POOL: (usize, usize) = (4_096, 512);

/// Asks the honest nodes how they are.
pub(super) struct Watch {
    pub(super) world: Arc<World>,
    pub(super) members: u16,
    pub(super) from_nothing: bool,
}

impl Watch {
    pub(super) async fn look_again_and_again(self) {
        loop {
            sleep(PAUSE).await;
            let began_ms = Some(self.world.lock().now_ms());
            self.look_for_ends().await;
            let unsettled = self.unsettled().await;
            self.world.lock().look = Look {
                began_ms,
                unsettled,
            };
            self.world.changed.notify_one();
        }
    }

    /// What is still to be done; `None` where nothing is.
    async fn unsettled(&self) -> Option<String> {
        let mut heights = BTreeSet::new();
        let mut unsettled = None;
        let honest = self.world.lock().honest();
        for host in honest {
            match self.status(host).await {
                None => unsettled = Some(format!("machine {host} is not there")),
                Some(status) => {
                    let tip = status.tip.as_ref();
                    heights.insert(tip.map_or(Height(0), |tip| tip.header.height));
                    self.check_pool(host, &status);
                    let busy = status.waiting > 0 || status.lost || status.refusing.is_some();
                    let lacks = self.from_nothing && !self.has_share(host);
                    if busy || lacks || status.lacks_share {
                        unsettled = Some(format!("machine {host}: {status:?}"));
                    }
                }
            }
        }
        if heights.len() > 1 {
            unsettled = Some(format!("heights {heights:?}"));
        }
        let busy = self.world.lock().busy_clients;
        if busy > 0 {
            unsettled = Some(format!("{busy} clients wait, heights {heights:?}"));
        }
        unsettled
    }

    fn has_share(&self, host: usize) -> bool {
        let state = self.world.lock();
        state.hosts[host].secrets.contains_key(GATE_SHARE)
    }

    async fn status(&self, host: usize) -> Option<MemberStatus> {
        let client = self.world.lock().hosts[host].client.clone()?;
        let asked = client.request(RpcRequest::Status.to_wire());
        let answer = timeout(PATIENCE, asked).await.ok()?.ok()?;
        match RpcResponse::from_wire(&answer) {
            Ok(RpcResponse::Status(status)) => Some(*status),
            _ => None,
        }
    }

    /// Every key of this run is an organisation's.
    fn check_pool(&self, host: usize, status: &MemberStatus) {
        let (all, of_key) = POOL;
        let bound = all.min(of_key * usize::from(self.members));
        if status.waiting as usize > bound {
            let what = format!("{} wait at machine {host}", status.waiting);
            let mut state = self.world.lock();
            state.invariants.broken(Property::BoundedPool, what);
        }
    }

    /// A node that ended although its machine is on.
    async fn look_for_ends(&self) {
        let clients: Vec<_> = {
            let state = self.world.lock();
            let hosts = state.hosts.iter().enumerate();
            hosts
                .filter(|(_, machine)| machine.is_on)
                .filter_map(|(host, machine)| Some((host, machine.seat, machine.client.clone()?)))
                .collect()
        };
        for (host, seat, client) in clients {
            if let Some(end) = client.end().await {
                self.ended(host, seat, &end);
            }
        }
    }

    fn ended(&self, host: usize, seat: ReplicaId, end: &End) {
        let mut state = self.world.lock();
        if !state.hosts[host].is_on {
            return;
        }
        let why = match end {
            End::Failed(error) => chain_of(error),
            other => format!("{other:?}"),
        };
        let what = format!("member {seat} ended by itself: {why}");
        state.invariants.broken(Property::NodeRuns, what);
    }
}
