//! What holds of any text and any bytes: whatever is read comes out as it went in, and nothing
//! panics. `robustness.rs` tries damaged and generated inputs, fuzzing whatever it comes upon.

use std::sync::OnceLock;

use borsh::BorshDeserialize;
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::issuance::{
    AuthorityDeal, DealtShare, IssuanceRequest, IssuerShare, SealedKey, SealedPartialKey,
    SharedAuthority,
};
use medshare_abe::payload::{AuditPath, ContentTree, Preamble, content_root};
use medshare_abe::{
    AccessHeader, AccessPolicy, Attribute, AttributeSet, DataKey, Date, Enumeration, Header,
    MasterSecretKey, Name, PublicParameters, SharedSecret, UncheckedUserKey, UserSecretKey,
    WrappedKey, check_issuable, decapsulate, decapsulate_strict,
};
use medshare_curve::encoding::{
    decode_g1, decode_g1_on_curve, decode_g2, decode_gt, decode_scalar, encode_g1, encode_g2,
    encode_gt, encode_scalar,
};
use medshare_curve::schnorr;
use medshare_types::consent::ProofOfKnowledge;
use medshare_types::{Deal, Digest, EncryptedShare, G1Bytes, G2Bytes, Wire};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::issuance::issuance;
use super::setting::Setting;
use super::{rng, seeds};

/// A name, and what holds of every input.
pub type Property = (&'static str, fn(&[u8]));

pub const PROPERTIES: [Property; 30] = [
    ("policy_text", policy_text),
    ("attribute_text", attribute_text),
    ("attribute_set", attribute_set),
    ("enumeration", enumeration),
    ("policy", policy),
    ("header", header),
    ("access_header", access_header),
    ("parameters", parameters),
    ("master_key", master_key),
    ("user_key", user_key),
    ("encrypted_key", encrypted_key),
    ("shared_authority", shared_authority),
    ("issuer_share", issuer_share),
    ("authority_deal", authority_deal),
    ("dealt_share", dealt_share),
    ("issuance_request", issuance_request),
    ("sealed_part", sealed_part),
    ("wrapped_key", wrapped_key),
    ("preamble", preamble),
    ("content_tree", content_tree),
    ("audit_path", audit_path),
    ("descriptor", descriptor),
    ("opaque", opaque),
    ("g1", g1),
    ("g2", g2),
    ("gt", gt),
    ("scalar", scalar),
    ("schnorr", schnorr),
    ("gate_deal", gate_deal),
    ("decapsulation", decapsulation),
];

pub fn setting() -> &'static Setting {
    static SETTING: OnceLock<Setting> = OnceLock::new();
    SETTING.get_or_init(Setting::new)
}

pub fn policy_text(bytes: &[u8]) {
    let lists = &setting().lists;
    let Ok(text) = core::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(parsed) = AccessPolicy::parse(text, lists) {
        assert!(parsed.agrees_with(lists), "{parsed}");
        policy(&parsed.to_bytes());
        assert_eq!(AccessPolicy::from_bytes(&parsed.to_bytes()), Ok(parsed));
    }
}

pub fn attribute_text(bytes: &[u8]) {
    let lists = &setting().lists;
    let Ok(text) = core::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(set) = AttributeSet::parse(text, lists) {
        assert!(set.agrees_with(lists), "{set}");
        assert_eq!(AttributeSet::parse(&set.to_string(), lists), Ok(set));
    }
    if let Ok(attribute) = Attribute::parse(text, lists) {
        let printed = Attribute::parse(&attribute.to_string(), lists);
        assert_eq!(printed, Ok(attribute));
    }
    if let Ok(date) = text.parse::<Date>() {
        assert_eq!(date.to_string(), text);
    }
    if let Ok(name) = Name::new(text) {
        assert_eq!(Name::new(name.as_str()), Ok(name.clone()));
        assert_eq!(name.to_string().parse(), Ok(name));
    }
}

/// As of policies, below.
pub fn attribute_set(bytes: &[u8]) {
    let lists = &setting().lists;
    if let Some(set) = round_trips(bytes, AttributeSet::from_bytes, AttributeSet::to_bytes) {
        let printed = set.to_string();
        if set.agrees_with(lists) {
            assert_eq!(AttributeSet::parse(&printed, lists), Ok(set));
        }
    }
}

pub fn enumeration(bytes: &[u8]) {
    round_trips(bytes, Enumeration::from_bytes, Enumeration::to_bytes);
}

