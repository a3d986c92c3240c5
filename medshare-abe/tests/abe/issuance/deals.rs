//! Deals: what makes an authority, and who is to blame for what does not.

use ark_ec::CurveGroup;
use medshare_abe::issuance::{
    AuthorityDeal, CheckedDeal, DealtShare, IssuerIndex, IssuerShare, ShareContribution,
    SharedAuthority, Sharing, SharingEpoch, SharingError,
};
use medshare_abe::{MasterSecretKey, PublicParameters};
use medshare_curve::encoding::encode_g1;
use medshare_curve::{EncodingError, Scalar};
use medshare_types::hash::digest;
use medshare_types::{ChainId, DecodeError, wire};

use crate::common::rng;
use crate::issuance::setting::{
    EPOCH, chain, envelope, g1, issuer, issuers, opens, parts, read_share, request, shared, sharing,
};

struct Ceremony {
    sharing: Sharing,
    deals: Vec<AuthorityDeal>,
    /// By dealer, then by issuer.
    shares: Vec<Vec<DealtShare>>,
    checked: Vec<CheckedDeal>,
}

impl Ceremony {
    fn new(t: u16, n: u16) -> Self {
        let sharing = sharing(t, n);
        let mut random = rng(20);
        let dealt = (1..=n).map(|i| sharing.deal(issuer(i), &mut random).expect("an issuer"));
        let (deals, shares): (Vec<_>, Vec<_>) = dealt.unzip();
        let checked = (1..=n).zip(&deals).map(|(i, deal)| {
            let checked = sharing.check_deal(issuer(i), deal).expect("honest");
            assert_eq!(checked.dealer(), issuer(i));
            checked
        });
        Self {
            checked: checked.collect(),
            sharing,
            deals,
            shares,
        }
    }

    /// What issuer `i` gets from these dealers.
    fn contributions(&self, i: u16, dealers: &[u16]) -> Vec<ShareContribution> {
        let accept = |dealer: &u16| {
            let dealer = usize::from(*dealer) - 1;
            let share = &self.shares[dealer][usize::from(i) - 1];
            let accepted = self.checked[dealer].accept(&self.sharing, issuer(i), share);
            accepted.expect("an honest share")
        };
        dealers.iter().map(accept).collect()
    }

    fn authority(&self, dealers: &[u16]) -> Result<SharedAuthority, SharingError> {
        let deals = dealers
            .iter()
            .map(|i| self.checked[usize::from(*i) - 1].clone());
        SharedAuthority::from_deals(self.sharing.clone(), &deals.collect::<Vec<_>>())
    }
}

/// All issuers, or as few as the threshold, deal; every issuer gets a share, and three of them make
/// keys.
#[test]
fn a_joint_deal_makes_an_authority() {
    let ceremony = Ceremony::new(3, 5);
    for dealers in [&[1, 2, 3, 4, 5][..], &[1, 3, 4]] {
        let authority = ceremony.authority(dealers).expect("honest deals");
        let share = |i: u16| {
            let contributions = ceremony.contributions(i, dealers);
            authority
                .issuer_share(issuer(i), &contributions)
                .expect("a share")
        };
        let shares: Vec<IssuerShare> = (1..=5).map(share).collect();
        assert_eq!(shares[4].index(), IssuerIndex(5));
        let request = request(&authority, "a");
        let parts = parts(
            &authority,
            &[2, 4, 0].map(|i: usize| shares[i].clone()),
            &request,
        );
        let key = authority
            .combine(&request, &parts, &mut rng(9))
            .expect("three parts");
        assert!(opens(&authority, &key, "a"));
        assert!(!opens(&authority, &key, "b"));
        for share in &shares {
            let read = IssuerShare::from_bytes(&share.to_bytes(), &authority).expect("a share");
            assert_eq!(
                (read.issuer(), read.sharing_id()),
                (share.issuer(), authority.id())
            );
        }
        let read = SharedAuthority::from_bytes(&authority.to_bytes()).expect("an authority");
        assert_eq!(read, authority);
    }
}

