//! Segments, the preamble and the content tree, and damage to them by the store.

use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use medshare_payload::{
    ContentTree, PayloadError, PayloadLayout, PayloadReader, PayloadWriter, Preamble,
    SEALED_SEGMENT_LEN, SEGMENT_LEN, SegmentOpener, TAG_LEN, content_root, create,
};
use medshare_types::Digest;

use crate::{Sealed, payload_error, plaintext, rng, seal, snapshot};

#[test]
fn every_length_round_trips() {
    for (length, segments) in [
        (0, 1),
        (1, 1),
        (SEGMENT_LEN - 1, 1),
        (SEGMENT_LEN, 1),
        (SEGMENT_LEN + 1, 2),
        (2 * SEGMENT_LEN, 2),
        (2 * SEGMENT_LEN + 77, 3),
    ] {
        let text = plaintext(length);
        let sealed = seal(1, &text);
        assert_eq!(sealed.object.len(), length + segments * TAG_LEN);
        assert_eq!(sealed.tree.layout().segment_count() as usize, segments);
        assert_eq!(sealed.read(sealed.object.clone()), Ok(text));
    }
}

#[test]
fn ranges_are_read_from_any_offset() {
    let text = plaintext(3 * SEGMENT_LEN + 5);
    let sealed = seal(1, &text);
    let mut reader = sealed.reader(sealed.object.clone()).expect("fits");
    for (from, length) in [
        (3 * SEGMENT_LEN - 2, 7),
        (0, 3),
        (SEGMENT_LEN, SEGMENT_LEN),
        (5, 0),
    ] {
        assert_eq!(
            reader.seek(SeekFrom::Start(from as u64)).expect("inside"),
            from as u64
        );
        let mut read = vec![0; length];
        reader.read_exact(&mut read).expect("inside");
        assert_eq!(read, text[from..from + length]);
    }
    assert_eq!(
        reader.seek(SeekFrom::End(-1)).expect("inside"),
        text.len() as u64 - 1
    );
    let mut rest = Vec::new();
    assert_eq!(reader.read_to_end(&mut rest).expect("the end"), 1);
    assert_eq!(
        reader.seek(SeekFrom::Current(1000)).expect("beyond"),
        text.len() as u64 + 1000
    );
    assert_eq!(reader.read(&mut [0; 8]).expect("beyond the end"), 0);
    assert!(reader.seek(SeekFrom::Current(i64::MIN)).is_err());
}

#[test]
fn a_changed_byte_invalidates_its_segment_only() {
    let text = plaintext(2 * SEGMENT_LEN + 9);
    let sealed = seal(1, &text);
    for at in [0, SEGMENT_LEN, SEALED_SEGMENT_LEN, sealed.object.len() - 1] {
        let mut object = sealed.object.clone();
        object[at] ^= 1;
        let index = (at / SEALED_SEGMENT_LEN) as u32;
        assert_eq!(
            sealed.read(object.clone()),
            Err(PayloadError::SegmentMismatch { index })
        );
        let mut reader = sealed.reader(object).expect("the length is right");
        let elsewhere = (index + 1) % 3 * SEGMENT_LEN as u32;
        reader
            .seek(SeekFrom::Start(elsewhere.into()))
            .expect("inside");
        let mut read = [0; 9];
        reader.read_exact(&mut read).expect("another segment");
        assert_eq!(read, text[elsewhere as usize..][..9]);
    }
}

#[test]
fn truncation_and_extension_are_detected_at_once() {
    let sealed = seal(1, &plaintext(2 * SEGMENT_LEN));
    let expected = sealed.object.len() as u64;
    for end in [0, 1, SEALED_SEGMENT_LEN, sealed.object.len() - 1] {
        let found = end as u64;
        let error = sealed.reader(sealed.object[..end].to_vec()).map(|_| ());
        assert_eq!(
            payload_error(error.expect_err("truncated")),
            PayloadError::ObjectTruncated { expected, found }
        );
    }
    for more in [1, TAG_LEN, SEALED_SEGMENT_LEN] {
        let mut object = sealed.object.clone();
        object.resize(object.len() + more, 0);
        let found = object.len() as u64;
        let error = sealed.reader(object).map(|_| ());
        assert_eq!(
            payload_error(error.expect_err("extended")),
            PayloadError::ObjectExtended { expected, found }
        );
    }
}

