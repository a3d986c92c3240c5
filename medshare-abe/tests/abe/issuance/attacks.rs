//! Attacks on the algebra of threshold issuance. Each is carried out where the defence is missing,
//! and there it works; then against this crate.

use std::collections::BTreeMap;

use ark_ec::{AdditiveGroup, CurveGroup};
use medshare_abe::issuance::{
    AuthorityDeal, DealtShare, RecipientKeyPair, SharedAuthority, SharingError,
};
use medshare_abe::{Validity, encapsulate};
use medshare_curve::encoding::{decode_g1, decode_g2, decode_scalar, encode_g1, encode_gt};
use medshare_curve::scalar::{lagrange_at_zero, random_scalar, wide_reduce};
use medshare_curve::{G1Projective, Gt, Scalar, pairing};
use medshare_types::hash::Xof;
use medshare_types::{G1Bytes, G2Bytes, Nonce, RandomSource, wire};

use crate::common::{RawHeader, RawKey, attributes, base, choices, policy, rng};
use crate::issuance::setting::{
    RawPart, World, combined, g1, gt, issuer, master_of, opens, request, shared, sharing,
};

/// A header for the policy, and its key.
fn sealed(authority: &SharedAuthority, text: &str) -> (RawHeader, [u8; 32]) {
    let (header, secret) = encapsulate(authority.parameters(), &policy(text), b"aad", &mut rng(5));
    (RawHeader::of(&header), *secret.as_bytes())
}

/// K1 and K3 of one key with the parts of both.
fn merged(a: RawKey, b: RawKey) -> RawKey {
    let parts: BTreeMap<_, _> = a.parts.into_iter().chain(b.parts).collect();
    RawKey { parts, ..a }
}

/// With r_i drawn from the random source alone, an issuer whose source repeats itself gives two
/// people with `a` and with `b` what makes one key for both. Here r_i depends on the request and on
/// the share too.
#[test]
fn one_r_for_two_requests_would_pool() {
    let world = World::new(2, 3);
    let (header, secret) = sealed(&world.authority, "a and b");
    let opened = |key: &RawKey| header.is_opened_by(&["a", "b"], &choices(2), key, &secret);
    let key = |name: &str, seeds: [u64; 2]| {
        let part = |(index, seed)| {
            let r = random_scalar(&mut rng(seed));
            (index, world.part(index, &[name], &r))
        };
        combined(&[1, 3].into_iter().zip(seeds).map(part).collect::<Vec<_>>())
    };
    assert!(opened(&merged(key("a", [1, 2]), key("b", [1, 2]))));
    assert!(
        !opened(&merged(key("a", [1, 2]), key("b", [1, 4]))),
        "one of two"
    );

    let (for_a, for_b) = (
        request(&world.authority, "a"),
        request(&world.authority, "b"),
    );
    let ours = |request, name: &str| {
        let part = |i: usize| {
            (
                i as u64 + 1,
                RawPart::of(&world.shares[i], request, 7).key(&[name]),
            )
        };
        combined(&[part(0), part(2)])
    };
    assert!(!opened(&merged(ours(&for_a, "a"), ours(&for_b, "b"))));
    assert!(!opened(&merged(ours(&for_b, "b"), ours(&for_a, "a"))));
}

/// Requests that differ in a nonce, issuers, and fresh bytes each change r_i; nothing else does.
#[test]
fn no_two_parts_have_one_r() {
    let world = World::new(2, 3);
    let first = request(&world.authority, "a");
    let mut second = first.clone();
    second.nonce = Nonce([1; 16]);
    let k3 = |share: usize, request, seed| RawPart::of(&world.shares[share], request, seed).k3;
    let reference = k3(0, &first, 7);
    assert_eq!(reference, k3(0, &first, 7), "the same everything");
    assert_ne!(
        reference,
        k3(0, &second, 7),
        "another request, the same random bytes"
    );
    assert_ne!(
        reference,
        k3(1, &first, 7),
        "another issuer, the same random bytes"
    );
    assert_ne!(
        reference,
        k3(0, &first, 8),
        "the same request, other random bytes"
    );
}