#[test]
fn deals_are_counted_and_ordered() {
    let ceremony = Ceremony::new(3, 4);
    for few in [&[][..], &[1, 4]] {
        let expected = SharingError::TooFewDeals {
            needed: 3,
            found: few.len(),
        };
        assert_eq!(ceremony.authority(few), Err(expected));
    }
    for (order, culprit) in [([1, 1, 2], 1), ([2, 1, 3], 1), ([1, 4, 3], 3)] {
        let dealer = issuer(culprit);
        let expected = SharingError::UnexpectedDealer { dealer };
        assert_eq!(ceremony.authority(&order), Err(expected));
    }
    // A deal of another sharing.
    let other = Ceremony::new(3, 5);
    let mixed = [
        ceremony.checked[0].clone(),
        other.checked[1].clone(),
        ceremony.checked[2].clone(),
    ];
    let dealer = issuer(2);
    let expected = SharingError::UnexpectedDealer { dealer };
    let found = SharedAuthority::from_deals(ceremony.sharing.clone(), &mixed);
    assert_eq!(found, Err(expected));
}

#[test]
fn a_bad_deal_names_its_dealer() {
    let ceremony = Ceremony::new(2, 3);
    let (sharing, deal) = (&ceremony.sharing, &ceremony.deals[1]);
    let dealer = issuer(2);
    let bytes = deal.to_bytes();
    let check = |bytes: &[u8]| {
        let deal = AuthorityDeal::from_bytes(bytes).expect("the same layout");
        sharing.check_deal(dealer, &deal).map(|_| ())
    };
    let (first, second, proof) = (10..586, 586..1162, 1162..1226);
    assert_eq!(bytes.len(), proof.end);
    assert_eq!(check(&bytes), Ok(()));
    let unproven = Err(SharingError::UnprovenConstant { dealer });
    // Another dealer's proof, at another index.
    let replayed = sharing.check_deal(issuer(1), deal).map(|_| ());
    assert_eq!(
        replayed,
        Err(SharingError::UnprovenConstant { dealer: issuer(1) })
    );
    let swapped = [
        &bytes[..10],
        &bytes[second.clone()],
        &bytes[first.clone()],
        &bytes[proof.clone()],
    ];
    assert_eq!(check(&swapped.concat()), unproven);
    for at in proof.clone().step_by(5).chain([proof.end - 1]) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_eq!(check(&changed), unproven, "byte {at}");
    }
    let invalid = |index, source| {
        Err(SharingError::InvalidCommitment {
            dealer,
            index,
            source,
        })
    };
    let with = |range: std::ops::Range<usize>, fill: u8, last: u8| {
        let mut changed = bytes.clone();
        changed[range.clone()].fill(fill);
        // The lowest coefficient comes first, big-endian.
        changed[range.start + 47] = last;
        check(&changed)
    };
    assert_eq!(
        with(first.clone(), 0, 1),
        invalid(0, EncodingError::Identity)
    );
    assert_eq!(
        with(second.clone(), 0, 2),
        invalid(1, EncodingError::NotInSubgroup)
    );
    assert_eq!(
        with(second.clone(), 0xff, 0),
        invalid(1, EncodingError::NotCanonical)
    );
    let mut fewer = [&bytes[..second.start], &bytes[proof.clone()]].concat();
    fewer[6] = 1;
    let count = |found| {
        Err(SharingError::CommitmentCount {
            dealer,
            expected: 2,
            found,
        })
    };
    assert_eq!(check(&fewer), count(1));
    let mut more = [&bytes[..second.end], &bytes[first], &bytes[proof]].concat();
    more[6] = 3;
    assert_eq!(check(&more), count(3));
    let stranger = issuer(9);
    let found = sharing.check_deal(stranger, deal).map(|_| ());
    assert_eq!(found, Err(SharingError::NotAnIssuer { issuer: stranger }));
    let found = sharing.deal(stranger, &mut rng(1)).map(|_| ());
    assert_eq!(found, Err(SharingError::NotAnIssuer { issuer: stranger }));
}

