//! Following the committees from epoch to epoch.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use medshare_types::{Epoch, Genesis, Timestamp};

use super::LightClient;
use super::boundary::{Anchor, Boundary};
use super::error::VerifyError;
use super::term::Term;

/// Time after which a client no longer follows from what it knows.
///
/// The voting keys of an epoch are erased after it. Where members keep theirs, or they are stolen, a
/// quorum of them can sign a second history, and a client that was away meanwhile has nothing that
/// speaks against it. So after this time it starts from a fresh [`Anchor`].
pub const TRUST_PERIOD: Duration = Duration::from_hours(90 * 24);

impl LightClient {
    /// Trusts `anchor` beside the genesis: headers verify from the anchor's committee on, and those of
    /// epoch 0. Epochs between are known once [followed](Self::follow) from the genesis, and only up to
    /// the anchor.
    ///
    /// # Errors
    /// As [`Self::new`]; [`VerifyError::WrongChain`], and [`VerifyError::OtherCommittee`] or
    /// [`VerifyError::NotNextEpoch`] for an anchor that is no end of an epoch.
    pub fn from_anchor(genesis: &Genesis, anchor: &Anchor) -> Result<Self, VerifyError> {
        let mut client = Self::new(genesis)?;
        let Anchor { header, committee } = anchor;
        if header.chain != client.chain {
            return Err(VerifyError::WrongChain {
                expected: client.chain,
                found: header.chain,
            });
        }
        let term = Term::after(header, committee)?;
        client.anchors.insert(header.epoch, header.clone());
        client.terms.insert(term.epoch(), term);
        Ok(client)
    }

    /// Learns the committee of the epoch after `boundary`: its header's certificate must be that of the
    /// header's own epoch, and the header must name the committee.
    ///
    /// What was followed stays: another end of the same epoch is refused, whoever signed it. A client
    /// that was away for long asks [`Self::check_trust`] first. Cost: one batch of signatures; none
    /// where the boundary was followed already.
    ///
    /// # Security
    /// A quorum of an epoch's keys can end that epoch as it likes for a client that has not followed
    /// it yet. Keys of an epoch that was followed change neither what comes after nor its heights, but
    /// still certify other headers at the epoch's own heights.
    ///
    /// # Errors
    /// Those of [`Self::verify_header`], [`VerifyError::OtherCommittee`],
    /// [`VerifyError::NotNextEpoch`] and [`VerifyError::OtherHistory`].
    pub fn follow(&mut self, boundary: &Boundary) -> Result<(), VerifyError> {
        let Boundary {
            certified,
            committee,
        } = boundary;
        let epoch = certified.header.epoch;
        let followed = self.followed.get(&epoch).map(|followed| &followed.header);
        if let Some(known) = followed.or(self.anchors.get(&epoch))
            && *known != certified.header
        {
            return Err(VerifyError::OtherHistory { epoch });
        }
        let next = Term::after(&certified.header, committee)?;
        if self.followed.contains_key(&epoch) {
            return Ok(());
        }
        self.verify_header(certified)?;
        if let Entry::Vacant(entry) = self.terms.entry(next.epoch()) {
            entry.insert(next);
        }
        self.followed.insert(epoch, certified.clone().into());
        Ok(())
    }

    /// The newest epoch whose committee it knows. The next boundary to follow ends this epoch.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        let newest = self.terms.last_key_value();
        newest.map_or(Epoch(0), |(epoch, _)| *epoch)
    }

    /// The newest end of an epoch that it followed or started from, for other clients to start from;
    /// `None` where it is the genesis.
    #[must_use]
    pub fn trust_anchor(&self) -> Option<Anchor> {
        let (epoch, term) = self.terms.last_key_value()?;
        let ended = Epoch(epoch.0.checked_sub(1)?);
        let followed = self.followed.get(&ended).map(|followed| &followed.header);
        Some(Anchor {
            header: followed.or(self.anchors.get(&ended))?.clone(),
            committee: term.committee().clone(),
        })
    }

    /// Block time of the newest end of an epoch that it knows; that of the genesis in epoch 0.
    #[must_use]
    pub fn trusted_since(&self) -> Timestamp {
        let newest = self.terms.last_key_value();
        newest.map_or(Timestamp::from_millis(0), |(_, term)| term.since())
    }

    /// Checks that following from here is safe at `now`: the newest header that the caller verified
    /// with this client, of block time `verified`, or the newest end of an epoch that it knows, is at
    /// most [`TRUST_PERIOD`] old.
    ///
    /// # Errors
    /// [`VerifyError::Stale`].
    pub fn check_trust(
        &self,
        verified: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let since = verified.unwrap_or_default().max(self.trusted_since());
        let age = now.as_millis().saturating_sub(since.as_millis());
        if u128::from(age) > TRUST_PERIOD.as_millis() {
            return Err(VerifyError::Stale { since, now });
        }
        Ok(())
    }

    /// The boundaries by which it came to know the committee of `epoch`, newest first: back to the
    /// genesis, or to what it started from.
    pub fn boundaries_before(&self, epoch: Epoch) -> impl Iterator<Item = Boundary> + '_ {
        let ended = (0..epoch.0).rev().map(Epoch);
        ended.map_while(|ended| {
            Some(Boundary {
                certified: self.followed.get(&ended)?.as_ref().clone(),
                committee: self.terms.get(&ended.next())?.committee().clone(),
            })
        })
    }

    /// The committee of an epoch, if it is known.
    pub(super) fn term_of(&self, epoch: Epoch) -> Result<&Term, VerifyError> {
        self.terms.get(&epoch).ok_or_else(|| {
            let known = self.terms.range(..epoch).next_back();
            VerifyError::UnknownEpoch {
                epoch,
                followed: known.map_or(Epoch(0), |(known, _)| *known),
            }
        })
    }

    /// The term after, of those that are known.
    pub(super) fn term_after(&self, epoch: Epoch) -> Option<&Term> {
        let after: &BTreeMap<Epoch, Term> = &self.terms;
        after.range(epoch.next()..).next().map(|(_, term)| term)
    }
}
