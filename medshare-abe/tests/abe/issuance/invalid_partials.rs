//! Invalid partial keys: the recipient learns the culprit, whatever the fault.

use ark_ec::CurveGroup;
use medshare_abe::KeyError;
use medshare_abe::issuance::{IssuanceError, IssuanceRequest, IssuerIndex, SealedPartialKey};
use medshare_curve::encoding::{encode_g1, encode_g2};
use medshare_curve::{EncodingError, G1Affine, G2Affine, Gt, Scalar, pairing};
use medshare_types::DecodeError;

use crate::common::{attribute_point, base, outside_g2, policy, rng, torsion_g1};
use crate::issuance::setting::{RawPart, World, combined, g1, gt, issuer, pair, request, seal_raw};

struct Scene {
    world: World,
    request: IssuanceRequest,
    honest: RawPart,
}

impl Scene {
    fn new() -> Self {
        let world = World::new(2, 3);
        let request = request(&world.authority, "a, b");
        let honest = RawPart::of(&world.shares[0], &request, 7);
        Self {
            world,
            request,
            honest,
        }
    }

    fn open(&self, index: u16, plaintext: &[u8]) -> Result<(), IssuanceError> {
        self.open_sealed(&seal_raw(&self.request, index, plaintext))
    }

    fn open_sealed(&self, sealed: &SealedPartialKey) -> Result<(), IssuanceError> {
        let authority = &self.world.authority;
        let opened = authority.open_partial(&self.request, &pair(), sealed, &mut rng(8));
        opened.map(|part| assert_eq!(part.request_digest(), self.request.digest()))
    }

    /// The first issuer's part, changed.
    fn with(&self, change: impl FnOnce(&mut RawPart)) -> Result<(), IssuanceError> {
        let mut part = self.honest.clone();
        change(&mut part);
        self.open(1, &part.plaintext())
    }
}

fn bad(i: u16, source: KeyError) -> Result<(), IssuanceError> {
    let issuer = issuer(i);
    Err(IssuanceError::InvalidPartial { issuer, source })
}

fn point(i: u16, source: EncodingError) -> Result<(), IssuanceError> {
    bad(i, KeyError::Point { source })
}

#[test]
fn an_honest_part_is_accepted_at_its_place_only() {
    let scene = Scene::new();
    let plaintext = scene.honest.plaintext();
    assert_eq!(scene.open(1, &plaintext), Ok(()));
    // Another issuer's share, under either issuer's index.
    for i in [2, 3] {
        assert_eq!(scene.open(i, &plaintext), bad(i, KeyError::Inconsistent));
        let other = RawPart::of(&scene.world.shares[usize::from(i) - 1], &scene.request, 7);
        let found = scene.open(1, &other.plaintext());
        assert_eq!(found, bad(1, KeyError::Inconsistent));
    }
    for index in [0, 4, u16::MAX] {
        let index = IssuerIndex(index);
        let found = scene.open(index.0, &plaintext);
        assert_eq!(found, Err(IssuanceError::NoSuchIssuer { index }));
    }
}

#[test]
fn parts_that_do_not_belong_together_are_named() {
    let scene = Scene::new();
    let other = RawPart::of(&scene.world.shares[0], &scene.request, 9);
    let foreign = request(&scene.world.authority, "a, c");
    let foreign = RawPart::of(&scene.world.shares[0], &foreign, 7);
    let inconsistent = bad(1, KeyError::Inconsistent);
    assert_eq!(scene.with(|part| part.k1 = other.k1), inconsistent);
    assert_eq!(scene.with(|part| part.k3 = other.k3), inconsistent);
    for at in 0..scene.honest.parts.len() {
        let found = scene.with(|part| part.parts[at] = other.parts[at]);
        assert_eq!(found, inconsistent, "part {at}");
    }
    assert_eq!(scene.with(|part| part.parts.swap(0, 1)), inconsistent);
    assert_eq!(scene.with(|part| *part = foreign), inconsistent);
}

/// Combining scaled partial keys gives a key that opens nothing, and does not tell the culprit: the
/// check of each partial key does.
#[test]
fn a_scaled_part_is_named() {
    let scene = Scene::new();
    for factor in [2u64, 3, u64::MAX].map(Scalar::from) {
        let scaled = scene.honest.map(
            |p| (p * factor).into_affine(),
            |q| (q * factor).into_affine(),
        );
        let found = scene.open(1, &scaled.plaintext());
        assert_eq!(found, bad(1, KeyError::Inconsistent));

        let second = RawPart::of(&scene.world.shares[1], &scene.request, 7);
        let parameters = scene.world.authority.parameters();
        let (header, secret) =
            medshare_abe::encapsulate(parameters, &policy("a"), b"aad", &mut rng(5));
        let header = crate::common::RawHeader::of(&header);
        let opened = |first: &RawPart| {
            let parts = [(1, first.key(&["a", "b"])), (2, second.key(&["a", "b"]))];
            let key = combined(&parts);
            header.is_opened_by(&["a"], &crate::common::choices(1), &key, secret.as_bytes())
        };
        assert!(opened(&scene.honest) && !opened(&scaled));
    }
}