/// What people are shown means the same to the parser as to the scheme, if it agrees with the
/// enumerations that they know.
pub fn policy(bytes: &[u8]) {
    let lists = &setting().lists;
    if let Some(policy) = round_trips(bytes, AccessPolicy::from_bytes, AccessPolicy::to_bytes) {
        let printed = policy.to_string();
        if policy.agrees_with(lists) {
            assert_eq!(AccessPolicy::parse(&printed, lists), Ok(policy));
        }
    }
}

pub fn header(bytes: &[u8]) {
    if let Some(header) = round_trips(bytes, Header::from_bytes, Header::to_bytes) {
        policy(&header.policy().to_bytes());
    }
}

/// What is read, if anything is, which must be written as the bytes that it was read from.
fn round_trips<T, E>(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T, E>,
    write: impl Fn(&T) -> Vec<u8>,
) -> Option<T> {
    let value = read(bytes).ok()?;
    assert_eq!(write(&value), bytes);
    Some(value)
}

pub fn access_header(bytes: &[u8]) {
    round_trips(bytes, AccessHeader::from_bytes, AccessHeader::to_bytes);
}

pub fn wrapped_key(bytes: &[u8]) {
    round_trips(bytes, WrappedKey::from_bytes, WrappedKey::to_bytes);
    assert_eq!(WrappedKey::from_bytes(bytes), WrappedKey::from_wire(bytes));
}

pub fn parameters(bytes: &[u8]) {
    round_trips(
        bytes,
        PublicParameters::from_bytes,
        PublicParameters::to_bytes,
    );
}

pub fn master_key(bytes: &[u8]) {
    if let Ok(master) = MasterSecretKey::from_bytes(bytes) {
        assert_eq!(master.to_bytes().as_slice(), bytes);
    }
}

pub fn user_key(bytes: &[u8]) {
    let parameters = &setting().parameters;
    if let Ok(key) = UserSecretKey::from_bytes(bytes, parameters, &mut rng(1)) {
        assert_eq!(key.to_bytes().as_slice(), bytes);
    }
}

/// Nothing opens but what was made. Bytes that ask for more memory than the good ones are left to
/// the bounds, which are tested where they are.
pub fn encrypted_key(bytes: &[u8]) {
    let word = |at| {
        let word: Option<[u8; 4]> = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
        word.map_or(0, u32::from_le_bytes)
    };
    if word(42) > 64 || word(46) > 4 {
        return;
    }
    let parameters = &setting().parameters;
    let [master, user] = seeds::encrypted();
    let opened = MasterSecretKey::from_encrypted(bytes, seeds::PASSPHRASE, parameters);
    assert_eq!(opened.is_ok(), bytes == master);
    let opened = UserSecretKey::from_encrypted(bytes, seeds::PASSPHRASE, parameters, &mut rng(1));
    assert_eq!(opened.is_ok(), bytes == user);
}

pub fn shared_authority(bytes: &[u8]) {
    let read = round_trips(
        bytes,
        SharedAuthority::from_bytes,
        SharedAuthority::to_bytes,
    );
    if let Some(authority) = read {
        parameters(&authority.parameters().to_bytes());
    }
}

/// Only the share that belongs to its place.
pub fn issuer_share(bytes: &[u8]) {
    let issuance = issuance();
    let good = issuance.share.to_bytes();
    let read = IssuerShare::from_bytes(bytes, &issuance.authority);
    assert_eq!(read.is_ok(), bytes == good.as_slice());
}

/// Only the deal that was made: a proof is bound to every commitment.
pub fn authority_deal(bytes: &[u8]) {
    let issuance = issuance();
    if let Some(deal) = round_trips(bytes, AuthorityDeal::from_bytes, AuthorityDeal::to_bytes) {
        let sharing = issuance.authority.sharing();
        let checked = sharing.check_deal(sharing.issuers()[0], &deal);
        assert_eq!(checked.is_ok(), deal == issuance.deal);
    }
}

pub fn dealt_share(bytes: &[u8]) {
    if let Ok(share) = DealtShare::from_bytes(bytes) {
        assert_eq!(share.to_bytes().as_slice(), bytes);
    }
}

