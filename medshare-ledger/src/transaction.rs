//! Signed transactions. What a call means is for the contract to say.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::wire::to_borsh;
use medshare_types::{
    ChainId, Digest, Nonce, Principal, Signature, SigningKey, TransactionId, VerifyingKey, Wire,
    hash,
};

/// The longest call, in bytes: a deal for the largest holder set fits.
pub const MAX_CALL_LEN: usize = 256 * 1024;

/// One signed call by a principal.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// The chain it is for.
    pub chain: ChainId,
    /// Who acts.
    pub sender: Principal,
    /// The key that signed; the contract checks that it is the sender's.
    pub key: VerifyingKey,
    /// Makes two transactions of one sender differ.
    pub nonce: Nonce,
    /// The encoded call, at most [`MAX_CALL_LEN`] bytes.
    #[borsh(deserialize_with = "deserialize_call")]
    pub call: Vec<u8>,
    /// The signature over [`Self::id`].
    pub signature: Signature,
}

impl Wire for Transaction {
    const KIND: [u8; 4] = *b"mTXN";
    const MAX_LEN: usize = MAX_CALL_LEN + 512;
}

impl Transaction {
    /// Signs a call. A call over [`MAX_CALL_LEN`] gives a transaction that nobody accepts.
    #[must_use]
    pub fn sign(
        chain: ChainId,
        sender: Principal,
        nonce: Nonce,
        call: Vec<u8>,
        key: &SigningKey,
    ) -> Self {
        let mut transaction = Self {
            chain,
            sender,
            key: key.verifying_key(),
            nonce,
            call,
            signature: Signature::from_bytes([0; 64]),
        };
        transaction.signature = key.sign(transaction.id().digest());
        transaction
    }

    /// Its name, and what its key signs: `H(tag ‖ chain, sender, key, nonce, call)`.
    ///
    /// The signature is not part of it, so the id is known before signing and a second signature
    /// of the same call is the same transaction.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        let head = to_borsh(&(&self.chain, &self.sender, &self.key, &self.nonce));
        TransactionId::from_digest(hash::digest(
            "medshare/ledger/transaction/v1",
            &[&head, &self.call],
        ))
    }

    /// Checks that it is for `chain` and that its key signed it. Cost: one Ed25519 verification.
    ///
    /// Whether the key is the sender's stands in the state, and is for the contract to check.
    ///
    /// # Errors
    /// [`TransactionError`] names the first thing that is wrong.
    pub fn verify(&self, chain: &ChainId) -> Result<(), TransactionError> {
        if self.chain != *chain {
            return Err(TransactionError::WrongChain {
                expected: *chain,
                found: self.chain,
            });
        }
        if self.call.len() > MAX_CALL_LEN {
            return Err(TransactionError::CallTooLong {
                length: self.call.len(),
                limit: MAX_CALL_LEN,
            });
        }
        self.key
            .verify(self.id().digest(), &self.signature)
            .map_err(|_| TransactionError::BadSignature)
    }

    /// The leaf under a block's transactions root: everything, the signature included, so that a
    /// header's payload cannot be had with other signatures.
    pub(crate) fn leaf(&self) -> Digest {
        hash::digest("medshare/ledger/transaction-leaf/v1", &[&self.to_wire()])
    }
}

/// Why a transaction is not one of its sender on this chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// It was made for another chain.
    #[error("transaction of chain {found}, expected {expected}")]
    WrongChain {
        /// The chain it was checked for.
        expected: ChainId,
        /// The chain it names.
        found: ChainId,
    },
    /// Its call is longer than a block takes.
    #[error("a call of {length} bytes where at most {limit} are allowed")]
    CallTooLong {
        /// Bytes in the call.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Its key did not sign it.
    #[error("the transaction's signature does not verify")]
    BadSignature,
}

fn deserialize_call<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Vec<u8>> {
    let call = Vec::<u8>::deserialize_reader(reader)?;
    if call.len() > MAX_CALL_LEN {
        return Err(borsh::io::Error::new(
            borsh::io::ErrorKind::InvalidData,
            "a call is too long",
        ));
    }
    Ok(call)
}
