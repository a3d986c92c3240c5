//! The version of the rules, and marks of what must not occur twice.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Height, Wire};

/// The rules that the chain runs under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RulesState {
    /// Their version.
    pub version: u32,
}

impl Wire for RulesState {
    const KIND: [u8; 4] = *b"mSRU";
}

/// That something was used: a sender's nonce, an owner's U, a session key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UsedMark {
    /// The block that used it.
    pub height: Height,
}

impl Wire for UsedMark {
    const KIND: [u8; 4] = *b"mSUS";
}
