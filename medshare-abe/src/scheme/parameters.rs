//! The public parameters of an attribute authority.

use core::fmt;
use std::sync::{Arc, OnceLock};

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{self, GT_LEN};
use medshare_curve::hash::HashCache;
use medshare_curve::{G1Affine, Gt, Scalar};
use medshare_policy::element::Element;
use medshare_types::{Digest, Wire, hash};

use crate::scheme::element::input_of;
use crate::scheme::error::KeyError;
use crate::scheme::gt::GtTable;
use crate::scheme::points::{CACHED_POINTS, point_cache};

/// E = α·e(g1, g2), which senders encapsulate to and keys are checked against.
///
/// α is committed to in GT alone: a commitment in G1 would be the master key.
///
/// Clones share a table of E and a cache of the points that elements hash to: at least the 2048 used
/// last, at most 4096, about 140 bytes each. The cache saves [`encapsulate`](crate::encapsulate) two
/// fifths of its time, and [`decapsulate_strict`](crate::decapsulate_strict) the hashes of rows that
/// the key has no component for. Its content follows recent policies, which are public.
#[derive(Clone)]
pub struct PublicParameters {
    e: Gt,
    digest: Digest,
    table: Arc<OnceLock<GtTable>>,
    points: Arc<HashCache>,
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
        let digest = hash::digest("medshare/abe/parameters/v1", &[&bytes_of(&e)]);
        Self {
            e,
            digest,
            table: Arc::default(),
            points: Arc::new(point_cache(CACHED_POINTS)),
        }
    }

    /// Replaces the cache by an empty one of at most `capacity` points; 0 turns caching off. Existing
    /// clones keep the old cache.
    #[must_use]
    pub fn with_cache_capacity(mut self, capacity: usize) -> Self {
        self.points = Arc::new(point_cache(capacity));
        self
    }

    /// The canonical bytes: E behind the envelope.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        bytes_of(&self.e)
    }

    /// Parses the canonical bytes. Cost: one exponentiation in GT.
    ///
    /// # Errors
    /// [`KeyError::Decode`], or [`KeyError::Element`], also when E is the identity or not of order r.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let encoded = Encoded::from_wire(bytes)?;
        let e = encoding::decode_gt(&encoded.e);
        Ok(Self::new(e.map_err(|source| KeyError::Element { source })?))
    }

    /// H(pp), which names the authority in keys and requests.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// H(u) of every element, cached where possible.
    pub(crate) fn points<'a>(&self, elements: impl Iterator<Item = Element<'a>>) -> Vec<G1Affine> {
        let inputs: Vec<_> = elements.map(|element| input_of(&element)).collect();
        self.points.hash_each_to_g1(&inputs)
    }

    pub(crate) const fn e(&self) -> Gt {
        self.e
    }

    /// k·E, from a table that is built on first use (288 KiB, shared by clones).
    pub(crate) fn e_mul(&self, scalar: &Scalar) -> Gt {
        self.table.get_or_init(|| GtTable::new(&self.e)).mul(scalar)
    }
}

fn bytes_of(e: &Gt) -> Vec<u8> {
    let e = encoding::encode_gt(e);
    Encoded { e }.to_wire()
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
