//! Bytes: round trips, malformed sets, and snapshots that notice when a format drifts.

use medshare_abe::{
    Header, KeyError, MasterSecretKey, PublicParameters, UserSecretKey, Validity, decapsulate,
    encapsulate,
};
use medshare_curve::encoding::{encode_g1, encode_g2};
use medshare_curve::{EncodingError, pairing};
use medshare_types::DecodeError;

use crate::common::{Setting, attributes, outside_g2, policy, rng, snapshot, torsion_g1};

fn authority() -> (PublicParameters, MasterSecretKey) {
    MasterSecretKey::setup(&mut rng(1))
}

#[test]
fn formats_and_derivations_do_not_drift() {
    let (parameters, master) = authority();
    let list = attributes("role:cardiologist, hospital:charité");
    let key = master
        .issue(&parameters, &list, Validity::ALWAYS, &mut rng(2))
        .expect("a key");
    let policy = policy(
        "role:cardiologist and (hospital:st-mary or hospital:charité) and role:cardiologist",
    );
    let (header, secret) = encapsulate(&parameters, &policy, b"context", &mut rng(3));
    let found = [
        snapshot(&parameters.to_bytes()),
        snapshot(&master.to_bytes()),
        snapshot(&key.to_bytes()),
        snapshot(&header.to_bytes()),
        snapshot(secret.as_bytes()),
        header.digest().to_string(),
        policy.digest().to_string(),
    ];
    assert_eq!(
        found,
        [
            "87d111d9d7e034612bfb0bc6f5f777e5ef913fc95dd69ac4df4f4cd014806fb1",
            "51064ac1f03da3a441bed78c5a394b7f913933fdeb2836d14a24fa6b513ecd87",
            "425ef39f73cc27fea2e8e206722d298eaff12682d500fae058dce98390766533",
            "0391dea4349e8e9d48b19c6b18cf0b6619f6662832c776fdec9b567759f69a4a",
            "a9c16e350c76af21f5cb6c391664f27ca43cb285ce9415cd5b1db18e2de0814d",
            "9a3ca32c67aced882102ff285f025b0c53cafae00fa368c7aeee9acf31d6bf42",
            "903bad51ac575c6f2a065f11596e69ee4725809a3975cb7f5decbb2e3379e664"
        ]
    );
}

/// The same for what has thresholds, comparisons, and a key with values.
#[test]
fn formats_of_values_and_thresholds_do_not_drift() {
    let setting = Setting::new();
    let key = setting
        .issue("role:nurse, clearance = 3, hired = 2026-01-31, hospital = charité")
        .expect("a key");
    let policy = setting
        .policy("2 of (role:nurse, clearance in 3..9, hired < 2020-01-01 or hospital != north, x)");
    let (header, secret) = encapsulate(&setting.parameters, &policy, b"context", &mut rng(3));
    let recovered = decapsulate(&setting.parameters, &header, &key, b"context");
    assert_eq!(recovered.expect("satisfied").as_bytes(), secret.as_bytes());
    let found = [&key.to_bytes(), &header.to_bytes()[..], secret.as_bytes()].map(snapshot);
    assert_eq!(
        found,
        [
            "af0772ef7e8535f2bcd1f252f10d687a926e73daa45c396082c68b2be82cccf3",
            "6aec760bfdb933e76848e3f74bde9979f83ccfa08300aaead33f703d2a030b27",
            "a504e72673f042d9c3ffb8f125e1abf6852b1a8618bc4c880d1f0c9066196714"
        ]
    );
}

/// Libraries differ by a fixed power in e(g1, g2): value and encoding are pinned.
#[test]
fn the_pairing_of_the_generators_is_pinned() {
    let value = pairing::pairing(&pairing::g1(), &pairing::g2());
    let bytes = medshare_curve::encoding::encode_gt(&value);
    assert_eq!(bytes[..8], [0x12, 0x50, 0xeb, 0xd8, 0x71, 0xfc, 0x0a, 0x92]);
    assert_eq!(
        snapshot(&bytes),
        "250f25c400ae2daaa67dbe35ed70acb0887e93b2092b1618d7e9d8645295411d"
    );
}

#[test]
fn everything_round_trips() {
    let (parameters, master) = authority();
    let read = PublicParameters::from_bytes(&parameters.to_bytes()).expect("parameters");
    assert_eq!(read, parameters);
    let master = MasterSecretKey::from_bytes(&master.to_bytes()).expect("a master key");
    let key = master
        .issue(&read, &attributes("a,b"), Validity::ALWAYS, &mut rng(2))
        .expect("a key");
    let bytes = key.to_bytes();
    let key = UserSecretKey::from_bytes(&bytes, &read, &mut rng(3)).expect("a key");
    assert_eq!(key.to_bytes(), bytes);
    let (header, secret) = encapsulate(&parameters, &policy("a and b"), b"", &mut rng(4));
    let header_read = Header::from_bytes(&header.to_bytes()).expect("a header");
    assert_eq!(header_read, header);
    let recovered = decapsulate(&read, &header_read, &key, b"").expect("satisfied");
    assert_eq!(recovered.as_bytes(), secret.as_bytes());
}

