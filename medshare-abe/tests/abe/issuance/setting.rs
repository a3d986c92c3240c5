//! Shared authorities, some of them with a secret that the test knows; parts as bare points.

use ark_ec::CurveGroup;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use medshare_abe::issuance::{
    IssuanceRequest, IssuerIndex, IssuerShare, PartialKey, RecipientKeyPair, SealedPartialKey,
    SharedAuthority, Sharing, SharingEpoch,
};
use medshare_abe::{MasterSecretKey, UserSecretKey, Validity, decapsulate, encapsulate};
use medshare_curve::encoding::{decode_g1, decode_g2, encode_g1, encode_g2, encode_gt};
use medshare_curve::scalar::{evaluate_polynomial, lagrange_at_zero, random_scalar};
use medshare_curve::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar, pairing};
use medshare_types::hash::digest;
use medshare_types::{
    ChainId, Digest, G1Bytes, G2Bytes, Height, Nonce, OrganisationId, PersonId, wire,
};

use crate::common::{RawKey, attribute_point, attributes, base, policy, rng};

pub const EPOCH: SharingEpoch = SharingEpoch(1);

pub fn chain() -> ChainId {
    ChainId::from_digest(digest("test/chain", &[]))
}

pub fn issuer(i: u16) -> OrganisationId {
    OrganisationId::from_digest(digest("test/issuer", &[&i.to_le_bytes()]))
}

pub fn issuers(n: u16) -> Vec<OrganisationId> {
    (1..=n).map(issuer).collect()
}

pub fn sharing(t: u16, n: u16) -> Sharing {
    Sharing::new(chain(), EPOCH, issuers(n), t).expect("a sharing")
}

/// By a trusted deal.
pub fn shared(t: u16, n: u16) -> (SharedAuthority, Vec<IssuerShare>) {
    let (_, master) = MasterSecretKey::setup(&mut rng(1));
    SharedAuthority::deal(sharing(t, n), &master, &mut rng(2))
}

pub fn pair() -> RecipientKeyPair {
    RecipientKeyPair::random(&mut rng(3))
}

pub fn until(day: &str) -> Validity {
    Validity::until(day.parse().expect("a date")).expect("not the first of all days")
}

pub fn request(authority: &SharedAuthority, list: &str) -> IssuanceRequest {
    IssuanceRequest {
        sharing: authority.id(),
        person: PersonId::from_digest(digest("test/person", &[])),
        attributes: attributes(list),
        validity: Validity::ALWAYS,
        height: Height(7),
        nonce: Nonce([9; 16]),
        recipient: pair().public(),
    }
}

/// What every share makes of the request, opened by the recipient.
pub fn parts(
    authority: &SharedAuthority,
    shares: &[IssuerShare],
    request: &IssuanceRequest,
) -> Vec<PartialKey> {
    let mut random = rng(4);
    let part = |share: &IssuerShare| {
        let part = share.issue_partial(request, &mut random).expect("a part");
        let sealed = part.seal(&mut random).expect("sealed");
        let opened = authority.open_partial(request, &pair(), &sealed, &mut random);
        opened.expect("a good part")
    };
    shares.iter().map(part).collect()
}

pub fn opens(authority: &SharedAuthority, key: &UserSecretKey, text: &str) -> bool {
    let (parameters, policy) = (authority.parameters(), policy(text));
    let (header, secret) = encapsulate(parameters, &policy, b"aad", &mut rng(5));
    let opened = decapsulate(parameters, &header, key, b"aad");
    opened.is_ok_and(|opened| {
        assert_eq!(opened.as_bytes(), secret.as_bytes(), "{text}");
        true
    })
}

/// An authority whose polynomial the test knows.
pub struct World {
    pub polynomial: Vec<Scalar>,
    pub authority: SharedAuthority,
    pub shares: Vec<IssuerShare>,
}

impl World {
    pub fn new(t: u16, n: u16) -> Self {
        let mut random = rng(100);
        let polynomial: Vec<Scalar> = (0..t).map(|_| random_scalar(&mut random)).collect();
        let commitments = polynomial.iter().map(|a| encode_gt(&gt(a)));
        let authority = authority_of(t, n, commitments.collect());
        let shares = (1..=n).map(|i| {
            let value = evaluate_polynomial(&polynomial, i.into());
            read_share(&authority, i, &g1(&value)).expect("a share")
        });
        Self {
            shares: shares.collect(),
            polynomial,
            authority,
        }
    }

    /// α_i.
    pub fn share(&self, index: u64) -> Scalar {
        evaluate_polynomial(&self.polynomial, index)
    }

    /// The part of issuer `index` for these names with a chosen r.
    pub fn part(&self, index: u64, names: &[&str], r: &Scalar) -> RawKey {
        let part = |name: &&str| {
            let point = (attribute_point(name) * r).into_affine();
            ((*name).to_owned(), point)
        };
        RawKey::of_names(
            (g1(&self.share(index)) + base() * r).into_affine(),
            (pairing::g2() * r).into_affine(),
            names.iter().map(part).collect(),
        )
    }
}

pub fn g1(scalar: &Scalar) -> G1Affine {
    (pairing::g1() * scalar).into_affine()
}

pub fn gt(scalar: &Scalar) -> medshare_curve::Gt {
    pairing::pairing(&g1(scalar), &pairing::g2())
}

/// Bytes in an envelope.
pub fn envelope(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&kind[..], &[wire::VERSION, wire::SUITE], body].concat()
}

/// The authority whose bytes say these commitments.
pub fn authority_of(t: u16, n: u16, commitments: Vec<[u8; 576]>) -> SharedAuthority {
    let body = wire::to_borsh(&(chain(), EPOCH, issuers(n), t, commitments));
    SharedAuthority::from_bytes(&envelope(*b"mSHA", &body)).expect("an authority")
}

