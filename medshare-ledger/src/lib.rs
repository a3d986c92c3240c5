//! Transactions, blocks, proofs, a light client and durable storage.
#![forbid(unsafe_code)]
