//! Padding: the lengths that it hides, and the paddings that are refused.

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use medshare_payload::{
    Padding, PayloadError, PayloadReader, PayloadWriter, Preamble, SEGMENT_LEN, SegmentOpener,
    TAG_LEN, create_padded,
};

use crate::forger::{Forger, tree_of};
use crate::{Sealed, payload_error, plaintext, rng, seal, seal_padded, snapshot};

/// 5 MiB, where Padmé's lengths are 128 KiB apart, so that two whole segments can be padding.
const LONG: usize = 5 << 20;

#[test]
fn similar_lengths_are_sealed_to_one_length() {
    for (lengths, padded) in [
        (&[0, 1, 500, 1016][..], 1024),
        (&[1017, 1080], 1088),
        (&[SEGMENT_LEN - 2048, SEGMENT_LEN - 8], SEGMENT_LEN),
        (
            &[
                SEGMENT_LEN - 7,
                SEGMENT_LEN,
                SEGMENT_LEN + 1,
                SEGMENT_LEN + 2040,
            ],
            SEGMENT_LEN + 2048,
        ),
        (
            &[LONG - 7, LONG, LONG + 1, LONG + SEGMENT_LEN],
            LONG + 2 * SEGMENT_LEN,
        ),
    ] {
        let segments = padded.div_ceil(SEGMENT_LEN);
        for &length in lengths {
            let text = plaintext(length);
            let sealed = seal_padded(1, Padding::Padme, &text);
            assert_eq!(sealed.object.len(), padded + segments * TAG_LEN);
            assert_eq!(sealed.read(sealed.object.clone()).as_ref(), Ok(&text));
            assert_eq!(sealed.read_rootless(sealed.object.clone()), Ok(text));
        }
    }
}

#[test]
fn offsets_are_those_of_the_content() {
    let text = plaintext(SEGMENT_LEN + 5);
    let sealed = seal_padded(1, Padding::Padme, &text);
    let mut reader = sealed.reader(sealed.object.clone()).expect("fits");
    assert_eq!(reader.content_len(), text.len() as u64);
    let from = reader.seek(SeekFrom::End(-7)).expect("inside");
    assert_eq!(from, SEGMENT_LEN as u64 - 2);
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).expect("good");
    assert_eq!(rest, text[SEGMENT_LEN - 2..]);
    let after = reader.seek(SeekFrom::Current(1)).expect("a position");
    assert_eq!(after, text.len() as u64 + 1);
    assert_eq!(reader.read(&mut [0; 4]).expect("the end"), 0);
}

/// The key is committed to with the padding, so padding never passes for content, nor content for
/// padding.
#[test]
fn padding_is_bound_to_the_key() {
    let sealed = seal_padded(1, Padding::Padme, b"text");
    assert_eq!(sealed.preamble.padding(), Padding::Padme);
    let mut bytes = sealed.preamble.to_bytes();
    bytes[42] = 0;
    let changed = Preamble::from_bytes(&bytes).expect("not padded");
    assert_eq!(changed.padding(), Padding::None);
    assert!(!changed.is_opened_by(&sealed.data_key));
    assert_eq!(seal(1, b"text").preamble.padding(), Padding::None);

    let length = sealed.object.len() as u64;
    let tree = sealed.tree.clone();
    let opener = SegmentOpener::new(&sealed.data_key, &sealed.preamble, tree, length);
    assert_eq!(opener.map(drop), Err(PayloadError::Padded));
}

#[test]
fn truncation_and_extension_are_detected_at_once() {
    let sealed = seal_padded(1, Padding::Padme, &plaintext(SEGMENT_LEN));
    let expected = sealed.object.len() as u64;
    let cut = sealed.object[..sealed.object.len() - 1].to_vec();
    let error = sealed.reader(cut).map(drop).expect_err("cut");
    let found = expected - 1;
    assert_eq!(
        payload_error(error),
        PayloadError::ObjectTruncated { expected, found }
    );
    let more = [&sealed.object[..], &[0]].concat();
    let error = sealed.reader(more).map(drop).expect_err("extended");
    let found = expected + 1;
    assert_eq!(
        payload_error(error),
        PayloadError::ObjectExtended { expected, found }
    );
}

