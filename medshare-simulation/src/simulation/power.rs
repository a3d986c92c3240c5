//! Starts of nodes, and what is left of them when their power goes.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use medshare_ledger::{RpcRequest, RpcResponse};
use medshare_node::transport::{Link, inbox};
use medshare_node::{DEFAULT_DISK_FLOOR, NodeClient, NodeConfig, NodeError, NodeHandle, Recovery};
use medshare_types::Wire as _;

use super::{Run, Started};
use crate::machine::SimMachine;
use crate::network::SimOutbound;
use crate::report::Property;
use crate::secrets::SimKeys;
use crate::volume::SimVolume;
use crate::world::{Event, Life};

/// Time until an operator starts a node again whose disk was full, milliseconds.
const TRIED_AGAIN_MS: u64 = 500;

impl Run {
    /// Lets go of a node whose machine is off, and switches the machine on again later.
    pub(super) fn fell(&mut self, host: usize) {
        // Its task ends by itself: nothing that it does has an effect.
        self.handles[host] = None;
        let mut state = self.world.lock();
        let down_ms = state.faults_now().down_ms;
        let after_ms = state.rng.between(1, down_ms);
        state.schedule(after_ms, host, Event::Start);
    }

    /// Switches a machine on and starts its node beside the driver.
    pub(super) fn start(&self, host: usize) {
        let (life, link, seat, rebuilds) = {
            let mut state = self.world.lock();
            let members = self.scenario.members;
            let machine = &mut state.hosts[host];
            if machine.is_on {
                return;
            }
            machine.life += 1;
            machine.is_on = true;
            let life = Life {
                world: Arc::clone(&self.world),
                host,
                life: machine.life,
            };
            let (sender, inbound) = inbox(members);
            machine.inbox = Some(sender);
            let outbound = Arc::new(SimOutbound(life.clone()));
            let link = Link { outbound, inbound };
            let seat = machine.seat;
            let rebuilds = machine.rebuilds;
            state.note(host, &|| "STARTS".to_owned());
            (life, link, seat, rebuilds)
        };
        let config = NodeConfig {
            genesis: self.members.genesis().clone(),
            replica: seat,
            folder: PathBuf::from(format!("machine-{host}")),
            keys: Arc::new(SimKeys(life.clone())),
            machine: Arc::new(SimMachine::new(life.clone(), self.epoch)),
            recovery: match rebuilds {
                true => Recovery::Rebuild,
                false => Recovery::Refuse,
            },
            disk_floor: DEFAULT_DISK_FLOOR,
        };
        let started = Arc::clone(&self.started);
        let start = self.start_node(config, link, SimVolume(life.clone()));
        tokio::spawn(async move {
            let node = start.await;
            let mut started = started.lock().unwrap_or_else(PoisonError::into_inner);
            started.push((host, life.life, node));
            drop(started);
            life.world.changed.notify_one();
        });
    }

    fn start_node(
        &self,
        config: NodeConfig,
        link: Link,
        volume: SimVolume,
    ) -> impl Future<Output = Result<NodeHandle, NodeError>> + Send + use<> {
        let volume = Arc::new(volume);
        #[cfg(feature = "mutants")]
        let mutant = self.scenario.mutant;
        async move {
            #[cfg(feature = "mutants")]
            if let Some(mutant) = mutant {
                return NodeHandle::start_mutant(config, link, volume, mutant).await;
            }
            NodeHandle::start_on(config, link, volume).await
        }
    }

    /// Takes the nodes over whose start is over, unless their machine fell meanwhile.
    pub(super) fn take_started(&mut self) {
        let started = {
            let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *started)
        };
        for started in started {
            self.take(started);
        }
    }

    fn take(&mut self, (host, life, node): Started) {
        let mut state = self.world.lock();
        let machine = &mut state.hosts[host];
        if !machine.is_on || machine.life != life {
            return;
        }
        let seat = machine.seat;
        match node {
            Ok(node) => {
                let client = node.client();
                machine.client = Some(client.clone());
                state.counts.starts += 1;
                let verified = node.verified();
                state.note(host, &|| format!("RUNS, verified up to {verified}"));
                drop(state);
                self.handles[host] = Some(node);
                self.ask_for_tip(host, client);
            }
            Err(error) => {
                machine.is_on = false;
                machine.inbox = None;
                if error.is_disk_full() {
                    state.schedule(TRIED_AGAIN_MS, host, Event::Start);
                } else {
                    let what = format!("member {seat} does not start: {}", chain_of(&error));
                    state.invariants.broken(Property::NodeRuns, what);
                }
            }
        }
    }

    /// The first answer of a node comes once it has executed what its log holds.
    fn ask_for_tip(&self, host: usize, client: NodeClient) {
        let world = Arc::clone(&self.world);
        let life = world.lock().hosts[host].life;
        tokio::spawn(async move {
            let Ok(answer) = client.request(RpcRequest::Tip.to_wire()).await else {
                return;
            };
            let mut state = world.lock();
            let machine = &state.hosts[host];
            if !machine.is_on || machine.life != life {
                return;
            }
            let tip = match RpcResponse::from_wire(&answer) {
                Ok(RpcResponse::Tip(tip)) => {
                    state.invariants.certified("a tip", &tip);
                    tip.header.height
                }
                // Before the first block, or paused: then it says nothing.
                Ok(RpcResponse::Refused(refusal)) if !refusal.code.is_retryable() => return,
                _ => return,
            };
            state.invariants.started(host, tip);
        });
    }
}

/// An error with its sources.
pub(super) fn chain_of(error: &NodeError) -> String {
    let error: &dyn std::error::Error = error;
    let chain = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<_> = chain.map(ToString::to_string).collect();
    texts.join(": ")
}
