//! SHA-256 of bytes as they pass, so that nothing is held to be hashed later.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// What bytes came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Hexadecimal.
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

/// The bytes that have passed so far.
#[derive(Default)]
pub(crate) struct Fingerprint {
    hasher: Sha256,
    bytes: u64,
}

impl Fingerprint {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn sum(&self) -> Sum {
        Sum {
            sha256: format!("{:x}", self.hasher.clone().finalize()),
            bytes: self.bytes,
        }
    }
}

/// Hands on what a reader gives, and remembers its fingerprint.
pub(crate) struct Tap<R> {
    reader: R,
    seen: Arc<Mutex<Fingerprint>>,
}

impl<R> Tap<R> {
    /// The reader, and where to ask for the sum once it has been read.
    pub(crate) fn new(reader: R) -> (Self, Tapped) {
        let seen = Arc::default();
        (
            Self {
                reader,
                seen: Arc::clone(&seen),
            },
            Tapped(seen),
        )
    }
}

impl<R: Read> Read for Tap<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(&buffer[..count]);
        Ok(count)
    }
}

/// The other end of a [`Tap`].
pub(crate) struct Tapped(Arc<Mutex<Fingerprint>>);

impl Tapped {
    pub(crate) fn sum(&self) -> Sum {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_sums_what_was_read_and_no_more() {
        let (mut tap, tapped) = Tap::new(&b"abcdef"[..]);
        let mut first = [0; 3];
        tap.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"abc");
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(
            tapped.sum(),
            Sum {
                sha256: abc.to_owned(),
                bytes: 3
            }
        );
    }
}
