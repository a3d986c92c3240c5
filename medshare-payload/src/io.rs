//! Writing and reading payloads through `std::io`.

use core::fmt;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};

use zeroize::Zeroizing;

use crate::layout::{PayloadLayout, SEALED_SEGMENT_LEN, SEGMENT_LEN, TAG_LEN};
use crate::opener::{Integrity, Rootless, SegmentOpener};
use crate::padding::Padding;
use crate::preamble::Preamble;
use crate::sealer::SegmentSealer;
use crate::secret::DataKey;
use crate::tree::ContentTree;

/// Seals the bytes written to it.
///
/// [`Self::finish`] seals the last segment: dropping the writer without it leaves an object that
/// cannot be opened.
pub struct PayloadWriter<W> {
    inner: W,
    sealer: SegmentSealer,
    /// Plaintext that is not sealed yet; the capacity includes the tag.
    buffer: Zeroizing<Vec<u8>>,
    /// Whether a write failed, so that the object is incomplete.
    broken: bool,
}

impl<W: Write> PayloadWriter<W> {
    /// A writer that seals to `inner`.
    #[must_use]
    pub fn new(inner: W, sealer: SegmentSealer) -> Self {
        Self {
            inner,
            sealer,
            buffer: Zeroizing::new(Vec::with_capacity(SEALED_SEGMENT_LEN)),
            broken: false,
        }
    }

    /// Appends the padding, if any, seals the last segment, flushes, and returns the inner writer
    /// and the content tree.
    ///
    /// # Errors
    /// Those of the inner writer, and always after a failed write.
    pub fn finish(mut self) -> Result<(W, ContentTree)> {
        let content_len = self.sealer.plaintext_len() + self.buffer.len() as u64;
        let mut tail = self.sealer.padding().tail(content_len)?;
        std::io::copy(&mut tail, &mut self)?;
        self.emit(true)?;
        self.inner.flush()?;
        Ok((self.inner, self.sealer.finish()?))
    }

    fn emit(&mut self, last: bool) -> Result<()> {
        if self.broken {
            return Err(Error::other("an earlier write failed"));
        }
        // A segment that fails to be written must not be followed by another.
        self.broken = true;
        self.buffer.extend_from_slice(&[0; TAG_LEN]);
        self.sealer.seal_in_place(&mut self.buffer, last)?;
        self.inner.write_all(&self.buffer)?;
        self.buffer.clear();
        self.broken = false;
        Ok(())
    }
}

impl<W: Write> Write for PayloadWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        // A full segment is sealed only when more bytes follow: it may be the last.
        if self.broken || self.buffer.len() == SEGMENT_LEN {
            self.emit(false)?;
        }
        let taken = bytes.len().min(SEGMENT_LEN - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Flushes the sealed segments; the current one stays in memory.
    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}

impl<W> fmt::Debug for PayloadWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayloadWriter({:?})", self.sealer)
    }
}

/// Reads the content of a sealed object, from any offset. Every byte returned was checked against the
/// content tree or, for a `PayloadReader<R, Rootless>`, as [`Rootless`] says.
///
/// Reading to the end of a padded payload also checks all of its padding, once.
pub struct PayloadReader<R, I = ContentTree> {
    inner: R,
    opener: SegmentOpener<I>,
    /// Index of the segment whose content is in `buffer`.
    loaded: Option<u32>,
    buffer: Zeroizing<Vec<u8>>,
    length: usize,
    position: u64,
    /// Whether the segments that hold only padding were checked, or there are none.
    padding_checked: bool,
}

impl<R: Read + Seek> PayloadReader<R> {
    /// A reader of the sealed object that is the whole of `inner`.
    ///
    /// # Errors
    /// Those of `inner`, and as [`SegmentOpener::new`] or, for padded payloads,
    /// [`SegmentOpener::with_last_segment`].
    pub fn new(
        mut inner: R,
        data_key: &DataKey,
        preamble: &Preamble,
        tree: ContentTree,
    ) -> Result<Self> {
        let length = inner.seek(SeekFrom::End(0))?;
        let opener = if preamble.padding() == Padding::None {
            SegmentOpener::new(data_key, preamble, tree, length)?
        } else {
            // Checked first: in an object of another length, the last segment is elsewhere.
            tree.layout().check_object(length)?;
            let last = read_last_segment(&mut inner, tree.layout())?;
            SegmentOpener::with_last_segment(data_key, preamble, tree, length, &last)?
        };
        Ok(Self::over(inner, opener))
    }
}

