//! Keys of epochs: registered by what blocks tell, and forgotten when they are of no more use.

use medshare_consensus::{ChainFact, Decided};
use medshare_types::id::{Epoch, Height};

use super::Simulation;
use super::events::Member;
use crate::setting::TestPayload;

/// Blocks that a member may lack and still answer a challenge over recent state.
const RECENT: u64 = 8;

impl Simulation {
    /// What a primary proposes: random bytes, or the keys that members which follow the chain have made
    /// and that its ledger does not show yet.
    pub(super) fn batch(&mut self, index: usize) -> TestPayload {
        let facts = self.unregistered(index);
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
        let follows = |member: &&Member| {
            member.replica.is_some() && tip.0.saturating_sub(member.executed.0) <= RECENT
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
