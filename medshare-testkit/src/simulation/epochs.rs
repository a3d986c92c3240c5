//! Keys of epochs: registered by what blocks tell, and forgotten when they are of no more use.

use medshare_consensus::ChainFact;
use medshare_types::id::Epoch;

use super::Simulation;
use crate::setting::TestPayload;

impl Simulation {
    /// What a primary proposes: random bytes, or the keys that honest members have made and that its
    /// ledger does not show yet.
    pub(super) fn batch(&mut self, index: usize) -> TestPayload {
        let facts = self.unregistered(index);
        if facts.is_empty() {
            TestPayload(self.rng.next_u64().to_le_bytes().to_vec())
        } else {
            TestPayload::telling(&facts)
        }
    }

    fn unregistered(&self, index: usize) -> Vec<ChainFact> {
        let setting = &self.scenario.setting;
        let record = self.members[index].record.as_ref();
        let Some(record) = record.filter(|_| setting.rotates_keys) else {
            return Vec::new();
        };
        let epoch = record.committee().epoch().next();
        let honest = self.honest().map(|member| member.id);
        let lacking = honest.filter(|id| record.next_key(*id).is_none());
        let fact = |replica| ChainFact::KeyRegistered {
            replica,
            epoch,
            key: setting.key_in(replica, epoch).verifying_key(),
        };
        lacking.map(fact).collect()
    }

    /// Makes the key of the next epoch when one begins, and forgets those before.
    pub(super) fn rotate_keys(&mut self, index: usize) {
        let setting = &self.scenario.setting;
        let member = &mut self.members[index];
        let (Some(record), Some(replica)) = (&member.record, &mut member.replica) else {
            return;
        };
        let epoch = record.committee().epoch();
        if !setting.rotates_keys || member.keys_of == Some(epoch) {
            return;
        }
        member.keys_of = Some(epoch);
        if epoch > Epoch(0) && replica.committee().epoch() == epoch {
            replica.keep_signing_key_in_use();
        }
        replica.add_signing_key(setting.key_in(member.id, epoch.next()));
    }
}
