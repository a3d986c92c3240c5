//! Marks against replay: each nonce, U and session key is accepted once.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Height, Wire};

/// The mark of a used value: a sender's nonce, an owner's U, a session key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UsedMark {
    /// Height of the block that used the value.
    pub height: Height,
}

impl Wire for UsedMark {
    const KIND: [u8; 4] = *b"mSUS";
}
