//! Merkle trees over lists: RFC 6962 with SHA3-256, bound to the length of the list.
//!
//! The tree head of RFC 6962, section 2.1, does not fix the number of leaves: one path can lead to it
//! from different indices in lists of different lengths. The root that a header names is therefore
//! `H(tag ‖ u64le(count) ‖ head)`, and a proof carries `count` and `head`.

use borsh::{BorshDeserialize, BorshSerialize};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{InclusionProof, RootHash};
use medshare_types::{Digest, TransactionReceipt, Wire, hash};
use sha3::Sha3_256;

use crate::transaction::Transaction;

/// Above the length of any list here; keeps arithmetic on indices far from overflow.
const MAX_COUNT: u64 = 1 << 32;

const TRANSACTIONS_TAG: &str = "medshare/ledger/transactions-root/v1";
const RECEIPTS_TAG: &str = "medshare/ledger/receipts-root/v1";

/// Root of a block's transactions, signatures included. Cost: about 2n hashes.
#[must_use]
pub fn transactions_root(transactions: &[Transaction]) -> Digest {
    root(TRANSACTIONS_TAG, transactions.iter().map(Transaction::leaf))
}

/// Root of a block's receipts, in the order of its transactions. Cost: about 2n hashes.
#[must_use]
pub fn receipts_root(receipts: &[TransactionReceipt]) -> Digest {
    root(RECEIPTS_TAG, receipts.iter().map(receipt_leaf))
}

/// Index of a leaf in a list, and the path from it to the list's root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ListProof {
    index: u64,
    count: u64,
    head: Digest,
    path: Vec<Digest>,
}

impl ListProof {
    /// Index of the leaf, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Length of the list, bound by the root.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// True when `receipt` is at this index under `root`. Cost: ⌈log₂ count⌉ + 2 hashes.
    #[must_use]
    pub(crate) fn holds_receipt(&self, receipt: &TransactionReceipt, root: &Digest) -> bool {
        self.leads(RECEIPTS_TAG, &receipt_leaf(receipt), root)
    }

    fn leads(&self, tag: &str, leaf: &Digest, root: &Digest) -> bool {
        // The length first, so that the path is checked against the real one.
        if self.count > MAX_COUNT || bind(tag, self.count, &self.head) != *root {
            return false;
        }
        let siblings: Vec<_> = self
            .path
            .iter()
            .map(|digest| (*digest.as_bytes()).into())
            .collect();
        let proof = InclusionProof::<Sha3_256>::from_digests(&siblings);
        RootHash::new((*self.head.as_bytes()).into(), self.count)
            .verify_inclusion(leaf, self.index, &proof)
            .is_ok()
    }
}

/// The tree over a block's receipts, to prove any number of them.
#[cfg(feature = "storage")]
pub(crate) struct ReceiptTree(MemoryBackedTree<Sha3_256, Digest>);

#[cfg(feature = "storage")]
impl ReceiptTree {
    /// Cost: about 2n hashes.
    pub(crate) fn new(receipts: &[TransactionReceipt]) -> Self {
        Self(tree(receipts.iter().map(receipt_leaf)))
    }

    /// Proves that the receipt at `index` is under the root; `None` beyond the end.
    pub(crate) fn prove(&self, index: usize) -> Option<ListProof> {
        let leaf_index = u64::try_from(index).ok()?;
        if leaf_index >= self.0.len() {
            return None;
        }
        let siblings = self.0.prove_inclusion(index);
        let path = siblings.as_bytes().as_chunks::<32>().0;
        Some(ListProof {
            index: leaf_index,
            count: self.0.len(),
            head: head(&self.0),
            path: path.iter().copied().map(Digest::from_bytes).collect(),
        })
    }
}

fn receipt_leaf(receipt: &TransactionReceipt) -> Digest {
    hash::digest("medshare/ledger/receipt-leaf/v1", &[&receipt.to_wire()])
}

fn root(tag: &str, leaves: impl Iterator<Item = Digest>) -> Digest {
    let tree = tree(leaves);
    bind(tag, tree.len(), &head(&tree))
}

fn bind(tag: &str, count: u64, head: &Digest) -> Digest {
    hash::digest(tag, &[&count.to_le_bytes(), head.as_ref()])
}

fn tree(leaves: impl Iterator<Item = Digest>) -> MemoryBackedTree<Sha3_256, Digest> {
    let mut tree = MemoryBackedTree::new();
    leaves.for_each(|leaf| tree.push(leaf));
    tree
}

fn head(tree: &MemoryBackedTree<Sha3_256, Digest>) -> Digest {
    Digest::from_bytes((*tree.root().as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha3::Digest as _;

    /// RFC 6962, section 2.1, word for word.
    fn reference(leaves: &[Digest]) -> [u8; 32] {
        match leaves.len() {
            0 => Sha3_256::digest([]).into(),
            1 => Sha3_256::digest([&[0][..], leaves[0].as_ref()].concat()).into(),
            n => {
                let k = n.next_power_of_two() / 2;
                let left = reference(&leaves[..k]);
                let right = reference(&leaves[k..]);
                Sha3_256::digest([&[1][..], &left, &right].concat()).into()
            }
        }
    }

    #[test]
    fn heads_are_those_of_rfc_6962() {
        let leaves: Vec<_> = (0..20u8).map(|n| hash::digest("t", &[&[n]])).collect();
        for n in 0..leaves.len() {
            let tree = tree(leaves[..n].iter().copied());
            assert_eq!(head(&tree).as_bytes(), &reference(&leaves[..n]), "n = {n}");
        }
    }

    #[test]
    fn the_tag_and_the_length_are_bound() {
        let leaves = || (0..3u8).map(|n| hash::digest("t", &[&[n]]));
        let head = head(&tree(leaves()));
        assert_ne!(
            root(RECEIPTS_TAG, leaves()),
            root(TRANSACTIONS_TAG, leaves())
        );
        assert_ne!(bind(RECEIPTS_TAG, 3, &head), bind(RECEIPTS_TAG, 2, &head));
    }
}
