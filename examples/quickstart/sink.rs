//! Where opened content goes: it is hashed, compared with the original, and forgotten.

use std::io::{self, ErrorKind, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use crate::fingerprint::{Fingerprint, Sum};

/// Bytes compared at a time.
const STEP: usize = 64 << 10;

/// Compares what is written to it with an original, as both stream by.
///
/// Reading the original and hashing block for a moment. That is right here, where `main` writes
/// and has a thread of its own; a server would do it on a blocking thread.
pub(crate) struct Comparison {
    /// The original, as long as nothing has differed.
    original: Option<Box<dyn Read + Send>>,
    differs_at: Option<u64>,
    seen: Fingerprint,
    buffer: Vec<u8>,
}

/// What was written, and where it first differs from the original.
pub(crate) struct Compared {
    pub(crate) sum: Sum,
    pub(crate) differs_at: Option<u64>,
}

impl Comparison {
    pub(crate) fn with(original: Box<dyn Read + Send>) -> Self {
        Self {
            original: Some(original),
            ..Self::hash_only()
        }
    }

    /// Where no original is at hand.
    pub(crate) fn hash_only() -> Self {
        Self {
            original: None,
            differs_at: None,
            seen: Fingerprint::default(),
            buffer: vec![0; STEP],
        }
    }

    /// Ends the comparison: an original that goes on differs too.
    pub(crate) fn finish(mut self) -> io::Result<Compared> {
        let mut differs_at = self.differs_at;
        if let Some(original) = &mut self.original
            && fill(original, &mut self.buffer[..1])? > 0
        {
            differs_at = Some(self.seen.bytes());
        }
        Ok(Compared {
            sum: self.seen.sum(),
            differs_at,
        })
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(original) = &mut self.original {
            let expected = &mut self.buffer[..bytes.len()];
            let count = fill(original, expected)?;
            let same = bytes
                .iter()
                .zip(&expected[..count])
                .take_while(|(a, b)| a == b)
                .count();
            if same < bytes.len() {
                self.differs_at = Some(self.seen.bytes() + same as u64);
                self.original = None;
            }
        }
        self.seen.add(bytes);
        Ok(())
    }
}

impl AsyncWrite for Comparison {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let step = &bytes[..bytes.len().min(STEP)];
        Poll::Ready(self.take(step).map(|()| step.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Reads until the buffer is full or the reader ends; says how far it came.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(original: &[u8], written: &[u8]) -> Compared {
        let mut comparison = Comparison::with(Box::new(io::Cursor::new(original.to_vec())));
        for piece in written.chunks(STEP) {
            comparison.take(piece).unwrap();
        }
        comparison.finish().unwrap()
    }

    #[test]
    fn the_first_difference_is_found() {
        let original: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        let same = compare(&original, &original);
        assert_eq!((same.differs_at, same.sum.bytes), (None, 200_000));

        let mut other = original.clone();
        other[150_000] ^= 1;
        let altered = compare(&original, &other);
        assert_eq!(altered.differs_at, Some(150_000));
        assert_ne!(altered.sum, same.sum);

        assert_eq!(
            compare(&original, &original[..100_000]).differs_at,
            Some(100_000),
            "shorter"
        );
        assert_eq!(
            compare(&original[..100_000], &original).differs_at,
            Some(100_000),
            "longer"
        );
        assert_eq!(compare(b"", b"").differs_at, None);
        assert_eq!(compare(b"", b"a").differs_at, Some(0));
    }
}
