//! Bytes: what does not drift, and what is refused.

use medshare_abe::issuance::{
    AuthorityDeal, DealtShare, IssuanceRequest, IssuerShare, SealedPartialKey, SharedAuthority,
};

use crate::common::{rng, snapshot};
use crate::issuance::setting::{RawPart, issuer, pair, request, shared, sharing};

struct Samples {
    authority: SharedAuthority,
    share: Vec<u8>,
    deal: Vec<u8>,
    dealt: Vec<u8>,
    request: Vec<u8>,
    sealed: Vec<u8>,
    /// What is inside a sealed part.
    part: Vec<u8>,
}

impl Samples {
    fn new() -> Self {
        let (authority, shares) = shared(2, 3);
        let (deal, dealt) = sharing(2, 3)
            .deal(issuer(1), &mut rng(10))
            .expect("an issuer");
        let request = request(&authority, "role:nurse, clearance = 3, hired = 2019-04-01");
        let part = shares[1]
            .issue_partial(&request, &mut rng(11))
            .expect("a part");
        Self {
            share: shares[1].to_bytes().to_vec(),
            authority,
            deal: deal.to_bytes(),
            dealt: dealt[1].to_bytes().to_vec(),
            sealed: part.seal(&mut rng(12)).expect("sealed").to_bytes(),
            part: RawPart::of(&shares[1], &request, 11).plaintext(),
            request: request.to_bytes(),
        }
    }
}

#[test]
fn formats_do_not_drift() {
    let samples = Samples::new();
    let request = IssuanceRequest::from_bytes(&samples.request).expect("a request");
    let found = [
        snapshot(&samples.authority.to_bytes()),
        snapshot(&samples.share),
        snapshot(&samples.deal),
        snapshot(&samples.dealt),
        snapshot(&samples.request),
        snapshot(&samples.part),
        samples.authority.digest().to_string(),
        sharing(2, 3).digest().to_string(),
        request.digest().to_string(),
    ];
    assert_eq!(
        found,
        [
            "7ecc1bbad7d1343eddff65a7617d5f6ab5e872834e768e691b1fa14ec3c7f7a8",
            "557c89a40eee6a8d16cd22df1d269ebd2adfe74190108a6996cfb2991e7b4d2b",
            "3c75ee84ed3573d5f0b6e8cfe51c14879ebb426253f0edd7ab7915fe188247e0",
            "4115eea97abba9d1b469fd7323f4bc8d090c23e7fcaaa255b0ec4390202c91e4",
            "72772d33436d201805b7fd8ef18c94173a88ba2c327cc2af0cc9b2533c50a4bb",
            "cfd0045795048e431ec02aac74a79ab438462fd96352696f57967f058e367840",
            "dbb3f6d7d054ea31d1e8ad88fc0f1728fca3f11e4f62ffe3e512d03d25720b18",
            "48db91c8f44e5fa56f10be2678d1708d2a0861a555fce23d5d227880d37b8418",
            "834045e2cb3dc7cc7b5316aebc95a4e6209c8dd237c0c4798478054a6a946fd6",
        ]
    );
}

#[test]
fn everything_round_trips() {
    let samples = Samples::new();
    let share = IssuerShare::from_bytes(&samples.share, &samples.authority).expect("a share");
    assert_eq!(*share.to_bytes(), samples.share);
    let deal = AuthorityDeal::from_bytes(&samples.deal).expect("a deal");
    assert_eq!(deal.to_bytes(), samples.deal);
    let dealt = DealtShare::from_bytes(&samples.dealt).expect("a share");
    assert_eq!(*dealt.to_bytes(), samples.dealt);
    assert_eq!((dealt.dealer(), dealt.issuer()), (issuer(1), issuer(2)));
    let request = IssuanceRequest::from_bytes(&samples.request).expect("a request");
    assert_eq!(request.to_bytes(), samples.request);
    let sealed = SealedPartialKey::from_bytes(&samples.sealed).expect("a sealed part");
    assert_eq!(sealed.to_bytes(), samples.sealed);
}

