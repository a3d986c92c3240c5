//! Checking and decrypting segments, without I/O.

use core::ops::Range;

use zeroize::{Zeroize, Zeroizing};

use crate::cipher::SegmentCipher;
use crate::error::PayloadError;
use crate::layout::{PayloadLayout, SEGMENT_LEN};
use crate::padding::Padding;
use crate::preamble::Preamble;
use crate::range::RangePlan;
use crate::secret::DataKey;
use crate::tree::ContentTree;

/// The evidence against which an opener checks a sealed segment before it decrypts it: a
/// [`ContentTree`], or none ([`Rootless`]). Sealed: no other types implement it.
pub trait Integrity: private::Sealed {
    /// Lengths and ranges of the segments.
    fn layout(&self) -> PayloadLayout;

    /// Checks a sealed segment before decryption.
    ///
    /// # Errors
    /// [`PayloadError::NoSuchSegment`] or [`PayloadError::SegmentMismatch`].
    fn check(&self, index: u32, sealed: &[u8]) -> Result<(), PayloadError>;
}

mod private {
    pub trait Sealed {}
    impl Sealed for super::ContentTree {}
    impl Sealed for super::Rootless {}
}

impl Integrity for ContentTree {
    fn layout(&self) -> PayloadLayout {
        self.layout()
    }

    fn check(&self, index: u32, sealed: &[u8]) -> Result<(), PayloadError> {
        self.check(index, sealed)
    }
}

/// No content root: every holder of the data key may have made the bytes that are read.
///
/// # Security
/// An opener of this kind has checked that the object's last segment was sealed as the last, at the
/// index that the object's length implies. The number of segments and the length are therefore
/// those with which a holder of the data key ended a payload under this preamble: other parties
/// neither truncated nor extended the object, nor moved its segments.
///
/// This is weaker than a content root, because every reader holds the data key. A reader can
/// replace segments, or all of them with another length, and old and new segments can be mixed. It
/// proves neither who wrote the content nor which of several contents this is. If the root is known
/// but the tree is not available, check every segment against the root by its
/// [`AuditPath`](crate::AuditPath), the last one first: that is as strong as the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rootless {
    layout: PayloadLayout,
}

impl Integrity for Rootless {
    fn layout(&self) -> PayloadLayout {
        self.layout
    }

    fn check(&self, index: u32, sealed: &[u8]) -> Result<(), PayloadError> {
        self.layout.check_segment(index, sealed)
    }
}

/// Checks and decrypts the segments of one payload, in any order.
///
/// ```
/// use medshare_payload::{PayloadWriter, SegmentOpener};
/// use std::io::Write;
///
/// let (data_key, preamble, sealer) = medshare_payload::create(&mut rand::rng());
/// let mut writer = PayloadWriter::new(Vec::new(), sealer);
/// writer.write_all(&[7; 200_000])?;
/// let (object, tree) = writer.finish()?;
///
/// // A range of an object in remote storage.
/// let opener = SegmentOpener::new(&data_key, &preamble, tree, object.len() as u64)?;
/// let plan = opener.plan(65_000..66_000);
/// let fetch = plan.sealed_range();
/// assert_eq!(fetch, 0..131_104);
/// let mut fetched = object[fetch.start as usize..fetch.end as usize].to_vec();
/// assert_eq!(opener.open_range(&plan, &mut fetched)?, [7; 1000]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SegmentOpener<I = ContentTree> {
    cipher: SegmentCipher,
    integrity: I,
    padding: Padding,
    content_len: u64,
}

impl SegmentOpener {
    /// Opens an unpadded payload, stored as an object of `object_len` bytes.
    ///
    /// # Errors
    /// [`PayloadError::WrongKey`] when the preamble commits to another data key;
    /// [`PayloadError::ObjectTruncated`] or [`PayloadError::ObjectExtended`];
    /// [`PayloadError::Padded`] when [`Self::with_last_segment`] is required.
    pub fn new(
        data_key: &DataKey,
        preamble: &Preamble,
        tree: ContentTree,
        object_len: u64,
    ) -> Result<Self, PayloadError> {
        let opener = Self::start(data_key, preamble, tree)?;
        opener.layout().check_object(object_len)?;
        match opener.padding {
            Padding::None => Ok(opener),
            Padding::Padme => Err(PayloadError::Padded),
        }
    }

    /// Opens a payload, stored as an object of `object_len` bytes that ends in the sealed segment
    /// `last`, which holds the content's length if the payload is padded.
    ///
    /// For an unpadded payload, this is [`Self::new`] and a check of the last segment.
    ///
    /// # Errors
    /// [`PayloadError::WrongKey`], [`PayloadError::ObjectTruncated`],
    /// [`PayloadError::ObjectExtended`], [`PayloadError::SegmentMismatch`], or
    /// [`PayloadError::InvalidPadding`].
    pub fn with_last_segment(
        data_key: &DataKey,
        preamble: &Preamble,
        tree: ContentTree,
        object_len: u64,
        last: &[u8],
    ) -> Result<Self, PayloadError> {
        let opener = Self::start(data_key, preamble, tree)?;
        opener.layout().check_object(object_len)?;
        opener.measured_by(last)
    }
}

