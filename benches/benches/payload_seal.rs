//! Sealing a payload: AEAD and digest of every segment, in place.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use medshare_abe::payload::{self, SEALED_SEGMENT_LEN, SEGMENT_LEN};
use medshare_benches::seeded;

const SEGMENTS: usize = 64;

fn sealing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("abe::payload_seal");
    group.throughput(Throughput::Bytes((SEGMENTS * SEGMENT_LEN) as u64));
    let mut buffer = vec![0; SEGMENTS * SEALED_SEGMENT_LEN];
    let mut rng = seeded();
    group.bench_function("segments=64", |bencher| {
        bencher.iter(|| {
            let (_, _, mut sealer) = payload::create(&mut rng);
            for (index, segment) in buffer.chunks_exact_mut(SEALED_SEGMENT_LEN).enumerate() {
                let sealed = sealer.seal_in_place(segment, index + 1 == SEGMENTS);
                #[allow(
                    clippy::expect_used,
                    reason = "a benchmark has nobody to hand an error to"
                )]
                sealed.expect("a full segment in order");
            }
            sealer.finish()
        });
    });
}

criterion_group!(benches, sealing);
criterion_main!(benches);
