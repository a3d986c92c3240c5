//! The light client: verifies headers, state values and receipts offline, from a trusted genesis.

mod boundary;
mod error;
mod following;
mod term;

use std::collections::BTreeMap;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{
    BlockHeader, ChainId, Committee, Digest, Epoch, Genesis, Height, TransactionId,
    TransactionReceipt, Wire,
};

use crate::block::CertifiedHeader;
use crate::list::{ListProof, receipts_root};
use crate::state::StatePath;

pub use boundary::{Anchor, Boundary};
pub use error::VerifyError;
pub use following::TRUST_PERIOD;
pub(crate) use term::Term;

/// The value of a state key at the newest executed height that a header names.
///
/// The key is not part of the proof: the client knows the key it asked for, so a member cannot
/// answer about another one.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct StateProof {
    /// Names the state root.
    pub certified: CertifiedHeader,
    /// The value under the key asked for; `None` claims its absence.
    pub value: Option<Vec<u8>>,
    /// Path from the key to the root.
    pub path: StatePath,
}

impl Wire for StateProof {
    const KIND: [u8; 4] = *b"mSPR";
    const MAX_LEN: usize = 2 << 20;
}

/// Proof that a receipt is under the receipts root that a header names.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptProof {
    /// Names the receipts root; later than the receipt's own block.
    pub certified: CertifiedHeader,
    /// Receipt whose inclusion is proven.
    pub receipt: TransactionReceipt,
    /// Its index in its block, and the path from there to the root.
    pub inclusion: ListProof,
}

impl Wire for ReceiptProof {
    const KIND: [u8; 4] = *b"mRPR";
    const MAX_LEN: usize = 1 << 20;
}

/// Every receipt of one block, under the header that names their root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockReceipts {
    /// Names the receipts root; later than the block itself.
    pub certified: CertifiedHeader,
    /// In the order of the block's transactions.
    pub receipts: Vec<TransactionReceipt>,
}

impl Wire for BlockReceipts {
    const KIND: [u8; 4] = *b"mBRC";
    const MAX_LEN: usize = 2 << 20;
}

/// Checks headers and proofs of one chain against its genesis, and later [`Anchor`]s.
///
/// It knows the committees of the epochs that it [followed](Self::follow), and does no I/O. The
/// caller decides from the verified header's height and time if an answer is fresh enough. Memory:
/// 0.6 kB an epoch of 4 members, 4 kB of 31; a clone shares it.
#[derive(Clone, Debug)]
pub struct LightClient {
    chain: ChainId,
    /// The epochs whose committee is known: that of the genesis always.
    terms: BTreeMap<Epoch, Term>,
    /// The last header of each epoch that was followed.
    followed: BTreeMap<Epoch, Arc<CertifiedHeader>>,
    /// The last header of each epoch that is trusted without a certificate.
    anchors: BTreeMap<Epoch, BlockHeader>,
}

/// A header that a quorum of its committee committed. Made by [`LightClient`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedHeader(BlockHeader);

impl VerifiedHeader {
    /// The header that the quorum committed.
    #[must_use]
    pub const fn header(&self) -> &BlockHeader {
        &self.0
    }
}

/// The proven value or absence of a state key. Made by [`LightClient`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedState<'a> {
    header: VerifiedHeader,
    value: Option<&'a [u8]>,
}

impl<'a> VerifiedState<'a> {
    /// The header that names the state root.
    #[must_use]
    pub const fn header(&self) -> &BlockHeader {
        self.header.header()
    }

    /// Executed height at which the key held the value.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.header().executed.height
    }

    /// The value; `None` for a key without one.
    #[must_use]
    pub const fn value(&self) -> Option<&'a [u8]> {
        self.value
    }
}

/// A receipt that is proven to be on the chain. Made by [`LightClient`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt<'a> {
    header: VerifiedHeader,
    index: u64,
    receipt: &'a TransactionReceipt,
}

impl<'a> VerifiedReceipt<'a> {
    /// The header that names the receipts root, later than the receipt's own block.
    #[must_use]
    pub const fn header(&self) -> &BlockHeader {
        self.header.header()
    }

    /// Height of the block that holds the transaction.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.header().executed.height
    }

    /// Index of the transaction in that block, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The receipt that is on the chain.
    #[must_use]
    pub const fn receipt(&self) -> &'a TransactionReceipt {
        self.receipt
    }
}

impl LightClient {
    /// Trusts `genesis` alone.
    ///
    /// # Errors
    /// [`VerifyError::InvalidGenesis`] when its members do not form a committee.
    pub fn new(genesis: &Genesis) -> Result<Self, VerifyError> {
        let term = Term::genesis(genesis)?;
        Ok(Self {
            chain: genesis.chain_id(),
            terms: BTreeMap::from([(term.epoch(), term)]),
            followed: BTreeMap::new(),
            anchors: BTreeMap::new(),
        })
    }

    /// Identifier of the chain whose headers it accepts.
    #[must_use]
    pub const fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// The committee of an epoch; `None` for one that was not followed yet.
    #[must_use]
    pub fn committee(&self, epoch: Epoch) -> Option<&Committee> {
        self.terms.get(&epoch).map(Term::committee)
    }

    /// Checks that a quorum of the committee of its epoch committed the header, at a height of that
    /// epoch. Cost: one batch of signatures.
    ///
    /// # Errors
    /// [`VerifyError::WrongChain`], [`VerifyError::ExecutedOutOfRange`],
    /// [`VerifyError::OtherHeader`], [`VerifyError::OutsideEpoch`] or [`VerifyError::Certificate`];
    /// [`VerifyError::UnknownEpoch`] until the epoch's committee is known, which names the epoch from
    /// which on to [follow](Self::follow) boundaries.
    pub fn verify_header(
        &self,
        certified: &CertifiedHeader,
    ) -> Result<VerifiedHeader, VerifyError> {
        term::check_header(&self.chain, certified)?;
        let BlockHeader { height, epoch, .. } = certified.header;
        let term = self.term_of(epoch)?;
        if self
            .term_after(epoch)
            .is_some_and(|next| next.first() <= height)
        {
            return Err(VerifyError::OutsideEpoch { height, epoch });
        }
        term.verify_certificate(&self.chain, certified)?;
        Ok(VerifiedHeader(certified.header.clone()))
    }

    /// Checks the value of `key`, or its absence. Cost: a header and one path.
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

    /// Checks the receipt of `transaction`. Cost: a header and one path.
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
        let index = proof.inclusion.index();
        if !proof
            .inclusion
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

    /// Checks that these are all receipts of the block at `height`. Cost: a header and a Merkle tree
    /// over the receipts.
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