#[test]
fn moved_segments_are_refused() {
    let text = vec![7; 3 * SEGMENT_LEN];
    let sealed = seal(1, &text);
    let segment = |i: usize| &sealed.object[i * SEALED_SEGMENT_LEN..(i + 1) * SEALED_SEGMENT_LEN];
    for (order, index) in [
        ([1, 0, 2], 0),
        ([0, 0, 2], 1),
        ([0, 2, 1], 1),
        ([0, 1, 1], 2),
    ] {
        let object = order.map(segment).concat();
        assert_eq!(
            sealed.read(object),
            Err(PayloadError::SegmentMismatch { index })
        );
    }
}

#[test]
fn segments_of_another_payload_are_refused() {
    let text = plaintext(2 * SEGMENT_LEN);
    let one = seal(1, &text);
    let other = seal(2, &text);
    let mut object = one.object.clone();
    object[SEALED_SEGMENT_LEN..].copy_from_slice(&other.object[SEALED_SEGMENT_LEN..]);
    assert_eq!(
        one.read(object),
        Err(PayloadError::SegmentMismatch { index: 1 })
    );
    // Even under a tree that was made for the mixture, the key differs.
    let mixed = Sealed {
        tree: other.tree.clone(),
        ..seal(1, &text)
    };
    assert_eq!(
        mixed.read(other.object),
        Err(PayloadError::SegmentMismatch { index: 0 })
    );
}

#[test]
fn a_key_that_the_preamble_does_not_commit_to_is_refused() {
    let one = seal(1, b"x");
    let other = seal(2, b"x");
    assert!(one.preamble.is_opened_by(&one.data_key));
    assert!(!one.preamble.is_opened_by(&other.data_key));
    let length = one.object.len() as u64;
    let opener = SegmentOpener::new(&other.data_key, &one.preamble, one.tree.clone(), length);
    assert_eq!(opener.map(|_| ()), Err(PayloadError::WrongKey));
    // A changed preamble commits to no known key.
    let mut bytes = one.preamble.to_bytes();
    bytes[6] ^= 1;
    let changed = Preamble::from_bytes(&bytes).expect("another payload id");
    assert!(!changed.is_opened_by(&one.data_key));
    assert_ne!(changed.digest(), one.preamble.digest());
}

