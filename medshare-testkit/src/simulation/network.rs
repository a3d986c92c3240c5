//! Messages on their way: changed by Byzantine senders, lost, repeated, delayed.

use medshare_consensus::Recipients;
use medshare_types::id::ReplicaId;
use medshare_types::wire::Wire as _;

use super::Simulation;
use super::events::Event;
use crate::setting::Message;

impl Simulation {
    pub(super) fn send(&mut self, index: usize, to: Recipients, message: &Message) {
        let from = self.members[index].id;
        self.invariants.sent(from, message);
        let to: Vec<_> = match to {
            Recipients::All => self.members.iter().map(|member| member.id).collect(),
            Recipients::Only(some) => some,
        };
        for to in to.into_iter().filter(|to| *to != from) {
            let behaviour = self.scenario.byzantine.get_mut(&from);
            let messages = match behaviour {
                Some(behaviour) => behaviour.outgoing(to, message.clone(), &mut self.rng),
                None => vec![message.clone()],
            };
            for message in messages {
                let behaviour = self.scenario.byzantine.get(&from);
                let late_ms = behaviour.map_or(0, |behaviour| behaviour.delay_ms(&message));
                self.transmit(index, to, &message, late_ms);
            }
        }
    }

    /// Sends to each replica in a seat; a twin's seat has two.
    fn transmit(&mut self, index: usize, to: ReplicaId, message: &Message, late_ms: u64) {
        let bytes = message.to_wire();
        let seats = self.members.iter().enumerate();
        let receivers: Vec<_> = seats
            .filter(|(_, member)| member.id == to)
            .map(|(receiver, _)| receiver)
            .collect();
        for receiver in receivers {
            self.report.messages += 1;
            if self.is_lost(index, receiver, message) {
                self.report.disturbed += 1;
            } else {
                self.deliver(index, receiver, &bytes, late_ms);
            }
        }
    }

    fn is_lost(&mut self, from: usize, to: usize, message: &Message) -> bool {
        let faults = self.faults();
        let replica = self.members[from].replica.as_ref();
        let at = replica.map(|replica| (replica.height().next(), replica.view()));
        let at = at.filter(|_| self.clock_ms < self.scenario.calm_after_ms);
        let (clock_ms, members) = (self.clock_ms, self.members.len());
        let isolated = |index: usize| self.scenario.isolated == Some(self.members[index].id);
        let cut_off = self.clock_ms < self.scenario.calm_after_ms;
        cut_off && (isolated(from) || isolated(to))
            || self.rng.chance(faults.drop_per_mille)
            || self
                .links
                .is_down((from, to), clock_ms, (&faults, members), &mut self.rng)
            || self.scenario.splits.separate(message, (from, to), at)
    }

    fn deliver(&mut self, from: usize, to: usize, bytes: &[u8], late_ms: u64) {
        let faults = self.faults();
        let from = self.members[from].id;
        let twice = self.rng.chance(faults.duplicate_per_mille);
        self.report.disturbed += u64::from(twice);
        for _ in 0..=u64::from(twice) {
            let after_ms = late_ms + self.rng.between(1, faults.delay_ms);
            let bytes = bytes.to_vec();
            self.schedule(after_ms, to, Event::Deliver { from, bytes });
        }
    }
}
