//! Good inputs of every kind, from which bad ones are made.

use std::io::Write;
use std::sync::OnceLock;

use ark_ec::CurveGroup;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use medshare_abe::access::KeyFactors;
use medshare_abe::descriptor::SealedDescriptor;
use medshare_abe::payload::{self, ContentTree, PayloadWriter, SEGMENT_LEN};
use medshare_abe::storage::PassphraseCost;
use medshare_abe::{
    AccessHeader, AccessPolicy, Attribute, AttributeSet, Binding, Date, Enumeration, FactorId,
    UserSecretKey, Validity, WrappedKey, encapsulate, encapsulate_dated,
};
use medshare_curve::encoding::{encode_g1, encode_g2, encode_gt, encode_scalar};
use medshare_curve::hash::hash_to_g1;
use medshare_curve::scalar::random_scalar;
use medshare_curve::{G1Affine, Scalar, pairing, schnorr};
use medshare_threshold::Ceremony;
use medshare_types::hash::digest;
use medshare_types::wire::to_borsh;
use medshare_types::{
    AccessClass, ChainId, Deal, Digest, EncryptedShare, FactorSet, OrganisationId, Wire,
};

use super::issuance::issuance;
use super::properties::setting;
use super::{outside_g2, record, rng, torsion_g1};

const POLICIES: [&str; 9] = [
    "a",
    "a and b",
    "a or z",
    "a and (z or b) and c",
    "a and (a or z)",
    "2 of (a, b, z)",
    "2 of (a and b, z or c, n in 2..9) or \"ward 3\"",
    "n >= 3 and d < 2020-01-01",
    "hospital != north and (hospital == west or a)",
];

const LISTS: [&str; 4] = [
    "a",
    "a, b, \"ward 3\", \"say \\\"x\\\\y\\\"\"",
    "n = 3, d = 2019-01-01, hospital = west",
    "a, b, c, n = 3, d = 2019-01-01, hospital = charité",
];

/// What has a form in serde's formats.
const OPAQUE: [&str; 16] = [
    "master_key",
    "parameters",
    "policy",
    "attribute_set",
    "enumeration",
    "header",
    "access_header",
    "preamble",
    "descriptor",
    "shared_authority",
    "authority_deal",
    "issuance_request",
    "sealed_part",
    "wrapped_key",
    "audit_path",
    "user_key",
];

pub fn key() -> UserSecretKey {
    setting().issue(LISTS[3]).expect("a key")
}

/// Headers, and the secret of each.
pub fn honest() -> &'static [(Vec<u8>, [u8; 32])] {
    static HONEST: OnceLock<Vec<(Vec<u8>, [u8; 32])>> = OnceLock::new();
    HONEST.get_or_init(|| {
        let parameters = &setting().parameters;
        let make = |(text, seed): (&&str, u64)| {
            let policy = setting().policy(text);
            let undated = encapsulate(parameters, &policy, b"aad", &mut rng(seed));
            let day = Date::from_days(20_000);
            let dated = encapsulate_dated(parameters, &policy, day, b"aad", &mut rng(seed));
            [undated, dated].map(|(header, secret)| (header.to_bytes(), *secret.as_bytes()))
        };
        POLICIES.iter().zip(1..).flat_map(make).collect()
    })
}

fn sets() -> Vec<Vec<u8>> {
    let lists = &setting().lists;
    let sets = LISTS.map(|text| AttributeSet::parse(text, lists).expect("a list"));
    // A number where the setting has an enumeration.
    let number: AttributeSet = "hospital = 3".parse().expect("a list");
    let sets = sets.iter().chain([&number]);
    sets.map(AttributeSet::to_bytes).collect()
}

