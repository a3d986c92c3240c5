//! Throughput of payloads beside the bare cipher, as a table.
//!
//! One thread, CPU time, the median of nine rounds. Each operation runs once a round, so a machine
//! that slows down for a while slows all of them alike. Criterion, which measures one after the
//! other, cannot compare so closely.

use std::cell::RefCell;
use std::hint::black_box;

use cpu_time::ThreadTime;
use medshare_abe::PayloadError;
use medshare_abe::payload::{self, SEALED_SEGMENT_LEN, SEGMENT_LEN, SegmentOpener};
use medshare_benches::aead::BareAead;
use medshare_benches::seeded;

const ROUNDS: usize = 9;
const PAYLOAD_BYTES: usize = 64 << 20;
const SEGMENTS: usize = PAYLOAD_BYTES / SEGMENT_LEN;

/// Measures and prints the table.
pub(crate) fn run() -> anyhow::Result<()> {
    let (object, opener) = sealed_payload()?;
    let [copy, bare, seal, open] = measure(&object, &opener);
    println!("{:6} {:>8} {:>8}", "", "ms", "of bare");
    for (name, time) in [("bare", bare), ("seal", seal), ("open", open)] {
        let share = (bare - copy) / (time - copy);
        println!("{name:6} {:>8.2} {share:>8.2}", time - copy);
    }
    Ok(())
}

/// A sealed payload of 64 MiB, which has been opened and compared once.
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

/// Median milliseconds of copying, bare encryption, sealing and opening.
///
/// Each segment is copied to its place in the buffer just before the operation, as if it were read
/// from a file, so it is in the CPU's cache as it would be then. [`run`] subtracts the copying.
fn measure(object: &[u8], opener: &SegmentOpener) -> [f64; 4] {
    let buffer = RefCell::new(vec![0; SEGMENTS * SEALED_SEGMENT_LEN]);
    let each_segment = |act: &mut dyn FnMut(u32, &mut [u8])| {
        let mut buffer = buffer.borrow_mut();
        let copies = buffer.chunks_exact_mut(SEALED_SEGMENT_LEN);
        for ((index, copy), segment) in (0..).zip(copies).zip(object.chunks(SEALED_SEGMENT_LEN)) {
            copy.copy_from_slice(segment);
            act(index, copy);
        }
    };
    let copy = || {
        each_segment(&mut |_, segment| {
            black_box(segment);
        });
    };
    let aead = BareAead::new();
    let bare = || each_segment(&mut |index, segment| aead.encrypt(index, segment));
    let seal = || {
        let (_, _, mut sealer) = payload::create(&mut seeded());
        each_segment(&mut |index, segment| {
            let sealed = sealer.seal_in_place(segment, index as usize + 1 == SEGMENTS);
            assert!(sealed.is_ok(), "segments come in order");
        });
        drop(black_box(sealer.finish()));
    };
    let open = || {
        each_segment(&mut |index, segment| {
            let opened = black_box(opener.open_in_place(index, segment));
            assert!(opened.is_ok(), "segments are as they were sealed");
        });
    };

    let operations: [&dyn Fn(); 4] = [&copy, &bare, &seal, &open];
    let mut times: [Vec<f64>; 4] = Default::default();
    for round in 0..=ROUNDS {
        for (operation, times) in operations.iter().zip(&mut times) {
            let begun = ThreadTime::now();
            operation();
            // The first round only warms up.
            if round > 0 {
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    })
}
