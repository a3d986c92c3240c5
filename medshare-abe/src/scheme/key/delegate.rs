//! Delegation: a key for fewer attributes, made from a key.

use ark_ec::CurveGroup;
use medshare_curve::encoding::encode_g1;
use medshare_curve::{G1Affine, G1Projective, Scalar, fixed_base, mul};
use medshare_policy::AttributeSet;
use medshare_types::{RandomSource, wire};
use zeroize::Zeroizing;

use super::components::{Components, KeyComponent};
use super::{KeyBody, UserSecretKey};
use crate::hedged::hedged_scalar;
use crate::scheme::error::KeyError;
use crate::scheme::parameters::PublicParameters;
use crate::scheme::points::base_mul_regular;

const RANDOMNESS_TAG: &str = "medshare/abe/delegation-randomness/v1";

impl UserSecretKey {
    /// Makes a key for some of this key's attributes and its whole validity, with an r of its own:
    /// K1 + d·B, K_u + d·H(u), K3 + d·g2 for a fresh d.
    ///
    /// `Delegate` of [Bethencourt–Sahai–Waters 2007, section 4.2]. Attributes are delegated whole: a
    /// value keeps all its prefixes. Validity cannot be narrowed: a key holds only the few prefixes
    /// that cover its days, and hardly any shorter range is a union of some of them.
    ///
    /// Cost: for each component a multiplication; two pairings. As with an issued key, the components
    /// are checked when the key is imported.
    ///
    /// ```
    /// use medshare_abe::{MasterSecretKey, Validity, decapsulate, encapsulate};
    ///
    /// let mut rng = rand::rng();
    /// let (parameters, authority) = MasterSecretKey::setup(&mut rng);
    /// let all = "role:physician, ward:3, clearance = 4".parse()?;
    /// let key = authority.issue(&parameters, &all, Validity::ALWAYS, &mut rng)?;
    ///
    /// let device = key.delegate(&parameters, &"ward:3, clearance = 4".parse()?, &mut rng)?;
    /// let policy = "ward:3 and clearance >= 2".parse()?;
    /// let (header, secret) = encapsulate(&parameters, &policy, b"", &mut rng);
    /// let opened = decapsulate(&parameters, &header, &device, b"")?;
    /// assert_eq!(opened.as_bytes(), secret.as_bytes());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::NotHeld`], [`KeyError::AttributeCount`] for no attributes at all,
    /// [`KeyError::OtherAuthority`].
    ///
    /// # Security
    /// The result is distributed like a key that the authority issues: two keys delegated from one
    /// cannot be pooled, and no party, not even the authority, can tell whether a key was delegated,
    /// or from which key. So only the holder's care limits delegation, and the holder can always open
    /// the delegate's headers. d = XOF(K1 ‖ attributes ‖ 32 fresh bytes) modulo r, because two keys
    /// made with one d form one key for the attributes of both.
    pub fn delegate(
        &self,
        parameters: &PublicParameters,
        attributes: &AttributeSet,
        rng: &mut impl RandomSource,
    ) -> Result<Self, KeyError> {
        if self.parameters != parameters.digest() {
            return Err(KeyError::OtherAuthority);
        }
        let held = self.attributes();
        let missing = attributes.iter().filter(|wanted| !held.contains(wanted));
        let missing: Vec<_> = missing.cloned().collect();
        if !missing.is_empty() {
            return Err(KeyError::NotHeld { missing });
        }
        let secret = Zeroizing::new(encode_g1(&self.body.k1).0);
        let purpose = wire::to_borsh(attributes);
        let d = hedged_scalar(RANDOMNESS_TAG, &[secret.as_slice(), &purpose], rng);
        let components = self.body.components.shifted(attributes.clone(), &d)?;
        let k1 = base_mul_regular(&d) + *self.body.k1;
        let k3 = fixed_base::g2_generator_mul_regular(&d) + self.body.k3;
        let body = KeyBody {
            k1: Zeroizing::new(k1.into_affine()),
            k3: k3.into_affine(),
            components,
        };
        body.issued(parameters, rng)
    }
}

impl Components {
    /// K_u + d·H(u) for every element of the given attributes and of the validity.
    fn shifted(&self, attributes: AttributeSet, d: &Scalar) -> Result<Self, KeyError> {
        let mut components = Self::new(attributes, self.validity, |element| {
            // A key that holds an attribute holds all its elements.
            let KeyComponent { point, secret } =
                *self.get(element).ok_or(KeyError::Inconsistent)?;
            Ok(KeyComponent { point, secret })
        })?;
        let points: Vec<G1Affine> = components.iter().map(|component| component.point).collect();
        let shifts = mul::mul_regular(&points, d);
        let sums = components
            .iter()
            .zip(shifts.iter())
            .map(|(component, d)| *d + component.secret);
        let sums = Zeroizing::new(sums.collect::<Vec<G1Projective>>());
        let secrets = Zeroizing::new(G1Projective::normalize_batch(&sums));
        for (component, secret) in components.iter_mut().zip(secrets.iter()) {
            component.secret = *secret;
        }
        Ok(components)
    }
}
