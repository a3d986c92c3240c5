//! Any t of n issuers make a key, fewer do not, and parts that do not belong together are refused.

use medshare_abe::issuance::{
    IssuanceError, IssuanceRequest, IssuerShare, RecipientKey, RecipientKeyPair, SharedAuthority,
    Sharing, SharingEpoch, SharingError,
};
use medshare_abe::{
    AttributeSet, KeyError, MasterSecretKey, UserSecretKey, decapsulate, encapsulate,
    encapsulate_dated,
};
use medshare_types::hash::digest;
use medshare_types::{ChainId, Height, Nonce, PersonId};

use crate::common::{RawHeader, choices, hospitals, policy, rng};
use crate::issuance::setting::{
    RawPart, chain, combined, issuer, issuers, opens, pair, parts, request, shared, sharing, until,
};

#[test]
fn any_three_of_five_make_a_key() {
    let (authority, shares) = shared(3, 5);
    let request = request(&authority, "a, clearance = 3");
    for chosen in 1..32u32 {
        let chosen = (0..5).filter(|i| chosen >> i & 1 == 1);
        let chosen: Vec<_> = chosen.map(|i| shares[i].clone()).collect();
        if chosen.len() == 3 {
            let parts = parts(&authority, &chosen, &request);
            let key = authority.combine(&request, &parts, &mut rng(9));
            let key = key.expect("three parts");
            assert!(opens(&authority, &key, "a and clearance >= 2"));
            assert!(!opens(&authority, &key, "a and clearance >= 4"));
        }
    }
    let all = parts(&authority, &shares, &request);
    // More than three serve as well, and what comes out is stored and read like any key.
    let key = authority
        .combine(&request, &all, &mut rng(9))
        .expect("five parts");
    assert_eq!(*key.attributes(), request.attributes);
    let read = UserSecretKey::from_bytes(&key.to_bytes(), authority.parameters(), &mut rng(8));
    assert!(opens(&authority, &read.expect("a key"), "a"));
}

/// Interpolating fewer parts, past the check of their number, gives no key.
#[test]
fn fewer_than_the_threshold_make_none() {
    let (authority, shares) = shared(3, 5);
    let request = request(&authority, "a");
    let (header, secret) = encapsulate(authority.parameters(), &policy("a"), b"aad", &mut rng(5));
    let header = RawHeader::of(&header);
    let raw = |i: u64| {
        (
            i,
            RawPart::of(&shares[i as usize - 1], &request, i).key(&["a"]),
        )
    };
    for chosen in 1..32u64 {
        let chosen: Vec<_> = (1..=5)
            .filter(|i| chosen >> (i - 1) & 1 == 1)
            .map(raw)
            .collect();
        let key = combined(&chosen);
        let opened = header.is_opened_by(&["a"], &choices(1), &key, secret.as_bytes());
        assert_eq!(opened, chosen.len() >= 3, "{} parts", chosen.len());
    }
    let mut all = parts(&authority, &shares, &request);
    all.truncate(2);
    assert_eq!(
        authority
            .combine(&request, &all, &mut rng(9))
            .expect_err("two parts"),
        IssuanceError::TooFewPartials {
            needed: 3,
            found: 2
        }
    );
}

#[test]
fn the_extremes_of_the_threshold() {
    for (t, n) in [(1, 1), (1, 3), (3, 3), (1, 1024)] {
        let (authority, shares) = shared(t, n);
        let request = request(&authority, "a");
        let last = &shares[usize::from(n - t)..];
        let parts = parts(&authority, last, &request);
        let key = authority.combine(&request, &parts, &mut rng(9));
        assert!(opens(&authority, &key.expect("t parts"), "a"), "{t} of {n}");
    }
}

