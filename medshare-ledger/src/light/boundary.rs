//! Where one committee hands over to the next.

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{BlockHeader, Committee, Epoch, Wire};

use super::error::VerifyError;
use crate::block::CertifiedHeader;

/// The last block of an epoch, with the committee that it hands over to.
///
/// [`LightClient::follow`](super::LightClient::follow) verifies it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Boundary {
    /// Its header names `committee`; the committee of the header's own epoch committed it.
    pub certified: CertifiedHeader,
    /// Orders the heights after.
    pub committee: Committee,
}

impl Wire for Boundary {
    const KIND: [u8; 4] = *b"mBND";
    const MAX_LEN: usize = CertifiedHeader::MAX_LEN + Committee::MAX_LEN;
}

impl Boundary {
    /// The epoch that it ends.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.certified.header.epoch
    }
}

/// The end of an epoch that a client starts from, in place of the genesis.
///
/// It proves nothing: it must come from a source that the client trusts, such as another client of
/// the same organisation. It carries no certificate, since a client that starts here knows no earlier
/// committee.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Anchor {
    /// The last header of an epoch.
    pub header: BlockHeader,
    /// The committee that the header names; it orders the heights after.
    pub committee: Committee,
}

impl Wire for Anchor {
    const KIND: [u8; 4] = *b"mANC";
    const MAX_LEN: usize = BlockHeader::MAX_LEN + Committee::MAX_LEN;
}

/// Checks that `header` is the last of its epoch and hands over to `committee`.
pub(super) fn check_hands_over(
    header: &BlockHeader,
    committee: &Committee,
) -> Result<(), VerifyError> {
    let height = header.height;
    if header.next_committee != committee.digest() {
        return Err(VerifyError::OtherCommittee { height });
    }
    let expected = header.epoch.next();
    if committee.epoch() != expected {
        return Err(VerifyError::NotNextEpoch {
            expected,
            found: committee.epoch(),
        });
    }
    Ok(())
}