/// An attacker that knows r_i of t partial keys has α·g1 and issues keys. Here r_i needs α_i·g1 to be computed, so
/// that not even known random bytes give it.
#[test]
fn a_known_r_is_the_master_key() {
    let world = World::new(2, 3);
    let rs = [11, 12].map(|seed| random_scalar(&mut rng(seed)));
    let weights = lagrange_at_zero(&[1, 2]);
    let unmasked = [1, 2]
        .into_iter()
        .zip(rs)
        .zip(&weights)
        .map(|((index, r), weight)| {
            let part = world.part(index, &["a"], &r);
            (part.k1 - base() * r) * weight
        });
    let alpha = unmasked.sum::<G1Projective>().into_affine();
    assert_eq!(alpha, g1(&world.polynomial[0]));
    let parameters = world.authority.parameters();
    let forged = master_of(&alpha).issue(
        parameters,
        &attributes("chief"),
        Validity::ALWAYS,
        &mut rng(13),
    );
    assert!(opens(&world.authority, &forged.expect("a key"), "chief"));

    let request = request(&world.authority, "a");
    let made = RawPart::of(&world.shares[0], &request, 7);
    let fresh: [u8; 32] = rng(7).array();
    let r = |secret: &[u8]| {
        let digest = request.digest();
        let fields = [secret, digest.as_ref(), &fresh];
        wide_reduce(&Xof::new("medshare/abe/partial-randomness/v1", &fields).take())
    };
    let k3 = |r: Scalar| medshare_curve::encoding::encode_g2(&(pairing::g2() * r).into_affine()).0;
    let secret = encode_g1(&g1(&world.share(1)));
    assert_eq!(
        made.k3,
        k3(r(secret.as_ref())),
        "as docs/spec/abe/issuance.md has it"
    );
    for known in [&b""[..], &[0; 48], encode_g1(&g1(&world.share(2))).as_ref()] {
        assert_ne!(made.k3, k3(r(known)));
    }
    assert_ne!(made.k3, k3(random_scalar(&mut rng(7))));
}

/// e(α·g1, C1) is the mask of every header: a commitment to α in G1 opens them all. What this crate
/// publishes has no point of G1 or G2 in it at all.
#[test]
fn a_commitment_in_g1_would_be_the_mask() {
    let world = World::new(2, 3);
    let (header, secret) = sealed(&world.authority, "a and b");
    let commitment = g1(&world.polynomial[0]);
    let mask = pairing::pairing(&commitment, &header.c1);
    assert_eq!(header.key_from(&mask, b"aad"), secret);

    let (deal, _) = sharing(2, 3)
        .deal(issuer(1), &mut rng(1))
        .expect("an issuer");
    for public in [world.authority.to_bytes(), deal.to_bytes()] {
        let in_g1 = public.windows(48).filter(|window| {
            let bytes = G1Bytes((*window).try_into().expect("48 bytes"));
            decode_g1(&bytes).is_ok()
        });
        assert_eq!(in_g1.count(), 0);
        let in_g2 = public.windows(96).filter(|window| {
            let bytes = G2Bytes((*window).try_into().expect("96 bytes"));
            decode_g2(&bytes).is_ok()
        });
        assert_eq!(in_g2.count(), 0);
    }
}

/// What parts of different requests are worth together: they open a header if each of t sets
/// satisfies its policy, as the documentation says, and not if one does not.
#[test]
fn parts_of_different_requests_open_what_each_set_opens() {
    let (authority, shares) = shared(3, 5);
    let pooled = |sets: [&str; 3], text: &str, leaves: &[&str]| {
        let (header, secret) = sealed(&authority, text);
        let weights = lagrange_at_zero(&[1, 2, 3]);
        let keys: Vec<RawKey> = (0..3)
            .map(|i| {
                let names: Vec<&str> = sets[i].split(',').collect();
                RawPart::of(&shares[i], &request(&authority, sets[i]), 7).key(&names)
            })
            .collect();
        // Each part with each choice of rows, and with the parts of all.
        let all: BTreeMap<_, _> = keys.iter().flat_map(|key| key.parts.clone()).collect();
        let tries = |key: &RawKey| -> Vec<Gt> {
            let mixed = RawKey::of_names(key.k1, key.k3, all.clone());
            let readings = choices(leaves.len());
            let both = readings.iter().flat_map(|r| {
                [
                    header.product(leaves, key, r),
                    header.product(leaves, &mixed, r),
                ]
            });
            both.collect()
        };
        let [first, second, third] = [0, 1, 2].map(|i| tries(&keys[i]));
        first.iter().any(|a| {
            second.iter().any(|b| {
                third.iter().any(|c| {
                    let mask = *a * weights[0] + *b * weights[1] + *c * weights[2];
                    header.key_from(&mask, b"aad") == secret
                })
            })
        })
    };
    assert!(pooled(["a", "a,b", "a,c"], "a", &["a"]));
    assert!(!pooled(["a", "a,b", "b"], "a", &["a"]));
    assert!(pooled(["a,b", "a,b", "a,b,c"], "a and b", &["a", "b"]));
    assert!(!pooled(["a,b", "a,b", "b"], "a and b", &["a", "b"]));
    assert!(!pooled(["a", "b", "a,b"], "a and b", &["a", "b"]));
}

