//! The payload over `std::io`.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};

use zeroize::Zeroizing;

use super::preamble::Preamble;
use super::segment::{SegmentOpener, SegmentSealer};
use super::tree::ContentTree;
use super::{SEALED_SEGMENT_LEN, SEGMENT_LEN, TAG_LEN};
use crate::error::PayloadError;
use crate::secret::DataKey;

impl From<PayloadError> for Error {
    fn from(error: PayloadError) -> Self {
        Self::new(ErrorKind::InvalidData, error)
    }
}

/// Seals what is written to it. [`Self::finish`] seals the last segment: dropping the writer
/// without it leaves an object that nothing opens.
#[derive(Debug)]
pub struct PayloadWriter<W> {
    inner: W,
    sealer: SegmentSealer,
    /// Plaintext that is not sealed yet, with room for the tag.
    buffer: Zeroizing<Vec<u8>>,
    /// A write failed: the object has a hole.
    broken: bool,
}

impl<W: Write> PayloadWriter<W> {
    /// Writes the sealed object to `inner`.
    #[must_use]
    pub fn new(inner: W, sealer: SegmentSealer) -> Self {
        Self {
            inner,
            sealer,
            buffer: Zeroizing::new(Vec::with_capacity(SEALED_SEGMENT_LEN)),
            broken: false,
        }
    }

    /// Seals the last segment, flushes, and hands back the inner writer and the content tree.
    ///
    /// # Errors
    /// Those of the inner writer; any, if an earlier write failed.
    pub fn finish(mut self) -> Result<(W, ContentTree)> {
        self.emit(true)?;
        self.inner.flush()?;
        Ok((self.inner, self.sealer.finish()?))
    }

    fn emit(&mut self, last: bool) -> Result<()> {
        if self.broken {
            return Err(Error::other("an earlier write failed"));
        }
        // Until the segment is out, no other may follow it.
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
        // A full segment waits until more comes: it may be the last.
        if self.broken || self.buffer.len() == SEGMENT_LEN {
            self.emit(false)?;
        }
        let taken = bytes.len().min(SEGMENT_LEN - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Flushes what is sealed; a segment that is not full stays.
    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}

/// Opens a sealed object, from any place in it. Every byte that it returns was checked.
#[derive(Debug)]
pub struct PayloadReader<R> {
    inner: R,
    opener: SegmentOpener,
    /// The segment opened last, if any, and its plaintext.
    loaded: Option<u32>,
    buffer: Zeroizing<Vec<u8>>,
    length: usize,
    position: u64,
}

impl<R: Read + Seek> PayloadReader<R> {
    /// Reads the sealed object that is the whole of `inner`.
    ///
    /// # Errors
    /// Those of `inner`, and as [`SegmentOpener::new`].
    pub fn new(
        mut inner: R,
        data_key: &DataKey,
        preamble: &Preamble,
        tree: ContentTree,
    ) -> Result<Self> {
        let length = inner.seek(SeekFrom::End(0))?;
        Ok(Self {
            inner,
            opener: SegmentOpener::new(data_key, preamble, tree, length)?,
            loaded: None,
            buffer: Zeroizing::new(vec![0; SEALED_SEGMENT_LEN]),
            length: 0,
            position: 0,
        })
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
}

impl<R: Read + Seek> Read for PayloadReader<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let Some((index, offset)) = self.opener.layout().locate(self.position) else {
            return Ok(0);
        };
        if out.is_empty() {
            return Ok(0);
        }
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

impl<R: Read + Seek> Seek for PayloadReader<R> {
    /// Places are those of the plaintext.
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => {
                let end = self.opener.layout().plaintext_len();
                end.checked_add_signed(offset)
            }
        };
        let outside = || Error::new(ErrorKind::InvalidInput, "a place before the start");
        self.position = position.ok_or_else(outside)?;
        Ok(self.position)
    }
}