impl<R: Read + Seek> PayloadReader<R, Rootless> {
    /// A reader of the sealed object that is the whole of `inner`, without a content root.
    ///
    /// [`Rootless`] says what is proved. The last segment is read and authenticated here, so that a
    /// truncated or extended object is refused before any of it is returned.
    ///
    /// ```
    /// use medshare_payload::{PayloadReader, PayloadWriter};
    /// use std::io::{Cursor, Read, Seek, SeekFrom, Write};
    ///
    /// let (data_key, preamble, sealer) = medshare_payload::create(&mut rand::rng());
    /// let mut writer = PayloadWriter::new(Vec::new(), sealer);
    /// writer.write_all(&[7; 200_000])?;
    /// let (object, _) = writer.finish()?;
    ///
    /// let mut reader = PayloadReader::without_root(Cursor::new(&object), &data_key, &preamble)?;
    /// reader.seek(SeekFrom::Start(150_000))?;
    /// let mut bytes = [0; 100];
    /// reader.read_exact(&mut bytes)?;
    /// assert_eq!(bytes, [7; 100]);
    ///
    /// // Truncated after the second segment.
    /// let cut = Cursor::new(&object[..131_104]);
    /// assert!(PayloadReader::without_root(cut, &data_key, &preamble).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of `inner`, and as [`SegmentOpener::without_root`].
    pub fn without_root(mut inner: R, data_key: &DataKey, preamble: &Preamble) -> Result<Self> {
        let length = inner.seek(SeekFrom::End(0))?;
        let layout = PayloadLayout::of_sealed(length)?;
        let last = read_last_segment(&mut inner, layout)?;
        let opener = SegmentOpener::without_root(data_key, preamble, length, &last)?;
        Ok(Self::over(inner, opener))
    }
}

impl<R: Read + Seek, I: Integrity> PayloadReader<R, I> {
    fn over(inner: R, opener: SegmentOpener<I>) -> Self {
        Self {
            inner,
            padding_checked: opener.content_len() == opener.layout().plaintext_len(),
            opener,
            loaded: None,
            buffer: Zeroizing::new(vec![0; SEALED_SEGMENT_LEN]),
            length: 0,
            position: 0,
        }
    }

    /// Length of the content in bytes.
    #[must_use]
    pub const fn content_len(&self) -> u64 {
        self.opener.content_len()
    }

    fn load(&mut self, index: u32) -> Result<()> {
        let Some(range) = self.opener.layout().segment_range(index) else {
            return Ok(());
        };
        self.loaded = None;
        self.inner.seek(SeekFrom::Start(range.start))?;
        // A range is at most one sealed segment long.
        let sealed = &mut self.buffer[..(range.end - range.start) as usize];
        self.inner.read_exact(sealed)?;
        self.length = self.opener.open_in_place(index, sealed)?.len();
        self.loaded = Some(index);
        Ok(())
    }

    /// Opens the segment in which the content ends, and every segment after it.
    fn check_padding(&mut self) -> Result<()> {
        if self.padding_checked {
            return Ok(());
        }
        let layout = self.opener.layout();
        let first = layout
            .locate(self.content_len())
            .map_or(layout.last(), |(index, _)| index);
        for index in first..layout.segment_count() {
            self.load(index)?;
        }
        self.padding_checked = true;
        Ok(())
    }
}

impl<R: Read + Seek, I: Integrity> Read for PayloadReader<R, I> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let located = self
            .opener
            .layout()
            .locate(self.position)
            .filter(|_| self.position < self.content_len());
        let Some((index, offset)) = located else {
            self.check_padding()?;
            return Ok(0);
        };
        if self.loaded != Some(index) {
            self.load(index)?;
        }
        let available = &self.buffer[offset..self.length];
        let taken = available.len().min(out.len());
        out[..taken].copy_from_slice(&available[..taken]);
        self.position += taken as u64;
        Ok(taken)
    }
}

impl<R: Read + Seek, I: Integrity> Seek for PayloadReader<R, I> {
    /// Offsets are those of the content.
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.content_len().checked_add_signed(offset),
        };
        let outside = || {
            Error::new(
                ErrorKind::InvalidInput,
                "seek to a position before the start",
            )
        };
        self.position = position.ok_or_else(outside)?;
        Ok(self.position)
    }
}

/// Reads the last sealed segment from its range of the object.
fn read_last_segment(inner: &mut (impl Read + Seek), layout: PayloadLayout) -> Result<Vec<u8>> {
    let range = layout.last_range();
    inner.seek(SeekFrom::Start(range.start))?;
    let mut sealed = vec![0; (range.end - range.start) as usize];
    inner.read_exact(&mut sealed)?;
    Ok(sealed)
}

impl<R, I> fmt::Debug for PayloadReader<R, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayloadReader(at {}; secret)", self.position)
    }
}
