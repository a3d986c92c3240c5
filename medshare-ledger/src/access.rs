//! The receipt of one access, which verifies offline for ever.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::{Digest, Genesis, ReleaseShare, Ticket, TicketId, Wire};

use crate::light::{LightClient, ReceiptProof, VerifyError};

/// Proof that the consortium issued a ticket, with the digests of the release shares it opened with.
///
/// [`Self::verify`] needs the genesis alone. It proves the ticket: grant, reader, record, purpose
/// and time. The list of shares is the reader's claim until the shares themselves, each signed by
/// its holder, pass [`Self::verify_share`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccessReceipt {
    issued: ReceiptProof,
    shares: Vec<Digest>,
}

impl Wire for AccessReceipt {
    const KIND: [u8; 4] = *b"mARC";
    const MAX_LEN: usize = 1 << 20;
}

impl AccessReceipt {
    /// Joins the proof of the ticket's receipt and the digests of the shares used, in any order.
    #[must_use]
    pub fn new(issued: ReceiptProof, shares: impl IntoIterator<Item = Digest>) -> Self {
        let ascending: BTreeSet<_> = shares.into_iter().collect();
        Self {
            issued,
            shares: ascending.into_iter().collect(),
        }
    }

    /// The digests of the release shares, ascending.
    #[must_use]
    pub fn shares(&self) -> &[Digest] {
        &self.shares
    }

    /// Checks the ticket against the genesis and returns it. Cost: one batch of signatures and one
    /// path.
    ///
    /// # Errors
    /// Those of [`LightClient::verify_receipt`], [`VerifyError::NoTicket`],
    /// [`VerifyError::TicketMismatch`] and [`VerifyError::SharesOutOfOrder`].
    pub fn verify(&self, genesis: &Genesis) -> Result<&Ticket, VerifyError> {
        let client = LightClient::new(genesis)?;
        let verified = client.verify_receipt(&self.issued.receipt.transaction, &self.issued)?;
        let receipt = verified.receipt();
        let ticket = receipt.ticket().ok_or(VerifyError::NoTicket)?;
        let named = TicketId::of_transaction(&receipt.transaction);
        if ticket.id != named || ticket.height != verified.height() {
            return Err(VerifyError::TicketMismatch);
        }
        if !self.shares.is_sorted_by(|a, b| a < b) {
            return Err(VerifyError::SharesOutOfOrder);
        }
        Ok(ticket)
    }

    /// Checks that `share` belongs to this access and that its holder, a founding member, signed it.
    /// Cost: as [`Self::verify`], and one signature.
    ///
    /// # Errors
    /// Those of [`Self::verify`], [`VerifyError::ForeignShare`] and
    /// [`VerifyError::BadShareSignature`].
    pub fn verify_share(&self, genesis: &Genesis, share: &ReleaseShare) -> Result<(), VerifyError> {
        let ticket = self.verify(genesis)?;
        let is_of_ticket = share.ticket == ticket.id && share.label == ticket.label;
        if !is_of_ticket || self.shares.binary_search(&share.digest()).is_err() {
            return Err(VerifyError::ForeignShare);
        }
        genesis
            .members
            .iter()
            .find(|member| member.organisation() == share.holder)
            .ok_or(VerifyError::ForeignShare)?
            .key
            .verify(&share.statement(), &share.signature)
            .map_err(|_| VerifyError::BadShareSignature)
    }
}
