//! The key ceremony: honest holders get one key, and a bad deal exposes its dealer.

use ark_ec::CurveGroup;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit};
use medshare_curve::encoding::{decode_g1, encode_g1, encode_g2, encode_scalar};
use medshare_curve::fixed_base::g2_generator_mul;
use medshare_curve::polynomial::Polynomial;
use medshare_curve::scalar::random_scalar;
use medshare_curve::{EncodingError, G2Projective, Scalar, pairing};
use medshare_testkit::fixtures::{self, rng};
use medshare_threshold::{CeremonyError, HolderKeyPair, HolderShare, Participant, Roster};
use medshare_types::hash::{Xof, digest};
use medshare_types::{
    AccessClass, Deal, EncryptedShare, G1Bytes, G2Bytes, GateKey, OrganisationId, RandomSource,
    Wire,
};

use super::fixture::{Gate, Holders, borrowed, chain, name, off_subgroup_g1, off_subgroup_g2};

#[test]
fn every_holder_gets_the_same_key_and_its_share() {
    let gate = Gate::new(4, 1);
    assert_eq!(gate.key.threshold, 3);
    assert_eq!(gate.key.generation, 0);
    for (index, share) in gate.shares.iter().enumerate() {
        assert_eq!(share.key(), &gate.key.id);
        assert_eq!(share.holder(), gate.key.holders[index].organisation);
    }
    assert_eq!(
        GateKey::from_wire(&gate.key.to_wire()),
        Ok(gate.key.clone())
    );
}

/// As many holders as a consortium in one process may have: its founding is nearly all ceremony.
#[test]
fn sixty_four_holders_make_a_key() {
    let mut rng = rng(64);
    let holders = Holders::new(64, &mut rng);
    let roster = holders.roster();
    let deals = holders.deals(&roster, &mut rng);
    let key = roster.ceremony().gate_key(&borrowed(&deals)).unwrap();
    assert_eq!((key.threshold, key.holders.len()), (43, 64));
    for index in [0, 63] {
        let pair = &holders.pairs[index];
        let participant = Participant::new(&roster, holders.id(index), pair).unwrap();
        let mut open = |(dealer, deal): &(OrganisationId, Deal)| {
            let contribution = participant.open(*dealer, deal, &mut rng);
            contribution.unwrap()
        };
        let contributions: Vec<_> = deals.iter().map(&mut open).collect();
        let share = participant.combine(&key, &contributions).unwrap();
        assert_eq!(share.holder(), holders.id(index));
    }
}

#[test]
fn another_deal_is_another_lineage_and_key() {
    let mut rng = rng(2);
    let holders = Holders::new(4, &mut rng);
    let roster = holders.roster();
    let mut deals = holders.deals(&roster, &mut rng);
    let key = |deals: &[_]| roster.ceremony().gate_key(&borrowed(deals)).unwrap();
    let first = key(&deals);
    deals[3] = holders.deals(&roster, &mut rng).remove(3);
    let second = key(&deals);
    assert_ne!(first.lineage, second.lineage);
    assert_ne!(first.public, second.public);

    // Leaving a dealer out is allowed down to a quorum, and makes yet another key.
    assert_ne!(key(&deals[..3]).id, second.id);
    assert_eq!(
        roster.ceremony().gate_key(&borrowed(&deals[..2])),
        Err(CeremonyError::TooFewDeals {
            needed: 3,
            found: 2
        })
    );
}

#[test]
fn dealers_come_once_and_in_the_holders_order() {
    let mut rng = rng(3);
    let holders = Holders::new(4, &mut rng);
    let roster = holders.roster();
    let deals = holders.deals(&roster, &mut rng);
    let gate_key = |order: &[usize]| {
        let deals: Vec<_> = order.iter().map(|&i| (deals[i].0, &deals[i].1)).collect();
        roster.ceremony().gate_key(&deals)
    };
    let unexpected = |index: usize| {
        Err(CeremonyError::UnexpectedDealer {
            dealer: deals[index].0,
        })
    };
    assert_eq!(gate_key(&[0, 2, 1, 3]), unexpected(1));
    assert_eq!(gate_key(&[0, 1, 1, 2]), unexpected(1));
    assert!(gate_key(&[0, 1, 3]).is_ok());

    let stranger = Holders::new(4, &mut rng);
    let mut foreign = borrowed(&deals);
    foreign[1].0 = stranger.id(1);
    assert_eq!(
        roster.ceremony().gate_key(&foreign),
        Err(CeremonyError::UnexpectedDealer {
            dealer: stranger.id(1)
        })
    );
}

