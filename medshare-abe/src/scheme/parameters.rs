//! What everybody knows of an attribute authority.

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

/// E = α·e(g1, g2): what is needed to encapsulate, and to check keys.
///
/// Nothing of α is in G1 or G2: a commitment to it in G1 would be the master key.
///
/// Clones share a table of E, and a cache of the points that attributes are hashed to: the 2048 of
/// policies used last, and at most 4096, each of about 140 bytes. It saves
/// [`encapsulate`](crate::encapsulate) two fifths of its time, and
/// [`decapsulate_strict`](crate::decapsulate_strict) that of rows that the key has no part for.
/// Which points are there follows the policies used lately, and policies are public.
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

    /// With a new cache of at most `capacity` points, of which half are those used last. 0 turns it
    /// off. Clones made before keep the old one.
    #[must_use]
    pub fn with_cache_capacity(mut self, capacity: usize) -> Self {
        self.points = Arc::new(point_cache(capacity));
        self
    }

    /// The canonical bytes.
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

    /// H(pp).
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// H(u) of every element, from the cache where they are there.
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
