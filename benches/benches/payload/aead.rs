//! The bare cipher over the segments of a payload: the baseline of sealing and opening.

use criterion::{Criterion, Throughput};
use medshare_abe::payload::{SEALED_SEGMENT_LEN, SEGMENT_LEN};
use medshare_benches::aead::BareAead;

use crate::SEGMENTS;

pub(super) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("abe::payload_aead");
    group.throughput(Throughput::Bytes((SEGMENTS * SEGMENT_LEN) as u64));
    let mut buffer = vec![0; SEGMENTS * SEALED_SEGMENT_LEN];
    let aead = BareAead::new();
    group.bench_function("segments=64", |bencher| {
        bencher.iter(|| {
            for (index, segment) in (0..).zip(buffer.chunks_exact_mut(SEALED_SEGMENT_LEN)) {
                aead.encrypt(index, segment);
            }
        });
    });
}