/// The last of two dealers answers the other's constant term with x·e(g1, g2) − A_0, and the share
/// it owes with a number of its choice. Everything that is checked of shares fits, and α = x. Only
/// the proof of the constant term stands in the way.
#[test]
fn a_constant_that_cancels_the_others_needs_a_proof() {
    let sharing = sharing(2, 2);
    let (honest, dealt) = sharing.deal(issuer(1), &mut rng(1)).expect("an issuer");
    let a: Vec<Gt> = gt_elements(&honest.to_bytes()[10..10 + 2 * 576]);
    let [x, s] = [2, 3].map(|seed| random_scalar(&mut rng(seed)));
    let constant = gt(&x) - a[0];
    let rogue = [constant, gt(&s) - constant];
    // The share s·g1 for the first issuer fits, and its own from the honest deal too.
    assert_eq!(
        pairing::pairing(&g1(&s), &pairing::g2()),
        rogue[0] + rogue[1]
    );
    let checked = sharing.check_deal(issuer(1), &honest).expect("honest");
    assert!(checked.accept(&sharing, issuer(2), &dealt[1]).is_ok());
    let sum = [0, 1].map(|k| encode_gt(&(a[k] + rogue[k])));
    let broken = crate::issuance::setting::authority_of(2, 2, sum.to_vec());
    let key = master_of(&g1(&x)).issue(
        broken.parameters(),
        &attributes("chief"),
        Validity::ALWAYS,
        &mut rng(4),
    );
    assert!(opens(&broken, &key.expect("a key"), "chief"), "α is x");

    // Proofs that the attacker could offer: the honest one, and one with every number it knows.
    let rogue = rogue.map(|element| encode_gt(&element));
    let copied = &honest.to_bytes()[10 + 2 * 576..];
    let proofs = [x, s, x - s].map(|known| prove(&sharing, 2, &rogue, &known));
    for proof in [copied].into_iter().chain(proofs.iter().map(Vec::as_slice)) {
        let found = sharing.check_deal(issuer(2), &deal_of(&rogue, proof));
        let dealer = issuer(2);
        let expected = SharingError::UnprovenConstant { dealer };
        assert_eq!(found.expect_err("rogue"), expected);
    }
    // The same proof is accepted from who knows the constant term.
    let known = [gt(&x), gt(&s)].map(|element| encode_gt(&element));
    let proof = prove(&sharing, 2, &known, &x);
    assert!(
        sharing
            .check_deal(issuer(2), &deal_of(&known, &proof))
            .is_ok()
    );
    // Not from another place, in another sharing, or with other commitments.
    assert!(
        sharing
            .check_deal(issuer(1), &deal_of(&known, &proof))
            .is_err()
    );
    let other = crate::issuance::setting::sharing(2, 3);
    assert!(
        other
            .check_deal(issuer(2), &deal_of(&known, &proof))
            .is_err()
    );
    let other = [known[0], rogue[1]];
    assert!(
        sharing
            .check_deal(issuer(2), &deal_of(&other, &proof))
            .is_err()
    );
}

/// The last of two dealers answers the other's second commitment with its negative, and proves a
/// constant term of its own: the sum is no authority, and the deals do not tell who is to blame.
/// The share that it owes the first issuer does, since it cannot know it.
#[test]
fn a_commitment_that_cancels_another_shows_in_the_shares() {
    let sharing = sharing(2, 2);
    let (honest, _) = sharing.deal(issuer(1), &mut rng(1)).expect("an issuer");
    let a: Vec<Gt> = gt_elements(&honest.to_bytes()[10..10 + 2 * 576]);
    let x = random_scalar(&mut rng(2));
    let rogue = [gt(&x), -a[1]].map(|element| encode_gt(&element));
    let rogue = deal_of(&rogue, &prove(&sharing, 2, &rogue, &x));
    let deals = [(1, &honest), (2, &rogue)].map(|(i, deal)| {
        let checked = sharing.check_deal(issuer(i), deal);
        checked.expect("good as far as it is public")
    });
    let found = SharedAuthority::from_deals(sharing.clone(), &deals);
    assert_eq!(
        found.expect_err("no authority"),
        SharingError::DegenerateKey
    );

    let share = |point: Scalar| {
        let fields = (
            sharing.digest(),
            issuer(2),
            issuer(1),
            encode_g1(&g1(&point)),
        );
        let bytes = crate::issuance::setting::envelope(*b"mADS", &wire::to_borsh(&fields));
        DealtShare::from_bytes(&bytes).expect("a share")
    };
    for guess in [x, x - x.double(), x.double()] {
        let found = deals[1].accept(&sharing, issuer(1), &share(guess));
        let dealer = issuer(2);
        assert_eq!(
            found.expect_err("not known"),
            SharingError::WrongShare { dealer }
        );
    }
}