/// A request is answered exactly if it is for this sharing and a key can be for its attributes.
pub fn issuance_request(bytes: &[u8]) {
    let read = round_trips(
        bytes,
        IssuanceRequest::from_bytes,
        IssuanceRequest::to_bytes,
    );
    if let Some(request) = read {
        let issued = issuance().share.issue_partial(&request, &mut rng(1));
        let ours = request.sharing == issuance().authority.id();
        let issuable = check_issuable(&request.attributes).is_ok();
        assert_eq!(issued.is_ok(), ours && issuable);
    }
}

/// Only the part and the whole key that were sealed open.
pub fn sealed_part(bytes: &[u8]) {
    if let Some(sealed) = round_trips(bytes, SealedKey::from_bytes, SealedKey::to_bytes) {
        let issuance = issuance();
        let (request, parameters) = (issuance.request.digest(), issuance.authority.parameters());
        let opened = sealed.open(&issuance.recipient, &request, parameters, &mut rng(1));
        assert_eq!(opened.is_ok(), sealed == issuance.whole);
    }
    let read = round_trips(
        bytes,
        SealedPartialKey::from_bytes,
        SealedPartialKey::to_bytes,
    );
    if let Some(sealed) = read {
        let issuance = issuance();
        let (request, recipient) = (&issuance.request, &issuance.recipient);
        let opened = issuance
            .authority
            .open_partial(request, recipient, &sealed, &mut rng(1));
        assert_eq!(opened.is_ok(), sealed == issuance.sealed);
    }
}

/// What its bytes say of the object is never taken for what its root says.
pub fn audit_path(bytes: &[u8]) {
    if let Some(path) = round_trips(bytes, AuditPath::from_bytes, AuditPath::to_bytes) {
        assert!(path.index() < path.layout().segment_count());
        assert!(path.check(&Digest::ZERO, path.index(), &[0; 16]).is_err());
    }
}

pub fn preamble(bytes: &[u8]) {
    if let Some(preamble) = round_trips(bytes, Preamble::from_bytes, Preamble::to_bytes) {
        assert_eq!(Preamble::from_wire(bytes), Ok(preamble.clone()));
        let data_key = DataKey::from_bytes([1; 32].into());
        assert!(!preamble.is_opened_by(&data_key), "com is a hash");
    }
}

/// Read under the root that it would have, and under another.
pub fn content_tree(bytes: &[u8]) {
    assert!(ContentTree::from_bytes(bytes, &Digest::ZERO).is_err());
    let body = bytes.get(6..).unwrap_or_default();
    let Ok((length, leaves)) = <(u64, Vec<Digest>)>::try_from_slice(body) else {
        return;
    };
    let root = content_root(&leaves, length);
    if let Ok(tree) = ContentTree::from_bytes(bytes, &root) {
        assert_eq!(tree.to_bytes(), bytes);
        assert_eq!(tree.layout().segment_count() as usize, leaves.len());
        assert_eq!(tree.layout().sealed_len(), length);
    }
}

pub fn descriptor(bytes: &[u8]) {
    let read = round_trips(
        bytes,
        SealedDescriptor::from_bytes,
        SealedDescriptor::to_bytes,
    );
    if let Some(descriptor) = read {
        let secret = SharedSecret::from_bytes([1; 32].into());
        assert!(descriptor.open(&secret, &Digest::ZERO).is_err());
    }
}

/// What is read from serde's form for people is written as the same text.
pub fn opaque(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return;
    };
    let text = Value::from(text);
    is_written_alike::<MasterSecretKey>(&text);
    is_written_alike::<PublicParameters>(&text);
    is_written_alike::<AccessPolicy>(&text);
    is_written_alike::<AttributeSet>(&text);
    is_written_alike::<Enumeration>(&text);
    is_written_alike::<Header>(&text);
    is_written_alike::<AccessHeader>(&text);
    is_written_alike::<Preamble>(&text);
    is_written_alike::<SealedDescriptor>(&text);
    is_written_alike::<SharedAuthority>(&text);
    is_written_alike::<AuthorityDeal>(&text);
    is_written_alike::<IssuanceRequest>(&text);
    is_written_alike::<SealedPartialKey>(&text);
    is_written_alike::<WrappedKey>(&text);
    is_written_alike::<AuditPath>(&text);
    let unchecked = UncheckedUserKey::deserialize(&text);
    let key = unchecked.map(|key| key.check(&setting().parameters, &mut rng(1)));
    if let Ok(Ok(key)) = key {
        assert_eq!(serde_json::to_value(&key).expect("written"), text);
    }
}

