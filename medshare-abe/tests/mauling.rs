//! Chosen ciphertexts: no changed header gives the key of the original, and none panics.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

mod common;

use ark_ec::CurveGroup;
use common::{RawHeader, RawKey, attributes, choices, outside_g2, policy, rng, torsion_g1};
use medshare_abe::{
    DecapsulateError, Header, MasterSecretKey, PublicParameters, SharedSecret, UserSecretKey,
    Validity, decapsulate, decapsulate_strict, encapsulate,
};
use medshare_curve::G1Affine;
use medshare_curve::encoding::{decode_g1, encode_g1, encode_g2};
use medshare_types::G1Bytes;

struct Setting {
    parameters: PublicParameters,
    master: MasterSecretKey,
    bytes: Vec<u8>,
    secret: SharedSecret,
}

/// The start of C1, C2_0 and C3_0 in a header of this policy with τ = 1.
struct Places {
    c1: usize,
    c2: usize,
    c3: usize,
}

impl Setting {
    fn new(text: &str) -> Self {
        let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
        let (header, secret) = encapsulate(&parameters, &policy(text), b"aad", &mut rng(2));
        Self {
            parameters,
            master,
            bytes: header.to_bytes(),
            secret,
        }
    }

    fn key(&self, list: &str) -> UserSecretKey {
        let key = self.master.issue(
            &self.parameters,
            &attributes(list),
            Validity::ALWAYS,
            &mut rng(3),
        );
        key.expect("a key")
    }

    fn places(&self, text: &str) -> Places {
        // Envelope, the policy after its length, and no sealing date.
        let c1 = 6 + 4 + policy(text).to_bytes().len() + 1;
        Places {
            c1,
            c2: c1 + 96 + 4,
            c3: c1 + 96 + 4 + 96 + 4,
        }
    }

    fn with(&self, at: usize, bytes: &[u8]) -> Header {
        let mut changed = self.bytes.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        Header::from_bytes(&changed).expect("the policy is the same")
    }

    fn open(&self, header: &Header, key: &UserSecretKey) -> Result<SharedSecret, DecapsulateError> {
        decapsulate(&self.parameters, header, key, b"aad")
    }

    fn assert_rejected(&self, header: &Header, key: &UserSecretKey) {
        let first = self.open(header, key).expect("rejection is implicit");
        let second = self.open(header, key).expect("rejection is implicit");
        assert_eq!(
            first.as_bytes(),
            second.as_bytes(),
            "the same for one copy of a key"
        );
        assert_ne!(first.as_bytes(), self.secret.as_bytes());
        let copy = UserSecretKey::from_bytes(&key.to_bytes(), &self.parameters, &mut rng(5));
        let third = self
            .open(header, &copy.expect("a key"))
            .expect("rejection is implicit");
        assert_ne!(
            first.as_bytes(),
            third.as_bytes(),
            "another for another copy"
        );
        assert_eq!(
            decapsulate_strict(&self.parameters, header, key, b"aad").expect_err("changed"),
            DecapsulateError::Rejected
        );
    }
}

#[test]
fn no_changed_byte_leaves_the_key() {
    let setting = Setting::new("a and (b or c)");
    let key = setting.key("a,b");
    let original = Header::from_bytes(&setting.bytes).expect("a header");
    let recovered = setting.open(&original, &key).expect("satisfied");
    assert_eq!(recovered.as_bytes(), setting.secret.as_bytes());
    for at in 0..setting.bytes.len() {
        let mut changed = setting.bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let Ok(header) = Header::from_bytes(&changed) else {
            continue;
        };
        if let Ok(recovered) = setting.open(&header, &key) {
            assert_ne!(recovered.as_bytes(), setting.secret.as_bytes(), "byte {at}");
        }
        let strict = decapsulate_strict(&setting.parameters, &header, &key, b"aad");
        assert!(strict.is_err(), "byte {at}");
    }
}

#[test]
fn another_context_gives_another_key() {
    let setting = Setting::new("a");
    let key = setting.key("a");
    let header = Header::from_bytes(&setting.bytes).expect("a header");
    let other = decapsulate(&setting.parameters, &header, &key, b"aae").expect("implicit");
    assert_ne!(other.as_bytes(), setting.secret.as_bytes());
    let strict = decapsulate_strict(&setting.parameters, &header, &key, b"aae");
    assert_eq!(
        strict.expect_err("other context"),
        DecapsulateError::Rejected
    );
}