/// Good inputs of the property with this name.
pub fn seeds(property: &str) -> Vec<Vec<u8>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let headers = || honest().iter().map(|(bytes, _)| bytes.clone());
    match property {
        "policy_text" => texts(&POLICIES),
        "attribute_text" => texts(&[&LISTS[..], &["2026-01-31", "charite\u{301}"]].concat()),
        "attribute_set" => sets(),
        "enumeration" => setting().lists.iter().map(Enumeration::to_bytes).collect(),
        "policy" => {
            let policies = POLICIES.iter();
            let policies = policies.map(|text| setting().policy(text));
            // A number where the setting has an enumeration.
            let number = "hospital == 3".parse().expect("a policy");
            let policies = policies.chain([number]);
            policies
                .map(|policy: AccessPolicy| policy.to_bytes())
                .collect()
        }
        "header" | "decapsulation" => headers().collect(),
        "access_header" => vec![access_header().to_bytes()],
        "parameters" => vec![setting().parameters.to_bytes()],
        "master_key" => vec![setting().master.to_bytes().to_vec()],
        "user_key" => {
            let keys = LISTS.iter();
            let keys = keys.map(|list| setting().issue(list).expect("a key"));
            let keys = keys.chain([valid_for_a_year()]);
            keys.map(|key| key.to_bytes().to_vec()).collect()
        }
        "encrypted_key" => encrypted().to_vec(),
        "shared_authority" => vec![issuance().authority.to_bytes()],
        "issuer_share" => vec![issuance().share.to_bytes().to_vec()],
        "authority_deal" => vec![issuance().deal.to_bytes()],
        "dealt_share" => vec![issuance().dealt.to_bytes().to_vec()],
        "issuance_request" => vec![issuance().request.to_bytes()],
        "sealed_part" => vec![issuance().sealed.to_bytes(), issuance().whole.to_bytes()],
        "wrapped_key" => wrapped_keys().map(|key| key.to_bytes()).to_vec(),
        "audit_path" => [(0, 0), (SEGMENT_LEN + 1, 1), (5 * SEGMENT_LEN, 3)]
            .map(|(length, index)| {
                tree(length)
                    .audit_path(index)
                    .expect("a segment")
                    .to_bytes()
            })
            .to_vec(),
        "preamble" => vec![payload::create(&mut rng(1)).1.to_bytes()],
        "content_tree" => [0, SEGMENT_LEN + 1, 5 * SEGMENT_LEN]
            .map(|length| tree(length).to_bytes())
            .to_vec(),
        "descriptor" => vec![descriptor().to_bytes()],
        "opaque" => OPAQUE
            .iter()
            .flat_map(|kind| seeds(kind))
            .map(|bytes| Base64UrlUnpadded::encode_string(&bytes).into_bytes())
            .collect(),
        "g1" => {
            let points = [pairing::g1(), hashed(), torsion_g1(), G1Affine::identity()];
            points.map(|point| encode_g1(&point).0.to_vec()).to_vec()
        }
        "g2" => {
            let points = [pairing::g2(), outside_g2()];
            points.map(|point| encode_g2(&point).0.to_vec()).to_vec()
        }
        "gt" => vec![
            encode_gt(&pairing::pairing(&hashed(), &pairing::g2())).to_vec(),
            encode_gt(&pairing::multi_pairing(&[])).to_vec(),
        ],
        "scalar" => [Scalar::from(1u64), -Scalar::from(1u64)]
            .map(|scalar| encode_scalar(&scalar).to_vec())
            .to_vec(),
        "schnorr" => vec![proof().to_vec()],
        "gate_deal" => vec![gate_deal().to_wire()],
        other => panic!("no seeds for {other}"),
    }
}

fn valid_for_a_year() -> UserSecretKey {
    let validity = Validity::between(Date::from_days(20_000), Date::from_days(20_365));
    let set: AttributeSet = [Attribute::new("a").expect("a name")].into_iter().collect();
    let key = setting().master.issue(
        &setting().parameters,
        &set,
        validity.expect("a year"),
        &mut rng(8),
    );
    key.expect("a key")
}

