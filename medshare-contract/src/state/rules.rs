//! The version of the rules in force.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::Wire;

/// The rules that the chain runs under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RulesState {
    /// Their version.
    pub version: u32,
}

impl Wire for RulesState {
    const KIND: [u8; 4] = *b"mSRU";
}
