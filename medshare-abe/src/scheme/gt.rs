//! A fixed-base table in GT.

use ark_ec::AdditiveGroup;
use ark_ff::{PrimeField, Zero};
use medshare_curve::{Gt, Scalar};

/// Windows of four bits, and multiples 1 to 8 in each: digits are signed, as inversion in GT is
/// free.
const WINDOWS: usize = 64;
const MULTIPLES: usize = 8;

/// The multiples of one element, 288 KiB.
pub(crate) struct GtTable(Vec<Gt>);

impl GtTable {
    /// Cost: 512 operations in GT.
    pub(crate) fn new(base: &Gt) -> Self {
        let mut table = Vec::with_capacity(WINDOWS * MULTIPLES);
        let mut window_base = *base;
        for _ in 0..WINDOWS {
            let mut multiple = window_base;
            for _ in 0..MULTIPLES {
                table.push(multiple);
                multiple += window_base;
            }
            for _ in 0..4 {
                window_base.double_in_place();
            }
        }
        Self(table)
    }

    /// k·base. Cost: at most 64 operations in GT, in variable time: for scalars that are public or
    /// used once.
    pub(crate) fn mul(&self, scalar: &Scalar) -> Gt {
        let limbs = scalar.into_bigint().0;
        let mut acc = Gt::zero();
        let mut carry = 0;
        for (i, window) in self.0.chunks_exact(MULTIPLES).enumerate() {
            let nibble = (limbs[i / 16] >> (i % 16 * 4) & 15) as usize + carry;
            // The scalar has 255 bits, so the last window leaves no carry.
            carry = usize::from(nibble > MULTIPLES);
            match (carry, nibble) {
                (0, 0) => {}
                (0, digit) => acc += window[digit - 1],
                (_, 16) => {}
                (_, digit) => acc -= window[15 - digit],
            }
        }
        acc
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{Field, One};
    use medshare_curve::pairing;

    #[test]
    fn the_table_multiplies() {
        let base = pairing::pairing(&pairing::g1(), &pairing::g2());
        let table = GtTable::new(&base);
        let big = Scalar::from(3u64).pow([0x0123_4567_89ab_cdef, 5]);
        for scalar in [Scalar::zero(), Scalar::one(), -Scalar::one(), big]
            .into_iter()
            .chain((2..40u64).map(Scalar::from))
        {
            assert_eq!(table.mul(&scalar), base * scalar, "{scalar}");
        }
    }
}
