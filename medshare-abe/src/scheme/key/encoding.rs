//! The canonical bytes of a user's key.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use medshare_curve::encoding::{decode_g1, decode_g2, encode_g1, encode_g2};
use medshare_policy::element::Element;
use medshare_policy::{Attribute, Name, Value};
use medshare_types::{DecodeError, Digest, G1Bytes, G2Bytes, RandomSource, Wire, wire};
use zeroize::{Zeroize, Zeroizing};

use super::components::{Components, KeyComponent};
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
    /// K_u for each prefix of the validity's cover, ascending.
    days: Vec<G1Bytes>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct EncodedValue {
    value: Value,
    /// K_u for each prefix, the empty one first.
    components: Vec<G1Bytes>,
}

impl Wire for EncodedKey {
    const KIND: [u8; 4] = *b"mUSK";
    const MAX_LEN: usize = 1 << 19;
}

impl Drop for EncodedKey {
    fn drop(&mut self) {
        self.k1.0.zeroize();
        let values = self
            .values
            .values_mut()
            .flat_map(|value| &mut value.components);
        let components = self.names.values_mut().chain(values);
        let components = components.chain(&mut self.days);
        components.for_each(|component| component.0.zeroize());
    }
}

impl EncodedKey {
    /// Decodes a key in which values and validity have as many components as prefixes.
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let key = Self::from_wire(bytes)?;
        let whole = |(label, held): (&Name, &EncodedValue)| {
            held.components.len() == Element::of_value(label, &held.value).count()
        };
        let days = key.validity.cover().len();
        if key.values.iter().all(whole) && key.days.len() == days {
            Ok(key)
        } else {
            let reason =
                "a value or the validity does not have one component for each prefix".to_owned();
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

    fn component(&self, element: &Element<'_>) -> Option<&G1Bytes> {
        match element {
            Element::Name(name) => self.names.get(*name),
            Element::Prefix { label, prefix, .. } => {
                let held = self.values.get(*label)?;
                held.components.get(usize::from(prefix.depth))
            }
            Element::Day(prefix) => {
                let mut held = self.validity.cover().into_iter().zip(&self.days);
                held.find_map(|(cover, component)| (cover == *prefix).then_some(component))
            }
        }
    }
}

impl UserSecretKey {
    /// The canonical bytes, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Allocated at its full size: a vector that grows leaves copies of secrets behind.
        let mut out = Zeroizing::new(Vec::with_capacity(self.encoded_len()));
        out.extend_from_slice(&EncodedKey::KIND);
        out.extend_from_slice(&[wire::VERSION, wire::SUITE]);
        out.extend_from_slice(self.parameters.as_bytes());
        out.extend_from_slice(Zeroizing::new(encode_g1(&self.body.k1).0).as_slice());
        out.extend_from_slice(&encode_g2(&self.body.k3).0);
        write_count(self.body.components.names.len(), &mut out);
        for (name, component) in &self.body.components.names {
            out.extend_from_slice(&wire::to_borsh(name));
            write_component(component, &mut out);
        }
        write_count(self.body.components.values.len(), &mut out);
        for (label, held) in &self.body.components.values {
            out.extend_from_slice(&wire::to_borsh(&(label, &held.value)));
            write_count(held.components.len(), &mut out);
            held.components
                .iter()
                .for_each(|component| write_component(component, &mut out));
        }
        out.extend_from_slice(&wire::to_borsh(&self.body.components.validity));
        write_count(self.body.components.days.len(), &mut out);
        let days = self.body.components.days.iter();
        days.for_each(|(_, component)| write_component(component, &mut out));
        out
    }

    fn encoded_len(&self) -> usize {
        let names = self
            .body
            .components
            .names
            .keys()
            .map(|name| 4 + name.as_str().len());
        let values = self.body.components.values.iter();
        let values = values.map(|(label, held)| wire::to_borsh(&(label, &held.value)).len() + 4);
        let components = 48 * self.body.components.iter().count();
        let counts = 4 + names.sum::<usize>() + 4 + values.sum::<usize>() + 4 + 4;
        6 + 32 + 48 + 96 + counts + components
    }

    /// Parses the canonical bytes and checks the key: every point in its subgroup and not the
    /// identity, and e(K1, g2) = E + e(B, K3), e(K_u, g2) = e(H(u), K3) for every u, all in one
    /// equation with random 128-bit weights.
    ///
    /// Cost: for each component a hash to G1, a decoding and two short multiplications; two pairings.
    ///
    /// # Errors
    /// [`KeyError::Decode`], [`KeyError::OtherAuthority`], [`KeyError::Point`], or
    /// [`KeyError::Inconsistent`] for components that do not belong together.
    pub fn from_bytes(
        bytes: &[u8],
        parameters: &PublicParameters,
        rng: &mut impl RandomSource,
    ) -> Result<Self, KeyError> {
        let encoded = EncodedKey::read(bytes)?;
        if encoded.parameters != parameters.digest() {
            return Err(KeyError::OtherAuthority);
        }
        let components = Components::hashed(
            encoded.attributes().collect(),
            encoded.validity,
            |element| {
                let secret = encoded.component(element).ok_or(DecodeError::Truncated)?;
                Ok(decode_g1(secret)?)
            },
        )?;
        let body = KeyBody {
            k1: Zeroizing::new(decode_g1(&encoded.k1)?),
            k3: decode_g2(&encoded.k3)?,
            components,
        };
        body.checked(parameters, rng)
    }
}

fn write_count(count: usize, out: &mut Vec<u8>) {
    // No count exceeds MAX_KEY_COMPONENTS.
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

fn write_component(component: &KeyComponent, out: &mut Vec<u8>) {
    out.extend_from_slice(Zeroizing::new(encode_g1(&component.secret).0).as_slice());
}