/// Lets holder 2 open the deal of dealer 1 after `tamper` changed it.
fn opened_after(tamper: impl FnOnce(&mut Deal, &Deal)) -> (Result<(), CeremonyError>, OpenedBy) {
    let mut rng = rng(4);
    let holders = Holders::new(4, &mut rng);
    let roster = holders.roster();
    let deals = holders.deals(&roster, &mut rng);
    let mut deal = deals[1].1.clone();
    tamper(&mut deal, &deals[0].1);
    let receiver = Participant::new(&roster, holders.id(2), &holders.pairs[2]).unwrap();
    let result = receiver.open(holders.id(1), &deal, &mut rng).map(drop);
    let others = Participant::new(&roster, holders.id(3), &holders.pairs[3]).unwrap();
    let opened = OpenedBy {
        dealer: holders.id(1),
        by_another: others.open(holders.id(1), &deal, &mut rng).is_ok(),
    };
    (result, opened)
}

struct OpenedBy {
    dealer: OrganisationId,
    by_another: bool,
}

#[test]
fn an_untouched_deal_opens() {
    assert_eq!(opened_after(|_, _| ()).0, Ok(()));
}

#[test]
fn a_bad_share_to_one_holder_names_the_dealer() {
    // A share made for the next holder, moved with its ephemeral key.
    let (result, opened) = opened_after(|deal, _| deal.shares[2] = deal.shares[1].clone());
    let dealer = opened.dealer;
    assert_eq!(result, Err(CeremonyError::Undecryptable { dealer }));
    assert!(opened.by_another, "only the victim sees it");
    assert_eq!(result.unwrap_err().culprits(), [dealer]);

    for at in [0, 47] {
        let (result, _) = opened_after(|deal, _| deal.shares[2].ciphertext[at] ^= 1);
        assert_eq!(result, Err(CeremonyError::Undecryptable { dealer }));
    }
}

#[test]
fn a_share_off_the_committed_polynomial_names_the_dealer() {
    let mut rng = rng(5);
    let holders = Holders::new(4, &mut rng);
    let roster = holders.roster();
    let dealer = holders.id(1);
    let polynomial = Polynomial::random(3, &mut rng);
    let committed = polynomial.commitments(g2_generator_mul);
    let encode = |point: &G2Projective| encode_g2(&point.into_affine());
    let commitments: Vec<_> = committed.elements().iter().map(encode).collect();
    let deal = |shift: u64, rng: &mut _| Deal {
        shares: (1u16..=4)
            .map(|index| {
                let wrong = Scalar::from(if index == 3 { shift } else { 0 });
                let share = *polynomial.at(index) + wrong;
                let holder = holders.pairs[usize::from(index) - 1].public();
                encrypt_share(dealer, index, &holder, &commitments, &share, rng)
            })
            .collect(),
        commitments: commitments.clone(),
    };
    let open = |index: usize, deal: &Deal| {
        let receiver = Participant::new(&roster, holders.id(index), &holders.pairs[index]).unwrap();
        receiver.open(dealer, deal, &mut fixtures::rng(0)).map(drop)
    };
    assert_eq!(
        open(2, &deal(0, &mut rng)),
        Ok(()),
        "the format is as specified"
    );
    let bad = deal(1, &mut rng);
    assert_eq!(open(2, &bad), Err(CeremonyError::WrongShare { dealer }));
    assert_eq!(open(3, &bad), Ok(()), "only the victim sees it");
}

#[test]
fn commitments_of_one_deal_with_shares_of_another_do_not_open() {
    let mut rng = rng(15);
    let holders = Holders::new(4, &mut rng);
    let roster = holders.roster();
    let dealer = holders.id(1);
    let cheat = Participant::new(&roster, dealer, &holders.pairs[1]).unwrap();
    let mixed = Deal {
        commitments: cheat.deal(&mut rng).commitments,
        shares: cheat.deal(&mut rng).shares,
    };
    let receiver = Participant::new(&roster, holders.id(2), &holders.pairs[2]).unwrap();
    let result = receiver.open(dealer, &mixed, &mut rng).map(drop);
    assert_eq!(result, Err(CeremonyError::Undecryptable { dealer }));
}

