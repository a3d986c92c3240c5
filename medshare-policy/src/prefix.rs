//! Binary prefixes of numbers, by which the scheme compares values.
//!
//! A value is a number of 32 or 16 bits. A key for it holds a component for each of its prefixes,
//! from the empty one to the whole number. A policy that asks for a range names the fewest prefixes
//! that cover exactly the numbers of the range. A key for a number inside therefore holds exactly
//! one of them, and a key for a number outside holds none.

/// The first `depth` bits of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    /// Number of bits, at most the width of the value.
    pub depth: u8,
    /// The bits as a number below 2^`depth`.
    pub bits: u32,
}

impl Prefix {
    pub(crate) fn of(number: u32, width: u8, depth: u8) -> Self {
        let bits = (u64::from(number) >> (width - depth)) as u32;
        Self { depth, bits }
    }

    /// The prefix that differs in the last bit; not for the empty prefix.
    pub(crate) const fn sibling(self) -> Self {
        Self {
            bits: self.bits ^ 1,
            ..self
        }
    }
}

/// The fewest prefixes of `width`-bit numbers that cover exactly `from..=to`, ascending.
///
/// At most `width` prefixes for a range that begins or ends with the domain, and 2·`width` − 2 for
/// any other.
#[must_use]
pub fn cover(from: u32, to: u32, width: u8) -> Vec<Prefix> {
    let (mut next, end) = (u64::from(from), u64::from(to) + 1);
    let mut prefixes = Vec::new();
    while next < end {
        // The largest aligned block that begins here and ends within the range.
        let aligned = next.trailing_zeros().min(width.into());
        let fitting = (end - next).ilog2();
        let size = aligned.min(fitting) as u8;
        prefixes.push(Prefix::of(next as u32, width, width - size));
        next += 1 << size;
    }
    prefixes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries every range of 5-bit numbers.
    #[test]
    fn a_cover_holds_one_prefix_of_each_number_inside() {
        let width = 5;
        for from in 0..32 {
            for to in from..32 {
                let cover = cover(from, to, width);
                assert!(cover.len() <= 8, "{from}..{to}");
                assert!(cover.len() <= 5 || (from > 0 && to < 31));
                for number in 0..32 {
                    let mine = (0..=width).map(|depth| Prefix::of(number, width, depth));
                    let shared = mine.filter(|prefix| cover.contains(prefix)).count();
                    assert_eq!(shared, usize::from((from..=to).contains(&number)));
                }
            }
        }
    }

    #[test]
    fn covers_at_the_edges() {
        let all = |prefixes: Vec<Prefix>| -> Vec<(u8, u32)> {
            prefixes.iter().map(|p| (p.depth, p.bits)).collect()
        };
        assert_eq!(all(cover(0, u32::MAX, 32)), [(0, 0)]);
        assert_eq!(all(cover(u32::MAX, u32::MAX, 32)), [(32, u32::MAX)]);
        assert_eq!(all(cover(0, 0, 32)), [(32, 0)]);
        assert_eq!(cover(1, u32::MAX, 32).len(), 32);
        assert_eq!(cover(0, u32::MAX - 1, 32).len(), 32);
        assert_eq!(cover(1, u32::MAX - 1, 32).len(), 62);
        assert_eq!(all(cover(0, 65_535, 16)), [(0, 0)]);
    }
}
