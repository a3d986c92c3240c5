//! One record: the context that its header is sealed for, and the label of that header.

use medshare_abe::Header;
use medshare_abe::payload::Preamble;
use medshare_types::hash::digest;
use medshare_types::{
    AccessClass, ChainId, FactorSet, G2Bytes, GateKeyId, GateLabel, OrganisationId, RecordContext,
    RecordId, RecordVersion, SealingDate, Timestamp,
};

pub fn context(factors: FactorSet, day: u16, preamble: &Preamble) -> RecordContext {
    RecordContext {
        chain: ChainId::from_digest(digest("test", &[b"chain"])),
        record: RecordId::from_digest(digest("test", &[b"record"])),
        version: RecordVersion(1),
        owner: OrganisationId::from_digest(digest("test", &[b"owner"])),
        class: AccessClass::Normal,
        factors,
        sealed_on: SealingDate(day),
        preamble: preamble.digest(),
    }
}

pub fn label(context: RecordContext, abe: &Header) -> GateLabel {
    GateLabel {
        key: GateKeyId::from_digest(digest("test", &[b"gate key"])),
        context,
        abe: abe.digest(),
        floor: Timestamp::from_millis(0),
        ceiling: Timestamp::MAX,
        u: G2Bytes([1; 96]),
    }
}
