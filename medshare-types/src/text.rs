//! Texts that people send each other: a prefix, the bytes, and a checksum (bech32m, BIP 350).
//!
//! ```text
//! person1 qqpzry9x8gf2tvdw0s3jn54khce6mua7l… abcdef
//! prefix  bytes, 5 bits a character          checksum of 30 bits
//! ```
//!
//! Of texts up to 89 characters any four wrong characters are found, of longer ones any three; other
//! mistakes pass one time in 2³⁰. The prefix tells what is named, so a text of one kind is not taken
//! for another. Letters are lower-case; a text in capitals throughout is accepted, since QR codes hold
//! those in less space.

use core::fmt;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};

use crate::wire::DecodeError;

/// Writes the text of some bytes under a prefix of ASCII letters, digits and hyphens; at most 1023
/// characters in all.
///
/// # Errors
/// Those of the formatter, and a text that would be too long.
pub fn write(f: &mut impl fmt::Write, prefix: &'static str, bytes: &[u8]) -> fmt::Result {
    let prefix = Hrp::parse(prefix).map_err(|_| fmt::Error)?;
    bech32::encode_lower_to_fmt::<Bech32m, _>(f, prefix, bytes).map_err(|_| fmt::Error)
}

/// The bytes of a text under this prefix. One sequence of bytes has one text, apart from capitals.
///
/// # Errors
/// [`DecodeError::InvalidText`] for another prefix, a wrong checksum, and everything that
/// [`write()`] does not write.
pub fn parse(prefix: &'static str, text: &str) -> Result<Vec<u8>, DecodeError> {
    let refused = || DecodeError::InvalidText { prefix };
    let parsed = CheckedHrpstring::new::<Bech32m>(text).map_err(|_| refused())?;
    let bytes: Vec<u8> = parsed.byte_iter().collect();
    let mut canonical = String::with_capacity(text.len());
    write(&mut canonical, prefix, &bytes).map_err(|_| refused())?;
    // The checksum holds for one case throughout, so this compares prefix and padding.
    if canonical.eq_ignore_ascii_case(text) {
        Ok(bytes)
    } else {
        Err(refused())
    }
}

/// What a message shows of a text that a caller or a peer has given: all of it, or the beginning of one
/// that is longer than any name.
#[must_use]
pub fn excerpt(text: &str) -> String {
    const SHOWN: usize = 256;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(prefix: &'static str, bytes: &[u8]) -> String {
        let mut out = String::new();
        write(&mut out, prefix, bytes).unwrap();
        out
    }

    #[test]
    fn texts_round_trip_at_every_length() {
        for length in 0..=600 {
            let bytes: Vec<u8> = (0..length)
                .map(|n| u8::try_from(n % 251).unwrap())
                .collect();
            let text = text("a-b", &bytes);
            assert_eq!(parse("a-b", &text), Ok(bytes.clone()));
            assert_eq!(parse("a-b", &text.to_uppercase()), Ok(bytes));
        }
        let mut out = String::new();
        assert!(write(&mut out, "a", &[0; 700]).is_err(), "too long");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let name = "é".repeat(256);
        assert_eq!(excerpt(&name), name);
        assert_eq!(excerpt(&format!("{name}é")), format!("{name}… (514 bytes)"));
        assert!(excerpt(&"é".repeat(100_000)).len() < 600);
    }

    /// Every other character at every position, each omission, repetition and exchange of two.
    #[test]
    fn one_mistake_is_refused() {
        let bytes: Vec<u8> = (0..36).map(|n| n * 7).collect();
        let good = text("record", &bytes);
        let refused = |text: &str| {
            let error = DecodeError::InvalidText { prefix: "record" };
            assert_eq!(parse("record", text), Err(error), "{text}");
        };
        for at in 0..good.len() {
            for other in (0x20..0x7f).map(char::from) {
                if !good[at..=at].contains(other) {
                    refused(&format!("{}{other}{}", &good[..at], &good[at + 1..]));
                }
            }
            refused(&format!("{}{}", &good[..at], &good[at + 1..]));
            refused(&format!("{}{}", &good[..=at], &good[at..]));
            refused(&format!("{}é{}", &good[..at], &good[at..]));
            let mut exchanged = good.clone().into_bytes();
            if let [a, b, ..] = &mut exchanged[at..]
                && a != b
            {
                core::mem::swap(a, b);
                refused(core::str::from_utf8(&exchanged).unwrap());
            }
        }
        refused("");
        refused(&text("grant", &bytes));
        refused(&format!(" {good}"));
        let crypt = bech32::encode::<bech32::Bech32>(Hrp::parse("record").unwrap(), &bytes);
        refused(&crypt.unwrap());
    }

    /// A checksum that holds over bits beyond the last byte.
    #[test]
    fn padding_is_zero() {
        use bech32::primitives::iter::{ByteIterExt as _, Fe32IterExt as _};
        let prefix = Hrp::parse("a").unwrap();
        let mut digits: Vec<_> = [7u8; 32].iter().copied().bytes_to_fes().collect();
        let last = digits.last_mut().unwrap();
        *last = bech32::Fe32::try_from(last.to_u8() | 1).unwrap();
        let chars = digits.into_iter().with_checksum::<Bech32m>(&prefix).chars();
        let padded: String = chars.collect();
        assert!(CheckedHrpstring::new::<Bech32m>(&padded).is_ok());
        assert!(parse("a", &padded).is_err());
    }
}
