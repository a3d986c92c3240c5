//! The access header and the descriptor of a new record: label, key factors, wrapped data key.

use std::sync::Arc;

use medshare_abe::access::{AccessHeader, KeyFactors};
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::{AccessPolicy, DataKey, Date, PublicParameters, encapsulate_dated};
use medshare_host::os_random;
use medshare_threshold::GateSealer;
use medshare_types::{GateKey, GateLabel, RecordContext, Timestamp, Wire as _};

use crate::error::{Error, Result};
use crate::record::Descriptor;

/// The two objects that give readers with the right attributes access to a record.
pub(super) struct SealedAccess {
    pub(super) header: AccessHeader,
    pub(super) descriptor: SealedDescriptor,
}

/// The inputs of [`SealedAccess`].
pub(super) struct AccessInputs {
    pub(super) parameters: Arc<PublicParameters>,
    pub(super) gate_key: Arc<GateKey>,
    pub(super) policy: AccessPolicy,
    pub(super) context: RecordContext,
    /// No release before this moment …
    pub(super) floor: Timestamp,
    /// … and none from this moment on.
    pub(super) ceiling: Timestamp,
    pub(super) data_key: DataKey,
    pub(super) description: Descriptor,
}

impl AccessInputs {
    /// ctx → Encaps → L → K_gate → X, and the descriptor. About 3 ms. Blocks.
    pub(super) fn seal(self) -> Result<SealedAccess> {
        let rng = &mut os_random();
        let preamble = self.context.preamble;
        let (abe, secret) = encapsulate_dated(
            &self.parameters,
            &self.policy,
            Date::from(self.context.sealed_on),
            self.context.digest().as_ref(),
            rng,
        );
        let gate = GateSealer::new(rng);
        let label = GateLabel {
            key: self.gate_key.id,
            context: self.context,
            abe: abe.digest(),
            floor: self.floor,
            ceiling: self.ceiling,
            u: gate.u(),
        };
        let factor = gate
            .factor(&self.gate_key, &label)
            .map_err(Error::internal)?;
        let factors = KeyFactors::new(&secret).with_gate(factor.as_bytes());
        let header =
            AccessHeader::seal(abe, label, &factors, &self.data_key).map_err(Error::internal)?;
        let description = self.description.to_wire();
        let descriptor = SealedDescriptor::seal(&secret, &preamble, &description, rng)
            .map_err(|_| Error::DescriptorTooLong)?;
        Ok(SealedAccess { header, descriptor })
    }
}
