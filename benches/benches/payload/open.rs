//! Opening of a payload in place: the digest, then the cipher, of every segment.

use criterion::{BatchSize, Criterion, Throughput};
use medshare_abe::payload::{self, SEALED_SEGMENT_LEN, SEGMENT_LEN, SegmentOpener};
use medshare_benches::seeded;

use crate::SEGMENTS;

pub(super) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("abe::payload_open");
    group.throughput(Throughput::Bytes((SEGMENTS * SEGMENT_LEN) as u64));
    let (data_key, preamble, mut sealer) = payload::create(&mut seeded());
    let mut object = vec![0; SEGMENTS * SEALED_SEGMENT_LEN];
    for (index, segment) in object.chunks_exact_mut(SEALED_SEGMENT_LEN).enumerate() {
        sealer
            .seal_in_place(segment, index + 1 == SEGMENTS)
            .expect("a full segment in order");
    }
    let tree = sealer.finish().expect("a finished payload");
    let opener = SegmentOpener::new(&data_key, &preamble, tree, object.len() as u64);
    let opener = opener.expect("the payload's key");
    group.bench_function("segments=64", |bencher| {
        bencher.iter_batched_ref(
            || object.clone(),
            |object| {
                for (index, segment) in object.chunks_exact_mut(SEALED_SEGMENT_LEN).enumerate() {
                    let index = u32::try_from(index).expect("a small index");
                    opener
                        .open_in_place(index, segment)
                        .expect("a good segment");
                }
            },
            BatchSize::LargeInput,
        );
    });
}
