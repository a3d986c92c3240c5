//! The gate's public data: deals, the established key, release shares. Bytes, not yet checked.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::hash::{self, Digest};
use crate::id::{GateKeyId, OrganisationId, TicketId};
use crate::label::AccessClass;
use crate::point::{G1Bytes, G2Bytes};
use crate::sign::Signature;
use crate::wire::{Wire, to_borsh};

/// A share encrypted to one holder: a fresh ephemeral key and 32 + 16 bytes of AEAD.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct EncryptedShare {
    /// e·g1, drawn for this share alone.
    pub ephemeral: G1Bytes,
    /// The encrypted scalar and its tag.
    pub ciphertext: [u8; 48],
}

/// One dealer's contribution to a gate key (joint Feldman).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Deal {
    /// C_k = a_k·g2 for k = 0..t.
    pub commitments: Vec<G2Bytes>,
    /// One per holder, in the order of the holders.
    pub shares: Vec<EncryptedShare>,
}

impl Wire for Deal {
    const KIND: [u8; 4] = *b"mDEA";
}

impl Deal {
    /// What transcripts and acknowledgements name the deal by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/deal/v1", &[&self.to_wire()])
    }
}

/// A holder of gate shares; its place in the set, from 1, is where the polynomial is evaluated.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GateHolder {
    /// Who holds it.
    pub organisation: OrganisationId,
    /// Y_i = x_i·g2.
    pub public_share: G2Bytes,
}

/// An established gate key, as it stands in the state.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GateKey {
    /// H(Y ‖ lineage).
    pub id: GateKeyId,
    /// What it is for.
    pub class: AccessClass,
    /// Rises with every resharing; 0 after the first ceremony.
    pub generation: u32,
    /// t: how many shares release a key.
    pub threshold: u16,
    /// Y = x·g2.
    pub public: G2Bytes,
    /// The holders, in order.
    pub holders: Vec<GateHolder>,
    /// Digest of the ceremony's transcript.
    pub lineage: Digest,
}

impl Wire for GateKey {
    const KIND: [u8; 4] = *b"mGKY";
}

/// One holder's answer to a ticket, blinded for the ticket's session key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReleaseShare {
    /// The ticket it answers.
    pub ticket: TicketId,
    /// H(L) of the label released.
    pub label: Digest,
    /// The gate key.
    pub key: GateKeyId,
    /// The key's generation.
    pub generation: u32,
    /// Whose share.
    pub holder: OrganisationId,
    /// A = k·g1.
    pub a: G1Bytes,
    /// K = k·g2.
    pub k: G2Bytes,
    /// S = x_i·Q + k·R.
    pub s: G1Bytes,
    /// The holder's signature over everything above.
    pub signature: Signature,
}

impl Wire for ReleaseShare {
    const KIND: [u8; 4] = *b"mSHR";
    const MAX_LEN: usize = 1024;
}

impl ReleaseShare {
    /// What the holder signs.
    #[must_use]
    pub fn statement(&self) -> Digest {
        let fields = to_borsh(&(
            (&self.ticket, &self.label, &self.key, self.generation),
            (&self.holder, &self.a, &self.k, &self.s),
        ));
        hash::digest("medshare/types/release-share/v1", &[&fields])
    }

    /// What a receipt names the share by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/release-share-digest/v1", &[&self.to_wire()])
    }
}
