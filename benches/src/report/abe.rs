//! Attribute-based encryption and the sealed payload.

use std::cell::RefCell;
use std::hint::black_box;

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _, inout::InOutBuf};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use medshare_abe::error::PayloadError;
use medshare_abe::payload::{self, SEALED_SEGMENT_LEN, SEGMENT_LEN, SegmentOpener};
use medshare_abe::{
    AccessPolicy, Header, MasterSecretKey, UserSecretKey, Validity, decapsulate,
    decapsulate_strict, encapsulate,
};

use super::{Case, Row, measure as measure_cases};
use crate::abe::{Setting, and, attributes, or};
use crate::{LEAVES, seeded};

const ROUNDS: usize = 9;
const PAYLOAD_BYTES: usize = 64 << 20;
const SEGMENTS: usize = PAYLOAD_BYTES / SEGMENT_LEN;
const CONTEXT: &[u8] = b"context";

/// A policy with a key that satisfies it and a header under it.
struct Shape {
    name: &'static str,
    n: usize,
    policy: AccessPolicy,
    key: UserSecretKey,
    header: Header,
}

/// Measures every operation at every size.
///
/// # Errors
/// When what was sealed does not open, which would be a fault of the library.
pub fn measure() -> Result<Vec<Row>, String> {
    let setting = Setting::new();
    let shapes = LEAVES
        .iter()
        .map(|&n| shape(&setting, "and", n, and(n), n))
        .chain([shape(&setting, "or", 100, or(100), 1)])
        .collect::<Result<Vec<_>, _>>()?;
    let rng = RefCell::new(seeded());
    let mut cases = vec![setup_case(&setting)];
    for shape in &shapes {
        cases.extend(shape_cases(&setting, shape, &rng));
    }
    let mut rows = measure_cases(cases, ROUNDS);
    rows.extend(payload_rows()?);
    Ok(rows)
}

fn shape(
    setting: &Setting,
    name: &'static str,
    n: usize,
    policy: AccessPolicy,
    held: usize,
) -> Result<Shape, String> {
    let key = setting.key(held);
    let (header, sealed) = encapsulate(&setting.parameters, &policy, CONTEXT, &mut seeded());
    let opened = decapsulate(&setting.parameters, &header, &key, CONTEXT);
    let opened = opened.map_err(|error| error.to_string())?;
    if opened.as_bytes() != sealed.as_bytes() {
        return Err(format!("{name} of {n}: another key came out"));
    }
    Ok(Shape {
        name,
        n,
        policy,
        key,
        header,
    })
}

fn setup_case(setting: &Setting) -> Case<'_> {
    let bytes = setting.parameters.to_bytes().len();
    let row = Row {
        op: "setup",
        shape: "and",
        n: 0,
        cache: false,
        cpu_us: 0.0,
        bytes,
    };
    let run = Box::new(|| drop(black_box(MasterSecretKey::setup(&mut seeded()))));
    Case {
        row,
        repeat: 4,
        run,
    }
}

fn shape_cases<'a>(
    setting: &'a Setting,
    shape: &'a Shape,
    rng: &'a RefCell<rand_chacha::ChaCha20Rng>,
) -> Vec<Case<'a>> {
    let Shape {
        name,
        n,
        policy,
        key,
        header,
    } = shape;
    let parameters = &setting.parameters;
    let header_len = header.to_bytes().len();
    let row = |op, cache, bytes| Row {
        op,
        shape: name,
        n: *n,
        cache,
        cpu_us: 0.0,
        bytes,
    };
    let set = attributes(if *name == "and" { *n } else { 1 });
    let mut cases = vec![
        Case {
            row: row("encapsulate", false, header_len),
            repeat: 2,
            run: Box::new(|| {
                black_box(encapsulate(
                    parameters,
                    policy,
                    CONTEXT,
                    &mut *rng.borrow_mut(),
                ));
            }),
        },
        // A key keeps the hashes of its own attributes: they are always at hand.
        Case {
            row: row("decapsulate", true, header_len),
            repeat: 2,
            run: Box::new(|| drop(black_box(decapsulate(parameters, header, key, CONTEXT)))),
        },
        Case {
            row: row("decapsulate-strict", true, header_len),
            repeat: 2,
            run: Box::new(|| {
                drop(black_box(decapsulate_strict(
                    parameters, header, key, CONTEXT,
                )))
            }),
        },
    ];
    if *name == "and" {
        cases.push(Case {
            row: row("keygen", false, key.to_bytes().len()),
            repeat: 2,
            run: Box::new(move || {
                let key = setting.master.issue(
                    parameters,
                    &set,
                    Validity::ALWAYS,
                    &mut *rng.borrow_mut(),
                );
                drop(black_box(key));
            }),
        });
    }
    cases
}

/// A sealed payload of 64 MiB and what opens it.
fn sealed_payload() -> Result<(Vec<u8>, SegmentOpener), PayloadError> {
    let mut object = vec![0; SEGMENTS * SEALED_SEGMENT_LEN];
    let (data_key, preamble, mut sealer) = payload::create(&mut seeded());
    for (index, segment) in object.chunks_exact_mut(SEALED_SEGMENT_LEN).enumerate() {
        sealer.seal_in_place(segment, index + 1 == SEGMENTS)?;
    }
    let length = object.len() as u64;
    let opener = SegmentOpener::new(&data_key, &preamble, sealer.finish()?, length)?;
    Ok((object, opener))
}

/// Sealing and opening 64 MiB, beside the bare AEAD over the same segments.
fn payload_rows() -> Result<Vec<Row>, String> {
    let (object, opener) = sealed_payload().map_err(|error| error.to_string())?;
    let buffer = RefCell::new(vec![0; SEGMENTS * SEALED_SEGMENT_LEN]);
    let cipher = ChaCha20Poly1305::new(&[7; 32].into());
    let each_segment = |act: &mut dyn FnMut(u32, &mut [u8])| {
        let mut buffer = buffer.borrow_mut();
        for (index, segment) in (0..).zip(buffer.chunks_exact_mut(SEALED_SEGMENT_LEN)) {
            act(index, segment);
        }
    };
    let seal = || {
        let (_, _, mut sealer) = payload::create(&mut seeded());
        each_segment(&mut |index, segment| {
            let last = index as usize + 1 == SEGMENTS;
            let _ = black_box(sealer.seal_in_place(segment, last));
        });
        drop(black_box(sealer.finish()));
    };
    let aead = || {
        each_segment(&mut |index, segment| {
            let mut nonce = [0; 12];
            nonce[..4].copy_from_slice(&index.to_le_bytes());
            let text = InOutBuf::from(&mut segment[..SEGMENT_LEN]);
            let _ = black_box(cipher.encrypt_inout_detached(&Nonce::from(nonce), b"", text));
        });
    };
    // Opening changes its buffer, so it works on a copy; the copy is measured and taken off.
    let copy = || buffer.borrow_mut().copy_from_slice(&object);
    let open = || {
        copy();
        each_segment(&mut |index, segment| {
            let opened = black_box(opener.open_in_place(index, segment));
            assert!(opened.is_ok(), "a good segment");
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
    for row in rows.iter_mut().filter(|row| row.op == "open") {
        row.cpu_us -= copied;
    }
    Ok(rows)
}

fn case<'a>(op: &'static str, run: Box<dyn FnMut() + 'a>) -> Case<'a> {
    let (shape, bytes) = ("and", PAYLOAD_BYTES);
    let row = Row {
        op,
        shape,
        n: 0,
        cache: false,
        cpu_us: 0.0,
        bytes,
    };
    Case {
        row,
        repeat: 1,
        run,
    }
}
