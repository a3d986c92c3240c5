//! The attribute-based header, the public output of encapsulation.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_policy::{AccessPolicy, Date};
use medshare_types::{Digest, G1Bytes, G2Bytes, Wire, canonical_bytes, hash, wire};

use crate::scheme::structure::AccessStructure;

/// Policy ‖ sealing date, if any ‖ C1 ‖ C2 ‖ C3 ‖ C4.
///
/// The numbers of points always match the policy. The points are unchecked bytes: decapsulation
/// checks those that it reads, strict decapsulation all.
///
/// Size: 48 bytes for each row, 96 for each of the τ − 1 repeats of the most frequent element,
/// the policy, and 250 more; a sealing date adds 17 rows and 2 bytes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct Header {
    policy: AccessPolicy,
    sealed_on: Option<Date>,
    /// C1 = s·g2, which pairs with K1.
    pub(crate) c1: G2Bytes,
    /// C2_j = s'_j·g2 for j < τ.
    pub(crate) c2: Vec<G2Bytes>,
    /// C3_i = λ_i·B + s'_{ρ(i)}·H(π(i)), one for each row.
    pub(crate) c3: Vec<G1Bytes>,
    /// C4 = m ⊕ mask(s·E, H(hdr0)).
    pub(crate) c4: [u8; 32],
}

impl Wire for Header {
    const KIND: [u8; 4] = *b"mABE";
    const MAX_LEN: usize = 1 << 18;
}

canonical_bytes!(
    Header,
    ", also when the numbers of points do not match the policy"
);

impl Header {
    pub(crate) fn new(
        (policy, sealed_on): (AccessPolicy, Option<Date>),
        c1: G2Bytes,
        c2: Vec<G2Bytes>,
        c3: Vec<G1Bytes>,
    ) -> Self {
        Self {
            policy,
            sealed_on,
            c1,
            c2,
            c3,
            c4: [0; 32],
        }
    }

    /// The policy that keys must satisfy to open it.
    #[must_use]
    pub const fn policy(&self) -> &AccessPolicy {
        &self.policy
    }

    /// The sealing date as the sealer claims it: only keys whose validity contains the date open the
    /// header. None if keys of every validity do.
    #[must_use]
    pub const fn sealed_on(&self) -> Option<Date> {
        self.sealed_on
    }

    /// The rows that its points belong to.
    pub(crate) fn structure(&self) -> AccessStructure<'_> {
        AccessStructure::new(&self.policy, self.sealed_on)
    }

    /// H(abe) = H(hdr0 ‖ C4), over the whole header.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/abe/header/v1", &[&self.to_wire()])
    }

    /// H(hdr0), over everything except C4.
    pub(crate) fn body_digest(&self) -> Digest {
        let body = wire::to_borsh(&(&self.policy, self.sealed_on, &self.c1, &self.c2, &self.c3));
        hash::digest("medshare/abe/header-body/v1", &[&body])
    }
}

impl BorshDeserialize for Header {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let (policy, sealed_on) = BorshDeserialize::deserialize_reader(reader)?;
        let (c1, c2, c3, c4): (_, Vec<_>, Vec<_>, _) =
            BorshDeserialize::deserialize_reader(reader)?;
        let structure = AccessStructure::new(&policy, sealed_on);
        if structure.rows().len() != c3.len() || structure.multiplicity() != c2.len() {
            let kind = borsh::io::ErrorKind::InvalidData;
            return Err(borsh::io::Error::new(
                kind,
                "the numbers of points do not match the policy",
            ));
        }
        Ok(Self {
            policy,
            sealed_on,
            c1,
            c2,
            c3,
            c4,
        })
    }
}