/// Cuts, additions, and another kind, version or suite.
fn assert_strict(bytes: &[u8], is_error: impl Fn(&[u8]) -> bool) {
    for end in 0..bytes.len() {
        assert!(is_error(&bytes[..end]), "cut at {end}");
    }
    assert!(is_error(&[bytes, &[0]].concat()), "a byte too many");
    assert!(is_error(&[bytes, bytes].concat()), "twice");
    for at in 0..6 {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        assert!(is_error(&changed), "envelope byte {at}");
    }
    assert!(is_error(&vec![0; 1 << 20]), "too long");
}

#[test]
fn user_keys_are_read_strictly() {
    let (parameters, master) = authority();
    let key = master
        .issue(
            &parameters,
            &attributes("a,b"),
            Validity::ALWAYS,
            &mut rng(2),
        )
        .expect("a key");
    let bytes = key.to_bytes();
    let read =
        |bytes: &[u8]| UserSecretKey::from_bytes(bytes, &parameters, &mut rng(3)).map(|_| ());
    assert_strict(&bytes, |bytes| read(bytes).is_err());
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        assert!(read(&changed).is_err(), "byte {at}");
    }
    let with = |at: usize, new: &[u8]| {
        let mut changed = bytes.to_vec();
        changed[at..at + new.len()].copy_from_slice(new);
        read(&changed)
    };
    let point = |source| Err(KeyError::Point { source });
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    for at in [38, 191, 244] {
        assert_eq!(with(at, &identity[..48]), point(EncodingError::Identity));
        let outside = encode_g1(&torsion_g1()).0;
        assert_eq!(with(at, &outside), point(EncodingError::NotInSubgroup));
    }
    assert_eq!(with(86, &identity), point(EncodingError::Identity));
    assert_eq!(
        with(86, &encode_g2(&outside_g2()).0),
        point(EncodingError::NotInSubgroup)
    );
    // Two parts in the wrong order, or one attribute twice.
    let swapped = [&bytes[..186], &bytes[239..292], &bytes[186..239], &[0; 4]].concat();
    let twice = [&bytes[..239], &bytes[186..239], &[0; 4]].concat();
    for bytes in [swapped, twice] {
        assert!(matches!(read(&bytes), Err(KeyError::Decode { .. })));
    }
}

#[test]
fn master_keys_are_read_strictly() {
    let bytes = authority().1.to_bytes();
    let read = |bytes: &[u8]| MasterSecretKey::from_bytes(bytes).map(|_| ());
    assert_strict(&bytes, |bytes| read(bytes).is_err());
    let mut identity = [0; 54];
    identity[..6].copy_from_slice(&bytes[..6]);
    identity[6] = 0xc0;
    let source = EncodingError::Identity;
    assert_eq!(read(&identity), Err(KeyError::Point { source }));
}

#[test]
fn public_parameters_are_read_strictly() {
    let bytes = authority().0.to_bytes();
    let read = |bytes: &[u8]| PublicParameters::from_bytes(bytes).map(|_| ());
    assert_strict(&bytes, |bytes| read(bytes).is_err());
    for at in (6..bytes.len()).step_by(13) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(read(&changed).is_err(), "byte {at}");
    }
    let element = |source| Err(KeyError::Element { source });
    let mut one = vec![0; bytes.len()];
    one[..6].copy_from_slice(&bytes[..6]);
    assert_eq!(read(&one), element(EncodingError::NotInSubgroup), "zero");
    one[6 + 47] = 1;
    assert_eq!(read(&one), element(EncodingError::Identity));
    one[6 + 47] = 2;
    assert_eq!(read(&one), element(EncodingError::NotInSubgroup));
    one[6..54].fill(0xff);
    assert_eq!(read(&one), element(EncodingError::NotCanonical));
}

#[test]
fn headers_are_read_strictly() {
    let (parameters, _) = authority();
    let (header, _) = encapsulate(&parameters, &policy("x and (x or y)"), b"", &mut rng(2));
    let bytes = header.to_bytes();
    assert_strict(&bytes, |bytes| Header::from_bytes(bytes).is_err());
    assert!(matches!(
        Header::from_bytes(&vec![0; (1 << 18) + 1]),
        Err(DecodeError::TooLong { .. })
    ));
    // Another number of points than the policy has rows or repeats.
    let c2 = 6 + 4 + policy("x and (x or y)").to_bytes().len() + 1 + 96;
    let c3 = c2 + 4 + 2 * 96;
    assert_eq!((bytes[c2], bytes[c3]), (2, 3));
    let mut fewer_c2 = [&bytes[..c3 - 96], &bytes[c3..]].concat();
    fewer_c2[c2] = 1;
    let mut more_c3 = bytes.clone();
    let row = bytes[c3 + 4..c3 + 52].to_vec();
    more_c3.splice(c3 + 4..c3 + 4, row);
    more_c3[c3] = 4;
    for changed in [fewer_c2, more_c3] {
        assert!(matches!(
            Header::from_bytes(&changed),
            Err(DecodeError::Malformed { .. })
        ));
    }
}
