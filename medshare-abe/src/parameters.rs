//! What everybody knows of an attribute authority.

use core::fmt;
use std::sync::{Arc, OnceLock};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{self, GT_LEN};
use medshare_curve::{Gt, Scalar};
use medshare_types::{Digest, Wire, hash};

use crate::error::KeyError;
use crate::gt::GtTable;

/// E = α·e(g1, g2): what is needed to encapsulate, and to check keys.
///
/// Nothing of α is in G1 or G2: a commitment to it in G1 would be the master key.
#[derive(Clone)]
pub struct PublicParameters {
    e: Gt,
    digest: Digest,
    table: Arc<OnceLock<GtTable>>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Encoded {
    e: [u8; GT_LEN],
}

impl Wire for Encoded {
    const KIND: [u8; 4] = *b"mPUB";
    const MAX_LEN: usize = 1024;
}

impl PublicParameters {
    pub(crate) fn new(e: Gt) -> Self {
        let bytes = Encoded {
            e: encoding::encode_gt(&e),
        }
        .to_wire();
        Self {
            e,
            digest: hash::digest("medshare/abe/parameters/v1", &[&bytes]),
            table: Arc::default(),
        }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoded {
            e: encoding::encode_gt(&self.e),
        }
        .to_wire()
    }

    /// Parses the canonical bytes. Cost: one exponentiation in GT.
    ///
    /// # Errors
    /// [`KeyError::Decode`] or [`KeyError::Point`], also when E is the identity or not of order r.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let encoded = Encoded::from_wire(bytes)?;
        Ok(Self::new(encoding::decode_gt(&encoded.e)?))
    }

    /// H(pp).
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) const fn e(&self) -> Gt {
        self.e
    }

    /// k·E, from a table that is built on first use (288 KiB, shared by clones).
    pub(crate) fn e_mul(&self, scalar: &Scalar) -> Gt {
        self.table.get_or_init(|| GtTable::new(&self.e)).mul(scalar)
    }
}

impl PartialEq for PublicParameters {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for PublicParameters {}

impl fmt::Debug for PublicParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicParameters({:?})", self.digest)
    }
}