/// The encryption of `docs/spec/gate.md`, implemented a second time.
fn encrypt_share(
    dealer: OrganisationId,
    index: u16,
    holder: &G1Bytes,
    commitments: &[G2Bytes],
    share: &Scalar,
    rng: &mut impl RandomSource,
) -> EncryptedShare {
    let secret = random_scalar(rng);
    let ephemeral = encode_g1(&(pairing::g1() * secret).into_affine());
    let shared = encode_g1(&(decode_g1(holder).unwrap() * secret).into_affine());
    let mut list = u32::try_from(commitments.len())
        .unwrap()
        .to_le_bytes()
        .to_vec();
    commitments
        .iter()
        .for_each(|point| list.extend_from_slice(&point.0));
    let list = digest("medshare/threshold/dealt-commitments/v1", &[&list]);
    let chain = chain();
    let fields: [&[u8]; 7] = [
        &shared.0,
        &ephemeral.0,
        chain.as_ref(),
        &[0],
        dealer.digest().as_bytes(),
        &index.to_le_bytes(),
        list.as_bytes(),
    ];
    let key: [u8; 32] = Xof::new("medshare/threshold/dealt-share-key/v1", &fields).take();
    let sealed = ChaCha20Poly1305::new(&key.into())
        .encrypt(&Default::default(), encode_scalar(share).as_slice())
        .unwrap();
    EncryptedShare {
        ephemeral,
        ciphertext: sealed.try_into().unwrap(),
    }
}

#[test]
fn commitments_in_the_wrong_order_or_of_bad_points_name_the_dealer() {
    let dealer = opened_after(|_, _| ()).1.dealer;
    let (result, _) = opened_after(|deal, _| deal.commitments.swap(0, 2));
    assert_eq!(result, Err(CeremonyError::Undecryptable { dealer }));

    let mut identity = [0; 96];
    identity[0] = 0xc0;
    let (result, _) = opened_after(|deal, _| deal.commitments[1] = G2Bytes(identity));
    let source = EncodingError::Identity;
    let error = CeremonyError::InvalidCommitment {
        dealer,
        index: 1,
        source,
    };
    assert_eq!(result, Err(error));

    let (result, _) = opened_after(|deal, _| deal.commitments[2] = off_subgroup_g2());
    let source = EncodingError::NotInSubgroup;
    let error = CeremonyError::InvalidCommitment {
        dealer,
        index: 2,
        source,
    };
    assert_eq!(result, Err(error));

    let (result, _) = opened_after(|deal, _| deal.shares[0].ephemeral = off_subgroup_g1());
    let error = CeremonyError::InvalidEphemeral {
        dealer,
        index: 0,
        source,
    };
    assert_eq!(result, Err(error));
}

#[test]
fn too_many_and_too_few_commitments_or_shares_name_the_dealer() {
    let dealer = opened_after(|_, _| ()).1.dealer;
    let commitments = |found| {
        Err(CeremonyError::CommitmentCount {
            dealer,
            expected: 3,
            found,
        })
    };
    let (result, _) = opened_after(|deal, other| deal.commitments.push(other.commitments[0]));
    assert_eq!(
        result,
        commitments(4),
        "a higher degree would need more shares than t"
    );
    let (result, _) = opened_after(|deal, _| deal.commitments.truncate(2));
    assert_eq!(result, commitments(2));
    let (result, _) = opened_after(|deal, _| deal.shares.truncate(3));
    let error = CeremonyError::ShareCount {
        dealer,
        expected: 4,
        found: 3,
    };
    assert_eq!(result, Err(error));
}

#[test]
fn a_deal_is_bound_to_its_dealer_class_and_chain() {
    let mut rng = rng(6);
    let holders = Holders::new(4, &mut rng);
    let roster = holders.roster();
    let deals = holders.deals(&roster, &mut rng);
    let keys: Vec<_> = (0..4)
        .map(|index| (holders.id(index), holders.pairs[index].public()))
        .collect();
    let elsewhere = medshare_types::ChainId::from_digest(name("another chain"));
    let other = Roster::new(elsewhere, AccessClass::Normal, &keys, 3).unwrap();
    let dealer = holders.id(0);
    let thief = holders.id(1);
    let open = |roster, dealer| {
        let receiver = Participant::new(roster, holders.id(2), &holders.pairs[2]).unwrap();
        receiver
            .open(dealer, &deals[0].1, &mut fixtures::rng(0))
            .map(drop)
    };
    assert_eq!(open(&roster, dealer), Ok(()));
    assert_eq!(
        open(&other, dealer),
        Err(CeremonyError::Undecryptable { dealer })
    );
    // A deal copied from the chain and posted under another name, to cancel or double the first.
    assert_eq!(
        open(&roster, thief),
        Err(CeremonyError::Undecryptable { dealer: thief })
    );
}