impl SegmentOpener<Rootless> {
    /// Opens a payload without a content root, stored as an object of `object_len` bytes that ends
    /// in the sealed segment `last`.
    ///
    /// [`Rootless`] says what is proved. A truncated or extended object is refused here, before any
    /// of it is read. [`PayloadLayout::of_sealed`] gives the range of the last segment.
    ///
    /// # Errors
    /// [`PayloadError::WrongKey`]; [`PayloadError::InvalidLength`] for a length that no object has;
    /// [`PayloadError::EndMismatch`] when the object was truncated, extended, or changed in its last
    /// segment; [`PayloadError::InvalidPadding`].
    pub fn without_root(
        data_key: &DataKey,
        preamble: &Preamble,
        object_len: u64,
        last: &[u8],
    ) -> Result<Self, PayloadError> {
        let layout = PayloadLayout::of_sealed(object_len)?;
        let opener = Self::start(data_key, preamble, Rootless { layout })?;
        opener.measured_by(last).map_err(|error| match error {
            PayloadError::SegmentMismatch { .. } => PayloadError::EndMismatch { object_len },
            error => error,
        })
    }
}

impl<I: Integrity> SegmentOpener<I> {
    fn start(data_key: &DataKey, preamble: &Preamble, integrity: I) -> Result<Self, PayloadError> {
        let key = preamble.payload_key(data_key)?;
        Ok(Self {
            cipher: SegmentCipher::new(&key, preamble),
            padding: preamble.padding(),
            content_len: integrity.layout().plaintext_len(),
            integrity,
        })
    }

    /// Authenticates the last segment and reads the content's length from it.
    fn measured_by(mut self, last: &[u8]) -> Result<Self, PayloadError> {
        let layout = self.layout();
        let index = layout.last();
        let mut buffer = Zeroizing::new(last.to_vec());
        let text = self.decrypt(index, &mut buffer)?;
        self.content_len = self
            .padding
            .content_len(text, layout.plaintext_len())
            .ok_or(PayloadError::InvalidPadding { index })?;
        Ok(self)
    }

    /// Lengths and ranges of the segments.
    #[must_use]
    pub fn layout(&self) -> PayloadLayout {
        self.integrity.layout()
    }

    /// Length of the content in bytes: of the plaintext without padding.
    #[must_use]
    pub const fn content_len(&self) -> u64 {
        self.content_len
    }

    /// Checks a sealed segment, decrypts it in place and returns its content, a prefix of `buffer`.
    ///
    /// Padding is checked and left out: the content of a segment of padding is empty. Allocates
    /// nothing.
    ///
    /// # Errors
    /// [`PayloadError::NoSuchSegment`] or [`PayloadError::SegmentMismatch`]; `buffer` then still
    /// holds ciphertext. [`PayloadError::InvalidPadding`] when the sealer did not pad as the
    /// preamble requires; `buffer` is then zero.
    pub fn open_in_place<'b>(
        &self,
        index: u32,
        buffer: &'b mut [u8],
    ) -> Result<&'b mut [u8], PayloadError> {
        let text = self.decrypt(index, buffer)?.len();
        let is_last = self.layout().is_last(index);
        let start = u64::from(index) * SEGMENT_LEN as u64;
        match self
            .padding
            .held(&buffer[..text], start, is_last, self.content_len)
        {
            Some(held) => Ok(&mut buffer[..held]),
            None => {
                buffer.zeroize();
                Err(PayloadError::InvalidPadding { index })
            }
        }
    }

    /// Plans to read `range` of the content, cut at its end.
    #[must_use]
    pub fn plan(&self, range: Range<u64>) -> RangePlan {
        let end = range.end.min(self.content_len);
        self.layout().plan(range.start..end)
    }

    /// Checks and decrypts the bytes fetched for a plan in place, and returns the range, a prefix of
    /// `fetched`. Allocates nothing.
    ///
    /// # Errors
    /// [`PayloadError::WrongLength`] unless `fetched` is as long as the plan's
    /// [`sealed_range`](RangePlan::sealed_range); otherwise as [`Self::open_in_place`] for the first
    /// invalid segment: `fetched` is then zero.
    pub fn open_range<'b>(
        &self,
        plan: &RangePlan,
        fetched: &'b mut [u8],
    ) -> Result<&'b mut [u8], PayloadError> {
        let sealed = plan.sealed_range();
        let expected = sealed.end - sealed.start;
        let found = fetched.len() as u64;
        if expected != found {
            return Err(PayloadError::WrongLength { expected, found });
        }
        match self.open_segments(plan, fetched) {
            Ok(length) => Ok(&mut fetched[..length]),
            Err(error) => {
                fetched.zeroize();
                Err(error)
            }
        }
    }

    /// Opens each segment and moves its share of the range to the front, after the previous ones.
    fn open_segments(&self, plan: &RangePlan, fetched: &mut [u8]) -> Result<usize, PayloadError> {
        let mut end = 0;
        for index in plan.segments() {
            let sealed = plan.sealed_range_in(index, fetched.len());
            let content_len = self
                .open_in_place(index, &mut fetched[sealed.clone()])?
                .len();
            // A plan made without the key may reach into the padding.
            let wanted = plan.range_in(index);
            let from = sealed.start + wanted.start.min(content_len);
            let to = sealed.start + wanted.end.min(content_len);
            fetched.copy_within(from..to, end);
            end += to - from;
        }
        Ok(end)
    }

    fn decrypt<'b>(&self, index: u32, sealed: &'b mut [u8]) -> Result<&'b mut [u8], PayloadError> {
        self.integrity.check(index, sealed)?;
        let is_last = self.layout().is_last(index);
        self.cipher
            .open(index, is_last, sealed)
            .ok_or(PayloadError::SegmentMismatch { index })
    }
}

impl<I> core::fmt::Debug for SegmentOpener<I> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SegmentOpener({} bytes; secret)", self.content_len)
    }
}
