//! The receipt of one access, which verifies offline for ever.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_types::wire::to_borsh;
use medshare_types::{BlockHeader, Digest, Genesis, ReleaseShare, Ticket, TicketId, Wire};

use crate::light::{Anchor, Boundary, LightClient, ReceiptProof, TRUST_PERIOD, VerifyError};

/// Bytes of boundaries in a receipt; the envelope leaves room for the rest.
const MOST_BOUNDARY_BYTES: usize = 15 << 20;

/// Proof that the consortium issued a ticket, with the digests of the release shares it opened with.
///
/// [`Self::verify`] needs a client that trusts the genesis, or a later anchor, alone: the receipt
/// carries the boundaries that lead to its committee. It proves the ticket: grant, reader, record,
/// purpose and time. The list of shares is the reader's claim until the shares themselves, each signed
/// by its holder, pass [`Self::verify_share`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccessReceipt {
    issued: ReceiptProof,
    /// Consecutive, oldest first, up to the epoch of `issued`.
    boundaries: Vec<Boundary>,
    shares: Vec<Digest>,
}

impl Wire for AccessReceipt {
    const KIND: [u8; 4] = *b"mARC";
    const MAX_LEN: usize = 16 << 20;
}

impl AccessReceipt {
    /// Joins the proof of the ticket's receipt and the digests of the shares used, in any order, with
    /// the boundaries by which `client` came to know the committee.
    ///
    /// Boundaries older than the [`TRUST_PERIOD`] at the time of the proof are left out, since no
    /// verifier may follow from there, and so are the oldest beyond 15 MiB (over 19,000 of 4 members).
    #[must_use]
    pub fn new(
        issued: ReceiptProof,
        shares: impl IntoIterator<Item = Digest>,
        client: &LightClient,
    ) -> Self {
        let ascending: BTreeSet<_> = shares.into_iter().collect();
        let mut boundaries = boundaries_to(&issued.certified.header, client);
        boundaries.reverse();
        Self {
            issued,
            boundaries,
            shares: ascending.into_iter().collect(),
        }
    }

    /// Leaves out the boundaries before `anchor`, for verifiers that trust it or a later one that still
    /// comes before the receipt. Without effect for an anchor after the receipt.
    pub fn rebase(&mut self, anchor: &Anchor) {
        let known = anchor.committee.epoch();
        if known <= self.issued.certified.header.epoch {
            self.boundaries.retain(|boundary| boundary.epoch() >= known);
        }
    }

    /// The digests of the release shares, ascending.
    #[must_use]
    pub fn shares(&self) -> &[Digest] {
        &self.shares
    }

    /// Checks the ticket, by a client as its trust anchor makes it or one that followed further, and
    /// returns the ticket. Cost: one batch of signatures and one path, and a batch for each epoch
    /// between what the client knows and the receipt.
    ///
    /// # Errors
    /// Those of [`LightClient::verify_receipt`] and [`LightClient::follow`],
    /// [`VerifyError::UnknownEpoch`] where the receipt's boundaries do not begin at an epoch that the
    /// client knows, [`VerifyError::Stale`] where that epoch began over [`TRUST_PERIOD`] before the
    /// receipt; [`VerifyError::NoTicket`], [`VerifyError::TicketMismatch`] and
    /// [`VerifyError::SharesOutOfOrder`].
    pub fn verify(&self, client: &LightClient) -> Result<&Ticket, VerifyError> {
        let mut client = client.clone();
        client.reach(&self.issued.certified.header, &self.boundaries)?;
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

    /// Checks that `share` belongs to this access and that its holder, a member of the genesis, signed
    /// it. Cost: as [`Self::verify`], and one signature.
    ///
    /// # Errors
    /// Those of [`Self::verify`], [`VerifyError::ForeignShare`] and
    /// [`VerifyError::BadShareSignature`].
    pub fn verify_share(
        &self,
        client: &LightClient,
        genesis: &Genesis,
        share: &ReleaseShare,
    ) -> Result<(), VerifyError> {
        let ticket = self.verify(client)?;
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

/// The boundaries that lead to the header's epoch, newest first, as far back as is of use.
fn boundaries_to(header: &BlockHeader, client: &LightClient) -> Vec<Boundary> {
    let mut bytes = 0;
    let is_of_use = |boundary: &Boundary| {
        let age = header
            .time
            .as_millis()
            .saturating_sub(boundary.certified.header.time.as_millis());
        bytes += to_borsh(boundary).len();
        u128::from(age) <= TRUST_PERIOD.as_millis() && bytes <= MOST_BOUNDARY_BYTES
    };
    client
        .boundaries_before(header.epoch)
        .take_while(is_of_use)
        .collect()
}
