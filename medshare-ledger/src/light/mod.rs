//! The light client: from a trusted genesis to any header, state value or receipt, offline.

mod error;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{
    BlockHeader, ChainId, Committee, Digest, Genesis, Height, TransactionId, TransactionReceipt,
    Wire,
};

use crate::block::CertifiedHeader;
use crate::list::{ListProof, receipts_root};
use crate::state::StatePath;

pub use error::VerifyError;

/// What a key held at the newest executed height that a header names.
///
/// The key is not part of it: whoever asked knows it, and is not answered about another one.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct StateProof {
    /// The header that names the state root.
    pub certified: CertifiedHeader,
    /// The value under the key that was asked for; none proves that there is nothing.
    pub value: Option<Vec<u8>>,
    /// The path from the key to the root.
    pub path: StatePath,
}

impl Wire for StateProof {
    const KIND: [u8; 4] = *b"mSPR";
    const MAX_LEN: usize = 2 << 20;
}

/// That a receipt stands under the receipts root a header names.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptProof {
    /// The header that names the receipts root; later than the receipt's own block.
    pub certified: CertifiedHeader,
    /// The receipt.
    pub receipt: TransactionReceipt,
    /// Its place in its block, and the path from there to the root.
    pub place: ListProof,
}

impl Wire for ReceiptProof {
    const KIND: [u8; 4] = *b"mRPR";
    const MAX_LEN: usize = 1 << 20;
}

/// Every receipt of one block, under the header that names their root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockReceipts {
    /// The header that names the receipts root; later than the block itself.
    pub certified: CertifiedHeader,
    /// The block's receipts, in the order of its transactions.
    pub receipts: Vec<TransactionReceipt>,
}

impl Wire for BlockReceipts {
    const KIND: [u8; 4] = *b"mBRC";
    const MAX_LEN: usize = 2 << 20;
}

/// Checks headers and proofs of one chain against its genesis. It keeps no state and reads
/// nothing: whether an answer is fresh enough is judged by the caller, from the verified header's
/// height and time.
#[derive(Clone, Debug)]
pub struct LightClient {
    chain: ChainId,
    committee: Committee,
}

/// A header that a quorum of its committee committed. Comes from [`LightClient`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedHeader(BlockHeader);

impl VerifiedHeader {
    /// The header.
    #[must_use]
    pub const fn header(&self) -> &BlockHeader {
        &self.0
    }
}

/// What a key is proven to hold. Comes from [`LightClient`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedState<'a> {
    header: VerifiedHeader,
    value: Option<&'a [u8]>,
}

impl<'a> VerifiedState<'a> {
    /// The header it is proven from.
    #[must_use]
    pub const fn header(&self) -> &BlockHeader {
        self.header.header()
    }

    /// The height after whose block the key held the value.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.header().executed.height
    }

    /// The value, or none where there is nothing under the key.
    #[must_use]
    pub const fn value(&self) -> Option<&'a [u8]> {
        self.value
    }
}

/// A receipt that is proven to be on the chain. Comes from [`LightClient`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt<'a> {
    header: VerifiedHeader,
    index: u64,
    receipt: &'a TransactionReceipt,
}

impl<'a> VerifiedReceipt<'a> {
    /// The header it is proven from, later than the receipt's own block.
    #[must_use]
    pub const fn header(&self) -> &BlockHeader {
        self.header.header()
    }

    /// The height of the block that holds the transaction.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.header().executed.height
    }

    /// The transaction's place in that block, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The receipt.
    #[must_use]
    pub const fn receipt(&self) -> &'a TransactionReceipt {
        self.receipt
    }
}

impl LightClient {
    /// A client that trusts `genesis` and nothing else.
    ///
    /// # Errors
    /// [`VerifyError::InvalidGenesis`] when its members make no committee.
    pub fn new(genesis: &Genesis) -> Result<Self, VerifyError> {
        let committee = genesis
            .committee()
            .map_err(|source| VerifyError::InvalidGenesis { source })?;
        Ok(Self {
            chain: genesis.chain_id(),
            committee,
        })
    }

