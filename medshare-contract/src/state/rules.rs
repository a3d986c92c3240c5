//! The version of the rules in force.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::Wire;

/// The rules in force on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RulesState {
    /// Compared with [`crate::RULES_VERSION`] before every transaction.
    pub version: u32,
}

impl Wire for RulesState {
    const KIND: [u8; 4] = *b"mSRU";
}
