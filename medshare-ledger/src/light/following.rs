//! Following the committees from epoch to epoch.

use std::time::Duration;

use medshare_types::{BlockHeader, Epoch, Timestamp};

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
    /// Trusts `anchor` as well: headers verify from its committee on. Epochs between are known once they
    /// are [followed](Self::follow).
    ///
    /// # Errors
    /// [`VerifyError::WrongChain`]; [`VerifyError::OtherCommittee`] or [`VerifyError::NotNextEpoch`] for
    /// one that is no end of an epoch; [`VerifyError::OtherHistory`] for another end than it knows.
    pub fn trust(&mut self, anchor: &Anchor) -> Result<(), VerifyError> {
        let Anchor { header, committee } = anchor;
        if header.chain != self.chain {
            return Err(VerifyError::WrongChain {
                expected: self.chain,
                found: header.chain,
            });
        }
        self.check_known(header)?;
        let term = Term::after(header, committee)?;
        self.anchors.insert(header.epoch, header.clone());
        self.terms.insert(term.epoch(), term);
        Ok(())
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
        self.check_known(&certified.header)?;
        let next = Term::after(&certified.header, committee)?;
        if self.followed.contains_key(&epoch) {
            return Ok(());
        }
        self.verify_header(certified)?;
        self.terms.entry(next.epoch()).or_insert(next);
        self.followed.insert(epoch, certified.clone().into());
        Ok(())
    }

    /// Follows those of `boundaries` that lead to the committee of the header's epoch, if it is not
    /// known. The header's time is over, so nothing is followed that is older than the trust period
    /// by then.
    pub(crate) fn reach(
        &mut self,
        header: &BlockHeader,
        boundaries: &[Boundary],
    ) -> Result<(), VerifyError> {
        let Err(VerifyError::UnknownEpoch { epoch, followed }) = self.term_of(header.epoch) else {
            return Ok(());
        };
        self.check_trust(followed, None, header.time)?;
        let leads = |boundary: &&Boundary| (followed..epoch).contains(&boundary.epoch());
        boundaries
            .iter()
            .filter(leads)
            .try_for_each(|boundary| self.follow(boundary))
    }

    /// The newest epoch whose committee it knows. The next boundary to follow ends this epoch.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        let newest = self.terms.last_key_value();
        newest.map_or(Epoch(0), |(epoch, _)| *epoch)
    }

    /// The newest end of an epoch that it knows, for other clients to start from; `None` where it
    /// knows the genesis alone.
    #[must_use]
    pub fn trust_anchor(&self) -> Option<Anchor> {
        let (epoch, term) = self.terms.last_key_value()?;
        let ended = Epoch(epoch.0.checked_sub(1)?);
        Some(Anchor {
            header: self.end_of(ended)?.clone(),
            committee: term.committee().clone(),
        })
    }

    /// Checks that it is safe at `now` to follow from the end of the epoch before `followed`: that end
    /// is at most [`TRUST_PERIOD`] old, or for the newest epoch that it knows `verified` is, the block
    /// time of the newest header that the caller verified.
    ///
    /// # Errors
    /// [`VerifyError::Stale`].
    pub fn check_trust(
        &self,
        followed: Epoch,
        verified: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let known = self.terms.range(..=followed).next_back();
        let ended = known.map(|(_, term)| term.since()).unwrap_or_default();
        let verified = verified.filter(|_| followed >= self.epoch());
        let since = ended.max(verified.unwrap_or_default());
        let age = now.as_millis().saturating_sub(since.as_millis());
        if u128::from(age) > TRUST_PERIOD.as_millis() {
            return Err(VerifyError::Stale { since, now });
        }
        Ok(())
    }

    /// The boundaries by which it came to know the committee of `epoch`, newest first: back to the
    /// genesis or an anchor.
    pub fn boundaries_before(&self, epoch: Epoch) -> impl Iterator<Item = Boundary> + '_ {
        let ended = (0..epoch.0).rev().map(Epoch);
        ended.map_while(|ended| {
            Some(Boundary {
                certified: self.followed.get(&ended)?.as_ref().clone(),
                committee: self.terms.get(&ended.next())?.committee().clone(),
            })
        })
    }

    /// The last header of an epoch.
    fn end_of(&self, epoch: Epoch) -> Option<&BlockHeader> {
        let followed = self.followed.get(&epoch).map(|followed| &followed.header);
        followed.or_else(|| self.anchors.get(&epoch))
    }

    /// Refuses another last header of an epoch than the one that is known.
    fn check_known(&self, last: &BlockHeader) -> Result<(), VerifyError> {
        let epoch = last.epoch;
        match self.end_of(epoch) {
            Some(known) if known != last => Err(VerifyError::OtherHistory { epoch }),
            _ => Ok(()),
        }
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
        let after = self.terms.range(epoch.next()..).next();
        after.map(|(_, term)| term)
    }
}
