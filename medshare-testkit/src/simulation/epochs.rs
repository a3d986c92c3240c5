//! Keys of epochs: registered by what blocks tell, and forgotten when they are of no more use.

use std::collections::BTreeSet;

use medshare_consensus::credit::Role;
use medshare_consensus::{ChainFact, Decided};
use medshare_types::id::{Epoch, Height, ReplicaId};

use super::Simulation;
use super::events::Member;
use crate::setting::TestPayload;

/// Blocks that a member may lack and still answer a challenge over recent state.
const RECENT: u64 = 8;

impl Simulation {
    /// What a primary proposes: random bytes, or the keys that members which follow the chain have made
    /// and that its ledger does not show yet.
    pub(super) fn batch(&mut self, index: usize) -> TestPayload {
        let mut facts = self.unregistered(index);
        facts.extend(self.unpunished(index));
        facts.extend(self.departure(index));
        let number = self.rng.next_u64();
        if facts.is_empty() {
            TestPayload(number.to_le_bytes().to_vec())
        } else {
            TestPayload::telling(number, &facts)
        }
    }

    /// The ledger of a member has executed a block: what it told.
    #[expect(clippy::expect_used, reason = "a start makes the record")]
    pub(super) fn execute(&mut self, index: usize, height: Height) -> Vec<ChainFact> {
        let member = &mut self.members[index];
        member.executed = height;
        member.executed_since = self.clock_ms;
        let Some(Decided { proposal, .. }) = member.disk.block(height) else {
            return Vec::new();
        };
        let facts = proposal.payload.facts();
        let record = member.record.as_mut();
        let record = record.expect("a member that runs has a record");
        record.follow(&proposal.header, &proposal.attestations, &facts);
        // A log begins in the epoch of its ledger's tip, or the one after.
        if record.ends_epoch() {
            member.disk.checkpoint();
        }
        facts
    }

    fn unregistered(&self, index: usize) -> Vec<ChainFact> {
        let setting = &self.scenario.setting;
        let record = self.members[index].record.as_ref();
        let Some(record) = record else {
            return Vec::new();
        };
        let epoch = record.committee().epoch().next();
        let tip = self.members[index].executed;
        let byzantine = &self.scenario.byzantine;
        let follows = |member: &&Member| {
            let behaviour = byzantine.get(&member.id);
            behaviour.is_none_or(|behaviour| behaviour.follows())
                && member.replica.is_some()
                && tip.0.saturating_sub(member.executed.0) <= RECENT
        };
        let following = self.members.iter().filter(follows);
        let lacking = following
            .map(|member| member.id)
            .filter(|id| record.next_key(*id).is_none());
        let told = |replica| {
            let key = setting.key_in(replica, epoch).verifying_key();
            let registered = ChainFact::KeyRegistered {
                replica,
                epoch,
                key,
            };
            [registered, ChainFact::Answered { replica }]
        };
        lacking.flat_map(told).collect()
    }

    /// Members with evidence against them of which the chain does not tell yet.
    fn unpunished(&self, index: usize) -> Vec<ChainFact> {
        let Some(record) = self.members[index].record.as_ref() else {
            return Vec::new();
        };
        if !self.scenario.tells_proofs || self.is_byzantine(index) {
            return Vec::new();
        }
        let evidence = self.report.evidence.iter();
        let culprits: BTreeSet<_> = evidence.map(|evidence| evidence.culprit).collect();
        let is_told = |culprit: &ReplicaId| {
            let record = record.organisation_record(*culprit);
            record.is_none_or(|record| record.is_proven() || record.role == Role::Evicted)
        };
        let untold = culprits.into_iter().filter(|culprit| !is_told(culprit));
        untold
            .map(|replica| ChainFact::Proven { replica })
            .collect()
    }

    /// The departure that is due and not told yet.
    fn departure(&self, index: usize) -> Option<ChainFact> {
        let (from, replica) = self.scenario.departs?;
        let record = self.members[index].record.as_ref()?;
        let organisation = record.organisation_record(replica)?;
        let is_told = organisation.exit.is_some() || organisation.role == Role::Departed;
        (self.members[index].executed >= from && !is_told).then_some(ChainFact::Departs {
            replica,
            may_lower_faulty: false,
        })
    }

    /// Makes the key of the next epoch when one begins, and forgets those before.
    pub(super) fn rotate_keys(&mut self, index: usize) {
        let setting = &self.scenario.setting;
        let member = &mut self.members[index];
        let (Some(record), Some(replica)) = (&member.record, &mut member.replica) else {
            return;
        };
        let epoch = record.committee().epoch();
        if member.keys_of == Some(epoch) {
            return;
        }
        member.keys_of = Some(epoch);
        if epoch > Epoch(0) && replica.committee().epoch() == epoch {
            replica.keep_signing_key_in_use();
        }
        replica.add_signing_key(setting.key_in(member.id, epoch.next()));
    }
}
