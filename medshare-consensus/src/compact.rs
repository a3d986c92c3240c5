//! Numbers of votes in as few bytes as they need: LEB128, seven bits a byte, the lowest first.
//!
//! The shortest form is the only one accepted, so encodings stay canonical.

use borsh::io::{Error, ErrorKind, Read, Result, Write};
use borsh::{BorshDeserialize as _, BorshSerialize as _};

/// Writes 1 to 10 bytes.
pub(crate) fn write(mut value: u64, writer: &mut impl Write) -> Result<()> {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return (low & 0x7f).serialize(writer);
        }
        (low | 0x80).serialize(writer)?;
    }
}

/// Reads the shortest form of a number.
pub(crate) fn read(reader: &mut impl Read) -> Result<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = u8::deserialize_reader(reader)?;
        let bits = u64::from(byte & 0x7f);
        let shifted = bits << shift;
        if shifted >> shift != bits || (byte == 0 && shift > 0) {
            break;
        }
        value |= shifted;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Error::new(
        ErrorKind::InvalidData,
        "a number that is not in its shortest form, or over 64 bits",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(mut bytes: &[u8]) -> Option<(u64, usize)> {
        read(&mut bytes).ok().map(|value| (value, bytes.len()))
    }

    #[test]
    fn numbers_round_trip_in_their_shortest_form_only() {
        for value in [0, 1, 127, 128, 300, 1 << 32, u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            write(value, &mut bytes).unwrap();
            assert_eq!(decoded(&bytes), Some((value, 0)));
            assert_eq!(decoded(&bytes[..bytes.len() - 1]), None, "cut short");
            let last = bytes.pop().unwrap();
            bytes.extend([last | 0x80, 0]);
            assert_eq!(decoded(&bytes), None, "{value} with a byte too many");
        }
        assert_eq!(decoded(&[0xff, 0x01, 7]), Some((255, 1)));
        let over = [[0xff; 9].as_slice(), &[0x02]].concat();
        assert_eq!(decoded(&over), None, "65 bits");
        assert_eq!(decoded(&[0x80; 11]), None);
    }
}