/// Reads `padded`, sealed by another implementation, with and without the content root.
fn read_sealed(sealed: &Sealed, padded: &[u8]) -> [Result<Vec<u8>, PayloadError>; 2] {
    let object = Forger::new(&sealed.data_key, &sealed.preamble).object(padded);
    let reader = PayloadReader::new(
        Cursor::new(object.clone()),
        &sealed.data_key,
        &sealed.preamble,
        tree_of(&object),
    );
    let rooted = reader.map_err(payload_error).and_then(crate::read_to_end);
    [rooted, sealed.read_rootless(object)]
}

fn padded(content: &[u8], length: usize) -> Vec<u8> {
    let mut padded = content.to_vec();
    padded.resize(length - 8, 0);
    padded.extend((content.len() as u64).to_le_bytes());
    padded
}

#[test]
fn every_other_padding_is_refused() {
    let sealed = seal_padded(1, Padding::Padme, b"");
    let invalid = |index| {
        let error: Result<Vec<u8>, _> = Err(PayloadError::InvalidPadding { index });
        [error.clone(), error]
    };
    let good = padded(b"text", 1024);
    assert_eq!(
        read_sealed(&sealed, &good),
        [(); 2].map(|()| Ok(b"text".to_vec()))
    );
    // A byte that is not zero, at either end of the padding and inside it.
    for at in [4, 500, 1015] {
        let mut wrong = good.clone();
        wrong[at] = 1;
        assert_eq!(read_sealed(&sealed, &wrong), invalid(0), "byte {at}");
    }
    // A wrong length of the content: too small, too large, and beyond the object.
    for length in [3, 1017, 1024, u64::MAX] {
        let mut wrong = good.clone();
        wrong[1016..].copy_from_slice(&length.to_le_bytes());
        assert_eq!(read_sealed(&sealed, &wrong), invalid(0), "length {length}");
    }
    // Zeros, but not as many as required.
    for length in [8, 1023, 1025, 1088] {
        let wrong = padded(&[], length);
        assert_eq!(
            read_sealed(&sealed, &wrong),
            invalid(0),
            "padded to {length}"
        );
    }
    for none in [&[][..], &[0; 7]] {
        assert_eq!(read_sealed(&sealed, none), invalid(0));
    }
}

/// Whole segments of padding follow the content; reading to the end checks them.
#[test]
fn whole_segments_of_padding_are_checked_at_the_end() {
    let content = plaintext(LONG);
    let sealed = seal_padded(1, Padding::Padme, &content);
    let good = padded(&content, LONG + 2 * SEGMENT_LEN);
    assert_eq!(
        Forger::new(&sealed.data_key, &sealed.preamble).object(&good),
        sealed.object
    );
    let index = (LONG / SEGMENT_LEN) as u32;
    let opener = sealed.opener();
    let range = opener.layout().segment_range(index).expect("padding");
    let mut segment = sealed.object[range.start as usize..range.end as usize].to_vec();
    assert_eq!(opener.open_in_place(index, &mut segment), Ok(&mut [][..]));

    let mut wrong = good;
    wrong[LONG + 77] = 1;
    let invalid = Err(PayloadError::InvalidPadding { index });
    assert_eq!(
        read_sealed(&sealed, &wrong),
        [invalid.clone(), invalid.clone()]
    );
    let object = Forger::new(&sealed.data_key, &sealed.preamble).object(&wrong);
    let mut reader = sealed.rootless_reader(object).expect("a valid end");
    let mut read = vec![0; LONG];
    reader.read_exact(&mut read).expect("valid content");
    assert!(read == content);
    let error = reader.read(&mut [0; 1]).expect_err("invalid padding");
    assert_eq!(Err(payload_error(error)), invalid);
}