/// e(K1 + Σ w·K_u, g2) = E_1 + e(B + Σ w·H(u), K3), unchecked points and all.
fn equation_holds(scene: &Scene, k1: G1Affine, parts: [G1Affine; 2], k3: G2Affine) -> bool {
    let weights = [3u64, 5].map(Scalar::from);
    let sum = |start: G1Affine, points: [G1Affine; 2]| {
        let terms = points.iter().zip(weights).map(|(p, w)| *p * w);
        terms
            .fold(start.into(), |acc: medshare_curve::G1Projective, term| {
                acc + term
            })
            .into_affine()
    };
    let left: Gt = pairing::pairing(&sum(k1, parts), &pairing::g2());
    let points = ["a", "b"].map(attribute_point);
    left == gt(&scene.world.share(1)) + pairing::pairing(&sum(base(), points), &k3)
}

/// With r = 0 the equation holds and a part is the bare share: t such parts are α·g1. The identity
/// is refused before the equation is looked at.
#[test]
fn a_part_without_r_is_named() {
    let scene = Scene::new();
    let share = g1(&scene.world.share(1));
    let zero = (G1Affine::identity(), G2Affine::identity());
    assert!(equation_holds(&scene, share, [zero.0; 2], zero.1));
    let (mut in_g1, mut in_g2) = ([0; 48], [0; 96]);
    (in_g1[0], in_g2[0]) = (0xc0, 0xc0);
    let identity = point(1, EncodingError::Identity);
    let bare = scene.with(|part| {
        part.k1 = encode_g1(&share).0;
        part.k3 = in_g2;
        part.parts.iter_mut().for_each(|part| *part = in_g1);
    });
    assert_eq!(bare, identity);
    assert_eq!(scene.with(|part| part.k3 = in_g2), identity);
    assert_eq!(scene.with(|part| part.k1 = in_g1), identity);
    assert_eq!(scene.with(|part| part.parts[1] = in_g1), identity);
}

/// Points outside G1 satisfy the equation too: pairings do not see them. Decoding does.
#[test]
fn a_part_outside_the_subgroup_is_named() {
    let scene = Scene::new();
    let key = scene.honest.key(&["a", "b"]);
    let moved = |p: G1Affine| (p + torsion_g1()).into_affine();
    let parts = [key.parts["a"], key.parts["b"]];
    assert!(equation_holds(&scene, key.k1, parts, key.k3));
    assert!(equation_holds(
        &scene,
        moved(key.k1),
        [moved(parts[0]), parts[1]],
        key.k3
    ));
    let outside = point(1, EncodingError::NotInSubgroup);
    let k1 = encode_g1(&moved(key.k1)).0;
    assert_eq!(scene.with(|part| part.k1 = k1), outside);
    let part_a = encode_g1(&moved(parts[0])).0;
    assert_eq!(scene.with(|part| part.parts[0] = part_a), outside);
    let k3 = encode_g2(&outside_g2()).0;
    assert_eq!(scene.with(|part| part.k3 = k3), outside);
    assert_eq!(
        scene.with(|part| part.k1[0] = 0),
        point(1, EncodingError::NotCanonical)
    );
}

#[test]
fn a_part_of_another_length_is_named() {
    let scene = Scene::new();
    let plaintext = scene.honest.plaintext();
    let malformed = |source| bad(1, KeyError::Decode { source });
    for end in [
        0,
        47,
        48,
        143,
        144,
        plaintext.len() - 48,
        plaintext.len() - 1,
    ] {
        let found = scene.open(1, &plaintext[..end]);
        assert_eq!(found, malformed(DecodeError::Truncated), "cut at {end}");
    }
    let longer = [&plaintext[..], &plaintext[..48]].concat();
    let expected = malformed(DecodeError::TrailingBytes { count: 48 });
    assert_eq!(scene.open(1, &longer), expected);
}

/// The seal holds for one recipient, request and issuer.
#[test]
fn a_moved_or_changed_part_does_not_decrypt() {
    let scene = Scene::new();
    let bytes = seal_raw(&scene.request, 1, &scene.honest.plaintext()).to_bytes();
    let read = |bytes: &[u8]| SealedPartialKey::from_bytes(bytes).expect("the same layout");
    assert_eq!(scene.open_sealed(&read(&bytes)), Ok(()));
    // To another issuer's place.
    let mut moved = bytes.clone();
    moved[6 + 32] = 2;
    let found = scene.open_sealed(&read(&moved));
    assert_eq!(found, bad(2, KeyError::Undecryptable));
    // The encapsulated key and the ciphertext, byte by byte.
    let length = bytes.len();
    for at in (40..72)
        .step_by(3)
        .chain((76..length).step_by(17))
        .chain([length - 1])
    {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let found = scene.open_sealed(&read(&changed));
        assert_eq!(found, bad(1, KeyError::Undecryptable), "byte {at}");
    }
    // An encapsulated key of small order.
    let mut small = bytes.clone();
    small[40..72].fill(0);
    let found = scene.open_sealed(&read(&small));
    assert_eq!(found, bad(1, KeyError::Undecryptable));
    // Sealed for another request, and relabelled.
    let other = request(&scene.world.authority, "a, c");
    let mut relabelled = seal_raw(&other, 1, &scene.honest.plaintext()).to_bytes();
    relabelled[6..38].copy_from_slice(scene.request.digest().as_ref());
    let found = scene.open_sealed(&read(&relabelled));
    assert_eq!(found, bad(1, KeyError::Undecryptable));
}