/// What is public, in serde's formats, and a share under a passphrase.
#[test]
fn features_serve_issuance_too() {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use medshare_abe::StorageError;
    use medshare_abe::storage::{PassphraseCost, PassphraseError};

    fn assert_opaque<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T, bytes: &[u8]) {
        let text = serde_json::to_string(value).expect("written");
        let expected = format!("\"{}\"", Base64UrlUnpadded::encode_string(bytes));
        assert_eq!(text, expected);
        let read: T = serde_json::from_str(&text).expect("read");
        assert_eq!(serde_json::to_string(&read).expect("written"), expected);
    }
    let samples = Samples::new();
    assert_opaque(&samples.authority, &samples.authority.to_bytes());
    let deal = AuthorityDeal::from_bytes(&samples.deal).expect("a deal");
    assert_opaque(&deal, &samples.deal);
    let request = IssuanceRequest::from_bytes(&samples.request).expect("a request");
    assert_opaque(&request, &samples.request);
    let sealed = SealedPartialKey::from_bytes(&samples.sealed).expect("a sealed part");
    assert_opaque(&sealed, &samples.sealed);

    let cost = PassphraseCost {
        memory_kib: 8,
        passes: 1,
    };
    let share = IssuerShare::from_bytes(&samples.share, &samples.authority).expect("a share");
    let stored = share
        .to_encrypted("open sesame", cost, &mut rng(1))
        .expect("encrypted");
    let read = |passphrase: &str, authority: &SharedAuthority| {
        let read = IssuerShare::from_encrypted(&stored, passphrase, authority);
        read.map(|share| share.to_bytes().to_vec())
    };
    assert_eq!(read("open sesame", &samples.authority), Ok(samples.share));
    assert_eq!(
        read("sesame", &samples.authority),
        Err(StorageError::Passphrase(PassphraseError::Locked))
    );
    // The same key, shared among others.
    let (others, _) = shared(3, 4);
    assert_eq!(others.parameters(), samples.authority.parameters());
    let found = read("open sesame", &others);
    assert!(
        matches!(found, Err(StorageError::Share { .. })),
        "{found:?}"
    );
}

/// Cuts, additions, and another kind, version or suite.
#[test]
fn everything_is_read_strictly() {
    let samples = Samples::new();
    let authority = samples.authority.to_bytes();
    type Refuses<'a> = &'a dyn Fn(&[u8]) -> bool;
    let readers: [(&[u8], Refuses<'_>); 6] = [
        (&authority, &|b| SharedAuthority::from_bytes(b).is_err()),
        (&samples.share, &|b| {
            IssuerShare::from_bytes(b, &samples.authority).is_err()
        }),
        (&samples.deal, &|b| AuthorityDeal::from_bytes(b).is_err()),
        (&samples.dealt, &|b| DealtShare::from_bytes(b).is_err()),
        (&samples.request, &|b| {
            IssuanceRequest::from_bytes(b).is_err()
        }),
        (&samples.sealed, &|b| {
            SealedPartialKey::from_bytes(b).is_err()
        }),
    ];
    for (bytes, refuses) in readers {
        assert!(!refuses(bytes));
        assert!((0..bytes.len()).all(|end| refuses(&bytes[..end])));
        assert!(refuses(&[bytes, &[0]].concat()), "a byte too many");
        assert!(refuses(&[bytes, bytes].concat()), "twice");
        for at in 0..6 {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            assert!(refuses(&changed), "envelope byte {at}");
        }
        assert!(refuses(&vec![0; (1 << 20) + 1]), "too long");
    }
    for at in 0..samples.share.len() {
        let mut changed = samples.share.clone();
        changed[at] ^= 1 << (at % 8);
        let read = IssuerShare::from_bytes(&changed, &samples.authority);
        assert!(read.is_err(), "byte {at} of the share");
    }
}

/// A set of attributes has one encoding: sorted, without repetition, names normalised.
#[test]
fn requests_are_canonical() {
    let (authority, _) = shared(1, 1);
    let bytes = |list: &str| request(&authority, list).to_bytes();
    assert_eq!(bytes("b, a, n = 3"), bytes("n = 3, a, b, a"));
    assert_ne!(bytes("a, n = 3"), bytes("a, n = 4"));
    let canonical = bytes("aa, bb");
    let place = canonical
        .windows(2)
        .position(|w| w == b"aa")
        .expect("a name");
    let with = |first: &[u8], second: &[u8]| {
        let mut changed = canonical.clone();
        changed[place..place + 2].copy_from_slice(first);
        changed[place + 7..place + 9].copy_from_slice(second);
        IssuanceRequest::from_bytes(&changed).map(|_| ())
    };
    assert!(with(b"aa", b"bb").is_ok());
    assert!(with(b"bb", b"aa").is_err(), "out of order");
    assert!(with(b"aa", b"aa").is_err(), "twice");
    assert!(with(b"aa", b"b ").is_err(), "no name");
    assert!(with(b"aa", b"b\xff").is_err(), "no text");
}

#[test]
fn nothing_secret_is_printed() {
    let (authority, shares) = shared(1, 2);
    let request = request(&authority, "a");
    let part = shares[0]
        .issue_partial(&request, &mut rng(1))
        .expect("a part");
    let (_, dealt) = sharing(1, 2)
        .deal(issuer(1), &mut rng(1))
        .expect("an issuer");
    let printed = [
        format!("{:?}", shares[0]),
        format!("{part:?}"),
        format!("{:?}", dealt[0]),
        format!("{:?}", pair()),
    ];
    for text in printed {
        assert!(text.ends_with("secret)") && text.len() < 120, "{text}");
    }
}
