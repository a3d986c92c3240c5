//! Sealing of a payload in place: the cipher, then the digest, of every segment.

use criterion::{Criterion, Throughput};
use medshare_abe::payload::{self, SEALED_SEGMENT_LEN, SEGMENT_LEN};
use medshare_benches::seeded;

use crate::SEGMENTS;

pub(super) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("abe::payload_seal");
    group.throughput(Throughput::Bytes((SEGMENTS * SEGMENT_LEN) as u64));
    let mut buffer = vec![0; SEGMENTS * SEALED_SEGMENT_LEN];
    let mut rng = seeded();
    group.bench_function("segments=64", |bencher| {
        bencher.iter(|| {
            let (_, _, mut sealer) = payload::create(&mut rng);
            for (index, segment) in buffer.chunks_exact_mut(SEALED_SEGMENT_LEN).enumerate() {
                let sealed = sealer.seal_in_place(segment, index + 1 == SEGMENTS);
                sealed.expect("a full segment in order");
            }
            sealer.finish()
        });
    });
}