#[test]
fn contributions_of_another_key_are_refused() {
    let mut rng = rng(7);
    let holders = Holders::new(4, &mut rng);
    let roster = holders.roster();
    let deals = holders.deals(&roster, &mut rng);
    let key = roster.ceremony().gate_key(&borrowed(&deals)).unwrap();
    let me = Participant::new(&roster, holders.id(2), &holders.pairs[2]).unwrap();
    let contributions: Vec<_> = deals
        .iter()
        .map(|(dealer, deal)| me.open(*dealer, deal, &mut rng).unwrap())
        .collect();
    assert!(me.combine(&key, &contributions).is_ok());
    let holder = holders.id(2);
    assert_eq!(
        me.combine(&key, &contributions[..3]).map(drop),
        Err(CeremonyError::InconsistentShare { holder })
    );
}

#[test]
fn rosters_and_participants_are_checked() {
    let mut rng = rng(8);
    let holders = Holders::new(4, &mut rng);
    let mut keys: Vec<_> = (0..4)
        .map(|index| (holders.id(index), holders.pairs[index].public()))
        .collect();
    let roster = |keys: &[_], t| Roster::new(chain(), AccessClass::Normal, keys, t).map(drop);
    let invalid = |holders, threshold| Err(CeremonyError::InvalidHolders { holders, threshold });
    assert_eq!(roster(&keys, 3), Ok(()));
    assert_eq!(roster(&keys, 0), invalid(4, 0));
    assert_eq!(roster(&keys, 5), invalid(4, 5));
    keys[3].0 = keys[0].0;
    assert_eq!(roster(&keys, 3), invalid(4, 3));
    keys[3] = (holders.id(3), off_subgroup_g1());
    assert_eq!(
        roster(&keys, 3),
        Err(CeremonyError::InvalidHolderKey {
            holder: holders.id(3),
            source: EncodingError::NotInSubgroup
        })
    );

    let good = holders.roster();
    assert_eq!(
        Participant::new(&good, holders.id(0), &holders.pairs[1]).map(drop),
        Err(CeremonyError::WrongKeyPair {
            holder: holders.id(0)
        })
    );
    let stranger = Holders::new(4, &mut rng);
    assert_eq!(
        Participant::new(&good, stranger.id(0), &stranger.pairs[0]).map(drop),
        Err(CeremonyError::NotAHolder {
            organisation: stranger.id(0)
        })
    );
}

#[test]
fn stored_secrets_round_trip_strictly_and_do_not_print() {
    let gate = Gate::new(4, 9);
    let share = &gate.shares[0];
    let bytes = share.to_bytes();
    let again = HolderShare::from_bytes(&bytes).unwrap();
    assert_eq!(again.to_bytes(), bytes);
    for end in 0..bytes.len() {
        assert!(
            HolderShare::from_bytes(&bytes[..end]).is_err(),
            "cut at {end}"
        );
    }
    let mut long = bytes.to_vec();
    long.push(0);
    assert!(HolderShare::from_bytes(&long).is_err());
    let mut unreduced = bytes.to_vec();
    let secret_at = bytes.len() - 32;
    unreduced[secret_at..].fill(0xff);
    assert!(HolderShare::from_bytes(&unreduced).is_err());
    unreduced[secret_at..].fill(0);
    assert!(HolderShare::from_bytes(&unreduced).is_err());

    let pair = &gate.holders.pairs[0];
    let again = HolderKeyPair::from_bytes(&pair.to_bytes()).unwrap();
    assert_eq!(again.public(), pair.public());
    assert!(HolderKeyPair::from_bytes(&[0; 32]).is_err());
    assert!(HolderKeyPair::from_bytes(&[0xff; 32]).is_err());

    let secret: String = bytes[secret_at..]
        .iter()
        .map(|b| format!("{b}, "))
        .collect();
    for text in [format!("{share:?}"), format!("{pair:?}")] {
        assert!(
            text.contains("secret") && !text.contains(&secret[..12]),
            "{text}"
        );
    }
}
