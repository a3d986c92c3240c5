//! The public side of a key ceremony, against polynomials in the clear.

use ark_ec::CurveGroup;
use medshare_curve::encoding::{encode_g1, encode_g2};
use medshare_curve::pairing::{g1, g2};
use medshare_curve::scalar::{evaluate_polynomial, random_scalar};
use medshare_curve::{EncodingError, G2Affine, Scalar};
use medshare_testkit::fixtures::rng;
use medshare_threshold::dkg::feldman::verify_share;
use medshare_threshold::{Ceremony, CeremonyError};
use medshare_types::hash::digest;
use medshare_types::{
    AccessClass, ChainId, Deal, EncryptedShare, G2Bytes, GateKeyId, OrganisationId,
};

use super::fixture::{off_subgroup_g1, off_subgroup_g2};

fn organisation(n: u8) -> OrganisationId {
    OrganisationId::from_digest(digest("medshare/test", &[&[n]]))
}

fn ceremony(n: u8, threshold: u16) -> Ceremony {
    let chain = ChainId::from_digest(digest("medshare/test", &[b"chain"]));
    let holders = (0..n).map(organisation).collect();
    Ceremony::new(chain, AccessClass::Normal, holders, threshold).unwrap()
}

fn commit(coefficient: &Scalar) -> G2Bytes {
    encode_g2(&(g2() * coefficient).into_affine())
}

/// The deal of a polynomial. No test here decrypts its ciphertexts.
fn deal(coefficients: &[Scalar], holders: usize) -> Deal {
    let share = EncryptedShare {
        ephemeral: encode_g1(&g1()),
        ciphertext: [0; 48],
    };
    Deal {
        commitments: coefficients.iter().map(commit).collect(),
        shares: vec![share; holders],
    }
}

fn polynomials(dealers: usize, threshold: usize) -> Vec<Vec<Scalar>> {
    let mut rng = rng(11);
    (0..dealers)
        .map(|_| (0..threshold).map(|_| random_scalar(&mut rng)).collect())
        .collect()
}

#[test]
fn the_key_is_the_sum_of_the_polynomials() {
    let ceremony = ceremony(5, 4);
    let polynomials = polynomials(5, 4);
    let deals: Vec<Deal> = polynomials.iter().map(|p| deal(p, 5)).collect();
    let named: Vec<_> = (0..5).map(organisation).zip(&deals).collect();
    let key = ceremony.gate_key(&named).unwrap();

    let sum_at = |x| {
        polynomials
            .iter()
            .map(|p| evaluate_polynomial(p, x))
            .sum::<Scalar>()
    };
    assert_eq!(key.public, commit(&sum_at(0)));
    for (holder, index) in key.holders.iter().zip(1u8..) {
        assert_eq!(holder.organisation, organisation(index - 1));
        assert_eq!(holder.public_share, commit(&sum_at(index.into())));
    }
    assert_eq!(key.id, GateKeyId::derive(&key.public, &key.lineage));
    assert_eq!((key.threshold, key.generation), (4, 0));
}

#[test]
fn a_share_is_valid_for_its_index_alone() {
    let ceremony = ceremony(4, 3);
    let polynomial = &polynomials(1, 3)[0];
    let commitments = ceremony
        .check_deal(organisation(0), &deal(polynomial, 4))
        .unwrap();
    for index in 1..=4u16 {
        let share = evaluate_polynomial(polynomial, index.into());
        assert!(verify_share(&commitments, index, &share));
        assert!(!verify_share(
            &commitments,
            index,
            &(share + Scalar::from(1u64))
        ));
        assert!(!verify_share(&commitments, index + 1, &share));
    }
    let backwards: Vec<_> = polynomial.iter().rev().copied().collect();
    let reversed = ceremony
        .check_deal(organisation(0), &deal(&backwards, 4))
        .unwrap();
    // At X = 1 both orders give the same sum, elsewhere not.
    assert!(!verify_share(
        &reversed,
        2,
        &evaluate_polynomial(polynomial, 2)
    ));
}

#[test]
fn the_lineage_binds_every_deal_and_its_dealer() {
    let polynomials = polynomials(5, 3);
    let deals: Vec<Deal> = polynomials.iter().map(|p| deal(p, 4)).collect();
    let lineage = |ceremony: &Ceremony, dealers: &[u8], deals: &[&Deal]| {
        let named: Vec<_> = dealers
            .iter()
            .map(|n| organisation(*n))
            .zip(deals.iter().copied())
            .collect();
        ceremony.gate_key(&named).unwrap().lineage
    };
    let three = [&deals[0], &deals[1], &deals[2]];
    let base = lineage(&ceremony(4, 3), &[0, 1, 2], &three);
    assert_eq!(base, lineage(&ceremony(4, 3), &[0, 1, 2], &three));
    assert_ne!(base, lineage(&ceremony(4, 3), &[0, 1, 3], &three));
    let other = [&deals[0], &deals[1], &deals[3]];
    assert_ne!(base, lineage(&ceremony(4, 3), &[0, 1, 2], &other));
    let chain = ChainId::from_digest(digest("medshare/test", &[b"another chain"]));
    let holders = (0..4).map(organisation).collect();
    let elsewhere = Ceremony::new(chain, AccessClass::Normal, holders, 3).unwrap();
    assert_ne!(base, lineage(&elsewhere, &[0, 1, 2], &three));
    // There is one class, and the threshold is the number of commitments in every deal.
    let here = *ceremony(4, 3).chain();
    let others = (0..3).chain([7]).map(organisation).collect();
    let with_another = Ceremony::new(here, AccessClass::Normal, others, 3).unwrap();
    assert_ne!(base, lineage(&with_another, &[0, 1, 2], &three));
}