/// A key of every kind of attribute and a validity; the parameters of an authority do not change
/// when it is shared, so keys of before and after open the same headers.
#[test]
fn an_authority_becomes_a_shared_one() {
    let (parameters, master) = MasterSecretKey::setup(&mut rng(1));
    let (authority, shares) = SharedAuthority::deal(sharing(2, 3), &master, &mut rng(2));
    assert_eq!(*authority.parameters(), parameters);
    let lists = hospitals(1, &["north", "charité"]);
    let list = "role:nurse, clearance = 3, hired = 2019-04-01, hospital = charité";
    let request = IssuanceRequest {
        attributes: AttributeSet::parse(list, &lists).expect("a list"),
        validity: until("2030-05-17"),
        ..request(&authority, "a")
    };
    let parts = parts(&authority, &shares[1..], &request);
    let shared = authority
        .combine(&request, &parts, &mut rng(9))
        .expect("two parts");
    assert_eq!(shared.validity(), request.validity);
    let (attributes, validity) = (&request.attributes, request.validity);
    let whole = master
        .issue(&parameters, attributes, validity, &mut rng(3))
        .expect("a key");
    let policy = medshare_abe::AccessPolicy::parse("clearance > 2 and hospital != north", &lists);
    let policy = policy.expect("a policy");
    for (day, open) in [
        (None, true),
        (Some("2030-05-16"), true),
        (Some("2030-05-17"), false),
    ] {
        let random = &mut rng(4);
        let (header, secret) = match day.map(|day: &str| day.parse().expect("a date")) {
            None => encapsulate(&parameters, &policy, b"", random),
            Some(day) => encapsulate_dated(&parameters, &policy, day, b"", random),
        };
        for key in [&shared, &whole] {
            let opened = decapsulate(&parameters, &header, key, b"");
            let opened = opened.is_ok_and(|opened| opened.as_bytes() == secret.as_bytes());
            assert_eq!(opened, open, "sealed on {day:?}");
        }
    }
}

/// Every field of a request is in its digest, and parts made for requests that differ in any of
/// them do not combine.
#[test]
fn only_parts_of_equal_requests_combine() {
    let (authority, shares) = shared(2, 3);
    let first = request(&authority, "a");
    let others = [
        IssuanceRequest {
            person: PersonId::from_digest(digest("another", &[])),
            ..first.clone()
        },
        request(&authority, "a, b"),
        IssuanceRequest {
            validity: until("2030-05-17"),
            ..first.clone()
        },
        IssuanceRequest {
            height: Height(8),
            ..first.clone()
        },
        IssuanceRequest {
            nonce: Nonce([8; 16]),
            ..first.clone()
        },
    ];
    let mine = || parts(&authority, &shares[..1], &first).remove(0);
    for other in &others {
        assert_ne!(other.digest(), first.digest());
        let theirs = parts(&authority, &shares[1..2], other).remove(0);
        let combined = authority.combine(&first, &[mine(), theirs], &mut rng(9));
        let expected = IssuanceError::OtherRequest { issuer: issuer(2) };
        assert_eq!(combined.expect_err("another request"), expected);
    }
    let foreign = |change: fn(&mut IssuanceRequest)| {
        let mut other = first.clone();
        change(&mut other);
        assert_ne!(other.digest(), first.digest());
        other
    };
    let to_another = foreign(|request| request.recipient = RecipientKey([9; 32]));
    let sealed = shares[0]
        .issue_partial(&first, &mut rng(1))
        .expect("a part")
        .seal(&mut rng(1));
    let sealed = sealed.expect("sealed");
    let open = |request: &IssuanceRequest| {
        let opened = authority.open_partial(request, &pair(), &sealed, &mut rng(2));
        opened.expect_err("not for this request")
    };
    assert_eq!(open(&to_another), IssuanceError::WrongRecipient);
    let expected = IssuanceError::OtherRequest { issuer: issuer(1) };
    assert_eq!(open(&others[4]), expected);
    let twice = authority.combine(&first, &[mine(), mine()], &mut rng(9));
    let expected = IssuanceError::RepeatedIssuer { issuer: issuer(1) };
    assert_eq!(twice.expect_err("twice"), expected);
}

fn foreign(source: &SharingError) -> IssuanceError {
    IssuanceError::Foreign {
        source: source.clone(),
    }
}