/// Parts of two headers for one policy do not mix.
#[test]
fn parts_of_another_header_are_rejected() {
    let text = "a and b";
    let setting = Setting::new(text);
    let key = setting.key("a,b");
    let (other, _) = encapsulate(&setting.parameters, &policy(text), b"aad", &mut rng(7));
    let other = other.to_bytes();
    let Places { c1, c2, c3 } = setting.places(text);
    let end = setting.bytes.len();
    for field in [
        c1..c1 + 96,
        c2..c2 + 96,
        c3..c3 + 48,
        c3 + 48..end - 32,
        end - 32..end,
    ] {
        setting.assert_rejected(&setting.with(field.start, &other[field]), &key);
    }
}

#[test]
fn points_that_are_none_are_refused_or_rejected() {
    let text = "a or b";
    let setting = Setting::new(text);
    let Places { c1, c2, c3 } = setting.places(text);
    let (a, b) = (setting.key("a"), setting.key("b"));
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    let outside = encode_g2(&outside_g2()).0;
    let mut uncompressed = [0; 96];
    uncompressed.copy_from_slice(&setting.bytes[c1..c1 + 96]);
    uncompressed[0] &= 0x7f;
    for bytes in [identity, outside, uncompressed, [0xff; 96]] {
        for at in [c1, c2] {
            let header = setting.with(at, &bytes);
            for key in [&a, &b] {
                let refused = setting.open(&header, key).expect_err("no point");
                assert_eq!(refused, DecapsulateError::InvalidHeader);
            }
        }
    }
    let outside = encode_g1(&torsion_g1()).0;
    for bytes in [&identity[..48], &outside, &[0xff; 48]] {
        setting.assert_rejected(&setting.with(c3, bytes), &a);
    }
}

/// Torsion that cancels in the sum passes the one subgroup check there is; the comparison of
/// encodings catches it.
#[test]
fn torsion_that_cancels_is_rejected() {
    let text = "a and b";
    let setting = Setting::new(text);
    let key = setting.key("a,b");
    let c3 = setting.places(text).c3;
    let mut rows: Vec<G1Affine> = setting.bytes[c3..c3 + 96]
        .chunks_exact(48)
        .map(|row| decode_g1(&G1Bytes(row.try_into().expect("48 bytes"))).expect("in G1"))
        .collect();
    let sum = rows[0] + rows[1];
    let torsion = torsion_g1();
    rows[0] = (rows[0] + torsion).into_affine();
    rows[1] = (rows[1] + -torsion).into_affine();
    assert!(!rows[0].is_in_correct_subgroup_assuming_on_curve());
    assert_eq!(rows[0] + rows[1], sum);
    let encoded: Vec<u8> = rows.iter().flat_map(|row| encode_g1(row).0).collect();
    setting.assert_rejected(&setting.with(c3, &encoded), &key);
    // A sealer can even make the right m come out.
    let honest = Header::from_bytes(&setting.bytes).expect("a header");
    let raw = RawHeader::of(&honest);
    let masking = raw.product(&["a", "b"], &RawKey::of(&key), &choices(2)[0b11]);
    let resealed = raw.resealed(&masking, c3, &encoded);
    setting.assert_rejected(&Header::from_bytes(&resealed).expect("a header"), &key);
}

/// A sealer can make a header that only some accept: they agree with each other, the strict check
/// refuses it to everybody.
#[test]
fn a_header_that_splits_readers_fails_the_strict_check() {
    let text = "a or b";
    let setting = Setting::new(text);
    let c3 = setting.places(text).c3;
    let (a, also_a, b) = (setting.key("a"), setting.key("a,z"), setting.key("b"));
    let honest = Header::from_bytes(&setting.bytes).expect("a header");
    let raw = RawHeader::of(&honest);
    let masking = raw.product(&["a", "b"], &RawKey::of(&a), &choices(2)[1]);
    assert_eq!(&raw.key_from(&masking, b"aad"), setting.secret.as_bytes());
    // The row of a once more in the place of the row of b, everything else as it should be.
    let split = raw.resealed(&masking, c3 + 48, &setting.bytes[c3..c3 + 48]);
    let split = Header::from_bytes(&split).expect("a header");
    let accepted = RawHeader::of(&split).key_from(&masking, b"aad");
    let open = |key| *setting.open(&split, key).expect("implicit").as_bytes();
    assert_eq!((open(&a), open(&also_a)), (accepted, accepted));
    assert_ne!(open(&b), accepted);
    for key in [&a, &b] {
        let strict = decapsulate_strict(&setting.parameters, &split, key, b"aad");
        assert_eq!(strict.expect_err("split"), DecapsulateError::Rejected);
    }
}