/// A dealer whose random source repeats itself deals one polynomial in two sharings. With one nonce
/// for both proofs (y − y')/(c − c') would be its constant term.
#[test]
fn one_nonce_for_two_proofs_would_give_the_constant_away() {
    let frames = [2, 3].map(|n| sharing(2, n));
    let solved = |proofs: [Vec<u8>; 2]| {
        let [first, second] = proofs.map(|proof| {
            let scalar =
                |bytes: &[u8]| decode_scalar(bytes.try_into().expect("32 bytes")).expect("reduced");
            (scalar(&proof[..32]), scalar(&proof[32..]))
        });
        assert_ne!(first.0, second.0, "challenges");
        gt(&((first.1 - second.1) / (first.0 - second.0)))
    };
    let dealt = [0, 1].map(|i| {
        let (deal, _) = frames[i].deal(issuer(1), &mut rng(1)).expect("an issuer");
        deal.to_bytes()
    });
    let commitments = dealt.clone().map(|deal| deal[10..10 + 2 * 576].to_vec());
    assert_eq!(commitments[0], commitments[1], "one polynomial");
    let constant = gt_elements(&commitments[0])[0];
    let ours = dealt.map(|deal| deal[10 + 2 * 576..].to_vec());
    assert_ne!(solved(ours), constant);

    // `prove` draws its nonce from its source alone.
    let x = random_scalar(&mut rng(2));
    let known = [gt(&x), constant].map(|element| encode_gt(&element));
    let theirs = [0, 1].map(|i| prove(&frames[i], 1, &known, &x));
    assert_eq!(solved(theirs), gt(&x));
}

/// An attacker that knows an issuer's random source still does not know the ephemeral key of a
/// sealed part, and a source that repeats itself does not make one for two requests.
#[test]
fn the_ephemeral_key_does_not_hang_on_the_random_source_alone() {
    let (authority, shares) = shared(2, 3);
    let encapsulated = |nonce: u8, [part, seal]: [u64; 2]| {
        let mut request = request(&authority, "a");
        request.nonce = Nonce([nonce; 16]);
        let part = shares[0].issue_partial(&request, &mut rng(part));
        let sealed = part.expect("a part").seal(&mut rng(seal)).expect("sealed");
        <[u8; 32]>::try_from(&sealed.to_bytes()[40..72]).expect("32 bytes")
    };
    let ours = encapsulated(1, [1, 2]);
    assert_eq!(ours, encapsulated(1, [1, 2]));
    assert_ne!(ours, encapsulated(1, [1, 3]), "fresh bytes count");
    assert_ne!(ours, encapsulated(1, [3, 2]), "the part counts");
    assert_ne!(ours, encapsulated(2, [1, 2]), "the request counts");
    let known: [u8; 32] = rng(2).array();
    assert_ne!(ours, RecipientKeyPair::from_bytes(known.into()).public().0);
}

fn gt_elements(bytes: &[u8]) -> Vec<Gt> {
    let decode = |chunk: &[u8]| {
        let chunk: &[u8; 576] = chunk.try_into().expect("576 bytes");
        medshare_curve::encoding::decode_gt(chunk).expect("in GT")
    };
    bytes.chunks(576).map(decode).collect()
}

fn deal_of(commitments: &[[u8; 576]], proof: &[u8]) -> AuthorityDeal {
    let body = [&2u32.to_le_bytes()[..], &commitments.concat(), proof].concat();
    AuthorityDeal::from_bytes(&crate::issuance::setting::envelope(*b"mADL", &body)).expect("a deal")
}

/// The proof of docs/spec/abe/issuance.md, made with `secret`.
fn prove(
    sharing: &medshare_abe::issuance::Sharing,
    place: u16,
    commitments: &[[u8; 576]],
    secret: &Scalar,
) -> Vec<u8> {
    let digest = sharing.digest();
    let place = place.to_le_bytes();
    let mut fields = vec![digest.as_ref(), &place[..]];
    fields.extend(commitments.iter().map(<[u8; 576]>::as_slice));
    let context = medshare_types::hash::digest("medshare/abe/deal-context/v1", &fields);
    let nonce = random_scalar(&mut rng(77));
    let commitment = encode_gt(&gt(&nonce));
    let fields = [context.as_ref(), &commitments[0], &commitment];
    let challenge = wide_reduce(&Xof::new("medshare/abe/constant-proof/v1", &fields).take());
    let encode = medshare_curve::encoding::encode_scalar;
    [encode(&challenge), encode(&(nonce + challenge * secret))].concat()
}