/// A master key and a user's key, both under [`PASSPHRASE`].
pub fn encrypted() -> &'static [Vec<u8>; 2] {
    static ENCRYPTED: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    ENCRYPTED.get_or_init(|| {
        let cost = PassphraseCost {
            memory_kib: 8,
            passes: 1,
        };
        let master = setting().master.to_encrypted(PASSPHRASE, cost, &mut rng(1));
        let user = key().to_encrypted(PASSPHRASE, cost, &mut rng(2));
        [master, user].map(|bytes| bytes.expect("within bounds"))
    })
}

/// A key of G1, and a proof that its logarithm is known.
pub fn proof() -> &'static [u8] {
    static PROOF: OnceLock<Vec<u8>> = OnceLock::new();
    PROOF.get_or_init(|| {
        let secret = random_scalar(&mut rng(1));
        let proof = schnorr::prove(&secret, &Digest::ZERO, &mut rng(2));
        let public = encode_g1(&(pairing::g1() * secret).into_affine());
        to_borsh(&(public, proof))
    })
}

/// Three holders of a gate key, two of whom release with it.
pub fn ceremony() -> Ceremony {
    let chain = ChainId::from_digest(digest("test", &[b"chain"]));
    let holder = |i: u8| OrganisationId::from_digest(digest("test", &[b"holder", &[i]]));
    let holders = [1, 2, 3].map(holder).to_vec();
    Ceremony::new(chain, AccessClass::Normal, holders, 2).expect("2 of 3")
}

/// A deal in it, whose ciphertexts are not looked at here.
fn gate_deal() -> Deal {
    let commit = |seed| {
        let coefficient = random_scalar(&mut rng(seed));
        encode_g2(&(pairing::g2() * coefficient).into_affine())
    };
    let share = EncryptedShare {
        ephemeral: encode_g1(&hashed()),
        ciphertext: [0; 48],
    };
    Deal {
        commitments: [1, 2].map(commit).to_vec(),
        shares: vec![share; 3],
    }
}

pub const PASSPHRASE: &str = "open sesame";

fn hashed() -> G1Affine {
    hash_to_g1(b"A tag that is used in tests only", b"point")
}

fn tree(length: usize) -> ContentTree {
    let (_, _, sealer) = payload::create(&mut rng(1));
    let mut writer = PayloadWriter::new(Vec::new(), sealer);
    writer.write_all(&vec![7; length]).expect("memory");
    let (_, tree) = writer.finish().expect("memory");
    tree
}

fn wrapped_keys() -> [WrappedKey; 2] {
    let (data_key, preamble, _) = payload::create(&mut rng(1));
    let alone = Binding::new(&preamble, b"context");
    let with_factor = Binding::new(&preamble, b"").with_factor(FactorId::GATE, &[7; 32]);
    [alone, with_factor].map(|binding| {
        let (parameters, policy) = (&setting().parameters, setting().policy(POLICIES[1]));
        let sealed = WrappedKey::seal(parameters, &policy, &binding, &data_key, &mut rng(2));
        sealed.expect("its own data key")
    })
}

fn descriptor() -> SealedDescriptor {
    let (_, secret) = encapsulate(
        &setting().parameters,
        &setting().policy("a"),
        b"",
        &mut rng(1),
    );
    let preamble = digest("test", &[b"preamble"]);
    let sealed = SealedDescriptor::seal(&secret, &preamble, b"ECG, 2026-03-01", &mut rng(2));
    sealed.expect("short")
}

fn access_header() -> AccessHeader {
    let (data_key, preamble, _) = payload::create(&mut rng(1));
    let context = record::context(FactorSet(FactorSet::ABE), 20_000, &preamble);
    let policy = setting().policy(POLICIES[3]);
    let aad = context.digest();
    let day = Date::from_days(context.sealed_on.0);
    let parameters = &setting().parameters;
    let (abe, secret) = encapsulate_dated(parameters, &policy, day, aad.as_ref(), &mut rng(2));
    let label = record::label(context, &abe);
    AccessHeader::seal(abe, label, &KeyFactors::new(&secret), &data_key).expect("one factor")
}
