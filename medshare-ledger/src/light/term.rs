//! One committee and the heights that its certificates count for.

use std::sync::Arc;

use medshare_types::{BlockHeader, ChainId, Committee, Epoch, Genesis, Height, Timestamp};

use super::boundary::check_hands_over;
use super::error::VerifyError;
use crate::block::CertifiedHeader;

/// An epoch, as the header before it and its committee make it known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    committee: Arc<Committee>,
    /// The lowest height of the epoch.
    first: Height,
    /// Block time of the header before `first`.
    since: Timestamp,
}

impl Term {
    /// Epoch 0, as the genesis founds it.
    pub(crate) fn genesis(genesis: &Genesis) -> Result<Self, VerifyError> {
        let committee = genesis
            .committee()
            .map_err(|source| VerifyError::InvalidGenesis { source })?;
        Ok(Self {
            committee: Arc::new(committee),
            first: Height(1),
            since: genesis.created,
        })
    }

    /// The epoch after `last`, a header that the caller trusts or has verified.
    ///
    /// # Errors
    /// [`VerifyError::OtherCommittee`] and [`VerifyError::NotNextEpoch`].
    pub(crate) fn after(last: &BlockHeader, committee: &Committee) -> Result<Self, VerifyError> {
        check_hands_over(last, committee)?;
        Ok(Self {
            committee: Arc::new(committee.clone()),
            first: last.height.next(),
            since: last.time,
        })
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.committee.epoch()
    }

    pub(crate) fn committee(&self) -> &Committee {
        &self.committee
    }

    pub(crate) const fn first(&self) -> Height {
        self.first
    }

    pub(crate) const fn since(&self) -> Timestamp {
        self.since
    }

    /// Checks that this committee committed the header, at a height from its first on. Cost: one
    /// batch of signatures.
    ///
    /// # Errors
    /// As [`LightClient::verify_header`](super::LightClient::verify_header).
    #[cfg(feature = "storage")]
    pub(crate) fn verify(
        &self,
        chain: &ChainId,
        certified: &CertifiedHeader,
    ) -> Result<(), VerifyError> {
        check_header(chain, certified)?;
        self.verify_certificate(chain, certified)
    }

    /// As [`Self::verify`] for a header that passed [`check_header`].
    pub(super) fn verify_certificate(
        &self,
        chain: &ChainId,
        certified: &CertifiedHeader,
    ) -> Result<(), VerifyError> {
        let height = certified.header.height;
        if height < self.first {
            let epoch = self.epoch();
            return Err(VerifyError::OutsideEpoch { height, epoch });
        }
        certified
            .certificate
            .verify(chain, &self.committee)
            .map_err(|source| VerifyError::Certificate { height, source })
    }
}

/// Checks all that needs no committee.
pub(super) fn check_header(
    chain: &ChainId,
    certified: &CertifiedHeader,
) -> Result<(), VerifyError> {
    let CertifiedHeader {
        header,
        certificate,
    } = certified;
    let height = header.height;
    if header.chain != *chain {
        return Err(VerifyError::WrongChain {
            expected: *chain,
            found: header.chain,
        });
    }
    let executed = header.executed.height;
    if executed >= height {
        return Err(VerifyError::ExecutedOutOfRange { height, executed });
    }
    let ballot = &certificate.ballot;
    // A header keeps the view of its first proposal, so the commit's view may be later.
    if ballot.digest != header.digest()
        || ballot.height != height
        || ballot.epoch != header.epoch
        || ballot.view < header.view
    {
        return Err(VerifyError::OtherHeader { height });
    }
    Ok(())
}
