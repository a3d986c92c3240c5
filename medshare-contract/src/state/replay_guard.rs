//! Marks of what must not occur twice.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Height, Wire};

/// That something was used: a sender's nonce, an owner's U, a session key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UsedMark {
    /// The block that used it.
    pub height: Height,
}

impl Wire for UsedMark {
    const KIND: [u8; 4] = *b"mSUS";
}
