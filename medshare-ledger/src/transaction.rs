//! Signed transactions. The contract decides the meaning of a call.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::wire::to_borsh;
use medshare_types::{
    ChainId, Digest, Nonce, Principal, Signature, SigningKey, TransactionId, VerifyingKey, Wire,
    hash,
};

/// Longest call, in bytes: a deal for the largest holder set fits.
pub const MAX_CALL_LEN: usize = 256 * 1024;

/// One signed call by a principal.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// Chain that the transaction is for.
    pub chain: ChainId,
    /// The organisation or person that acts.
    pub sender: Principal,
    /// Verifies the signature; the contract checks that it is the sender's.
    pub key: VerifyingKey,
    /// Makes two transactions of one sender differ.
    pub nonce: Nonce,
    /// The encoded call, at most [`MAX_CALL_LEN`] bytes.
    #[borsh(deserialize_with = "deserialize_call")]
    pub call: Vec<u8>,
    /// Signature of [`Self::id`] by `key`.
    pub signature: Signature,
}

impl Wire for Transaction {
    const KIND: [u8; 4] = *b"mTXN";
    const MAX_LEN: usize = MAX_CALL_LEN + 512;
}

impl Transaction {
    /// Signs a call. A call over [`MAX_CALL_LEN`] gives a transaction that every member refuses.
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

    /// The digest that the key signs: `H(tag ‖ chain, sender, key, nonce, call)`.
    ///
    /// It leaves the signature out, so the id is known before signing, and signing a call twice gives
    /// one transaction.
    #[must_use]
    pub fn id(&self) -> TransactionId {
        let head = to_borsh(&(&self.chain, &self.sender, &self.key, &self.nonce));
        TransactionId::from_digest(hash::digest(
            "medshare/ledger/transaction/v1",
            &[&head, &self.call],
        ))
    }

    /// Checks that its key signed it for `chain`. Cost: one Ed25519 verification.
    ///
    /// The contract checks against the state that the key is the sender's.
    ///
    /// # Errors
    /// [`TransactionError`] for the first check that fails.
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

    /// The leaf under a block's transactions root: it covers the signature too, so that one header
    /// has one payload.
    pub(crate) fn leaf(&self) -> Digest {
        hash::digest("medshare/ledger/transaction-leaf/v1", &[&self.to_wire()])
    }
}

/// A transaction that its claimed key did not make for this chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the fields are the values that the messages print"
)]
pub enum TransactionError {
    #[error("transaction of chain {found}, expected {expected}")]
    WrongChain { expected: ChainId, found: ChainId },
    #[error("a call of {length} bytes, at most {limit} are allowed")]
    CallTooLong { length: usize, limit: usize },
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
