//! Attacks by the store, which holds the object, and by readers, which also hold the data key. Where
//! a check stops an attack, the test also shows that it succeeds without the check.

use medshare_payload::{
    DataKey, PayloadError, PayloadLayout, Preamble, SEALED_SEGMENT_LEN, SEGMENT_LEN, SegmentOpener,
    TAG_LEN,
};

use crate::forger::{Forger, tree_of};
use crate::{Sealed, payload_error, plaintext, seal};

/// Three full segments and 100 bytes.
fn sealed() -> Sealed {
    seal(1, &plaintext(3 * SEGMENT_LEN + 100))
}

fn segment(object: &[u8], index: usize) -> &[u8] {
    object
        .chunks(SEALED_SEGMENT_LEN)
        .nth(index)
        .expect("a segment")
}

/// Offsets at, next to and between the ends of segments.
fn cuts(object: &[u8]) -> Vec<usize> {
    let ends = (0..=3).map(|i| i * SEALED_SEGMENT_LEN);
    let beside = ends.flat_map(|end| {
        [0, 1, TAG_LEN, TAG_LEN + 1, SEGMENT_LEN / 2]
            .into_iter()
            .flat_map(move |by| [end.saturating_sub(by), end + by])
    });
    let mut cuts: Vec<usize> = beside.filter(|cut| *cut < object.len()).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// The error for an object of a wrong length, returned before any of its content.
fn refusal(sealed: &Sealed, object: Vec<u8>) -> PayloadError {
    let error = sealed.rootless_reader(object).map(drop);
    payload_error(error.expect_err("refused at once"))
}

#[test]
fn truncation_is_detected_without_a_root() {
    let sealed = sealed();
    let cuts = cuts(&sealed.object);
    assert!(cuts.len() > 25);
    for cut in cuts {
        let object = sealed.object[..cut].to_vec();
        let object_len = cut as u64;
        let expected = match PayloadLayout::of_sealed(object_len) {
            Ok(_) => PayloadError::EndMismatch { object_len },
            Err(error) => error,
        };
        assert_eq!(refusal(&sealed, object), expected, "cut at {cut}");
    }
}

/// The reason to open the last segment first: every remaining segment of a truncated object is valid.
#[test]
fn reading_front_to_back_returns_half_an_object() {
    let sealed = sealed();
    let forger = Forger::new(&sealed.data_key, &sealed.preamble);
    let cut = &sealed.object[..2 * SEALED_SEGMENT_LEN];
    let read: Option<Vec<Vec<u8>>> = (0..)
        .zip(cut.chunks(SEALED_SEGMENT_LEN))
        .map(|(index, segment)| forger.open(index, false, segment))
        .collect();
    assert_eq!(
        read.map(|read| read.concat()),
        Some(plaintext(3 * SEGMENT_LEN + 100)[..2 * SEGMENT_LEN].to_vec())
    );
}

#[test]
fn extension_is_detected_without_a_root() {
    let sealed = sealed();
    let object = &sealed.object;
    let last = segment(object, 3);
    let extended = [
        [object, &[0][..]].concat(),
        [object, &[0; TAG_LEN][..]].concat(),
        [object, &[0; TAG_LEN + 1][..]].concat(),
        [object, last].concat(),
        [object, object.as_slice()].concat(),
        // With the last segment at the end.
        [&object[..3 * SEALED_SEGMENT_LEN], segment(object, 2), last].concat(),
        [&object[..3 * SEALED_SEGMENT_LEN], object].concat(),
    ];
    for object in extended {
        let object_len = object.len() as u64;
        let expected = match PayloadLayout::of_sealed(object_len) {
            Ok(_) => PayloadError::EndMismatch { object_len },
            Err(error) => error,
        };
        assert_eq!(refusal(&sealed, object), expected);
    }
}

#[test]
fn moved_segments_are_detected_without_a_root() {
    let sealed = seal(1, &vec![7; 3 * SEGMENT_LEN]);
    let of = |order: [usize; 3]| order.map(|i| segment(&sealed.object, i)).concat();
    let object_len = sealed.object.len() as u64;
    for (order, index) in [([1, 0, 2], 0), ([0, 0, 2], 1), ([1, 1, 2], 0)] {
        let mismatch = Err(PayloadError::SegmentMismatch { index });
        assert_eq!(sealed.read_rootless(of(order)), mismatch);
    }
    for order in [[0, 2, 1], [0, 1, 1], [0, 1, 0]] {
        let mismatch = Err(PayloadError::EndMismatch { object_len });
        assert_eq!(sealed.read_rootless(of(order)), mismatch);
    }
}

/// A bit of the nonce marks the last segment.
#[test]
fn only_the_last_segment_is_sealed_as_the_last() {
    let sealed = sealed();
    let forger = Forger::new(&sealed.data_key, &sealed.preamble);
    let text = plaintext(3 * SEGMENT_LEN + 100);
    let mut object = sealed.object.clone();
    let object_len = object.len() as u64;
    let last = 3 * SEALED_SEGMENT_LEN;
    object[last..].copy_from_slice(&forger.seal(3, false, &text[3 * SEGMENT_LEN..]));
    let mismatch = Err(PayloadError::EndMismatch { object_len });
    assert_eq!(sealed.read_rootless(object), mismatch);

    let mut object = sealed.object.clone();
    let forged = forger.seal(0, true, &text[..SEGMENT_LEN]);
    object[..SEALED_SEGMENT_LEN].copy_from_slice(&forged);
    let mismatch = Err(PayloadError::SegmentMismatch { index: 0 });
    assert_eq!(sealed.read_rootless(object.clone()), mismatch);
    // The forged segment ends an object of one segment.
    object.truncate(SEALED_SEGMENT_LEN);
    assert_eq!(
        sealed.read_rootless(object),
        Ok(text[..SEGMENT_LEN].to_vec())
    );
}

#[test]
fn a_changed_byte_is_detected_without_a_root() {
    let sealed = sealed();
    for at in [
        0,
        SEGMENT_LEN,
        SEALED_SEGMENT_LEN,
        3 * SEALED_SEGMENT_LEN - 1,
    ] {
        let mut object = sealed.object.clone();
        object[at] ^= 1;
        let index = (at / SEALED_SEGMENT_LEN) as u32;
        let mismatch = Err(PayloadError::SegmentMismatch { index });
        assert_eq!(sealed.read_rootless(object), mismatch);
    }
    for at in [3 * SEALED_SEGMENT_LEN, sealed.object.len() - 1] {
        let mut object = sealed.object.clone();
        object[at] ^= 1;
        let object_len = object.len() as u64;
        let mismatch = Err(PayloadError::EndMismatch { object_len });
        assert_eq!(sealed.read_rootless(object), mismatch);
    }
}

/// Every reader holds the data key, so a segment forged by a reader decrypts: only the content root
/// distinguishes it from the sealer's.
#[test]
fn a_segment_forged_by_a_reader_passes_without_a_root_and_fails_under_it() {
    let sealed = sealed();
    let forger = Forger::new(&sealed.data_key, &sealed.preamble);
    assert_eq!(&forger.commitment, &sealed.preamble.to_bytes()[43..]);
    let mut text = plaintext(3 * SEGMENT_LEN + 100);
    assert_eq!(forger.object(&text), sealed.object);
    for index in 0..4 {
        let range = index * SEGMENT_LEN..text.len().min((index + 1) * SEGMENT_LEN);
        text[range.start] ^= 1;
        let forged = forger.seal(index as u32, index == 3, &text[range.clone()]);
        let mut object = sealed.object.clone();
        object[index * SEALED_SEGMENT_LEN..][..forged.len()].copy_from_slice(&forged);
        assert_eq!(sealed.read_rootless(object.clone()), Ok(text.clone()));
        let index = index as u32;
        let mismatch = Err(PayloadError::SegmentMismatch { index });
        assert_eq!(sealed.read(object), mismatch);
        text[range.start] ^= 1;
    }
}

/// Without a root, any holder of the data key can choose the number of segments.
#[test]
fn an_object_forged_by_a_reader_passes_without_a_root_at_any_length() {
    let sealed = sealed();
    let forger = Forger::new(&sealed.data_key, &sealed.preamble);
    for length in [0, 1, SEGMENT_LEN, 3 * SEGMENT_LEN, 4 * SEGMENT_LEN + 1] {
        let text = vec![0x66; length];
        let object = forger.object(&text);
        assert_eq!(sealed.read_rootless(object.clone()), Ok(text));
        assert!(sealed.reader(object).is_err());
    }
    // Shortened by sealing another segment as the last, and extended after the last.
    let text = plaintext(3 * SEGMENT_LEN + 100);
    let resealed = forger.seal(1, true, &text[SEGMENT_LEN..2 * SEGMENT_LEN]);
    let object = [segment(&sealed.object, 0), &resealed].concat();
    assert_eq!(
        sealed.read_rootless(object),
        Ok(text[..2 * SEGMENT_LEN].to_vec())
    );
    let full = [&text[3 * SEGMENT_LEN..], &[1; SEGMENT_LEN - 100]].concat();
    let object = [
        &sealed.object[..3 * SEALED_SEGMENT_LEN],
        &forger.seal(3, false, &full),
        &forger.seal(4, true, b"and more"),
    ];
    let read = sealed.read_rootless(object.concat()).expect("accepted");
    assert_eq!(
        read,
        [&text[..3 * SEGMENT_LEN], &full, b"and more"].concat()
    );
}

/// Payloads never share k_pay, which is derived from the payload's id. Even if they did, the segments
/// are bound to the preamble.
#[test]
fn segments_of_another_preamble_are_refused_under_the_same_data_key() {
    let sealed = sealed();
    let text = plaintext(3 * SEGMENT_LEN + 100);
    let mut bytes = sealed.preamble.to_bytes();
    bytes[6] ^= 1;
    let other = Preamble::from_bytes(&bytes).expect("another payload id");
    let here = Forger::new(&sealed.data_key, &sealed.preamble);
    let mut there = Forger::new(&sealed.data_key, &other);
    assert_ne!(here.key, there.key);
    let object_len = sealed.object.len() as u64;
    let mismatch = Err(PayloadError::EndMismatch { object_len });
    assert_eq!(sealed.read_rootless(there.object(&text)), mismatch);
    there.key = here.key;
    let object = there.object(&text);
    assert_eq!(sealed.read_rootless(object.clone()), mismatch);
    let mixed = [segment(&object, 0), &sealed.object[SEALED_SEGMENT_LEN..]].concat();
    let mismatch = Err(PayloadError::SegmentMismatch { index: 0 });
    assert_eq!(sealed.read_rootless(mixed), mismatch);
    // Bound to this preamble, the object is accepted.
    there.associated = here.associated;
    assert_eq!(sealed.read_rootless(there.object(&text)), Ok(text));
}

#[test]
fn another_data_key_is_refused_with_any_object() {
    let sealed = sealed();
    let other = DataKey::from_bytes([7; 32].into());
    let forger = Forger::new(&other, &sealed.preamble);
    let object = forger.object(b"text");
    assert_eq!(forger.open(0, true, &object), Some(b"text".to_vec()));
    let length = object.len() as u64;
    let rooted = SegmentOpener::new(&other, &sealed.preamble, tree_of(&object), length);
    assert_eq!(rooted.map(drop), Err(PayloadError::WrongKey));
    let rootless = SegmentOpener::without_root(&other, &sealed.preamble, length, &object);
    assert_eq!(rootless.map(drop), Err(PayloadError::WrongKey));
}

/// The store returns a last segment whose length contradicts the object's.
#[test]
fn the_last_segment_has_the_length_that_the_object_implies() {
    let sealed = sealed();
    let key = &sealed.data_key;
    let preamble = &sealed.preamble;
    let object_len = sealed.object.len() as u64;
    let last = segment(&sealed.object, 3);
    assert!(SegmentOpener::without_root(key, preamble, object_len, last).is_ok());
    for wrong in [
        &last[1..],
        &last[..TAG_LEN],
        &[],
        segment(&sealed.object, 2),
    ] {
        let opener = SegmentOpener::without_root(key, preamble, object_len, wrong);
        let mismatch = Err(PayloadError::EndMismatch { object_len });
        assert_eq!(opener.map(drop), mismatch);
        let tree = sealed.tree.clone();
        let opener = SegmentOpener::with_last_segment(key, preamble, tree, object_len, wrong);
        let mismatch = Err(PayloadError::SegmentMismatch { index: 3 });
        assert_eq!(opener.map(drop), mismatch);
    }
    for length in [0, 15, u64::MAX, 2 * SEALED_SEGMENT_LEN as u64 + 3] {
        let opener = SegmentOpener::without_root(key, preamble, length, last);
        assert_eq!(
            opener.map(drop),
            Err(PayloadError::InvalidLength { length })
        );
    }
}
