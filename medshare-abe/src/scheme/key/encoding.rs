//! A user's key as bytes.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{decode_g1, decode_g2, encode_g1, encode_g2};
use medshare_policy::element::Element;
use medshare_policy::{Attribute, Name, Value};
use medshare_types::{DecodeError, Digest, G1Bytes, G2Bytes, RandomSource, Wire, wire};
use zeroize::{Zeroize, Zeroizing};

use super::parts::{KeyPart, Parts};
use super::{KeyBody, UserSecretKey};
use crate::scheme::error::KeyError;
use crate::scheme::parameters::PublicParameters;
use crate::scheme::validity::Validity;

#[derive(BorshSerialize, BorshDeserialize)]
struct EncodedKey {
    parameters: Digest,
    k1: G1Bytes,
    k3: G2Bytes,
    names: BTreeMap<Name, G1Bytes>,
    values: BTreeMap<Name, EncodedValue>,
    validity: Validity,
    /// One for each prefix of the validity's cover, ascending.
    days: Vec<G1Bytes>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct EncodedValue {
    value: Value,
    /// One for each prefix, the empty one first.
    parts: Vec<G1Bytes>,
}

impl Wire for EncodedKey {
    const KIND: [u8; 4] = *b"mUSK";
    const MAX_LEN: usize = 1 << 19;
}

impl Drop for EncodedKey {
    fn drop(&mut self) {
        self.k1.0.zeroize();
        let values = self.values.values_mut().flat_map(|value| &mut value.parts);
        let parts = self.names.values_mut().chain(values);
        let parts = parts.chain(&mut self.days);
        parts.for_each(|part| part.0.zeroize());
    }
}

impl EncodedKey {
    /// Every value with as many parts as it has prefixes, and the validity too.
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let key = Self::from_wire(bytes)?;
        let whole = |(label, held): (&Name, &EncodedValue)| {
            held.parts.len() == Element::of_value(label, &held.value).count()
        };
        let days = key.validity.cover().len();
        if key.values.iter().all(whole) && key.days.len() == days {
            Ok(key)
        } else {
            let reason = "a value or a validity has a part for each of its prefixes".to_owned();
            Err(DecodeError::Malformed { reason })
        }
    }

    fn attributes(&self) -> impl Iterator<Item = Attribute> {
        let names = self.names.keys().map(|name| Attribute::from(name.clone()));
        let values = self.values.iter();
        names.chain(
            values.map(|(label, held)| Attribute::with_value(label.clone(), held.value.clone())),
        )
    }

    fn part(&self, element: &Element<'_>) -> Option<&G1Bytes> {
        match element {
            Element::Name(name) => self.names.get(*name),
            Element::Prefix { label, prefix, .. } => {
                let held = self.values.get(*label)?;
                held.parts.get(usize::from(prefix.depth))
            }
            Element::Day(prefix) => {
                let mut held = self.validity.cover().into_iter().zip(&self.days);
                held.find_map(|(cover, part)| (cover == *prefix).then_some(part))
            }
        }
    }
}

impl UserSecretKey {
    /// The canonical bytes, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Written by hand at its full size: a vector that grows leaves copies of secrets behind.
        let mut out = Zeroizing::new(Vec::with_capacity(self.encoded_len()));
        out.extend_from_slice(&EncodedKey::KIND);
        out.extend_from_slice(&[wire::VERSION, wire::SUITE]);
        out.extend_from_slice(self.parameters.as_bytes());
        out.extend_from_slice(Zeroizing::new(encode_g1(&self.body.k1).0).as_slice());
        out.extend_from_slice(&encode_g2(&self.body.k3).0);
        write_count(self.body.parts.names.len(), &mut out);
        for (name, part) in &self.body.parts.names {
            out.extend_from_slice(&wire::to_borsh(name));
            write_part(part, &mut out);
        }
        write_count(self.body.parts.values.len(), &mut out);
        for (label, held) in &self.body.parts.values {
            out.extend_from_slice(&wire::to_borsh(&(label, &held.value)));
            write_count(held.parts.len(), &mut out);
            held.parts
                .iter()
                .for_each(|part| write_part(part, &mut out));
        }
        out.extend_from_slice(&wire::to_borsh(&self.body.parts.validity));
        write_count(self.body.parts.days.len(), &mut out);
        let days = self.body.parts.days.iter();
        days.for_each(|(_, part)| write_part(part, &mut out));
        out
    }

    fn encoded_len(&self) -> usize {
        let names = self
            .body
            .parts
            .names
            .keys()
            .map(|name| 4 + name.as_str().len());
        let values = self.body.parts.values.iter();
        let values = values.map(|(label, held)| wire::to_borsh(&(label, &held.value)).len() + 4);
        let parts = 48 * self.body.parts.iter().count();
        let counts = 4 + names.sum::<usize>() + 4 + values.sum::<usize>() + 4 + 4;
        6 + 32 + 48 + 96 + counts + parts
    }

    /// Parses the canonical bytes and checks the key: every point in its subgroup and not the
    /// identity, and e(K1, g2) = E + e(B, K3), e(K_u, g2) = e(H(u), K3) for every u, all in one
    /// equation with random 128-bit weights.
    ///
    /// Cost: for each part a hash to G1, a decoding and two short multiplications; two pairings.
    ///
    /// # Errors
    /// [`KeyError`]: other authority, bytes that are no key, parts that do not belong together.
    pub fn from_bytes(
        bytes: &[u8],
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<Self, KeyError> {
        let encoded = EncodedKey::read(bytes)?;
        if encoded.parameters != parameters.digest() {
            return Err(KeyError::OtherAuthority);
        }
        let parts = Parts::hashed(
            encoded.attributes().collect(),
            encoded.validity,
            |element| {
                let secret = encoded.part(element).ok_or(DecodeError::Truncated)?;
                Ok(decode_g1(secret)?)
            },
        )?;
        let body = KeyBody {
            k1: Zeroizing::new(decode_g1(&encoded.k1)?),
            k3: decode_g2(&encoded.k3)?,
            parts,
        };
        body.checked(parameters, rng)
    }
}

fn write_count(count: usize, out: &mut Vec<u8>) {
    // At most MAX_KEY_COMPONENTS of anything.
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

fn write_part(part: &KeyPart, out: &mut Vec<u8>) {
    out.extend_from_slice(Zeroizing::new(encode_g1(&part.secret).0).as_slice());
}