#[test]
fn preambles_and_trees_are_decoded_strictly() {
    let sealed = seal(1, &plaintext(SEGMENT_LEN + 1));
    let bytes = sealed.preamble.to_bytes();
    assert_eq!(Preamble::from_bytes(&bytes), Ok(sealed.preamble.clone()));
    assert_eq!(bytes.len(), 75);
    for end in 0..bytes.len() {
        assert!(Preamble::from_bytes(&bytes[..end]).is_err());
    }
    assert!(Preamble::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    for (at, what) in [
        (6 + 32, "another segment size"),
        (6 + 32 + 4, "an unknown padding"),
    ] {
        let mut changed = bytes.clone();
        changed[at] ^= 2;
        assert!(Preamble::from_bytes(&changed).is_err(), "{what}");
    }

    let root = sealed.tree.root();
    let bytes = sealed.tree.to_bytes();
    let segments = sealed.tree.layout().segment_count();
    assert_eq!(ContentTree::encoded_len(segments), bytes.len() as u64);
    assert_eq!(
        ContentTree::from_bytes(&bytes, &root),
        Ok(sealed.tree.clone())
    );
    for at in 0..bytes.len() {
        assert!(ContentTree::from_bytes(&bytes[..at], &root).is_err());
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(
            ContentTree::from_bytes(&changed, &root).is_err(),
            "byte {at}"
        );
    }
    assert!(ContentTree::from_bytes(&[&bytes[..], &[0]].concat(), &root).is_err());
    assert!(ContentTree::from_bytes(&bytes, &Digest::ZERO).is_err());
    // A length that does not fit the leaves, under the root of that combination.
    let leaves = [Digest::ZERO];
    let long = SEALED_SEGMENT_LEN as u64 + 17;
    let mut forged = bytes[..6].to_vec();
    forged.extend_from_slice(&long.to_le_bytes());
    forged.extend_from_slice(&1u32.to_le_bytes());
    forged.extend_from_slice(Digest::ZERO.as_ref());
    assert_eq!(
        ContentTree::from_bytes(&forged, &content_root(&leaves, long)),
        Err(PayloadError::TreeMismatch)
    );
}

#[test]
fn the_sealer_enforces_the_order() {
    let index = 0;
    let (_, _, mut sealer) = create(&mut rng(1));
    let mut short = vec![0; 20];
    assert_eq!(
        sealer.seal_in_place(&mut short, false),
        Err(PayloadError::OutOfOrder { index })
    );
    let mut tiny = vec![0; 15];
    assert_eq!(
        sealer.seal_in_place(&mut tiny, true),
        Err(PayloadError::OutOfOrder { index })
    );
    let mut huge = vec![0; SEALED_SEGMENT_LEN + 1];
    assert_eq!(
        sealer.seal_in_place(&mut huge, true),
        Err(PayloadError::OutOfOrder { index })
    );
    assert!(huge.iter().all(|&byte| byte == 0), "unchanged");
    let mut full = vec![0; SEALED_SEGMENT_LEN];
    assert_eq!(sealer.seal_in_place(&mut full, false), Ok(()));
    let index = 1;
    let mut empty = vec![0; TAG_LEN];
    assert_eq!(
        sealer.seal_in_place(&mut empty, true),
        Err(PayloadError::OutOfOrder { index })
    );
    assert_eq!(sealer.seal_in_place(&mut short, true), Ok(()));
    let index = 2;
    assert_eq!(
        sealer.seal_in_place(&mut full, true),
        Err(PayloadError::OutOfOrder { index })
    );
    let tree = sealer.finish().expect("finished");
    assert_eq!(
        tree.layout(),
        PayloadLayout::of_plaintext(65536 + 4).expect("short")
    );
    let (_, _, unfinished) = create(&mut rng(1));
    assert_eq!(unfinished.finish(), Err(PayloadError::Unfinished));
}

#[test]
fn the_opener_checks_index_and_length() {
    let sealed = seal(1, &plaintext(SEGMENT_LEN + 3));
    let opener = sealed.opener();
    let mut last = sealed.object[SEALED_SEGMENT_LEN..].to_vec();
    let missing = PayloadError::NoSuchSegment { index: 2, count: 2 };
    assert_eq!(opener.open_in_place(2, &mut last), Err(missing));
    let mismatch = PayloadError::SegmentMismatch { index: 1 };
    assert_eq!(opener.open_in_place(1, &mut last[..18]), Err(mismatch));
    let text = opener
        .open_in_place(1, &mut last)
        .expect("the last segment");
    assert_eq!(*text, plaintext(SEGMENT_LEN + 3)[SEGMENT_LEN..]);
}

/// After a failed write the object is incomplete, and no more is sealed into it.
#[test]
fn a_failed_writer_stays_failed() {
    struct Failing;
    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("full"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (_, _, sealer) = create(&mut rng(1));
    let mut writer = PayloadWriter::new(Failing, sealer);
    writer
        .write_all(&plaintext(SEGMENT_LEN))
        .expect("held back");
    assert!(writer.write_all(b"x").is_err());
    assert!(writer.write_all(b"x").is_err());
    assert!(writer.finish().is_err());
}

#[test]
fn the_format_does_not_drift() {
    let sealed = seal(1, &plaintext(SEGMENT_LEN + 100));
    let found = [
        &sealed.preamble.to_bytes(),
        &sealed.object,
        &sealed.tree.to_bytes(),
    ]
    .map(|bytes| snapshot(bytes));
    assert_eq!(
        found,
        [
            "70051efbfc06ace3ecd53c69b3047989c9b03fab31bab66e73b501b43d4a0161",
            "9742bcb09152c91c819bd3b6ea479604d1e318dee3fa33dfcff24c30290470ef",
            "e905739aebb6d7d358de5817e95ea0ae1f75c78b762266cecbb650869170d13f"
        ]
    );
    assert_eq!(
        sealed.tree.root().to_string(),
        "33ec0c3bc88582d1129d47fed8367dba2dde910bcffbe2b3074db92290bc74d9"
    );
}

#[test]
fn debug_output_has_no_plaintext() {
    let (data_key, preamble, sealer) = create(&mut rng(1));
    let mut writer = PayloadWriter::new(Vec::new(), sealer);
    writer.write_all(&[203; 100]).expect("memory");
    assert_eq!(
        format!("{writer:?}"),
        "PayloadWriter(SegmentSealer(0 sealed; secret))"
    );
    let (object, tree) = writer.finish().expect("memory");
    let mut reader =
        PayloadReader::new(Cursor::new(object), &data_key, &preamble, tree).expect("sealed here");
    reader.read_exact(&mut [0; 10]).expect("100 bytes");
    assert_eq!(format!("{reader:?}"), "PayloadReader(at 10; secret)");
}
