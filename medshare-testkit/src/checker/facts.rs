//! What payloads tell of organisations.

use std::collections::BTreeMap;

use borsh::BorshDeserialize;
use medshare_types::id::{Epoch, ReplicaId};
use medshare_types::sign::VerifyingKey;

/// In the order in which payloads number them.
#[derive(Clone, Debug, PartialEq, Eq, BorshDeserialize)]
pub(super) enum Fact {
    /// The key that an organisation votes with from an epoch on.
    KeyRegistered {
        replica: ReplicaId,
        epoch: Epoch,
        key: VerifyingKey,
    },
    /// An organisation answered the challenge of the epoch.
    Answered {
        replica: ReplicaId,
    },
    /// An organisation's signatures prove its misbehaviour.
    Proven {
        replica: ReplicaId,
    },
    Departs {
        replica: ReplicaId,
        may_lower_faulty: bool,
    },
    Readmitted {
        replica: ReplicaId,
    },
    Contributed(Contributions),
}

/// What organisations did besides voting.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshDeserialize)]
pub(super) struct Contributions {
    /// Challenges asked, and answered in time.
    pub(super) challenges: BTreeMap<ReplicaId, (u64, u64)>,
    /// Bytes, by server and taker.
    pub(super) served: BTreeMap<(ReplicaId, ReplicaId), u64>,
    /// Per mille of probes answered, by the organisation probed and the one that probed it.
    pub(super) probes: BTreeMap<(ReplicaId, ReplicaId), u16>,
}

/// Five letters, a number of eight bytes, and facts; other payloads tell nothing.
pub(super) fn facts(payload: &[u8]) -> Vec<Fact> {
    let told = payload
        .strip_prefix(b"facts")
        .and_then(|rest| rest.get(8..));
    let told = told.map(<Vec<Fact> as BorshDeserialize>::try_from_slice);
    told.and_then(Result::ok).unwrap_or_default()
}