/// Each holder deals once, in the holders' order: a deal that counts twice would let fewer make a
/// key.
#[test]
fn a_repeated_or_misplaced_dealer_is_named_without_blame() {
    let ceremony = ceremony(4, 2);
    let deals: Vec<Deal> = polynomials(4, 2).iter().map(|p| deal(p, 4)).collect();
    let key = |dealers: &[u8]| {
        let named = dealers.iter().map(|n| organisation(*n)).zip(&deals);
        ceremony.gate_key(&named.collect::<Vec<_>>()).map(drop)
    };
    assert_eq!(key(&[0, 1, 3]), Ok(()));
    for (dealers, at_fault) in [
        (&[0, 1, 1][..], 1),
        (&[0, 0, 1], 0),
        (&[0, 2, 1], 1),
        (&[1, 2, 3, 0], 0),
        (&[0, 1, 9], 9),
    ] {
        let dealer = organisation(at_fault);
        let refused = CeremonyError::UnexpectedDealer { dealer };
        assert!(refused.culprits().is_empty(), "the order is the caller's");
        assert_eq!(key(dealers), Err(refused), "{dealers:?}");
    }
}

#[test]
fn a_cancelling_deal_makes_no_key() {
    // A dealer that posts the negatives of the others' commitments, which needs no secret.
    let polynomials = polynomials(2, 3);
    let negated: Vec<Scalar> = (0..3)
        .map(|k| -(polynomials[0][k] + polynomials[1][k]))
        .collect();
    let deals =
        [&polynomials[0], &polynomials[1], &negated].map(|coefficients| deal(coefficients, 4));
    let named: Vec<_> = (0..3).map(organisation).zip(&deals).collect();
    let error = ceremony(4, 3).gate_key(&named).unwrap_err();
    assert_eq!(error, CeremonyError::DegenerateKey);
    assert!(error.culprits().is_empty());
}

/// The last dealer knows what the others dealt to it, and makes its own share of the key 0: the sum
/// is (X − 4)·(X + 5), and the dealer the fourth holder.
#[test]
fn the_culprit_of_a_deal_that_cancels_at_one_holder_is_that_holder() {
    let polynomials = polynomials(2, 3);
    let sum = [-Scalar::from(20u64), Scalar::from(1u64), Scalar::from(1u64)];
    let last: Vec<Scalar> = (0..3)
        .map(|k| sum[k] - polynomials[0][k] - polynomials[1][k])
        .collect();
    let deals = [&polynomials[0], &polynomials[1], &last].map(|coefficients| deal(coefficients, 4));
    let dealers = [0, 1, 3].map(organisation);
    let named: Vec<_> = dealers.into_iter().zip(&deals).collect();
    let holder = organisation(3);
    let error = ceremony(4, 3).gate_key(&named).unwrap_err();
    assert_eq!(error, CeremonyError::DegenerateShare { holder });
    assert_eq!(error.culprits(), [holder]);
}

#[test]
fn a_malformed_deal_is_reported_with_its_dealer() {
    let ceremony = ceremony(4, 3);
    let dealer = organisation(1);
    let good = deal(&polynomials(1, 3)[0], 4);
    let check = |change: &dyn Fn(&mut Deal)| {
        let mut deal = good.clone();
        change(&mut deal);
        ceremony.check_deal(dealer, &deal).map(drop)
    };
    assert_eq!(check(&|_| ()), Ok(()));
    let commitment = |index, source| {
        Err(CeremonyError::InvalidCommitment {
            dealer,
            index,
            source,
        })
    };
    let outside = off_subgroup_g2();
    let identity = encode_g2(&G2Affine::identity());
    assert_eq!(
        check(&|deal| deal.commitments[1] = outside),
        commitment(1, EncodingError::NotInSubgroup)
    );
    assert_eq!(
        check(&|deal| deal.commitments[0] = identity),
        commitment(0, EncodingError::Identity)
    );
    assert_eq!(
        check(&|deal| deal.commitments[2] = G2Bytes([0xff; 96])),
        commitment(2, EncodingError::NotCanonical)
    );
    let off_subgroup = off_subgroup_g1();
    assert_eq!(
        check(&|deal| deal.shares[3].ephemeral = off_subgroup),
        Err(CeremonyError::InvalidEphemeral {
            dealer,
            index: 3,
            source: EncodingError::NotInSubgroup
        })
    );
    assert_eq!(
        ceremony.check_deal(organisation(9), &good).map(drop),
        Err(CeremonyError::UnexpectedDealer {
            dealer: organisation(9)
        })
    );
}

#[test]
fn fewer_deals_than_a_quorum_make_no_key() {
    let ceremony = ceremony(7, 2);
    let deals: Vec<Deal> = polynomials(7, 2).iter().map(|p| deal(p, 7)).collect();
    let named: Vec<_> = (0..7).map(organisation).zip(&deals).collect();
    // A small threshold lowers no bar for the number of dealers: q = 5 of 7.
    assert_eq!(
        ceremony.gate_key(&named[..4]),
        Err(CeremonyError::TooFewDeals {
            needed: 5,
            found: 4
        })
    );
    assert!(ceremony.gate_key(&named[..5]).is_ok());
}