fn is_written_alike<T: Serialize + DeserializeOwned>(text: &Value) {
    if let Ok(read) = T::deserialize(text) {
        assert_eq!(serde_json::to_value(&read).expect("written"), *text);
    }
}

pub fn g1(bytes: &[u8]) {
    let Ok(bytes) = bytes.try_into().map(G1Bytes) else {
        return;
    };
    if let Ok(point) = decode_g1_on_curve(&bytes) {
        assert!(point.is_on_curve());
        assert_eq!(encode_g1(&point), bytes);
        let inside = point.is_in_correct_subgroup_assuming_on_curve();
        assert_eq!(decode_g1(&bytes).ok(), inside.then_some(point));
    } else {
        assert!(decode_g1(&bytes).is_err());
    }
}

pub fn g2(bytes: &[u8]) {
    let Ok(bytes) = bytes.try_into().map(G2Bytes) else {
        return;
    };
    if let Ok(point) = decode_g2(&bytes) {
        assert!(point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve());
        assert_eq!(encode_g2(&point), bytes);
    }
}

pub fn gt(bytes: &[u8]) {
    let Ok(bytes) = bytes.try_into() else {
        return;
    };
    if let Ok(value) = decode_gt(&bytes) {
        assert_eq!(encode_gt(&value), bytes);
    }
}

pub fn scalar(bytes: &[u8]) {
    let Ok(bytes) = bytes.try_into() else {
        return;
    };
    if let Ok(scalar) = decode_scalar(&bytes) {
        assert_eq!(encode_scalar(&scalar), bytes);
    }
}

/// Only the proof that was made, of the key that it was made for.
pub fn schnorr(bytes: &[u8]) {
    if let Ok((public, proof)) = <(G1Bytes, ProofOfKnowledge)>::try_from_slice(bytes) {
        let accepted = schnorr::verify(&public, &Digest::ZERO, &proof);
        assert_eq!(accepted, bytes == seeds::proof());
    }
}

/// The commitments that are computed with are those that were sent.
pub fn gate_deal(bytes: &[u8]) {
    let Some(deal) = round_trips(bytes, Deal::from_wire, Deal::to_wire) else {
        return;
    };
    let ceremony = seeds::ceremony();
    if let Ok(commitments) = ceremony.check_deal(ceremony.holders()[1], &deal) {
        assert_eq!(
            deal.commitments[0],
            encode_g2(&commitments.constant().into())
        );
        let ephemeral = |share: &EncryptedShare| decode_g1(&share.ephemeral).is_ok();
        assert!(deal.shares.iter().all(ephemeral));
    }
}

/// No header but the honest ones is accepted with all its rows, and what another gives to a key
/// depends on the copy of the key unless its rows were all that the key read.
pub fn decapsulation(bytes: &[u8]) {
    let Ok(header) = Header::from_bytes(bytes) else {
        return;
    };
    let honest = seeds::honest().iter().find(|(honest, _)| honest == bytes);
    let [first, second] = copies();
    let open = |key| decapsulate(&setting().parameters, &header, key, b"aad");
    let strict = decapsulate_strict(&setting().parameters, &header, first, b"aad");
    let (first, second) = match (open(first), open(second)) {
        (Ok(first), Ok(second)) => (first, second),
        (first, second) => {
            let refused = first.expect_err("refused alike");
            assert_eq!(refused, second.expect_err("refused alike"));
            assert_eq!(refused, strict.expect_err("refused too"));
            return assert!(honest.is_none());
        }
    };
    let accepted = bool::from(first.ct_eq(&second));
    match (strict, honest) {
        (Ok(strict), Some((_, secret))) => {
            assert!(accepted);
            assert_eq!(first.as_bytes(), secret);
            assert_eq!(strict.as_bytes(), secret);
        }
        (Err(_), None) => {
            let mut others = seeds::honest().iter();
            assert!(others.all(|(_, secret)| first.as_bytes() != secret));
        }
        (strict, _) => panic!("{:?} for {header:?}", strict.map(drop)),
    }
}

/// Two copies of one key that satisfies much.
fn copies() -> &'static [UserSecretKey; 2] {
    static COPIES: OnceLock<[UserSecretKey; 2]> = OnceLock::new();
    COPIES.get_or_init(|| {
        let bytes = seeds::key().to_bytes();
        [1, 2].map(|seed| {
            let copy = UserSecretKey::from_bytes(&bytes, &setting().parameters, &mut rng(seed));
            copy.expect("a key")
        })
    })
}