/// A dealer who gives an issuer something else than it committed to, a multiple for example, is
/// named by that issuer; without this check the sum would not be a share, and no culprit known.
#[test]
fn a_bad_share_names_its_dealer() {
    let ceremony = Ceremony::new(2, 3);
    let (sharing, deal) = (&ceremony.sharing, &ceremony.checked[0]);
    let dealer = issuer(1);
    let share = &ceremony.shares[0][1];
    let bytes = share.to_bytes();
    let read = |point: &[u8; 48]| {
        let mut bytes = bytes.to_vec();
        bytes[102..].copy_from_slice(point);
        DealtShare::from_bytes(&bytes)
    };
    let point: &[u8; 48] = bytes[102..].try_into().expect("48 bytes");
    let decoded = medshare_curve::encoding::decode_g1(&medshare_types::G1Bytes(*point));
    let decoded = decoded.expect("in G1");
    let accept = |share: &DealtShare, who| deal.accept(sharing, issuer(who), share).map(|_| ());
    assert_eq!(accept(&read(point).expect("a share"), 2), Ok(()));
    let scaled = [
        (decoded * Scalar::from(2u64)).into_affine(),
        -decoded,
        g1(&Scalar::from(5u64)),
    ];
    for wrong in scaled {
        let wrong = read(&encode_g1(&wrong).0).expect("a point");
        assert_eq!(accept(&wrong, 2), Err(SharingError::WrongShare { dealer }));
        let mut sum = ceremony.contributions(2, &[1, 2, 3]);
        sum.remove(0);
        let authority = ceremony.authority(&[1, 2, 3]).expect("honest deals");
        let found = authority.issuer_share(issuer(2), &sum);
        let expected = SharingError::WrongContributions { issuer: issuer(2) };
        assert_eq!(found.expect_err("a share is missing"), expected);
    }
    // Another issuer's, another dealer's, another sharing's.
    let misdirected = Err(SharingError::MisdirectedShare { dealer });
    assert_eq!(accept(&ceremony.shares[0][2], 2), misdirected);
    assert_eq!(accept(&ceremony.shares[1][1], 2), misdirected);
    assert_eq!(accept(share, 3), misdirected);
    let other = Sharing::new(chain(), SharingEpoch(2), issuers(3), 2).expect("a sharing");
    let found = deal.accept(&other, issuer(2), share).map(|_| ());
    assert_eq!(found, misdirected);
    let stranger = issuer(9);
    let found = deal.accept(sharing, stranger, share).map(|_| ());
    assert_eq!(found, Err(SharingError::NotAnIssuer { issuer: stranger }));
    let mut identity = [0; 48];
    identity[0] = 0xc0;
    let source = EncodingError::Identity;
    let expected = SharingError::InvalidShare { dealer, source };
    assert_eq!(read(&identity).expect_err("no point"), expected);
}

#[test]
fn contributions_are_summed_for_their_issuer() {
    let ceremony = Ceremony::new(2, 3);
    let authority = ceremony.authority(&[1, 2, 3]).expect("honest deals");
    let refused = |who, contributions: &[ShareContribution]| {
        let issuer = issuer(who);
        let found = authority.issuer_share(issuer, contributions);
        let expected = SharingError::WrongContributions { issuer };
        assert_eq!(found.expect_err("no share"), expected);
    };
    refused(1, &[]);
    refused(1, &ceremony.contributions(1, &[1, 2]));
    refused(1, &ceremony.contributions(1, &[1, 2, 3, 3]));
    refused(1, &ceremony.contributions(2, &[1, 2, 3]));
    let stranger = issuer(9);
    let found = authority.issuer_share(stranger, &ceremony.contributions(1, &[1, 2, 3]));
    let expected = SharingError::NotAnIssuer { issuer: stranger };
    assert_eq!(found.expect_err("a stranger"), expected);
}

#[test]
fn sizes_are_limited() {
    let new = |t: u16, n: u16| Sharing::new(chain(), EPOCH, issuers(n), t).map(|_| ());
    for (t, n) in [(0, 1), (2, 1), (1, 0), (0, 0), (1, 1025), (u16::MAX, 1024)] {
        let expected = SharingError::InvalidIssuers {
            issuers: n.into(),
            threshold: t,
        };
        assert_eq!(new(t, n), Err(expected), "{t} of {n}");
    }
    for (t, n) in [(1, 1), (1, 1024), (1024, 1024)] {
        assert_eq!(new(t, n), Ok(()), "{t} of {n}");
    }
    let twice = vec![issuer(1), issuer(2), issuer(1)];
    assert!(Sharing::new(chain(), EPOCH, twice, 2).is_err());
    let sharing = sharing(2, 3);
    assert_eq!(sharing.issuer_at(IssuerIndex(3)), Some(issuer(3)));
    for none in [0, 4, u16::MAX] {
        assert_eq!(sharing.issuer_at(IssuerIndex(none)), None);
    }
    let chain = ChainId::from_digest(digest("another", &[]));
    let other = Sharing::new(chain, EPOCH, issuers(3), 2).expect("a sharing");
    assert_ne!(other.digest(), sharing.digest());
}