pub fn read_share(
    authority: &SharedAuthority,
    index: u16,
    point: &G1Affine,
) -> Result<IssuerShare, medshare_abe::issuance::SharingError> {
    let body = wire::to_borsh(&(authority.id(), IssuerIndex(index), encode_g1(point)));
    IssuerShare::from_bytes(&envelope(*b"mISH", &body), authority)
}

/// The master key that is `point`.
pub fn master_of(point: &G1Affine) -> MasterSecretKey {
    let bytes = envelope(*b"mMSK", &encode_g1(point).0);
    MasterSecretKey::from_bytes(&bytes).expect("a master key")
}

/// Σ λ_i·(points of part i), for parts of the same names.
pub fn combined(parts: &[(u64, RawKey)]) -> RawKey {
    let indices: Vec<u64> = parts.iter().map(|(index, _)| *index).collect();
    let weights = lagrange_at_zero(&indices);
    let sum = |of: &dyn Fn(&RawKey) -> G1Affine| {
        let terms = parts.iter().zip(&weights).map(|((_, key), w)| of(key) * w);
        terms.sum::<G1Projective>().into_affine()
    };
    let k3 = parts.iter().zip(&weights).map(|((_, key), w)| key.k3 * w);
    let names = parts[0].1.parts.keys();
    RawKey::of_names(
        sum(&|key| key.k1),
        k3.sum::<G2Projective>().into_affine(),
        names
            .map(|name| (name.clone(), sum(&|key| key.parts[name])))
            .collect(),
    )
}

/// What was sealed to [`pair`], opened by HPKE alone.
pub fn hpke_open(
    info: &[u8],
    (encapsulated, ciphertext): ([u8; 32], &[u8]),
    associated: &[u8],
) -> Vec<u8> {
    let (secret, _) = X25519HkdfSha256::derive_keypair(pair().to_bytes().as_slice());
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&encapsulated);
    let plaintext = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapsulated.expect("32 bytes"),
        info,
        ciphertext,
        associated,
    );
    plaintext.expect("sealed to this pair")
}

/// A part as it stands in the plaintext: K1, K3, and one point for every element.
#[derive(Clone)]
pub struct RawPart {
    pub k1: [u8; 48],
    pub k3: [u8; 96],
    pub parts: Vec<[u8; 48]>,
}

impl RawPart {
    /// What a share makes of a request, past the seal.
    pub fn of(share: &IssuerShare, request: &IssuanceRequest, seed: u64) -> Self {
        let mut random = rng(seed);
        let part = share.issue_partial(request, &mut random).expect("a part");
        let sealed = part.seal(&mut random).expect("sealed").to_bytes();
        let (digest, index, encapsulated, ciphertext): (Digest, IssuerIndex, [u8; 32], Vec<u8>) =
            wire::from_borsh(&sealed[6..]).expect("the layout of docs/spec/abe/formats.md");
        let associated = [digest.as_ref(), &index.0.to_le_bytes()].concat();
        let sealed = (encapsulated, ciphertext.as_slice());
        let plaintext = hpke_open(b"medshare/abe/partial-key/v1", sealed, &associated);
        let (k1, rest) = plaintext.split_first_chunk().expect("K1");
        let (k3, rest) = rest.split_first_chunk().expect("K3");
        let parts = rest.chunks(48).map(|part| part.try_into().expect("K_u"));
        Self {
            k1: *k1,
            k3: *k3,
            parts: parts.collect(),
        }
    }

    pub fn plaintext(&self) -> Vec<u8> {
        [&self.k1[..], &self.k3, &self.parts.concat()].concat()
    }

    /// The points, of a part whose attributes are these names.
    pub fn key(&self, names: &[&str]) -> RawKey {
        let parts = names.iter().zip(&self.parts);
        RawKey::of_names(
            decode_g1(&G1Bytes(self.k1)).expect("in G1"),
            decode_g2(&G2Bytes(self.k3)).expect("in G2"),
            parts
                .map(|(name, p)| ((*name).to_owned(), decode_g1(&G1Bytes(*p)).expect("in G1")))
                .collect(),
        )
    }

    /// Every point of G1 and G2 changed.
    pub fn map(
        &self,
        in_g1: impl Fn(G1Affine) -> G1Affine,
        in_g2: impl Fn(G2Affine) -> G2Affine,
    ) -> Self {
        let g1 = |p: &[u8; 48]| encode_g1(&in_g1(decode_g1(&G1Bytes(*p)).expect("in G1"))).0;
        let k3 = decode_g2(&G2Bytes(self.k3)).expect("in G2");
        Self {
            k1: g1(&self.k1),
            k3: encode_g2(&in_g2(k3)).0,
            parts: self.parts.iter().map(g1).collect(),
        }
    }
}

/// Seals what it is given, as any holder of the request can.
pub fn seal_raw(request: &IssuanceRequest, index: u16, plaintext: &[u8]) -> SealedPartialKey {
    let digest = request.digest();
    let recipient = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&request.recipient.0);
    let sealed = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &recipient.expect("32 bytes"),
        b"medshare/abe/partial-key/v1",
        plaintext,
        &[digest.as_ref(), &index.to_le_bytes()].concat(),
        &mut rng(6),
    );
    let (encapsulated, ciphertext) = sealed.expect("sealed");
    let encapsulated: [u8; 32] = encapsulated.to_bytes().into();
    let body = wire::to_borsh(&(digest, IssuerIndex(index), encapsulated, ciphertext));
    SealedPartialKey::from_bytes(&envelope(*b"mSPK", &body)).expect("a sealed part")
}
