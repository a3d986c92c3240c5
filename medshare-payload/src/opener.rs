//! Checking and decrypting single segments, without I/O.

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

/// What an opener holds a sealed segment against before it decrypts it: a [`ContentTree`], or
/// nothing, [`Rootless`].
pub trait Integrity: private::Sealed {
    /// Lengths and places of the segments.
    fn layout(&self) -> PayloadLayout;

    /// Checks a sealed segment.
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

/// No content root: whoever holds the data key may have made what is read.
///
/// What an opener of this kind has checked is that the object's last segment was sealed as the
/// last, at the place that the object's length gives. So the number of segments and the length are
/// those with which somebody who holds the data key ended a payload under this preamble: the object
/// was neither cut nor extended by anybody else, and segments were not moved.
///
/// It is weaker than a content root in that every reader holds the data key. Each of them can
/// replace segments, or all of them, and so change the length; and old and new segments can be
/// mixed. Nothing is said of the writer, or of which of several contents it is. Where the root is
/// known but the tree is not at hand, check every segment against the root by its
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
/// // Some bytes of an object that lies elsewhere.
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
    /// For a stored object of `object_len` bytes, not padded.
    ///
    /// # Errors
    /// [`PayloadError::WrongKey`] when the preamble commits to another data key;
    /// [`PayloadError::ObjectTruncated`] or [`PayloadError::ObjectExtended`];
    /// [`PayloadError::Padded`] when [`Self::with_last_segment`] is needed.
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

    /// For a stored object of `object_len` bytes of which `last` is the last segment, sealed: how
    /// much of a padded payload is content stands there. For one that is not padded it is
    /// [`Self::new`], and the last segment is checked.
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
    /// For a stored object of `object_len` bytes of which `last` is the last segment, sealed, and
    /// of which no content root is known. [`Rootless`] says what that proves. An object that was
    /// cut or extended is refused here, before anything of it is read.
    ///
    /// The last segment's place is [`PayloadLayout::of_sealed`]'s for `object_len`.
    ///
    /// # Errors
    /// [`PayloadError::WrongKey`]; [`PayloadError::InvalidLength`] for a length that no object has;
    /// [`PayloadError::EndMismatch`] when the object was cut, extended, or changed in its last
    /// segment; [`PayloadError::InvalidPadding`].
    pub fn without_root(
        data_key: &DataKey,
        preamble: &Preamble,
        object_len: u64,
        last: &[u8],
    ) -> Result<Self, PayloadError> {
        let layout = PayloadLayout::of_sealed(object_len)?;
        let opener = Self::start(data_key, preamble, Rootless { layout })?;
        let measured = opener.measured_by(last);
        measured.map_err(|error| match error {
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

    /// Authenticates the last segment and reads off where the content ends.
    fn measured_by(mut self, last: &[u8]) -> Result<Self, PayloadError> {
        let layout = self.layout();
        let mut last = Zeroizing::new(last.to_vec());
        let text = self.decrypt(layout.last(), &mut last)?;
        let content_len = self.padding.content_len(text, layout.plaintext_len());
        self.content_len = content_len.ok_or(PayloadError::InvalidPadding {
            index: layout.last(),
        })?;
        Ok(self)
    }

    /// Lengths and places of the segments.
    #[must_use]
    pub fn layout(&self) -> PayloadLayout {
        self.integrity.layout()
    }

    /// Bytes of content: the plaintext without its padding.
    #[must_use]
    pub const fn content_len(&self) -> u64 {
        self.content_len
    }

    /// Checks a sealed segment, then decrypts it where it stands, and returns its content, which is
    /// the front part of `buffer`; padding is checked and left out, so that a segment of nothing
    /// else gives nothing. Allocates nothing.
    ///
    /// # Errors
    /// [`PayloadError::NoSuchSegment`] or [`PayloadError::SegmentMismatch`]; `buffer` then still
    /// holds ciphertext. [`PayloadError::InvalidPadding`] when the sealer did not pad as the
    /// preamble says; `buffer` is then zero.
    pub fn open_in_place<'b>(
        &self,
        index: u32,
        buffer: &'b mut [u8],
    ) -> Result<&'b mut [u8], PayloadError> {
        let text = self.decrypt(index, buffer)?.len();
        let is_last = self.layout().is_last(index);
        let start = u64::from(index) * SEGMENT_LEN as u64;
        let held = self
            .padding
            .held(&buffer[..text], start, is_last, self.content_len);
        match held {
            Some(held) => Ok(&mut buffer[..held]),
            None => {
                buffer.zeroize();
                Err(PayloadError::InvalidPadding { index })
            }
        }
    }

    /// What to fetch for the part of `range` that the content has; nothing for none.
    #[must_use]
    pub fn plan(&self, range: Range<u64>) -> RangePlan {
        let end = range.end.min(self.content_len);
        self.layout().plan(range.start..end)
    }

    /// Checks and decrypts what was fetched for a plan, where it stands, and returns the range,
    /// which is a part of `fetched`. Allocates nothing.
    ///
    /// # Errors
    /// [`PayloadError::WrongLength`] unless `fetched` is as long as the plan's
    /// [`sealed_range`](RangePlan::sealed_range); and as [`Self::open_in_place`], for the first
    /// segment that is wrong: `fetched` is then zero.
    pub fn open_range<'b>(
        &self,
        plan: &RangePlan,
        fetched: &'b mut [u8],
    ) -> Result<&'b mut [u8], PayloadError> {
        let sealed = plan.sealed_range();
        let (expected, found) = (sealed.end - sealed.start, fetched.len() as u64);
        if expected != found {
            return Err(PayloadError::WrongLength { expected, found });
        }
        match self.open_parts(plan, fetched) {
            Ok(length) => Ok(&mut fetched[..length]),
            Err(error) => {
                fetched.zeroize();
                Err(error)
            }
        }
    }

    /// Moves each segment's part of the range to the front, behind those before it.
    fn open_parts(&self, plan: &RangePlan, fetched: &mut [u8]) -> Result<usize, PayloadError> {
        let mut end = 0;
        for index in plan.segments() {
            let place = plan.place_of(index, fetched.len());
            let content = self.open_in_place(index, &mut fetched[place.clone()])?;
            // A plan made without the key may reach into the padding.
            let (part, held) = (plan.part_of(index), content.len());
            let from = place.start + part.start.min(held)..place.start + part.end.min(held);
            let length = from.len();
            fetched.copy_within(from, end);
            end += length;
        }
        Ok(end)
    }

    fn decrypt<'b>(&self, index: u32, sealed: &'b mut [u8]) -> Result<&'b mut [u8], PayloadError> {
        self.integrity.check(index, sealed)?;
        let is_last = self.layout().is_last(index);
        let opened = self.cipher.open(index, is_last, sealed);
        opened.ok_or(PayloadError::SegmentMismatch { index })
    }
}

impl<I> core::fmt::Debug for SegmentOpener<I> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SegmentOpener({} bytes; secret)", self.content_len)
    }
}
