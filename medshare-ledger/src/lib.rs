//! Transactions, blocks, proofs, a light client and durable storage.
//!
//! **Is:** the content of the chain and its verification: signed [`Transaction`]s in [`Block`]s,
//! receipts under RFC 6962 roots, the state under a Jellyfish Merkle root, and a [`LightClient`]
//! that needs the genesis alone, and follows the committees from there. With the default feature
//! `storage`, the `LedgerStore` of a member. Without it the crate builds for
//! `wasm32-unknown-unknown`.
//!
//! **Is not:** the rules of consent (the contract's), ordering (consensus') or a network. It reads
//! no clock and draws no randomness.
//!
//! **Security status:** not audited. Formats are version 0 and may change. Hashes are SHA3-256,
//! signatures Ed25519 under ZIP-215 rules.
//!
//! ```
//! use medshare_ledger::{CertifiedHeader, LightClient, Transaction, VerifyError};
//! # use medshare_ledger::transactions_root;
//! # use medshare_types::{attestation::attestations_root, certificate::Ballot, genesis::*, *};
//! # let keys: Vec<_> = (0..4).map(|n| SigningKey::from_seed(&[n; 32])).collect();
//! # let member = |key: &SigningKey| GenesisMember {
//! #     name: "member".into(), key: key.verifying_key(), holder_key: G1Bytes([0; 48]),
//! # };
//! # let genesis = Genesis {
//! #     salt: [7; 32], created: Timestamp::from_millis(0),
//! #     members: keys.iter().map(member).collect(),
//! #     authority: GenesisAuthority { parameters: vec![] },
//! #     parameters: ChainParameters::default(),
//! # };
//! # let chain = genesis.chain_id();
//! # let sender = OrganisationId::of_key(&keys[0].verifying_key());
//! let transaction = Transaction::sign(chain, sender.into(), Nonce([1; 16]), vec![1], &keys[0]);
//! transaction.verify(&chain)?;
//! # let header = BlockHeader {
//! #     chain, height: Height(1), epoch: Epoch(0), view: View(0), proposer: ReplicaId(0),
//! #     previous: Digest::ZERO, time: Timestamp::from_millis(1),
//! #     transactions: transactions_root(&[transaction]),
//! #     attestations: attestations_root(&[]),
//! #     executed: ExecutedRoots {
//! #         height: Height(0), state: Digest::ZERO, receipts: Digest::ZERO,
//! #     },
//! #     next_committee: genesis.committee()?.digest(),
//! # };
//! # let ballot = Ballot {
//! #     epoch: Epoch(0), view: View(0), height: Height(1), digest: header.digest(),
//! # };
//! # let statement = ballot.statement(&chain, Phase::Commit);
//! # let votes = (0..3).map(|n| (ReplicaId(n), keys[usize::from(n)].sign(&statement))).collect();
//! # let certificate = CommitCertificate { ballot, votes };
//!
//! // Three of four members committed this header: no single member is trusted.
//! let client = LightClient::new(&genesis)?;
//! let mut certified = CertifiedHeader { header, certificate };
//! let verified = client.verify_header(&certified)?;
//! assert_eq!(verified.header().height, Height(1));
//!
//! certified.header.time = Timestamp::from_millis(2);
//! let refused = client.verify_header(&certified);
//! assert_eq!(refused, Err(VerifyError::OtherHeader { height: Height(1) }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`transaction`], [`block`] | transactions, blocks, and the header with its certificate |
//! | [`list`] | roots of transactions and receipts, proofs of inclusion |
//! | [`state`] | the state root, paths to values and to their absence |
//! | [`light`] | headers, state and receipts, verified from the genesis or an anchor on |
//! | [`access`] | the receipt of one access |
//! | [`rpc`] | requests of clients to a member, and its responses |
#![cfg_attr(
    feature = "storage",
    doc = "| [`storage`] | the durable ledger of one member |"
)]
//!
//! **Papers.** Laurie, Langley and Kasper, RFC 6962 (lists); Gao, Hu and Wu, *Jellyfish Merkle
//! Tree*, 2021 (state); Castro and Liskov, OSDI 1999 (commit certificates).
//!
//! **Deviations.** The root of a list binds its length beside the RFC's tree head. The state tree
//! hashes with SHA3-256 behind a tag of its own, and uses keys as paths without hashing them again,
//! since they are digests. A later header names the roots of a block, not its own.
#![forbid(unsafe_code)]

#[cfg(medshare_test_signatures)]
compile_error!("test signatures are for simulations of consensus, and for nothing else");

pub mod access;
pub mod block;
pub mod light;
pub mod list;
pub mod rpc;
pub mod state;
#[cfg(feature = "storage")]
pub mod storage;
pub mod transaction;

pub use access::AccessReceipt;
pub use block::{Block, BlockError, CertifiedHeader};
pub use light::{
    Anchor, BlockReceipts, Boundary, LightClient, ReceiptProof, StateProof, VerifiedHeader,
    VerifiedReceipt, VerifiedState, VerifyError,
};
pub use list::{ListProof, receipts_root, transactions_root};
pub use rpc::{
    MemberStatus, RefusalCode, Refusing, RpcRefusal, RpcRequest, RpcResponse, ShareRequest,
};
pub use state::{StatePath, state_root};
#[cfg(feature = "storage")]
pub use storage::{Execution, LedgerStore, Medium, StoreError};
pub use transaction::{MAX_CALL_LEN, Transaction, TransactionError};
