//! Sealing and opening a payload, beside the bare AEAD over the same segments.

use std::cell::RefCell;
use std::hint::black_box;

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _, inout::InOutBuf};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use medshare_abe::error::PayloadError;
use medshare_abe::payload::{self, SEALED_SEGMENT_LEN, SEGMENT_LEN, SegmentOpener};

use super::{Case, Row, measure as measure_cases};
use crate::seeded;

const ROUNDS: usize = 9;
const PAYLOAD_BYTES: usize = 64 << 20;
const SEGMENTS: usize = PAYLOAD_BYTES / SEGMENT_LEN;

/// ChaCha20-Poly1305 as the crate has it, a nonce for each segment, the tag thrown away.
pub struct BareAead(ChaCha20Poly1305);

impl BareAead {
    /// Under some key.
    #[must_use]
    pub fn new() -> Self {
        Self(ChaCha20Poly1305::new(&[7; 32].into()))
    }

    /// Encrypts a segment where it stands; the room for its tag stays as it is.
    pub fn encrypt(&self, index: u32, segment: &mut [u8]) {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&index.to_le_bytes());
        let text = InOutBuf::from(&mut segment[..SEGMENT_LEN]);
        let tag = self
            .0
            .encrypt_inout_detached(&Nonce::from(nonce), b"", text);
        let _ = black_box(tag);
    }
}

impl Default for BareAead {
    fn default() -> Self {
        Self::new()
    }
}

/// A sealed payload of 64 MiB and what opens it.
fn sealed_payload() -> Result<(Vec<u8>, SegmentOpener), PayloadError> {
    let mut object = vec![0; SEGMENTS * SEALED_SEGMENT_LEN];
    let (data_key, preamble, mut sealer) = payload::create(&mut seeded());
    for (index, segment) in object.chunks_exact_mut(SEALED_SEGMENT_LEN).enumerate() {
        segment[..SEGMENT_LEN].fill(index as u8);
        sealer.seal_in_place(segment, index + 1 == SEGMENTS)?;
    }
    let length = object.len() as u64;
    let opener = SegmentOpener::new(&data_key, &preamble, sealer.finish()?, length)?;
    for (index, segment) in (0..).zip(object.clone().chunks_exact_mut(SEALED_SEGMENT_LEN)) {
        let opened = opener.open_in_place(index, segment)?;
        if opened.iter().any(|&byte| byte != index as u8) {
            return Err(PayloadError::SegmentMismatch { index });
        }
    }
    Ok((object, opener))
}

/// Sealing and opening 64 MiB, beside the bare AEAD.
///
/// Each segment is copied from the object to its place in the buffer just before it is worked on, as
/// if it were read from a file, so that it is in the cache as it would be then. The copying is
/// measured alone and taken off all three.
///
/// # Errors
/// When what was sealed does not open, which would be a fault of the library.
pub fn measure() -> Result<Vec<Row>, String> {
    let (object, opener) = sealed_payload().map_err(|error| error.to_string())?;
    let buffer = RefCell::new(vec![0; SEGMENTS * SEALED_SEGMENT_LEN]);
    let each_segment = |act: &mut dyn FnMut(u32, &mut [u8])| {
        let mut buffer = buffer.borrow_mut();
        let places = buffer.chunks_exact_mut(SEALED_SEGMENT_LEN);
        for ((index, place), segment) in (0..).zip(places).zip(object.chunks(SEALED_SEGMENT_LEN)) {
            place.copy_from_slice(segment);
            act(index, place);
        }
    };
    let seal = || {
        let (_, _, mut sealer) = payload::create(&mut seeded());
        each_segment(&mut |index, segment| {
            let sealed = sealer.seal_in_place(segment, index as usize + 1 == SEGMENTS);
            assert!(sealed.is_ok(), "a segment in order");
        });
        drop(black_box(sealer.finish()));
    };
    let open = || {
        each_segment(&mut |index, segment| {
            let opened = black_box(opener.open_in_place(index, segment));
            assert!(opened.is_ok(), "a good segment");
        });
    };
    let bare = BareAead::new();
    let aead = || each_segment(&mut |index, segment| bare.encrypt(index, segment));
    let copy = || {
        each_segment(&mut |_, segment| {
            black_box(segment);
        });
    };
    let cases = vec![
        case("seal", Box::new(seal)),
        case("open", Box::new(open)),
        case("aead", Box::new(aead)),
        case("copy", Box::new(copy)),
    ];
    let mut rows = measure_cases(cases, ROUNDS);
    let copied = rows.pop().map_or(0.0, |row| row.cpu_us);
    rows.iter_mut().for_each(|row| row.cpu_us -= copied);
    Ok(rows)
}

fn case<'a>(op: &'static str, run: Box<dyn FnMut() + 'a>) -> Case<'a> {
    let row = Row {
        op,
        shape: "and",
        n: 0,
        cache: false,
        cpu_us: 0.0,
        bytes: PAYLOAD_BYTES,
    };
    Case {
        row,
        repeat: 1,
        run,
    }
}
