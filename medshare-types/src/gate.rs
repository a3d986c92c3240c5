//! Public data of the gate: deals, the established key, release shares. Points are unchecked bytes.

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
    /// The encrypted scalar, 32 bytes, and its tag, 16 bytes.
    pub ciphertext: [u8; 48],
}

/// One dealer's contribution to a gate key (joint Feldman).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Deal {
    /// C_k = a_k·g2 for k = 0..t.
    pub commitments: Vec<G2Bytes>,
    /// One a holder, in the order of the holders.
    pub shares: Vec<EncryptedShare>,
}

impl Wire for Deal {
    const KIND: [u8; 4] = *b"mDEA";
}

impl Deal {
    /// Identifies the deal in transcripts and acknowledgements.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/deal/v1", &[&self.to_wire()])
    }
}

/// A holder of gate shares. Its index in the set, from 1, is the point of evaluation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GateHolder {
    /// The organisation that holds the share.
    pub organisation: OrganisationId,
    /// Y_i = x_i·g2, which release shares are checked against.
    pub public_share: G2Bytes,
}

/// An established gate key, as stored in the state.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GateKey {
    /// Derived as H(Y ‖ lineage).
    pub id: GateKeyId,
    /// Class of access that the key releases.
    pub class: AccessClass,
    /// Rises with every resharing; 0 after the first ceremony.
    pub generation: u32,
    /// Shares needed to release, t.
    pub threshold: u16,
    /// Y = x·g2, which labels are sealed to.
    pub public: G2Bytes,
    /// In order: holder i, from 1, has x_i = f(i).
    pub holders: Vec<GateHolder>,
    /// Digest of the transcript of the ceremony.
    pub lineage: Digest,
}

impl Wire for GateKey {
    const KIND: [u8; 4] = *b"mGKY";
}

/// A holder's response to a ticket, blinded for the ticket's session key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReleaseShare {
    /// The ticket that the share responds to.
    pub ticket: TicketId,
    /// H(L) of the label released.
    pub label: Digest,
    /// The gate key that the share belongs to.
    pub key: GateKeyId,
    /// Generation of the gate key.
    pub generation: u32,
    /// The organisation that signed the share.
    pub holder: OrganisationId,
    /// A = k·g1, for a fresh k.
    pub a: G1Bytes,
    /// K = k·g2, for evidence against a wrong S.
    pub k: G2Bytes,
    /// S = x_i·Q + k·R, the blinded share.
    pub s: G1Bytes,
    /// The holder's signature of all fields above.
    pub signature: Signature,
}

impl Wire for ReleaseShare {
    const KIND: [u8; 4] = *b"mSHR";
    const MAX_LEN: usize = 1024;
}

impl ReleaseShare {
    /// The digest that the holder signs: all fields but the signature.
    #[must_use]
    pub fn statement(&self) -> Digest {
        let fields = to_borsh(&(
            (&self.ticket, &self.label, &self.key, self.generation),
            (&self.holder, &self.a, &self.k, &self.s),
        ));
        hash::digest("medshare/types/release-share/v1", &[&fields])
    }

    /// Identifies the share in a receipt.
    #[must_use]
    pub fn digest(&self) -> Digest {
        hash::digest("medshare/types/release-share-digest/v1", &[&self.to_wire()])
    }
}
