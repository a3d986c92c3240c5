//! Hashing content as it streams, so that none of it is kept.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWrite;

/// A writer that keeps only the SHA-256 and the length of what is written to it.
#[derive(Clone, Debug, Default)]
pub struct Hasher {
    sha256: Sha256,
    bytes: u64,
}

impl Hasher {
    /// The hash in hexadecimal, and the length in bytes.
    #[must_use]
    pub fn finish(self) -> (String, u64) {
        (format!("{:x}", self.sha256.finalize()), self.bytes)
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncWrite for Hasher {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(io::Write::write(&mut *self, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hasher_sums_the_bytes_that_were_written() {
        let mut hasher = Hasher::default();
        io::copy(&mut &b"abc"[..], &mut hasher).unwrap();
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hasher.finish(), (abc.to_owned(), 3));
    }

    #[tokio::test]
    async fn streamed_content_that_differs_has_another_sum() {
        let original: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        let mut altered = original.clone();
        altered[150_000] ^= 1;
        let mut sums = Vec::new();
        for content in [&original[..], &original, &altered, &original[..100_000]] {
            let mut hasher = Hasher::default();
            for piece in content.chunks(64 << 10) {
                tokio::io::AsyncWriteExt::write_all(&mut hasher, piece)
                    .await
                    .unwrap();
            }
            sums.push(hasher.finish());
        }
        assert_eq!(sums[0], sums[1]);
        assert_ne!(sums[0], sums[2]);
        assert_ne!(sums[0], sums[3]);
    }
}