#[test]
fn foreign_requests_are_refused_everywhere() {
    let (authority, shares) = shared(2, 3);
    let mine = request(&authority, "a");
    let other_chain = ChainId::from_digest(digest("another", &[]));
    let (_, other_master) = MasterSecretKey::setup(&mut rng(50));
    let (other, _) = SharedAuthority::deal(sharing(2, 3), &other_master, &mut rng(51));
    let (_, master) = MasterSecretKey::setup(&mut rng(1));
    let later = Sharing::new(chain(), SharingEpoch(2), issuers(3), 2).expect("a sharing");
    let (later, later_shares) = SharedAuthority::deal(later, &master, &mut rng(52));
    let mut on_other_chain = mine.clone();
    on_other_chain.sharing.chain = other_chain;
    let other_epoch = SharingError::OtherEpoch {
        expected: SharingEpoch(1),
        found: SharingEpoch(2),
    };
    let sealed = shares[0]
        .issue_partial(&mine, &mut rng(1))
        .expect("a part")
        .seal(&mut rng(1));
    let sealed = sealed.expect("sealed");
    for (request, source) in [
        (on_other_chain, SharingError::OtherAuthority),
        (request(&other, "a"), SharingError::OtherAuthority),
        (request(&later, "a"), other_epoch),
    ] {
        let part = shares[0].issue_partial(&request, &mut rng(1));
        assert_eq!(part.expect_err("foreign"), foreign(&source));
        let opened = authority.open_partial(&request, &pair(), &sealed, &mut rng(1));
        assert_eq!(opened.expect_err("foreign"), foreign(&source));
        let combined = authority.combine(&request, &[], &mut rng(1));
        assert_eq!(combined.expect_err("foreign"), foreign(&source));
    }
    // A part of the first epoch for a request of the second.
    let old = parts(&authority, &shares[..1], &mine).remove(0);
    let asked = request(&later, "a");
    let new = parts(&later, &later_shares[1..2], &asked).remove(0);
    assert_eq!(
        later
            .combine(&asked, &[old, new], &mut rng(1))
            .expect_err("an old part"),
        IssuanceError::OtherEpoch {
            issuer: issuer(1),
            epoch: SharingEpoch(1)
        }
    );
    // The first epoch's share is none of the second.
    let read = IssuerShare::from_bytes(&shares[0].to_bytes(), &later);
    let expected = SharingError::OtherEpoch {
        expected: SharingEpoch(2),
        found: SharingEpoch(1),
    };
    assert_eq!(read.expect_err("an old share"), expected);
}

/// The same key dealt twice in one epoch: requests, shares and partial keys of the two are distinguished before
/// any algebra, and without a culprit.
#[test]
fn two_sharings_in_one_epoch_are_told_apart() {
    let (_, master) = MasterSecretKey::setup(&mut rng(1));
    let deal = |seed| SharedAuthority::deal(sharing(2, 3), &master, &mut rng(seed));
    let ((authority, first), (again, second)) = (deal(2), deal(3));
    assert_eq!(authority.parameters(), again.parameters());
    let asked = request(&authority, "a");
    let source = SharingError::OtherDeal;
    let refused = second[0].issue_partial(&asked, &mut rng(4)).map(drop);
    assert_eq!(refused, Err(foreign(&source)));
    let part = first[0].issue_partial(&asked, &mut rng(4)).expect("a part");
    let sealed = part.seal(&mut rng(6)).expect("sealed");
    let opened = again
        .open_partial(&asked, &pair(), &sealed, &mut rng(7))
        .map(drop);
    assert_eq!(opened, Err(foreign(&source)));
    let combined = again.combine(&asked, &[part], &mut rng(5)).map(drop);
    assert_eq!(combined, Err(foreign(&source)));
}

#[test]
fn requests_that_no_key_can_meet_are_refused() {
    let (authority, shares) = shared(1, 1);
    for (list, conflicting) in [("", false), ("n = 3, n = 4", true)] {
        let asked = request(&authority, list);
        let part = shares[0]
            .issue_partial(&asked, &mut rng(1))
            .expect_err("no key");
        let IssuanceError::Key { source } = &part else {
            panic!("{part:?}");
        };
        assert_eq!(
            matches!(source, KeyError::ConflictingValues { .. }),
            conflicting
        );
        let sealed = crate::issuance::setting::seal_raw(&asked, 1, &[0; 200]);
        let opened = authority.open_partial(&asked, &pair(), &sealed, &mut rng(1));
        let source = source.clone();
        assert_eq!(opened.expect_err("no key"), IssuanceError::Key { source });
    }
    // A recipient's key of small order: anyone could read messages sealed to it.
    let mut asked = request(&authority, "a");
    asked.recipient = RecipientKey([0; 32]);
    let part = shares[0]
        .issue_partial(&asked, &mut rng(1))
        .expect("a part");
    let sealed = part.seal(&mut rng(1));
    assert_eq!(
        sealed.expect_err("small order"),
        IssuanceError::InvalidRecipient
    );
}

#[test]
fn recipients_keys_are_stored() {
    let pair = pair();
    let read = RecipientKeyPair::from_bytes(pair.to_bytes());
    assert_eq!(read.public(), pair.public());
    let (authority, shares) = shared(1, 1);
    let asked = request(&authority, "a");
    let sealed = shares[0]
        .issue_partial(&asked, &mut rng(1))
        .expect("a part")
        .seal(&mut rng(1));
    let sealed = sealed.expect("sealed");
    assert!(
        authority
            .open_partial(&asked, &read, &sealed, &mut rng(2))
            .is_ok()
    );
}
