//! Ranges: the bytes to fetch, and the content that they open to.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use medshare_payload::{
    Integrity, Padding, PayloadError, PayloadLayout, SEALED_SEGMENT_LEN, SEGMENT_LEN, SegmentOpener,
};
use proptest::prelude::*;

use crate::{plaintext, seal, seal_padded};

const SEGMENT: u64 = SEGMENT_LEN as u64;
const SEALED: u64 = SEALED_SEGMENT_LEN as u64;

/// Fetches and opens a range as a caller with an object store does.
fn read<I: Integrity>(
    opener: &SegmentOpener<I>,
    object: &[u8],
    range: Range<u64>,
) -> Result<Vec<u8>, PayloadError> {
    let plan = opener.plan(range);
    let sealed = plan.sealed_range();
    let mut fetched = object[sealed.start as usize..sealed.end as usize].to_vec();
    let opened = opener.open_range(&plan, &mut fetched)?;
    assert_eq!(opened.len() as u64, plan.range().end - plan.range().start);
    Ok(opened.to_vec())
}

#[test]
fn a_plan_is_the_segments_that_hold_the_range() {
    let layout = PayloadLayout::of_plaintext(3 * SEGMENT + 100).expect("short");
    let whole = 3 * SEALED + 116;
    for (range, segments, sealed) in [
        (0..1, 0..1, 0..SEALED),
        (SEGMENT - 1..SEGMENT, 0..1, 0..SEALED),
        (SEGMENT - 1..SEGMENT + 1, 0..2, 0..2 * SEALED),
        (SEGMENT..2 * SEGMENT, 1..2, SEALED..2 * SEALED),
        (3 * SEGMENT..3 * SEGMENT + 1, 3..4, 3 * SEALED..whole),
        (3 * SEGMENT - 1..u64::MAX, 2..4, 2 * SEALED..whole),
        (0..u64::MAX, 0..4, 0..whole),
    ] {
        let plan = layout.plan(range.clone());
        assert_eq!(plan.segments(), segments);
        assert_eq!(plan.sealed_range(), sealed);
        assert_eq!(plan.range(), range.start..range.end.min(3 * SEGMENT + 100));
        let lengths = segments.map(|index| plan.range_in(index).len() as u64);
        assert_eq!(lengths.sum::<u64>(), plan.range().end - plan.range().start);
        assert_eq!(plan.range_in(9), 0..0);
    }
    let end = 3 * SEGMENT + 100;
    #[allow(clippy::reversed_empty_ranges, reason = "callers may ask for them")]
    for range in [0..0, 7..7, end..end, end..end + 9, u64::MAX..u64::MAX, 9..3] {
        let plan = layout.plan(range);
        assert_eq!((plan.segments(), plan.sealed_range()), (0..0, 0..0));
        assert!(plan.range().is_empty());
    }
}

#[test]
fn an_empty_content_has_empty_ranges() {
    let sealed = seal(1, b"");
    assert_eq!(read(&sealed.opener(), &sealed.object, 0..9), Ok(Vec::new()));
}

#[test]
fn a_range_with_an_invalid_segment_is_zeroed() {
    let sealed = seal(1, &plaintext(3 * SEGMENT_LEN));
    let opener = sealed.opener();
    let mut fetched = sealed.object.clone();
    fetched[SEALED_SEGMENT_LEN + 5] ^= 1;
    let plan = opener.plan(0..3 * SEGMENT);
    let mismatch = Err(PayloadError::SegmentMismatch { index: 1 });
    assert_eq!(opener.open_range(&plan, &mut fetched), mismatch);
    assert!(fetched.iter().all(|byte| *byte == 0));
    // A range without the invalid segment opens.
    let mut object = sealed.object.clone();
    object[SEALED_SEGMENT_LEN + 5] ^= 1;
    assert_eq!(
        read(&opener, &object, 2 * SEGMENT..2 * SEGMENT + 3),
        Ok(plaintext(3 * SEGMENT_LEN)[2 * SEGMENT_LEN..][..3].to_vec())
    );
}

#[test]
fn fetched_bytes_must_fit_the_plan() {
    let sealed = seal(1, &plaintext(2 * SEGMENT_LEN + 9));
    let opener = sealed.opener();
    let plan = opener.plan(0..SEGMENT + 1);
    let expected = 2 * SEALED;
    for length in [0, 1, SEALED_SEGMENT_LEN, 2 * SEALED_SEGMENT_LEN + 1] {
        let mut fetched = vec![0; length];
        let found = length as u64;
        let wrong = Err(PayloadError::WrongLength { expected, found });
        assert_eq!(opener.open_range(&plan, &mut fetched), wrong);
    }
    // A plan of another payload names segments that are missing here, or shorter.
    let longer = PayloadLayout::of_plaintext(9 * SEGMENT).expect("short");
    for (range, error) in [
        (
            8 * SEGMENT..9 * SEGMENT,
            PayloadError::NoSuchSegment { index: 8, count: 3 },
        ),
        (
            2 * SEGMENT..3 * SEGMENT,
            PayloadError::SegmentMismatch { index: 2 },
        ),
    ] {
        let mut fetched = vec![0; SEALED_SEGMENT_LEN];
        let opened = opener.open_range(&longer.plan(range), &mut fetched);
        assert_eq!(opened, Err(error));
    }
}

/// A reader without the key can fetch ahead, without knowing where the padding begins.
#[test]
fn a_plan_made_without_the_key_ends_with_the_content() {
    let text = plaintext(2 * SEGMENT_LEN + 1000);
    let sealed = seal_padded(1, Padding::Padme, &text);
    let opener = sealed.opener();
    let plan = sealed.tree.layout().plan(2 * SEGMENT - 3..u64::MAX);
    assert_eq!(plan.range().end, 2 * SEGMENT + 4096);
    let sealed_range = plan.sealed_range();
    let mut fetched = sealed.object[sealed_range.start as usize..].to_vec();
    let opened = opener.open_range(&plan, &mut fetched).expect("valid");
    assert_eq!(*opened, text[2 * SEGMENT_LEN - 3..]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    })]

    /// Every way to read a range returns that range of the content.
    #[test]
    fn ranges_are_those_of_the_content(
        length in prop_oneof![0..2000usize, 0..4 * SEGMENT_LEN],
        ends in prop::collection::vec((0..5 * SEGMENT, 0..5 * SEGMENT), 4),
        padded: bool,
    ) {
        let padding = if padded { Padding::Padme } else { Padding::None };
        let text = plaintext(length);
        let sealed = seal_padded(3, padding, &text);
        let opener = sealed.opener();
        let rootless = SegmentOpener::without_root(
            &sealed.data_key,
            &sealed.preamble,
            sealed.object.len() as u64,
            &sealed.object[sealed.last_segment()..],
        )
        .expect("the last segment");
        prop_assert_eq!(opener.content_len(), length as u64);
        let mut reader = sealed.reader(sealed.object.clone()).expect("fits");
        for (a, b) in ends {
            let start = a.min(b);
            let end = a.max(b);
            let inside = |offset: u64| (offset as usize).min(length);
            let expected = &text[inside(start)..inside(end)];
            let read_by = read(&opener, &sealed.object, start..end);
            prop_assert_eq!(read_by.as_deref(), Ok(expected));
            let read_by = read(&rootless, &sealed.object, start..end);
            prop_assert_eq!(read_by.as_deref(), Ok(expected));
            reader.seek(SeekFrom::Start(start)).expect("a position");
            let mut read = Vec::new();
            reader.by_ref().take(end - start).read_to_end(&mut read).expect("valid");
            prop_assert_eq!(read, expected);
        }
    }
}
