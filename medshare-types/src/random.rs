//! Randomness as an argument, behind a trait of our own that hides the version of `rand`.

/// A cryptographically secure source of random bytes.
///
/// Implemented for every `rand_core::CryptoRng`; tests replay vectors with a seeded generator.
pub trait RandomSource {
    /// Fills `out` with fresh random bytes.
    fn fill(&mut self, out: &mut [u8]);

    /// Draws `N` fresh random bytes.
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