/// Without a root, the store may exchange the last segment between two reads of it.
#[test]
fn an_exchanged_last_segment_keeps_its_content_length() {
    let sealed = seal_padded(1, Padding::Padme, b"text");
    let key = &sealed.data_key;
    let length = sealed.object.len() as u64;
    let opener = SegmentOpener::without_root(key, &sealed.preamble, length, &sealed.object)
        .expect("the last segment");
    let forger = Forger::new(key, &sealed.preamble);
    let mut other = forger.seal(0, true, &padded(b"longer", 1024));
    let invalid = Err(PayloadError::InvalidPadding { index: 0 });
    assert_eq!(opener.open_in_place(0, &mut other), invalid);
    assert!(other.iter().all(|byte| *byte == 0));
    // Only a root detects an exchanged segment with the same content length.
    let mut other = forger.seal(0, true, &padded(b"TEXT", 1024));
    let opened = opener.open_in_place(0, &mut other).expect("accepted");
    assert_eq!(opened, b"TEXT");
}

/// Callers that seal segments directly append the tail, and the sealer checks it.
#[test]
fn the_sealer_requires_its_padding() {
    let text = plaintext(SEGMENT_LEN + 9);
    let (_, _, mut sealer) = create_padded(Padding::Padme, &mut rng(1));
    let tail = sealer.padding().tail(text.len() as u64).expect("short");
    let mut stream = text.chain(tail);
    let mut object = Vec::new();
    for last in [false, true] {
        let start = object.len();
        let mut segment = stream.by_ref().take(SEGMENT_LEN as u64);
        segment.read_to_end(&mut object).expect("memory");
        object.extend([0; TAG_LEN]);
        sealer
            .seal_in_place(&mut object[start..], last)
            .expect("in order");
    }
    let sealed = seal_padded(1, Padding::Padme, &plaintext(SEGMENT_LEN + 9));
    assert_eq!(object, sealed.object);
    assert_eq!(sealer.finish(), Ok(sealed.tree));

    let (_, _, mut sealer) = create_padded(Padding::Padme, &mut rng(1));
    let mut unpadded = plaintext(1024 + TAG_LEN);
    let refused = sealer.seal_in_place(&mut unpadded, true);
    assert_eq!(refused, Err(PayloadError::InvalidPadding { index: 0 }));
    assert_eq!(unpadded, plaintext(1024 + TAG_LEN), "unchanged");
}

#[test]
fn the_format_does_not_drift() {
    let sealed = seal_padded(1, Padding::Padme, &plaintext(SEGMENT_LEN + 100));
    let found = [&sealed.preamble.to_bytes(), &sealed.object].map(|bytes| snapshot(bytes));
    assert_eq!(
        found,
        [
            "c46da0eb95f7fd521affb94db23f75e2e8bed0ef432a6775d9b3102a2eb30c52",
            "d49dd4a023a7c2a778d1b17ea9844e6b89b593e6f4f3568507f1aad966e8a038"
        ]
    );
}

/// A writer that is dropped or fails leaves no object that opens as a shorter one.
#[test]
fn an_unfinished_padded_object_is_refused() {
    let (data_key, preamble, sealer) = create_padded(Padding::Padme, &mut rng(1));
    let mut object = Vec::new();
    let mut writer = PayloadWriter::new(&mut object, sealer);
    writer
        .write_all(&plaintext(2 * SEGMENT_LEN))
        .expect("memory");
    drop(writer);
    let reader = PayloadReader::without_root(Cursor::new(&object), &data_key, &preamble);
    let error = payload_error(reader.map(drop).expect_err("not finished"));
    let object_len = object.len() as u64;
    assert_eq!(error, PayloadError::EndMismatch { object_len });
}