    /// The chain it follows.
    #[must_use]
    pub const fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// The committee whose commits it accepts.
    #[must_use]
    pub const fn committee(&self) -> &Committee {
        &self.committee
    }

    /// Checks that a quorum committed the header. Cost: one batch of signatures.
    ///
    /// # Errors
    /// [`VerifyError::WrongChain`], [`VerifyError::ExecutedOutOfRange`],
    /// [`VerifyError::OtherHeader`] or [`VerifyError::Certificate`].
    pub fn verify_header(
        &self,
        certified: &CertifiedHeader,
    ) -> Result<VerifiedHeader, VerifyError> {
        let CertifiedHeader {
            header,
            certificate,
        } = certified;
        let height = header.height;
        if header.chain != self.chain {
            return Err(VerifyError::WrongChain {
                expected: self.chain,
                found: header.chain,
            });
        }
        let executed = header.executed.height;
        if executed >= height {
            return Err(VerifyError::ExecutedOutOfRange { height, executed });
        }
        let ballot = &certificate.ballot;
        // A header keeps the view of its first proposal, so the commit's view may be later.
        if ballot.digest != header.digest()
            || ballot.height != height
            || ballot.epoch != header.epoch
            || ballot.view < header.view
        {
            return Err(VerifyError::OtherHeader { height });
        }
        certificate
            .verify(&self.chain, &self.committee)
            .map_err(|source| VerifyError::Certificate { height, source })?;
        Ok(VerifiedHeader(header.clone()))
    }

    /// Checks what `key` held, or that it held nothing. Cost: a header and one path.
    ///
    /// # Errors
    /// Those of [`Self::verify_header`], and [`VerifyError::NotInState`].
    pub fn verify_state<'a>(
        &self,
        key: &Digest,
        proof: &'a StateProof,
    ) -> Result<VerifiedState<'a>, VerifyError> {
        let header = self.verify_header(&proof.certified)?;
        let value = proof.value.as_deref();
        if !proof.path.leads(key, value, &header.0.executed.state) {
            return Err(VerifyError::NotInState { key: *key });
        }
        Ok(VerifiedState { header, value })
    }

    /// Checks how `transaction` ended. Cost: a header and one path.
    ///
    /// # Errors
    /// Those of [`Self::verify_header`], [`VerifyError::OtherTransaction`] and
    /// [`VerifyError::NotInReceipts`].
    pub fn verify_receipt<'a>(
        &self,
        transaction: &TransactionId,
        proof: &'a ReceiptProof,
    ) -> Result<VerifiedReceipt<'a>, VerifyError> {
        let receipt = &proof.receipt;
        if receipt.transaction != *transaction {
            return Err(VerifyError::OtherTransaction {
                expected: *transaction,
                found: receipt.transaction,
            });
        }
        let header = self.verify_header(&proof.certified)?;
        let index = proof.place.index();
        if !proof
            .place
            .holds_receipt(receipt, &header.0.executed.receipts)
        {
            return Err(VerifyError::NotInReceipts { index });
        }
        Ok(VerifiedReceipt {
            header,
            index,
            receipt,
        })
    }

    /// Checks that these are all receipts of the block at `height`. Cost: a header, and a Merkle
    /// tree over the receipts.
    ///
    /// # Errors
    /// Those of [`Self::verify_header`], and [`VerifyError::OtherReceipts`].
    pub fn verify_block_receipts(
        &self,
        height: Height,
        block: &BlockReceipts,
    ) -> Result<VerifiedHeader, VerifyError> {
        let header = self.verify_header(&block.certified)?;
        let executed = header.0.executed;
        if executed.height != height || executed.receipts != receipts_root(&block.receipts) {
            return Err(VerifyError::OtherReceipts { height });
        }
        Ok(header)
    }
}
