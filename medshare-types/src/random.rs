//! Randomness is an argument, under a name of our own so that no version of `rand` shows.

/// A cryptographically secure source of random bytes.
///
/// Every `rand_core::CryptoRng` is one; tests replay vectors with a seeded generator.
pub trait RandomSource {
    /// Fills `out` with fresh random bytes.
    fn fill(&mut self, out: &mut [u8]);

    /// `N` fresh random bytes.
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }
}

impl<R: rand_core::CryptoRng + ?Sized> RandomSource for R {
    fn fill(&mut self, out: &mut [u8]) {
        self.fill_bytes(out);
    }
}