/// A stored share is compared with the commitments: one of another place, of another epoch of the
/// same key, or any other point is none.
#[test]
fn a_stored_share_is_checked() {
    let (authority, shares) = shared(2, 3);
    let point = |share: &IssuerShare| {
        let bytes: [u8; 48] = share.to_bytes()[108..].try_into().expect("48 bytes");
        medshare_curve::encoding::decode_g1(&medshare_types::G1Bytes(bytes)).expect("in G1")
    };
    let mine = point(&shares[0]);
    assert!(read_share(&authority, 1, &mine).is_ok());
    for index in [2, 3] {
        let issuer = issuer(index);
        let expected = SharingError::InconsistentShare { issuer };
        assert_eq!(
            read_share(&authority, index, &mine).expect_err("another's"),
            expected
        );
    }
    for index in [0, 4] {
        let index = IssuerIndex(index);
        let expected = SharingError::NoSuchIssuer { index };
        assert_eq!(
            read_share(&authority, index.0, &mine).expect_err("no such issuer"),
            expected
        );
    }
    // The same key shared again in one epoch: shares of the two do not mix.
    let (_, master) = MasterSecretKey::setup(&mut rng(1));
    let (again, _) = SharedAuthority::deal(sharing(2, 3), &master, &mut rng(33));
    assert_eq!(again.parameters(), authority.parameters());
    assert_ne!(again.digest(), authority.digest());
    let expected = SharingError::OtherDeal;
    assert_eq!(
        IssuerShare::from_bytes(&shares[0].to_bytes(), &again).expect_err("old"),
        expected
    );
}

#[test]
fn authorities_are_read_strictly() {
    let (authority, _) = shared(2, 3);
    let read = SharedAuthority::from_bytes(&authority.to_bytes()).expect("an authority");
    assert_eq!(read, authority);
    assert_eq!(
        (read.id(), read.digest()),
        (authority.id(), authority.digest())
    );
    let encoded = authority.to_bytes();
    let commitments: Vec<[u8; 576]> = encoded[encoded.len() - 2 * 576..]
        .chunks(576)
        .map(|chunk| chunk.try_into().expect("576 bytes"))
        .collect();
    let read = |issuers: Vec<_>, t: u16, commitments: &[[u8; 576]]| {
        let body = wire::to_borsh(&(chain(), EPOCH, issuers, t, commitments));
        SharedAuthority::from_bytes(&envelope(*b"mSHA", &body)).map(|_| ())
    };
    assert_eq!(read(issuers(3), 2, &commitments), Ok(()));
    let sizes = |issuers, threshold| Err(SharingError::InvalidIssuers { issuers, threshold });
    assert_eq!(read(issuers(1), 2, &commitments), sizes(1, 2));
    assert_eq!(read(vec![issuer(1); 3], 2, &commitments), sizes(3, 2));
    for (t, count) in [(1, 2), (3, 2), (2, 1), (2, 0)] {
        let found = read(issuers(3), t, &commitments[..count]);
        let malformed = |source: &DecodeError| matches!(source, DecodeError::Malformed { .. });
        assert!(matches!(found, Err(SharingError::Decode { source }) if malformed(&source)));
    }
    let mut identity = [0; 576];
    identity[47] = 1;
    let source = EncodingError::Identity;
    for wrong in [[identity, commitments[1]], [commitments[0], identity]] {
        let expected = SharingError::Point { source };
        assert_eq!(read(issuers(3), 2, &wrong), Err(expected));
    }
    // E is the first commitment.
    let parameters = PublicParameters::from_bytes(&authority.parameters().to_bytes());
    assert_eq!(parameters.as_ref(), Ok(authority.parameters()));
    assert_eq!(authority.parameters().to_bytes()[6..], commitments[0]);
}
